"""What pages say is there in every language, and nothing is said past the catalogues."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Final

import pytest
from jinja2 import Environment, nodes

from shopbell_server.catalogues import DOMAIN, FOLDER, read_catalogues, shipped
from shopbell_server.web.assets import STATIC, TEMPLATES
from shopbell_server.web.demo_words import DEMO_SCRIPT_WORDS
from shopbell_server.web.words import SCRIPT_WORDS
from tests.catalogues import SOURCES, catalogues_in, flaws, read, texts_of, updated, written

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from babel.messages.catalog import Catalog

NAMES: Final = re.compile(r"\bShopbell\b")
"""What is called the same in every language."""

KIND: Final = re.compile(r"{% block kind %}[\w -]*{% endblock %}")
"""The class of a page's body, which every page gives to the one that it extends."""

SAYING: Final = {"_", "gettext", "ngettext", "pgettext"}

READ_OUT: Final = {"alt", "title", "placeholder", "aria-label", "aria-description", "label"}
"""Attributes that people read or hear."""

AT: Final = datetime(2026, 11, 21, 23, 5, 59, tzinfo=UTC)


@pytest.fixture(scope="module")
def said() -> Catalog:
    return texts_of(SOURCES)


def test_dutch_and_english_are_shipped() -> None:
    assert shipped().languages == ("en", "nl")


@pytest.mark.parametrize("language", catalogues_in(FOLDER))
def test_a_catalogue_has_every_text_and_no_other(language: str, said: Catalog) -> None:
    path = catalogues_in(FOLDER)[language]
    assert flaws(read(path), said) == []
    as_made = written(updated(read(path), said, language))
    assert path.read_bytes() == as_made, "run `make catalogues` and commit what it writes"


@pytest.mark.parametrize(
    ("text", "changed", "flaw"),
    [
        ('msgid "My pass"\nmsgstr "Mijn pas"', "", "missing: My pass"),
        ('"Mijn pas"', '""', "not translated: My pass"),
        ('msgid "My pass"', '#, fuzzy\nmsgid "My pass"', "fuzzy: My pass"),
        ('msgid "My pass"', 'msgid "My card"', "not said any more: My card"),
        ('msgid "My pass"', '#~ msgid "Old"\n#~ msgstr "Oud"\n\nmsgid "My pass"', "not said any more: Old"),
        ('"sinds {time}"', '"sinds {tijd}"', "other values in braces: since {time}"),
        ('"sinds {time}"', '"sinds {time"', "other values in braces: since {time}"),
        ('[1] "{n} gasten"', '[1] "{count} gasten"', "other values in braces: {n} guest"),
        ('[1] "{n} gasten"', '[1] ""', "not translated: {n} guest"),
    ],
)  # fmt: skip
def test_a_flaw_is_found(text: str, changed: str, flaw: str, said: Catalog, tmp_path: Path) -> None:
    whole = catalogues_in(FOLDER)["nl"].read_text()
    assert text in whole
    path = tmp_path / "nl.po"
    path.write_text(whole.replace(text, changed))
    assert flaw in flaws(read(path), said)


def test_a_form_may_do_without_the_number(said: Catalog, tmp_path: Path) -> None:
    whole = catalogues_in(FOLDER)["nl"].read_text()
    path = tmp_path / "nl.po"
    path.write_text(whole.replace('"{n} gast"', '"een gast"'))
    assert "other values in braces: {n} guest" not in flaws(read(path), said)


def test_bringing_in_a_new_text_keeps_what_is_translated(tmp_path: Path) -> None:
    source, path = tmp_path / "page.py", tmp_path / "nl.po"
    path.write_text(
        'msgid ""\nmsgstr ""\n"Language: nl\\n"\n\n# ours\nmsgid "Old"\nmsgstr "Oud"\n\n'
        'msgid "Gone"\nmsgstr "Weg"\n'
    )
    source.write_text(
        '# For translators: of a house\nN_("New")\nN_("Old")\nNN_("{n} a", "{n} b")\n'
    )
    new = updated(read(path), texts_of(tmp_path), "nl")
    assert {each.id: each.string for each in new if each.id} == {
        "New": None, "Old": "Oud", ("{n} a", "{n} b"): ("", ""),
    }  # fmt: skip
    assert new["Old"].user_comments == ["ours"]
    assert new["New"].auto_comments == ["of a house"]


