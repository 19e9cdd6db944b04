from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopbell_server.core.evidence import Evidence
from shopbell_server.core.ids import Millis
from shopbell_server.core.recognition.frame_trust import evidence_of, mac32, mac_is_fresh
from tests.shared import vectors

if TYPE_CHECKING:
    from shopbell_wire.messages import Frame

KEY = bytes(range(16))
ID64 = "cc29adc3d2de5cf4"
MINUTE = 29_921_047
MAC = "424fcc11"


def test_vector() -> None:
    frames = vectors("signals.json")["frames"]
    uuid = UUID(frames["service_uuid"]).hex
    key, at_s = bytes.fromhex(frames["device_key"]), frames["at_s"]
    assert mac32(key, uuid[8:24], at_s // 60) == uuid[24:]
    assert mac_is_fresh(key, uuid[8:24], uuid[24:], Millis(at_s * 1000))


@pytest.mark.parametrize(
    ("minutes_later", "fresh"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)]
)
def test_a_mac_lives_for_its_minute_and_its_neighbours(minutes_later: int, *, fresh: bool) -> None:
    heard_ms = Millis((MINUTE + minutes_later) * 60_000 + 59_999)
    assert mac_is_fresh(KEY, ID64, MAC, heard_ms) is fresh


def test_ten_minutes_old_is_stale() -> None:
    assert not mac_is_fresh(KEY, ID64, MAC, Millis((MINUTE + 10) * 60_000))


@given(st.integers(0, 31))
def test_one_bit_turned_is_not_fresh(bit: int) -> None:
    turned = f"{int(MAC, 16) ^ 1 << bit:08x}"
    assert not mac_is_fresh(KEY, ID64, turned, Millis(MINUTE * 60_000))


def test_a_mac_belongs_to_one_token_and_one_key() -> None:
    at_ms = Millis(MINUTE * 60_000)
    assert not mac_is_fresh(KEY, "cc29adc3d2de5cf5", MAC, at_ms)
    assert not mac_is_fresh(bytes(16), ID64, MAC, at_ms)


def test_the_first_minute_ever_has_no_minute_before_it() -> None:
    assert mac_is_fresh(KEY, ID64, mac32(KEY, ID64, 0), Millis(0))


@pytest.mark.parametrize(
    ("frame", "mac_fresh", "evidence"),
    [
        ("ibeacon", False, Evidence.HINT),
        ("ibeacon", True, Evidence.HINT),
        ("static", False, Evidence.HINT),
        ("service-data", False, Evidence.SIGNAL),
        ("service-data", True, Evidence.SIGNAL),
        ("service-uuid", False, Evidence.SIGNAL),
        ("service-uuid", True, Evidence.FRESH),
    ],
)
def test_what_a_frame_is_worth(frame: Frame, *, mac_fresh: bool, evidence: Evidence) -> None:
    assert evidence_of(frame, mac_fresh=mac_fresh) is evidence
