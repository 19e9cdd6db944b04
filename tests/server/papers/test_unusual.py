from __future__ import annotations

import json
from dataclasses import replace
from datetime import date

import pytest

from shopbell_server.core.audit.unusual import Finding, Kind
from shopbell_server.core.ids import Millis, StoreId, TenantId
from shopbell_server.papers.unusual import report_files
from shopbell_server.papers.unusual_words import KINDS
from shopbell_server.usecases.keeping.unusual_looks import Agreement, Report, Week

WEEK = Week(year=2026, number=47)
AT = WEEK.from_ms
MADE = Millis(WEEK.until_ms + 3_600_000)
FINDING = Finding(
    kind=Kind.RETURNED,
    count=23,
    records=(120, 131),
    first_ms=AT,
    last_ms=Millis(AT + 60_000),
    roles=("advisor",),
    stores=(StoreId("ams"), StoreId("utr")),
)
REPORT = Report(
    week=WEEK,
    agreement=Agreement(agreed_on=date(2026, 5, 1), document="OR <17>", opens=360, closes=1380),
    looks=640,
    findings=(FINDING, replace(FINDING, kind=Kind.COLLEAGUE, count=2, last_ms=AT)),
)


def files(report: Report = REPORT) -> dict[str, str]:
    return report_files(report, TenantId("acme"), MADE)


def test_it_is_in_both_languages_and_for_programs_the_last_file_of_all() -> None:
    assert list(files()) == [
        "unusual-looks-2026-W47.nl.html",
        "unusual-looks-2026-W47.nl.md",
        "unusual-looks-2026-W47.en.html",
        "unusual-looks-2026-W47.en.md",
        "unusual-looks-2026-W47.json",
    ]


def test_people_read_what_when_where_and_which_records() -> None:
    said = files()["unusual-looks-2026-W47.en.md"]
    assert said.startswith("# Unusual looks at customers, week 2026-W47\n")
    assert "2 findings" in said
    assert "The works council agreed on 2026-05-01: OR <17>." in said
    row, other = (line for line in said.splitlines() if line.startswith("| ") and "advisor" in line)
    assert "2026-11-16 00:00 … 2026-11-16 00:01 | ams, utr | advisor | 23" in row
    assert row.endswith("| 120, 131 and 21 more |")
    assert "| 2026-11-16 00:00 | " in other
    assert other.endswith("| 120, 131 |")
    page = files()["unusual-looks-2026-W47.nl.html"]
    assert "OR &lt;17&gt;" in page
    assert '<html lang="nl">' in page


@pytest.mark.parametrize(
    ("count", "said"), [(0, "niets"), (1, "1 bevinding"), (2, "2 bevindingen")]
)
def test_how_much_there_is_stands_at_the_top(count: int, said: str) -> None:
    page = files(replace(REPORT, findings=REPORT.findings[:count]))
    assert f"moeten vragen: {said}." in page["unusual-looks-2026-W47.nl.md"]
    assert ("<table>" in page["unusual-looks-2026-W47.nl.html"]) is bool(count)


def test_programs_read_the_same() -> None:
    told = json.loads(files()["unusual-looks-2026-W47.json"])
    assert told["week"] == "2026-W47"
    assert told["works_council"] == {"agreed_on": "2026-05-01", "document": "OR <17>"}
    assert told["looks"] == 640
    assert told["findings"][0] == {
        "kind": "returned",
        "count": 23,
        "records": [120, 131],
        "first": "2026-11-16T00:00:00+00:00",
        "last": "2026-11-16T00:01:00+00:00",
        "roles": ["advisor"],
        "stores": ["ams", "utr"],
    }


def test_there_is_a_sentence_for_every_kind() -> None:
    assert set(KINDS) == {each.value for each in Kind}
