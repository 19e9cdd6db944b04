"""The loop that finds where people were: it tells boards, and is patient with the database."""

from __future__ import annotations

from threading import Event
from typing import TYPE_CHECKING

from structlog.testing import capture_logs

from shopbell_server.core.ids import Millis
from shopbell_server.locating import Locating
from shopbell_server.ports.database import DatabaseBusyError, DatabaseLostError
from shopbell_server.usecases.visits.recompute import Terms
from tests.fakes.flaky import FlakyDatabase
from tests.fakes.server import MemoryDatabase
from tests.server.usecases.floor import MINUTE, NOW, RULES, STORE, Floor
from tests.server.usecases.plans import has_a_plan, walks

if TYPE_CHECKING:
    from collections.abc import Collection

    from shopbell_server.core.ids import PersonId, StoreId
    from shopbell_server.ports.database import Database


class SetClock:
    def now_ms(self) -> Millis:
        return Millis(NOW + 31 * MINUTE)


class Told:
    """Keeps who was announced, and ends the loop then."""

    def __init__(self) -> None:
        self.changed_in: dict[StoreId, Collection[PersonId]] = {}
        self.stop = Event()

    def changed(self, store: StoreId, persons: Collection[PersonId]) -> None:
        self.changed_in[store] = persons
        self.stop.set()


def locating(floor: Floor, database: Database, told: Told) -> Locating:
    terms = Terms(rules=RULES, sinks=())
    return Locating(database, SetClock(), floor.entropy, terms, told)


def shop() -> tuple[Floor, PersonId]:
    """Return a shop with a plan, and somebody whose visit is over."""
    floor = Floor(MemoryDatabase())
    has_a_plan(floor)
    ada = floor.enrol("ada", 1)
    walks(floor, ada, lambda _: 11.0)
    return floor, ada.person


def test_boards_look_again_at_whose_visit_was_found() -> None:
    floor, ada = shop()
    told = Told()
    locating(floor, floor.database, told).run(told.stop)
    assert told.changed_in == {STORE: {ada}}


def test_a_database_that_is_busy_or_away_is_asked_again() -> None:
    floor, ada = shop()
    told, flaky = Told(), FlakyDatabase(floor.database)
    loop = locating(floor, flaky, told)
    flaky.failures.extend([DatabaseBusyError("busy"), DatabaseLostError("away")])
    with capture_logs() as logs:
        assert not loop.once()
        assert not loop.once()
    assert [line["event"] for line in logs] == ["database_lost"]
    assert told.changed_in == {}
    assert not loop.once()
    assert told.changed_in == {STORE: {ada}}
