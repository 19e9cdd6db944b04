"""Finds where people were when their visits are over: the loop, for stores with a floor plan.

Owns: when it is done, and what is counted.
Never: whose turn it is and what is written (`usecases.visits.whereabouts`), or how it is found.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from prometheus_client import Counter

from shopbell_server.patience import attempt
from shopbell_server.usecases.visits.whereabouts import Sites, find_places

if TYPE_CHECKING:
    from threading import Event

    from shopbell_server.ports.database import Database
    from shopbell_server.ports.world import Announcer, Entropy, ServerClock
    from shopbell_server.usecases.visits.recompute import Terms
    from shopbell_server.usecases.visits.whereabouts import Settled

LOOK_S: Final = 5.0
"""A visit is over after half an hour of silence: seconds more are nothing beside it, and where no store has a
plan a look is one question."""

_FOUND: Final = Counter(
    "shopbell_places_found", "How often it was found where somebody was during a visit."
)


class Locating:
    """The loop of one process; several may run at once: what one wrote the other finds settled."""

    def __init__(
        self,
        database: Database,
        clock: ServerClock,
        entropy: Entropy,
        terms: Terms,
        announcer: Announcer,
    ) -> None:
        self._database = database
        self._clock = clock
        self._entropy = entropy
        self._terms = terms
        self._announcer = announcer
        self._sites = Sites()

    def run(self, stop: Event) -> None:
        """Work until `stop` is set. One thread."""
        while not stop.is_set():
            if not self.once():
                stop.wait(LOOK_S)

    def once(self) -> bool:
        """Find what can be found now, some people at most; return whether there is more."""
        done = attempt(self._find)
        if done is None:
            return False
        _FOUND.inc(done.people)
        for store, persons in done.changed.items():
            self._announcer.changed(store, persons)
        return done.more

    def _find(self) -> Settled:
        return find_places(
            self._database, self._entropy, self._terms, self._sites, self._clock.now_ms()
        )
