from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from shopbell_edge.core.resend import (
    Again,
    Fresh,
    Key,
    Sealed,
    SendRules,
    Turn,
    Wire,
    asked_at,
    connected,
    in_lane,
    next_look_ms,
    resume,
    sent,
    settled,
    taken,
    turns,
)
from shopbell_edge.core.units import Boottime

RULES = SendRules()
NOW = Boottime(1_000_000)
STREAM = "5" * 32


def after(ms: int) -> Boottime:
    return Boottime(NOW + ms)


def sealed(
    seq: int, oldest: Boottime | None = NOW, *, scans: bool = False, events: int = 10
) -> Sealed:
    return Sealed(stream=STREAM, seq=seq, payload=b"{}", events=events, scans=scans, oldest=oldest)


def old(seq: int, *, scans: bool = False, events: int = 10) -> Sealed:
    return sealed(seq, None, scans=scans, events=events)


def up(wire: Wire | None = None) -> Wire:
    return connected(wire or Wire(), 1, NOW, 0.5, RULES)


def send(wire: Wire, one: Sealed, now: Boottime = NOW, roll: float = 0.0) -> Wire:
    return sent(wire, in_lane(one, now, RULES), now, roll, RULES)


def again(wire: Wire, now: Boottime, rules: SendRules = RULES) -> list[int]:
    return [turn.sealed.seq for turn in turns(wire, now, rules) if isinstance(turn, Again)]


def best(wire: Wire, now: Boottime, rules: SendRules = RULES) -> Turn:
    return turns(wire, now, rules)[0]


def test_with_nothing_on_the_wire_live_is_sealed_before_backlog() -> None:
    assert turns(up(), NOW, RULES) == (Fresh(wanted="live"), Fresh(wanted="backlog"))


def test_until_the_time_is_known_there_is_one_question_at_a_time() -> None:
    asked = send(up(), sealed(1))
    assert turns(up(), NOW, RULES, dated=False) == turns(up(), NOW, RULES)
    assert turns(asked, NOW, RULES, dated=False) == ()
    (same,) = turns(asked, after(30_000), RULES, dated=False)
    assert same == Again(lane="live", sealed=sealed(1))
    answered = settled(asked, [(STREAM, 1)], after(10), RULES)
    assert turns(answered, after(10), RULES, dated=False) == turns(answered, after(10), RULES)


def test_what_an_earlier_process_left_is_asked_last_and_is_a_question_too() -> None:
    wire = up(resume([old(1), old(2)], NOW))
    fresh = (Fresh(wanted="live"), Fresh(wanted="backlog"))
    left = tuple(Again(lane="backlog", sealed=old(seq)) for seq in (1, 2))
    assert turns(wire, NOW, RULES, dated=False) == (*fresh, *left)
    assert turns(send(wire, old(1)), NOW, RULES, dated=False) == ()


def test_what_an_earlier_process_left_is_sent_at_once() -> None:
    wire = up(resume([old(1), old(2)], NOW))
    assert again(wire, NOW) == [1, 2]


def test_without_an_answer_a_batch_goes_again_after_half_a_minute() -> None:
    wire = send(up(), sealed(1))
    assert again(wire, after(29_999)) == []
    assert again(wire, after(30_000)) == [1]


def test_patience_doubles_up_to_five_minutes_and_is_jittered() -> None:
    wire, now, waits = up(), NOW, []
    for _ in range(6):
        wire = send(wire, sealed(1), now)
        waits.append(wire.outstanding[STREAM, 1].due - now)
        now = wire.outstanding[STREAM, 1].due
    assert waits == [30_000, 60_000, 120_000, 240_000, 300_000, 300_000]
    assert send(up(), sealed(1), NOW, roll=0.5).outstanding[STREAM, 1].due == after(33_750)


def test_what_was_live_is_backlog_when_it_is_sent_again_late() -> None:
    one = sealed(1)
    assert in_lane(one, NOW, RULES).lane == "live"
    wire = send(up(), one)
    assert best(wire, after(30_000)) == Again(lane="live", sealed=one)
    late = [turn for turn in turns(wire, after(30_001), RULES) if isinstance(turn, Again)]
    assert late == [Again(lane="backlog", sealed=one)]


def test_after_four_live_batches_one_of_the_backlog_has_its_turn() -> None:
    wire = up(resume([old(1)], NOW))
    for seq in range(2, 6):
        assert best(wire, NOW) == Fresh(wanted="live")
        wire = send(wire, sealed(seq))
    assert best(wire, NOW) == Again(lane="backlog", sealed=old(1))
    wire = send(wire, old(1))
    assert best(wire, NOW) == Fresh(wanted="live")


def test_backlog_keeps_its_pace_and_live_does_not_wait_for_it() -> None:
    wire = send(up(), old(1, events=200))
    assert turns(wire, after(999), RULES) == (Fresh(wanted="live"),)
    assert Fresh(wanted="backlog") in turns(wire, after(1_000), RULES)
    assert next_look_ms(wire, NOW) == 1_000


@given(st.integers(1, 200), st.floats(0.01, 1_000))
def test_whoever_looks_again_when_told_to_finds_the_pace_kept(events: int, per_s: float) -> None:
    rules = SendRules(backlog_events_per_s=per_s)
    wire = sent(up(), Again(lane="backlog", sealed=old(1, events=events)), NOW, 0.0, rules)
    wire = settled(wire, [(STREAM, 1)], NOW, rules)
    look_ms = next_look_ms(wire, NOW)
    assert look_ms is not None
    assert Fresh(wanted="backlog") in turns(wire, after(look_ms), rules)


