"""What scanners said of their own hearing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from shopbell_server.core.edges.deafness import Mark, Scanner
    from shopbell_server.core.ids import EdgeId, Millis


class Scanners(Protocol):
    """Marks: from when on a scanner was in which state."""

    def hold(self, edges: Mapping[EdgeId, bool]) -> None:
        """Hold these edges until the unit of work ends, alone where True; before any person is held.

        Whoever writes what an edge heard holds it, together with others who do; whoever writes what its
        scanners say of themselves holds it alone. So of two workers the second sees what the first wrote.
        """
        ...

    def add(self, marks: Collection[Mark]) -> None:
        """Add them; what is there already stays."""
        ...

    def marks(
        self, scanners: Collection[Scanner], from_ms: Millis, to_ms: Millis
    ) -> Sequence[Mark]:
        """Return their marks of [from_ms, to_ms], and those that said what was so at `from_ms`."""
        ...
