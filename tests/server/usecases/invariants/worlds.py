"""Databases on which ten thousand examples fit: each has people, scanners and streams of its own.

A database is made anew now and then, with people who are enrolled already: so its tables stay small, and a
token never means two people by chance (of a thousand devices, none).
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from itertools import count
from typing import TYPE_CHECKING, Final

from shopbell_server.core.ids import Millis, ZoneId
from shopbell_server.core.observations import shelf_of
from shopbell_server.core.units import HOUR_MS
from shopbell_server.core.visits.app_reports import Spot, StoreBeacon
from shopbell_server.core.visits.rules import VisitRules, demo
from shopbell_server.usecases.intake.shelves import make_shelves
from shopbell_server.usecases.visits.recompute import Terms
from shopbell_server.usecases.visits.sweep import sweeps
from tests.server.usecases.floor import DAY, NOW, STORE, Floor, add_person, somebody
from tests.server.usecases.invariants.allowing import KINDS

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from shopbell_server.ports.database import Database
    from tests.server.usecases.floor import Someone
    from tests.server.usecases.invariants.allowing import Kind

PEOPLE: Final = 3
"""Of one example."""

DENSE: Final[VisitRules] = replace(demo(VisitRules()), candidate_kept_ms=DAY)
"""The demo's rules: gap 90 s, longest 24 min, so that few events in a short time are several visits, overlong
ones too. Candidates stay for a day: forgetting evidence is not a merge."""

BEACON: Final = StoreBeacon(
    name="beacon",
    store=STORE,
    spot=Spot(uuid="f7826da6-4fa2-4e98-8024-bc5b71e0893e", major=1, minor=1),
    zone=ZoneId("entrance"),
)
"""What hangs in the store for phones that hear and are not heard."""


@dataclass
class World:
    """A floor, and whatever one example needs that no other one has."""

    floor: Floor
    people: dict[Kind, list[Someone]]
    examples: count[int] = field(default_factory=lambda: count(1))

    @property
    def terms(self) -> Terms:
        return Terms(rules=self.floor.rules, sinks=self.floor.sinks)

    @property
    def is_used_up(self) -> bool:
        return min(map(len, self.people.values())) < PEOPLE

    def somebody(self, kind: Kind) -> Someone:
        """Return somebody to whom nothing has happened yet."""
        return self.people[kind].pop()

    def sweep(self, now_ms: int) -> None:
        """Close all that is due."""
        floor = self.floor
        for _ in sweeps(floor.database, floor.entropy, self.terms, Millis(now_ms)):
            pass


def the_people(examples: int) -> dict[Kind, list[Someone]]:
    """Return everybody who is enrolled in a world for about so many examples.

    Half of the people of all examples may be of one kind; else a new world comes sooner.
    """
    numbers = count(1)
    of_a_kind = max(PEOPLE, examples * PEOPLE // 2)
    return {
        kind: [
            somebody(f"p{number:04d}", number, created_ms=kind.created_ms)
            for number, _ in zip(numbers, range(of_a_kind), strict=False)
        ]
        for kind in KINDS
    }


def enrol(database: Database, examples: int) -> None:
    """Enrol them all, hang up the beacon, and make room for what will be heard."""
    with database.begin() as work:
        for kind, people in the_people(examples).items():
            for each in people:
                add_person(work, each)
            work.ledger.append([line for each in people for line in kind.entries(each.person)])
        work.commit()
    floor = Floor(database)
    with floor.database.begin() as work:
        work.registry.put_beacon(BEACON)
        work.commit()
    make_shelves(database, range(shelf_of(NOW - HOUR_MS), shelf_of(NOW + HOUR_MS) + 1))


class Worlds:
    """Worlds of one kind of database, one after the other."""

    def __init__(
        self, open_database: Callable[[], AbstractContextManager[Database]], examples: int
    ) -> None:
        """`open_database` gives a new one, in which everybody is enrolled for so many `examples`."""
        self._open = open_database
        self._examples = examples
        self._stack = ExitStack()
        self._world: World | None = None

    def world(self) -> World:
        """Return where the next example happens."""
        if self._world is None or self._world.is_used_up:
            self._stack.close()
            database = self._stack.enter_context(self._open())
            self._world = World(
                Floor(database, rules=DENSE, sinks=(), is_there=True), the_people(self._examples)
            )
        return self._world

    def close(self) -> None:
        """Close the last one."""
        self._stack.close()
