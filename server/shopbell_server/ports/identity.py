"""Identifiers of profiles, and the history of which profile had what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from shopbell_server.core.identity.history import Born, IdentityEntry
    from shopbell_server.core.identity.identifiers import Link
    from shopbell_server.core.ids import EntryId, LinkId, Millis, PersonId, ProfileId


class Identity(Protocol):
    """Identifiers of profiles, and the history of which profile had what.

    Values are given and returned as `core.identity.identifiers.normal` writes them.
    """

    def hold(self, profiles: Collection[ProfileId]) -> None:
        """Hold these profiles until the unit of work ends, taken in the order of their ids.

        Whatever changes what a profile has holds it first, and holds people (`People.lock`) only after that:
        the order makes deadlock impossible.
        """
        ...

    def hold_values(self, values: Collection[tuple[str, str]]) -> None:
        """Hold (kind, value)s: nobody else links or blocks one of them until the unit of work ends.

        So are held the ids of profiles that may not be there, under a kind that no identifier has.
        """
        ...

    def absorbed(self, profiles: Collection[ProfileId]) -> Mapping[ProfileId, ProfileId]:
        """Return which of `profiles` are part of another one, and of which."""
        ...

    def taken_in(self, profiles: Collection[ProfileId]) -> Mapping[ProfileId, ProfileId]:
        """Return the profiles that are part of one of `profiles`, and of which."""
        ...

    def links(self, profiles: Collection[ProfileId]) -> Mapping[ProfileId, Sequence[Link]]:
        """Return the identifiers of each, in the order of their ids; profiles without any are left out."""
        ...

    def links_by_id(self, links: Collection[LinkId]) -> Sequence[Link]:
        """Return those that are somebody's, in the order of their ids."""
        ...

    def enrolled(self, profiles: Collection[ProfileId]) -> Mapping[ProfileId, Sequence[PersonId]]:
        """Return who is enrolled under each, revoked ones too, in the order of their ids.

        Profiles without enrolments are left out.
        """
        ...

    def persons_by(self, kind: str, values: Collection[str]) -> Mapping[str, Sequence[PersonId]]:
        """Return, by value, who is enrolled under the profiles that have it, in the order of their ids.

        Revoked ones too. A value that no profile has is left out; one of a profile without enrolments has
        none.
        """
        ...

    def bearers(self, kind: str, value: str) -> frozenset[ProfileId]:
        """Return the profiles that have it."""
        ...

    def add(self, links: Sequence[Link]) -> None:
        """Keep new identifiers, each at its home."""
        ...

    def append(self, entry: IdentityEntry) -> None:
        """Write an entry, and move what it moves: both or neither.

        The caller holds its profiles and its persons. Raises DatabaseBusyError if the id is not new.
        """
        ...

    def history(self, profiles: Collection[ProfileId]) -> Sequence[IdentityEntry]:
        """Return every entry from or to one of `profiles`, in the order of number and id."""
        ...

    def entry(self, entry: EntryId) -> IdentityEntry | None: ...
    def homes(self, persons: Collection[PersonId]) -> Mapping[PersonId, ProfileId]:
        """Return under which profile each was enrolled, wherever she is now; who is not there is left out."""
        ...

    def born(self, profiles: Collection[ProfileId]) -> Born:
        """Return what has its home at `profiles`: what the fold of their history begins with.

        Identifiers that were unlinked are among them.
        """
        ...

    def block(self, kind: str, value: str, at_ms: Millis, by: str) -> None:
        """Let a value be nobody's; one that is blocked keeps its date. `*` is every kind."""
        ...

    def unblock(self, kind: str, value: str) -> bool:
        """Let a value be somebody's again; return whether it was blocked."""
        ...

    def is_blocked(self, kind: str, value: str) -> bool:
        """Return whether it was blocked, as this kind or as every kind."""
        ...

    def forget(self, profiles: Collection[ProfileId]) -> None:
        """Remove profiles that nobody is enrolled under, with their identifiers, tickets and history.

        What they gave to others is the others' own from now on.
        """
        ...
