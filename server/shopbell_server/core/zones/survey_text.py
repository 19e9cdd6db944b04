"""A survey as a table: `x,y,z` and a column per receiver, empty where it did not hear.

Owns: the text of a survey, as `shopbell-sim replay` reads it too, that of a walk (`x,y,z,from,to`: when
somebody stood where), line by line too, and all that can be wrong with either.
Never: files, or whether the survey is good enough (`survey_check`).
"""

from __future__ import annotations

import csv
import io
import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from shopbell_server.core.ids import Millis
from shopbell_server.core.zones.likelihood import LOUDEST_DBM
from shopbell_server.core.zones.plan import Reading, Survey
from shopbell_server.core.zones.survey_walk import SHORTEST_MS, Stand

if TYPE_CHECKING:
    from collections.abc import Mapping

PLACE: Final = ("x", "y", "z")

TIMES: Final = ("from", "to")

WALK_HEADING: Final = f"{','.join((*PLACE, *TIMES))}\n"
"""The first line of a walk."""

QUIETEST_DBM: Final = -120.0
"""No radio hears less; a number below it is something else."""

MOST_POINTS: Final = 1_000
"""A point every 3 m of 9 000 m². Work grows with their cube: seconds for a thousand, minutes for more."""

FURTHEST_M: Final = 10_000.0


class SurveyTextError(ValueError):
    """A survey cannot be read: at which line, what, and what to do."""

    def __init__(self, line: int, problem: str) -> None:
        super().__init__(f"line {line}: {problem}")
        self.line = line
        self.problem = problem


def parsed(text: str) -> Survey:
    """Return the survey in `text`. Raises SurveyTextError at the first mistake."""
    lines = csv.reader(io.StringIO(text, newline=""))
    try:
        heading = next(lines, [])
        receivers = _receivers(heading)
        readings = [
            _reading(dict(zip(heading, values, strict=True)), receivers, lines.line_num)
            for values in lines
            if _fits(values, heading, lines.line_num)
        ]
    except csv.Error as error:
        raise SurveyTextError(lines.line_num, f"is no CSV ({error}); export it again") from None
    if not readings:
        raise SurveyTextError(2, "no points after the first line; survey again")
    if len({(each.x_m, each.y_m) for each in readings}) > MOST_POINTS:
        problem = f"more than {MOST_POINTS} points until here; leave some out, or make two levels"
        raise SurveyTextError(lines.line_num, problem)
    return Survey(receivers=receivers, readings=tuple(readings))


def stands_in(text: str) -> list[Stand]:
    """Return when somebody stood where, by `text`. Raises SurveyTextError at the first mistake."""
    lines = csv.reader(io.StringIO(text, newline=""))
    try:
        heading = next(lines, [])
        if heading != [*PLACE, *TIMES]:
            raise SurveyTextError(1, f"write {WALK_HEADING.strip()} as the first line")
        stands = [
            _stand(dict(zip(heading, values, strict=True)), lines.line_num)
            for values in lines
            if _fits(values, heading, lines.line_num)
        ]
    except csv.Error as error:
        raise SurveyTextError(lines.line_num, f"is no CSV ({error}); write it again") from None
    if not stands:
        raise SurveyTextError(2, "no points after the first line; write one for each stand")
    return stands


def stand_line(stand: Stand) -> str:
    """Return the line of a walk that says when somebody stood where."""
    place = f"{stand.x_m:g},{stand.y_m:g},{stand.z_m:g}"
    times = (datetime.fromtimestamp(each / 1000, UTC) for each in (stand.from_ms, stand.to_ms))
    return f"{place},{','.join(each.isoformat(timespec='milliseconds') for each in times)}\n"


def written(survey: Survey) -> str:
    """Return the text of a survey."""
    text = io.StringIO(newline="")
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow((*PLACE, *survey.receivers))
    for each in survey.readings:
        heard = [each.heard_dbm.get(name, "") for name in survey.receivers]
        lines.writerow((f"{each.x_m:g}", f"{each.y_m:g}", f"{each.z_m:g}", *heard))
    return text.getvalue()


def _receivers(heading: list[str]) -> tuple[str, ...]:
    missing = [each for each in PLACE if each not in heading]
    if missing:
        raise SurveyTextError(
            1, f"no column {', '.join(missing)}; the first line is x,y,z and a column per receiver"
        )
    receivers = tuple(each for each in heading if each not in PLACE)
    if not receivers:
        raise SurveyTextError(1, "no receiver; add a column for each, named EDGE/SCANNER")
    if len(set(heading)) < len(heading):
        twice = next(each for each in heading if heading.count(each) > 1)
        raise SurveyTextError(1, f'"{twice}" stands twice; name each column once')
    return receivers


def _fits(values: list[str], heading: list[str], line: int) -> bool:
    """Return whether a line is one: an empty one is none."""
    if not values:
        return False
    if len(values) != len(heading):
        problem = f"{len(values)} values for {len(heading)} columns; write one for each"
        raise SurveyTextError(line, problem)
    return True


def _reading(row: Mapping[str, str], receivers: tuple[str, ...], line: int) -> Reading:
    x_m, y_m, z_m = (_metres(row[each], each, line) for each in PLACE)
    heard = {
        name: level
        for name in receivers
        if (level := _level(row[name].strip(), name, line)) is not None
    }
    return Reading(x_m=x_m, y_m=y_m, z_m=z_m, heard_dbm=heard)


def _stand(row: Mapping[str, str], line: int) -> Stand:
    x_m, y_m, z_m = (_metres(row[each], each, line) for each in PLACE)
    from_ms, to_ms = (_moment(row[each], each, line) for each in TIMES)
    stand = Stand(x_m=x_m, y_m=y_m, z_m=z_m, from_ms=from_ms, to_ms=to_ms)
    if not stand.is_long_enough:
        problem = (
            f"less than {SHORTEST_MS // 1000} s at this point; stand longer, or remove the line"
        )
        raise SurveyTextError(line, problem)
    return stand


def _moment(text: str, column: str, line: int) -> Millis:
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        problem = (
            f'{column} "{text.strip()[:30]}" is no moment with a zone; write 2026-11-21T14:02:00Z'
        )
        raise SurveyTextError(line, problem)
    return Millis(round(at.timestamp() * 1000))


def _metres(text: str, column: str, line: int) -> float:
    value = _number(text, column, line)
    if abs(value) > FURTHEST_M:
        raise SurveyTextError(line, f"{column} {value:g} is far away; write metres")
    return value


def _level(text: str, column: str, line: int) -> float | None:
    """Return a strength; None where nothing was heard, or what drivers write for nothing."""
    if not text:
        return None
    value = _number(text, column, line)
    if value > LOUDEST_DBM:
        return None
    if value < QUIETEST_DBM:
        problem = f"{column} {value:g} is no strength; write dBm, as -72, or nothing"
        raise SurveyTextError(line, problem)
    return value


def _number(text: str, column: str, line: int) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        problem = f'{column} "{text.strip()[:20]}" is no number; write one or remove the line'
        raise SurveyTextError(line, problem)
    return value
