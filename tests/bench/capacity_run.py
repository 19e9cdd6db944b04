"""One load on one place: what its processes took, and what is in the database afterwards."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

import msgspec

from shopbell_sim.core.load_crowd import JITTER_MS, WINDOW_MS, Size
from shopbell_sim.load.shift import SAY_EVERY_S
from shopbell_sim.load.summary import Summary
from tests.bench.capacity_rows import Table, log_bytes, tables
from tests.bench.capacity_site import TENANT, placed
from tests.bench.machine import tree_cpu_s, tree_mb

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.bench.capacity_site import Kind, Place

STEADY_FROM_S: Final = 40.0
"""Everybody has come in by then (30 s) and was told of once more; what follows is how it goes on."""

LIMIT_S: Final = 900.0


class Spent(msgspec.Struct, frozen=True, kw_only=True):
    """Processor time so far, in seconds, when so many events were acknowledged."""

    events: int
    server: float
    broker: float
    database: float
    """0 where it is in the server's process."""


class Memory(msgspec.Struct, frozen=True, kw_only=True):
    """In MB; pages that processes share count in parts."""

    server: float
    broker: float
    database: float


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """All that one load told."""

    kind: str
    settings: str
    """Beside the standard ones."""
    size: Size
    people: int
    summary: Summary
    whole: Spent
    """From the first connection to the last answer."""
    steady: Spent
    """Between STEADY_FROM_S and the end of the speaking; as `whole` where the load was shorter."""
    steady_s: float
    idle: Memory
    """Before the first edge."""
    busy: Memory
    """At its end, the edges still there."""
    log_bytes: int
    """What PostgreSQL wrote to its log meanwhile; 0 of SQLite, whose log is emptied again and again."""
    before: tuple[Table, ...]
    after: tuple[Table, ...]


def measured(kind: Kind, size: Size, duration_s: float, settings: str = "") -> Run:
    """Run a load, with `settings` of the server beside the standard; return what it told.

    Raises RuntimeError where not all of it was taken in.
    """
    people = size.people(int(duration_s * 1000))
    with (
        tempfile.TemporaryDirectory(prefix="shopbell-capacity-") as name,
        placed(Path(name), kind, size, people, settings) as place,
    ):
        _wait_for_a_quarter(duration_s)
        before = tables(place.url)
        idle, began, written = _memory(place), _spent(place, 0), log_bytes(place.url)
        spent, busy, summary = _loaded(place, size, duration_s)
        end = _spent(place, summary.acknowledged)
        return Run(
            kind=kind,
            settings=" ".join(settings.split("\n")).strip(),
            size=size,
            people=place.people,
            summary=summary,
            whole=_between(began, end),
            steady=_between(spent[0], spent[-1]) if len(spent) > 1 else _between(began, end),
            steady_s=SAY_EVERY_S * (len(spent) - 1) if len(spent) > 1 else summary.seconds,
            idle=idle,
            busy=busy,
            log_bytes=log_bytes(place.url) - written,
            before=before,
            after=tables(place.url),
        )


def _wait_for_a_quarter(duration_s: float) -> None:
    """Return when no token ends within a load: all phones change theirs within a minute of every quarter.

    A load of a minute that it falls into says twice as much as stores do. The page counts it apart.
    """
    window_s, jitter_s = WINDOW_MS / 1000, JITTER_MS / 1000
    since_s = time.time() % window_s
    if since_s < jitter_s:
        time.sleep(jitter_s - since_s)
    elif since_s + duration_s > window_s:
        time.sleep(window_s - since_s + jitter_s)


def _loaded(place: Place, size: Size, duration_s: float) -> tuple[list[Spent], Memory, Summary]:
    """Run `shopbell-sim load` beside it; return what was spent at each word of it since it is steady."""
    program = str(Path(sys.executable).with_name("shopbell-sim"))
    command = [program, "load", "--tenant", TENANT, "--data", str(place.folder / "load"), "--json"]
    for option, value in {
        "stores": size.stores,
        "edges": size.edges,
        "customers": size.customers,
        "heard-by": size.heard_by,
        "speed": size.speed,
        "duration": duration_s,
        "server": f"http://127.0.0.1:{place.http_port}",
        "broker": f"mqtt://edge@127.0.0.1:{place.broker_port}",
        "password-file": place.password_file,
    }.items():
        command += [f"--{option}", str(value)]
    spent: list[Spent] = []
    busy = _memory(place)
    said = ""
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as load:
        assert load.stdout is not None
        assert load.stderr is not None
        try:
            for said in _lines(load.stderr):
                at, _, rest = said.partition(" s: ")
                if rest and float(at) >= STEADY_FROM_S:
                    spent.append(_spent(place, int(rest.split()[0])))
                busy = _memory(place)
            out = load.stdout.read()
            code = load.wait(LIMIT_S)
        finally:
            load.kill()
    if code:
        raise RuntimeError(f"the load ended with {code}: {out}{said}")
    return spent, busy, msgspec.json.decode(out, type=Summary)


def _lines(stderr: IO[str]) -> Iterator[str]:
    until_s = time.monotonic() + LIMIT_S
    for line in stderr:
        yield line
        if time.monotonic() > until_s:
            raise RuntimeError(f"the load goes on after {LIMIT_S:.0f} s")


def _spent(place: Place, events: int) -> Spent:
    return Spent(
        events=events,
        server=tree_cpu_s(place.server, but=place.broker),
        broker=tree_cpu_s(place.broker),
        database=0.0 if place.database is None else tree_cpu_s(place.database),
    )


def _between(began: Spent, end: Spent) -> Spent:
    return Spent(
        events=end.events - began.events,
        server=end.server - began.server,
        broker=end.broker - began.broker,
        database=end.database - began.database,
    )


def _memory(place: Place) -> Memory:
    return Memory(
        server=tree_mb(place.server, but=place.broker),
        broker=tree_mb(place.broker),
        database=0.0 if place.database is None else tree_mb(place.database),
    )
