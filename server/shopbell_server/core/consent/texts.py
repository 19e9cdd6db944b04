"""The texts that a customer reads before she allows something: one for each purpose and language.

Owns: what a set of texts must have, and the hash by which a receipt names one.
Never: the words (`words` has those that are shipped), or who wrote others.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from shopbell_server.core.consent.ledger import Purpose
from shopbell_server.core.language import LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shopbell_server.core.language import Language


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentText:
    """What she reads: a title, and one paragraph in plain words."""

    purpose: Purpose
    language: Language
    version: str
    title: str
    text: str

    @property
    def sha256(self) -> str:
        """Return the SHA-256 of the title, a line break and the text in UTF-8, as 64 hexadecimal digits."""
        return sha256(f"{self.title}\n{self.text}".encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentTexts:
    """All texts of one version. Whoever changes a word changes the version."""

    texts: Mapping[tuple[Purpose, Language], ConsentText]

    def __post_init__(self) -> None:
        """Raise ValueError unless there is a text for every purpose in both languages."""
        missing = [
            f"{purpose} ({language})"
            for purpose in Purpose
            for language in LANGUAGES
            if (purpose, language) not in self.texts
        ]
        if missing:
            raise ValueError(f"there is no text for: {', '.join(missing)}")

    def of(self, purpose: Purpose, language: Language) -> ConsentText:
        """Return the text of a purpose."""
        return self.texts[purpose, language]


def texts_of(
    version: str, words: Mapping[Purpose, Mapping[Language, tuple[str, str]]]
) -> ConsentTexts:
    """Return the texts that `words` holds, each as its title and its text."""
    return ConsentTexts(
        texts={
            (purpose, language): ConsentText(
                purpose=purpose, language=language, version=version, title=title, text=text
            )
            for purpose, languages in words.items()
            for language, (title, text) in languages.items()
        }
    )
