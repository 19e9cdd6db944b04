from __future__ import annotations

from gettext import NullTranslations

import pytest

from shopbell_server.core.board.reason_words import reason_word
from shopbell_server.core.channels.reasons import ReasonKind


@pytest.mark.parametrize("kind", ReasonKind)
def test_every_reason_has_a_word(kind: ReasonKind) -> None:
    assert reason_word(kind, NullTranslations(), ask_first=False)


def test_an_open_complaint_is_said_beside_it() -> None:
    words = reason_word(ReasonKind.PICKUP, NullTranslations(), ask_first=True)
    assert words == "pick-up ready · ask first"
