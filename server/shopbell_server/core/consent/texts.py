"""The texts that a customer reads before she allows something: one for each purpose and language.

Owns: what a set of texts must have, and the hash by which a receipt names one.
Never: the words (`words` has those that are shipped), or who wrote others.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from shopbell_server.core.consent.ledger import Purpose
from shopbell_server.core.language import DOCUMENT_LANGUAGES, SOURCE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from shopbell_server.core.language import DocumentLanguage, Language


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentText:
    """What she reads: a title, and one paragraph in plain words."""

    purpose: Purpose
    language: str
    """One of DOCUMENT_LANGUAGES; of a text that only the app shows any (BCP 47)."""
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
    more: tuple[ConsentText, ...] = ()
    """What customers read elsewhere: texts of the app's own, in other languages, of earlier versions."""
    complete: bool = False
    """Whether the retailer said that there are no others. The app may show some of its own otherwise."""

    def __post_init__(self) -> None:
        """Raise ValueError unless there is a text for every purpose in both languages."""
        missing = [
            f"{purpose} ({language})"
            for purpose in Purpose
            for language in DOCUMENT_LANGUAGES
            if (purpose, language) not in self.texts
        ]
        if missing:
            raise ValueError(f"there is no text for: {', '.join(missing)}")

    @property
    def everything(self) -> Sequence[ConsentText]:
        """Return all of them."""
        return (*self.texts.values(), *self.more)

    def why_unknown(self, purpose: Purpose, version: str, sha256: str) -> str | None:
        """Return what is allowed in the place of a hash that no text has; None: it may be that of one.

        Of a version that is known here the hash must be that of its text. Of another version nothing is
        known, unless the retailer said that there are no others.
        """
        known = [each for each in self.everything if each.purpose is purpose]
        if any((each.version, each.sha256) == (version, sha256) for each in known):
            return None
        if not self.complete and version not in {each.version for each in self.everything}:
            return None
        return (
            "version and SHA-256 of a text that customers are shown: GET /v1/app/consent-texts has them. "
            "Show that text, then say that she agreed to it. A text of the app's own belongs into the file "
            "of [privacy] texts_file"
        )

    def of(self, purpose: Purpose, language: Language) -> ConsentText:
        """Return the text of a purpose; the English one where it is not written in `language`."""
        return self.texts.get((purpose, language)) or self.texts[purpose, SOURCE]


def texts_of(
    version: str, words: Mapping[Purpose, Mapping[DocumentLanguage, tuple[str, str]]]
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
