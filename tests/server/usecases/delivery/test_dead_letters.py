"""Dead letters: listed without anybody's data, looked at on record, sent again, thrown away."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from shopbell_server.core.audit.chain import Actor, What
from shopbell_server.core.ids import Millis
from shopbell_server.ports.sinks import Outcome
from shopbell_server.usecases.delivery.dead_letters import (
    Listed,
    Nothing,
    SinkNow,
    dead_letters,
    discard,
    look_at,
    replay,
    sinks_now,
)
from shopbell_server.usecases.delivery.deliver import settle, take_due
from tests.server.told import (
    ADA,
    BOB,
    MINUTE_MS,
    NOON_MS,
    correspondence,
    enrol,
    fact_id,
    queue,
    scan,
    withdraw,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shopbell_server.core.audit.chain import Act
    from shopbell_server.ports.database import Database

TO = correspondence()
NOW = Millis(NOON_MS + MINUTE_MS)
OLGA = Actor(kind="staff", name="olga", role="operator", credential="0123456789abcdef")


@pytest.fixture
def refused(database: Database) -> Database:
    """Return a database in which one event of each was refused, and another of Ada waits."""
    enrol(database, ADA)
    enrol(database, BOB, number=2, crm="C-78")
    queue(database, scan(1), scan(2, BOB), scan(3))
    assert deliver(database, "refused") == [fact_id(1), fact_id(2)]
    return database


def deliver(database: Database, kind: str, now_ms: int = NOON_MS) -> Sequence[str]:
    due = take_due(database, TO, Millis(now_ms), limit=10, patience_s=10.0)
    outcome = Outcome(kind=kind, reason="HTTP 400: malformed")  # type: ignore[arg-type]  # one of them
    results = [(each, outcome) for each in due.deliveries]
    settle(database, TO, results, Millis(now_ms), [0.0] * len(results))
    return sorted(each.fact.fact for each in due.deliveries)


def acts(database: Database) -> list[Act]:
    with database.read() as work:
        return [each.act for each in work.audit.records(0)]


def test_sinks_say_what_waits_and_what_is_dead(refused: Database) -> None:
    with refused.read() as work:
        assert sinks_now(work, {"files"}) == [
            SinkNow(name="cdp", configured=False, waiting=1, since_ms=scan(3).recorded_ms, dead=2),
            SinkNow(name="files", configured=True, waiting=0, since_ms=None, dead=0),
        ]


def test_the_list_holds_nothing_of_anybody(refused: Database) -> None:
    with refused.read() as work:
        latest, first = dead_letters(work, "cdp")
    assert {latest.fact, first.fact} == {fact_id(1), fact_id(2)}
    assert first == Listed(
        fact=first.fact,
        kind="shopbell.pass.scanned.v1",
        recorded_ms=scan(1).recorded_ms,
        dead_ms=Millis(NOON_MS),
        attempts=1,
        reason="HTTP 400: malformed",
    )


def test_a_look_shows_the_event_but_not_whose_and_she_is_told(refused: Database) -> None:
    seen = look_at(refused, NOW, sink="cdp", fact=fact_id(1), actor=OLGA)
    assert seen is not None
    assert seen.event["id"] == fact_id(1)
    assert ADA not in repr(seen.event)
    assert "customer" not in repr(seen.event)
    (act,) = acts(refused)
    assert (act.what, act.person, act.actor, act.why) == (
        What.DEAD_LETTER_READ,
        ADA,
        OLGA,
        "mend_delivery",
    )
    with refused.read() as work:
        assert [each.act for each in work.audit.looks_at(ADA)] == [act]


def test_a_look_at_nothing_is_no_look(refused: Database) -> None:
    assert look_at(refused, NOW, sink="cdp", fact=fact_id(3), actor=OLGA) is None
    assert look_at(refused, NOW, sink="crm", fact=fact_id(1), actor=OLGA) is None
    assert acts(refused) == []


def test_one_is_sent_again_before_what_waits(refused: Database) -> None:
    with refused.begin() as work:
        assert replay(work, NOW, sink="cdp", fact=fact_id(1), actor=OLGA) == 1
        assert replay(work, NOW, sink="cdp", fact=fact_id(1), actor=OLGA) is Nothing.NOTHING
        work.commit()
    assert deliver(refused, "delivered", NOW) == [fact_id(1)]
    assert deliver(refused, "delivered", NOW) == [fact_id(3)]
    (act,) = acts(refused)
    assert (act.what, act.about, act.why) == (
        What.DEAD_LETTERS_REPLAYED,
        f"cdp {fact_id(1)}",
        "1",
    )


def test_all_of_a_sink_are_sent_again(refused: Database) -> None:
    with refused.begin() as work:
        assert replay(work, NOW, sink="crm", fact=None, actor=OLGA) == 0
        assert replay(work, NOW, sink="cdp", fact=None, actor=OLGA) == 2
        work.commit()
    assert [(each.about, each.why) for each in acts(refused)] == [("cdp", "2")]
    assert deliver(refused, "delivered", NOW) == [fact_id(1), fact_id(2)]


def test_who_withdrew_meanwhile_is_not_told_of(refused: Database) -> None:
    withdraw(refused, ADA, NOON_MS + 1)
    with refused.begin() as work:
        replay(work, NOW, sink="cdp", fact=None, actor=OLGA)
        work.commit()
    assert fact_id(1) not in deliver(refused, "delivered", NOW)


def test_one_is_thrown_away_for_a_reason(refused: Database) -> None:
    with refused.begin() as work:
        done = [
            discard(work, NOW, sink="cdp", fact=fact_id(1), actor=OLGA, reason="out_of_date")
            for _ in range(2)
        ]
        work.commit()
    assert done == [1, Nothing.NOTHING]
    with refused.read() as work:
        assert [each.fact for each in dead_letters(work, "cdp")] == [fact_id(2)]
    (act,) = acts(refused)
    assert (act.what, act.about, act.why) == (
        What.DEAD_LETTER_DISCARDED,
        f"cdp {fact_id(1)}",
        "out_of_date",
    )
