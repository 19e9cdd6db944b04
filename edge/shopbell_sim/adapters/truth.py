"""What truly happened, as lines of JSON, for whoever compares.

Owns: the file. Each line is written out at once: a scenario that is stopped keeps what it had.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import msgspec

if TYPE_CHECKING:
    from pathlib import Path

    from shopbell_sim.core.crowd import Happened
    from shopbell_sim.core.plan import Person


class PersonLine(msgspec.Struct, tag="person", tag_field="what", kw_only=True):
    """Somebody takes part: what she allows, and what her phone is."""

    who: str
    recognised: bool
    purposes: list[str]
    platform: str
    offset_db: float


class HappenedLine(msgspec.Struct, kw_only=True):
    """Something happened. `zone` is where, None in the street."""

    what: str
    who: str
    at_ms: int
    zone: str | None


class Truth:
    """A file of lines. Close it, or use it as a context."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb", buffering=0)
        self._encoder = msgspec.json.Encoder()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def person(self, person: Person) -> None:
        """Note who takes part."""
        self._write(
            PersonLine(
                who=person.who,
                recognised=person.recognised,
                purposes=sorted(person.gives),
                platform=person.phone.platform,
                offset_db=round(person.phone.offset_db, 1),
            )
        )

    def happened(self, happened: Happened) -> None:
        """Note what happened."""
        self.note(happened.what, happened.who, happened.at_s, happened.zone)

    def note(self, what: str, who: str, at_s: float, zone: str | None) -> None:
        """Note anything with a time: what happened in the shop, or `withdrew` and `gave` in the app."""
        self._write(HappenedLine(what=what, who=who, at_ms=round(at_s * 1000), zone=zone))

    def _write(self, line: msgspec.Struct) -> None:
        self._file.write(self._encoder.encode(line) + b"\n")
