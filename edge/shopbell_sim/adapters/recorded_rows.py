"""Tables of recordings: CSV, plain or gzipped, whose every mistake is named by file and line.

Owns: opening, columns, numbers.
Never: what the columns mean.
"""

from __future__ import annotations

import csv
import gzip
import math
import zlib
from typing import TYPE_CHECKING

from shopbell_program.commands import CommandError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path
    from typing import TextIO


def rows(path: Path, columns: Sequence[str]) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield each row with the place it is at (`file:line`); it has all of `columns`, maybe more."""
    try:
        with _opened(path) as text:
            reader = csv.DictReader(text, restkey="", restval=None)
            have = reader.fieldnames or []
            missing = [each for each in columns if each not in have]
            if missing:
                raise CommandError(
                    f"{path}:1: no column {', '.join(missing)}; the first line must name {', '.join(columns)}"
                )
            empty = True
            for row in reader:
                empty = False
                place = f"{path}:{reader.line_num}"
                if "" in row or None in row.values():
                    which = "more" if "" in row else "fewer"
                    raise CommandError(
                        f"{place}: {which} values than the {len(have)} columns; write the line again, remove "
                        "it, or copy the file again if it was cut off"
                    )
                yield place, row
            if empty:
                raise CommandError(
                    f"{path}:2: no rows after the first line; record again, or remove the file"
                )
    except FileNotFoundError as error:
        raise CommandError(f"{path}: no such file; name a folder that has it") from error
    except (OSError, EOFError, zlib.error) as error:
        raise CommandError(f"{path}: cannot be read to its end ({error}); copy it again") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise CommandError(f"{path}: is no CSV in UTF-8 ({error}); export it again") from error


def number(place: str, row: dict[str, str], column: str) -> float:
    """Return a finite number of a row."""
    value = optional(place, row, column)
    if value is None:
        raise CommandError(f"{place}: {column} is empty; write a number or remove the line")
    return value


def optional(place: str, row: dict[str, str], column: str) -> float | None:
    """Return a finite number of a row, None where the field is empty."""
    text = row[column].strip()
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise CommandError(
            f'{place}: {column} "{text[:20]}" is no number; write one or remove the line'
        )
    return value


def _opened(path: Path) -> TextIO:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8", newline="")
    return path.open(encoding="utf-8", newline="")
