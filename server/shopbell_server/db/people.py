"""Profiles, enrolments, cards, fixed ids, tickets.

Owns: the rows behind the port `People`.
Never: consent (`ledger`), nor a token or ticket, only their hashes.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import bindparam, delete, select, update

from shopbell_server.core.identity.people import Enrolment, Issued, Profile
from shopbell_server.core.ids import CardRef, DeviceNo, PersonId, ProfileId, Stamp, Window
from shopbell_server.core.recognition.fixed_ids import FixedId, IdMark
from shopbell_server.db.carrier_tables import FIXED_IDS
from shopbell_server.db.joined_tables import JOINED
from shopbell_server.db.people_tables import (
    CARDS,
    ENROLMENTS,
    ISSUED,
    PROFILES,
    TICKETS,
)
from shopbell_server.db.sealed_people import (
    opened_cards,
    opened_names,
    opened_phones,
    sealed_name,
    sealed_phone,
    sealed_secret,
)
from shopbell_server.db.statements import adding, by_keys, keeping, replacing
from shopbell_server.db.transaction import ours

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from sqlalchemy import Row

    from shopbell_server.core.identity.people import Card, Phone
    from shopbell_server.core.ids import Millis
    from shopbell_server.db.transaction import Transaction


class SqlPeople:
    """`People` in SQL."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def profiles(self, profiles: Collection[ProfileId]) -> Mapping[ProfileId, Profile]:
        """Return those that are there; without a name, where its key was destroyed."""
        rows = list(self._transaction.rows_among(_PROFILES, "profiles", profiles))
        names = opened_names(self._transaction.boxes, rows)
        return {
            ProfileId(row.profile): Profile(
                id=ProfileId(row.profile),
                first_name=names.get(ProfileId(row.profile)),
                language=row.language,
                staff=row.staff,
                forgotten_ms=row.forgotten_ms,
            )
            for row in rows
        }

    def staff_among(self, profiles: Collection[ProfileId]) -> frozenset[ProfileId]:
        """Return those of people who work here."""
        rows = self._transaction.rows_among(_STAFF, "profiles", profiles)
        return frozenset(ProfileId(row.profile) for row in rows)

    def put_profile(self, profile: Profile) -> None:
        """Insert or replace."""
        self._transaction.insert(
            _PUT_PROFILE,
            [
                {
                    "profile": profile.id,
                    "first_name_box": sealed_name(
                        self._transaction.boxes, profile.id, profile.first_name
                    ),
                    "language": profile.language,
                    "staff": profile.staff,
                    "forgotten_ms": profile.forgotten_ms,
                }
            ],
        )

    def add_ticket(self, ticket_sha256: bytes, profile: ProfileId, expires_ms: Millis) -> None:
        """Keep a new ticket of a profile that is there."""
        self._transaction.insert(
            _ADD_TICKET,
            [{"ticket_sha256": ticket_sha256, "profile": profile, "expires_ms": expires_ms}],
        )

    def redeem_ticket(self, ticket_sha256: bytes, now_ms: Millis) -> ProfileId | None:
        """Use a ticket up; None if it is unknown, used or expired. Two callers: one gets it.

        The second one waits for the first, and finds the ticket gone, or there if she gave up.
        """
        row = self._transaction.row(_REDEEM, ticket_sha256=ticket_sha256, now_ms=now_ms)
        return None if row is None else ProfileId(row.profile)

    def drop_expired_tickets(self, now_ms: Millis) -> int:
        """Forget the tickets that nobody used in time; return how many."""
        return self._transaction.change(_DROP_TICKETS, now_ms=now_ms)

    def add_enrolment(
        self, enrolment: Enrolment, phone: Phone, device_token_sha256: bytes, card: Card
    ) -> None:
        """Keep a new enrolment and its card. Raises DatabaseBusyError if its device number is taken."""
        self._transaction.insert(
            _ADD_ENROLMENT,
            [
                {
                    "person": enrolment.person,
                    "profile": enrolment.profile,
                    "device_no": enrolment.device_no,
                    **sealed_phone(self._transaction.boxes, enrolment.person, phone),
                    "device_token_sha256": device_token_sha256,
                    "created_ms": enrolment.created_ms,
                    "revoked_ms": enrolment.revoked_ms,
                    "stamp": 0,
                }
            ],
        )
        secret = sealed_secret(self._transaction.boxes, card)
        self._transaction.insert(
            _ADD_CARD, [{"card": card.ref, "person": card.person, "secret_box": secret}]
        )

    def phones(self, persons: Collection[PersonId]) -> Mapping[PersonId, Phone]:
        """Return the phones of enrolments that are there and whose key was not destroyed."""
        rows = self._transaction.rows_by_keys(_PHONES, [(person,) for person in persons])
        return opened_phones(self._transaction.boxes, rows)

    def enrolments(self, persons: Collection[PersonId]) -> Mapping[PersonId, Enrolment]:
        """Return those that are there, revoked ones included."""
        wanted = [(person,) for person in persons]
        found = map(_enrolment, self._transaction.rows_by_keys(_ENROLMENTS, wanted))
        return {each.person: each for each in found}

    def by_device_no(self, numbers: Collection[DeviceNo]) -> Mapping[DeviceNo, Enrolment]:
        """Return the enrolments, revoked ones included, that have these device numbers."""
        wanted = [(number,) for number in numbers]
        found = map(_enrolment, self._transaction.rows_by_keys(_BY_DEVICE_NO, wanted))
        return {each.device_no: each for each in found}

    def by_device_token(self, device_token_sha256: bytes) -> Enrolment | None:
        """Return whose token it is, revoked or not."""
        row = self._transaction.row(_BY_DEVICE_TOKEN, device_token_sha256=device_token_sha256)
        return None if row is None else _enrolment(row)

    def revoke(self, person: PersonId, at_ms: Millis) -> None:
        """End an enrolment; one that has ended keeps its end."""
        self._transaction.change(_REVOKE, who=person, at_ms=at_ms)

    def renumber(self, person: PersonId, device_no: DeviceNo) -> None:
        """Give an enrolment a new device number; the old one is nobody's from then on.

        Raises DatabaseBusyError if somebody has the new one.
        """
        self._transaction.change(_RENUMBER, who=person, new_device_no=device_no)

    def cards(self, refs: Collection[CardRef]) -> Mapping[CardRef, Card]:
        """Return those that are there."""
        rows = list(self._transaction.rows_among(_CARDS, "refs", refs))
        return opened_cards(self._transaction.boxes, rows)

    def card_of(self, person: PersonId) -> Card | None:
        """Return the pass of an enrolment."""
        rows = self._transaction.rows(_CARD_OF, whose=person)
        return next(iter(opened_cards(self._transaction.boxes, rows).values()), None)

    def add_fixed_id(self, fixed_id: FixedId) -> None:
        """Keep a new one. Raises DatabaseBusyError if its mark is somebody's."""
        row = {
            "mark": fixed_id.mark,
            "name": fixed_id.name,
            "person": fixed_id.person,
            "registered_ms": fixed_id.registered_ms,
        }
        self._transaction.insert(_ADD_FIXED_ID, [row])

    def fixed_ids(self, marks: Collection[IdMark]) -> Mapping[IdMark, FixedId]:
        """Return those that are somebody's."""
        rows = self._transaction.rows_among(_FIXED_IDS, "marks", marks)
        return {each.mark: each for each in map(_fixed_id, rows)}

    def fixed_ids_of(self, person: PersonId) -> Sequence[FixedId]:
        """Return hers, the oldest first."""
        return [_fixed_id(row) for row in self._transaction.rows(_FIXED_IDS_OF, whose=person)]

    def remove_fixed_ids(self, person: PersonId, name: str | None = None) -> int:
        """Forget hers of that name, or all of hers; return how many."""
        if name is None:
            return self._transaction.change(_REMOVE_FIXED_IDS, whose=person)
        return self._transaction.change(_REMOVE_FIXED_ID, whose=person, called=name)

    def add_issued(self, issued: Issued) -> None:
        """Remember windows; the same ones again change nothing."""
        self._transaction.insert(
            _ADD_ISSUED,
            [
                {
                    "person": issued.person,
                    "first_window": issued.first,
                    "last_window": issued.last,
                }
            ],
        )

    def issued(self, persons: Collection[PersonId]) -> Mapping[PersonId, Sequence[Issued]]:
        """Return what was issued to each, earliest first; people without any are left out."""
        rows = self._transaction.rows_by_keys(_ISSUED, [(person,) for person in persons])
        return {
            person: [
                Issued(person=person, first=Window(row.first_window), last=Window(row.last_window))
                for row in hers
            ]
            for person, hers in groupby(rows, key=lambda row: PersonId(row.person))
        }

    def lock(self, persons: Collection[PersonId]) -> Mapping[PersonId, Stamp]:
        """Hold these people until the unit of work ends, taken in the order of their ids.

        In SQLite a unit of work that writes holds everybody already. Returns the stamps of those who are
        there, as they are once they are held.
        """
        wanted = [(person,) for person in sorted(persons)]
        return {
            PersonId(row.person): Stamp(row.stamp)
            for row in self._transaction.rows_by_keys(_LOCK, wanted)
        }

    def lock_free(self, persons: Collection[PersonId]) -> Mapping[PersonId, Stamp]:
        """Hold those of these people whom nobody else holds, and wait for nobody; else as `lock`."""
        wanted = [(person,) for person in sorted(persons)]
        return {
            PersonId(row.person): Stamp(row.stamp)
            for row in self._transaction.rows_by_keys(_LOCK_FREE, wanted)
        }


