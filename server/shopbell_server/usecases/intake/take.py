"""A group of batches comes in: everything they mean is one transaction, and then they are answered.

Owns: once and only once; the order of the steps; the commit.
Never: MQTT. Messages and answers are values; `ingest` carries them.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from shopbell_server.core.edges import stream_ranges
from shopbell_server.core.edges.acknowledgement import acks
from shopbell_server.core.edges.admission import Fate, fate
from shopbell_server.core.ids import Day, Millis
from shopbell_server.core.recognition.token_reader import TokenReader
from shopbell_server.core.recognition.tokens import key_ring
from shopbell_server.core.token_windows import key_days
from shopbell_server.ports.batches import BatchKey, BatchRecord
from shopbell_server.ports.observations import ShelvesMissingError
from shopbell_server.usecases.groups import head_of, ledgers
from shopbell_server.usecases.intake.arrived import arrived
from shopbell_server.usecases.intake.edge_records import note
from shopbell_server.usecases.intake.orders import hear_answers
from shopbell_server.usecases.intake.shelves import make_shelves
from shopbell_server.usecases.recognition.acquaintances import Acquaintances
from shopbell_server.usecases.recognition.codes import write_down_twice
from shopbell_server.usecases.recognition.hearing import keep_marks
from shopbell_server.usecases.recognition.listen import Batch, listen
from shopbell_server.usecases.recognition.recognise import recognise
from shopbell_server.usecases.visits.doubts import new_conflicts, write_down
from shopbell_server.usecases.visits.recompute import tell
from shopbell_wire import codec, salvage
from shopbell_wire.messages import Refused

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from shopbell_server.core.ids import EdgeId, PersonId, StoreId
    from shopbell_server.core.recognition.conflict import Conflict
    from shopbell_server.core.recognition.fixed_ids import MarkOf
    from shopbell_server.core.recognition.tokens import MakeAes
    from shopbell_server.core.registry import Edge
    from shopbell_server.ports.batches import Stream
    from shopbell_server.ports.database import Database, UnitOfWork
    from shopbell_server.ports.world import Entropy
    from shopbell_server.usecases.recognition.listen import ReadNumber
    from shopbell_server.usecases.recognition.recognised import Recognised
    from shopbell_server.usecases.visits.recompute import Terms
    from shopbell_wire.messages import Ack

REGISTRY_MS: Final = 1_000
"""An edge that moves to another store is heard there a second later; asking for every group would
cost more than the group."""

INTERNAL_ERROR: Final = "internal_error"
"""Why a batch is refused that the program could not take in: not the edge's fault, and not lost."""

_NO_STREAM: Final = "0" * 32
"""Stands for the stream of bytes that name none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A batch as it came: the edge by its topic, the bytes as sent."""

    edge: EdgeId
    payload: bytes


@dataclass(slots=True, kw_only=True)
class Taken:
    """What became of a group: answers by edge, who changed in which store, and counts by result."""

    answers: list[tuple[EdgeId, Ack]] = field(default_factory=list)
    changed: dict[StoreId, set[PersonId]] = field(default_factory=dict)
    batches: Counter[str] = field(default_factory=Counter)
    events: Counter[str] = field(default_factory=Counter)
    alarms: list[tuple[str, EdgeId]] = field(default_factory=list)
    conflicts: list[tuple[StoreId, StoreId]] = field(default_factory=list)
    """Of each new one the two stores: somebody was in both at once."""
    given_up: dict[EdgeId, Counter[str]] = field(default_factory=dict)
    """What edges say that they had to give up since they last said so, by reason."""
    lags_ms: list[int] = field(default_factory=list)
    """Of each new batch of an edge that knows the time: from its sealing until it was taken."""


@dataclass(slots=True)
class _Answer:
    committed: set[int] = field(default_factory=set)
    refused: list[Refused] = field(default_factory=list)
    nobody: set[str] = field(default_factory=set)


@dataclass(slots=True, kw_only=True)
class _Group:
    """One transaction at work, and what comes of it."""

    work: UnitOfWork
    now_ms: Millis
    answers: dict[Stream, _Answer] = field(default_factory=dict)
    taken: Taken = field(default_factory=Taken)

    def answer(self, edge: EdgeId, stream: str) -> _Answer:
        return self.answers.setdefault((edge, stream), _Answer())


