from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from shopbell_server.core.ids import Millis, TenantId
from shopbell_server.usecases.keeping.unusual_looks import Agreement, Week
from shopbell_server.weekly_report import RESTS_MS, WeeklyReport
from tests.fakes.server import MemoryDatabase

if TYPE_CHECKING:
    from pathlib import Path

WEEK = Week(year=2026, number=47)
DUE = Millis(WEEK.until_ms + RESTS_MS)


def weekly(folder: Path, agreed_on: date = WEEK.monday) -> WeeklyReport:
    agreement = Agreement(agreed_on=agreed_on, document="OR 17", opens=360, closes=1380)
    return WeeklyReport(MemoryDatabase(), TenantId("acme"), agreement, folder)


def test_the_week_that_is_over_is_reported_once(tmp_path: Path) -> None:
    report = weekly(tmp_path)
    assert not report.write_if_due(Millis(WEEK.until_ms - 1))
    assert not report.write_if_due(Millis(DUE - 1))
    assert report.write_if_due(DUE)
    assert not report.write_if_due(Millis(DUE + 1))
    names = sorted(each.name for each in tmp_path.iterdir())
    assert names == [
        f"unusual-looks-2026-W47.{end}" for end in ("en.html", "en.md", "json", "nl.html", "nl.md")
    ]
    assert {each.stat().st_mode & 0o777 for each in tmp_path.iterdir()} == {0o600}


def test_a_week_from_before_the_agreement_is_not(tmp_path: Path) -> None:
    assert not weekly(tmp_path, date(2026, 11, 17)).write_if_due(DUE)
    assert list(tmp_path.iterdir()) == []


def test_a_report_that_broke_off_is_written_again(tmp_path: Path) -> None:
    report = weekly(tmp_path)
    (tmp_path / ".unusual-looks-2026-W47.nl.html.new").write_text("half")
    (tmp_path / "unusual-looks-2026-W47.nl.html").write_text("of another time")
    assert report.write_if_due(DUE)
    assert "</html>" in (tmp_path / "unusual-looks-2026-W47.nl.html").read_text()
    assert not list(tmp_path.glob(".*"))


def test_a_folder_that_is_away_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        weekly(tmp_path / "away").write_if_due(DUE)
