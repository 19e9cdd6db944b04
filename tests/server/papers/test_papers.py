from __future__ import annotations

import csv
import io
import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import numpy as np
import pytest
import zxingcpp

from shopbell_server.core import token_windows
from shopbell_server.core.board.disclosure import TABLE
from shopbell_server.core.consent.ledger import Purpose
from shopbell_server.core.language import DOCUMENT_LANGUAGES
from shopbell_server.papers import (
    dpia_words,
    record_words,
    risk_words,
    sensing_words,
    shared_words,
    sign_words,
)
from shopbell_server.papers.render import papers
from shopbell_server.papers.telling import span
from tests.server.papers.shop import DOOR, DOOR_FILE, LEAST, PRIVACY, TILL, TILL_FILE, facts

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from shopbell_server.core.language import DocumentLanguage

CDP = {"kind": "webhook", "name": "cdp", "url": "https://in.cdp.example/x", "secret_file": "s"}
NL, EN = DOCUMENT_LANGUAGES
WHOLE: Mapping[str, Any] = {"privacy": PRIVACY}


def plain(paper: str) -> str:
    """Return what a reader reads."""

    class Reader(HTMLParser):
        def __init__(self) -> None:
            super().__init__()
            self.read: list[str] = []

        def handle_data(self, data: str) -> None:
            self.read.append(data)

    reader = Reader()
    reader.feed(paper)
    return " ".join(" ".join(reader.read).split())


def made(
    name: str, more: Mapping[str, Any] = WHOLE, language: DocumentLanguage = "en", **how: Any
) -> str:
    return papers(facts(more, **how), [language])[f"{name}.{language}.html"]


# ------------------------------------------------------------------ all of them


def test_every_paper_comes_in_both_languages() -> None:
    both = papers(facts(WHOLE))
    for language in DOCUMENT_LANGUAGES:
        for paper in ("door-sign", "dpia", "record-of-processing", "statement-of-sensing"):
            text = both[f"{paper}.{language}.html"]
            assert f'<html lang="{language}">' in text
            assert "De Gracht &lt;B.V.&gt;" in text
        assert both[f"record-of-processing.{language}.csv"].startswith("\ufeff")


def test_everything_is_said_in_both_languages() -> None:
    tables = [
        table
        for module in (
            shared_words, sign_words, dpia_words, risk_words, record_words, sensing_words,
        )
        for name, table in vars(module).items()
        if name.isupper() and isinstance(table, dict)
    ]  # fmt: skip
    assert len(tables) > 10
    for table in tables:
        for key, said in table.items():
            assert set(said) == {"nl", "en"}, key
            names = [re.findall(r"\{(\w+)\}", said[language]) for language in DOCUMENT_LANGUAGES]
            assert sorted(names[0]) == sorted(names[1]), key
    assert set(shared_words.PURPOSES) == set(Purpose)
    assert set(shared_words.FIELDS) == set(TABLE)
    assert set(risk_words.RISKS) == set(risk_words.MEASURES)


def test_a_paper_that_lacks_something_says_so_at_the_top_and_in_its_place() -> None:
    for paper in ("door-sign", "dpia", "record-of-processing", "statement-of-sensing"):
        text = plain(made(paper, {}))
        title = "Do not hang this yet" if paper == "door-sign" else "Not finished"
        assert title in text
        assert "privacy.controller" in text
        assert "Fill in: Controller" in text
    assert "Not finished" not in plain(made("dpia"))
    # A sign can hang without them.
    less = {key: said for key, said in PRIVACY.items() if key not in {"dpo", "stored_in"}}
    assert "Do not hang" not in plain(made("door-sign", {"privacy": less}))


def test_papers_of_a_demo_are_not_for_a_shop() -> None:
    assert "twenty times" in plain(made("door-sign", {**WHOLE, "rules": "demo"}))


# ------------------------------------------------------------------ the sign


