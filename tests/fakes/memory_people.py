"""Who and where, in memory: registry, sessions, people, consent, day keys."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING, TypeVar

from shopbell_server.core.consent.ledger import expires_ms, expiring
from shopbell_server.core.ids import Millis, Stamp
from tests.fakes.memory_rows import drop, insert, require, stamp

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from shopbell_server.core.access.api_keys import ApiKey
    from shopbell_server.core.consent.ledger import Change, Entry, Purpose
    from shopbell_server.core.identity.people import Card, Enrolment, Issued, Phone, Profile
    from shopbell_server.core.ids import (
        CardRef,
        Day,
        DeviceNo,
        EdgeId,
        PersonId,
        ProfileId,
        StaffId,
        StoreId,
    )
    from shopbell_server.core.recognition.fixed_ids import FixedId, IdMark
    from shopbell_server.core.registry import Edge, Staff, Store, Zone
    from shopbell_server.core.visits.app_reports import Spot, StoreBeacon
    from shopbell_server.ports.answers import KeptAnswer
    from tests.fakes.memory_rows import Tables

Key = TypeVar("Key")
Row = TypeVar("Row")


class MemoryRegistry:
    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def stores(self) -> Sequence[Store]:
        return [store for _, store in sorted(self._tables.stores.items())]

    def store(self, store: StoreId) -> Store | None:
        return self._tables.stores.get(store)

    def zones(self, store: StoreId) -> Sequence[Zone]:
        return [zone for key, zone in sorted(self._tables.zones.items()) if key[0] == store]

    def edges(self) -> Mapping[EdgeId, Edge]:
        return dict(self._tables.edges)

    def put_store(self, store: Store) -> None:
        self._tables.stores[store.id] = store

    def beacon(self, which: str | Spot) -> StoreBeacon | None:
        beacons = self._tables.store_beacons
        if isinstance(which, str):
            return beacons.get(which)
        return next((each for each in beacons.values() if each.spot == which), None)

    def put_beacon(self, beacon: StoreBeacon) -> None:
        require(self._tables.stores, beacon.store, "store")
        drop(self._tables.store_beacons, lambda each: each.spot == beacon.spot)
        self._tables.store_beacons[beacon.name] = beacon

    def put_zone(self, zone: Zone) -> None:
        require(self._tables.stores, zone.store, "store")
        self._tables.zones[zone.store, zone.id] = zone

    def put_edge(self, edge: Edge) -> None:
        require(self._tables.stores, edge.store, "store")
        self._tables.edges[edge.id] = edge

    def staff(self, staff: StaffId) -> Staff | None:
        found = self._tables.staff.get(staff)
        return found[0] if found else None

    def all_staff(self) -> Sequence[Staff]:
        return sorted((each for each, _ in self._tables.staff.values()), key=lambda each: each.id)

    def password_hash(self, staff: StaffId) -> str | None:
        found = self._tables.staff.get(staff)
        return found[1] if found else None

    def put_staff(self, staff: Staff, password_hash: str | None) -> None:
        self._tables.staff[staff.id] = (staff, password_hash)

    def api_key(self, key_sha256: bytes) -> ApiKey | None:
        return self._tables.api_keys.get(key_sha256)

    def api_keys(self) -> Sequence[ApiKey]:
        rows = self._tables.api_keys.values()
        return sorted(rows, key=lambda each: (each.name, each.created_ms, each.sha256))

    def put_api_key(self, key: ApiKey) -> None:
        known = self._tables.api_keys.get(key.sha256, key)
        self._tables.api_keys[key.sha256] = replace(known, name=key.name, scopes=key.scopes)

    def revoke_api_key(self, key_sha256: bytes, at_ms: Millis) -> None:
        key = self._tables.api_keys.get(key_sha256)
        if key is not None and key.revoked_ms is None:
            self._tables.api_keys[key_sha256] = replace(key, revoked_ms=at_ms)

    def use_api_key(self, key_sha256: bytes, day_ms: Millis) -> None:
        key = self._tables.api_keys.get(key_sha256)
        if key is not None:
            self._tables.api_keys[key_sha256] = replace(key, used_ms=day_ms)


class MemoryAnswers:
    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def recall(self, name_sha256: bytes, now_ms: Millis) -> KeptAnswer | None:
        found = self._tables.answers.get(name_sha256)
        return found if found and now_ms < found.expires_ms else None

    def keep(self, answer: KeptAnswer, now_ms: Millis) -> bool:
        if self.recall(answer.name_sha256, now_ms) is not None:
            return False
        self._tables.answers[answer.name_sha256] = answer
        return True

    def drop_expired(self, now_ms: Millis) -> int:
        return drop(self._tables.answers, lambda each: each.expires_ms <= now_ms)


class MemoryPeople:
    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def profiles(self, profiles: Collection[ProfileId]) -> Mapping[ProfileId, Profile]:
        return _found(self._tables.profiles, profiles)

    def staff_among(self, profiles: Collection[ProfileId]) -> frozenset[ProfileId]:
        return frozenset(
            each
            for each in profiles
            if each in self._tables.profiles and self._tables.profiles[each].staff
        )

    def put_profile(self, profile: Profile) -> None:
        before = self._tables.profiles.get(profile.id)
        self._tables.profiles[profile.id] = profile
        if before is not None and before.staff != profile.staff:
            for each in self._tables.enrolments.values():
                if each.profile == profile.id:
                    stamp(self._tables, each.person)

    def add_ticket(self, ticket_sha256: bytes, profile: ProfileId, expires_ms: Millis) -> None:
        require(self._tables.profiles, profile, "profile")
        insert(self._tables.tickets, ticket_sha256, (profile, expires_ms))

    def redeem_ticket(self, ticket_sha256: bytes, now_ms: Millis) -> ProfileId | None:
        found = self._tables.tickets.get(ticket_sha256)
        if found is None or found[1] <= now_ms:
            return None
        del self._tables.tickets[ticket_sha256]
        return found[0]

    def drop_expired_tickets(self, now_ms: Millis) -> int:
        return drop(self._tables.tickets, lambda each: each[1] <= now_ms)

    def add_enrolment(
        self, enrolment: Enrolment, phone: Phone, device_token_sha256: bytes, card: Card
    ) -> None:
        require(self._tables.profiles, enrolment.profile, "profile")
        numbers = {each.device_no: each for each in self._tables.enrolments.values()}
        insert(numbers, enrolment.device_no, enrolment)
        insert(self._tables.enrolments, enrolment.person, enrolment)
        self._tables.phones[enrolment.person] = phone
        self._tables.stamps[enrolment.person] = Stamp(0)
        insert(self._tables.device_tokens, device_token_sha256, enrolment.person)
        require(self._tables.enrolments, card.person, "person")
        insert(self._tables.cards, card.ref, card)

    def phones(self, persons: Collection[PersonId]) -> Mapping[PersonId, Phone]:
        return _found(self._tables.phones, persons)

    def enrolments(self, persons: Collection[PersonId]) -> Mapping[PersonId, Enrolment]:
        return _found(self._tables.enrolments, persons)

    def by_device_no(self, numbers: Collection[DeviceNo]) -> Mapping[DeviceNo, Enrolment]:
        wanted = set(numbers)
        return {
            each.device_no: each
            for each in self._tables.enrolments.values()
            if each.device_no in wanted
        }

    def by_device_token(self, device_token_sha256: bytes) -> Enrolment | None:
        person = self._tables.device_tokens.get(device_token_sha256)
        return None if person is None else self._tables.enrolments[person]

    def revoke(self, person: PersonId, at_ms: Millis) -> None:
        found = self._tables.enrolments.get(person)
        if found and found.revoked_ms is None:
            self._tables.enrolments[person] = replace(found, revoked_ms=at_ms)
            stamp(self._tables, person)

    def renumber(self, person: PersonId, device_no: DeviceNo) -> None:
        numbers = {each.device_no: each for each in self._tables.enrolments.values()}
        renumbered = replace(self._tables.enrolments[person], device_no=device_no)
        insert(numbers, device_no, renumbered)
        self._tables.enrolments[person] = renumbered
        stamp(self._tables, person)

    def cards(self, refs: Collection[CardRef]) -> Mapping[CardRef, Card]:
        return _found(self._tables.cards, refs)

    def card_of(self, person: PersonId) -> Card | None:
        hers = (each for each in self._tables.cards.values() if each.person == person)
        return next(hers, None)

    def add_fixed_id(self, fixed_id: FixedId) -> None:
        require(self._tables.enrolments, fixed_id.person, "person")
        insert(self._tables.fixed_ids, fixed_id.mark, fixed_id)

    def fixed_ids(self, marks: Collection[IdMark]) -> Mapping[IdMark, FixedId]:
        return _found(self._tables.fixed_ids, marks)

    def fixed_ids_of(self, person: PersonId) -> Sequence[FixedId]:
        hers = [each for each in self._tables.fixed_ids.values() if each.person == person]
        return sorted(hers, key=lambda each: (each.registered_ms, each.name))

    def remove_fixed_ids(self, person: PersonId, name: str | None = None) -> int:
        return drop(
            self._tables.fixed_ids,
            lambda each: each.person == person and name in {None, each.name},
        )

    def add_issued(self, issued: Issued) -> None:
        require(self._tables.enrolments, issued.person, "person")
        if issued not in self._tables.issued:
            self._tables.issued[issued] = None
            stamp(self._tables, issued.person)

    def issued(self, persons: Collection[PersonId]) -> Mapping[PersonId, Sequence[Issued]]:
        wanted = set(persons)
        rows = sorted(
            (each for each in self._tables.issued if each.person in wanted),
            key=lambda each: (each.person, each.first, each.last),
        )
        return {person: list(each) for person, each in groupby(rows, key=lambda row: row.person)}

    def lock(self, persons: Collection[PersonId]) -> Mapping[PersonId, Stamp]:
        """Hold nobody: units of work that write follow one another."""
        return _found(self._tables.stamps, persons)

    def lock_free(self, persons: Collection[PersonId]) -> Mapping[PersonId, Stamp]:
        """Hold nobody either: everybody is free."""
        return _found(self._tables.stamps, persons)


class MemoryLedger:
    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def entries(self, persons: Collection[PersonId]) -> Mapping[PersonId, Sequence[Entry]]:
        wanted = set(persons)
        rows = sorted(
            (each for each in self._tables.ledger.values() if each.person in wanted),
            key=lambda each: (each.person, each.at_ms, each.sequence),
        )
        return {person: list(each) for person, each in groupby(rows, key=lambda row: row.person)}

    def run_out(self, since_ms: Millis, now_ms: Millis) -> Sequence[PersonId]:
        ledgers = self.entries({each.person for each in self._tables.ledger.values()})
        return sorted(
            person
            for person, ledger in ledgers.items()
            if any(expires_ms(each) >= since_ms for each in expiring(ledger, now_ms))
        )

    def tally(self) -> Mapping[tuple[Purpose, Change], int]:
        rows = sorted(self._tables.ledger.values(), key=lambda each: (each.at_ms, each.sequence))
        latest = {(each.person, each.purpose): each.change for each in rows}
        return Counter((purpose, change) for (_, purpose), change in latest.items())

    def append(self, entries: Sequence[Entry]) -> None:
        for entry in entries:
            insert(self._tables.ledger, (entry.person, entry.sequence), entry)
            stamp(self._tables, entry.person)


class MemoryDayKeys:
    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def keys(self, days: Collection[Day]) -> Mapping[Day, bytes]:
        return _found(self._tables.day_keys, days)

    def add(self, day: Day, key: bytes) -> None:
        if day not in self._tables.day_keys:
            self._tables.day_keys[day] = key

    def before(self, day: Day) -> Collection[Day]:
        return sorted(each for each in self._tables.day_keys if each < day)

    def destroy_before(self, day: Day) -> int:
        past = [each for each in self._tables.day_keys if each < day]
        for each in past:
            del self._tables.day_keys[each]
        return len(past)


def _found(rows: Mapping[Key, Row], keys: Collection[Key]) -> dict[Key, Row]:
    return {key: rows[key] for key in keys if key in rows}
