"""Accepted = stored, and no effect twice: what should have come of a flow, worked out again.

Owns: what the spools' records, the truth about tokens and cards, and the rules in one sentence each say
that the database and the sink must hold. Nothing of the server's core is asked.
Never: names whom it is about: what is wrong is told in numbers.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from contextlib import closing
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sqlalchemy import select

from shopbell_server.core.ids import CardRef
from shopbell_server.db.engine import open_engine
from shopbell_server.db.tables import (
    BATCHES,
    CODE_USES,
    DELIVERIES,
    FACTS,
    INTERVALS,
    QUARANTINED,
    STREAMS,
    VISITS,
)
from tests.faults import spool_record
from tests.faults.shop import STORE
from tests.rigs.postgres import as_superuser

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from sqlalchemy import Row, Table

    from tests.faults.crowd import Customer
    from tests.faults.shop import Shop
    from tests.faults.spool_record import SealedBatch, SpoolRecord

GAP_MS: Final = 90_000
STAY_MS: Final = 135_000
"""The demo's rules: 30 and 45 minutes, twenty times shorter."""

MIN_DWELL_MS: Final = 6_000
LEFT_MS: Final = 9_000
"""A longer silence is no dwell, even within a visit."""
STEP_S: Final = 30

SIGNAL: Final = 2
PASS: Final = 4
"""Rows of the ladder of evidence."""

RECOGNIZED: Final = "Customer Recognized"
STARTED: Final = "Store Visit Started"
REVISED: Final = "Store Visit Revised"
ENDED: Final = "Store Visit Ended"
CANCELLED: Final = "Store Visit Cancelled"
SCANNED: Final = "Pass Scanned"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """How much a flow came to; for a person to read."""

    accepted: int
    batches: int
    streams: int
    intervals: int
    passes: int
    visits: int
    told: int
    told_again: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stored:
    """Every row that matters."""

    batches: Sequence[Row[Any]]
    streams: Sequence[Row[Any]]
    quarantined: Sequence[Row[Any]]
    intervals: Sequence[Row[Any]]
    code_uses: Sequence[Row[Any]]
    visits: Sequence[Row[Any]]
    facts: Sequence[Row[Any]]
    deliveries: Sequence[Row[Any]]


def check(shop: Shop) -> Figures:
    """Fail, naming everything that is wrong, unless all that was accepted is stored and counts once.

    To be called when the edges are stopped and every visit has ended.
    """
    records = {edge.name: spool_record.read(edge.spool) for edge in shop.edges}
    stored = _read(shop.settings.database.url)
    told = _lines(shop.folder / "events.ndjson")
    wrong = [
        *_spools(records),
        *_batches(records, stored),
        *_intervals(records, stored, shop.customers),
        *_visits(stored),
        *_told(stored, told),
    ]
    assert not wrong, "\n".join(wrong)
    return Figures(
        accepted=sum(len(record.accepted) for record in records.values()),
        batches=len(stored.batches),
        streams=len(stored.streams),
        intervals=len(stored.intervals),
        passes=len(stored.code_uses),
        visits=len(stored.visits),
        told=len({event["id"] for event in told}),
        told_again=len(told) - len({event["id"] for event in told}),
    )


def _spools(records: Mapping[str, SpoolRecord]) -> Iterator[str]:
    """Yield where accepted events did not go into exactly one batch, or batches are not done with."""
    for edge, record in records.items():
        accepted = Counter(record.accepted)
        sealed = Counter(body for batch in record.sealed for body in batch.bodies)
        for body in list(sealed):
            if json.loads(body)["type"] == "stream_started":
                del sealed[body]  # made by the spool itself
        yield from _same(f"{edge}: accepted and sealed", accepted, sealed)
        if record.unsealed or record.unanswered:
            yield f"{edge}: {record.unsealed} unsealed, {record.unanswered} unanswered"
        if record.refused or record.dropped:
            yield f"{edge}: refused: {Counter(record.refused)}, dropped: {record.dropped}"
        yield from _streams(edge, record.sealed)


def _streams(edge: str, sealed: Iterable[SealedBatch]) -> Iterator[str]:
    """Yield where a stream has a gap, or does not say truly what was before it."""
    before: tuple[str | None, int | None] = (None, None)
    last: Counter[str] = Counter()
    for batch in sealed:
        if batch.seq != last[batch.stream] + 1:
            yield f"{edge}: a stream goes from {last[batch.stream]} to {batch.seq}"
        if batch.seq == 1:
            lead = json.loads(batch.bodies[0])
            if (lead["previous"], lead["previous_last_seq"]) != before:
                yield f"{edge}: a stream does not say truly what was before it"
        last[batch.stream] = batch.seq
        before = (batch.stream, batch.seq)


