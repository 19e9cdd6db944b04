"""What somebody takes along: tables of plain values, as JSON and as CSV.

Owns: the two forms, and that no cell of a CSV is taken for a formula.
Never: what is in it (`usecases.keeping.export`).
"""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from shopbell_server.core.delivery.cloud_events import rfc3339

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from shopbell_server.core.ids import Millis, PersonId

Value = str | int | float | bool | None
Line = dict[str, Value]

FORM: Final = 1
"""Raised when a table or a column gets another meaning; more of them do not raise it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Takeout:
    """Everything of one enrolment. `columns` of every table, in order, also of tables without a line."""

    person: PersonId
    made_ms: Millis
    columns: Mapping[str, Sequence[str]]
    tables: Mapping[str, Sequence[Line]]


def as_json(takeouts: Sequence[Takeout]) -> bytes:
    """Return one document, for people and programs; several enrolments stand in it one after the other."""
    document = {
        "form": FORM,
        "exports": [
            {
                "person": each.person,
                "made_at": rfc3339(each.made_ms),
                **{name: list(lines) for name, lines in each.tables.items()},
            }
            for each in takeouts
        ],
    }
    return json.dumps(document, ensure_ascii=False, indent=1).encode() + b"\n"


def as_zip(takeouts: Sequence[Takeout]) -> bytes:
    """Return a ZIP file with a folder for each enrolment and a CSV file (RFC 4180) for each table."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as files:
        for each in takeouts:
            for name, columns in each.columns.items():
                # A date of its own, so that the same data make the same bytes.
                entry = zipfile.ZipInfo(f"{_folder(each.person)}/{name}.csv", date_time=_FIRST_DATE)
                entry.compress_type = zipfile.ZIP_DEFLATED
                files.writestr(entry, _csv(columns, each.tables[name]))
    return packed.getvalue()


def _csv(columns: Sequence[str], lines: Sequence[Line]) -> bytes:
    """Return a table with a mark that tells spreadsheets that it is UTF-8."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(columns)
    writer.writerows([_cell(line.get(column)) for column in columns] for line in lines)
    return ("\ufeff" + out.getvalue()).encode()


def _cell(value: Value) -> str:
    """Return a value so that no spreadsheet takes it, or a part of it, for a formula."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not isinstance(value, str):
        return str(value)
    return _FORMULA.sub(r"\g<0>'", value)


def _folder(whose: str) -> str:
    """Return the folder of somebody: her id, or `profile` where it is not one of ours.

    Retailers name profiles, and a name may be `../x`: no file may be unpacked to there.
    """
    return whose if _OUR_ID.fullmatch(whose) else "profile"


_FORMULA: Final = re.compile(
    r"""\A(?=[\t\r\n])|(?:\A|[;\t\r\n])"*(?=[=+\-@\uff0b\uff0d\uff1d\uff20])"""
)
"""Where a formula would begin: also behind a `;`, which ends a cell for a spreadsheet in Dutch, whatever
commas and quotes say. `=+-@` are also written full-width, as keyboards in Japan do."""

_OUR_ID: Final = re.compile(r"[0-9A-Za-z-]{1,64}")

_FIRST_DATE: Final = (1980, 1, 1, 0, 0, 0)
"""The earliest that a ZIP file knows."""
