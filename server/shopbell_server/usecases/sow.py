"""A server gets what it begins with.

Owns: writing a seed; the past visits in it.
Never: the file's shape (`seed`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Final
from uuid import NAMESPACE_URL, uuid5

from shopbell_program.settings import Fault, SettingsError
from shopbell_server.core.access.api_keys import ApiKey, Scope
from shopbell_server.core.access.credentials import fingerprint
from shopbell_server.core.audit.chain import Act, Actor, What
from shopbell_server.core.consent.ledger import Change, Entry, Place, Purpose
from shopbell_server.core.evidence import Evidence, Interval, IntervalKey
from shopbell_server.core.identity.guards import DEFAULTS
from shopbell_server.core.identity.identifiers import normal
from shopbell_server.core.identity.people import Enrolment, Profile
from shopbell_server.core.ids import (
    EdgeId,
    Millis,
    PersonId,
    ProfileId,
    StaffId,
    StoreId,
    ZoneId,
)
from shopbell_server.core.keeping.erasure import mark_kind
from shopbell_server.core.registry import Edge, Position, Staff, Store, Zone
from shopbell_server.core.visits.app_reports import Spot, StoreBeacon
from shopbell_server.core.zones.plan import with_surveys_of
from shopbell_server.seed_floor import plan_of
from shopbell_server.usecases.customers.phone_secrets import new_card, new_phone
from shopbell_server.usecases.groups import NONE
from shopbell_server.usecases.identity.identifiers import SaidBy, say
from shopbell_server.usecases.identity.profile_holds import hold_ids, require_new_key
from shopbell_server.usecases.recognition.device_numbers import free_device_no
from shopbell_server.usecases.visits.of_staff import leave_out
from shopbell_server.usecases.visits.recompute import circumstances, recompute

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from shopbell_server.core.evidence import Carrier
    from shopbell_server.core.identity.guards import Guards
    from shopbell_server.ports.database import Database, UnitOfWork
    from shopbell_server.ports.world import Entropy, Passwords
    from shopbell_server.seed import Seed, SeedProfile, SeedStaff, SeedStore, SeedVisit
    from shopbell_server.usecases.identity.identifiers import NotLinked
    from shopbell_server.usecases.visits.recompute import Terms

_EVIDENCE: Final[dict[str, tuple[Evidence, Carrier]]] = {
    "hint": (Evidence.HINT, "ibeacon"),
    "signal": (Evidence.SIGNAL, "service-data"),
    "fresh": (Evidence.FRESH, "service-uuid"),
    "pass": (Evidence.PASS, "pass"),
}

_TEXT: Final = "Past visits of a seed: no text was shown, nobody was asked, these are not people."
"""Recorded as the text of the consent that a seeded past needs, so that nobody mistakes it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sown:
    """How much was written."""

    stores: int
    edges: int
    staff: int
    profiles: int
    visits: int
    erased: int = 0
    """Profiles that were left out, because they asked to be forgotten."""


def sow(  # noqa: PLR0913  (each by name or in the order of every use case)
    database: Database,
    entropy: Entropy,
    passwords: Passwords,
    seed: Seed,
    terms: Terms,
    now_ms: Millis,
    *,
    guards: Guards = DEFAULTS,
) -> Sown:
    """Write `seed`. What is there under the same id is replaced.

    All but the past is one transaction; then comes one of a few visits for each profile, so that whoever
    works beside it waits for no more than that. Sowing that was broken off is completed by sowing again.
    Raises SettingsError for visits that are not past: somebody would be here who is not; and for identifiers
    that a guard refuses.
    """
    faults = [
        Fault(
            key=f"visits[{index}].end", problem="lies in the future; these are visits of the past"
        )
        for index, visit in enumerate(seed.visits)
        if _ms(visit.end) > now_ms
    ]
    if faults:
        raise SettingsError("the seed", faults)
    hashes = {staff.id: _password(staff, passwords) for staff in seed.staff}
    with database.begin() as work:
        for store in seed.stores:
            _store(work, store)
        for staff in seed.staff:
            work.registry.put_staff(
                Staff(
                    id=StaffId(staff.id),
                    name=staff.name,
                    role=staff.role,
                    stores=frozenset(StoreId(each) for each in staff.stores),
                    language=staff.language,
                ),
                hashes[staff.id],
            )
        named = [ProfileId(each.id) for each in seed.profiles]
        hold_ids(work, named)
        erased = _erased(work, seed)
        for index, profile in enumerate(seed.profiles):
            if profile.id in erased:
                continue
            _profile(work, entropy, now_ms, profile, terms)
            faults += [
                Fault(
                    key=f"profiles[{index}].external_ids.{each.kind}", problem=each.refused.detail
                )
                for each in _said(work, entropy, now_ms, profile, guards)
            ]
        if faults:
            raise SettingsError("the seed", faults)
        # Somebody may have been forgotten while her row was waited for.
        require_new_key(work, [each for each in named if each not in erased])
        for key in seed.api_keys:
            secret = Path(key.key_file).read_text().strip()
            work.registry.put_api_key(
                ApiKey(
                    sha256=fingerprint(secret),
                    name=key.name,
                    scopes=frozenset(map(Scope, key.scopes)),
                    created_ms=now_ms,
                )
            )
        actor = Actor(kind="operator", name="")
        work.audit.note([Act(at_ms=now_ms, actor=actor, what=What.SEEDED)])
        work.commit()
    visits = [each for each in seed.visits if each.profile not in erased]
    _past(database, entropy, seed, visits, terms, now_ms)
    return Sown(
        stores=len(seed.stores),
        edges=sum(len(store.edges) for store in seed.stores),
        staff=len(seed.staff),
        profiles=len(seed.profiles) - len(erased),
        visits=len(visits),
        erased=len(erased),
    )


