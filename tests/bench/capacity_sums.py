"""What one store costs by what was measured, and what many stores cost by that.

Owns: the arithmetic, with every assumption as a constant.
Never: measures.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from random import Random
from typing import TYPE_CHECKING, Final

from shopbell_server.core.keeping.retention import Limits, What, rules
from shopbell_sim.core.load_crowd import STAY_MS, WINDOW_MS, Crowd, Size

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.bench.capacity_run import Run

OPEN_H: Final = 12
"""Of a store's day."""

MEAN_SHARE: Final = 0.5
"""Of the customers at its busiest, on average over OPEN_H."""

TABLETS: Final = 3
"""Of a store, with the board open."""

STREAMS: Final = 500
"""Boards that one process serves at once (`web.streams`); beyond, it answers 503."""

BUSY: Final = 0.6
"""How much of a core may be taken at the busiest hour: what is left is for bursts (every quarter of an hour
all phones change their tokens) and for catching up after an outage."""

DATABASE_CORES: Final = 16
"""Of one machine of PostgreSQL's: what one can rent anywhere. One with more carries more."""

AT_CHANGE: Final = 3
"""Events of an edge when a phone changes its token: `entered`, and `inactive` and `left` of the old one."""

PACKET_BYTES: Final = 52
"""TCP and IPv4 with timestamps, around the payload of each packet."""

HOURS: Final = 2
STORES: Final = 4
"""Of how many, and for how long, a store's events are counted. No process runs for that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """What a store says and sees, at its busiest."""

    events_per_s: float
    visits_per_s: float
    by_phase: dict[str, float]
    """Events a second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Processor seconds for 1000 events."""

    server: float
    broker: float
    database: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """What one table keeps of a visit, and for how long."""

    table: str
    per_visit: float
    bytes_per_row: float
    days: float

    @property
    def bytes_per_visit(self) -> float:
        return self.per_visit * self.bytes_per_row


def pace(size: Size) -> Pace:
    """Return what a store of `size` says when it has been open for a while."""
    of = Size(
        stores=STORES,
        edges=size.edges,
        customers=size.customers,
        heard_by=size.heard_by,
        speed=1.0,
    )
    until_ms = HOURS * 3_600_000
    crowd = Crowd(of, of.people(until_ms), Random(1), 0)
    for _ in crowd.until(until_ms // 2):
        pass
    counts: dict[str, int] = {}
    people = set()
    for told in crowd.until(until_ms):
        phase = told.phase or "pass"
        counts[phase] = counts.get(phase, 0) + 1
        people.add((told.store, told.person))
    seconds = STORES * until_ms / 2 / 1000
    return Pace(
        events_per_s=sum(counts.values()) / seconds,
        visits_per_s=(len(people) - STORES * size.customers) / seconds,
        by_phase={phase: count / seconds for phase, count in counts.items()},
    )


def cost(run: Run) -> Cost:
    """Return what 1000 events of a steady load took."""
    spent = run.steady
    thousands = spent.events / 1000
    return Cost(
        server=spent.server / thousands,
        broker=spent.broker / thousands,
        database=spent.database / thousands,
    )


def rows(run: Run) -> list[Rows]:
    """Return what each table keeps of a visit, those with the most bytes first.

    Visits that were played faster end before their tokens do: what a change of tokens adds is added here.
    """
    before = {table.name: table for table in run.before}
    visits = next(table.rows for table in run.after if table.name == "visits")
    days = kept_days()
    changes = run.size.heard_by * STAY_MS / WINDOW_MS * (1 - 1 / run.size.speed)
    more = {"intervals": changes, "observations": AT_CHANGE * changes}
    found = []
    for table in run.after:
        was = before.get(table.name)
        added = table.rows - (was.rows if was else 0)
        grown = table.size_bytes - (was.size_bytes if was else 0)
        # What is a row for each edge, scanner or quarter of an hour is not of visits.
        if table.name in days and added > visits / 2:
            found.append(
                Rows(
                    table=table.name,
                    per_visit=added / visits + more.get(table.name, 0.0),
                    bytes_per_row=grown / added,
                    days=days[table.name],
                )
            )
    return sorted(found, key=lambda each: -each.bytes_per_visit * each.days)


def kept_days() -> dict[str, float]:
    """Return for how many days each table is kept that grows with visits."""
    of = {rule.what: rule for rule in rules(Limits())}
    return {
        "batches": of[What.BATCHES].for_ms / 86_400_000,
        "observations": of[What.OBSERVATIONS].for_ms / 86_400_000,
        "visits": of[What.VISITS].for_ms / 86_400_000,
        "intervals": of[What.VISITS].for_ms / 86_400_000,
        "code_uses": of[What.CODES].for_ms / 86_400_000,
    }


def customer_bytes(run: Run) -> float:
    """Return what one enrolled customer takes, without any visit."""
    return sum(table.size_bytes for table in run.before if table.rows >= run.people) / run.people


def edge_day_bytes(run: Run, of: Pace, edges: int) -> float:
    """Return what goes over an edge's line in a day, all headers up to IPv4's included, both ways."""
    summary = run.summary
    bytes_per_event = (
        summary.line_sent_bytes + summary.line_received_bytes + PACKET_BYTES * summary.line_packets
    ) / summary.events
    return bytes_per_event * of.events_per_s / edges * MEAN_SHARE * OPEN_H * 3600


def visits_a_day(of: Pace) -> float:
    """Return how many a store has."""
    return of.visits_per_s * MEAN_SHARE * OPEN_H * 3600


def store_bytes(of: Pace, tables: Sequence[Rows]) -> float:
    """Return what a store's visits take when the oldest begin to go."""
    return sum(each.bytes_per_visit * each.days for each in tables) * visits_a_day(of)


def cores(stores: int, of: Pace, seconds_per_1000: float) -> float:
    """Return how many cores are busy at the busiest hour."""
    return stores * of.events_per_s * seconds_per_1000 / 1000


def processes(busy_cores: float) -> int:
    """Return how many processes of one core each that takes."""
    return max(1, ceil(busy_cores / BUSY))


def most_stores(of: Pace, seconds_per_1000: float) -> int:
    """Return how many stores one process of one core carries."""
    return int(BUSY / (of.events_per_s * seconds_per_1000 / 1000))
