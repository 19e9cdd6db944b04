"""The record of who did what, and what is signed of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from shopbell_server.core.audit.chain import Act, Checkpoint, Head, Record
    from shopbell_server.core.ids import Millis, PersonId, StaffId
    from shopbell_server.ports.sinks import Outcome


class Audit(Protocol):
    """A chain that only grows, and is cut off at its beginning when the time comes."""

    def note(self, acts: Sequence[Act]) -> None:
        """Add to the chain when this unit of work commits: with all else of it, or not at all.

        Nothing is locked until then, so that who waits for the end of the chain holds it for no longer than a
        commit takes.
        """
        ...

    def head(self) -> Head:
        """Return where the chain ends and begins, without what was noted in this unit of work."""
        ...

    def records(self, after: int) -> Iterator[Record]:
        """Yield the records with a higher number, by their numbers."""
        ...

    def looks_at(self, person: PersonId) -> Sequence[Record]:
        """Return who looked at her, newest first."""
        ...

    def last_signed_in(self) -> Mapping[StaffId, Millis]:
        """Return when each of the staff signed in last, as far as the record goes. It reads all of it."""
        ...

    def older(self, than_ms: Millis) -> int:
        """Return the number of the last record before the first one that is of `than_ms` or later."""
        ...

    def digest(self, number: int) -> bytes | None:
        """Return the digest of a record; of the base it is the base's. None if it is not there."""
        ...

    def signed(self) -> int:
        """Return the newest record that a checkpoint holds, whoever made it; 0 if nobody made one."""
        ...

    def sign(self, number: int) -> None:
        """Note that a checkpoint holds the records up to `number`. It never becomes smaller."""
        ...

    def cut(self, base: int) -> int:
        """Let the chain begin behind the record `base`; return how many went.

        0 where it begins there or later: somebody else was quicker. Raises LookupError if there is none yet.
        """
        ...


class Checkpoints(Protocol):
    """What was signed of the chain, kept where the database's owner cannot change it."""

    def last(self) -> Checkpoint | None:
        """Return the newest. Raises OSError."""
        ...

    def before(self, at_ms: Millis) -> Checkpoint | None:
        """Return the newest of `at_ms` or earlier. Raises OSError."""
        ...

    def append(self, checkpoint: Checkpoint) -> None:
        """Keep another one, for good when this returns. Raises OSError."""
        ...


class Receiver(Protocol):
    """Somebody elsewhere who keeps checkpoints as well."""

    def keep(self, lines: bytes) -> Outcome:
        """Have whole lines of a checkpoint file kept; `delivered` if they are, for good.

        What goes wrong out there is in the outcome. The same lines may come twice.
        """
        ...
