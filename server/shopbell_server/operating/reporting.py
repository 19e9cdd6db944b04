"""`shopbell-server audit report`: which looks of a week somebody should ask about.

Owns: what an auditor asks for, and when the answer is no.
Never: what is unusual (`core.audit.unusual`), or how the report reads (`papers.unusual`).
"""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import TYPE_CHECKING

from shopbell_program.commands import CommandError, UsageError
from shopbell_server.assembly import agreement_of, open_database
from shopbell_server.core.audit.chain import Actor
from shopbell_server.core.ids import TenantId
from shopbell_server.core.language import DOCUMENT_LANGUAGES
from shopbell_server.papers.unusual import as_json, report_files
from shopbell_server.system import SystemClock, user_name
from shopbell_server.usecases.keeping.unusual_looks import (
    covers,
    last_week,
    report_unusual,
    week_named,
)
from shopbell_server.weekly_report import write_files

if TYPE_CHECKING:
    import argparse

    from shopbell_server.config.settings import Settings


def report(settings: Settings, arguments: argparse.Namespace) -> None:
    """Write the report of a week's unusual looks, or print it as JSON."""
    table = None if settings.audit is None else settings.audit.report
    if table is None:
        raise CommandError(
            "nobody's looks are looked through before the works council has agreed: record that in "
            "[audit.report.works_council] (deploy/server/server.toml shows it)"
        )
    now_ms, agreement = SystemClock().now_ms(), agreement_of(table)
    week = last_week(now_ms) if arguments.week is None else week_named(arguments.week)
    if week is None:
        raise UsageError(
            f"--week {arguments.week!r}: write the year and the week, such as 2026-W47"
        )
    if week.until_ms > now_ms:
        raise UsageError(f"--week {week.name} is not over yet")
    if not covers(agreement, week):
        raise CommandError(
            f"week {week.name} began before the works council agreed "
            f"({agreement.agreed_on.isoformat()}): what staff did then is not looked through"
        )
    tenant = TenantId(settings.tenant)
    with contextlib.closing(open_database(settings)) as database:
        by = Actor(kind="operator", name=user_name())
        made = report_unusual(database, week, agreement, now_ms, by)
    if arguments.json:
        print(json.dumps(as_json(made, tenant, now_ms)))
        return
    folder: Path = arguments.out or Path(table.folder)
    folder.mkdir(parents=True, exist_ok=True)
    languages = (arguments.language,) if arguments.language else DOCUMENT_LANGUAGES
    files = report_files(made, tenant, now_ms, languages)
    write_files(folder, files)
    for name in files:
        print(folder / name)
