"""Who is told that something changed: boards here, boards of other processes, and whoever waits for work.

Owns: nothing but the telling. From any thread; never blocks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from shopbell_server.core.ids import PersonId, StoreId
    from shopbell_server.web.live.audience import Live


class Bells:
    """The Announcer of a process. `live` and `wakes` are set once they are there."""

    def __init__(self) -> None:
        self.live: Live | None = None
        self.wakes: list[Callable[[], None]] = []
        """Called after each change, wherever it was made: a sink may have something to be told."""

    def changed(self, store: StoreId, persons: Collection[PersonId]) -> None:
        """Say whose rows changed by what this process committed; `live` tells the other processes."""
        if self.live is not None:
            self.live.changed(store, persons)
        self.wake()

    def heard(self, store: StoreId, persons: Collection[PersonId]) -> None:
        """Take the word of another process for the same."""
        if self.live is not None:
            self.live.heard(store, persons)
        self.wake()

    def wake(self) -> None:
        """Let whoever waits for work look whether there is any."""
        for wake in self.wakes:
            wake()