class Intake:
    """Takes groups of batches in. Used by one thread; several processes may each have one."""

    def __init__(
        self,
        database: Database,
        entropy: Entropy,
        aes: MakeAes,
        terms: Terms,
        read_number: ReadNumber | None = None,
        mark_of: MarkOf | None = None,
    ) -> None:
        """Without `read_number` no loyalty number can be opened: this server has no key for them.

        Without `mark_of` fobs and cards mean nobody.
        """
        self._database = database
        self._entropy = entropy
        self._aes = aes
        self._terms = terms
        self._read_number = read_number
        self._edges: Mapping[EdgeId, Edge] = {}
        self._edges_ms: int | None = None
        self._mark_of = mark_of
        self._tokens = TokenReader({}, mark_of)
        self._key_days: frozenset[Day] = frozenset()
        self._acquaintances = Acquaintances()

    def take(self, messages: Sequence[Message], now_ms: Millis) -> Taken:
        """Take `messages` in, all or none; raises what the database raises, with nothing done.

        A message that cannot be read and names no batch is counted and has no answer.
        """
        try:
            return self._take(messages, now_ms)
        except ShelvesMissingError as missing:
            # What a batch brings may be of an hour of which nothing came so far.
            make_shelves(self._database, missing.shelves)
            return self._take(messages, now_ms)

    def set_aside(self, message: Message, now_ms: Millis) -> Taken:
        """Quarantine a message that `take` fails on, and refuse it; raises what the database raises.

        Its bytes are kept for whoever mends the fault.
        """
        address = salvage.address(message.payload[: codec.MAX_BYTES])
        stream, seq = (_NO_STREAM, 0) if address is None else address
        record = _record(message, stream, seq, now_ms)
        with self._database.begin() as work:
            work.batches.quarantine(record, message.payload, INTERNAL_ERROR)
            work.commit()
        taken = Taken(alarms=[(INTERNAL_ERROR, message.edge)])
        taken.batches[INTERNAL_ERROR] += 1
        if address is not None:
            refused = Refused(seq=seq, index=None, reason=INTERNAL_ERROR)
            taken.answers = [(message.edge, ack) for ack in acks(stream, (), (refused,), now_ms)]
        return taken

    def _take(self, messages: Sequence[Message], now_ms: Millis) -> Taken:
        with self._database.begin() as work:
            group = _Group(work=work, now_ms=now_ms)
            self._look_up(work, now_ms)
            fresh, repeated = self._sorted_out(group, messages)
            if fresh or repeated:
                self._take_in(group, fresh, repeated)
            work.commit()
        group.taken.answers = _answered(group.answers, now_ms)
        return group.taken

    def _look_up(self, work: UnitOfWork, now_ms: Millis) -> None:
        """Renew what changes seldom: the edges, and the keys when the day turns."""
        if self._edges_ms is not None and 0 <= now_ms - self._edges_ms < REGISTRY_MS:
            return
        self._edges = work.registry.edges()
        keys = work.day_keys.keys([Day(day) for day in key_days(now_ms)])
        if keys.keys() != self._key_days:
            self._tokens = TokenReader(key_ring(keys, self._aes), self._mark_of)
            self._key_days = frozenset(keys)
            self._acquaintances = Acquaintances()
        self._edges_ms = now_ms

    def _sorted_out(
        self, group: _Group, messages: Sequence[Message]
    ) -> tuple[list[Batch], list[Batch]]:
        """Return the batches that are new and those that are not; quarantine or pass over the others."""
        read = list(self._read(group, messages))
        known = dict(group.work.batches.hashes({batch.record.key for batch in read}))
        fresh: list[Batch] = []
        repeated: list[Batch] = []
        quarantined: list[tuple[Batch, str]] = []
        for batch in read:
            key = batch.record.key
            answer = group.answer(key.edge, key.stream)
            what = fate(
                topic_edge=key.edge,
                named_edge=batch.received.edge,
                sha256=batch.record.sha256,
                known_sha256=known.get(key),
            )
            group.taken.batches[what.value] += 1
            match what:
                case Fate.TAKEN:
                    known[key] = batch.record.sha256  # the same batch may stand twice in one group
                    fresh.append(batch)
                    answer.committed.add(key.seq)
                case Fate.REPEATED:
                    repeated.append(batch)
                    answer.committed.add(key.seq)
                case Fate.CONFLICT | Fate.WRONG_EDGE:
                    quarantined.append((batch, what.value))
                    answer.refused.append(Refused(seq=key.seq, index=None, reason=what.value))
                    group.taken.alarms.append((what.value, key.edge))
        for batch, reason in sorted(quarantined, key=_place):
            group.work.batches.quarantine(batch.record, batch.payload, reason)
        return fresh, repeated

    def _read(self, group: _Group, messages: Iterable[Message]) -> Iterator[Batch]:
        """Yield what can be read and is of an edge that we know."""
        for message in messages:
            edge = self._edges.get(message.edge)
            if edge is None or not edge.active:
                # No answer: the edge keeps it, and it counts once somebody has registered the edge.
                group.taken.batches["unknown_edge"] += 1
                group.taken.alarms.append(("unknown_edge", message.edge))
                continue
            try:
                received = codec.decode_batch(message.payload)
            except codec.MalformedError as error:
                group.taken.batches[error.reason] += 1
                group.taken.alarms.append((error.reason, message.edge))
                if error.stream is not None and error.seq is not None:
                    answer = group.answer(message.edge, error.stream)
                    answer.refused.append(Refused(seq=error.seq, index=None, reason=error.reason))
                continue
            yield Batch(
                edge=edge,
                payload=message.payload,
                received=received,
                record=_record(message, received.stream, received.seq, group.now_ms),
            )

    def _take_in(self, group: _Group, fresh: Sequence[Batch], repeated: Sequence[Batch]) -> None:
        work, now_ms, taken = group.work, group.now_ms, group.taken
        listened = listen(work, fresh, repeated, self._tokens, self._read_number, now_ms)
        for stream, refused in listened.refused:
            group.answers[stream].refused.append(refused)
        taken.events += listened.counts
        taken.alarms += [("number_unopened", edge) for edge in sorted(listened.unopened)]
        if not fresh:
            return
        touched = keep_marks(work, listened.heard, self._terms.rules)
        found = recognise(
            work,
            listened.heard,
            self._acquaintances,
            now_ms,
            touched,
        )
        for stream, tokens in found.nobody.items():
            group.answers[stream].nobody |= tokens
        taken.events += found.counts
        taken.alarms += [("number_guessing", edge) for edge in sorted(found.guessing)]
        taken.alarms += [("pass_shown_twice", other.edge) for _, _, other in found.twice]
        doubts: list[Conflict] = []
        if found.intervals or found.unheard or found.taken_back:
            facts = arrived(work, self._entropy, found, self._terms, now_ms)
            if facts and self._terms.sinks:
                # They are all held, so that this is what was decided by.
                ledger = ledgers(work, {fact.person for fact in facts}, found.groups)
                tell(work, facts, ledger, self._terms.sinks, now_ms)
            for interval in (*found.intervals, *found.unheard, *found.taken_back):
                whose = head_of(found.groups, interval.key.person)
                taken.changed.setdefault(interval.key.store, set()).add(whose)
            doubts = self._doubt(group, found)
        hear_answers(work, fresh, now_ms)
        work.batches.record([batch.record for batch in fresh])
        _extend_ranges(work, fresh, now_ms)
        noted = note(work, fresh, now_ms)
        work.edge_records.add_tokens(found.tokens)
        taken.given_up = noted.given_up
        taken.alarms += [("cloned_identity", edge) for edge in sorted(noted.cloned)]
        clocks = [batch.received.clock for batch in fresh]
        taken.lags_ms = [
            max(0, now_ms - clock.wall_ms) for clock in clocks if clock.state == "synced"
        ]
        write_down(work, doubts, now_ms)
        write_down_twice(work, found.twice, now_ms)

    def _doubt(self, group: _Group, new: Recognised) -> list[Conflict]:
        """Find whom `new` evidence puts into two stores at once; both stores look at her again."""
        if len({edge.store for edge in self._edges.values()}) <= 1:
            return []
        found = new_conflicts(group.work, new.intervals, group.now_ms, new.groups)
        for each in found:
            group.taken.conflicts.append((each.one.store, each.other.store))
            for visit in (each.one, each.other):
                group.taken.changed.setdefault(visit.store, set()).add(visit.person)
        return found


