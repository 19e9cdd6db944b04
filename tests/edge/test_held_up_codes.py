"""What people hold up that is no code of ours, or a wrong one: through a serial line to the spool.

The cases are those of the catalogue of bad input (codes 45 to 60), each by its number, in the form that a
pass has here: `SB1.{card}.{unix}.{totp}`. What only the server can tell (an unknown card, a code of
another card, one used before) leaves the edge as a pass in the right form, and is refused there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from shopbell_edge.core.answering import Answer
from tests.rigs.till import open_till
from tests.rigs.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

NOON_S: Final = 1_795_262_400
"""The time at the till, by a synchronized clock."""

CARD: Final = "K7Q2M9X4TR3WA"


def shown(card: str = CARD, unix_s: int | str = NOON_S, totp: str = "48775424") -> bytes:
    return f"SB1.{card}.{unix_s}.{totp}\r".encode()


MALFORMED: Final = [
    (45, "letters in lower case", shown(CARD.lower())),
    (45, "a space", shown(CARD[:-1] + " ")),
    (45, "a letter that no base32 has", shown(CARD[:-1] + "$")),
    (46, "a time beyond its ten digits", shown(unix_s=99_999_999_999)),
    (46, "a time before there were passes", shown(unix_s="0000000001")),
    (47, "cut short by one", shown(totp="4877542")),
    (47, "longer by one", shown(totp="487754240")),
    (47, "no more than the lead", b"SB1.\r"),
    (53, "a card of nothing", shown(card="")),
    (60, "half a scan and the next one in one line", b"SB1.K7Q2M9" + shown()),
]

COUNTED: Final = [
    (45, "the lead in lower case", b"sb1." + shown()[4:], "not_ours"),
    (54, "EAN-13 with a wrong check digit", b"2912345678907\r", "not_ours"),
    (54, "zeros of another article", b"00000000\r", "not_ours"),
    (55, "Ctrl-O", b"K12345\x0f789\r", "charset"),
    (55, "ESC", b"\x1b[2JK12345\r", "charset"),
    (55, "FNC1 as GS", b"K123\x1d456789\r", "charset"),
    (55, "Ctrl-C", b"\x03K123456789\r", "charset"),
    (55, "Ctrl-Z, Ctrl-D, Ctrl-S, Ctrl-backslash", b"\x1a\x04\x13\x1c\r", "charset"),
    (56, "7 089 digits", b"7" * 7089 + b"\r", "too_long"),
    (57, "an address", b"https://evil.example/\r", "not_ours"),
    (57, "a script", b"javascript:alert(1)\r", "not_ours"),
    (57, "a network", b"WIFI:S:shop;T:WPA;P:x;;\r", "not_ours"),
    (57, "the lead of another scheme", b"ISR1:ABC\r", "not_ours"),
    (58, "SQL", b"' OR 1=1--\r", "not_ours"),
    (58, "a formula", b'=HYPERLINK("http://evil.example")\r', "not_ours"),
    (59, "digits of another script", "\uff12\uff19\uff11\r".encode(), "charset"),
    (59, "digits of another script in a pass", shown(totp="4877542\uff14"), "charset"),
]

KEPT: Final = [
    (48, "a card that nobody issued", shown("ZZZZZZZZZZZZZ")),
    (49, "the code of another card", shown(totp="00000000")),
    (50, "29 s ahead", shown(unix_s=NOON_S + 29)),
    (50, "31 s ahead, which the server refuses", shown(unix_s=NOON_S + 31)),
    (50, "90 s old, which the server refuses", shown(unix_s=NOON_S - 90)),
    (53, "a card of zeros", shown("0" * 13)),
]


@pytest.mark.parametrize(("number", "what", "said"), MALFORMED)
async def test_a_pass_in_another_form_is_refused_and_she_is_told(
    tmp_path: Path, number: int, what: str, said: bytes
) -> None:
    async with open_till(tmp_path / "gun") as till:
        till.gun.send(said)
        await till.counted("malformed_pass")
        await until(f"{number}: {what}", lambda: till.feedback.given == [Answer.NOT_GOOD])
        assert till.scans == []


@pytest.mark.parametrize(("number", "what", "said", "why"), COUNTED)
async def test_what_is_none_of_ours_is_counted_and_nothing_else(
    tmp_path: Path, number: int, what: str, said: bytes, why: str
) -> None:
    async with open_till(tmp_path / "gun") as till:
        till.gun.send(said)
        await till.counted(why)
        till.gun.send(shown())
        await till.counted("pass")
        await until(f"{number}: {what}", lambda: till.feedback.given == [Answer.GOOD])
        assert till.tally.codes == {("gun", why): 1, ("gun", "pass"): 1}
        assert till.scans == [shown().decode().strip()]
        assert till.gun.heard() == b""


@pytest.mark.parametrize(("number", "what", "said"), KEPT)
async def test_what_only_the_server_can_judge_is_kept_for_it(
    tmp_path: Path, number: int, what: str, said: bytes
) -> None:
    async with open_till(tmp_path / "gun") as till:
        till.gun.send(said)
        await until(f"{number}: {what}", lambda: till.feedback.given == [Answer.GOOD])
        assert till.scans == [said.decode().strip()]


async def test_51_a_second_scan_of_the_same_code_has_no_second_effect(tmp_path: Path) -> None:
    async with open_till(tmp_path / "gun") as till:
        for times in (1, 2):
            till.gun.send(shown())
            await until("told", lambda: till.feedback.given == [Answer.GOOD] * times)  # noqa: B023  awaited here
        assert len(till.scans) == 1


async def test_52_a_pass_that_expired_asks_to_be_refreshed(tmp_path: Path) -> None:
    async with open_till(tmp_path / "gun") as till:
        till.gun.send(shown(unix_s=NOON_S - 91))
        await till.counted("stale")
        await until("told", lambda: till.feedback.given == [Answer.REFRESH])
        assert till.scans == []


@pytest.mark.parametrize(
    ("said", "why"), [(b"]E02912345678907\r", "check_digit"), (b"0000000000000\r", "zeros")]
)
async def test_54_a_number_of_ours_that_cannot_be_is_refused_and_she_is_told(
    tmp_path: Path, said: bytes, why: str
) -> None:
    async with open_till(tmp_path / "gun") as till:
        till.gun.send(said)
        await till.counted(why)
        await until("told", lambda: till.feedback.given == [Answer.NOT_GOOD])
        assert till.scans == []


async def test_60_half_a_scan_and_the_next_one_after_a_while_are_both_refused(
    tmp_path: Path,
) -> None:
    async with open_till(tmp_path / "gun", gap_s=0.05) as till:
        till.gun.send(b"SB1.K7Q2M9")
        await till.counted("cut")
        till.gun.send(shown())
        await till.counted("cut", 2)
        till.gun.send(shown())
        await till.counted("pass")
        await until(
            "told",
            lambda: till.feedback.given == [Answer.NOT_GOOD, Answer.NOT_GOOD, Answer.GOOD],
        )
        assert len(till.scans) == 1