def test_the_sign_leads_to_the_privacy_page() -> None:
    page = "https://degracht.example/" + "p" * 75
    code = re.search(
        r'<svg [^>]*class="code".*?</svg>',
        made("door-sign", {"privacy": {**PRIVACY, "page": page}}),
    )
    assert code is not None
    found = zxingcpp.read_barcodes(drawn(code[0]))
    assert [each.text for each in found] == [page]


def drawn(svg: str) -> np.ndarray[tuple[int, int], np.dtype[np.uint8]]:
    """Draw the one path of a code: strokes of one unit to the right."""
    size = re.search(r'viewBox="0 0 (\d+) (\d+)"', svg)
    path = re.search(r' d="([^"]+)"', svg)
    assert size is not None
    assert path is not None
    picture = np.full((int(size[2]), int(size[1])), 255, np.uint8)
    x = y = 0.0
    for step, first, second in re.findall(r"([Mmh])(-?[\d.]+)(?: (-?[\d.]+))?", path[1]):
        if step == "M":
            x, y = float(first), float(second)
        elif step == "m":
            x, y = x + float(first), y + float(second)
        else:
            picture[int(y), int(x) : int(x + float(first))] = 0
            x += float(first)
    return np.kron(picture, np.ones((8, 8), np.uint8))


def test_the_sign_speaks_of_cameras_unless_there_surely_is_none() -> None:
    assert "camera" in plain(made("door-sign"))
    assert "camera" in plain(made("door-sign", files={DOOR: DOOR_FILE}))
    assert "camera" not in plain(made("door-sign", files={DOOR: DOOR_FILE, TILL: DOOR_FILE}))
    assert "camera" not in plain(made("door-sign", files={DOOR: DOOR_FILE}, active=False))


def test_the_sign_speaks_of_fobs_where_they_are_recognised() -> None:
    fobs = {"retailer": {**LEAST["retailer"], "fixed_id_key_file": "k"}}
    hears = {**DOOR_FILE, "static": {"ibeacons": ["x"]}}
    assert "fob" not in plain(made("door-sign", files={DOOR: hears, TILL: TILL_FILE}))
    assert "fob" not in plain(made("door-sign", {**WHOLE, **fobs}))
    both = {DOOR: hears, TILL: TILL_FILE}
    assert "fob" in plain(made("door-sign", {**WHOLE, **fobs}, files=both))
    assert "hears fobs" in plain(made("statement-of-sensing", {**WHOLE, **fobs}, files=both))


# ------------------------------------------------------------------ facts, not promises


def test_what_is_changed_in_the_settings_is_changed_in_the_papers() -> None:
    assert "Nobody outside the shop" in plain(made("dpia"))
    assert "none: there are no recipients" in plain(made("record-of-processing"))
    known = {**PRIVACY, "recipients": {"cdp": "Example CDP Ltd, Ireland, processor"}}
    for paper in ("dpia", "record-of-processing"):
        text = plain(made(paper, {"privacy": known, "sinks": [CDP]}))
        assert "in.cdp.example" in text
        assert "Example CDP Ltd, Ireland, processor" in text
        assert "a number that only this recipient knows" in text
        named = plain(made(paper, {"privacy": PRIVACY, "sinks": [{**CDP, "user_id": "crm"}]}))
        assert "privacy.recipients.cdp" in named
        assert "the customer number “crm”" in named
    assert "We tell others" in plain(made("door-sign", {"privacy": known, "sinks": [CDP]}))
    assert "We tell others" not in plain(made("door-sign"))


def test_limits_are_those_of_the_program() -> None:
    days = token_windows.KEY_DAYS_AHEAD + token_windows.KEY_DAYS_AFTER
    rows = {row[1]: row[2] for row in table("en")}
    key = next(limit for what, limit in rows.items() if what.startswith("The day's key"))
    assert key == f"{days} days"
    brief = next(limit for what, limit in rows.items() if "too briefly" in what)
    assert brief == "24 hours"
    short = {row[1]: row[2] for row in table("en", {**WHOLE, "rules": "demo"})}
    assert next(limit for what, limit in short.items() if "too briefly" in what) == "72 minutes"