def _record(message: Message, stream: str, seq: int, now_ms: Millis) -> BatchRecord:
    return BatchRecord(
        key=BatchKey(edge=message.edge, stream=stream, seq=seq),
        sha256=hashlib.sha256(message.payload).digest(),
        received_ms=now_ms,
    )


def _place(quarantined: tuple[Batch, str]) -> tuple[str, str, int, bytes]:
    """Return the key of a row: they are written in its order, as by every other worker."""
    record = quarantined[0].record
    return record.key.edge, record.key.stream, record.key.seq, record.sha256


def _extend_ranges(work: UnitOfWork, fresh: Iterable[Batch], now_ms: Millis) -> None:
    seqs: dict[Stream, list[int]] = {}
    for batch in fresh:
        key = batch.record.key
        seqs.setdefault((key.edge, key.stream), []).append(key.seq)
    work.batches.put_ranges(
        {
            stream: stream_ranges.to_text(
                stream_ranges.with_seqs(stream_ranges.from_text(text), seqs[stream])
            )
            for stream, text in work.batches.ranges(seqs.keys(), now_ms).items()
        },
        now_ms,
    )


def _answered(answers: Mapping[Stream, _Answer], now_ms: Millis) -> list[tuple[EdgeId, Ack]]:
    return [
        (edge, ack)
        for (edge, stream), answer in answers.items()
        for ack in acks(stream, answer.committed, answer.refused, now_ms, answer.nobody)
    ]