def _batches(records: Mapping[str, SpoolRecord], stored: _Stored) -> Iterator[str]:
    """Yield where batches that were sealed are not those that the server has."""
    sealed = Counter(
        (edge, batch.stream, batch.seq, hashlib.sha256(batch.payload).digest())
        for edge, record in records.items()
        for batch in record.sealed
    )
    has = Counter((row.edge, row.stream, row.seq, bytes(row.sha256)) for row in stored.batches)
    yield from _same("sealed and stored batches", sealed, has)
    last: dict[tuple[str, str], int] = {}
    for edge, stream, seq, _ in sealed:
        last[edge, stream] = max(seq, last.get((edge, stream), 0))
    whole = {key: "1" if seq == 1 else f"1-{seq}" for key, seq in last.items()}
    ranges = {(row.edge, row.stream): row.ranges for row in stored.streams}
    if ranges != whole:
        gaps = [text for key, text in ranges.items() if whole.get(key) != text]
        yield f"{len(whole)} streams, {len(ranges)} stored, with gaps: {gaps}"
    if stored.quarantined:
        yield f"quarantined: {Counter(row.reason for row in stored.quarantined)}"


def _intervals(
    records: Mapping[str, SpoolRecord], stored: _Stored, customers: Sequence[Customer]
) -> Iterator[str]:
    """Yield where evidence is not the join of what was accepted: once for every stay and every pass."""
    has = Counter(
        (_Stay(row.person, row.edge, row.scanner, row.first_ms), (row.last_ms, row.n, row.loss_db))
        for row in stored.intervals
        if (row.carrier, row.evidence, row.store) == ("service-data", SIGNAL, STORE)
    )
    stays = _stays(
        records, {token: who.person for who in customers for token in who.tokens.values()}
    )
    yield from _same("accepted and stored stays", Counter(stays.items()), has)
    shown = _shown(records)
    used = Counter((row.card, row.step) for row in stored.code_uses)
    yield from _same("shown and used codes", Counter(shown.keys()), used)
    acts = Counter(
        _Stay(row.person, row.edge, row.scanner, row.first_ms)
        for row in stored.intervals
        if (row.carrier, row.evidence, row.store) == ("pass", PASS, STORE)
    )
    holders = {who.card.ref: who.person for who in customers}
    for (card, _), scans in shown.items():
        counts = sum(acts[_Stay(holders[CardRef(card)], *scan)] for scan in scans)
        if counts != 1:
            yield f"a code that was scanned {len(scans)} times counts {counts} times"
    others = len(stored.intervals) - has.total() - acts.total()
    if others or acts.total() != len(shown):
        yield f"{len(shown)} codes, {acts.total()} acts, {others} intervals of nothing that happened"


class _Stay(NamedTuple):
    person: str
    edge: str
    scanner: str
    first_ms: int


def _stays(
    records: Mapping[str, SpoolRecord], owners: Mapping[str, str]
) -> dict[_Stay, tuple[int, int, float]]:
    """Return what all reports of each stay say together: last seen, how often, how near."""
    stays: dict[_Stay, tuple[int, int, float]] = {}
    for edge, event in _events(records, "presence"):
        stay = _Stay(owners[event["token"]], edge, event["scanner"], event["first_ms"])
        last_ms, n, loss_db = stays.get(stay, (0, 0, inf))
        stays[stay] = (
            max(last_ms, event["last_ms"]),
            max(n, event["n"]),
            min(loss_db, event["loss_db"]["median"]),
        )
    return stays


