from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from shopbell_server.core.audit.chain import Actor
from shopbell_server.core.ids import Millis, ProfileId
from shopbell_server.core.keeping.erasure import DONE_MS, stands_for
from shopbell_server.core.keeping.retention import Limits
from shopbell_server.core.units import DAY_MS
from shopbell_server.erasing import AT_ONCE, Erasing
from shopbell_server.ports.database import DatabaseBusyError, DatabaseLostError
from shopbell_server.usecases.keeping.erase import erase
from shopbell_server.usecases.visits.recompute import Terms
from tests.fakes.server import MemoryDatabase
from tests.rigs.waiting import until
from tests.server.usecases.floor import NOW, RULES, SINK, Floor
from tests.server.usecases.identity.test_profiles import WIDE, done, merged, undone

if TYPE_CHECKING:
    from collections.abc import Collection

    from shopbell_server.core.ids import PersonId, StoreId
    from tests.fakes.server import MemoryUnitOfWork
    from tests.server.usecases.floor import Someone

TERMS = Terms(rules=RULES, sinks=(SINK,))


class SetClock:
    def __init__(self) -> None:
        self.at = Millis(NOW)

    def now_ms(self) -> Millis:
        return self.at


class Bells:
    def __init__(self) -> None:
        self.rung: list[StoreId] = []

    def changed(self, store: StoreId, persons: Collection[PersonId]) -> None:
        assert persons
        self.rung.append(store)


class Failing(MemoryDatabase):
    """Fails a number of times, then works."""

    def __init__(self) -> None:
        super().__init__()
        self.errors: list[Exception] = []

    def read(self) -> MemoryUnitOfWork:
        if self.errors:
            raise self.errors.pop(0)
        return super().read()


class World:
    def __init__(self) -> None:
        self.database = Failing()
        self.floor = Floor(self.database)
        self.clock = SetClock()
        self.bells = Bells()
        self.erasing = Erasing(
            database=self.database,
            clock=self.clock,
            entropy=self.floor.entropy,
            terms=TERMS,
            limits=Limits(),
            announcer=self.bells,
        )

    def forget(self, someone: Someone) -> None:
        with self.database.begin() as work:
            actor = Actor(kind="phone", name="")
            erase(
                work,
                self.floor.entropy,
                Millis(NOW),
                person=someone.person,
                actor=actor,
                terms=TERMS,
            )
            work.commit()

    def undone(self) -> int:
        with self.database.read() as work:
            return len(work.erasures.undone(9))


def metric(name: str) -> float | None:
    return REGISTRY.get_sample_value(f"shopbell_erasures_{name}")


def test_what_was_begun_is_completed() -> None:
    world = World()
    world.forget(world.floor.enrol("ada", 1, share=False))
    with capture_logs() as said:
        world.erasing.once()
        world.erasing.once()
    assert [each["event"] for each in said] == ["erasure_done"]
    assert world.undone() == 0
    assert metric("undone") == 0


def test_a_sink_that_does_not_answer_for_a_day_is_an_alarm() -> None:
    world = World()
    world.forget(world.floor.enrol("ada", 1))
    world.erasing.once()
    assert (metric("undone"), metric("overdue")) == (1, 0)
    world.clock.at = Millis(NOW + DONE_MS + 1)
    with capture_logs() as said:
        world.erasing.once()
        world.erasing.once()
    assert [each["event"] for each in said] == ["erasures_overdue"]
    assert metric("overdue") == 1
    with world.database.begin() as work:
        (waits,) = work.outgoing.claim(SINK, world.clock.at, 0, 9)
        work.outgoing.delivered(SINK, waits.fact.fact, world.clock.at)
        work.commit()
    world.erasing.once()
    assert (metric("undone"), metric("overdue")) == (0, 0)


def test_keys_that_cannot_be_destroyed_for_a_day_are_an_alarm() -> None:
    world = World()
    world.forget(world.floor.enrol("ada", 1, share=False))
    world.database.keys.away = True
    world.clock.at = Millis(NOW + DONE_MS + 1)
    with capture_logs() as said:
        world.erasing.once()
    assert [each["event"] for each in said] == ["erasures_overdue", "database_lost"]
    assert (metric("undone"), metric("overdue")) == (1, 1)
    world.database.keys.away = False
    world.erasing.once()
    assert (metric("undone"), metric("overdue")) == (0, 0)


def test_nobody_waits_behind_those_of_a_sink_that_answers_nothing() -> None:
    world = World()
    for number in range(AT_ONCE + 1):
        world.forget(world.floor.enrol(f"customer-{number}", number + 1))
    for _ in range(2):
        world.erasing.once()
    with world.database.begin() as work:
        *_, newest = work.erasures.undone(AT_ONCE + 1)
        answered = next(
            each.fact.fact
            for each in work.outgoing.claim(SINK, world.clock.at, 0, 2 * AT_ONCE)
            if each.fact.person == stands_for(newest.id)
        )
        work.outgoing.delivered(SINK, answered, world.clock.at)
        work.commit()
    for _ in range(2):
        world.erasing.once()
    with world.database.read() as work:
        done = [each.id for each in work.erasures.all(2 * AT_ONCE) if each.done_ms is not None]
    assert done == [newest.id]


def test_who_left_is_forgotten_when_the_last_visit_is() -> None:
    world = World()
    ada = world.floor.enrol("ada", 1, share=False)
    ben = world.floor.enrol("ben", 2, share=False)
    with world.database.begin() as work:
        work.people.revoke(ada.person, Millis(NOW))
        work.commit()
    kept_ms = 393 * DAY_MS
    for age_ms, there in ((kept_ms, 2), (kept_ms + 1_000, 2), (kept_ms + DAY_MS, 1)):
        world.clock.at = Millis(NOW + age_ms)
        world.erasing.once()
        with world.database.read() as work:
            assert len(work.people.enrolments([ada.person, ben.person])) == there
    with world.database.read() as work:
        (erasure,) = work.erasures.all(9)
    assert (erasure.person, erasure.asked_by) == (ada.person, "server")
    assert erasure.done_ms is not None


def test_what_somebody_who_was_forgotten_left_to_others_goes_when_they_are_gone() -> None:
    world = World()
    for name, number in (("a", 1), ("b", 2)):
        host = world.floor.enrol(name, number, profile=name, share=False)
        world.floor.enrol(f"{name}-guest", 10 + number, profile=f"{name}-guest")
        merge = merged(world.floor, ProfileId(name), ProfileId(f"{name}-guest"), guards=WIDE)
        world.forget(host)
        undone(world.floor, done(merge), ProfileId(name))
    with capture_logs() as said:
        world.erasing.once()
        world.erasing.once()
    assert [each["event"] for each in said].count("forgotten_left_over") == 2
    with world.database.read() as work:
        assert work.people.profiles([ProfileId("a"), ProfileId("b")]) == {}
    assert world.undone() == 0


def test_a_database_that_is_away_or_busy_is_asked_again() -> None:
    world = World()
    world.database.errors = [DatabaseBusyError("busy"), DatabaseLostError("away")]
    with capture_logs() as said:
        for _ in range(3):
            world.erasing.once()
    assert [each["event"] for each in said] == ["database_lost"]


async def test_the_loop_ends_when_told() -> None:
    world = World()
    world.forget(world.floor.enrol("ada", 1, share=False))
    stop = threading.Event()
    thread = threading.Thread(target=world.erasing.run, args=(stop,))
    thread.start()
    try:
        await until("it is done", lambda: world.undone() == 0)
    finally:
        stop.set()
        thread.join(10)
