"""Evidence of people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from shopbell_server.core.edges.deafness import Scanner
    from shopbell_server.core.evidence import Interval, IntervalKey
    from shopbell_server.core.ids import CardRef, Millis, PersonId, StoreId
    from shopbell_server.core.recognition.code_uses import CodeUse


class Intervals(Protocol):
    """Evidence intervals, joined on arrival."""

    def join(self, intervals: Sequence[Interval]) -> None:
        """Insert, or join with what is there (`core.evidence.joined`)."""
        ...

    def known(self, keys: Collection[IntervalKey]) -> Mapping[IntervalKey, Interval]:
        """Return those of these stays that are there, as they are before anything is joined with them."""
        ...

    def within(
        self, person: PersonId, store: StoreId, from_ms: Millis, to_ms: Millis
    ) -> Sequence[Interval]:
        """Return the intervals that touch [from_ms, to_ms]."""
        ...

    def within_each(
        self, persons: Collection[PersonId], store: StoreId, from_ms: Millis, to_ms: Millis
    ) -> Mapping[PersonId, Sequence[Interval]]:
        """Return the same of each of `persons`; those without any are left out."""
        ...

    def heard_since(self, store: StoreId, since_ms: Millis) -> Sequence[Interval]:
        """Return everybody's intervals in a store that last until `since_ms` or later: a minute's worth."""
        ...

    def heard_by(
        self, store: StoreId, scanner: Scanner, from_ms: Millis, to_ms: Millis
    ) -> Sequence[Interval]:
        """Return everybody's intervals at a scanner that touch [from_ms, to_ms]."""
        ...

    def stores_of(self, persons: Collection[PersonId]) -> frozenset[StoreId]:
        """Return the stores in which there is evidence of one of `persons`."""
        ...

    def spans(
        self, persons: Collection[PersonId], store: StoreId, after_ms: Millis, limit: int
    ) -> Sequence[tuple[Millis, Millis]]:
        """Return from when to when intervals of `persons` last that begin after `after_ms`, in order of time.

        `limit` at most; of those that begin at one moment the longest.
        """
        ...

    def remove_within(
        self, person: PersonId, store: StoreId, from_ms: Millis, to_ms: Millis
    ) -> None:
        """Forget the intervals that begin in [from_ms, to_ms]."""
        ...

    def truncate(self, person: PersonId, at_ms: Millis) -> None:
        """Leave nothing from `at_ms` on, in any store (`core.visits.intervals.truncated`)."""
        ...

    def remove(self, keys: Collection[IntervalKey]) -> None:
        """Forget these intervals."""
        ...

    def code_use(self, card: CardRef, step: int) -> CodeUse | None:
        """Return the scan that counts of what the card showed in this step. The caller holds its person."""
        ...

    def put_code_use(self, use: CodeUse) -> None:
        """Let this be the scan that counts."""
        ...
