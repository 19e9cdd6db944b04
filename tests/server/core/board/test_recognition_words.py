from __future__ import annotations

from gettext import NullTranslations
from typing import TYPE_CHECKING, get_args

import pytest

from shopbell_server.catalogues import shipped
from shopbell_server.core.board.recognition_words import recognised, staff_word
from shopbell_server.core.evidence import Carrier, Evidence

if TYPE_CHECKING:
    from shopbell_server.core.language import Speech

EN = NullTranslations()
"""English is what stands in the sources."""

NL = shipped().voice("nl")


@pytest.mark.parametrize(
    ("carrier", "evidence", "zone", "speech", "words"),
    [
        (
            "pass",
            Evidence.PASS,
            "entrance",
            EN,
            "checked in with her pass, 14:02, entrance: certain",
        ),
        ("pass", Evidence.PASS, "ingang", NL, "ingecheckt met haar pas, 14:02, ingang: zeker"),
        ("pass", Evidence.CONFIRMED, None, EN, "confirmed by staff, 14:02: certain"),
        ("ibeacon", Evidence.HINT, "shoes", EN, "her phone is nearby, 14:02, shoes: maybe"),
        (
            "service-data",
            Evidence.SIGNAL,
            None,
            NL,
            "haar telefoon is in de buurt, 14:02: waarschijnlijk",
        ),
        ("number", Evidence.HINT, "till", EN, "showed a loyalty number, 14:02, till: maybe"),
    ],
)
def test_sentences(
    carrier: Carrier, evidence: Evidence, zone: str | None, speech: Speech, words: str
) -> None:
    assert recognised(carrier, evidence, "14:02", zone, speech) == words


@pytest.mark.parametrize("speech", [NL, EN])
@pytest.mark.parametrize("evidence", Evidence)
@pytest.mark.parametrize("carrier", get_args(Carrier))
def test_there_are_words_for_everything(
    carrier: Carrier, evidence: Evidence, speech: Speech
) -> None:
    words = recognised(carrier, evidence, "14:02", "1st floor", speech)
    assert ", 14:02, 1st floor: " in words
    assert staff_word(evidence, speech)


def test_badges() -> None:
    assert [staff_word(each, EN) for each in Evidence] == [
        "maybe",
        "nearby",
        "nearby",
        "checked in",
        "confirmed",
    ]
