from __future__ import annotations

from hashlib import sha256

import pytest

from shopbell_server.core.consent.ledger import Purpose
from shopbell_server.core.consent.texts import texts_of
from shopbell_server.core.consent.words import STANDARD, VERSION, WORDS


def test_there_is_a_text_for_every_purpose_in_both_languages() -> None:
    for purpose in Purpose:
        for language in ("nl", "en"):
            text = STANDARD.of(purpose, language)
            assert (text.purpose, text.language, text.version) == (purpose, language, VERSION)
            assert text.title.strip()
            assert text.text.strip().endswith(".")
            assert "\n" not in text.text


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
