"""Jobs of two processes on one PostgreSQL: what one is at, the other passes over and does not wait for."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from shopbell_server.core.audit.chain import KEPT_MS, Act, Actor
from shopbell_server.core.audit.chain import What as Deed
from shopbell_server.core.ids import EdgeId, Millis, PersonId
from shopbell_server.core.keeping.erasure import Erasure, ErasureId
from shopbell_server.core.keeping.retention import What
from shopbell_server.ports.batches import BatchKey, BatchRecord
from shopbell_server.ports.database import DatabaseBusyError
from shopbell_server.usecases.groups import hold_more
from shopbell_server.usecases.keeping.forget_expired import NOTHING, forget_expired
from shopbell_server.usecases.keeping.keep_audit import (
    Notary,
    OtherFileError,
    begin_file,
    cut_audit,
    make_checkpoint,
)
from tests.fakes.checkpoints import MemoryCheckpoints
from tests.rigs.databases import open_sql
from tests.server.conftest import TENANT
from tests.server.db.rows import ANNA, BEN, add_store, enrol, entry, visit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shopbell_server.db.unit_of_work import SqlDatabase, SqlUnitOfWork

NOW = Millis(1_000_000)
HOW_LONG_S = 2.0
"""A lock is waited for no longer: these tests wait for none."""


@pytest.fixture
def shop(postgres_url: str) -> Iterator[SqlDatabase]:
    """Give a database with Anna and Ben, each of whom has a visit that is due."""
    with closing(open_sql(postgres_url, wait_s=HOW_LONG_S)) as database:
        with database.begin() as work:
            add_store(work)
            for number, person in enumerate((ANNA, BEN), 1):
                enrol(work, person, number=number)
                work.ledger.append([entry(person=person)])
                work.visits.put([visit(f"v-{person}", person=person, due_ms=number)])
            work.commit()
        yield database


@pytest.fixture
def one(shop: SqlDatabase) -> Iterator[SqlUnitOfWork]:
    with shop.begin() as work:
        yield work


@pytest.fixture
def other(shop: SqlDatabase) -> Iterator[SqlUnitOfWork]:
    with shop.begin() as work:
        yield work


def test_each_has_the_due_visits_that_the_other_has_not(
    one: SqlUnitOfWork, other: SqlUnitOfWork
) -> None:
    assert one.visits.claim_due(NOW, 1)[0].person == ANNA
    assert other.visits.claim_due(NOW, 1)[0].person == BEN
    assert [each.person for each in other.visits.claim_due(NOW, 9)] == [BEN]


def test_people_who_are_held_are_passed_over(one: SqlUnitOfWork, other: SqlUnitOfWork) -> None:
    one.people.lock([ANNA])
    assert other.people.lock_free([ANNA, BEN, PersonId("nobody")]).keys() == {BEN}
    assert one.people.lock_free([ANNA]).keys() == {ANNA}


def test_nobody_who_is_needed_late_is_waited_for(one: SqlUnitOfWork, other: SqlUnitOfWork) -> None:
    one.people.lock([ANNA])
    other.people.lock([BEN])
    with pytest.raises(DatabaseBusyError, match="joined"):
        hold_more(other, [ANNA])
    with pytest.raises(DatabaseBusyError, match="joined"):
        hold_more(one, [BEN])


def test_old_rows_are_removed_by_both(
    shop: SqlDatabase, one: SqlUnitOfWork, other: SqlUnitOfWork
) -> None:
    keys = [BatchKey(edge=EdgeId("door"), stream="5" * 32, seq=seq) for seq in range(10)]
    with shop.begin() as work:
        work.batches.record(
            [BatchRecord(key=each, sha256=bytes(32), received_ms=Millis(1)) for each in keys]
        )
        work.commit()
    assert one.retention.remove(What.BATCHES, NOW, 6) == {"batches": 6}
    assert other.retention.remove(What.BATCHES, NOW, 6) == {"batches": 4}
    one.commit()
    other.commit()
    with shop.read() as work:
        assert work.batches.hashes(keys) == {}


def test_what_one_is_alone_at_the_other_leaves(
    shop: SqlDatabase, one: SqlUnitOfWork, other: SqlUnitOfWork
) -> None:
    assert one.retention.is_alone("forget expired")
    assert not other.retention.is_alone("forget expired")
    assert other.retention.is_alone("something else")
    assert forget_expired(shop, NOW) == NOTHING
    one.commit()
    assert other.retention.is_alone("forget expired")


def test_an_erasure_is_completed_by_one(
    shop: SqlDatabase, one: SqlUnitOfWork, other: SqlUnitOfWork
) -> None:
    erasure = Erasure(
        id=ErasureId("e1"), person=ANNA, profiles=(), asked_ms=NOW, asked_by="operator"
    )
    with shop.begin() as work:
        work.erasures.add(erasure)
        work.commit()
    assert one.erasures.claim(erasure.id) == erasure
    assert other.erasures.claim(erasure.id) is None
    one.commit()
    assert other.erasures.claim(erasure.id) == erasure
    assert other.erasures.claim(ErasureId("e2")) is None


def test_of_two_that_sign_the_audit_one_does_at_a_time(shop: SqlDatabase) -> None:
    checkpoints = MemoryCheckpoints()
    notary = Notary(tenant=TENANT, sign=lambda _: b"ours", checkpoints=checkpoints)
    with shop.begin() as work:
        actor = Actor(kind="operator", name="")
        work.audit.note([Act(at_ms=NOW, actor=actor, what=Deed.SEEDED)])
        work.commit()
    with shop.begin() as other:
        assert other.retention.is_alone("audit")
        kept, last = make_checkpoint(shop, notary, None, NOW)
        assert (kept.number, kept.signed, last, checkpoints.kept) == (1, 0, None, [])
    kept, last = make_checkpoint(shop, notary, None, NOW)
    assert (kept.signed, [last]) == (1, checkpoints.kept)


def test_of_two_files_of_checkpoints_one_counts_and_is_cut_by(shop: SqlDatabase) -> None:
    ours, theirs = MemoryCheckpoints(), MemoryCheckpoints()
    signing, refused = (
        Notary(tenant=TENANT, sign=lambda _: b"ours", checkpoints=each) for each in (ours, theirs)
    )
    operator = Actor(kind="operator", name="")
    with shop.begin() as work:
        work.audit.note([Act(at_ms=NOW, actor=operator, what=Deed.SEEDED)] * 3)
        work.commit()
    make_checkpoint(shop, signing, None, NOW)
    long_after = Millis(NOW + KEPT_MS)
    for _ in range(2):
        with pytest.raises(OtherFileError, match="up to record 3: name that file"):
            make_checkpoint(shop, refused, None, long_after)
        with pytest.raises(OtherFileError):
            cut_audit(shop, refused, long_after)
    # A process without [audit] leaves what is old to the one that has it.
    assert cut_audit(shop, None, Millis(long_after + 1)) == 0
    with shop.begin() as other:
        assert other.retention.is_alone("audit")
        assert cut_audit(shop, signing, long_after) == 0
    assert cut_audit(shop, signing, long_after) == 3
    # The file is lost: the other one counts by the operator's word, which is on record.
    begun = begin_file(shop, refused, long_after, operator)
    assert [begun] == theirs.kept
    with pytest.raises(OtherFileError, match="up to record 4"):
        make_checkpoint(shop, signing, ours.last(), long_after)
    kept, last = make_checkpoint(shop, refused, theirs.last(), long_after)
    assert (kept.signed, kept.whole, last) == (4, True, begun)
