"""What operators' pages count: consents, staff, and when they signed in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shopbell_server.core.audit.chain import Act, Actor, What
from shopbell_server.core.consent.ledger import Change, Purpose
from shopbell_server.core.ids import Millis
from tests.server.db.rows import ANNA, BEN, add_store, staff
from tests.server.ledger_entries import entry_of

if TYPE_CHECKING:
    from shopbell_server.ports.database import Database, UnitOfWork


def test_of_each_purpose_everybodys_latest_word_is_counted(work: UnitOfWork) -> None:
    assert dict(work.ledger.tally()) == {}
    seen, told = Purpose.RECOGNISE_IN_STORE, Purpose.SHARE_WITH_CDP
    work.ledger.append(
        [
            entry_of(ANNA, seen, Change.GIVEN, 10),
            entry_of(ANNA, seen, Change.WITHDRAWN, 10, sequence=1),
            entry_of(ANNA, told, Change.GIVEN, 20, sequence=2),
            entry_of(BEN, told, Change.RENEWED, 30),
            entry_of(BEN, told, Change.EXPIRED, 20, sequence=1),
        ]
    )
    assert dict(work.ledger.tally()) == {
        (seen, Change.WITHDRAWN): 1,
        (told, Change.GIVEN): 1,
        (told, Change.RENEWED): 1,
    }


def test_all_staff_by_id(work: UnitOfWork) -> None:
    add_store(work)
    for name in ("sam", "kim"):
        work.registry.put_staff(staff(name), None)
    assert work.registry.all_staff() == [staff("kim"), staff("sam")]


def test_when_each_of_the_staff_signed_in_last(database: Database) -> None:
    def act(name: str, at_ms: int, what: What = What.SIGNED_IN) -> Act:
        return Act(at_ms=Millis(at_ms), actor=Actor(kind="staff", name=name), what=what)

    with database.begin() as work:
        work.audit.note([act("sam", 10), act("sam", 30), act("kim", 20)])
        work.audit.note([act("sam", 40, What.BOARD_READ)])
        work.audit.note(
            [
                Act(
                    at_ms=Millis(50),
                    actor=Actor(kind="operator", name="sam"),
                    what=What.SIGNED_IN,
                )
            ]
        )
        work.commit()
    with database.read() as work:
        assert dict(work.audit.last_signed_in()) == {"sam": 30, "kim": 20}
