"""Whatever is done to the record, it is found, and said to be what it is."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopbell_server.core.audit.chain import (
    KEPT_MS,
    Act,
    Actor,
    Checkpoint,
    Head,
    Record,
    What,
    checkpoint,
    first_head,
    linked,
)
from shopbell_server.core.audit.check import (
    MOST_FINDINGS,
    Checked,
    Fault,
    Finding,
    Trust,
    check,
)
from shopbell_server.core.ids import Millis, PersonId, TenantId
from tests.server.core.audit.test_chain import ACTS

if TYPE_CHECKING:
    from collections.abc import Sequence

ACME = TenantId("acme")
NOON = Millis(1_795_262_400_000)
DAY = 86_400_000


def sign(message: bytes) -> bytes:
    return hashlib.sha256(b"ours" + message).digest()


def is_signed(signature: bytes, message: bytes) -> bool:
    return signature == sign(message)


def act(number: int, at_ms: int = NOON) -> Act:
    return Act(
        at_ms=Millis(at_ms),
        actor=Actor(kind="staff", name="sam", role="advisor", credential="1f"),
        what=What.BOARD_READ,
        person=PersonId(f"person-{number}"),
        about=f"visit-{number}",
    )


@dataclass
class Log:
    """A database, its head, and checkpoints beside it."""

    head: Head = field(default_factory=lambda: first_head(ACME))
    records: list[Record] = field(default_factory=list)
    checkpoints: list[Checkpoint] = field(default_factory=list)

    def add(self, acts: Sequence[Act]) -> None:
        for record in linked(self.head, acts):
            self.records.append(record)
            self.head = replace(self.head, number=record.number, digest=record.digest)

    def mark(self, at_ms: int = NOON) -> None:
        self.checkpoints.append(checkpoint(ACME, self.head, Millis(at_ms), sign))

    def cut(self, base: int) -> None:
        digest = next(each.digest for each in self.records if each.number == base)
        self.records = [each for each in self.records if each.number > base]
        self.head = replace(self.head, base=base, base_digest=digest)

    def checked(self, now_ms: int = NOON) -> Checked:
        trust = Trust(
            tenant=ACME,
            checkpoints=self.checkpoints,
            is_signed=is_signed,
            now_ms=Millis(now_ms),
        )
        return check(self.head, lambda: self.records, trust)

    def found(self, now_ms: int = NOON) -> list[tuple[str, int]]:
        return [(each.fault.value, each.number) for each in self.checked(now_ms).findings]


@pytest.fixture
def log() -> Log:
    """Nine records, the first six of them signed."""
    log = Log()
    log.add([act(number) for number in range(1, 4)])
    log.mark()
    log.add([act(number) for number in range(4, 7)])
    log.mark()
    log.add([act(number) for number in range(7, 10)])
    return log


def test_what_nobody_touched_is_whole(log: Log) -> None:
    assert log.checked() == Checked(records=9, vouched=6, findings=())


def test_a_log_without_a_record_is_whole() -> None:
    assert Log().checked() == Checked(records=0, vouched=None, findings=())


def test_a_changed_record_is_named(log: Log) -> None:
    log.records[4] = replace(log.records[4], act=act(99))
    assert log.found() == [("changed", 5)]


def test_a_record_that_was_changed_with_its_digest_does_not_join_on(log: Log) -> None:
    fifth = log.records[4]
    head = replace(log.head, number=4, digest=fifth.previous)
    log.records[4] = next(linked(head, [act(99)]))
    assert log.found() == [("missing", 6)]


def test_a_deleted_record_is_missing(log: Log) -> None:
    del log.records[4]
    assert log.found() == [("missing", 6)]


def test_a_deleted_record_is_missing_although_the_others_were_numbered_anew(log: Log) -> None:
    del log.records[7]
    log.records[7] = replace(log.records[7], number=8)
    log.head = replace(log.head, number=8)
    assert log.found() == [("missing", 8)]


def test_records_in_another_order_were_moved(log: Log) -> None:
    seventh, eighth = log.records[6], log.records[7]
    log.records[6], log.records[7] = replace(eighth, number=7), replace(seventh, number=8)
    assert log.found() == [("moved", 7), ("moved", 8), ("moved", 9)]


def test_a_truncated_log_is_cut_off(log: Log) -> None:
    del log.records[7:]
    assert log.found() == [("cut_off", 7)]


def test_a_truncated_log_whose_head_was_set_back_is_cut_off_by_the_checkpoint(log: Log) -> None:
    del log.records[4:]
    log.head = replace(log.head, number=4, digest=log.records[-1].digest)
    assert log.found() == [("cut_off", 4)]


def test_what_came_after_the_last_checkpoint_may_be_cut_off_unnoticed(log: Log) -> None:
    # Why checkpoints are made every few minutes.
    del log.records[7:]
    log.head = replace(log.head, number=7, digest=log.records[-1].digest)
    assert log.found() == []


def test_a_chain_that_was_made_anew_is_not_the_signed_one(log: Log) -> None:
    anew = Log(checkpoints=log.checkpoints)
    anew.add([act(99) if number == 5 else act(number) for number in range(1, 10)])
    assert anew.found() == [("rewritten", 6)]
    anew.checkpoints = []
    assert anew.found() == []


def test_a_head_that_says_something_else_is_wrong(log: Log) -> None:
    log.head = replace(log.head, digest=bytes(32))
    assert log.found() == [("head", 9)]
    log.head = replace(log.head, number=8)
    assert log.found() == [("head", 8)]


def test_a_checkpoint_that_another_key_signed_counts_for_nothing(log: Log) -> None:
    log.checkpoints[0] = replace(log.checkpoints[0], signature=bytes(32))
    assert log.checked() == Checked(
        records=9, vouched=6, findings=(Finding(fault=Fault.FORGED, number=3),)
    )


def test_no_more_is_told_than_anybody_reads() -> None:
    log = Log()
    log.add([act(number) for number in range(1, 2 * MOST_FINDINGS)])
    whole = list(log.records)
    log.records = [replace(each, act=act(0)) for each in whole]
    assert len(log.found()) == MOST_FINDINGS
    log.records = [replace(each, previous=bytes([each.number]) * 32) for each in whole]
    assert len(log.found()) == MOST_FINDINGS


# ------------------------------------------------------------------ the beginning


def test_what_is_old_enough_is_cut_at_a_checkpoint(log: Log) -> None:
    log.cut(3)
    assert log.found(NOON + KEPT_MS) == []
    assert log.checked(NOON + KEPT_MS).records == 6


@pytest.mark.parametrize(("base", "now_ms"), [(3, NOON + KEPT_MS - 1), (4, NOON + 2 * KEPT_MS)])
def test_what_is_not_old_enough_or_was_never_signed_is_cut_short(
    log: Log, base: int, now_ms: int
) -> None:
    log.cut(base)
    assert log.found(now_ms) == [("cut_short", base)]


def test_who_cuts_and_says_that_it_was_another_chain_is_found(log: Log) -> None:
    log.cut(3)
    log.head = replace(log.head, base_digest=bytes(32))
    found = log.found(NOON + KEPT_MS)
    assert ("cut_short", 3) in found
    assert ("rewritten", 3) in found
    assert ("missing", 4) in found


def test_what_was_before_the_first_checkpoint_nobody_vouches_for(log: Log) -> None:
    log.cut(2)
    assert log.found() == []
    log.checkpoints = []
    assert log.found() == []


def test_a_chain_of_somebody_else_does_not_begin_as_ours(log: Log) -> None:
    log.head = replace(log.head, base_digest=bytes(32))
    assert log.found() == [("cut_short", 0), ("missing", 1)]


# ------------------------------------------------------------------ anything


CHANGES = st.sampled_from(["change", "delete", "swap", "truncate", "add", "anew"])


@given(st.lists(ACTS, min_size=2, max_size=8, unique_by=repr), st.data())
def test_any_single_change_is_found(acts: list[Act], data: st.DataObject) -> None:
    log = Log()
    log.add(acts)
    log.mark()
    kind = data.draw(CHANGES)
    at = data.draw(st.integers(0, len(acts) - 1))
    records = log.records
    other = data.draw(ACTS.filter(lambda each: each != acts[at]))
    match kind:
        case "change":
            records[at] = replace(records[at], act=other)
        case "delete":
            del records[at]
        case "swap":
            to = data.draw(st.integers(0, len(acts) - 1).filter(lambda each: each != at))
            one, two = records[at], records[to]
            records[at] = replace(two, number=one.number)
            records[to] = replace(one, number=two.number)
        case "truncate":
            del records[at:]
            last = records[-1].digest if records else log.head.base_digest
            log.head = replace(log.head, number=at, digest=last)
        case "add":
            more = Log(head=log.head)
            more.add([other])
            records += more.records
        case _:
            anew = Log(checkpoints=log.checkpoints)
            anew.add([*acts[:at], other, *acts[at + 1 :]])
            log = anew
    assert log.found() != []
