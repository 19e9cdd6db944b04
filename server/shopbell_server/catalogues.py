"""The words of the pages in every language: one gettext catalogue each, read from its `.po` once.

Owns: which languages there are (the folders of `locale/`), and how times and texts are said in one.
Never: which texts there are (templates and sources hold them, in English), or documents
(`core.consent.words`, `papers`).
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from gettext import GNUTranslations
from pathlib import Path
from typing import TYPE_CHECKING, Final

from babel.core import Locale
from babel.dates import format_date, format_skeleton, get_timezone
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal

from shopbell_server.core.language import SOURCE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from shopbell_server.core.language import Language

FOLDER: Final = Path(__file__).parent / "locale"

DOMAIN: Final = "shopbell"

ScriptWords = dict[str, str | dict[str, str]]
"""Texts by key; of one that counts its forms by what `Intl.PluralRules` calls them."""

_MOST_COUNTED: Final = 200
"""Every form that counts people is met below: rules of CLDR look at the last two digits, or at millions."""


@dataclass(frozen=True)
class Voice:
    """One language: its texts, and how it says days and times."""

    language: Language
    locale: Locale
    """Whose days and times: `en_GB` for `en`. The head of the catalogue says so."""
    texts: GNUTranslations

    @cached_property
    def own_name(self) -> str:
        """What the language calls itself: "Nederlands"."""
        name = self.name_of(self.language)
        return name[:1].upper() + name[1:]

    def gettext(self, message: str, /) -> str:
        """Return the text in this language."""
        return self.texts.gettext(message)

    def ngettext(self, one: str, many: str, n: int, /) -> str:
        """Return the form for `n`; what stands for the number in it is left as it is."""
        return self.texts.ngettext(one, many, n)

    def pgettext(self, context: str, message: str, /) -> str:
        """Return the text in this language, where one word has two meanings."""
        return self.texts.pgettext(context, message)

    def day(self, at: datetime, timezone: str) -> str:
        """Return the day there as people say it: "22 november 2026"."""
        return format_date(at.astimezone(get_timezone(timezone)), "long", locale=self.locale)

    def clock(self, at: datetime, timezone: str) -> str:
        """Return the time of day there, of 24 hours: "13:05"."""
        return _clock(self.locale, at.replace(second=0, microsecond=0), timezone)

    def number(self, n: int) -> str:
        """Return a number as people write it: "1.234"."""
        return format_decimal(n, locale=self.locale)

    def name_of(self, language: str) -> str:
        """Return what a language is called in this one, or its code if CLDR has no name for it."""
        name: str = self.locale.languages.get(language, language)
        return name

    def script_words(self, messages: Mapping[str, str | tuple[str, str]]) -> ScriptWords:
        """Return `messages` as scripts say them."""
        return {
            key: self.gettext(each) if isinstance(each, str) else self._forms(*each)
            for key, each in messages.items()
        }

    def _forms(self, one: str, many: str) -> dict[str, str]:
        counted = range(_MOST_COUNTED, -1, -1)
        forms = {self.locale.plural_form(n): self.ngettext(one, many, n) for n in counted}
        return {"other": self.ngettext(one, many, _MOST_COUNTED)} | forms


class Catalogues:
    """Every language that has a catalogue."""

    def __init__(self, voices: Mapping[Language, Voice]) -> None:
        self._voices = voices

    @property
    def languages(self) -> tuple[Language, ...]:
        """Return them by name."""
        return tuple(self._voices)

    def voice(self, language: str) -> Voice:
        """Return the language, or English if there is no catalogue for it."""
        return self._voices.get(language) or self._voices[SOURCE]

    def known(self, spoken: str) -> Language | None:
        """Return the catalogue for a language as browsers and profiles name it ("nl-BE"), or None."""
        base = spoken.strip().lower().split("-", maxsplit=1)[0]
        return base if base in self._voices else None

    def first_of(self, accept_language: str) -> Language:
        """Return what the browser puts first if there is a catalogue for it, else English."""
        first = accept_language.split(",", maxsplit=1)[0].split(";", maxsplit=1)[0]
        return self.known(first) or SOURCE


def read_catalogues(folder: Path) -> Catalogues:
    """Return the catalogues in `folder`, one in each of its folders. Fuzzy texts count as missing."""
    found = sorted(folder.glob(f"*/LC_MESSAGES/{DOMAIN}.po"))
    return Catalogues({(language := each.parts[-3]): _read(language, each) for each in found})


@cache
def shipped() -> Catalogues:
    """Return those that come with the program; they are read once."""
    return read_catalogues(FOLDER)


def _read(language: Language, path: Path) -> Voice:
    compiled = io.BytesIO()
    with path.open("rb") as file:
        catalogue = read_po(file)
    write_mo(compiled, catalogue)
    compiled.seek(0)
    locale = catalogue.locale or Locale.parse(language)
    return Voice(language=language, locale=locale, texts=GNUTranslations(compiled))


@lru_cache(maxsize=512)
def _clock(locale: Locale, minute: datetime, timezone: str) -> str:
    """Rows of a board say the same few minutes again and again, and babel is slow to say one."""
    return format_skeleton("Hm", minute, tzinfo=get_timezone(timezone), locale=locale)
