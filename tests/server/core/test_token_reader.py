from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from shopbell_server.core import token_reader
from shopbell_server.core.ids import Day, DeviceNo, Millis, Window
from shopbell_server.core.token_reader import TokenReader
from shopbell_server.core.token_windows import day_of, window_of
from shopbell_server.core.tokens import Candidate, issue, key_ring
from shopbell_server.crypto import aes_block
from shopbell_wire.messages import Loss, Presence

if TYPE_CHECKING:
    from shopbell_server.core.ff1 import Encrypt
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


class Counted:
    """AES that counts its blocks."""

    def __init__(self) -> None:
        self.blocks = 0

    def __call__(self, key: bytes) -> Encrypt:
        aes = aes_block(key)

        def encrypt(block: bytes) -> bytes:
            self.blocks += 1
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
    assert reader().candidates(heard(id64), NOW, NOW) == (candidate(7),)
    assert reader().candidates(heard(id64, "service-uuid"), NOW, NOW) == (candidate(7),)
    assert candidate(7) in reader().candidates(heard(id32, "ibeacon"), NOW, NOW)
    assert reader().candidates(heard(id64), Millis(NOW + 1_800_000), NOW) == ()


@pytest.mark.parametrize("frame", ["ibeacon", "service-data", "service-uuid", "static"])
@pytest.mark.parametrize("digits", [8, 16, 32, 40])
def test_a_token_of_a_length_that_the_frame_does_not_carry_means_nobody(
    frame: Frame, digits: int
) -> None:
    carried = {"ibeacon": 8, "service-data": 16, "service-uuid": 16}.get(frame)
    aes = Counted()
    means = reader(aes).candidates(heard("0" * digits, frame), NOW, NOW)
    assert (means == ()) or digits == carried
    assert (aes.blocks > 0) or digits != carried


def test_a_token_heard_at_an_unknown_time_is_tried_over_a_day() -> None:
    id32, id64 = tokens(7, WINDOW - 90)
    assert reader().candidates(heard(id64), None, NOW) == (candidate(7, WINDOW - 90),)
    assert reader().candidates(heard(id32, "ibeacon"), None, NOW) == ()


def test_a_token_is_worked_out_once_in_a_window() -> None:
    aes = Counted()
    reads = reader(aes)
    _, id64 = tokens(7)
    first = reads.candidates(heard(id64), NOW, NOW)
    blocks = aes.blocks
    assert reads.candidates(heard(id64, "service-uuid"), Millis(NOW + 1), NOW) == first
    assert aes.blocks == blocks
    reads.candidates(heard(id64), None, NOW)
    tried = aes.blocks
    assert tried > blocks
    reads.candidates(heard(id64), None, Millis(NOW + 1))
    assert aes.blocks == tried


def test_what_is_remembered_is_bounded() -> None:
    aes = Counted()
    reads = reader(aes)
    for number in range(token_reader.MOST_REMEMBERED):
        reads.candidates(heard(f"{number:08x}", "ibeacon"), NOW, NOW)
    blocks = aes.blocks
    reads.candidates(heard("00000000", "ibeacon"), NOW, NOW)
    assert aes.blocks == blocks
    reads.candidates(heard("ffffffff", "ibeacon"), NOW, NOW)
    reads.candidates(heard("00000000", "ibeacon"), NOW, NOW)
    assert aes.blocks > blocks + 10