def _enrolment(row: Iterable[Any]) -> Enrolment:
    # By place, in the order of `_of_enrolment`: groups ask for thousands.
    person, profile, device_no, created_ms, revoked_ms, head = row
    return Enrolment(
        person=person,
        profile=profile,
        device_no=device_no,
        created_ms=created_ms,
        revoked_ms=revoked_ms,
        head=head,
    )


def _fixed_id(row: Row[Any]) -> FixedId:
    return FixedId(
        mark=IdMark(row.mark),
        name=row.name,
        person=PersonId(row.person),
        registered_ms=row.registered_ms,
    )


_of_enrolment: Final = (
    ENROLMENTS.c.person,
    ENROLMENTS.c.profile,
    ENROLMENTS.c.device_no,
    ENROLMENTS.c.created_ms,
    ENROLMENTS.c.revoked_ms,
    # With her row, not in a question of its own: next to nobody has one, and groups of batches ask for many.
    select(JOINED.c.head)
    .where(JOINED.c.tenant == ENROLMENTS.c.tenant, JOINED.c.person == ENROLMENTS.c.person)
    .scalar_subquery()
    .label("head"),
)

_PROFILES: Final = select(PROFILES).where(
    ours(PROFILES), PROFILES.c.profile.in_(bindparam("profiles", expanding=True))
)
_STAFF: Final = select(PROFILES.c.profile).where(
    ours(PROFILES), PROFILES.c.profile.in_(bindparam("profiles", expanding=True)), PROFILES.c.staff
)
_PUT_PROFILE: Final = replacing(PROFILES)
_ADD_TICKET: Final = adding(TICKETS)
_REDEEM: Final = (
    delete(TICKETS)
    .where(
        ours(TICKETS),
        TICKETS.c.ticket_sha256 == bindparam("ticket_sha256"),
        TICKETS.c.expires_ms > bindparam("now_ms"),
    )
    .returning(TICKETS.c.profile)
)
_DROP_TICKETS: Final = delete(TICKETS).where(
    ours(TICKETS), TICKETS.c.expires_ms <= bindparam("now_ms")
)
_ADD_ENROLMENT: Final = adding(ENROLMENTS)
_ADD_CARD: Final = adding(CARDS)
_ENROLMENTS: Final = by_keys(select(*_of_enrolment).where(ours(ENROLMENTS)), ENROLMENTS.c.person)
_PHONES: Final = by_keys(
    select(ENROLMENTS.c.person, ENROLMENTS.c.mac_key_box, ENROLMENTS.c.phone_model_box).where(
        ours(ENROLMENTS)
    ),
    ENROLMENTS.c.person,
)
_BY_DEVICE_NO: Final = by_keys(
    select(*_of_enrolment).where(ours(ENROLMENTS)), ENROLMENTS.c.device_no
)
_BY_DEVICE_TOKEN: Final = select(*_of_enrolment).where(
    ours(ENROLMENTS), ENROLMENTS.c.device_token_sha256 == bindparam("device_token_sha256")
)
_REVOKE: Final = (
    update(ENROLMENTS)
    .where(
        ours(ENROLMENTS),
        ENROLMENTS.c.person == bindparam("who"),
        ENROLMENTS.c.revoked_ms.is_(None),
    )
    .values(revoked_ms=bindparam("at_ms"))
)
_RENUMBER: Final = (
    update(ENROLMENTS)
    .where(ours(ENROLMENTS), ENROLMENTS.c.person == bindparam("who"))
    .values(device_no=bindparam("new_device_no"))
)
_CARDS: Final = select(CARDS).where(
    ours(CARDS), CARDS.c.card.in_(bindparam("refs", expanding=True))
)
_CARD_OF: Final = select(CARDS).where(ours(CARDS), CARDS.c.person == bindparam("whose"))
_ADD_FIXED_ID: Final = adding(FIXED_IDS)
_FIXED_IDS: Final = select(FIXED_IDS).where(
    ours(FIXED_IDS), FIXED_IDS.c.mark.in_(bindparam("marks", expanding=True))
)
_FIXED_IDS_OF: Final = (
    select(FIXED_IDS)
    .where(ours(FIXED_IDS), FIXED_IDS.c.person == bindparam("whose"))
    .order_by(FIXED_IDS.c.registered_ms, FIXED_IDS.c.name)
)
_REMOVE_FIXED_IDS: Final = delete(FIXED_IDS).where(
    ours(FIXED_IDS), FIXED_IDS.c.person == bindparam("whose")
)
_REMOVE_FIXED_ID: Final = _REMOVE_FIXED_IDS.where(FIXED_IDS.c.name == bindparam("called"))
_ADD_ISSUED: Final = keeping(ISSUED)
_ISSUED: Final = by_keys(
    select(ISSUED)
    .where(ours(ISSUED))
    .order_by(ISSUED.c.person, ISSUED.c.first_window, ISSUED.c.last_window),
    ISSUED.c.person,
)
_STAMPS: Final = (
    select(ENROLMENTS.c.person, ENROLMENTS.c.stamp)
    .where(ours(ENROLMENTS))
    .order_by(ENROLMENTS.c.person)
)
# Not FOR UPDATE: rows that refer to her may be added meanwhile; that changes nothing of hers.
_LOCK: Final = by_keys(_STAMPS.with_for_update(key_share=True, of=ENROLMENTS), ENROLMENTS.c.person)
_LOCK_FREE: Final = by_keys(
    _STAMPS.with_for_update(key_share=True, of=ENROLMENTS, skip_locked=True), ENROLMENTS.c.person
)
