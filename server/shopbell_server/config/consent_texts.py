"""The retailer's own texts of consents: a TOML file that `[privacy] texts_file` names.

Owns: its form, and that it is whole before the server starts.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from msgspec import Meta, Struct

from shopbell_program.settings import Fault, SettingsError, load
from shopbell_server.core.consent.ledger import Purpose
from shopbell_server.core.consent.texts import ConsentText, texts_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shopbell_server.core.consent.texts import ConsentTexts
    from shopbell_server.core.language import DocumentLanguage

Version = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=64,
        pattern=r"^[^\x00-\x1f\x7f]+\Z",
        description="1 to 64 characters in quotes",
        examples=["2026-11"],
    ),
]
Title = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=80,
        pattern=r"^[^\x00-\x1f\x7f]+\Z",
        description="1 to 80 characters in quotes",
    ),
]
Paragraph = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=1000,
        pattern=r"^[^\x00-\x1f\x7f]+\Z",
        description="one paragraph of 1 to 1000 characters in quotes, without line breaks",
    ),
]
"""A thousand characters are half a page: who needs more does not describe one purpose."""


class Wording(Struct, frozen=True, kw_only=True):
    """What she reads."""

    title: Title
    text: Paragraph


class Languages(Struct, frozen=True, kw_only=True):
    """The same in both languages."""

    nl: Wording
    en: Wording


class AppText(Struct, frozen=True, kw_only=True):
    """A text that customers read in the app, or read before: what they agreed to is known by it."""

    purpose: Purpose
    language: Annotated[
        str,
        Meta(
            pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}\Z",
            description="a language as apps name it",
            examples=["de", "nl-BE"],
        ),
    ]
    version: Version
    title: Title
    text: Paragraph


class TextsFile(Struct, frozen=True, kw_only=True):
    """Every purpose, and the name of this version of the texts: another one for every change."""

    version: Version
    recognise_in_store: Languages
    show_to_staff: Languages
    greet_by_name: Languages
    show_purchases: Languages
    show_browsing: Languages
    share_with_cdp: Languages
    messages: Languages
    app: tuple[AppText, ...] = ()


def read_texts(path: str) -> ConsentTexts:
    """Return the texts in the file at `path`, or raise SettingsError with all that is wrong."""
    file = load(Path(path), TextsFile)
    texts = texts_of(
        file.version, {purpose: _words(getattr(file, purpose.value)) for purpose in Purpose}
    )
    more = [
        ConsentText(
            purpose=each.purpose,
            language=each.language,
            version=each.version,
            title=each.title,
            text=each.text,
        )
        for each in file.app
    ]
    return replace(texts, more=tuple(more))


def faults_of_texts(key: str, path: str | None) -> Iterator[Fault]:
    """Yield what is wrong in the file that `key` names, if it names one."""
    if path is None:
        return
    try:
        read_texts(path)
    except SettingsError as error:
        for fault in error.faults:
            yield Fault(key=key, problem=f'in "{path}": {fault}')


def _words(languages: Languages) -> dict[DocumentLanguage, tuple[str, str]]:
    return {
        "nl": (languages.nl.title, languages.nl.text),
        "en": (languages.en.title, languages.en.text),
    }
