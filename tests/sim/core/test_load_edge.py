"""One edge of a load: sealing, sending again, answers."""

from __future__ import annotations

import pytest

from shopbell_edge.core.resend import SendRules
from shopbell_edge.core.units import Boottime
from shopbell_sim.core.load_edge import WAITING_MOST, LoadEdge
from shopbell_wire import codec
from shopbell_wire.messages import Ack, Event, Loss, Phase, Presence, Refused, Scan

STREAM = "ab" * 16
WALL_MS = 1_763_800_000_000
NOW = Boottime(1_000_000)
RULES = SendRules()


def presence(phase: Phase = "present", token: str = "0000002a", last_ms: int = 0) -> Presence:
    return Presence(
        scanner="hci0",
        frame="ibeacon",
        token=token,
        phase=phase,
        first_ms=WALL_MS,
        last_ms=WALL_MS + last_ms,
        n=5,
        loss_db=Loss(median=8.0, p10=7.0, last=9.0),
        reason="30 s",
    )


def scan() -> Scan:
    return Scan(scanner="camera", at_ms=WALL_MS, kind="pass", format="QRCode", text="SB1.x")


def an_edge(rules: SendRules = RULES) -> LoadEdge:
    edge = LoadEdge("load-00000-0", STREAM, "cd" * 16, rules)
    edge.connected(1, NOW, 0.5)
    return edge


def sends(edge: LoadEdge, after_ms: int = 0) -> list[codec.Received]:
    at = Boottime(NOW + after_ms)
    return [
        codec.decode_batch(sealed.payload) for _, sealed in edge.turns(at, WALL_MS + after_ms, 0.0)
    ]


def ack(*seqs: int, refused: tuple[Refused, ...] = (), stream: str = STREAM) -> Ack:
    committed = tuple((seq, seq) for seq in seqs)
    return Ack(stream=stream, committed=committed, refused=refused, server_ms=WALL_MS)


@pytest.mark.parametrize("event", [presence("entered"), presence("left"), scan()])
def test_what_somebody_waits_for_leaves_at_once(event: Event) -> None:
    edge = an_edge()
    assert edge.hear(event, NOW) == NOW
    (batch,) = sends(edge)
    assert [kept for _, kept in batch.events][1:] == [event]
    assert (batch.edge, batch.stream, batch.seq) == ("load-00000-0", STREAM, 1)


def test_a_stream_says_first_that_it_begins_and_only_then() -> None:
    edge = an_edge()
    edge.hear(scan(), NOW)
    edge.hear(presence("entered"), NOW)
    (first,) = sends(edge)
    assert [type(event).__name__ for _, event in first.events] == [
        "StreamStarted",
        "Scan",
        "Presence",
    ]
    edge.hear(scan(), NOW)
    (second,) = sends(edge)
    assert [type(event).__name__ for _, event in second.events] == ["Scan"]
    assert second.seq == 2


def test_a_present_waits_a_second_for_company() -> None:
    edge = an_edge()
    assert edge.hear(presence(), NOW) == NOW + 1_000
    assert sends(edge, 999) == []
    assert edge.next_look(NOW) == NOW + 1_000
    edge.hear(presence(token="0000002b"), Boottime(NOW + 500))
    (batch,) = sends(edge, 1_000)
    assert len(batch.events) == 3


def test_a_later_report_of_a_stay_replaces_the_one_that_still_waits() -> None:
    edge = an_edge()
    edge.hear(presence(last_ms=1), NOW)
    edge.hear(presence(last_ms=2), NOW)
    (batch,) = sends(edge, 1_000)
    assert [event for _, event in batch.events][1:] == [presence(last_ms=2)]


def test_a_batch_holds_200_events_and_goes_when_it_is_full() -> None:
    edge = an_edge()
    due = [edge.hear(presence(token=f"{number:08x}"), NOW) for number in range(250)]
    assert (due[0], due[-1]) == (NOW + 1_000, NOW)
    assert [len(batch.events) for batch in sends(edge)] == [200]
    assert [len(batch.events) for batch in sends(edge, 1_000)] == [51]


def test_what_is_not_answered_is_sent_again_byte_for_byte() -> None:
    edge = an_edge()
    edge.hear(scan(), NOW)
    (first,) = sends(edge)
    edge.taken(first.seq)
    assert sends(edge, RULES.answer_ms - 1) == []
    assert edge.next_look(NOW) == NOW + RULES.answer_ms
    assert sends(edge, RULES.answer_ms) == [first]
    assert edge.sent_again == 1


def test_a_new_connection_sends_at_once_what_the_broker_never_had() -> None:
    edge = an_edge(SendRules(reconnect_wait_ms=0))
    edge.hear(scan(), NOW)
    (first,) = sends(edge)
    edge.connected(2, Boottime(NOW + 10), 0.5)
    assert sends(edge, 10) == [first]


def test_after_a_reconnect_only_scans_go_before_the_wait_is_over() -> None:
    edge = an_edge()
    assert edge.connected(2, NOW, 0.5) == NOW + RULES.reconnect_wait_ms // 2
    edge.hear(presence("entered"), NOW)
    assert sends(edge) == []
    edge.hear(scan(), NOW)
    assert len(sends(edge)) == 1


def test_what_waited_long_goes_as_backlog() -> None:
    edge = an_edge()
    edge.hear(presence("entered"), NOW)
    ((lane, _),) = edge.turns(Boottime(NOW + 31_000), WALL_MS, 0.0)
    assert lane == "backlog"


def test_an_answer_settles_what_it_names_and_says_how_long_that_took() -> None:
    edge = an_edge()
    edge.hear(scan(), NOW)
    sends(edge)
    assert edge.unanswered == 2
    done = edge.answered(ack(1), Boottime(NOW + 70))
    assert (done.batches, done.events, done.refused, done.waited_ms) == (1, 2, 0, (70,))
    assert edge.unanswered == 0
    assert edge.answered(ack(1), Boottime(NOW + 80)).batches == 0  # an answer comes twice


def test_an_answer_to_an_earlier_stream_settles_nothing() -> None:
    edge = an_edge()
    edge.hear(scan(), NOW)
    sends(edge)
    assert edge.answered(ack(1, stream="ef" * 16), NOW).batches == 0
    assert edge.unanswered == 2


def test_what_is_refused_is_counted_and_not_sent_again() -> None:
    edge = an_edge()
    edge.hear(scan(), NOW)
    sends(edge)
    refused = (Refused(seq=1, index=1, reason="implausible_time"),)
    done = edge.answered(ack(refused=refused), NOW)
    assert (done.events, done.refused) == (2, 2)
    assert edge.unanswered == 0
    assert sends(edge, RULES.answer_most_ms) == []


def test_tokens_that_mean_nobody_are_counted() -> None:
    edge = an_edge()
    edge.hear(scan(), NOW)
    sends(edge)
    told = Ack(
        stream=STREAM, committed=((1, 1),), refused=(), server_ms=WALL_MS, nobody=("0000002a",)
    )
    assert edge.answered(told, NOW).nobody == 1
    assert edge.answered(told, NOW).nobody == 0  # of batches that are not ours any more


def test_no_more_than_a_window_is_unanswered_and_what_waits_is_bounded() -> None:
    edge = an_edge()
    for number in range(WAITING_MOST + RULES.window + 100):
        edge.hear(presence("entered", token=f"{number:08x}"), NOW)
        if number < RULES.window + 50:
            sends(edge)
    assert edge.sealed_batches == RULES.window
    assert edge.next_look(NOW) == NOW + RULES.answer_ms
    assert edge.given_up == 100
