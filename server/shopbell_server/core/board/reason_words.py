"""Why she may want help, in a word or two: "pick-up ready".

Owns: the words, in English; whoever says them translates them.
Never: which reason it is (`core.channels.reasons`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shopbell_server.core.channels.reasons import ReasonKind
from shopbell_server.core.language import N_

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shopbell_server.core.language import Speech

_WORDS: Final[Mapping[ReasonKind, str]] = {
    ReasonKind.PICKUP: N_("pick-up ready"),
    ReasonKind.APPOINTMENT: N_("appointment"),
    ReasonKind.RETURN: N_("return"),
    ReasonKind.RESERVATION: N_("reservation"),
    ReasonKind.COMPLAINT: N_("open complaint"),
}


_ASK_FIRST: Final = N_("ask first")


def reason_word(kind: ReasonKind, speech: Speech, *, ask_first: bool) -> str:
    """Return the one or two words of a kind of reason, and that a complaint of hers is open."""
    word = speech.gettext(_WORDS[kind])
    return f"{word} · {speech.gettext(_ASK_FIRST)}" if ask_first else word
