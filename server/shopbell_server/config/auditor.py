"""Settings of the weekly report of unusual looks.

Owns: the table [audit.report], which cannot be written without the works council's agreement.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from msgspec import Meta, Struct

from shopbell_program.settings import Fault
from shopbell_server.config.responsible import Line
from shopbell_server.config.shapes import Folder

if TYPE_CHECKING:
    from collections.abc import Iterator

Day = Annotated[
    str,
    Meta(
        pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}\Z",
        description="a day in quotes",
        examples=["2026-05-01"],
    ),
]
Clock = Annotated[
    str,
    Meta(
        pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]\Z",
        description="hours and minutes in quotes",
        examples=["06:00"],
    ),
]


class WorksCouncil(Struct, frozen=True, kw_only=True):
    """The works council's agreement to the report. What staff did before it is never looked through."""

    agreed_on: Day
    document: Line
    """Where the agreement can be read: the number or name of the decision. It stands in every report."""


class Report(Struct, frozen=True, kw_only=True):
    """Once a week: looks at customers that somebody should ask about, for the auditor.

    Without this table there is none.
    """

    folder: Folder
    """Where the reports are written. Let the auditor alone read there."""
    works_council: WorksCouncil
    opens: Clock = "06:00"
    closes: Clock = "23:00"
    """By the clock of each store: somebody may be at work there. Wider than opening hours, for stock is
    unloaded before and tills are counted after."""


def faults_of_report(report: Report | None) -> Iterator[Fault]:
    """Yield what is wrong with the table [audit.report]."""
    if report is None:
        return
    if not Path(report.folder).is_dir():
        yield Fault(key="audit.report.folder", problem=f'there is no folder "{report.folder}"')
    try:
        date.fromisoformat(report.works_council.agreed_on)
    except ValueError:
        yield Fault(
            key="audit.report.works_council.agreed_on",
            problem=f'"{report.works_council.agreed_on}" is no day of the calendar',
        )


def minutes(clock: Clock) -> int:
    """Return the minute of the day."""
    hours, _, rest = clock.partition(":")
    return int(hours) * 60 + int(rest)