def test_a_word_with_two_meanings_is_two_texts(tmp_path: Path) -> None:
    (tmp_path / "page.py").write_text('voice.pgettext("of a parcel", "Return")\nN_("Return")\n')
    (tmp_path / "web" / "templates").mkdir(parents=True)
    (tmp_path / "web" / "templates" / "page.html").write_text(
        '{{ pgettext("to go back", "Return") }}'
    )
    found = texts_of(tmp_path)
    assert {each.context for each in found if each.id == "Return"} == {
        None, "of a parcel", "to go back",
    }  # fmt: skip


def test_no_words_stand_beside_the_catalogues() -> None:
    documents = {"papers", "core/consent/words.py", "config/consent_texts.py"}
    beside = {
        path.relative_to(SOURCES).as_posix()
        for path in SOURCES.rglob("*.py")
        if re.search(r"""["']nl["']:""", path.read_text())
    }
    assert {each for each in beside if not each.startswith(tuple(documents))} == set()


def test_in_english_a_new_text_says_what_it_is(tmp_path: Path) -> None:
    (tmp_path / "page.py").write_text('N_("New")\n')
    path = tmp_path / "en.po"
    path.write_text('msgid ""\nmsgstr ""\n"Language: en_GB\\n"\n')
    assert updated(read(path), texts_of(tmp_path), "en")["New"].string == "New"


@pytest.mark.parametrize("template", sorted(each.name for each in TEMPLATES.glob("*.html")))
def test_a_template_says_nothing_past_the_catalogues(template: str) -> None:
    assert list(literals((TEMPLATES / template).read_text())) == []


@pytest.mark.parametrize(
    ("template", "found"),
    [
        ("<p>Hello there</p>", ["Hello there"]),
        ("<p>{{ name }}, hello</p>", [", hello"]),
        ('<img alt="A bell">', ["A bell"]),
        ('<p aria-label="{% if a %}On{% endif %}"></p>', ["On"]),
        ('<p>{{ "Sign out" if a else _("Sign in") }}</p>', ["Sign out"]),
        ('<p>{{ _("Sign in") }}</p>', []),
        ('<p>{{ ngettext("{n} a guest", "{n} guests here", n).format(n=n) }} · {{ n }}</p>', []),
        ("<h1>Shopbell</h1><script>let one = 1;</script>", []),
    ],
)
def test_a_literal_is_found(template: str, found: list[str]) -> None:
    assert list(literals(template)) == found


@pytest.mark.parametrize(
    ("folder", "words"), [(STATIC, SCRIPT_WORDS), (STATIC / "demo", DEMO_SCRIPT_WORDS)]
)
def test_scripts_say_only_words_that_they_are_given(
    folder: Path, words: Mapping[str, object]
) -> None:
    for file in folder.glob("*.js"):
        assert set(re.findall(r'\bsay\("(\w+)"', file.read_text())) <= set(words), file.name


@pytest.mark.parametrize(
    ("language", "day", "clock", "names"),
    [
        ("nl", "22 november 2026", "00:05", ("Nederlands", "Engels", "Duits", "xx")),
        ("en", "22 November 2026", "00:05", ("Dutch", "English", "German", "xx")),
    ],
)
def test_days_and_times_are_those_of_the_store(
    language: str, day: str, clock: str, names: tuple[str, ...]
) -> None:
    voice = shipped().voice(language)
    assert voice.day(AT, "Europe/Amsterdam") == day
    assert voice.clock(AT, "Europe/Amsterdam") == clock
    assert voice.clock(AT, "America/New_York") == "18:05"
    assert tuple(map(voice.name_of, ("nl", "en", "de", "xx"))) == names
    assert voice.number(1234567) == {"nl": "1.234.567", "en": "1,234,567"}[language]


def test_a_language_calls_itself_as_its_speakers_do() -> None:
    assert [shipped().voice(each).own_name for each in ("nl", "en")] == ["Nederlands", "English"]


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("nl-BE,nl;q=0.9,en;q=0.8", "nl"),
        ("NL", "nl"),
        ("en-US,nl;q=0.5", "en"),
        ("de-DE,de", "en"),
        ("nl;q=1", "nl"),
        ("", "en"),
        ("*", "en"),
        (";;,,", "en"),
    ],
)
def test_a_browser_gets_what_it_puts_first_or_english(header: str, language: str) -> None:
    assert shipped().first_of(header) == language


