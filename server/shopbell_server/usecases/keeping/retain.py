"""Let go of what its time is over for, in small pieces.

Owns: one piece of work a transaction, and the order in which a visit and its evidence go.
Never: how long anything is kept (`core.keeping.retention`).

Any process may do it at any time, several at once: they share the rows, and what one removed the other does
not find. A crash in between leaves the rest for the next time.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from shopbell_server.core.ids import Millis
from shopbell_server.core.keeping.retention import What, without_zones
from shopbell_server.core.observations import shelf_to_keep
from shopbell_server.core.visits.rules import LONGEST_VISIT_MS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from shopbell_server.core.ids import StoreId, VisitId
    from shopbell_server.core.keeping.retention import Rule
    from shopbell_server.core.visits.stored import Visit
    from shopbell_server.ports.database import Database, UnitOfWork

    Removed = Mapping[str, int]

PIECE: Final = 500
"""Rows of one transaction: 10 ms in either database, for which an edge on SQLite waits at most."""

VISITS: Final = 100
"""Visits of one transaction: each has its evidence, some ten rows."""


def let_go(database: Database, rule: Rule, now_ms: Millis) -> Iterator[Removed]:
    """Do what `rule` says at `now_ms`; yield after each transaction how many rows of each table it changed.

    Who stops asking stops the work; the rest is there the next time. Nothing is yielded where nothing was
    done.
    """
    match rule.what:
        case What.VISITS:
            yield from _visits(database, rule.before_ms(now_ms))
        case What.ZONES:
            yield from _zones(database, rule.before_ms(now_ms))
        case What.OBSERVATIONS:
            yield from _observations(database, rule.before_ms(now_ms))
        case _:
            yield from _rows(database, rule, rule.before_ms(now_ms))


def _rows(database: Database, rule: Rule, before_ms: Millis) -> Iterator[Removed]:
    more = True
    while more:
        with database.begin() as work:
            gone = work.retention.remove(rule.what, before_ms, PIECE)
            work.commit()
        if gone:
            yield gone
        more = any(rows >= PIECE for rows in gone.values())


def _observations(database: Database, before_ms: Millis) -> Iterator[Removed]:
    more = True
    while more:
        with database.begin() as work:
            rows = work.observations.let_go(shelf_to_keep(before_ms), PIECE)
            work.commit()
        if rows:
            yield {"observations": rows}
        more = rows >= PIECE


def _visits(database: Database, before_ms: Millis) -> Iterator[Removed]:
    """Remove visits a day before their evidence has to go: so that none is left of which a part went.

    Evidence goes by its own time: that of joined people stands under the ids of all of them.
    """
    for store in _stores(database):
        more = True
        ended_ms = Millis(before_ms + LONGEST_VISIT_MS)
        while more:
            with database.begin() as work:
                # Whom others hold has hers until the next hour.
                held = work.people.lock_free(
                    {each.person for each in work.retention.ended_before(store, ended_ms, VISITS)}
                )
                # Read again: they may have been joined with another meanwhile.
                found = work.retention.ended_before(store, ended_ms, VISITS)
                old = [each.id for each in found if each.person in held]
                work.visits.remove(old)
                work.commit()
            if old:
                yield {"visits": len(old)}
            more = bool(old) and len(found) >= VISITS
        more = True
        while more:
            with database.begin() as work:
                rows = work.retention.remove_evidence(store, before_ms, PIECE)
                work.commit()
            if rows:
                yield {"intervals": rows}
            more = rows >= PIECE


def _zones(database: Database, before_ms: Millis) -> Iterator[Removed]:
    """Take the zones out of visits and evidence; then of all that was done until `before_ms`."""
    with database.read() as work:
        done_ms = work.retention.done_until(What.ZONES)
    if done_ms >= before_ms:
        return
    for store in _stores(database):
        yield from _zones_of_visits(database, store, done_ms, before_ms)
        more = True
        while more:
            with database.begin() as work:
                rows = work.retention.clear_zones(store, done_ms, before_ms, PIECE)
                work.commit()
            if rows:
                yield {"intervals": rows}
            more = rows >= PIECE
    with database.begin() as work:
        work.retention.done(What.ZONES, before_ms)
        work.commit()


def _zones_of_visits(
    database: Database, store: StoreId, from_ms: Millis, before_ms: Millis
) -> Iterator[Removed]:
    after: tuple[Millis, VisitId] | None = None
    more = True
    while more:
        with database.begin() as work:
            work.people.lock(
                {each.person for each in _ended(work, store, from_ms, before_ms, after)}
            )
            old = _ended(work, store, from_ms, before_ms, after)
            bare = [replace(each, session=without_zones(each.session)) for each in old]
            changed = [new for each, new in zip(old, bare, strict=True) if new != each]
            work.visits.put(changed)
            work.commit()
        if changed:
            yield {"visits": len(changed)}
        if old:
            after = old[-1].session.start_ms, old[-1].id
        more = len(old) >= VISITS


def _ended(
    work: UnitOfWork,
    store: StoreId,
    from_ms: Millis,
    before_ms: Millis,
    after: tuple[Millis, VisitId] | None,
) -> Sequence[Visit]:
    return work.retention.ended_within(store, from_ms, before_ms, after=after, most=VISITS)


def _stores(database: Database) -> list[StoreId]:
    with database.read() as work:
        return [store.id for store in work.registry.stores()]


def total(pieces: Iterator[Removed]) -> Counter[str]:
    """Return how many rows of each table all of it changed."""
    counted: Counter[str] = Counter()
    for each in pieces:
        counted.update(each)
    return counted
