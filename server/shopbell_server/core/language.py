"""Languages: pages speak as many as there are catalogues, documents are written in two.

Owns: what marks a text as one to be translated, and what a translation is asked for.
Never: which catalogues there are (`catalogues`), or a translation.
"""

from __future__ import annotations

from typing import Final, Literal, Protocol, TypeAlias, get_args

Language: TypeAlias = str
"""What a catalogue is called: "nl". Pages speak every language that has one."""

SOURCE: Final[Language] = "en"
"""What the texts in the sources are written in; who speaks none of the others reads it."""

DocumentLanguage = Literal["nl", "en"]
"""Consents and papers are documents: somebody answers for every word of each language."""

DOCUMENT_LANGUAGES: Final[tuple[DocumentLanguage, ...]] = get_args(DocumentLanguage)


class Speech(Protocol):
    """Says texts in one language. `gettext.NullTranslations` is one: it says them as they are written."""

    def gettext(self, message: str, /) -> str:
        """Return the text in this language."""
        ...

    def ngettext(self, one: str, many: str, n: int, /) -> str:
        """Return the form for `n`; what stands for the number in it is left as it is."""
        ...

    def pgettext(self, context: str, message: str, /) -> str:
        """Return the text in this language, where one word has two meanings."""
        ...


def N_(message: str) -> str:  # noqa: N802  (what tools that extract texts look for)
    """Mark a text that is said elsewhere, as it is, and return it."""
    return message


def NN_(one: str, many: str) -> tuple[str, str]:  # noqa: N802  (the same for both forms of a number)
    """Mark the two forms of a text that counts `{n}`, and return them."""
    return one, many