def test_another_language_is_one_more_file(tmp_path: Path) -> None:
    folder = tmp_path / "locale"
    for language, path in catalogues_in(FOLDER).items():
        (folder / language / "LC_MESSAGES").mkdir(parents=True)
        (folder / language / "LC_MESSAGES" / path.name).write_bytes(path.read_bytes())
    (folder / "pl" / "LC_MESSAGES").mkdir(parents=True)
    (folder / "pl" / "LC_MESSAGES" / f"{DOMAIN}.po").write_text(POLISH)
    catalogues = read_catalogues(folder)
    assert catalogues.languages == ("en", "nl", "pl")
    assert catalogues.first_of("pl-PL,pl;q=0.9") == "pl"
    polish = catalogues.voice("pl")
    assert polish.gettext("My pass") == "Moja karta"
    assert polish.gettext("Sign out") == "Sign out"  # not translated yet: English
    assert [polish.ngettext("{n} guest", "{n} guests", n) for n in (1, 3, 5, 22)] == [
        "{n} gość", "{n} goście", "{n} gości", "{n} goście",
    ]  # fmt: skip
    assert polish.script_words({"pass": "My pass", "here": ("{n} guest", "{n} guests")}) == {
        "pass": "Moja karta",
        "here": {"one": "{n} gość", "few": "{n} goście", "many": "{n} gości", "other": "{n} gości"},
    }
    assert polish.pgettext("of a parcel", "Return") == "Zwrot"
    assert polish.day(AT, "Europe/Warsaw") == "22 listopada 2026"
    assert polish.own_name == "Polski"


def test_a_language_without_a_catalogue_is_answered_in_english() -> None:
    assert shipped().voice("pl") is shipped().voice("en")
    assert shipped().known("pl-PL") is None


POLISH: Final = r"""
msgid ""
msgstr ""
"Language: pl\n"
"Plural-Forms: nplurals=3; plural=(n==1 ? 0 : n%10>=2 && n%10<=4 && (n%100<10 || n%100>=20) ? 1 : 2);\n"
"Content-Type: text/plain; charset=utf-8\n"

msgid "My pass"
msgstr "Moja karta"

msgctxt "of a parcel"
msgid "Return"
msgstr "Zwrot"

#, fuzzy
msgid "Sign out"
msgstr "Wyloguj?"

msgid "{n} guest"
msgid_plural "{n} guests"
msgstr[0] "{n} gość"
msgstr[1] "{n} goście"
msgstr[2] "{n} gości"
"""


def literals(template: str) -> Iterator[str]:
    """Yield every text of a template that people read and no catalogue has."""
    environment = Environment(extensions=["jinja2.ext.i18n"], autoescape=True)
    data = "".join(
        value if kind == "data" else ""
        for _, kind, value in environment.lex(KIND.sub("", template))
    )
    parser = _Reading()
    parser.feed(data)
    parser.close()
    yield from (each for each in parser.found if _is_text(each))
    yield from _strings(environment.parse(template))


class _Reading(HTMLParser):
    """Collects what people read of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._within = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value for name, value in attrs if name in READ_OUT and value]
        self._within = tag

    def handle_endtag(self, tag: str) -> None:
        self._within = f"/{tag}"

    def handle_data(self, data: str) -> None:
        if self._within not in {"script", "style"} and data.strip():
            self.found.append(data.strip())


def _strings(node: nodes.Node) -> Iterator[str]:
    """Yield strings of two words and more in expressions, unless they are arguments of what says texts."""
    called = node.node if isinstance(node, nodes.Call) else None
    if isinstance(called, nodes.Name) and called.name in SAYING:
        return
    value = node.value if isinstance(node, nodes.Const) else None
    if isinstance(value, str) and re.search(r"[^\W\d]{2,}\s+[^\W\d]{2,}", value):
        yield value
    for child in node.iter_child_nodes():
        yield from _strings(child)


def _is_text(text: str) -> bool:
    return re.search(r"[^\W\d]{2,}", NAMES.sub("", text)) is not None
