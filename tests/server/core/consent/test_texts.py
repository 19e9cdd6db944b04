from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest

from shopbell_server.core.consent.ledger import Purpose
from shopbell_server.core.consent.texts import ConsentText, texts_of
from shopbell_server.core.consent.words import STANDARD, VERSION, WORDS

if TYPE_CHECKING:
    from shopbell_server.core.consent.texts import ConsentTexts


def test_there_is_a_text_for_every_purpose_in_both_languages() -> None:
    for purpose in Purpose:
        for language in ("nl", "en"):
            text = STANDARD.of(purpose, language)
            assert (text.purpose, text.language, text.version) == (purpose, language, VERSION)
            assert text.title.strip()
            assert text.text.strip().endswith(".")
            assert "\n" not in text.text


def test_who_reads_another_language_gets_the_english_text() -> None:
    assert STANDARD.of(Purpose.MESSAGES, "de") == STANDARD.of(Purpose.MESSAGES, "en")


def test_the_hash_is_of_what_she_reads() -> None:
    text = STANDARD.of(Purpose.MESSAGES, "en")
    assert text.sha256 == sha256(f"{text.title}\n{text.text}".encode()).hexdigest()


def test_texts_that_differ_have_another_hash() -> None:
    hashes = {text.sha256 for text in STANDARD.texts.values()}
    assert len(hashes) == 2 * len(Purpose)


def test_a_set_that_lacks_a_text_is_none() -> None:
    lacking = dict(WORDS)
    lacking[Purpose.MESSAGES] = {"nl": WORDS[Purpose.MESSAGES]["nl"]}
    with pytest.raises(ValueError, match=r"no text for: messages \(en\)$"):
        texts_of("1", lacking)


OLD = ConsentText(
    purpose=Purpose.MESSAGES, language="de", version="2025", title="Nachrichten", text="Darf man?"
)
MINE = replace(STANDARD, more=(OLD,), complete=True)


def test_what_she_may_have_read_is_known() -> None:
    shown = STANDARD.of(Purpose.MESSAGES, "nl")
    for texts in (STANDARD, MINE):
        assert texts.why_unknown(shown.purpose, shown.version, shown.sha256) is None
    assert MINE.why_unknown(OLD.purpose, OLD.version, OLD.sha256) is None


@pytest.mark.parametrize("texts", [STANDARD, MINE], ids=["shipped", "the retailer's"])
def test_a_version_that_is_known_has_the_texts_that_it_has(texts: ConsentTexts) -> None:
    other = STANDARD.of(Purpose.SHOW_TO_STAFF, "nl").sha256
    for sha in ("00" * 32, other):
        wrong = texts.why_unknown(Purpose.MESSAGES, VERSION, sha)
        assert wrong is not None
        assert "/v1/app/consent-texts" in wrong
        assert "texts_file" in wrong


def test_beside_the_texts_of_a_retailer_there_are_none() -> None:
    assert MINE.why_unknown(Purpose.MESSAGES, "2024", "00" * 32) is not None
    assert MINE.why_unknown(Purpose.MESSAGES, "2024", OLD.sha256) is not None
    assert MINE.why_unknown(Purpose.SHOW_TO_STAFF, OLD.version, OLD.sha256) is not None


def test_an_app_whose_texts_nobody_named_may_have_its_own() -> None:
    assert STANDARD.why_unknown(Purpose.MESSAGES, "2024", "00" * 32) is None
