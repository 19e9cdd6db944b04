from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopbell_server.core.edges.admission import Seen
from shopbell_server.core.ids import Day, DeviceNo, Millis, Window
from shopbell_server.core.recognition import token_reader
from shopbell_server.core.recognition.ff1 import ROUNDS
from shopbell_server.core.recognition.token_reader import TokenReader
from shopbell_server.core.recognition.tokens import Candidate, issue, key_ring
from shopbell_server.core.token_windows import day_of, window_of
from shopbell_server.crypto import aes_block
from shopbell_wire.messages import Loss, Presence

if TYPE_CHECKING:
    from shopbell_server.core.recognition.ff1 import Encrypt
    from shopbell_wire.messages import Frame

NOW = Millis(1_795_262_837_000)
WINDOW = window_of(NOW)


def heard(token: str, frame: Frame = "service-data") -> Presence:
    return Presence(
        scanner="hci0",
        frame=frame,
        token=token,
        phase="present",
        first_ms=0,
        last_ms=0,
        n=1,
        loss_db=Loss(median=1.0, p10=1.0, last=1.0),
        reason="",
    )


def seen(presence: Presence, at_ms: int = NOW) -> Seen:
    at = Millis(at_ms)
    return Seen(presence=presence, first_ms=at, last_ms=at, mac_ms=None)


def read(reads: TokenReader, presence: Presence, at_ms: int = NOW) -> tuple[Candidate, ...]:
    (reading,) = reads.readings([seen(presence, at_ms)])
    return reading.candidates


def tried(reads: TokenReader, presence: Presence, now_ms: int = NOW) -> tuple[Candidate, ...]:
    (reading,) = reads.readings_of_undated([presence], Millis(now_ms))
    return reading.candidates


class Counted:
    """AES that counts its blocks."""

    def __init__(self) -> None:
        self.blocks = 0

    def __call__(self, key: bytes) -> Encrypt:
        aes = aes_block(key)

        def encrypt(block: bytes) -> bytes:
            self.blocks += len(block) // 16
            return aes(block)

        return encrypt


def reader(aes: Counted | None = None) -> TokenReader:
    day = day_of(NOW)
    return TokenReader(
        key_ring({Day(day - back): bytes([back]) * 32 for back in (0, 1)}, aes or Counted())
    )


def tokens(number: int, window: int = WINDOW) -> tuple[str, str]:
    day = day_of(NOW)
    ring = key_ring({Day(day - back): bytes([back]) * 32 for back in (0, 1)}, aes_block)
    (token,) = issue(ring, DeviceNo(number), [Window(window)])
    return token.id32, token.id64


def candidate(number: int, window: int = WINDOW) -> Candidate:
    return Candidate(device_no=DeviceNo(number), window=Window(window))


def test_a_token_means_whom_it_was_made_for_in_its_window() -> None:
    id32, id64 = tokens(7)
    assert read(reader(), heard(id64)) == (candidate(7),)
    assert read(reader(), heard(id64, "service-uuid")) == (candidate(7),)
    assert candidate(7) in read(reader(), heard(id32, "ibeacon"))
    assert read(reader(), heard(id64), NOW + 1_800_000) == ()


@pytest.mark.parametrize("frame", ["ibeacon", "service-data", "service-uuid", "static"])
@pytest.mark.parametrize("digits", [8, 16, 32, 40])
def test_a_token_of_a_length_that_the_frame_does_not_carry_means_nobody(
    frame: Frame, digits: int
) -> None:
    carried = {"ibeacon": 8, "service-data": 16, "service-uuid": 16}.get(frame)
    aes = Counted()
    reads = reader(aes)
    made = aes.blocks
    means = read(reads, heard("0" * digits, frame))
    assert (means == ()) or digits == carried
    assert (aes.blocks > made) == (digits == carried)


def test_a_token_heard_at_an_unknown_time_is_tried_over_a_day() -> None:
    id32, id64 = tokens(7, WINDOW - 90)
    assert tried(reader(), heard(id64)) == (candidate(7, WINDOW - 90),)
    assert tried(reader(), heard(id32, "ibeacon")) == ()
    assert tried(reader(), heard(id64, "ibeacon")) == ()


def test_a_token_is_worked_out_once_in_a_window() -> None:
    aes = Counted()
    reads = reader(aes)
    _, id64 = tokens(7)
    both = [seen(heard(id64)), seen(heard(id64, "service-uuid"), NOW + 1)]
    first, second = reads.readings(both)
    assert first is second, "what follows from it is then worked out once"
    blocks = aes.blocks
    assert reads.readings(both) == [first, first]
    assert aes.blocks == blocks
    tried(reads, heard(id64))
    after = aes.blocks
    assert after == blocks + 96 * ROUNDS
    tried(reads, heard(id64), NOW + 1)
    assert aes.blocks == after


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(-2_000_000, 2_000_000)), max_size=9))
def test_within_a_minute_the_same_windows_are_on_the_air(asked: list[tuple[int, int]]) -> None:
    events = [seen(heard(tokens(number + 1)[1]), NOW + off) for number, off in asked]
    assert [each.candidates for each in reader().readings(events)] == [
        read(reader(), each.presence, each.last_ms) for each in events
    ]


def test_what_is_remembered_is_bounded() -> None:
    aes = Counted()
    reads = reader(aes)
    many = [
        seen(heard(f"{number:08x}", "ibeacon")) for number in range(token_reader.MOST_REMEMBERED)
    ]
    reads.readings(many)
    blocks = aes.blocks
    reads.readings(many[:1])
    assert aes.blocks == blocks
    more = [*many[:2], seen(heard("ffffffff", "ibeacon"))]
    readings = reads.readings(more)
    assert aes.blocks == blocks + ROUNDS
    assert [each.candidates for each in readings] == [
        read(reader(), each.presence) for each in more
    ]
    reads.readings(more)
    assert aes.blocks == blocks + 3 * ROUNDS, "the others were forgotten"
