from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from shopbell_server.core.delivery.customer_keys import PAIRWISE, customer_key
from shopbell_server.core.ids import Millis
from shopbell_server.ports.sinks import Outcome
from shopbell_server.usecases.delivery.deliver import (
    LEASE_MARGIN_MS,
    Correspondence,
    Due,
    Settled,
    settle,
    take_due,
)
from tests.server.told import (
    ADA,
    BOB,
    DAY_MS,
    MINUTE_MS,
    NOON_MS,
    RECOGNISE,
    SCHEDULE_S,
    correspondence,
    enrol,
    event_of,
    fact_id,
    queue,
    scan,
    waiting,
    withdraw,
    withdrawal,
)

if TYPE_CHECKING:
    from shopbell_server.ports.database import Database

TO = correspondence()
PATIENCE_S = 15.0
DELIVERED = Outcome(kind="delivered", reason="HTTP 200")
REFUSED = Outcome(kind="refused", reason="HTTP 400")
BUSY = Outcome(kind="retry", reason="HTTP 503")
GONE = Outcome(kind="gone", reason="HTTP 410")


def due(
    database: Database, now_ms: int = NOON_MS, *, to: Correspondence = TO, limit: int = 100
) -> Due:
    return take_due(database, to, Millis(now_ms), limit=limit, patience_s=PATIENCE_S)


def told(database: Database, now_ms: int = NOON_MS) -> list[str]:
    return [each.event for each in due(database, now_ms).letters]


def answered(
    database: Database, taken: Due, *outcomes: Outcome, now_ms: int = NOON_MS, chance: float = 0.0
) -> Settled:
    results = list(zip(taken.deliveries, outcomes, strict=True))
    return settle(database, TO, results, Millis(now_ms), [chance] * len(results))


# ------------------------------------------------------------------ what leaves


def test_an_event_goes_under_the_id_that_the_sink_knows(database: Database) -> None:
    enrol(database, ADA)
    queue(database, scan(1))
    taken = due(database)
    assert taken.withheld == 0
    assert [each.attempt for each in taken.deliveries] == [1]
    event = event_of(taken.letters[0])
    assert event["id"] == taken.letters[0].event == fact_id(1)
    assert event["data"]["customer"] == {"kind": "crm", "id": "C-77"}
    assert event["partitionkey"] == customer_key(ADA, {}, None, TO.key).pairwise
    assert event["source"] == "https://bell.shop.example/tenants/acme/stores/ams-01"
    assert b"\n" not in taken.letters[0].body
    assert ADA.encode() not in taken.letters[0].body


@pytest.mark.parametrize(("user_id", "crm"), [(None, "C-77"), ("crm", None), ("email", "C-77")])
def test_without_such_an_id_it_goes_under_one_of_the_sinks_own(
    database: Database, user_id: str | None, crm: str | None
) -> None:
    enrol(database, ADA, crm=crm)
    queue(database, scan(1))
    taken = due(database, to=correspondence(user_id=user_id))
    customer = event_of(taken.letters[0])["data"]["customer"]
    assert customer == {"kind": PAIRWISE, "id": customer_key(ADA, {}, None, TO.key).pairwise}
    assert b"C-77" not in taken.letters[0].body


def test_two_sinks_know_her_by_different_ids(database: Database) -> None:
    enrol(database, ADA, crm=None)
    queue(database, scan(1), sinks=("cdp", "file"))
    other = replace(correspondence("file"), key=bytes([1]) * 32)
    keys = {event_of(due(database, to=to).letters[0])["partitionkey"] for to in (TO, other)}
    assert len(keys) == 2


def test_the_sequence_rises_with_every_event_of_hers(database: Database) -> None:
    enrol(database, ADA)
    queue(database, *(scan(number) for number in range(1, 12)))
    sequences = []
    while (taken := due(database)).letters:
        sequences.append(event_of(taken.letters[0])["sequence"])
        answered(database, taken, DELIVERED)
    assert len(sequences) == 11
    assert sequences == sorted(set(sequences))


# ------------------------------------------------------------------ consent at the moment of sending


def test_what_she_withdrew_after_it_was_queued_is_forgotten(database: Database) -> None:
    enrol(database, ADA)
    enrol(database, BOB, number=2)
    queue(database, scan(1), scan(2, BOB))
    withdraw(database, ADA, NOON_MS)
    taken = due(database)
    assert [each.event for each in taken.letters] == [fact_id(2)]
    assert taken.withheld == 1
    answered(database, taken, DELIVERED)
    assert waiting(database) == 0
    assert told(database, NOON_MS + DAY_MS) == []


def test_what_is_forgotten_for_one_sink_is_judged_anew_for_another(database: Database) -> None:
    enrol(database, ADA, until_ms=NOON_MS)
    queue(database, scan(1), sinks=("cdp", "file"))
    assert due(database).withheld == 1
    assert waiting(database, "file") == 1
    assert due(database, to=correspondence("file")).withheld == 1


def test_no_recognition_means_no_telling(database: Database) -> None:
    enrol(database, ADA)
    queue(database, scan(1))
    withdraw(database, ADA, NOON_MS, RECOGNISE)
    assert due(database) == Due(deliveries=(), letters=(), withheld=1)


def test_what_ran_out_meanwhile_is_forgotten(database: Database) -> None:
    enrol(database, ADA, until_ms=NOON_MS + 1)
    queue(database, scan(1), scan(2))
    answered(database, due(database, NOON_MS), DELIVERED)
    assert due(database, NOON_MS + 1).withheld == 1


