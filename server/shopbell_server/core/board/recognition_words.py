"""How she was recognised, in words: "checked in with her pass, 14:02, entrance: certain".

Owns: the sentence, in the languages of the board.
Never: times and names of zones: both come as staff read them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shopbell_server.core.evidence import Carrier, Evidence

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shopbell_server.core.language import Language

_PHONE: Final[Mapping[Language, str]] = {
    "en": "her phone is nearby",
    "nl": "haar telefoon is in de buurt",
}

_HOW: Final[Mapping[Carrier, Mapping[Language, str]]] = {
    "pass": {"en": "checked in with her pass", "nl": "ingecheckt met haar pas"},
    "number": {"en": "showed a loyalty number", "nl": "toonde een klantnummer"},
    "app": {"en": "her app says that she is here", "nl": "haar app zegt dat ze hier is"},
    "app-exit": {"en": "her app says that she left", "nl": "haar app zegt dat ze weg is"},
    "static": {"en": "her tag is nearby", "nl": "haar tag is in de buurt"},
    "ibeacon": _PHONE,
    "service-data": _PHONE,
    "service-uuid": _PHONE,
}

_CONFIRMED: Final[Mapping[Language, str]] = {
    "en": "confirmed by staff",
    "nl": "bevestigd door een medewerker",
}

_HOW_SURE: Final[Mapping[Evidence, Mapping[Language, str]]] = {
    Evidence.HINT: {"en": "maybe", "nl": "misschien"},
    Evidence.SIGNAL: {"en": "probably", "nl": "waarschijnlijk"},
    Evidence.FRESH: {"en": "almost certain", "nl": "bijna zeker"},
    Evidence.PASS: {"en": "certain", "nl": "zeker"},
    Evidence.CONFIRMED: {"en": "certain", "nl": "zeker"},
}

_STAFF_WORD: Final[Mapping[Evidence, Mapping[Language, str]]] = {
    Evidence.HINT: {"en": "maybe", "nl": "misschien"},
    Evidence.SIGNAL: {"en": "nearby", "nl": "in de buurt"},
    Evidence.FRESH: {"en": "nearby", "nl": "in de buurt"},
    Evidence.PASS: {"en": "checked in", "nl": "ingecheckt"},
    Evidence.CONFIRMED: {"en": "confirmed", "nl": "bevestigd"},
}


def recognised(
    carrier: Carrier, evidence: Evidence, at: str, zone: str | None, language: Language
) -> str:
    """Return the sentence. `at` is the local time as text, `zone` the name of the zone, if known."""
    how = _CONFIRMED if evidence is Evidence.CONFIRMED else _HOW[carrier]
    where_and_when = ", ".join(part for part in (how[language], at, zone) if part)
    return f"{where_and_when}: {_HOW_SURE[evidence][language]}"


def staff_word(evidence: Evidence, language: Language) -> str:
    """Return the one or two words of a badge: "maybe", "nearby", "checked in", "confirmed"."""
    return _STAFF_WORD[evidence][language]
