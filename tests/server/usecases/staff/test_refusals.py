from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from shopbell_server.core.audit.chain import What
from shopbell_server.core.ids import Millis, StaffId
from shopbell_server.core.registry import Staff
from shopbell_server.core.units import HOUR_MS
from shopbell_server.usecases.staff.refusals import NOBODY, Refusals
from tests.fakes.server import MemoryDatabase

NOON = Millis(1_795_262_400_000)
SAM = Staff(id=StaffId("sam"), name="Sam", role="advisor", stores=frozenset(), language="en")


@pytest.fixture
def database() -> MemoryDatabase:
    made = MemoryDatabase()
    with made.begin() as work:
        work.registry.put_staff(SAM, None)
        work.commit()
    return made


def written(database: MemoryDatabase) -> list[tuple[str, str]]:
    with database.read() as work:
        records = list(work.audit.records(0))
    assert {each.act.what for each in records} <= {What.SIGN_IN_REFUSED}
    return [(each.act.about, each.act.why) for each in records]


def test_the_first_the_tenth_and_the_hundredth_of_an_hour_are_written(
    database: MemoryDatabase,
) -> None:
    refusals = Refusals()
    assert refusals.write(database, NOON) == 0
    for _ in range(120):
        refusals.count(database, SAM.id, NOON)
        refusals.write(database, NOON)
    assert written(database) == [
        ("sam", "1 in this hour"),
        ("sam", "10 in this hour"),
        ("sam", "100 in this hour"),
    ]


def test_names_that_nobody_has_are_one_and_never_written_down(database: MemoryDatabase) -> None:
    refusals = Refusals()
    for number in range(1_000):
        refusals.count(database, StaffId(f"secret-{number}"), NOON)
    refusals.count(database, SAM.id, NOON)
    assert refusals.write(database, NOON) == 2
    assert written(database) == [(NOBODY, "1000 in this hour"), ("sam", "1 in this hour")]


def test_the_next_hour_is_counted_anew(database: MemoryDatabase) -> None:
    refusals = Refusals()
    refusals.count(database, SAM.id, NOON)
    refusals.write(database, NOON)
    refusals.count(database, SAM.id, Millis(NOON + HOUR_MS - 1))
    assert refusals.write(database, NOON) == 0
    refusals.count(database, SAM.id, Millis(NOON + HOUR_MS))
    assert refusals.write(database, Millis(NOON + HOUR_MS)) == 1
    assert written(database) == [("sam", "1 in this hour")] * 2


def test_many_at_once_are_all_counted(database: MemoryDatabase) -> None:
    refusals = Refusals()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: refusals.count(database, SAM.id, NOON), range(400)))
    refusals.write(database, NOON)
    assert written(database) == [("sam", "400 in this hour")]
