from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from shopbell_server.core.audit.chain import KEPT_MS, Act, Actor, What
from shopbell_server.core.ids import Millis, TenantId
from shopbell_server.usecases.keeping.keep_audit import (
    EVERY_MS,
    EVERY_RECORDS,
    LEFT_TO_OTHERS_MS,
    Kept,
    Notary,
    NotOurChainError,
    OtherSignerError,
    begin_file,
    cut_audit,
    make_checkpoint,
)
from tests.fakes.checkpoints import MemoryCheckpoints
from tests.fakes.server import MemoryDatabase

if TYPE_CHECKING:
    from shopbell_server.ports.database import Database

NOON = Millis(1_795_262_400_000)


class World:
    def __init__(self) -> None:
        self.database: Database = MemoryDatabase()
        self.checkpoints = MemoryCheckpoints()
        self.notary = Notary(
            tenant=TenantId("acme"), sign=lambda _: b"s", checkpoints=self.checkpoints
        )

    def add(self, count: int, at_ms: int = NOON) -> None:
        actor = Actor(kind="operator", name="")
        with self.database.begin() as work:
            work.audit.note([Act(at_ms=Millis(at_ms), actor=actor, what=What.SEEDED)] * count)
            work.commit()

    def sign(self, at_ms: int) -> Kept:
        kept, last = make_checkpoint(
            self.database, self.notary, self.checkpoints.last(), Millis(at_ms)
        )
        assert last == self.checkpoints.last()
        return kept

    def numbers(self) -> list[int]:
        with self.database.read() as work:
            return [each.number for each in work.audit.records(0)]


@pytest.fixture
def world() -> World:
    return World()


def test_a_checkpoint_is_made_at_first_and_when_five_minutes_or_many_records_passed(
    world: World,
) -> None:
    assert world.sign(NOON) == Kept(number=0, signed=0, whole=True)
    world.add(1)
    assert world.sign(NOON + EVERY_MS - 1) == Kept(number=1, signed=0, whole=True)
    assert world.sign(NOON + EVERY_MS) == Kept(number=1, signed=1, whole=True)
    assert world.sign(NOON + 9 * EVERY_MS).signed == 1
    world.add(EVERY_RECORDS)
    assert world.sign(NOON + EVERY_MS + 1).signed == EVERY_RECORDS + 1
    assert [each.number for each in world.checkpoints.kept] == [0, 1, EVERY_RECORDS + 1]


def test_nothing_is_signed_that_does_not_go_on_from_what_was(world: World) -> None:
    world.add(2)
    world.sign(NOON)
    world.database = MemoryDatabase()
    world.add(1)
    assert world.sign(NOON + EVERY_MS) == Kept(number=1, signed=2, whole=False)
    world.add(3, NOON + 1)
    assert world.sign(NOON + EVERY_MS) == Kept(number=4, signed=2, whole=False)
    assert len(world.checkpoints.kept) == 1


def test_without_checkpoints_what_is_old_goes(world: World) -> None:
    world.add(3)
    world.add(1, NOON + 5)
    assert cut_audit(world.database, None, Millis(NOON + KEPT_MS)) == 0
    assert cut_audit(world.database, None, Millis(NOON + KEPT_MS + 1)) == 3
    assert cut_audit(world.database, None, Millis(NOON + KEPT_MS + 1)) == 0
    assert world.numbers() == [4]


def test_with_checkpoints_it_goes_up_to_one_that_is_old(world: World) -> None:
    world.add(3)
    world.sign(NOON + 5)
    world.add(2, NOON + 6)
    assert cut_audit(world.database, world.notary, Millis(NOON + KEPT_MS + 4)) == 0
    assert cut_audit(world.database, world.notary, Millis(NOON + KEPT_MS + 5)) == 3
    assert world.numbers() == [4, 5]
    assert world.sign(NOON + EVERY_MS + 5).whole


def test_what_was_changed_is_kept_to_be_looked_at(world: World) -> None:
    world.add(3)
    world.sign(NOON)
    (signed,) = world.checkpoints.kept
    world.checkpoints.kept = [replace(signed, digest=bytes(32))]
    assert cut_audit(world.database, world.notary, Millis(NOON + KEPT_MS)) == 0
    assert world.numbers() == [1, 2, 3]


def test_a_checkpoint_of_what_was_cut_off_in_time_is_no_suspicion(world: World) -> None:
    world.add(2)
    world.sign(NOON)
    world.add(2, NOON + 1)
    long_after = NOON + KEPT_MS + LEFT_TO_OTHERS_MS
    assert cut_audit(world.database, None, Millis(long_after + 1)) == 2
    assert cut_audit(world.database, None, Millis(long_after + 2)) == 2
    assert world.sign(NOON + EVERY_MS).whole


def test_of_two_that_sign_one_goes_on_from_what_the_other_signed(world: World) -> None:
    world.sign(NOON)
    world.add(1)
    stale = world.checkpoints.last()
    world.sign(NOON + EVERY_MS)
    kept, last = make_checkpoint(world.database, world.notary, stale, Millis(NOON + EVERY_MS + 1))
    assert kept == Kept(number=1, signed=1, whole=True)
    assert last == world.checkpoints.last()
    assert [each.number for each in world.checkpoints.kept] == [0, 1]


def test_a_file_is_begun_by_nobody_who_signed_another_chain_or_has_another_key(
    world: World,
) -> None:
    world.add(2)
    world.sign(NOON)
    operator = Actor(kind="operator", name="")
    world.database = MemoryDatabase()
    with pytest.raises(NotOurChainError, match="name a new one"):
        begin_file(world.database, world.notary, NOON, operator)
    world.notary = replace(world.notary, sign=lambda _: b"another key")
    with pytest.raises(OtherSignerError):
        begin_file(world.database, world.notary, NOON, operator)
    world.checkpoints.kept.clear()
    begun = begin_file(world.database, world.notary, NOON, operator)
    assert begun is not None
    with world.database.read() as work:
        (record,) = work.audit.records(0)
    assert (record.act.what, begun.number, begun.digest) == (
        What.CHECKPOINTS_BEGUN,
        1,
        record.digest,
    )
