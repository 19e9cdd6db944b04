"""The report of unusual looks, written once a week into a folder.

Owns: when it is due, and that its files are whole or not there.
Never: what stands in it, or sends it to anybody.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

import structlog

from shopbell_server.core.audit.chain import SERVER
from shopbell_server.papers.unusual import report_files
from shopbell_server.usecases.keeping.unusual_looks import covers, last_week, report_unusual

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from shopbell_server.core.ids import Millis, TenantId
    from shopbell_server.ports.database import Database
    from shopbell_server.usecases.keeping.unusual_looks import Agreement, Week

log = structlog.get_logger()

RESTS_MS: Final = 3_600_000
"""After the week's end: servers' clocks differ; what is looked at around midnight is on record by then."""

MODE: Final = 0o600
"""For whoever reads it as the server's user, and for those that the folder's rights or ACLs let in."""


class WeeklyReport:
    """Writes the report of the newest week that is over, if nobody has."""

    def __init__(
        self, database: Database, tenant: TenantId, agreement: Agreement, folder: Path
    ) -> None:
        self._database = database
        self._tenant = tenant
        self._agreement = agreement
        self._folder = folder

    def write_if_due(self, now_ms: Millis) -> bool:
        """Return whether a report was written. Raises OSError, and what the database raises."""
        week = last_week(now_ms)
        if not is_due(self._folder, self._agreement, week, now_ms):
            return False
        by = SERVER
        report = report_unusual(self._database, week, self._agreement, now_ms, by)
        write_files(self._folder, report_files(report, self._tenant, now_ms))
        log.info("unusual_looks_reported", week=week.name, findings=len(report.findings))
        return True


def is_due(folder: Path, agreement: Agreement, week: Week, now_ms: Millis) -> bool:
    """Return whether the report of `week` should be in `folder`, and is not."""
    rests = now_ms < week.until_ms + RESTS_MS
    there = (folder / f"unusual-looks-{week.name}.json").exists()
    return not rests and not there and covers(agreement, week)


def write_files(folder: Path, files: Mapping[str, str]) -> None:
    """Write `files` into `folder`, each whole or not at all, over those of before. Raises OSError."""
    for name, text in files.items():
        path = folder / name
        beside = path.with_name(f".{name}.new")
        beside.unlink(missing_ok=True)
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, MODE)
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