def test_a_tenant_that_keeps_less_has_it_in_its_papers() -> None:
    def visits(more: Mapping[str, Any]) -> list[str]:
        return [row[2] for row in table("en", more) if row[1].startswith("Visits")]

    assert visits(WHOLE) == ["393 days"]
    assert visits({**WHOLE, "retention": {"visits_days": 90}}) == ["90 days"]


def test_what_no_clock_ends_says_what_does() -> None:
    (profiles,) = [row[2] for row in table("en") if row[1].startswith("Profiles")]
    assert profiles.startswith("until she asks to be forgotten")


def table(language: DocumentLanguage, more: Mapping[str, Any] = WHOLE) -> list[list[str]]:
    text = papers(facts(more), [language])[f"record-of-processing.{language}.csv"]
    rows = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))
    assert {len(row) for row in rows} == {3}
    return rows


def test_no_spreadsheet_takes_a_name_for_a_formula() -> None:
    evil = {"privacy": {**PRIVACY, "controller": '=HYPERLINK("x")'}}
    assert ["Controller", '\'=HYPERLINK("x")', ""] in table("en", evil)


def test_the_statement_says_what_every_sensor_hears_and_when() -> None:
    hours = {"zone": "Europe/Amsterdam", "monday": "09:00-18:00", "radio": "off"}
    text = plain(
        made("statement-of-sensing", files={DOOR: {**DOOR_FILE, "hours": hours}, TILL: TILL_FILE})
    )
    assert "Bluetooth receiver hci0: Entree" in text
    assert "Camera for pass codes cam0: Kassa" in text
    assert "Mon 09:00-18:00 Tue closed" in text
    assert "Outside them the radio is off." in text
    assert "always listens (no opening hours set)" in text
    assert "6f2a1c5e-9b7d-4e03-a1c4-0f5d2e8b7a61" in text


def test_an_edge_whose_settings_are_unknown_is_a_gap() -> None:
    text = plain(made("statement-of-sensing", files={DOOR: DOOR_FILE}))
    assert "do not stand here" not in text
    assert "what they hear does not stand here: ams01-till." in text
    assert "Fill in: what this box senses" in text
    resting = plain(made("statement-of-sensing", files={DOOR: DOOR_FILE}, active=False))
    assert "does not stand here" not in resting
    assert "not active: it is not heard" in resting


@pytest.mark.parametrize(
    ("ms", "english", "dutch"),
    [
        (15 * 86_400_000, "15 days", "15 dagen"),
        (86_400_000, "24 hours", "24 uur"),
        (60_000, "1 minute", "1 minuut"),
        (4_320_000, "72 minutes", "72 minuten"),
        (1_500, "1.5 seconds", "1.5 seconden"),
    ],
)
def test_times_are_said_exactly(ms: int, english: str, dutch: str) -> None:
    assert (span(ms, EN), span(ms, NL)) == (english, dutch)


def test_the_works_councils_agreement_is_said_and_what_follows_from_it() -> None:
    signed = {"checkpoint_file": "c", "signing_key_file": "k"}
    report = {
        "folder": "r",
        "works_council": {"agreed_on": "2026-05-01", "document": "OR <17>"},
    }
    without, with_it = (
        papers(facts({**WHOLE, "audit": audit})) for audit in (signed, {**signed, "report": report})
    )
    alone = papers(facts(WHOLE))["dpia.en.html"]
    for paper, word in (("dpia.nl.html", "navragen"), ("dpia.en.html", "should ask about")):
        assert word not in plain(without[paper])
        assert word in plain(with_it[paper])
    assert "on 2026-05-01: OR <17>." in plain(with_it["dpia.en.html"])
    asked_for = "checking regularly who of the staff looked"
    assert asked_for in plain(alone)
    assert asked_for not in plain(with_it["dpia.en.html"])
    assert "signed every five minutes" not in plain(alone)
    assert "signed every five minutes" in plain(without["dpia.en.html"])