def _shown(
    records: Mapping[str, SpoolRecord],
) -> Mapping[tuple[str, int], set[tuple[str, str, int]]]:
    """Return for each code, by card and step, where and when it was scanned."""
    shown: dict[tuple[str, int], set[tuple[str, str, int]]] = defaultdict(set)
    for edge, event in _events(records, "scan"):
        _, card, unix, _ = event["text"].split(".")
        shown[card, int(unix) // STEP_S].add((edge, event["scanner"], event["at_ms"]))
    return shown


def _events(records: Mapping[str, SpoolRecord], kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for edge, record in records.items():
        for body in record.accepted:
            event = json.loads(body)
            if event["type"] == kind:
                yield edge, event


def _visits(stored: _Stored) -> Iterator[str]:
    """Yield where visits are not the runs of evidence: what lies within reach is one."""
    evidence: dict[str, list[Row[Any]]] = defaultdict(list)
    for row in stored.intervals:
        evidence[row.person].append(row)
    expected: Counter[tuple[str, int, int, str]] = Counter()
    for person, rows in evidence.items():
        for run in _runs(sorted(rows, key=lambda row: (row.first_ms, row.last_ms))):
            start_ms = min(row.first_ms for row in run)
            end_ms = max(row.last_ms for row in run)
            acted = any(row.carrier == "pass" for row in run)
            state = "ended" if acted or _dwell_ms(run) >= MIN_DWELL_MS else "candidate"
            expected[person, start_ms, end_ms, state] += 1
    has = Counter((row.person, row.start_ms, row.end_ms, row.state) for row in stored.visits)
    yield from _same("evidence and visits", expected, has)


def _runs(rows: Iterable[Row[Any]]) -> list[list[Row[Any]]]:
    runs: list[list[Row[Any]]] = []
    reach_ms = 0
    for row in rows:
        if not runs or row.first_ms > reach_ms:
            runs.append([])
            reach_ms = 0
        runs[-1].append(row)
        after_ms = STAY_MS if row.carrier == "pass" else GAP_MS
        reach_ms = max(reach_ms, row.last_ms + after_ms)
    return runs


def _dwell_ms(run: Iterable[Row[Any]]) -> int:
    """Return how long somebody was heard; `run` is in order."""
    dwell_ms = heard_ms = 0
    for row in run:
        silence_ms = row.first_ms - heard_ms
        from_ms = row.first_ms if not heard_ms or silence_ms > LEFT_MS else heard_ms
        dwell_ms += max(0, row.last_ms - from_ms)
        heard_ms = max(heard_ms, row.last_ms)
    return dwell_ms


def _told(stored: _Stored, told: Sequence[dict[str, Any]]) -> Iterator[str]:
    """Yield where the sink did not get every fact, in the order of its customer.

    A line may come twice, for every event arrives at least once; it is the same line then.
    """
    events = {event["id"]: event for event in told}  # in the order in which each came first
    if any(event != events[event["id"]] for event in told):
        yield "one id stands for two events"
    facts = Counter(row.fact for row in stored.facts)
    yield from _same("facts and lines", facts, Counter(events.keys()))
    states = Counter(row.state for row in stored.deliveries)
    if set(states) - {"delivered"}:
        yield f"deliveries: {states}"
    last: dict[str, str] = {}
    for event in events.values():
        if event["sequence"] <= last.get(event["partitionkey"], ""):
            yield "events of one customer are out of order"
        last[event["partitionkey"]] = event["sequence"]
    yield from _effects(stored, events.values())


def _effects(stored: _Stored, events: Iterable[dict[str, Any]]) -> Iterator[str]:
    """Yield where a visit began or ended twice or never, or a pass did not count once."""
    told: dict[str, Counter[tuple[str, object]]] = defaultdict(Counter)
    for event in events:
        data = event["data"]
        told[data["event"]][data.get("visit", ""), data.get("revision")] += 1
    for kind in (RECOGNIZED, STARTED, ENDED, REVISED):
        again = sum(count - 1 for count in told[kind].values())
        if again:
            yield f"{kind}: {again} too many"
    ended = {row.visit for row in stored.visits if row.state == "ended"}
    for kind in (STARTED, ENDED):
        visits = {visit for visit, _ in told[kind]}
        if visits != ended:
            yield f"{kind}: of {len(visits)} visits, not of {len(ended)}"
    scanned, cancelled = told[SCANNED].total(), told[CANCELLED].total()
    if scanned != len(stored.code_uses) or cancelled:
        yield f"{scanned} of {len(stored.code_uses)} passes told, {cancelled} visits cancelled"


def _same(what: str, wanted: Counter[Any], found: Counter[Any]) -> Iterator[str]:
    missing, extra = wanted - found, found - wanted
    if missing or extra:
        yield (
            f"{what}: {missing.total()} of {wanted.total()} missing, "
            f"{extra.total()} of {found.total()} too many"
        )


def _read(url: str) -> _Stored:
    engine = open_engine(as_superuser(url))
    try:
        with closing(engine.connect()) as connection:

            def rows(table: Table) -> Sequence[Row[Any]]:
                return connection.execute(select(table)).all()

            return _Stored(
                batches=rows(BATCHES),
                streams=rows(STREAMS),
                quarantined=rows(QUARANTINED),
                intervals=rows(INTERVALS),
                code_uses=rows(CODE_USES),
                visits=rows(VISITS),
                facts=rows(FACTS),
                deliveries=rows(DELIVERIES),
            )
    finally:
        engine.dispose()


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
