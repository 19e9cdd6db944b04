from __future__ import annotations

from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopbell_server.core.ids import Day, DeviceNo, Millis, Window
from shopbell_server.core.recognition.tokens import (
    Ambiguous,
    Asked,
    Candidate,
    KeyRing,
    Nobody,
    NoDayKeyError,
    Resolved,
    decide,
    issue,
    key_ring,
    read,
)
from shopbell_server.core.token_windows import candidate_windows, day_of_window, trial_windows
from shopbell_server.crypto import aes_block
from tests.shared import vectors

DAY_KEY = bytes(range(32))
W = Window(1_994_736)
START_MS = W * 900_000
MID_MS = Millis(START_MS + 450_000)
ADA = DeviceNo(10_597_059)
DAY = day_of_window(W)

RING: KeyRing = key_ring({Day(DAY - 1): bytes(32), DAY: DAY_KEY}, aes_block)

DEVICES = st.integers(1, 2**32 - 1).map(DeviceNo)
WINDOWS_OF_THE_DAY = st.integers(DAY * 96, DAY * 96 + 95).map(Window)


def hers(window: int = W) -> Candidate:
    return Candidate(device_no=ADA, window=Window(window))


def candidates(ring: KeyRing, token: str, at_ms: Millis) -> tuple[Candidate, ...]:
    (found,) = read(ring, [(token, candidate_windows(at_ms))])
    return found


def test_vectors() -> None:
    known: dict[str, Any] = vectors("signals.json")
    day = day_of_window(Window(known["window"]))
    ring = key_ring({day: bytes.fromhex(known["day_key"])}, aes_block)
    for row in known["tokens"]:
        device_no, window = DeviceNo(row["device_no"]), Window(row["window"])
        (token,) = issue(ring, device_no, [window])
        assert (token.window, token.id32, token.id64) == (window, row["id32"], row["id64"])
        assert token.id32 == f"{row['major'] << 16 | row['minor']:08x}"
        mid_ms = Millis(window * 900_000 + 450_000)
        for text in (token.id32, token.id64):
            assert candidates(ring, text, mid_ms) == (
                Candidate(device_no=device_no, window=window),
            )


@given(DEVICES, WINDOWS_OF_THE_DAY)
def test_what_was_issued_is_read_back(device_no: DeviceNo, window: Window) -> None:
    (token,) = issue(RING, device_no, [window])
    expected = Candidate(device_no=device_no, window=window)
    mid_ms = Millis(window * 900_000 + 450_000)
    assert candidates(RING, token.id64, mid_ms) == (expected,)
    assert candidates(RING, token.id32, mid_ms) == (expected,)


@given(st.lists(DEVICES, min_size=2, max_size=50, unique=True))
def test_two_devices_never_share_a_token(devices: list[DeviceNo]) -> None:
    tokens = [issue(RING, device_no, [W])[0] for device_no in devices]
    assert len({token.id32 for token in tokens}) == len(devices)
    assert len({token.id64 for token in tokens}) == len(devices)


@pytest.mark.parametrize(
    ("into_ms", "found"),
    [
        (-120_001, False),
        (-120_000, True),
        (0, True),
        (900_000 + 119_999, True),
        (900_000 + 120_000, False),
    ],
)
def test_a_token_counts_in_its_window_and_two_minutes_around(into_ms: int, *, found: bool) -> None:
    (token,) = issue(RING, ADA, [W])
    at_ms = Millis(START_MS + into_ms)
    assert candidates(RING, token.id64, at_ms) == ((hers(),) if found else ())
    assert (hers() in candidates(RING, token.id32, at_ms)) is found


def test_a_token_of_yesterday_or_of_five_windows_on_is_nobodys() -> None:
    for window in (W - 96, W + 5):
        (token,) = issue(RING, ADA, [Window(window)])
        assert candidates(RING, token.id64, MID_MS) == ()
        assert hers() not in candidates(RING, token.id32, MID_MS)


@pytest.mark.parametrize("token", ["00000000", "ffffffff", "12345678"])
def test_a_random_id32_always_means_somebody_whom_the_caller_must_know(token: str) -> None:
    (candidate,) = candidates(RING, token, MID_MS)
    (made,) = issue(RING, candidate.device_no, [W])
    assert made.id32 == token


