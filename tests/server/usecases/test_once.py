from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from enum import Enum, auto
from itertools import count
from typing import TYPE_CHECKING

import pytest

from shopbell_server.core.ids import Millis, StoreId
from shopbell_server.core.registry import Store
from shopbell_server.ports.database import DatabaseBusyError, UnitOfWork
from shopbell_server.usecases.once import ATTEMPTS, KEPT_MS, Asked, Reused, once
from tests.fakes.server import MemoryDatabase

if TYPE_CHECKING:
    from shopbell_server.ports.database import Database
    from tests.server.usecases.floor import Floor

NOW = Millis(1_000)


class No(Enum):
    NO = auto()


def asked(request: bytes = b"r" * 32, name: bytes = bytes(32)) -> Asked:
    return Asked(
        name_sha256=name,
        request_sha256=request,
        seal=lambda answer: answer[::-1],
        open=lambda sealed: sealed[::-1],
    )


class Effect:
    """Adds a store each time it is carried out."""

    def __init__(self, *, busy: int = 0) -> None:
        self.count = 0
        self._busy = busy

    def __call__(self, work: UnitOfWork) -> bytes | No:
        self.count += 1
        store = Store(id=StoreId(f"s-{self.count}"), name="S", timezone="UTC")
        work.registry.put_store(store)
        if self.count <= self._busy:
            raise DatabaseBusyError
        return f"answer {self.count}".encode()


def stores(database: MemoryDatabase) -> int:
    with database.read() as work:
        return len(work.registry.stores())


def test_without_a_key_every_request_is_new() -> None:
    database, effect = MemoryDatabase(), Effect()
    assert once(database, None, NOW, effect) == b"answer 1"
    assert once(database, None, NOW, effect) == b"answer 2"
    assert stores(database) == 2


def test_with_a_key_the_first_answer_stays() -> None:
    database, effect = MemoryDatabase(), Effect()
    assert once(database, asked(), NOW, effect) == b"answer 1"
    assert once(database, asked(), Millis(NOW + KEPT_MS - 1), effect) == b"answer 1"
    assert stores(database) == 1
    assert once(database, asked(), Millis(NOW + KEPT_MS), effect) == b"answer 2"


def test_a_key_belongs_to_one_request() -> None:
    database, effect = MemoryDatabase(), Effect()
    once(database, asked(b"one"), NOW, effect)
    assert once(database, asked(b"two"), NOW, effect) is Reused.REUSED
    assert stores(database) == 1


def test_a_refusal_changes_nothing_and_is_not_kept() -> None:
    database = MemoryDatabase()

    def refuse(work: UnitOfWork) -> bytes | No:
        work.registry.put_store(Store(id=StoreId("s"), name="S", timezone="UTC"))
        return No.NO

    assert once(database, asked(), NOW, refuse) is No.NO
    assert stores(database) == 0
    assert once(database, asked(), NOW, Effect()) == b"answer 1"


def test_a_busy_database_is_tried_again_with_a_fresh_unit_of_work() -> None:
    database, effect = MemoryDatabase(), Effect(busy=ATTEMPTS - 1)
    assert once(database, None, NOW, effect) == f"answer {ATTEMPTS}".encode()
    assert stores(database) == 1


def test_one_that_stays_busy_is_given_up() -> None:
    with pytest.raises(DatabaseBusyError):
        once(MemoryDatabase(), None, NOW, Effect(busy=ATTEMPTS))


def test_several_that_come_at_once_have_one_effect_and_one_answer(floor: Floor) -> None:
    before = many(floor.database)
    numbers = count()

    def act(work: UnitOfWork) -> bytes:
        number = next(numbers)
        work.registry.put_store(Store(id=StoreId(f"s-{number}"), name="S", timezone="UTC"))
        return f"answer {number}".encode()

    with ThreadPoolExecutor(4) as pool:
        answers = set(
            pool.map(lambda _: once(floor.database, asked(), NOW, act), range(8), timeout=30)
        )
    assert len(answers) == 1
    assert many(floor.database) == before + 1


def test_who_dies_between_effect_and_answer_did_nothing(floor: Floor) -> None:
    before = many(floor.database)

    def die(work: UnitOfWork) -> bytes:
        work.registry.put_store(Store(id=StoreId("s-1"), name="S", timezone="UTC"))
        raise SystemExit

    with pytest.raises(SystemExit):
        once(floor.database, asked(), NOW, die)
    assert many(floor.database) == before
    assert once(floor.database, asked(), NOW, Effect()) == b"answer 1"


def many(database: Database) -> int:
    with database.read() as work:
        return len(work.registry.stores())
