"""What was measured, as the lines of the capacity page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tests.bench import capacity_sums as sums
from tests.bench.report import number

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.bench.capacity_run import Run
    from tests.bench.capacity_sums import Pace

SIZES: Final = {
    1: "nothing: one process, SQLite, embedded broker",
    10: "one process still carries it: `[gathering] wait_ms`",
    100: "roles apart, a second ingest process, PostgreSQL on its own machine",
    1_000: "pace of the edges, then `[retention]`: both the database",
    10_000: "groups of stores, each with a broker and a database of its own",
}
"""How many stores, and what to turn first there."""

LOADS: Final = ("few, SQLite", "many, SQLite", "few, PostgreSQL", "many, PostgreSQL")
PATIENT: Final = "patient, PostgreSQL"
VISITS: Final = ("visits, SQLite", "visits, PostgreSQL")


def written(runs: Mapping[str, Run]) -> Iterator[str]:
    """Yield the lines: what a store says, what that takes, and what so many stores take."""
    of = sums.pace(runs["many, PostgreSQL"].size)
    yield from _store(runs["many, PostgreSQL"], of)
    yield from _processor(runs, of)
    yield from _memory(runs)
    yield from _network(runs["many, PostgreSQL"], of)
    yield from _database(runs, of)
    yield from _sizes(runs["many, PostgreSQL"], runs["visits, PostgreSQL"], of)


def _store(run: Run, of: Pace) -> Iterator[str]:
    size = run.size
    phases = ", ".join(f"{phase} {number(rate)}" for phase, rate in sorted(of.by_phase.items()))
    day_events = of.events_per_s * sums.MEAN_SHARE * sums.OPEN_H * 3600
    yield from _section(
        "What a store says",
        f"At its busiest: {size.customers} recognised customers at a time and {size.edges} edges,",
        f"{size.heard_by} of which hear each customer. That is **{number(of.events_per_s)} events a",
        f"second** ({phases}) and {number(of.visits_per_s * 3600)} visits an hour. A day is taken to be",
        f"{sums.OPEN_H} h at {sums.MEAN_SHARE:.0%} of that: {number(day_events)} events,",
        f"{number(sums.visits_a_day(of))} visits.",
    )


def _processor(runs: Mapping[str, Run], of: Pace) -> Iterator[str]:
    yield from _section(
        "Processor time",
        "Seconds for 1000 events, of each process (from `/proc`, so what a busy host takes away is not in",
        "it), once everybody has come in. SQLite is in the server's process. *Carries*: so many stores at",
        f"their busiest take {sums.BUSY:.0%} of the one core that a server process has.",
    )
    yield from _table(
        "load",
        "stores",
        "events/s",
        "events a batch",
        "server",
        "database",
        "broker",
        "a server process carries",
        "sealing to answer, p50 / p99",
    )
    for name in (*LOADS, PATIENT):
        run = runs[name]
        took, summary = sums.cost(run), run.summary
        yield _row(
            f"{run.kind}; `{run.settings}`" if run.settings else run.kind,
            number(run.size.stores),
            number(run.steady.events / run.steady_s),
            number(summary.events / summary.batches),
            number(took.server),
            number(took.database) if run.steady.database else "",
            number(took.broker),
            f"{sums.most_stores(of, took.server)} stores",
            f"{number(summary.p50_ms)} / {number(summary.p99_ms)} ms",
        )
    yield ""


def _memory(runs: Mapping[str, Run]) -> Iterator[str]:
    yield from _section(
        "Memory",
        "In MB (10⁶ bytes), pages that processes share counted in parts: before the first edge, and with",
        "all edges connected at the end of the load.",
    )
    yield from _table(
        "load", "edges", "server", "broker", "broker, for each edge", "database's processes"
    )
    for name in LOADS:
        run = runs[name]
        idle, busy, edges = run.idle, run.busy, run.summary.edges
        yield _row(
            run.kind,
            number(edges),
            f"{number(idle.server)} → {number(busy.server)}",
            f"{number(idle.broker)} → {number(busy.broker)}",
            f"{number((busy.broker - idle.broker) * 1000 / edges)} KB",
            f"{number(idle.database)} → {number(busy.database)}" if busy.database else "",
        )
    yield ""


def _network(run: Run, of: Pace) -> Iterator[str]:
    summary = run.summary
    a_day = sums.edge_day_bytes(run, of, run.size.edges)
    yield from _section(
        "Network",
        f"For an event {number(summary.line_sent_bytes / summary.events)} bytes from the edge,",
        f"{number(summary.line_received_bytes / summary.events)} to it and",
        f"{number(summary.line_packets / summary.events)} packets both ways. With {sums.PACKET_BYTES} bytes",
        f"of TCP and IPv4 around each packet that is **{number(a_day / 1e6)} MB for an edge and day**. TLS",
        "adds 22 bytes to each message and some 3 KB to each connection.",
    )


def _database(runs: Mapping[str, Run], of: Pace) -> Iterator[str]:
    yield from _section(
        "Database",
        "Bytes with indexes, of whole visits: each of twenty minutes, played within one; rows that changes",
        "of tokens bring are added. PostgreSQL's are packed: the room that updates leave comes on top. Facts",
        "for sinks are not in it: there was no sink.",
    )
    yield from _table(
        "database",
        "table",
        "rows for a visit",
        "bytes a row",
        "kept, days",
        "of a store, when the oldest go",
    )
    for name in VISITS:
        for each in sums.rows(runs[name]):
            whole = each.bytes_per_visit * each.days * sums.visits_a_day(of)
            yield _row(
                _database_of(runs[name]),
                f"`{each.table}`",
                number(each.per_visit),
                number(each.bytes_per_row),
                number(each.days),
                f"{number(whole / 1e6)} MB",
            )
    yield ""
    for name in VISITS:
        run = runs[name]
        tables = sums.rows(run)
        log = run.log_bytes / run.summary.events / 1000
        said = (
            f"{number(sum(each.bytes_per_visit for each in tables))} bytes for a visit of today,",
            f"{number(sums.store_bytes(of, tables) / 1e9)} GB for a store after 13 months,",
            f"{number(sums.customer_bytes(run))} bytes for an enrolled customer.",
            f"Its log: {number(log)} MB for 1000 events." if log else "",
        )
        yield f"- {_database_of(run)}: {' '.join(said).strip()}"
    yield ""


def _sizes(run: Run, visits: Run, of: Pace) -> Iterator[str]:
    yield from _section(
        "From one shop to 10 000 stores",
        f"All stores at their busiest at once, by the costs of {run.kind}, {run.size.stores} stores.",
        f"Processes and Mosquittos are of one core, databases of {sums.DATABASE_CORES}, all {sums.BUSY:.0%}",
        f"busy; a web process serves {sums.STREAMS} tablets, a store has {sums.TABLETS}. The disk is of",
        "13 months; log and network are those of the busiest hour. Where one process of each is enough, it",
        f"is one for both: `shopbell-server run`. Beyond {run.summary.edges} edges this is arithmetic: see",
        "*Where it stops being linear*.",
    )
    yield from _table(
        "stores",
        "customers at a time",
        "events/s",
        "ingest processes",
        "web processes",
        "their memory",
        "Mosquittos",
        "Mosquittos' memory",
        "database, cores",
        "databases",
        "databases' disk",
        "their log, MB/s",
        "network, Mbit/s",
        "turn first",
    )
    took, events = sums.cost(run), run.summary.events
    stored = sums.store_bytes(of, sums.rows(visits))
    a_day = sums.edge_day_bytes(run, of, run.size.edges) * run.size.edges
    bits_per_s = a_day * 8 / (sums.MEAN_SHARE * sums.OPEN_H * 3600)
    edge_mb = (run.busy.broker - run.idle.broker) / run.summary.edges
    for stores, first in SIZES.items():
        ingest = sums.processes(sums.cores(stores, of, took.server))
        web = max(1, -(-stores * sums.TABLETS // sums.STREAMS))
        brokers = sums.processes(sums.cores(stores, of, took.broker))
        database = sums.cores(stores, of, took.database)
        yield _row(
            number(stores),
            number(stores * run.size.customers),
            number(stores * of.events_per_s),
            number(ingest),
            number(web),
            f"{number((ingest + web) * run.busy.server / 1000)} GB",
            number(brokers),
            f"{number(run.idle.broker * brokers + edge_mb * stores * run.size.edges)} MB",
            number(database),
            number(sums.processes(database / sums.DATABASE_CORES)),
            f"{number(stored * stores / 1e9)} GB",
            number(run.log_bytes / events * stores * of.events_per_s / 1e6),
            number(bits_per_s * stores / 1e6),
            first,
        )
    yield ""


def _database_of(run: Run) -> str:
    return run.kind.partition(",")[0]


def _section(title: str, *text: str) -> Iterator[str]:
    yield from (f"### {title}", "", *text, "")


def _table(first: str, *columns: str) -> Iterator[str]:
    yield _row(first, *columns)
    yield "|---|" + "---:|" * len(columns)


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"
