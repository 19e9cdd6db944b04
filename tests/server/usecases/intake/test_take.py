"""Once and only once; who is answered what; what is refused, and kept for whom."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec
import pytest

from shopbell_server.core.ids import EdgeId, Millis, ZoneId
from shopbell_server.usecases.intake.take import Message
from shopbell_wire.messages import Refused, ScannerHealth, StreamStarted
from tests.server.usecases.floor import (
    DAY,
    EDGES,
    FAR_EDGE,
    MINUTE,
    NOW,
    OTHER_STORE,
    SECOND,
    STORE,
    STREAM,
    batch,
    synced,
    the_ack,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.server.usecases.floor import Floor

STARTED = StreamStarted(previous=None, previous_last_seq=None, software="0.1.0")


def quarantined(floor: Floor) -> str:
    everything = floor.rows()
    without = floor.rows("quarantined", "quarantined_batches")
    return "" if everything == without else everything


# ------------------------------------------------------------------ answers


def test_what_is_taken_is_committed_and_makes_a_visit(floor: Floor) -> None:
    ada = floor.enrol("ada", 1)
    taken = floor.take(batch(STARTED, floor.presence(ada), floor.shows_pass(ada)))
    ack = the_ack(taken)
    assert (ack.stream, ack.committed, ack.refused) == (STREAM, ((1, 1),), ())
    assert ack.server_ms == NOW
    assert taken.batches == {"taken": 1}
    assert taken.events["recognised"] == 1
    assert taken.events["pass_accepted"] == 1
    assert taken.changed == {STORE: {ada.person}}
    (visit,) = floor.visits(ada)
    assert (visit.state, visit.store) == ("open", STORE)
    assert visit.session.scanners == ((EDGES[0], "cam0"), (EDGES[0], "hci0"))


def test_a_batch_without_anybody_is_committed_too(floor: Floor) -> None:
    health = ScannerHealth(
        scanner="hci0", state="hearing", since_ms=NOW, reason="started", coverage=1.0
    )
    taken = floor.take(batch(STARTED, health))
    assert the_ack(taken).committed == ((1, 1),)
    assert taken.changed == {}


def test_the_same_batch_again_is_acknowledged_and_has_no_effect(floor: Floor) -> None:
    ada = floor.enrol("ada", 1)
    message = batch(floor.presence(ada))
    floor.take(message)
    before = floor.rows()
    taken = floor.take(message, message, now_ms=NOW + MINUTE)
    assert the_ack(taken).committed == ((1, 1),)
    assert taken.batches == {"repeated": 2}
    assert floor.rows() == before


def test_the_same_batch_twice_in_a_group_counts_once(floor: Floor) -> None:
    ada = floor.enrol("ada", 1)
    message = batch(floor.shows_pass(ada))
    taken = floor.take(message, message)
    assert the_ack(taken).committed == ((1, 1),)
    assert taken.batches == {"taken": 1, "repeated": 1}
    assert taken.events["pass_accepted"] == 1


def test_ranges_name_what_is_there_in_whatever_order_it_came(floor: Floor) -> None:
    numbers = (5, 1, 2, 9)
    ack = the_ack(floor.take(*(batch(STARTED, seq=seq) for seq in numbers)))
    assert ack.committed == ((1, 2), (5, 5), (9, 9))
    floor.take(*(batch(STARTED, seq=seq) for seq in (3, 4, 7)))
    with floor.database.begin() as work:
        stream = (EdgeId(EDGES[0]), STREAM)
        assert work.batches.ranges([stream], Millis(NOW)) == {stream: "1-5,7,9"}


def test_every_stream_gets_its_own_answer(floor: Floor) -> None:
    taken = floor.take(
        batch(STARTED), batch(STARTED, stream="a" * 32), batch(STARTED, edge=EDGES[1])
    )
    assert [(edge, ack.stream) for edge, ack in taken.answers] == [
        (EDGES[0], STREAM),
        (EDGES[0], "a" * 32),
        (EDGES[1], STREAM),
    ]


def test_other_bytes_under_a_known_name_are_set_aside(floor: Floor) -> None:
    """A cloned card: never taken for a repetition, and nothing of it counts."""
    ada = floor.enrol("ada", 1)
    floor.take(batch(STARTED))
    clone = batch(floor.presence(ada))
    taken = floor.take(clone, now_ms=NOW + SECOND)
    ack = the_ack(taken)
    assert ack.committed == ()
    assert ack.refused == (Refused(seq=1, index=None, reason="conflict"),)
    assert taken.alarms == [("conflict", EDGES[0])]
    assert not floor.visits(ada)
    assert "conflict" in quarantined(floor)


def test_two_machines_of_one_name_in_one_group_lose_nothing(floor: Floor) -> None:
    """Who is told that it is refused keeps it; one that is told "committed" would delete it."""
    ack = the_ack(floor.take(batch(STARTED), batch(STARTED, clock=synced(NOW - 1))))
    assert ack.committed == ()
    assert [each.reason for each in ack.refused] == ["conflict"]


def test_a_batch_that_names_another_edge_is_set_aside_with_an_alarm(floor: Floor) -> None:
    ada = floor.enrol("ada", 1)
    taken = floor.take(batch(floor.presence(ada), edge=EDGES[0], topic_edge=EDGES[1]))
    ack = the_ack(taken, EDGES[1])
    assert ack.refused == (Refused(seq=1, index=None, reason="wrong_edge"),)
    assert taken.alarms == [("wrong_edge", EDGES[1])]
    assert not floor.visits(ada)
    assert "wrong_edge" in quarantined(floor)


@pytest.mark.parametrize("edge", [EDGES[0], "new-one"], ids=["inactive", "unknown"])
def test_an_edge_that_is_not_registered_gets_no_answer_until_it_is(floor: Floor, edge: str) -> None:
    with floor.database.begin() as work:
        known = work.registry.edges()[EdgeId(EDGES[0])]
        work.registry.put_edge(replace(known, active=False))
        work.commit()
    message = batch(STARTED, edge=edge)
    taken = floor.take(message)
    assert taken.answers == []
    assert taken.alarms == [("unknown_edge", edge)]
    with floor.database.begin() as work:
        work.registry.put_edge(replace(known, id=EdgeId(edge), active=True))
        work.commit()
    assert the_ack(floor.take(message, now_ms=NOW + SECOND), edge).committed == ((1, 1),)


def test_an_edge_that_moves_counts_where_it_is(floor: Floor) -> None:
    ada = floor.enrol("ada", 1)
    floor.hear(floor.shows_pass(ada, NOW - MINUTE))
    with floor.database.begin() as work:
        known = work.registry.edges()[EdgeId(EDGES[0])]
        work.registry.put_edge(replace(known, store=OTHER_STORE, zones={"*": ZoneId("till")}))
        work.commit()
    # At once for a clock that was set back, too: what is cached is not of the future.
    floor.hear(floor.shows_pass(ada, NOW - SECOND), now_ms=NOW - 1)
    assert {visit.store for visit in floor.visits(ada)} == {STORE, OTHER_STORE}


def test_a_batch_that_cannot_be_read_is_refused_by_its_name(floor: Floor) -> None:
    good = batch(STARTED, seq=7)
    spoilt = Message(edge=good.edge, payload=good.payload[:-1] + b',"x":NaN}')
    taken = floor.take(spoilt)
    (refused,) = the_ack(taken).refused
    assert (refused.seq, refused.index) == (7, None)
    assert taken.alarms == [(refused.reason, EDGES[0])]


@pytest.mark.parametrize("payload", [b"", b"{", b"\xff\xfe", b"[]"])
def test_bytes_that_name_no_batch_have_no_answer_and_hold_nothing_up(
    floor: Floor, payload: bytes
) -> None:
    taken = floor.take(Message(edge=EdgeId(EDGES[0]), payload=payload), batch(STARTED, seq=3))
    assert the_ack(taken).committed == ((3, 3),)
    assert len(taken.alarms) == 1


def test_an_event_refused_alone_is_named_and_the_others_count(floor: Floor) -> None:
    ada = floor.enrol("ada", 1)
    good = floor.presence(ada)
    message = batch(STARTED, floor.presence(ada, NOW + DAY, NOW + DAY + 1, token="0" * 16), good)
    taken = floor.take(batch(STARTED, seq=2), message)
    ack = the_ack(taken)
    assert ack.committed == ((2, 2),)
    assert ack.refused == (Refused(seq=1, index=1, reason="implausible_time"),)
    assert len(floor.visits(ada)) == 1
    # The first answer may have been lost: the second says the same, and nothing more happens.
    again = floor.take(message, message, now_ms=NOW + SECOND)
    assert the_ack(again).refused == ack.refused
    assert the_ack(again).committed == ()


def test_an_event_that_is_not_valid_is_refused_alone(floor: Floor) -> None:
    ada = floor.enrol("ada", 1)
    message = batch(floor.presence(ada), STARTED)
    spoilt = replace(message, payload=message.payload.replace(b'"n":20', b'"n":0'))
    taken = floor.take(spoilt, spoilt)
    assert the_ack(taken).refused == (Refused(seq=1, index=0, reason="shape"),)
    assert the_ack(taken).committed == ()
    assert not floor.visits(ada)


def test_an_unknown_type_of_event_is_skipped_and_counted(floor: Floor) -> None:
    message = batch(STARTED, STARTED)
    newer = replace(
        message,
        payload=message.payload.replace(b'"type":"stream_started"', b'"type":"later"', 1),
    )
    taken = floor.take(newer)
    assert the_ack(taken).committed == ((1, 1),)
    assert taken.events["skipped"] == 1


def test_a_great_many_refusals_fit_into_answers_that_can_be_sent(floor: Floor) -> None:
    ada = floor.enrol("ada", 1)
    late = [floor.presence(ada, NOW + DAY, NOW + DAY, token="0" * 16)] * 200
    taken = floor.take(*(batch(*late, seq=seq) for seq in range(1, 6)))
    refused = [each.seq for _, ack in taken.answers for each in ack.refused]
    assert sorted(set(refused)) == [1, 2, 3, 4, 5]
    assert len(refused) == 1_000
    assert len(taken.answers) == 3


def test_late_and_permuted_batches_give_the_same_visits(floor: Floor) -> None:
    ada, eve = floor.enrol("ada", 1), floor.enrol("eve", 2)
    reports = [(NOW - 60 * MINUTE, NOW - minutes * MINUTE) for minutes in (50, 40, 30)]
    reports += [(NOW - 20 * MINUTE, NOW - 10 * MINUTE), (NOW - 2 * MINUTE, NOW - SECOND)]
    for first, last in reports:
        floor.hear(floor.presence(ada, first, last))
    for first, last in reversed(reports):
        floor.hear(floor.presence(eve, first, last))
    (one,), (other,) = floor.visits(ada), floor.visits(eve)
    assert one.session == other.session


def test_one_token_at_three_edges_of_a_store_is_one_visit(floor: Floor) -> None:
    ada = floor.enrol("ada", 1)
    seen = floor.presence(ada)
    floor.take(*(batch(seen, edge=edge) for edge in EDGES))
    (visit,) = floor.visits(ada)
    assert len(visit.session.scanners) == 3
    floor.take(batch(seen, edge=FAR_EDGE))
    assert {each.store for each in floor.visits(ada)} == {STORE, OTHER_STORE}


def test_people_who_come_one_after_another_have_handles_of_their_own(floor: Floor) -> None:
    people = [floor.enrol(f"p{number}", number) for number in range(1, 7)]
    floor.take(*(batch(floor.presence(each), seq=n) for n, each in enumerate(people[:3], 1)))
    for each in people[3:]:
        # Too short to be shown yet.
        floor.hear(floor.presence(each, NOW - 2 * SECOND, NOW - SECOND, n=3))
    assert len({floor.visits(each)[0].handle for each in people}) == 6


# ------------------------------------------------------------------ trouble


def test_a_message_set_aside_is_refused_and_kept(floor: Floor) -> None:
    message = batch(STARTED, seq=4)
    taken = floor.intake.set_aside(message, Millis(NOW))
    assert the_ack(taken).refused == (Refused(seq=4, index=None, reason="internal_error"),)
    assert taken.alarms == [("internal_error", EDGES[0])]
    kept = quarantined(floor)
    assert "internal_error" in kept
    assert repr(message.payload)[2:40] in kept
    # It is not known: once the fault is mended it can be taken.
    assert the_ack(floor.take(message)).committed == ((4, 4),)


def test_a_message_without_a_name_can_be_set_aside_too(floor: Floor) -> None:
    taken = floor.intake.set_aside(Message(edge=EdgeId(EDGES[0]), payload=b"?"), Millis(NOW))
    assert taken.answers == []
    assert "internal_error" in quarantined(floor)


def given_up(floor: Floor) -> Mapping[str, int]:
    with floor.database.read() as work:
        return work.edge_records.losses().get(EdgeId(EDGES[0]), {})


def gave_up(seq: int, **dropped: int) -> Message:
    """Return a batch that says what was given up since the one before it."""
    first = batch(STARTED, seq=seq)
    sealed = msgspec.json.decode(first.payload)
    sealed["dropped"] = dropped
    return Message(edge=first.edge, payload=msgspec.json.encode(sealed))


def test_what_an_edge_gave_up_is_counted_once_however_often_and_late_it_says_so(
    floor: Floor,
) -> None:
    one, two, three = gave_up(1, spool_full=3), gave_up(2, spool_full=1, moon=5), gave_up(3)
    taken = floor.take(two, two, three)  # the second comes twice, and before the first
    assert taken.given_up == {EdgeId(EDGES[0]): {"spool_full": 1, "other": 5}}
    assert floor.take(two).given_up == {}
    floor.take(one, two)
    assert given_up(floor) == {"spool_full": 4, "other": 5}


def test_what_a_refused_batch_gave_up_is_not_counted(floor: Floor) -> None:
    floor.take(gave_up(1, spool_full=3))
    conflict = floor.take(gave_up(1, spool_full=4))
    assert conflict.given_up == {}
    assert given_up(floor) == {"spool_full": 3}


def began(stream: str, previous: str | None, edge: str = EDGES[0]) -> Message:
    last_seq = None if previous is None else 9
    started = StreamStarted(previous=previous, previous_last_seq=last_seq, software="test")
    return batch(started, stream=stream * 32, edge=edge)


def test_two_streams_after_the_same_one_are_a_cloned_identity_told_once(floor: Floor) -> None:
    here, before = EdgeId(EDGES[0]), "1" * 32
    assert floor.take(began("2", before)).alarms == []
    assert floor.take(began("2", before)).alarms == []
    assert floor.take(began("3", "2" * 32), began("4", None), began("5", None)).alarms == []
    assert floor.take(began("6", before, edge=EDGES[1])).alarms == []
    assert floor.take(began("7", before)).alarms == [("cloned_identity", here)]
    assert floor.take(began("7", before), began("8", before)).alarms == []
    with floor.database.read() as work:
        assert work.edge_records.cloned() == {here: NOW}


def test_two_that_begin_in_one_group_are_noticed_too(floor: Floor) -> None:
    taken = floor.take(began("2", "1" * 32), began("3", "1" * 32))
    assert taken.alarms == [("cloned_identity", EdgeId(EDGES[0]))]