def _profile(
    work: UnitOfWork, entropy: Entropy, now_ms: Millis, profile: SeedProfile, terms: Terms
) -> None:
    sown = Profile(
        id=ProfileId(profile.id),
        first_name=profile.first_name,
        language=profile.language,
        staff=profile.staff,
    )
    known = work.people.profiles([sown.id]).get(sown.id)
    if known is not None:
        # A seed is no new start of who was forgotten.
        sown = replace(sown, forgotten_ms=known.forgotten_ms)
        if sown.staff and not known.staff:
            persons = work.identity.enrolled([sown.id]).get(sown.id, ())
            leave_out(work, entropy, now_ms, persons=persons, terms=terms)
    # Sealed anew it would be another row that says the same.
    if known != sown:
        work.people.put_profile(sown)


def _said(
    work: UnitOfWork, entropy: Entropy, now_ms: Millis, profile: SeedProfile, guards: Guards
) -> tuple[NotLinked, ...]:
    """Link what the seed says that others call a profile; return what a guard refuses."""
    return say(
        work,
        entropy,
        now_ms,
        profile=ProfileId(profile.id),
        values=profile.external_ids,
        said_by=SaidBy(source="seed", by=""),
        guards=guards,
    )


def _password(staff: SeedStaff, passwords: Passwords) -> str | None:
    if staff.password_file is None:
        return None
    return passwords.hashed(Path(staff.password_file).read_text().strip())


def _store(work: UnitOfWork, store: SeedStore) -> None:
    store_id = StoreId(store.id)
    work.registry.put_store(
        Store(
            id=store_id,
            name=store.name,
            timezone=store.timezone,
            position=None
            if store.latitude is None or store.longitude is None
            else Position(latitude=store.latitude, longitude=store.longitude),
        )
    )
    for zone in store.zones:
        work.registry.put_zone(Zone(id=ZoneId(zone.id), store=store_id, name=zone.name))
    for beacon in store.beacons:
        work.registry.put_beacon(
            StoreBeacon(
                name=beacon.id,
                store=store_id,
                spot=Spot(uuid=beacon.uuid.lower(), major=beacon.major, minor=beacon.minor),
                zone=None if beacon.zone is None else ZoneId(beacon.zone),
            )
        )
    for edge in store.edges:
        zones = {scanner: ZoneId(zone) for scanner, zone in edge.scanners.items()}
        work.registry.put_edge(
            Edge(
                id=EdgeId(edge.id),
                store=store_id,
                active=edge.active,
                zones={"*": ZoneId(edge.zone), **zones},
            )
        )
    if store.floor is not None:
        plan, before = plan_of(store.floor), work.floor_plans.of(store_id)
        # What was surveyed is not in a seed: it stays with the levels that stay.
        plan = plan if before is None else with_surveys_of(plan, before)
        work.floor_plans.put(store_id, plan)


