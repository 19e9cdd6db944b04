"""What is kept of edges themselves: what they gave up, and whose spool is there twice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from shopbell_server.core.ids import EdgeId, Millis
    from shopbell_server.core.lineage import Heir, Start

Lineage = tuple["EdgeId", str]
"""An edge and the name of a stream that another one came after."""


class EdgeRecords(Protocol):
    """Totals and heirs, by edge. Nothing here is ever taken back."""

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

    def cloned(self) -> Mapping[EdgeId, Millis]:
        """Return when each edge was last found to be two."""
        ...
