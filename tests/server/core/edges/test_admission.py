from __future__ import annotations

import pytest
from hypothesis import given

from shopbell_server.core.dating import Shift, Undated
from shopbell_server.core.edges.admission import (
    Fate,
    Shown,
    admit,
    dated_by_window,
    fate,
    is_believable,
)
from shopbell_server.core.ids import Millis, Window
from shopbell_wire.messages import (
    Batch,
    ClockAnchor,
    Event,
    Loss,
    Presence,
    Refused,
    Scan,
    ScannerHealth,
    StreamStarted,
)
from tests.wire import strategies

NOW = Millis(1_795_262_837_000)
DAY = 86_400_000
TRUE = Shift(by_ms=0, err_ms=10)
PASS = Scan(scanner="cam0", at_ms=NOW, kind="pass", format="QRCode", text="SB1")


def heard(first_ms: int, last_ms: int, mac_ms: int | None = None) -> Presence:
    more = {} if mac_ms is None else {"mac": "00000000", "mac_ms": mac_ms}
    return Presence(
        scanner="hci0",
        frame="service-uuid",
        token="0" * 16,
        phase="present",
        first_ms=first_ms,
        last_ms=last_ms,
        n=1,
        loss_db=Loss(median=1.0, p10=1.0, last=1.0),
        reason="",
        **more,  # type: ignore[arg-type]
    )


@pytest.mark.parametrize(
    ("named", "known", "what"),
    [
        ("door", None, Fate.TAKEN),
        ("door", b"same", Fate.REPEATED),
        ("door", b"else", Fate.CONFLICT),
        ("till", None, Fate.WRONG_EDGE),
        ("till", b"same", Fate.WRONG_EDGE),
    ],
)
def test_what_becomes_of_a_batch(named: str, known: bytes | None, what: Fate) -> None:
    assert fate(topic_edge="door", named_edge=named, sha256=b"same", known_sha256=known) is what


def test_events_count_at_their_true_times() -> None:
    shift = Shift(by_ms=1_000, err_ms=0)
    admitted = admit([(0, heard(NOW - 9_000, NOW - 5_000, NOW - 6_000)), (1, PASS)], 7, shift, NOW)
    (seen,), (shown,) = admitted.seen, admitted.shown
    assert (seen.first_ms, seen.last_ms, seen.mac_ms) == (NOW - 8_000, NOW - 4_000, NOW - 5_000)
    assert shown == Shown(scan=PASS, at_ms=Millis(NOW + 1_000))
    assert admitted.refused == ()


def test_left_before_entered_is_a_moment() -> None:
    (seen,) = admit([(0, heard(NOW, NOW - 5))], 1, TRUE, NOW).seen
    assert (seen.first_ms, seen.last_ms, seen.mac_ms) == (NOW - 5, NOW - 5, None)


def test_without_a_date_a_sighting_waits_for_its_token_and_a_code_is_refused() -> None:
    sighting = heard(0, 5)
    admitted = admit([(3, sighting), (4, PASS)], 7, Undated(), NOW)
    assert (admitted.seen, admitted.undated) == ((), (sighting,))
    assert admitted.refused == (Refused(seq=7, index=4, reason="undated_code"),)


@pytest.mark.parametrize(
    "event",
    [
        heard(NOW - 8 * DAY - 1, NOW),
        heard(NOW, NOW + 300_001),
        Scan(scanner="cam0", at_ms=NOW + 300_001, kind="pass", format="", text=""),
        Scan(scanner="cam0", at_ms=0, kind="number", format="", sealed=""),
        ClockAnchor(boot="0" * 32, boottime_ms=0, wall_ms=NOW - 8 * DAY - 1),
    ],
)
def test_what_cannot_have_been_then_is_refused_by_its_place(event: Event) -> None:
    admitted = admit([(9, event)], 7, TRUE, NOW)
    assert admitted.refused == (Refused(seq=7, index=9, reason="implausible_time"),)
    assert (admitted.seen, admitted.shown) == ((), ())


@pytest.mark.parametrize(
    "event",
    [
        ClockAnchor(boot="0" * 32, boottime_ms=0, wall_ms=NOW),
        StreamStarted(previous=None, previous_last_seq=None, software=""),
    ],
)
def test_other_events_say_nothing_of_anybody(event: Event) -> None:
    admitted = admit([(0, event)], 7, TRUE, NOW)
    assert (admitted.seen, admitted.shown, admitted.refused) == ((), (), ())


def blind(since_ms: int) -> ScannerHealth:
    return ScannerHealth(scanner="hci0", state="blind", since_ms=since_ms, reason="", coverage=0.5)


def test_what_a_scanner_says_of_itself_has_its_true_time() -> None:
    shift = Shift(by_ms=500, err_ms=0)
    (felt,) = admit([(0, blind(NOW - 1_000))], 7, shift, NOW).felt
    assert (felt.health.state, felt.at_ms) == ("blind", NOW - 500)


def test_what_a_scanner_says_of_itself_at_no_time_says_nothing() -> None:
    admitted = admit([(0, blind(NOW))], 7, Undated(), NOW)
    assert (admitted.felt, admitted.refused) == ((), ())


def test_a_scanner_cannot_have_been_blind_before_there_were_events() -> None:
    admitted = admit([(3, blind(0))], 7, TRUE, NOW)
    assert admitted.felt == ()
    assert admitted.refused == (Refused(seq=7, index=3, reason="implausible_time"),)


def test_an_anchor_is_believed_within_the_limits_of_events() -> None:
    def anchor(wall_ms: int) -> ClockAnchor:
        return ClockAnchor(boot="0" * 32, boottime_ms=0, wall_ms=wall_ms)

    assert is_believable(anchor(NOW + 300_000), NOW)
    assert not is_believable(anchor(NOW + 300_001), NOW)


def test_a_stay_dated_by_its_token_keeps_its_length_within_the_window() -> None:
    window = Window(NOW // 900_000 - 1)
    began = window * 900_000

    def dated(first_ms: int, last_ms: int, now_ms: int = NOW) -> tuple[int, int, int | None]:
        seen = dated_by_window(heard(first_ms, last_ms, mac_ms=5), window, Millis(now_ms))
        return seen.first_ms, seen.last_ms, seen.mac_ms

    assert dated(7, 9_007) == (began, began + 9_000, None)
    assert dated(7, 6) == (began, began, None)
    assert dated(0, DAY) == (began, began + 899_999, None)
    assert dated(0, 9_000, began + 5) == (began, began + 5, None)


@given(strategies.batches)
def test_no_event_is_lost_or_counted_twice(batch: Batch) -> None:
    for dating in (TRUE, Undated()):
        for number, event in enumerate(batch.events):
            admitted = admit([(number, event)], 1, dating, NOW)
            kept = [
                *(seen.presence for seen in admitted.seen),
                *admitted.undated,
                *(shown.scan for shown in admitted.shown),
            ]
            told = [each.index for each in admitted.refused]
            if isinstance(event, Presence | Scan):
                assert (kept, told) in (([event], []), ([], [number]))
            else:
                assert not kept
        together = admit(enumerate(batch.events), 1, dating, NOW)
        alone = [admit([each], 1, dating, NOW) for each in enumerate(batch.events)]
        for name in ("seen", "undated", "shown", "refused"):
            assert getattr(together, name) == tuple(
                one for each in alone for one in getattr(each, name)
            )
