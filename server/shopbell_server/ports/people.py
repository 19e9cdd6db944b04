"""Profiles, enrolments, cards, fixed ids, tickets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from shopbell_server.core.identity.people import Card, Enrolment, Issued, Phone, Profile
    from shopbell_server.core.ids import CardRef, DeviceNo, Millis, PersonId, ProfileId, Stamp
    from shopbell_server.core.recognition.fixed_ids import FixedId, IdMark


class People(Protocol):
    """Profiles, enrolments, cards, tickets."""

    def profiles(self, profiles: Collection[ProfileId]) -> Mapping[ProfileId, Profile]:
        """Return those that are there; without a name, where its key was destroyed."""
        ...

    def staff_among(self, profiles: Collection[ProfileId]) -> frozenset[ProfileId]:
        """Return those of people who work here. Nothing is opened for it: ingest asks of everybody."""
        ...

    def put_profile(self, profile: Profile) -> None: ...

    def add_ticket(self, ticket_sha256: bytes, profile: ProfileId, expires_ms: Millis) -> None: ...
    def redeem_ticket(self, ticket_sha256: bytes, now_ms: Millis) -> ProfileId | None:
        """Use a ticket up; None if it is unknown, used or expired. Two callers: one gets it.

        It is open while `now_ms` is before its end, as everything here that expires.
        """
        ...

    def drop_expired_tickets(self, now_ms: Millis) -> int:
        """Forget the tickets that nobody used in time; return how many."""
        ...

    def add_enrolment(
        self, enrolment: Enrolment, phone: Phone, device_token_sha256: bytes, card: Card
    ) -> None: ...
    def phones(self, persons: Collection[PersonId]) -> Mapping[PersonId, Phone]:
        """Return the phones of enrolments that are there and whose key was not destroyed."""
        ...

    def enrolments(self, persons: Collection[PersonId]) -> Mapping[PersonId, Enrolment]: ...
    def by_device_no(self, numbers: Collection[DeviceNo]) -> Mapping[DeviceNo, Enrolment]:
        """Return the enrolments, revoked ones included, that have these device numbers."""
        ...

    def by_device_token(self, device_token_sha256: bytes) -> Enrolment | None: ...
    def revoke(self, person: PersonId, at_ms: Millis) -> None:
        """End an enrolment; one that has ended keeps its end."""
        ...

    def renumber(self, person: PersonId, device_no: DeviceNo) -> None:
        """Give an enrolment a new device number; the old one is nobody's from then on.

        Raises DatabaseBusyError if somebody has the new one.
        """
        ...

    def cards(self, refs: Collection[CardRef]) -> Mapping[CardRef, Card]: ...
    def card_of(self, person: PersonId) -> Card | None: ...

    def add_fixed_id(self, fixed_id: FixedId) -> None:
        """Keep a new one. Raises DatabaseBusyError if its mark is somebody's."""
        ...

    def fixed_ids(self, marks: Collection[IdMark]) -> Mapping[IdMark, FixedId]: ...
    def fixed_ids_of(self, person: PersonId) -> Sequence[FixedId]:
        """Return hers, the oldest first."""
        ...

    def remove_fixed_ids(self, person: PersonId, name: str | None = None) -> int:
        """Forget hers of that name, or all of hers; return how many."""
        ...

    def add_issued(self, issued: Issued) -> None: ...
    def issued(self, persons: Collection[PersonId]) -> Mapping[PersonId, Sequence[Issued]]: ...

    def lock(self, persons: Collection[PersonId]) -> Mapping[PersonId, Stamp]:
        """Hold these people until the unit of work ends, taken in the order of their ids.

        Whatever rewrites somebody's visits holds her first; the order makes deadlock impossible. Returns
        the stamps of those who are there: whose is the same as before, of her nothing has changed that
        decides whether she may be known (enrolment, issued windows, consent, whether she works here).
        Once for all whom a unit of work needs: whoever is held already and needs more does not wait
        (`lock_free`).
        """
        ...

    def lock_free(self, persons: Collection[PersonId]) -> Mapping[PersonId, Stamp]:
        """Hold those of these people whom nobody else holds, and wait for nobody; else as `lock`."""
        ...
