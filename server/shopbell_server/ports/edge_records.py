"""What is kept of edges themselves: what they gave up, whose spool is there twice, how much they hear."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from shopbell_server.core.edges.deafness import Scanner
    from shopbell_server.core.edges.lineage import Heir, Start
    from shopbell_server.core.ids import EdgeId, Millis
    from shopbell_server.core.recognition.loyalty_numbers import Guesses
    from shopbell_server.core.recognition.spray import Minutes, Tokens

Lineage = tuple["EdgeId", str]
"""An edge and the name of a stream that another one came after."""


class EdgeRecords(Protocol):
    """Totals and heirs, by edge. Nothing here is ever taken back; counts of tokens are forgotten in time."""

    def add_losses(self, losses: Mapping[tuple[EdgeId, str], int], now_ms: Millis) -> None:
        """Add to what edges gave up, by edge and reason. Said last of all in a unit of work."""
        ...

    def losses(self) -> Mapping[EdgeId, Mapping[str, int]]:
        """Return what edges gave up since they are known, by reason."""
        ...

    def heirs(self, starts: Collection[Start]) -> Mapping[Lineage, Heir]:
        """Return the heirs of what `starts` came after; of one that has none the first of them becomes it.

        They are held until the unit of work ends, in the order of their names.
        """
        ...

    def put_heirs(self, heirs: Mapping[Lineage, Heir]) -> None:
        """Replace them."""
        ...

    def add_tokens(self, counts: Mapping[tuple[EdgeId, int], Tokens]) -> None:
        """Add to how many tokens began to be heard, by edge and minute. Said last of all."""
        ...

    def tokens(self, edges: Collection[EdgeId], since_minute: int) -> Mapping[EdgeId, Minutes]:
        """Return the counts of `edges` from a minute on; edges without any are left out."""
        ...

    def all_tokens(self, since_minute: int) -> Mapping[EdgeId, Minutes]:
        """Return the counts of every edge from a minute on, a few minutes' worth."""
        ...

    def drop_tokens(self, before_minute: int) -> int:
        """Forget the counts of the minutes before; return how many."""
        ...

    def hold_guesses(
        self, scanners: Collection[Scanner], now_ms: Millis
    ) -> Mapping[Scanner, Guesses]:
        """Return what each scanner tried of numbers that nobody has; none where nothing is known.

        They are held until the unit of work ends, in the order of their names, and after people.
        """
        ...

    def put_guesses(self, guesses: Mapping[Scanner, Guesses], now_ms: Millis) -> None:
        """Replace them."""
        ...

    def drop_guesses(self, before_ms: Millis) -> int:
        """Forget those that were last put before; return how many."""
        ...

    def cloned(self) -> Mapping[EdgeId, Millis]:
        """Return when each edge was last found to be two."""
        ...
