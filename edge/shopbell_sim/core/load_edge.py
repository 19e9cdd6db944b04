"""One edge of a load: what it has to say, in sealed batches, until the server has answered for it.

Owns: what waits, when it is sealed, and what an answer means. The edge's own rules decide about patience.
Never: a connection, a clock or a disk: what is not answered when the program ends is lost, and counted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from shopbell_edge.core import resend
from shopbell_edge.core.batching import BatchLimits, is_scan, lane, urgent
from shopbell_edge.core.resend import Again, Fresh, Sealed, SendRules, Wire
from shopbell_wire import codec
from shopbell_wire.messages import Batch, Clock, Presence, StreamStarted

if TYPE_CHECKING:
    from shopbell_edge.core.batching import Lane
    from shopbell_edge.core.units import Boottime
    from shopbell_wire.messages import Ack, Event

SOFTWARE: Final = "shopbell-sim load"

WAITING_MOST: Final = 2_000
"""Events that wait to be sealed: a quarter of an hour of a full store without an answer. A real edge has a
disk; what is given up here is counted, and is a loss."""

SEALED_AT_ONCE: Final = 8
"""Batches that one look may send, so that an edge that comes back does not hold up the others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What an acknowledgement settled of ours. `waited_ms`: of each batch, since its first send."""

    batches: int
    events: int
    refused: int
    """Events of batches that were refused, whole or in part."""
    nobody: int
    """Tokens that mean nobody to the server."""
    waited_ms: tuple[int, ...]


class LoadEdge:
    """Moments are milliseconds of a clock that never goes back (`Boottime`); `roll` as in `resend`."""

    def __init__(self, name: str, stream: str, boot: str, rules: SendRules) -> None:
        self.name = name
        self.stream = stream
        self.connection = 0
        self.wake_ms: int | None = None
        """When `turns` was going to be asked next, by whoever asks."""
        self.given_up = 0
        self.sealed_events = 0
        self.sealed_batches = 0
        self.sent_again = 0
        self._boot = boot
        self._rules = rules
        self._limits = BatchLimits()
        self._wire = Wire()
        self._seq = 0
        self._waiting: dict[object, tuple[Event, Boottime]] = {}
        self._urgent = False

    @property
    def unanswered(self) -> int:
        """Return how many events the server has not answered for."""
        sealed = sum(one.sealed.events for one in self._wire.outstanding.values())
        return sealed + len(self._waiting)

    def hear(self, event: Event, now: Boottime) -> int:
        """Take in what there is to say; return the moment to ask `turns`.

        Of one stay the later report replaces an earlier one that still waits, as in an edge's spool.
        """
        self._waiting[_name(event)] = (event, now)
        self._urgent = self._urgent or urgent(event)
        if len(self._waiting) > WAITING_MOST:
            del self._waiting[next(iter(self._waiting))]
            self.given_up += 1
        if self._urgent or len(self._waiting) >= self._limits.events:
            return now
        return next(iter(self._waiting.values()))[1] + self._limits.present_wait_ms

    def connected(self, connection: int, now: Boottime, roll: float) -> int:
        """Note that connection number `connection` was made; return the moment to ask `turns`."""
        self.connection = connection
        self._wire = resend.connected(self._wire, connection, now, roll, self._rules)
        return max(now, self._wire.hold_until)

    def turns(self, now: Boottime, wall_ms: int, roll: float) -> list[tuple[Lane, Sealed]]:
        """Return what to send now, each with its lane. Call it while there is a connection."""
        sends: list[tuple[Lane, Sealed]] = []
        while len(sends) < SEALED_AT_ONCE:
            turn = self._turn(now, wall_ms)
            if turn is None:
                break
            if turn.sealed.key in self._wire.outstanding:
                self.sent_again += 1
            self._wire = resend.sent(self._wire, turn, now, roll, self._rules)
            sends.append((turn.lane, turn.sealed))
        return sends

    def next_look(self, now: Boottime) -> int | None:
        """Return when `turns` may have something by time alone; None: when something is heard."""
        moments = []
        ahead_ms = resend.next_look_ms(self._wire, now)
        if ahead_ms is not None:
            moments.append(now + ahead_ms)
        if self._waiting and len(self._wire.outstanding) < self._rules.window:
            oldest = next(iter(self._waiting.values()))[1]
            moments.append(now + 1 if self._urgent else oldest + self._limits.present_wait_ms)
        return max(now + 1, min(moments)) if moments else None

    def taken(self, seq: int) -> None:
        """Note that the broker has a batch."""
        self._wire = resend.taken(self._wire, (self.stream, seq))

    def answered(self, ack: Ack, now: Boottime) -> Answered:
        """Forget what the server has answered for."""
        refused = {one.seq for one in ack.refused}
        seqs = refused | {seq for first, last in ack.committed for seq in range(first, last + 1)}
        known = {
            seq: one
            for seq in seqs
            if (one := self._wire.outstanding.get((ack.stream, seq))) is not None
        }
        keys = [one.sealed.key for one in known.values()]
        self._wire = resend.settled(self._wire, keys, now, self._rules)
        return Answered(
            batches=len(known),
            events=sum(one.sealed.events for one in known.values()),
            refused=sum(known[seq].sealed.events for seq in refused if seq in known),
            nobody=len(ack.nobody) if known and isinstance(ack.nobody, tuple) else 0,
            waited_ms=tuple(now - (one.first_sent or now) for one in known.values()),
        )

    def _turn(self, now: Boottime, wall_ms: int) -> Again | None:
        for turn in resend.turns(self._wire, now, self._rules):
            if isinstance(turn, Again):
                return turn
            if self._ripe(turn, now):
                return resend.in_lane(self._seal(now, wall_ms), now, self._rules)
        return None

    def _ripe(self, turn: Fresh, now: Boottime) -> bool:
        if not self._waiting:
            return False
        oldest = next(iter(self._waiting.values()))[1]
        if turn.wanted == "scans":
            return any(is_scan(event) for event, _ in self._waiting.values())
        if turn.wanted != lane(oldest, now, self._limits.backlog_after_ms):
            return False
        full = len(self._waiting) >= self._limits.events
        return self._urgent or full or now - oldest >= self._limits.present_wait_ms

    def _seal(self, now: Boottime, wall_ms: int) -> Sealed:
        events: list[Event] = []
        first = next(iter(self._waiting.values()))[1]
        if not self._seq:
            events.append(StreamStarted(previous=None, previous_last_seq=None, software=SOFTWARE))
        # At 200 events of 250 bytes a batch is under the wire's 64 KiB.
        taken = list(self._waiting)[: self._limits.events - len(events)]
        events.extend(self._waiting.pop(name)[0] for name in taken)
        self._urgent = any(urgent(event) for event, _ in self._waiting.values())
        self._seq += 1
        self.sealed_events += len(events)
        self.sealed_batches += 1
        batch = Batch(
            edge=self.name,
            stream=self.stream,
            seq=self._seq,
            clock=clock(self._boot, now, wall_ms),
            dropped={},
            events=tuple(events),
        )
        return Sealed(
            stream=self.stream,
            seq=self._seq,
            payload=codec.encode(batch),
            events=len(events),
            scans=any(map(is_scan, events)),
            oldest=first,
        )


def clock(boot: str, now: int, wall_ms: int) -> Clock:
    """Return what an edge with a good clock says of it."""
    return Clock(boot=boot, boottime_ms=now, wall_ms=wall_ms, state="synced", err_ms=CLOCK_ERR_MS)


CLOCK_ERR_MS: Final = 5
"""NTP over a shop's line."""


def _name(event: Event) -> object:
    """Return what only a later report of the same has."""
    if isinstance(event, Presence):
        return (event.token, event.first_ms, event.phase)
    return id(event)
