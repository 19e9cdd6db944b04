from __future__ import annotations

from dataclasses import replace

import pytest

from shopbell_server.core.ids import Millis, PersonId, ReceiptId, StoreId
from shopbell_server.ports.database import (
    Database,
    DatabaseBusyError,
    DatabaseRefusedError,
    UnitOfWork,
)
from shopbell_server.ports.receipts import TillReceipt
from tests.server.db.rows import ANNA, BEN, STORE, add_store, hashed

ELSEWHERE = StoreId("store-2")


def receipt(
    name: str = "r-1",
    at_ms: int = 1_000,
    *,
    person: PersonId | None = ANNA,
    store: StoreId = STORE,
) -> TillReceipt:
    return TillReceipt(
        receipt=ReceiptId(name),
        store=store,
        till="till-1",
        at_ms=Millis(at_ms),
        person=person,
        request_mac=hashed(7),
        joined=True,
    )


@pytest.fixture
def selling(work: UnitOfWork) -> UnitOfWork:
    add_store(work)
    add_store(work, ELSEWHERE)
    return work


def keep(work: UnitOfWork, *receipts: TillReceipt) -> None:
    for each in receipts:
        work.receipts.keep(each)


def whose(work: UnitOfWork, name: str) -> PersonId | None:
    found = work.receipts.recall(ReceiptId(name))
    assert found is not None
    return found.person


def test_a_receipt_comes_back_whole(selling: UnitOfWork) -> None:
    nobodys = replace(receipt("r-2", person=None), joined=False)
    keep(selling, receipt(), nobodys)
    assert selling.receipts.recall(ReceiptId("r-1")) == receipt()
    assert selling.receipts.recall(ReceiptId("r-2")) == nobodys
    assert selling.receipts.recall(ReceiptId("R-1")) is None


def test_a_name_is_given_once(database: Database) -> None:
    with database.begin() as work:
        add_store(work)
        work.receipts.keep(receipt())
        work.commit()
    with database.begin() as work, pytest.raises(DatabaseBusyError):
        work.receipts.keep(receipt(at_ms=2_000, person=BEN))


def test_a_receipt_of_an_unknown_store_is_refused(work: UnitOfWork) -> None:
    with pytest.raises(DatabaseRefusedError):
        work.receipts.keep(receipt())


def test_purchases_are_found_by_person_store_and_time(selling: UnitOfWork) -> None:
    keep(
        selling,
        receipt("c", 3_000),
        receipt("a", 1_000),
        receipt("b", 2_000, person=BEN),
        receipt("d", 2_000, person=None),
        receipt("e", 2_000, store=ELSEWHERE),
        receipt("f", 3_001),
        receipt("g", 999),
    )
    asked = (STORE, Millis(1_000), Millis(3_000))
    found = selling.receipts.purchases_each([ANNA, BEN, PersonId("x")], *asked)
    assert found == {ANNA: [1_000, 3_000], BEN: [2_000]}
    assert selling.receipts.purchases_each([], *asked) == {}


def test_receipts_become_nobodys_and_stay(selling: UnitOfWork) -> None:
    keep(
        selling,
        receipt("a", 999),
        receipt("b", 1_000),
        receipt("c", 2_000),
        receipt("d", 2_001),
        receipt("e", 1_500, store=ELSEWHERE),
        receipt("f", 1_500, person=BEN),
    )
    selling.receipts.disown_within(ANNA, STORE, Millis(1_000), Millis(2_000))
    assert [whose(selling, each) for each in "abcdef"] == [ANNA, None, None, ANNA, ANNA, BEN]
    disowned = replace(receipt("b", 1_000), person=None)
    assert selling.receipts.recall(ReceiptId("b")) == disowned


def test_from_a_moment_on_they_become_nobodys_in_every_store(selling: UnitOfWork) -> None:
    keep(
        selling,
        receipt("a", 1_999),
        receipt("b", 2_000),
        receipt("c", 3_000, store=ELSEWHERE),
        receipt("d", 3_000, person=BEN),
    )
    selling.receipts.disown_from(ANNA, Millis(2_000))
    assert [whose(selling, each) for each in "abcd"] == [ANNA, None, None, BEN]
