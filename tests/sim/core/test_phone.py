from __future__ import annotations

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from shopbell_server.core.recognition import frame_trust
from shopbell_sim.core.phone import (
    PHONE_SD_DB,
    Identity,
    PhoneModel,
    Token,
    draw_model,
    frames,
    mac32,
    next_due_s,
    next_turn_s,
)

NOW_S = 1_795_262_837.0
WINDOW = int(NOW_S // 900)
IDENTITY = Identity(
    retailer_uuid="6f2a1c5e-9b7d-4e03-a1c4-0f5d2e8b7a61",
    prefix="5bb0e111",
    power_dbm=-59,
    mac_key=bytes(16),
    tokens={
        WINDOW: Token(id32="2ca154c2", id64="21c1e4c0ef871e9e"),
        WINDOW + 1: Token(id32="645d4970", id64="7b96cc3be32eff27"),
    },
)
ANDROID = PhoneModel(platform="android", name="a", offset_db=0, interval_ms=250)
IPHONE = PhoneModel(platform="ios", name="i", offset_db=0, interval_ms=250)


def test_each_platform_sends_what_it_can() -> None:
    assert [each.frame for each in frames(ANDROID, IDENTITY, NOW_S)] == ["service-data", "ibeacon"]
    assert [each.frame for each in frames(IPHONE, IDENTITY, NOW_S)] == ["service-uuid", "ibeacon"]


def test_the_token_changes_with_the_window() -> None:
    now, later = frames(ANDROID, IDENTITY, NOW_S), frames(ANDROID, IDENTITY, NOW_S + 900)
    assert all(one.payload != other.payload for one, other in zip(now, later, strict=True))


def test_the_mac_changes_with_the_minute() -> None:
    now, later = frames(IPHONE, IDENTITY, NOW_S), frames(IPHONE, IDENTITY, NOW_S + 60)
    assert now[0].payload != later[0].payload
    assert now[1].payload == later[1].payload


def test_a_phone_without_a_token_for_now_is_silent() -> None:
    assert frames(ANDROID, IDENTITY, NOW_S + 3 * 900) == ()


def test_no_token_is_in_what_an_identity_says_of_itself() -> None:
    assert "2ca154c2" not in repr(IDENTITY)
    assert "21c1e4c0ef871e9e" not in repr(IDENTITY.tokens[WINDOW])


@given(
    key=st.binary(min_size=16, max_size=16),
    id64=st.binary(min_size=8, max_size=8).map(bytes.hex),
    minute=st.integers(0, 2**32 - 1),
)
def test_the_server_takes_the_mac_for_what_it_is(key: bytes, id64: str, minute: int) -> None:
    assert mac32(key, id64, minute) == frame_trust.mac32(key, id64, minute)


@given(seed=st.integers(), last_s=st.floats(0, 2e9), interval_ms=st.floats(20, 10_240))
def test_a_frame_comes_again_after_its_interval_and_up_to_10_ms(
    seed: int, last_s: float, interval_ms: float
) -> None:
    gap_s = next_due_s(Random(seed), last_s, interval_ms) - last_s
    assert interval_ms / 1000 - 1e-6 <= gap_s <= (interval_ms + 10) / 1000 + 1e-6


@given(seed=st.integers())
def test_drawn_phones_are_phones_that_are_sold(seed: int) -> None:
    model = draw_model(Random(seed))
    assert abs(model.offset_db) <= 2 * PHONE_SD_DB
    assert 4 <= next_turn_s(Random(seed), on=False) < next_turn_s(Random(seed), on=True) <= 60
