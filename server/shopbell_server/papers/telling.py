"""Facts in words: times, limits, recipients, measures.

Owns: how a value is said in a language.
Never: which values there are (`facts`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from shopbell_server.core.access.staff_session import SESSION_MS
from shopbell_server.core.audit.chain import KEPT_MS as AUDIT_KEPT_MS
from shopbell_server.core.recognition.loyalty_numbers import MOST_UNKNOWN
from shopbell_server.core.recognition.passes import STEP_S
from shopbell_server.core.token_windows import KEY_DAYS_AFTER, KEY_DAYS_AHEAD
from shopbell_server.papers.shared_words import KEPT, SHARED, UNTIL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shopbell_server.core.language import DocumentLanguage
    from shopbell_server.papers.facts import Facts
    from shopbell_server.papers.kept import Kept
    from shopbell_server.papers.shared_words import Words

_UNITS: Final[tuple[tuple[int, dict[DocumentLanguage, tuple[str, str]]], ...]] = (
    (86_400_000, {"nl": ("dag", "dagen"), "en": ("day", "days")}),
    (3_600_000, {"nl": ("uur", "uur"), "en": ("hour", "hours")}),
    (60_000, {"nl": ("minuut", "minuten"), "en": ("minute", "minutes")}),
    (1_000, {"nl": ("seconde", "seconden"), "en": ("second", "seconds")}),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptRow:
    """What is kept, and how long."""

    what: str
    how_long: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipientRow:
    """A recipient in words; without `who` somebody has to write it down."""

    name: str
    how: str
    as_whom: str
    who: str | None


def in_language(words: Words, language: DocumentLanguage) -> dict[str, str]:
    """Return all of `words` in `language`."""
    return {key: texts[language] for key, texts in words.items()}


def span(ms: int, language: DocumentLanguage) -> str:
    """Return a time in the largest unit that says it exactly: "15 days", "24 hours", "1 day" is 24 hours."""
    for unit_ms, names in _UNITS:
        count, rest = divmod(ms, unit_ms)
        # A single day is said in hours: "one day" may be read as a calendar's.
        if rest == 0 and count > (unit_ms == _UNITS[0][0]):
            return f"{count} {names[language][count != 1]}"
    return f"{ms / 1000:g} {_UNITS[-1][1][language][1]}"


def kept_rows(facts: Facts, language: DocumentLanguage) -> Sequence[KeptRow]:
    """Return what is kept and how long."""
    return [
        KeptRow(what=KEPT[each.what][language], how_long=_how_long(each, language))
        for each in facts.kept
    ]


def _how_long(kept: Kept, language: DocumentLanguage) -> str:
    if kept.for_ms is None:
        return UNTIL[kept.what][language]
    if kept.for_ms == 0:
        return in_language(SHARED, language)["never_stored"]
    return span(kept.for_ms, language)


def whom(facts: Facts, language: DocumentLanguage) -> Sequence[RecipientRow]:
    """Return who outside is told."""
    t = in_language(SHARED, language)
    return [
        RecipientRow(
            name=each.name,
            how=f"{t[each.kind]}: {each.where}",
            as_whom=t["pairwise"]
            if each.known_by is None
            else t["known_by"].format(kind=each.known_by),
            who=each.who,
        )
        for each in facts.recipients
    ]


def measures(words: Words, language: DocumentLanguage) -> dict[str, str]:
    """Return what is done about each risk, with the numbers that the program goes by."""
    numbers = {
        "days": KEY_DAYS_AHEAD + KEY_DAYS_AFTER,
        "seconds": STEP_S,
        "tries": MOST_UNKNOWN,
        "audit": AUDIT_KEPT_MS // _UNITS[0][0],
    }
    return {key: text.format_map(numbers) for key, text in in_language(words, language).items()}


def security(facts: Facts, words: Words, language: DocumentLanguage) -> Sequence[str]:
    """Return how this installation is secured, as far as its settings say."""
    t = in_language(words, language)
    lines = [t[facts.broker], t[facts.database]]
    lines.append(t["signed_in"].format(hours=SESSION_MS // 3_600_000))
    if facts.origin is not None:
        lines.append(t["origin"].format(origin=facts.origin))
    lines += [t["signed"]] if facts.signed else []
    lines += [t["weekly"]] if facts.agreed is not None else []
    return [*lines, t["logs"], t["blank"]]


def gaps(facts: Facts, words: Words, language: DocumentLanguage) -> dict[str, str]:
    """Return what the program does not do here."""
    return {
        key: text
        for key, text in in_language(words, language).items()
        if key != "looks" or facts.agreed is None
    }
