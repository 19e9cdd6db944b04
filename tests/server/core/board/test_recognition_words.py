from __future__ import annotations

from typing import get_args

import pytest

from shopbell_server.core.board.recognition_words import recognised, staff_word
from shopbell_server.core.evidence import Carrier, Evidence
from shopbell_server.core.language import Language


@pytest.mark.parametrize(
    ("carrier", "evidence", "zone", "language", "words"),
    [
        (
            "pass",
            Evidence.PASS,
            "entrance",
            "en",
            "checked in with her pass, 14:02, entrance: certain",
        ),
        ("pass", Evidence.PASS, "ingang", "nl", "ingecheckt met haar pas, 14:02, ingang: zeker"),
        ("pass", Evidence.CONFIRMED, None, "en", "confirmed by staff, 14:02: certain"),
        ("ibeacon", Evidence.HINT, "shoes", "en", "her phone is nearby, 14:02, shoes: maybe"),
        (
            "service-data",
            Evidence.SIGNAL,
            None,
            "nl",
            "haar telefoon is in de buurt, 14:02: waarschijnlijk",
        ),
        ("number", Evidence.HINT, "till", "en", "showed a loyalty number, 14:02, till: maybe"),
    ],
)
def test_sentences(
    carrier: Carrier, evidence: Evidence, zone: str | None, language: Language, words: str
) -> None:
    assert recognised(carrier, evidence, "14:02", zone, language) == words


@pytest.mark.parametrize("language", get_args(Language))
@pytest.mark.parametrize("evidence", Evidence)
@pytest.mark.parametrize("carrier", get_args(Carrier))
def test_there_are_words_for_everything(
    carrier: Carrier, evidence: Evidence, language: Language
) -> None:
    words = recognised(carrier, evidence, "14:02", "1st floor", language)
    assert ", 14:02, 1st floor: " in words
    assert staff_word(evidence, language)


def test_badges() -> None:
    assert [staff_word(each, "en") for each in Evidence] == [
        "maybe",
        "nearby",
        "nearby",
        "checked in",
        "confirmed",
    ]
