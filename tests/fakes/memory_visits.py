"""What came in, what it amounts to, and what goes out, in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shopbell_server.core.consent.ledger import Change, Purpose
from shopbell_server.core.edges.stream_ranges import from_text, missing
from shopbell_server.core.evidence import joined
from shopbell_server.core.visits.intervals import order, truncated
from shopbell_server.ports.database import DatabaseRefusedError
from shopbell_server.ports.visits import Due
from tests.fakes.memory_rows import Quarantined, drop, insert, require

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from shopbell_server.core.edges.deafness import Scanner
    from shopbell_server.core.evidence import Interval, IntervalKey
    from shopbell_server.core.ids import CardRef, EdgeId, Millis, PersonId, StoreId, VisitId
    from shopbell_server.core.recognition.code_uses import CodeUse
    from shopbell_server.core.recognition.conflict import Conflict
    from shopbell_server.core.visits.stored import Visit
    from shopbell_server.ports.batches import Anchor, BatchKey, BatchRecord, Stream
    from tests.fakes.memory_rows import Tables


class MemoryBatches:
    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def hashes(self, keys: Collection[BatchKey]) -> Mapping[BatchKey, bytes]:
        known = self._tables.batches
        return {key: known[key].sha256 for key in keys if key in known}

    def record(self, records: Sequence[BatchRecord]) -> None:
        for record in records:
            insert(self._tables.batches, record.key, record)

    def quarantine(self, record: BatchRecord, payload: bytes, reason: str) -> None:
        row = Quarantined(payload=payload, reason=reason, received_ms=record.received_ms)
        self._tables.quarantined.setdefault((record.key, record.sha256), row)

    def ranges(self, streams: Collection[Stream], now_ms: Millis) -> Mapping[Stream, str]:
        for stream in streams:
            self._tables.streams_ms.setdefault(stream, now_ms)
        return {stream: self._tables.streams.setdefault(stream, "") for stream in streams}

    def put_ranges(self, ranges: Mapping[Stream, str], now_ms: Millis) -> None:
        self._tables.streams.update(ranges)
        self._tables.streams_ms.update(dict.fromkeys(ranges, now_ms))

    def last_received(self) -> Mapping[EdgeId, Millis]:
        times = sorted(self._tables.streams_ms.items(), key=lambda each: each[1])
        return {edge: at_ms for (edge, _), at_ms in times}

    def broken_streams(self) -> Mapping[Stream, str]:
        return {
            stream: ranges
            for stream, ranges in self._tables.streams.items()
            if missing(from_text(ranges))
        }

    def anchors(self, boots: Collection[tuple[EdgeId, str]]) -> Mapping[tuple[EdgeId, str], Anchor]:
        known = self._tables.anchors
        return {boot: known[boot] for boot in boots if boot in known}

    def put_anchor(self, anchor: Anchor) -> None:
        known = self._tables.anchors.get((anchor.edge, anchor.boot))
        if known is None or anchor.err_ms < known.err_ms:
            self._tables.anchors[anchor.edge, anchor.boot] = anchor


class MemoryIntervals:
    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def join(self, intervals: Sequence[Interval]) -> None:
        rows = self._tables.intervals
        for each in intervals:
            rows[each.key] = joined(rows[each.key], each) if each.key in rows else each

    def known(self, keys: Collection[IntervalKey]) -> Mapping[IntervalKey, Interval]:
        stored = self._tables.intervals
        return {key: stored[key] for key in keys if key in stored}

    def within(
        self, person: PersonId, store: StoreId, from_ms: Millis, to_ms: Millis
    ) -> Sequence[Interval]:
        return [
            each
            for each in sorted(self._tables.intervals.values(), key=order)
            if (each.key.person, each.key.store) == (person, store)
            and each.key.first_ms <= to_ms
            and each.last_ms >= from_ms
        ]

    def within_each(
        self, persons: Collection[PersonId], store: StoreId, from_ms: Millis, to_ms: Millis
    ) -> Mapping[PersonId, Sequence[Interval]]:
        each_has = {person: self.within(person, store, from_ms, to_ms) for person in persons}
        return {person: has for person, has in each_has.items() if has}

    def heard_since(self, store: StoreId, since_ms: Millis) -> Sequence[Interval]:
        return [
            each
            for each in sorted(self._tables.intervals.values(), key=order)
            if each.key.store == store and each.last_ms >= since_ms
        ]

    def heard_by(
        self, store: StoreId, scanner: Scanner, from_ms: Millis, to_ms: Millis
    ) -> Sequence[Interval]:
        return [
            each
            for each in sorted(self._tables.intervals.values(), key=order)
            if each.key.store == store
            and (each.key.edge, each.key.scanner) == scanner
            and each.key.first_ms <= to_ms
            and each.last_ms >= from_ms
        ]

    def stores_of(self, persons: Collection[PersonId]) -> frozenset[StoreId]:
        return frozenset(key.store for key in self._tables.intervals if key.person in persons)

    def spans(
        self, persons: Collection[PersonId], store: StoreId, after_ms: Millis, limit: int
    ) -> Sequence[tuple[Millis, Millis]]:
        ends: dict[Millis, Millis] = {}
        for each in self._tables.intervals.values():
            key = each.key
            if key.person in persons and key.store == store and key.first_ms > after_ms:
                ends[key.first_ms] = max(ends.get(key.first_ms, each.last_ms), each.last_ms)
        return sorted(ends.items())[:limit]

    def remove_within(
        self, person: PersonId, store: StoreId, from_ms: Millis, to_ms: Millis
    ) -> None:
        drop(
            self._tables.intervals,
            lambda each: (
                (each.key.person, each.key.store) == (person, store)
                and from_ms <= each.key.first_ms <= to_ms
            ),
        )

    def truncate(self, person: PersonId, at_ms: Millis) -> None:
        hers = [each for each in self._tables.intervals.values() if each.key.person == person]
        drop(self._tables.intervals, lambda each: each.key.person == person)
        for each in truncated(hers, at_ms):
            self._tables.intervals[each.key] = each

    def remove(self, keys: Collection[IntervalKey]) -> None:
        for key in keys:
            self._tables.intervals.pop(key, None)

    def code_use(self, card: CardRef, step: int) -> CodeUse | None:
        return self._tables.code_uses.get((card, step))

    def put_code_use(self, use: CodeUse) -> None:
        self._tables.code_uses[use.card, use.step] = use


class MemoryVisits:
    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def touching(
        self, person: PersonId, store: StoreId, from_ms: Millis, to_ms: Millis
    ) -> Sequence[Visit]:
        return [
            each
            for each in self.of_person(person)
            if each.store == store
            and each.session.start_ms <= to_ms
            and each.session.end_ms >= from_ms
        ]

    def touching_each(
        self, persons: Collection[PersonId], store: StoreId, from_ms: Millis, to_ms: Millis
    ) -> Mapping[PersonId, Sequence[Visit]]:
        each_has = {person: self.touching(person, store, from_ms, to_ms) for person in persons}
        return {person: has for person, has in each_has.items() if has}

    def put(self, visits: Sequence[Visit]) -> None:
        for each in visits:
            require(self._tables.stores, each.store, "store")
            if not self._recognised(each):
                raise DatabaseRefusedError("a visit needs a consent that was given before its end")
            self._tables.visits[each.id] = each

    def remove(self, visits: Collection[VisitId]) -> None:
        drop(self._tables.visits, lambda each: each.id in visits)
        drop(self._tables.engagements, lambda each: each.visit in visits)

    def get(self, visit: VisitId) -> Visit | None:
        return self._tables.visits.get(visit)

    def present(self, store: StoreId, since_ms: Millis) -> Sequence[Visit]:
        return [
            each
            for each in sorted(self._tables.visits.values(), key=_start)
            if each.store == store
            and each.state != "ended"
            and each.session.gone_ms is not None
            and each.session.gone_ms >= since_ms
        ]

    def present_of(
        self, persons: Collection[PersonId], store: StoreId, since_ms: Millis
    ) -> Sequence[Visit]:
        return [each for each in self.present(store, since_ms) if each.person in persons]

    def handles(self, store: StoreId, since_ms: Millis) -> Sequence[int]:
        return [
            each.handle
            for each in sorted(self._tables.visits.values(), key=lambda visit: visit.id)
            if each.store == store
            and each.state != "ended"
            and max(each.session.end_ms, each.session.gone_ms or 0) >= since_ms
        ]

    def of_person(self, person: PersonId) -> Sequence[Visit]:
        visits = sorted(self._tables.visits.values(), key=_start)
        return [each for each in visits if each.person == person]

    def under_way(self, persons: Collection[PersonId]) -> Mapping[StoreId, frozenset[PersonId]]:
        found: dict[StoreId, frozenset[PersonId]] = {}
        for each in self._tables.visits.values():
            if each.person in persons and each.state != "ended":
                found[each.store] = found.get(each.store, frozenset()) | {each.person}
        return found

    def in_several_stores(
        self, persons: Collection[PersonId], since_ms: Millis
    ) -> frozenset[PersonId]:
        return frozenset(
            person
            for person in persons
            if len({v.store for v in self.of_person(person) if v.session.end_ms >= since_ms}) > 1
        )

    def first_conflict(self, conflict: Conflict, now_ms: Millis) -> bool:
        key = conflict.one.id, conflict.other.id
        if key in self._tables.conflicts:
            return False
        self._tables.conflicts[key] = now_ms
        return True

    def drop_conflicts(self, before_ms: Millis) -> int:
        return drop(self._tables.conflicts, lambda found_ms: found_ms < before_ms)

    def open_count(self) -> int:
        return sum(each.state == "open" for each in self._tables.visits.values())

    def claim_due(self, now_ms: Millis, limit: int, after: Due | None = None) -> Sequence[Due]:
        there = [
            each.id
            for each in self._tables.visits.values()
            if each.person in self._tables.enrolments
        ]
        due = [
            Due(each.session.due_ms, each.id, each.person) for each in self.still_due(there, now_ms)
        ]
        return [each for each in due if after is None or each[:2] > after[:2]][:limit]

    def still_due(self, visits: Collection[VisitId], now_ms: Millis) -> Sequence[Visit]:
        waiting = [
            each
            for each in map(self._tables.visits.get, visits)
            if each is not None and each.state != "ended" and each.session.due_ms < now_ms
        ]
        return sorted(waiting, key=lambda each: (each.session.due_ms, each.id))

    def page(
        self, stores: Collection[StoreId], before: tuple[Millis, VisitId] | None, limit: int
    ) -> Sequence[Visit]:
        return [
            each
            for each in sorted(self._tables.visits.values(), key=_start, reverse=True)
            if each.reported and each.store in stores and (before is None or _start(each) < before)
        ][:limit]

    def _recognised(self, visit: Visit) -> bool:
        return any(
            entry.person == visit.person
            and entry.purpose is Purpose.RECOGNISE_IN_STORE
            and entry.change in {Change.GIVEN, Change.RENEWED}
            and entry.at_ms <= visit.session.end_ms
            for entry in self._tables.ledger.values()
        )


def _start(visit: Visit) -> tuple[Millis, VisitId]:
    return visit.session.start_ms, visit.id
