"""A day as a TOML file: which site, what trade, what air, what goes wrong.

Owns: the shape of the file, the scenarios and sites that come along, and what makes no sense.
Never: what becomes of a day.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal

from msgspec import Meta, Struct

from shopbell_program.settings import Fault, SettingsError, decoded, load
from shopbell_sim.adapters.site_file import read_site
from shopbell_sim.core.day.day import Day
from shopbell_sim.core.day.mishaps import EVERYBODY, Outage, WrongClock
from shopbell_sim.core.ether.numbers import Ether
from shopbell_sim.core.outing.trade import Trade

if TYPE_CHECKING:
    from collections.abc import Iterator


_HOME: Final = Path(__file__).parent.parent
SCENARIOS: Final = _HOME / "scenarios"
SITES: Final = _HOME / "sites"

YEARS: Final = range(2000, 2100)
"""In which a day may be: windows of tokens count from 1970, and the calendar of computers ends in 9999."""

Minutes = Annotated[float, Meta(ge=0, le=1440)]


class OutageEntry(Struct, frozen=True, kw_only=True):
    """`deaf` scanners, or edges without `power`; `of` names them, "*" is all of them."""

    kind: Literal["deaf", "power"]
    of: tuple[str, ...]
    from_min: Minutes
    for_min: Annotated[float, Meta(gt=0, le=1440)]


class ClockEntry(Struct, frozen=True, kw_only=True):
    """An edge whose clock is wrong; with `from_1970` it has no date until `set_min`."""

    edge: str
    error_ms: Annotated[int, Meta(ge=-86_400_000, le=86_400_000)] = 0
    from_1970: bool = False
    set_min: Minutes = 0.0


class DayFile(Struct, frozen=True, kw_only=True):
    """All of it. `site` is the name of one that comes along, or a file beside this one."""

    name: str
    site: str
    opens: datetime
    seed: Annotated[int, Meta(ge=0)] = 1
    trade: Trade = Trade()
    ether: Ether = Ether()
    outages: tuple[OutageEntry, ...] = ()
    clocks: tuple[ClockEntry, ...] = ()


def known_days() -> tuple[str, ...]:
    """Return the names of the scenarios that come along."""
    return tuple(sorted(path.stem for path in SCENARIOS.glob("*.toml")))


def path_of(name_or_file: str) -> Path:
    """Return the file that is meant: a scenario of ours by name, or any file."""
    own = SCENARIOS / f"{name_or_file}.toml"
    return own if name_or_file in known_days() else Path(name_or_file)


def is_day(path: Path) -> bool:
    """Return whether `path` is the file of a day, which names a site; of one that cannot be read, False."""
    try:
        return "site" in decoded(path)
    except SettingsError:
        return False


def read_day(path: Path) -> Day:
    """Return the day in `path`, or raise SettingsError with all that is wrong."""
    read = load(
        path,
        DayFile,
        lambda each: list(_faults(each)),
        elsewhere=f" Name another, or one of {', '.join(known_days())}.",
    )
    own = SITES / f"{read.site}.toml"
    named = own if own.is_file() else path.parent / read.site
    if not named.exists():
        ours = ", ".join(sorted(each.stem for each in SITES.glob("*.toml")))
        problem = f"there is no file {named}; name one beside this file, or one of {ours}"
        raise SettingsError(str(path), [Fault(key="site", problem=problem)])
    site = read_site(named)
    day = Day(
        name=read.name,
        site=site,
        opens_s=read.opens.timestamp(),
        zone=read.opens.tzinfo or UTC,
        seed=read.seed,
        trade=read.trade,
        ether=read.ether,
        outages=tuple(
            Outage(kind=each.kind, of=each.of, from_s=each.from_min * 60, for_s=each.for_min * 60)
            for each in read.outages
        ),
        clocks=tuple(
            WrongClock(
                edge=each.edge,
                error_ms=each.error_ms,
                from_1970=each.from_1970,
                set_s=each.set_min * 60,
            )
            for each in read.clocks
        ),
    )
    unknown = list(_unknown(day))
    if unknown:
        raise SettingsError(str(path), unknown)
    return day


def _faults(read: DayFile) -> Iterator[Fault]:
    if read.opens.tzinfo is None:
        yield Fault(key="opens", problem="has no zone; write 2026-11-21T09:00:00+01:00")
    if read.opens.year not in YEARS:
        problem = f"the year {read.opens.year}; write one from {YEARS.start} to {YEARS.stop - 1}"
        yield Fault(key="opens", problem=problem)
    for name in ("stops", "paying_s"):
        low, high = getattr(read.trade, name)
        if low > high:
            yield Fault(key=f"trade.{name}", problem=f"{low:g} is more than {high:g}; swap them")
    shares = read.trade.lingers + read.trade.waits
    if shares > 1:
        yield Fault(key="trade.lingers", problem=f"with waits it makes {shares:g}; 1 is everybody")
    if not read.trade.hourly:
        yield Fault(key="trade.hourly", problem="is empty; leave it out if every hour is alike")


def _unknown(day: Day) -> Iterator[Fault]:
    """Yield who is named and not there."""
    scanners = {each.name for each in day.site.receivers} | {EVERYBODY}
    edges = {each.edge for each in day.site.receivers} | {EVERYBODY}
    for index, outage in enumerate(day.outages):
        known = scanners if outage.kind == "deaf" else edges
        for name in sorted(set(outage.of) - known):
            yield Fault(
                key=f"outages[{index}].of",
                problem=f'there is no "{name}"; there are {", ".join(sorted(known))}',
            )
    for index, clock in enumerate(day.clocks):
        if clock.edge not in edges:
            yield Fault(
                key=f"clocks[{index}].edge",
                problem=f'there is no "{clock.edge}"; there are {", ".join(sorted(edges))}',
            )