def _erased(work: UnitOfWork, seed: Seed) -> frozenset[str]:
    """Return which profiles were forgotten, by their ids or by what others call them.

    A seed is no new start: only a ticket is, for which she was asked. Whose profile is there made one.
    """
    gone = set(work.erasures.erased("profile", [each.id for each in seed.profiles]))
    values: dict[str, dict[str, str]] = {}
    for profile in seed.profiles:
        for kind, value in profile.external_ids.items():
            values.setdefault(kind, {})[normal(kind, value)] = profile.id
    for kind, whose in sorted(values.items()):
        gone |= {whose[value] for value in work.erasures.erased(mark_kind(kind), list(whose))}
    return frozenset(gone - work.people.profiles([ProfileId(each) for each in gone]).keys())


def _past(
    database: Database,
    entropy: Entropy,
    seed: Seed,
    past: Sequence[SeedVisit],
    terms: Terms,
    now_ms: Millis,
) -> None:
    """Write past visits as evidence, so that they are visits by the same rules as all others.

    Nobody is told of them: they did not happen. Whose past was sown before keeps it as it is.
    """
    zones = {edge.id: edge.zone for store in seed.stores for edge in store.edges}
    by_profile: dict[str, list[SeedVisit]] = {}
    for visit in past:
        by_profile.setdefault(visit.profile, []).append(visit)
    for profile, visits in by_profile.items():
        person = past_self(ProfileId(profile))
        with database.begin() as work:
            if work.people.enrolments([person]):
                continue
            began_ms = min(_ms(visit.start) for visit in visits)
            _enrol_past_self(work, entropy, ProfileId(profile), began_ms, now_ms)
            evidence = [_interval(person, visit, zones[visit.edge]) for visit in visits]
            work.intervals.join(evidence)
            for interval in evidence:
                _visit(work, entropy, interval, terms)
            work.commit()


def _visit(work: UnitOfWork, entropy: Entropy, interval: Interval, terms: Terms) -> None:
    """Make the visit of one piece of evidence, at its end: its number was free then."""
    recompute(
        work,
        {(interval.key.person, interval.key.store): [interval]},
        terms,
        lambda store: circumstances(
            work,
            entropy,
            store,
            interval.last_ms,
            live=False,
            rules=terms.rules,
        ),
        NONE,  # a phone of the past, enrolled a moment ago
    )


def past_self(profile: ProfileId) -> PersonId:
    """Return who the past visits of `profile` are of: the same in every sowing, so that none comes twice."""
    return PersonId(str(uuid5(NAMESPACE_URL, f"shopbell:past:{profile}")))


def _enrol_past_self(
    work: UnitOfWork, entropy: Entropy, profile: ProfileId, began_ms: Millis, now_ms: Millis
) -> None:
    """Enrol the phone that `profile` had then; it is revoked, as a phone that was replaced is."""
    person = past_self(profile)
    enrolment = Enrolment(
        person=person,
        profile=profile,
        device_no=free_device_no(work, entropy),
        created_ms=began_ms,
        revoked_ms=None,
    )
    phone = new_phone(entropy, model=None)
    card = new_card(entropy, person)
    work.people.add_enrolment(enrolment, phone, sha256(entropy.token(32)).digest(), card)
    work.ledger.append(
        [
            Entry(
                sequence=sequence,
                person=person,
                purpose=Purpose.RECOGNISE_IN_STORE,
                change=change,
                at_ms=at_ms,
                until_ms=None,
                place=Place.APP,
                text_version="seed",
                text_sha256=sha256(_TEXT.encode()).hexdigest(),
                language="en",
                evidence="seed",
            )
            for sequence, change, at_ms in (
                (1, Change.GIVEN, began_ms),
                (2, Change.WITHDRAWN, now_ms),
            )
        ]
    )
    work.people.revoke(person, now_ms)


def _interval(person: PersonId, visit: SeedVisit, zone: str) -> Interval:
    evidence, carrier = _EVIDENCE[visit.evidence]
    first_ms, last_ms = _ms(visit.start), _ms(visit.end)
    return Interval(
        key=IntervalKey(
            person=person,
            store=StoreId(visit.store),
            edge=EdgeId(visit.edge),
            scanner="past",
            carrier=carrier,
            first_ms=first_ms,
        ),
        last_ms=last_ms,
        n=max(1, (last_ms - first_ms) // 1000),
        evidence=evidence,
        zone=ZoneId(zone),
        loss_db=None,
    )


def _ms(at: dt.datetime) -> Millis:
    return Millis(int(at.timestamp() * 1000))
