from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopbell_server.core.ids import CardRef, Millis
from shopbell_server.core.recognition.passes import (
    Accepted,
    PassCode,
    Refused,
    ahead,
    card_ref,
    named_card,
    parse,
    pass_text,
    totp,
    verify,
)
from tests.shared import vectors

SECRET = b"12345678901234567890"
CARD = CardRef("K7Q2M9X4TR3WA")
UNIX = 1_795_262_820  # the beginning of a step

EXPECTED: dict[str, Accepted | Refused | None] = {
    "accepted": Accepted(step=UNIX // 30),
    "refused: stale": Refused(reason="stale"),
    "refused: from the future": Refused(reason="from_the_future"),
    "refused: wrong": Refused(reason="wrong"),
    "unknown: not one of ours": None,
}


def verified(text: str, scanned_ms: int) -> Accepted | Refused | None:
    code = parse(text)
    return None if code is None else verify(code, SECRET, Millis(scanned_ms))


def test_vectors() -> None:
    known: dict[str, Any] = vectors("passes.json")
    secret = bytes.fromhex(known["secret_hex"])
    for unix, code in known["rfc6238"]:
        assert totp(secret, unix) == code
    for example in known["examples"]:
        expected = EXPECTED[example["expect"].partition(" (")[0]]
        assert verified(example["text"], example["scanned_at"] * 1000) == expected


@pytest.mark.parametrize(
    ("unix", "code"), [(59, "94287082"), (1_111_111_109, "07081804"), (20_000_000_000, "65353130")]
)
def test_rfc_6238(unix: int, code: str) -> None:
    assert totp(SECRET, unix) == code


@pytest.mark.parametrize(
    ("shown_s", "scanned_s", "expected"),
    [
        (0, -31, Refused(reason="from_the_future")),
        (0, -29, Accepted(step=UNIX // 30)),
        (29, 31, Accepted(step=UNIX // 30)),
        (0, 59, Accepted(step=UNIX // 30)),
        (29, 60, Refused(reason="stale")),
    ],
)
def test_a_code_counts_for_its_step_and_its_neighbours(
    shown_s: int, scanned_s: int, expected: Accepted | Refused
) -> None:
    text = pass_text(CARD, SECRET, UNIX + shown_s)
    assert verified(text, (UNIX + scanned_s) * 1000) == expected


def test_every_scan_of_one_code_names_the_same_step() -> None:
    text = pass_text(CARD, SECRET, UNIX)
    assert verified(text, UNIX * 1000) == verified(text, (UNIX + 40) * 1000)


def test_another_cards_code_is_wrong_however_old() -> None:
    text = pass_text(CARD, b"another secret, ....", UNIX)
    for scanned_s in (UNIX, UNIX + 10_000):
        assert verified(text, scanned_s * 1000) == Refused(reason="wrong")


def test_a_pass_has_37_characters_and_is_read_back() -> None:
    text = pass_text(CARD, SECRET, UNIX)
    assert len(text) == 37
    assert parse(text) == PassCode(card=CARD, unix=UNIX, totp="48775424")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "SB1.K7Q2M9X4TR3WA.1795262820.4877542",
        "SB1.K7Q2M9X4TR3WA.1795262820.487754240",
        "SB1.K7Q2M9X4TR3WA.1795262820.48775424\n",
        " SB1.K7Q2M9X4TR3WA.1795262820.48775424",
        "SB1.K7Q2M9X4TR3W.1795262820.48775424",
        "SB1.k7q2m9x4tr3wa.1795262820.48775424",
        "SB1.K7Q2M9X4TR3WI.1795262820.48775424",
        "SB1.K7Q2M9X4TR3WA.-795262820.48775424",
        "SB1.K7Q2M9X4TR3WA.179526282000.48775424",
        "SB1.K7Q2M9X4TR3WA.１７９５２６２８２０.48775424",  # noqa: RUF001  (the full-width digits are the point)
        "SB1.K7Q2M9X4TR3WA.1795262820.٤٨٧٧٥٤٢٤",
        "SB2.K7Q2M9X4TR3WA.1795262820.48775424",
        "' OR 1=1--",
        "https://evil.example/SB1.K7Q2M9X4TR3WA.1795262820.48775424",
    ],
)
def test_what_is_not_exactly_a_pass_is_none(text: str) -> None:
    assert parse(text) is None


@given(st.text(max_size=60))
def test_any_text_is_a_pass_or_none(text: str) -> None:
    code = parse(text)
    assert code is None or text == f"SB1.{code.card}.{code.unix:0{len(text) - 27}d}.{code.totp}"


@given(st.lists(st.integers(0, 2**64 - 1), min_size=2, max_size=2, unique=True))
def test_different_bits_give_different_cards_that_a_pass_can_carry(bits: list[int]) -> None:
    one, other = (card_ref(each) for each in bits)
    assert one != other
    assert parse(pass_text(one, SECRET, UNIX)) is not None


def test_card_references_use_all_64_bits() -> None:
    assert (card_ref(0), card_ref(2**64 - 1)) == ("0" * 13, "Z" * 12 + "Y")


@pytest.mark.parametrize("bits", [-1, 2**64])
def test_a_card_reference_is_made_of_64_bits(bits: int) -> None:
    with pytest.raises(ValueError, match="64 bits"):
        card_ref(bits)


def test_no_traceback_shows_a_code() -> None:
    code = parse(pass_text(CARD, SECRET, UNIX))
    assert code is not None
    assert code.totp not in repr(code)


@pytest.mark.parametrize(
    "text", [CARD, "k7q2m9x4tr3wa", f" {CARD}\r\n", pass_text(CARD, SECRET, UNIX)]
)
def test_a_till_names_a_card_by_its_reference_or_by_its_pass(text: str) -> None:
    assert named_card(text) == CARD


@pytest.mark.parametrize(
    "text",
    ["", "loyalty-12345", CARD[:-1], f"{CARD}0", "K7Q2M9X4TR3WU", f"SB1.{CARD}", f"SB1.{CARD}.x.1"],
)
def test_what_is_no_card_of_ours_names_nobody(text: str) -> None:
    assert named_card(text) is None


@given(st.integers(0, 4_000_000_000_000))
def test_the_passes_of_ten_minutes_follow_one_another_and_each_is_right_in_its_time(
    now_ms: int,
) -> None:
    shown = ahead(CARD, SECRET, Millis(now_ms))
    assert shown[0].from_ms <= now_ms < shown[0].from_ms + 30_000
    assert all(later.from_ms - each.from_ms == 30_000 for each, later in pairwise(shown))
    assert shown[-1].from_ms + 30_000 - now_ms >= 600_000
    for each in shown:
        code = parse(each.text)
        assert code is not None
        assert verify(code, SECRET, Millis(each.from_ms + 29_999)) == Accepted(
            step=each.from_ms // 30_000
        )
        assert each.text not in repr(each)
