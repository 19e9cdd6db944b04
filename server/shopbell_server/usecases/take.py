"""A group of batches comes in: everything they mean is one transaction, and then they are answered.

Owns: once and only once; the order of the steps; the commit.
Never: MQTT. Messages and answers are values; `ingest` carries them.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from shopbell_server.core import stream_ranges
from shopbell_server.core.admission import Fate, admit, fate
from shopbell_server.core.dating import dating_of
from shopbell_server.core.facts import PassScanned
from shopbell_server.core.ids import Day, EdgeId, FactId, Millis
from shopbell_server.core.token_windows import key_days
from shopbell_server.core.tokens import key_ring
from shopbell_server.ports import Anchor, BatchKey, BatchRecord
from shopbell_server.usecases.recognise import Heard, recognise
from shopbell_server.usecases.recompute import circumstances, recompute, tell
from shopbell_wire import codec
from shopbell_wire.messages import Ack, ClockAnchor, Refused

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from shopbell_server.core.evidence import Interval
    from shopbell_server.core.facts import Fact
    from shopbell_server.core.ids import PersonId, StoreId
    from shopbell_server.core.registry import Edge
    from shopbell_server.core.tokens import KeyRing, MakeAes
    from shopbell_server.ports import Database, Entropy, UnitOfWork
    from shopbell_server.usecases.recognise import Recognised
    from shopbell_server.usecases.recompute import Terms
    from shopbell_wire.codec import Received

REGISTRY_MS: Final = 1_000
"""An edge that moves to another store is heard there a second later; asking for every group would
cost more than the group."""

LIVE_MS: Final = 30_000
"""What is older may not ring a bell, whichever lane it came in (protocol, §1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A batch as it came: the edge by its topic, the bytes as sent."""

    edge: EdgeId
    payload: bytes


@dataclass(slots=True, kw_only=True)
class Taken:
    """What became of a group: answers by edge, stores whose boards changed, and counts by result."""

    answers: list[tuple[EdgeId, Ack]] = field(default_factory=list)
    stores: set[StoreId] = field(default_factory=set)
    batches: Counter[str] = field(default_factory=Counter)
    events: Counter[str] = field(default_factory=Counter)
    alarms: list[tuple[str, EdgeId]] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Batch:
    edge: Edge
    message: Message
    received: Received
    record: BatchRecord


@dataclass(slots=True)
class _Answer:
    committed: list[int] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)


class Intake:
    """Takes groups of batches in. Used by one thread; several processes may each have one."""

    def __init__(self, database: Database, entropy: Entropy, aes: MakeAes, terms: Terms) -> None:
        self._database = database
        self._entropy = entropy
        self._aes = aes
        self._terms = terms
        self._edges: Mapping[EdgeId, Edge] = {}
        self._edges_ms = 0
        self._ring: KeyRing = {}
        self._ring_days: frozenset[int] = frozenset()

    def take(self, messages: Sequence[Message], now_ms: Millis) -> Taken:
        """Take `messages` in, all or none; raises what the database raises, with nothing done.

        A message that cannot be read and names no batch is counted and has no answer.
        """
        taken = Taken()
        answers: dict[tuple[EdgeId, str], _Answer] = {}
        with self._database.begin() as work:
            self._look_up(work, now_ms)
            fresh = self._sorted_out(work, messages, now_ms, answers, taken)
            if fresh:
                self._take_in(work, fresh, now_ms, answers, taken)
            work.commit()
        taken.answers = [
            (
                edge,
                Ack(
                    stream=stream,
                    committed=stream_ranges.with_seqs((), answer.committed),
                    refused=tuple(answer.refused),
                    server_ms=now_ms,
                ),
            )
            for (edge, stream), answer in answers.items()
        ]
        return taken

    def _look_up(self, work: UnitOfWork, now_ms: Millis) -> None:
        """Renew what changes seldom: the edges every second, the keys when the day turns."""
        if now_ms - self._edges_ms >= REGISTRY_MS:
            self._edges = work.registry.edges()
            self._edges_ms = now_ms
            days = frozenset(key_days(now_ms))
            keys = work.day_keys.keys([Day(day) for day in days])
            if keys.keys() != self._ring_days:
                self._ring = key_ring(keys, self._aes)
                self._ring_days = frozenset(keys)

    def _sorted_out(
        self,
        work: UnitOfWork,
        messages: Sequence[Message],
        now_ms: Millis,
        answers: dict[tuple[EdgeId, str], _Answer],
        taken: Taken,
    ) -> list[_Batch]:
        """Return the batches that are new; answer, quarantine or pass over the others."""
        read = list(self._read(messages, now_ms, answers, taken))
        known = dict(work.batches.hashes({batch.record.key for batch in read}))
        fresh: list[_Batch] = []
        for batch in read:
            key = batch.record.key
            answer = answers.setdefault((batch.message.edge, key.stream), _Answer())
            what = fate(
                topic_edge=batch.message.edge,
                named_edge=batch.received.edge,
                sha256=batch.record.sha256,
                known_sha256=known.get(key),
            )
            taken.batches[what.value] += 1
            match what:
                case Fate.TAKEN:
                    known[key] = batch.record.sha256  # the same batch may stand twice in one group
                    fresh.append(batch)
                    answer.committed.append(key.seq)
                case Fate.REPEATED:
                    answer.committed.append(key.seq)
                case Fate.CONFLICT | Fate.WRONG_EDGE:
                    work.batches.quarantine(batch.record, batch.message.payload, what.value)
                    answer.refused.append(Refused(seq=key.seq, index=None, reason=what.value))
                    taken.alarms.append((what.value, batch.message.edge))
        return fresh

    def _read(
        self,
        messages: Iterable[Message],
        now_ms: Millis,
        answers: dict[tuple[EdgeId, str], _Answer],
        taken: Taken,
    ) -> Iterable[_Batch]:
        """Yield what can be read and is of an edge that we know."""
        for message in messages:
            edge = self._edges.get(message.edge)
            if edge is None or not edge.active:
                # No answer: the edge keeps it, and it counts once somebody has registered the edge.
                taken.batches["unknown_edge"] += 1
                taken.alarms.append(("unknown_edge", message.edge))
                continue
            try:
                received = codec.decode_batch(message.payload)
            except codec.MalformedError as error:
                taken.batches[error.reason] += 1
                taken.alarms.append((error.reason, message.edge))
                if error.stream is not None and error.seq is not None:
                    answer = answers.setdefault((message.edge, error.stream), _Answer())
                    answer.refused.append(Refused(seq=error.seq, index=None, reason=error.reason))
                continue
            record = BatchRecord(
                key=BatchKey(edge=message.edge, stream=received.stream, seq=received.seq),
                sha256=hashlib.sha256(message.payload).digest(),
                received_ms=now_ms,
            )
            yield _Batch(edge=edge, message=message, received=received, record=record)

    def _take_in(
        self,
        work: UnitOfWork,
        fresh: Sequence[_Batch],
        now_ms: Millis,
        answers: dict[tuple[EdgeId, str], _Answer],
        taken: Taken,
    ) -> None:
        heard = [
            self._heard(work, batch, now_ms, answers, taken) for batch in _anchored(work, fresh)
        ]
        found = recognise(work, heard, self._ring, now_ms)
        taken.events.update(found.counts)
        if found.intervals:
            facts = self._visits(work, found, now_ms)
            tell(work, facts, found.known.ledger, self._terms.sinks, now_ms)
            taken.stores = {interval.key.store for interval in found.intervals}
        work.batches.record([batch.record for batch in fresh])
        _extend_ranges(work, fresh, now_ms)

    def _heard(
        self,
        work: UnitOfWork,
        batch: _Batch,
        now_ms: Millis,
        answers: dict[tuple[EdgeId, str], _Answer],
        taken: Taken,
    ) -> Heard:
        """Return the events of `batch` by their true times, and answer for those that are refused."""
        received = batch.received
        boot = (batch.edge.id, received.clock.boot)
        anchor = (
            work.batches.anchors([boot]).get(boot) if received.clock.state == "unsynced" else None
        )
        dating = dating_of(received.clock, None if anchor is None else _on_the_wire(anchor))
        admitted = admit(received.events, received.seq, dating, now_ms)
        refused = (*received.refused, *admitted.refused)
        taken.events["skipped"] += received.skipped
        taken.events.update(each.reason for each in refused)
        if refused:
            answer = answers[batch.message.edge, received.stream]
            answer.committed.remove(received.seq)
            answer.refused.extend(refused)
        return Heard(edge=batch.edge, seen=admitted.seen, shown=admitted.shown)

    def _visits(self, work: UnitOfWork, found: Recognised, now_ms: Millis) -> list[Fact]:
        work.intervals.join(found.intervals)
        touched: dict[tuple[PersonId, StoreId], list[Interval]] = {}
        for interval in found.intervals:
            touched.setdefault((interval.key.person, interval.key.store), []).append(interval)
        facts: list[Fact] = []
        for live in (True, False):
            part = {
                who: intervals
                for who, intervals in touched.items()
                if _is_live(intervals, now_ms) is live
            }
            facts += recompute(
                work,
                part,
                self._terms,
                lambda store, live=live: circumstances(  # type: ignore[misc]  # a default binds the loop's value
                    work,
                    self._entropy,
                    store,
                    now_ms,
                    live=live,
                    off_board_ms=self._terms.rules.off_board_ms,
                ),
            )
        return [*facts, *self._scanned(work, found, now_ms)]

    def _scanned(self, work: UnitOfWork, found: Recognised, now_ms: Millis) -> Iterable[Fact]:
        for use in found.passes:
            key = use.interval.key
            (visit,) = work.visits.touching(key.person, key.store, key.first_ms, key.first_ms)
            yield PassScanned(
                fact=FactId(self._entropy.uuid7(now_ms)),
                person=key.person,
                at_ms=key.first_ms,
                recorded_ms=now_ms,
                late=now_ms - key.first_ms > LIVE_MS,
                store=key.store,
                visit=visit.id,
                zone=use.interval.zone,
                purpose="check-in",
            )


def _is_live(intervals: Iterable[Interval], now_ms: Millis) -> bool:
    return any(now_ms - interval.last_ms <= LIVE_MS for interval in intervals)


def _anchored(work: UnitOfWork, fresh: Sequence[_Batch]) -> Sequence[_Batch]:
    """Keep the anchors in `fresh` first: they date other batches of the same group."""
    for batch in fresh:
        for _, event in batch.received.events:
            if isinstance(event, ClockAnchor):
                work.batches.put_anchor(
                    Anchor(
                        edge=batch.edge.id,
                        boot=event.boot,
                        boottime_ms=event.boottime_ms,
                        wall_ms=Millis(event.wall_ms),
                    )
                )
    return fresh


def _on_the_wire(anchor: Anchor) -> ClockAnchor:
    return ClockAnchor(boot=anchor.boot, boottime_ms=anchor.boottime_ms, wall_ms=anchor.wall_ms)


def _extend_ranges(work: UnitOfWork, fresh: Iterable[_Batch], now_ms: Millis) -> None:
    by_stream: dict[tuple[EdgeId, str], list[int]] = {}
    for batch in fresh:
        key = batch.record.key
        by_stream.setdefault((key.edge, key.stream), []).append(key.seq)
    for (edge, stream), seqs in by_stream.items():
        ranges = stream_ranges.from_text(work.batches.ranges(edge, stream) or "")
        extended = stream_ranges.with_seqs(ranges, seqs)
        work.batches.put_ranges(edge, stream, stream_ranges.to_text(extended), now_ms)