def test_the_pace_can_be_off() -> None:
    rules = SendRules(backlog_events_per_s=None)
    wire = sent(up(), Again(lane="backlog", sealed=old(1, events=200)), NOW, 0.0, rules)
    assert Fresh(wanted="backlog") in turns(wire, NOW, rules)


def test_the_window_is_never_exceeded_and_keeps_room_for_live() -> None:
    wire = up(resume([sealed(seq) for seq in range(1, 49)], NOW))
    assert Fresh(wanted="backlog") not in turns(wire, NOW, RULES)
    assert Fresh(wanted="live") in turns(wire, NOW, RULES)
    wire = up(resume([sealed(seq) for seq in range(1, 65)], NOW))
    assert not [turn for turn in turns(wire, NOW, RULES) if isinstance(turn, Fresh)]


def test_the_first_connection_sends_at_once_a_later_one_waits() -> None:
    wire = up()
    assert wire.hold_until == NOW
    wire = connected(wire, 2, NOW, 0.5, RULES)
    assert wire.hold_until == after(30_000)
    assert turns(wire, after(29_999), RULES) == (Fresh(wanted="scans"),)
    assert best(wire, after(30_000)) == Fresh(wanted="live")
    assert next_look_ms(wire, NOW) == 30_000


def test_scans_do_not_wait_after_a_reconnect() -> None:
    wire = connected(up(resume([sealed(1), sealed(2, scans=True)], NOW)), 2, NOW, 0.9, RULES)
    assert turns(wire, NOW, RULES) == (
        Again(lane="live", sealed=sealed(2, scans=True)),
        Fresh(wanted="scans"),
    )


def test_a_new_connection_sends_what_the_broker_had_not_confirmed() -> None:
    wire = send(send(up(), sealed(1)), sealed(2))
    wire = taken(wire, (STREAM, 1))
    wire = connected(wire, 2, after(10), 0.0, RULES)
    assert again(wire, after(10)) == [2]


def test_a_confirmation_after_the_answer_changes_nothing() -> None:
    wire = settled(send(up(), sealed(1)), [(STREAM, 1)], NOW, RULES)
    assert taken(wire, (STREAM, 1)) == wire


def test_an_answer_takes_a_batch_off_the_wire() -> None:
    wire = settled(send(up(), sealed(1)), [(STREAM, 1), (STREAM, 9)], NOW, RULES)
    assert not wire.outstanding
    assert next_look_ms(wire, NOW) is None


def test_an_answer_ends_the_long_patience_with_the_others() -> None:
    wire, now = up(), NOW
    for _ in range(5):
        wire = send(wire, sealed(1), now)
        now = wire.outstanding[STREAM, 1].due
    wire = send(send(wire, sealed(1), now), sealed(2), now)
    assert wire.outstanding[STREAM, 1].due == now + 300_000
    wire = settled(wire, [(STREAM, 2)], now, RULES)
    assert wire.outstanding[STREAM, 1].due == now + 30_000


def test_an_ack_of_strangers_ends_nobodys_patience() -> None:
    wire = send(up(), sealed(1))
    assert settled(wire, [], after(1), RULES) == wire


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["turn", "turn", "turn", "taken", "answer", "reconnect", "wait"]),
        st.integers(0, 400_000),
        st.floats(0, 1, exclude_max=True),
    ),
    max_size=150,
)


@given(STEPS)
def test_whatever_happens_nothing_is_forgotten_and_the_window_holds(
    steps: list[tuple[str, int, float]],
) -> None:
    wire, now, seq = up(), NOW, 0
    unanswered: set[Key] = set()
    for what, ms, roll in steps:
        offered = turns(wire, now, RULES)
        match what:
            case "turn" if offered:
                turn = offered[ms % len(offered)]
                if isinstance(turn, Fresh):
                    seq += 1
                    turn = in_lane(sealed(seq, now if ms % 2 else None), now, RULES)
                wire = sent(wire, turn, now, roll, RULES)
                unanswered.add(turn.sealed.key)
            case "taken" if unanswered:
                wire = taken(wire, sorted(unanswered)[ms % len(unanswered)])
            case "answer" if unanswered:
                key = sorted(unanswered)[ms % len(unanswered)]
                unanswered.remove(key)
                wire = settled(wire, [key], now, RULES)
            case "reconnect":
                wire = connected(wire, wire.connection + 1, now, roll, RULES)
            case _:
                now = Boottime(now + ms)
        assert set(wire.outstanding) == unanswered
        assert len(wire.outstanding) <= RULES.window
    wire, now = left_alone(wire, now)
    assert set(again(wire, now)) == {number for _, number in unanswered}


def left_alone(wire: Wire, now: Boottime) -> tuple[Wire, Boottime]:
    """Return the moment at which time alone brings nothing new any more."""
    for _ in range(4 * RULES.window):
        look_ms = next_look_ms(wire, now)
        if look_ms is None:
            return wire, now
        now = Boottime(now + look_ms)
    raise AssertionError("time alone does not come to rest")


def test_an_answer_is_no_older_than_the_latest_first_send_of_what_it_answers() -> None:
    wire = send(send(up(), sealed(1), NOW), sealed(2), after(500))
    keys = [(STREAM, 1), (STREAM, 2)]
    assert asked_at(wire, keys) == after(500)
    # It may be the answer to the first send, whatever was sent since.
    wire = send(wire, sealed(1), after(40_000))
    assert asked_at(wire, keys[:1]) == NOW


def test_what_an_earlier_process_sent_dates_no_answer() -> None:
    wire = resume([sealed(1)], NOW)
    assert asked_at(wire, [(STREAM, 1), (STREAM, 9)]) is None
