"""What is old enough to go, and who was told what, in memory."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

from shopbell_server.core.channels.facts import KEPT_DAYS, SERVICE_DAYS, TIERS_DAYS, WISHES_DAYS
from shopbell_server.core.ids import Millis
from shopbell_server.core.keeping.retention import What, last_window
from shopbell_server.core.serving.engagement import HELD_MS, as_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from shopbell_server.core.edges.deafness import Mark
    from shopbell_server.core.ids import PersonId, StoreId, VisitId
    from shopbell_server.core.visits.stored import Visit
    from shopbell_server.ports.told import Told
    from tests.fakes.memory_rows import Tables

Key = TypeVar("Key")
Row = TypeVar("Row")


class MemoryTellings:
    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def note(self, told: Sequence[Told]) -> None:
        for each in told:
            self._tables.told[each.person, each.sink, each.fact] = each

    def of(self, person: PersonId) -> Sequence[Told]:
        hers = [each for each in self._tables.told.values() if each.person == person]
        return sorted(hers, key=lambda each: (each.at_ms, each.sink, each.fact))

    def forget(self, person: PersonId) -> int:
        hers = [key for key in self._tables.told if key[0] == person]
        for key in hers:
            del self._tables.told[key]
        return len(hers)


class MemoryRetention:
    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def remove(self, what: What, before_ms: Millis, most: int) -> Mapping[str, int]:
        removers: dict[What, Callable[[Millis, int], dict[str, int]]] = {
            What.HELPERS: self._helpers,
            What.SET_ASIDE: self._set_aside,
            What.REFUSED: self._refused,
            What.CODES: self._codes,
            What.BATCHES: self._batches,
            What.ISSUED: self._issued,
            What.DELIVERIES: self._deliveries,
            What.WAITING: self._waiting,
            What.PLACES: self._places,
            What.RECEIPTS: self._receipts,
            What.CHANNEL_SERVICE: partial(self._channel_facts, SERVICE_DAYS),
            What.CHANNEL_WISHES: partial(self._channel_facts, WISHES_DAYS),
            What.CHANNEL_TIERS: partial(self._channel_facts, TIERS_DAYS),
            What.TOLD: self._told,
            What.LEDGER: self._ledger,
            What.MACHINES: self._machines,
            What.ERASURES: self._erasures,
            What.TOMBSTONES: self._tombstones,
        }
        gone = removers[what](before_ms, most)
        return {table: rows for table, rows in gone.items() if rows}

    def ended_before(self, store: StoreId, before_ms: Millis, most: int) -> Sequence[Visit]:
        ended = [
            each
            for each in self._tables.visits.values()
            if each.store == store and each.state == "ended" and each.session.end_ms < before_ms
        ]
        return sorted(ended, key=_start)[:most]

    def ended_within(
        self,
        store: StoreId,
        from_ms: Millis,
        before_ms: Millis,
        *,
        after: tuple[Millis, VisitId] | None,
        most: int,
    ) -> Sequence[Visit]:
        ended = self.ended_before(store, before_ms, len(self._tables.visits))
        return [
            each
            for each in ended
            if each.session.end_ms >= from_ms and (after is None or _start(each) > after)
        ][:most]

    def clear_zones(self, store: StoreId, from_ms: Millis, before_ms: Millis, most: int) -> int:
        rows = self._tables.intervals
        zoned = [
            key
            for key, each in rows.items()
            if key.store == store and from_ms <= each.last_ms < before_ms and each.zone is not None
        ][:most]
        for key in zoned:
            rows[key] = rows[key]._replace(zone=None)
        return len(zoned)

    def remove_evidence(self, store: StoreId, before_ms: Millis, most: int) -> int:
        return _drop(
            self._tables.intervals,
            lambda each: each.key.store == store and each.last_ms < before_ms,
            most,
        )

    def is_alone(self, job: str) -> bool:
        """Yes: units of work that write follow one another."""
        return bool(job)

    def done_until(self, what: What) -> Millis:
        return self._tables.retained.get(what.value, Millis(0))

    def done(self, what: What, until_ms: Millis) -> None:
        self._tables.retained[what.value] = max(self.done_until(what), until_ms)

    def _set_aside(self, before_ms: Millis, most: int) -> dict[str, int]:
        rows = self._tables.quarantined
        full = [key for key, row in rows.items() if row.received_ms < before_ms and row.payload][
            :most
        ]
        for key in full:
            rows[key] = replace(rows[key], payload=b"")
        return {"quarantined_batches": len(full)}

    def _refused(self, before_ms: Millis, most: int) -> dict[str, int]:
        gone = _drop(self._tables.quarantined, lambda row: row.received_ms < before_ms, most)
        return {"quarantined_batches": gone}

    def _channel_facts(self, days: int, before_ms: Millis, most: int) -> dict[str, int]:
        gone = _drop(
            self._tables.channel_facts,
            lambda fact: KEPT_DAYS[fact.kind] == days and fact.counts_from_ms < before_ms,
            most,
        )
        return {"channel_facts": gone}

    def _codes(self, before_ms: Millis, most: int) -> dict[str, int]:
        gone = _drop(self._tables.code_uses, lambda use: use.at_ms < before_ms, most)
        return {"code_uses": gone}

    def _batches(self, before_ms: Millis, most: int) -> dict[str, int]:
        gone = _drop(self._tables.batches, lambda row: row.received_ms < before_ms, most)
        return {"batches": gone}

    def _issued(self, before_ms: Millis, most: int) -> dict[str, int]:
        last = last_window(before_ms)
        old = [each for each in self._tables.issued if each.last < last][:most]
        for each in old:
            del self._tables.issued[each]
        return {"issued_windows": len(old)}

    def _deliveries(self, before_ms: Millis, most: int) -> dict[str, int]:
        gone = _drop(
            self._tables.deliveries,
            lambda row: row.done_ms is not None and row.done_ms < before_ms,
            most,
        )
        return {"deliveries": gone}

    def _waiting(self, before_ms: Millis, most: int) -> dict[str, int]:
        gone = _drop(self._tables.deliveries, lambda row: row.fact.recorded_ms < before_ms, most)
        return {"deliveries": gone}

    def _places(self, before_ms: Millis, most: int) -> dict[str, int]:
        return {
            "places": _drop(self._tables.places, lambda row: row.last_ms < before_ms, most),
            "unsettled_places": _drop(
                self._tables.unsettled, lambda row: row.last_ms < before_ms, most
            ),
        }

    def _receipts(self, before_ms: Millis, most: int) -> dict[str, int]:
        gone = _drop(self._tables.receipts, lambda row: row.at_ms < before_ms, most)
        return {"till_receipts": gone}

    def _helpers(self, before_ms: Millis, most: int) -> dict[str, int]:
        rows = self._tables.engagements
        due_ms = Millis(before_ms - 1 + HELD_MS)
        over = [visit for visit, each in rows.items() if as_of(each, due_ms) != each][:most]
        for visit in over:
            released = as_of(rows[visit], due_ms)
            rows[visit] = replace(released, version=released.version + 1)
        return {"engagements": len(over)}

    def _told(self, before_ms: Millis, most: int) -> dict[str, int]:
        return {"told": _drop(self._tables.told, lambda row: row.at_ms < before_ms, most)}

    def _ledger(self, before_ms: Millis, most: int) -> dict[str, int]:
        gone = _drop(self._tables.ledger, lambda row: row.at_ms < before_ms, most)
        return {"consent_entries": gone}

    def _erasures(self, before_ms: Millis, most: int) -> dict[str, int]:
        gone = _drop(
            self._tables.erasures,
            lambda row: row.done_ms is not None and row.asked_ms < before_ms,
            most,
        )
        return {"erasures": gone}

    def _tombstones(self, before_ms: Millis, most: int) -> dict[str, int]:
        gone = _drop(self._tables.tombstones, lambda at_ms: at_ms < before_ms, most)
        return {"tombstones": gone}

    def _machines(self, before_ms: Millis, most: int) -> dict[str, int]:
        tables = self._tables
        silent = [key for key, at_ms in tables.streams_ms.items() if at_ms < before_ms][:most]
        for key in silent:
            del tables.streams[key]
            del tables.streams_ms[key]
        heirs = [
            key
            for key, heir in tables.stream_heirs.items()
            if heir.cloned_ms is None and (key[0], heir.stream) not in tables.streams
        ][:most]
        for key in heirs:
            del tables.stream_heirs[key]
        marks = [each for each in tables.scanner_marks if self._outdated(each, before_ms)][:most]
        for each in marks:
            del tables.scanner_marks[each]
        return {
            "streams": len(silent),
            "stream_heirs": len(heirs),
            "anchors": _drop(tables.anchors, lambda row: row.wall_ms < before_ms, most),
            "scanner_marks": len(marks),
        }

    def _outdated(self, mark: Mark, before_ms: Millis) -> bool:
        return any(
            (each.edge, each.scanner) == (mark.edge, mark.scanner)
            and mark.at_ms < each.at_ms < before_ms
            for each in self._tables.scanner_marks
        )


def _drop(rows: dict[Key, Row], condition: Callable[[Row], bool], most: int) -> int:
    gone = list(islice((key for key, row in rows.items() if condition(row)), most))
    for key in gone:
        del rows[key]
    return len(gone)


def _start(visit: Visit) -> tuple[Millis, VisitId]:
    return visit.session.start_ms, visit.id