def test_random_id64s_mean_nobody() -> None:
    dice = Random(20)
    windows = candidate_windows(Millis(START_MS))
    guesses = [(f"{dice.getrandbits(64):016x}", windows) for _ in range(5_000)]
    assert not any(read(RING, guesses))


@given(st.integers(0, 63))
def test_an_id64_with_one_bit_turned_is_nobodys(bit: int) -> None:
    (token,) = issue(RING, ADA, [W])
    turned = f"{int(token.id64, 16) ^ 1 << bit:016x}"
    assert candidates(RING, turned, MID_MS) == ()


def test_the_number_zero_is_no_device() -> None:
    ciphers = RING[DAY]
    assert candidates(RING, f"{ciphers.id32.encrypt([W], [0])[0]:08x}", MID_MS) == ()
    assert candidates(RING, f"{ciphers.id64.encrypt([W], [0])[0]:016x}", MID_MS) == ()


@pytest.mark.parametrize("token", ["ab" * 16, "ab" * 20], ids=["16 bytes", "20 bytes"])
def test_the_id_of_a_static_carrier_is_no_token(token: str) -> None:
    assert candidates(RING, token, MID_MS) == ()


def test_without_its_day_key_a_token_means_nothing_any_more() -> None:
    (token,) = issue(RING, ADA, [W])
    for text in (token.id32, token.id64):
        assert candidates(key_ring({}, aes_block), text, MID_MS) == ()


def test_at_midnight_both_days_are_tried() -> None:
    midnight_ms = Millis(DAY * 86_400_000)
    last = Window(DAY * 96 - 1)
    (token,) = issue(RING, ADA, [last])
    assert candidates(RING, token.id64, midnight_ms) == (hers(last),)


def test_issuing_without_a_day_key_is_an_error_that_names_the_day() -> None:
    with pytest.raises(NoDayKeyError, match=f"no key for day {DAY + 1}"):
        issue(RING, ADA, range(W, W + 96))


@pytest.mark.parametrize("device_no", [0, -1, 2**32])
def test_a_device_number_is_32_bits_and_not_zero(device_no: int) -> None:
    with pytest.raises(ValueError, match="32 bits"):
        issue(RING, DeviceNo(device_no), [W])


def test_a_day_key_has_32_bytes() -> None:
    with pytest.raises(ValueError, match="32 bytes, not 16"):
        key_ring({DAY: bytes(16)}, aes_block)


def test_an_undated_id64_proves_its_own_time() -> None:
    (token,) = issue(RING, ADA, [Window(W - 40)])
    assert read(RING, [(token.id64, trial_windows(MID_MS))]) == [(hers(W - 40),)]
    (older,) = issue(RING, ADA, [Window(W - 96)])
    assert read(RING, [(older.id64, trial_windows(MID_MS))]) == [()]


def test_tokens_read_together_mean_what_they_mean_alone() -> None:
    dice = Random(5)
    asked: list[Asked] = []
    for window in range(W - 100, W + 1):
        (token,) = issue(
            RING, DeviceNo(dice.getrandbits(31) + 1), [Window(max(window, DAY * 96 - 96))]
        )
        others = (window, window + 1, window - 1)
        asked += [
            (token.id32, others),
            (token.id64, others),
            (f"{dice.getrandbits(64):016x}", others),
        ]
    asked += [("ab" * 16, (W,)), ("0" * 8, ())]
    dice.shuffle(asked)
    assert read(RING, asked) == [read(RING, [each])[0] for each in asked]


def test_tokens_come_in_the_order_of_their_windows() -> None:
    windows = [Window(each) for each in (W, DAY * 96 - 1, W - 1, W)]
    assert [token.window for token in issue(RING, ADA, windows)] == windows
    assert issue(RING, ADA, []) == []


def test_nothing_accepted_is_nobody() -> None:
    assert decide([]) == Nobody()


def test_one_device_accepted_is_that_device_in_its_likeliest_window() -> None:
    assert decide([hers()]) == Resolved(candidate=hers())
    assert decide([hers(), hers(W + 1)]) == Resolved(candidate=hers())


def test_two_devices_accepted_are_never_guessed_between() -> None:
    other = Candidate(device_no=DeviceNo(2), window=Window(W + 1))
    assert decide([hers(), other]) == Ambiguous(candidates=(hers(), other))


def test_no_traceback_shows_a_token() -> None:
    (token,) = issue(RING, ADA, [W])
    assert token.id32 not in repr(token)
    assert token.id64 not in repr(token)
