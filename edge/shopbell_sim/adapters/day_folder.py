"""The folder of a simulated day: what each scanner heard, what is true, what Shopbell saw, a picture.

Owns: its files. `heard/SCANNER.csv.gz`: `at_ms,address,ad,rssi_dbm` by the clock of its edge; `truth.ndjson`
and `seen.ndjson`: one object a line; `tokens.csv`: who sent which token when; `picture.svg`.
"""

from __future__ import annotations

import gzip
from contextlib import ExitStack
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Self

import msgspec

from shopbell_program.commands import CommandError
from shopbell_sim.core.outing.outings import happened

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from shopbell_sim.core.day.seeing import SeenVisit
    from shopbell_sim.core.outing.outings import Outing, Truth
    from shopbell_sim.core.phone import Identity

_FASTEST = 1
"""Of gzip: a quarter of the time, and a tenth more bytes."""


class PersonLine(msgspec.Struct, tag="person", tag_field="what", kw_only=True):
    """An outing of somebody: `kind` is customer, passer or staff."""

    who: str
    kind: str
    platform: str
    offset_db: float
    begins_ms: int
    ends_ms: int


class TrueLine(msgspec.Struct, kw_only=True):
    """Something that happened: `entered`, `zone`, `went_out` or `bought`."""

    what: str
    who: str
    at_ms: int
    zone: str | None = None


class SeenLine(msgspec.Struct, tag="visit", tag_field="what", kw_only=True):
    """A visit as Shopbell has it; `zones`, if they were looked for: since when she was seen where.

    A zone is null where nobody could say.
    """

    who: str
    from_ms: int
    until_ms: int
    zones: list[tuple[int, str | None]]


class DayFolder:
    """A new folder at `path`; `opens_ms` is second 0. Use it as a context.

    It is there once the context ended well, with all of it; until then it is a hidden one beside.
    Raises CommandError, at any time, where it cannot be made or written.
    """

    def __init__(self, path: Path, scanners: Sequence[str], opens_ms: int) -> None:
        self._named = path
        self._opens_ms = opens_ms
        self._encoder = msgspec.json.Encoder()
        self._open = ExitStack()
        if path.exists():
            raise CommandError(f"{path} is there already; name another folder with --out")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._path = Path(mkdtemp(prefix=f".{path.name[:40]}.", dir=path.parent))
            (self._path / "heard").mkdir()
            self._heard = [
                self._open.enter_context(
                    gzip.open(  # noqa: SIM115  closed with the folder
                        self._path / "heard" / f"{name}.csv.gz", "wt", compresslevel=_FASTEST
                    )
                )
                for name in scanners
            ]
        except OSError as error:
            raise self._unwritten(error) from error
        for file in self._heard:
            file.write("at_ms,address,ad,rssi_dbm\n")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: BaseException | None, _: object) -> None:
        try:
            self._open.close()
            if error is None:
                self._path.chmod(0o755)
                self._path.rename(self._named)
        except OSError as closing:
            error = error if isinstance(error, OSError) else closing
        if error is not None:
            rmtree(self._path, ignore_errors=True)
        if isinstance(error, OSError):
            raise self._unwritten(error) from error

    def _unwritten(self, error: OSError) -> CommandError:
        return CommandError(f"{self._named}: {error.strerror}; name another folder with --out")

    def heard(self, scanner: int, lines: Iterable[str]) -> None:
        """Add what the scanner with this number heard."""
        self._heard[scanner].writelines(lines)

    def truth(self, lived: Iterable[tuple[Outing, Truth]]) -> None:
        """Write what is true of everybody."""
        lines: list[msgspec.Struct] = []
        for outing, truth in lived:
            lines.append(
                PersonLine(
                    who=outing.who,
                    kind=outing.kind,
                    platform=outing.handset.platform,
                    offset_db=round(outing.handset.offset_db, 1),
                    begins_ms=self._ms(outing.itinerary.begins_s),
                    ends_ms=self._ms(outing.itinerary.ends_s),
                )
            )
            lines += [
                TrueLine(what=each.what, who=outing.who, at_ms=self._ms(each.at_s), zone=each.zone)
                for each in happened(outing, truth)
            ]
        self._lines("truth.ndjson", lines)

    def seen(self, visits: Iterable[SeenVisit]) -> None:
        """Write what Shopbell saw."""
        self._lines(
            "seen.ndjson",
            [
                SeenLine(
                    who=each.who,
                    from_ms=self._ms(each.from_s),
                    until_ms=self._ms(each.until_s),
                    zones=[(self._ms(zone.from_s), zone.zone) for zone in each.zones],
                )
                for each in visits
            ],
        )

    def tokens(self, identities: Mapping[str, Identity]) -> None:
        """Write who sends which token: nobody issued them, so no server can know."""
        rows = [
            f"{who},{window},{token.id32},{token.id64}\n"
            for who, identity in identities.items()
            for window, token in identity.tokens.items()
        ]
        (self._path / "tokens.csv").write_text("who,window,id32,id64\n" + "".join(rows))

    def picture(self, svg: str) -> Path:
        """Write the picture; return where it will be."""
        (self._path / "picture.svg").write_text(svg)
        return self._named / "picture.svg"

    def _lines(self, name: str, lines: Iterable[msgspec.Struct]) -> None:
        with (self._path / name).open("wb") as file:
            file.writelines(self._encoder.encode(line) + b"\n" for line in lines)

    def _ms(self, at_s: float) -> int:
        return self._opens_ms + round(at_s * 1000)
