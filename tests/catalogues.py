"""The texts of the program and its catalogues: what `make catalogues` brings together, and tests compare.

`python -m tests.catalogues` writes into every catalogue what the sources say now: new texts without a
translation (in English: as they are), and none that nobody says any more.
"""

from __future__ import annotations

import io
import re
import sys
from string import Formatter
from typing import TYPE_CHECKING, Final

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_file
from babel.messages.pofile import read_po, write_po

from shopbell_server.catalogues import DOMAIN, FOLDER
from shopbell_server.core.language import SOURCE

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from babel.messages.catalog import Message

SOURCES: Final = FOLDER.parent

KEYWORDS: Final = {
    "_": None,
    "N_": None,
    "NN_": (1, 2),
    "gettext": None,
    "ngettext": (1, 2),
    "pgettext": ((1, "c"), 2),
}
"""What stands around a text, and which of its arguments the text is."""

METHODS: Final = {"**/*.py": "python", "web/templates/**/*.html": "jinja2"}
"""How texts are found. The papers' templates are documents, and say nothing by way of catalogues."""

MARK: Final = re.compile(rf"\b({'|'.join(KEYWORDS)})\(")
"""A file without it has no texts, and is not taken apart: nine in ten."""

FOR_TRANSLATORS: Final = ("For translators:",)
"""A comment that begins so, before a text, is shown to who translates it."""


def texts_of(folder: Path) -> Catalog:
    """Return all texts in the sources below `folder`, without a translation."""
    found = Catalog(project="Shopbell", charset="utf-8")
    for pattern, method in METHODS.items():
        for path in sorted(folder.glob(pattern)):
            if MARK.search(path.read_text()) is None:
                continue
            for _line, message, comments, context in extract_from_file(
                method, path, KEYWORDS, FOR_TRANSLATORS, strip_comment_tags=True
            ):
                # No lines: a catalogue changes when a text does, and not when one moves.
                where = (path.relative_to(folder).as_posix(), 0)
                found.add(message, None, [where], auto_comments=comments, context=context)
    return found


def catalogues_in(folder: Path) -> dict[str, Path]:
    """Return the file of each language."""
    return {each.parts[-3]: each for each in sorted(folder.glob(f"*/LC_MESSAGES/{DOMAIN}.po"))}


def read(path: Path) -> Catalog:
    """Return the catalogue, with texts that stand in it as no longer said."""
    with path.open("rb") as file:
        return read_po(file, domain=DOMAIN)


def updated(old: Catalog, said: Catalog, language: str) -> Catalog:
    """Return the catalogue with exactly what is `said` now, in the order of the English texts."""
    new = Catalog(locale=old.locale, domain=DOMAIN, project="Shopbell", header_comment=_HEAD)
    new.creation_date = new.revision_date = old.creation_date
    for each in said:
        if not each.id:
            continue
        before = old.get(each.id, each.context)
        kept = None if before is None or not _is_whole(before.string) else before
        text = kept.string if kept is not None else each.id if language == SOURCE else None
        new.add(
            each.id,
            text,
            sorted(each.locations),
            flags=() if kept is None else [flag for flag in kept.flags if flag == "fuzzy"],
            auto_comments=each.auto_comments,
            user_comments=() if before is None else before.user_comments,
            context=each.context,
        )
    return new


def written(catalogue: Catalog) -> bytes:
    """Return the catalogue as its file holds it: nothing in it depends on when or where it is made."""
    out = io.BytesIO()
    write_po(out, catalogue, width=100, sort_output=True, include_lineno=False, omit_header=True)
    head = (
        f'{_HEAD}\nmsgid ""\nmsgstr ""\n"Language: {catalogue.locale}\\n"\n'
        f'"Plural-Forms: {catalogue.plural_forms}\\n"\n'
        '"Content-Type: text/plain; charset=utf-8\\n"\n\n'
    )
    return head.encode() + out.getvalue()


def flaws(catalogue: Catalog, said: Catalog) -> list[str]:
    """Return all that is wrong with a catalogue: in each line what, and the English text."""
    wanted = {_key(each): each for each in said if each.id}
    there = {_key(each): each for each in catalogue if each.id}
    found = [f"missing: {_one(each)}" for key, each in wanted.items() if key not in there]
    unsaid = [each for key, each in there.items() if key not in wanted]
    found += [
        f"not said any more: {_one(each)}" for each in (*unsaid, *catalogue.obsolete.values())
    ]
    for key in wanted.keys() & there.keys():
        flaw = _flaw(there[key])
        if flaw is not None:
            found.append(f"{flaw}: {_one(there[key])}")
    return sorted(found)


def main() -> None:
    """Bring every catalogue up to date, and say what is left to translate."""
    said = texts_of(SOURCES)
    left = 0
    for language, path in catalogues_in(FOLDER).items():
        new = updated(read(path), said, language)
        path.write_bytes(written(new))
        found = flaws(new, said)
        left += len(found)
        for each in (f"{language}: {len(new)} texts, {len(found)} to mend", *found):
            sys.stdout.write(f"{each}\n")
    sys.exit(1 if left else 0)


_HEAD: Final = """\
# What the pages of Shopbell say. Translate each msgid into its msgstr; leave {what is in braces} as it is.
# `make catalogues` brings new texts in and takes out those that no page says any more."""


def _is_whole(text: str | Iterable[str] | None) -> bool:
    """Return whether nothing of a translation is missing."""
    return bool(text) if isinstance(text, str) or text is None else all(text)


def _flaw(message: Message) -> str | None:
    if message.fuzzy:
        return "fuzzy"
    if not _is_whole(message.string):
        return "not translated"
    return None if _has_same_values(message) else "other values in braces"


def _has_same_values(message: Message) -> bool:
    """Return whether a translation holds what its text does; a form may do without the number."""
    if isinstance(message.id, str):
        return _values(str(message.string)) == _values(message.id)
    most = _values(message.id[1])
    return all(most - {"n"} <= _values(form) <= most for form in message.string or ())


def _values(text: str) -> set[str | None]:
    try:
        return {name for _, name, _, _ in Formatter().parse(text) if name is not None}
    except ValueError:
        return {None}


def _key(message: Message) -> tuple[object, str | None]:
    return message.id, message.context


def _one(message: Message) -> str:
    return message.id if isinstance(message.id, str) else message.id[0]


if __name__ == "__main__":
    main()