def test_what_happened_before_she_agreed_is_not_told(database: Database) -> None:
    enrol(database, ADA)
    queue(database, scan(1, at_ms=NOON_MS - 2 * DAY_MS))
    assert due(database).withheld == 1


def test_that_she_withdrew_is_told_to_those_who_knew_her(database: Database) -> None:
    enrol(database, ADA)
    queue(database, scan(1), withdrawal(2, at_ms=NOON_MS))
    withdraw(database, ADA, NOON_MS)
    assert due(database).withheld == 1
    taken = due(database, NOON_MS + MINUTE_MS)
    assert [each.event for each in taken.letters] == [fact_id(2)]
    assert event_of(taken.letters[0])["data"]["customer"]["id"] == "C-77"


def test_somebody_who_is_not_there_any_more_is_not_told_of(database: Database) -> None:
    queue(database, scan(1))
    assert due(database).withheld == 1


# ------------------------------------------------------------------ what becomes of it


def test_nothing_due_is_nothing(database: Database) -> None:
    enrol(database, ADA)
    queue(database, scan(1))
    assert due(database, NOON_MS - 1) == Due(deliveries=(), letters=(), withheld=0)


def test_only_her_oldest_and_no_more_than_asked(database: Database) -> None:
    enrol(database, ADA)
    enrol(database, BOB, number=2)
    queue(database, scan(1), scan(2), scan(3, BOB))
    assert told(database) == [fact_id(1), fact_id(3)]
    assert told(database) == []
    assert len(due(database, NOON_MS + DAY_MS, limit=1).letters) == 1


def test_what_was_delivered_is_done(database: Database) -> None:
    enrol(database, ADA)
    queue(database, scan(1))
    assert answered(database, due(database), DELIVERED) == Settled(delivered=1, again=0, dead=())
    assert waiting(database) == 0


def test_a_failure_is_tried_again_by_the_schedule_then_given_up(database: Database) -> None:
    enrol(database, ADA)
    queue(database, scan(1))
    now_ms = int(NOON_MS)
    for wait_s in SCHEDULE_S[1:]:
        settled = answered(database, due(database, now_ms), BUSY, now_ms=now_ms)
        assert (settled.again, settled.dead) == (1, ())
        assert told(database, now_ms + round(wait_s * 1000) - 1) == []
        now_ms += round(wait_s * 1000)
    taken = due(database, now_ms)
    settled = answered(database, taken, BUSY, now_ms=now_ms)
    assert settled == Settled(delivered=0, again=0, dead=((taken.deliveries[0], "HTTP 503"),))
    assert waiting(database) == 0


def test_chance_spreads_the_next_attempts(database: Database) -> None:
    enrol(database, ADA)
    queue(database, scan(1))
    answered(database, due(database), BUSY, chance=0.5)
    assert told(database, NOON_MS + 5_249) == []
    assert told(database, NOON_MS + 5_250) == [fact_id(1)]


def test_the_sink_may_ask_for_more_time(database: Database) -> None:
    enrol(database, ADA)
    queue(database, scan(1))
    answered(database, due(database), replace(BUSY, retry_after_s=60.0))
    assert told(database, NOON_MS + 59_999) == []
    assert told(database, NOON_MS + 60_000) == [fact_id(1)]


def test_what_is_refused_is_a_dead_letter_at_once(database: Database) -> None:
    enrol(database, ADA)
    queue(database, scan(1), scan(2))
    taken = due(database)
    assert answered(database, taken, REFUSED).dead == ((taken.deliveries[0], "HTTP 400"),)
    assert told(database) == [fact_id(2)]


def test_what_a_sink_that_is_gone_did_not_take_waits_for_it(database: Database) -> None:
    enrol(database, ADA)
    queue(database, scan(1))
    for _ in range(len(SCHEDULE_S) + 2):
        assert answered(database, due(database), GONE).again == 1
    assert waiting(database) == 1


def test_her_later_events_wait_while_an_earlier_one_fails(database: Database) -> None:
    enrol(database, ADA)
    enrol(database, BOB, number=2)
    queue(database, scan(1), scan(2), scan(3, BOB), scan(4, BOB))
    taken = due(database)
    answered(database, taken, BUSY, DELIVERED)
    assert told(database, NOON_MS + 4_999) == [fact_id(4)]
    assert told(database, NOON_MS + 5_000) == [fact_id(1)]


def test_a_crash_between_sending_and_noting_sends_it_again_under_the_same_id(
    database: Database,
) -> None:
    enrol(database, ADA)
    queue(database, scan(1))
    first = due(database)
    lease_ms = round(PATIENCE_S * 1000) + LEASE_MARGIN_MS
    assert told(database, NOON_MS + lease_ms - 1) == []
    second = due(database, NOON_MS + lease_ms)
    assert second.letters == first.letters


def test_noting_twice_changes_nothing(database: Database) -> None:
    enrol(database, ADA)
    queue(database, scan(1), scan(2))
    taken = due(database)
    answered(database, taken, DELIVERED)
    answered(database, taken, BUSY)
    assert told(database) == [fact_id(2)]
    assert waiting(database) == 1


def test_what_was_cancelled_while_it_was_under_way_stays_away(database: Database) -> None:
    enrol(database, ADA)
    queue(database, scan(1))
    taken = due(database)
    with database.begin() as work:
        work.outgoing.cancel(ADA)
        work.commit()
    answered(database, taken, BUSY)
    assert told(database, NOON_MS + DAY_MS) == []
