"""Which sealed batch to send now, in which lane, and whether a new one may be sealed.

Owns: what is on the wire unanswered, the turns of live and backlog, pace, patience.
Never: sends. Time comes with every call, and so do the dice (`roll`, from 0 up to but not 1).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from shopbell_edge.core.batching import BACKLOG_AFTER_MS, lane
from shopbell_edge.core.units import Boottime

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from shopbell_edge.core.batching import Lane, Wanted

Key = tuple[str, int]
"""Stream and sequence number: names a batch for ever."""

_BOOT: Final = Boottime(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """A batch in its final bytes; every send is these bytes."""

    stream: str
    seq: int
    payload: bytes
    events: int
    scans: bool
    """Whether somebody stands at a scanner for it."""
    oldest: Boottime | None
    """When its oldest event was appended; None in an earlier boot. Decides the lane."""

    @property
    def key(self) -> Key:
        """Return what the server calls it."""
        return (self.stream, self.seq)


@dataclass(frozen=True, slots=True, kw_only=True)
class SendRules:
    """How patient, how fast, how much at once."""

    answer_ms: int = 30_000
    """An ack takes a round trip and a commit; 30 s without one means that something broke."""
    answer_most_ms: int = 300_000
    """Ceiling of the doubling: after a long outage the edge is heard again within 5 min."""
    jitter: float = 0.25
    """Up to this share is added to a wait, so that a thousand edges do not beat in time."""
    window: int = 64
    """Sealed batches at most: 64 x 60 KiB = 3.8 MB, all that can no longer be coalesced or shed."""
    live_reserve: int = 16
    """Places of the window that backlog may not take, so that a full backlog never blocks a bell."""
    live_per_backlog: int = 4
    """Live batches that may pass before one of the backlog must: slow, but it never starves."""
    backlog_events_per_s: float | None = 200.0
    """A week's 210 000 events drain in 18 min beside the live ones. None: no pacing (benches)."""
    reconnect_wait_ms: int = 60_000
    """A broker that restarts meets its thousand edges over a minute, not at once."""
    backlog_after_ms: int = BACKLOG_AFTER_MS


@dataclass(frozen=True, slots=True, kw_only=True)
class Outstanding:
    """A sealed batch without an answer: `sends` times sent, due (again) at `due`."""

    sealed: Sealed
    sends: int
    due: Boottime
    taken: bool
    """Whether the broker confirmed the last send. If not, a new connection makes it due at once."""
    first_sent: Boottime | None = None
    """Of this process: no answer can be older."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wire:
    """All that is unanswered, oldest first, and where the turns and the pace stand."""

    outstanding: Mapping[Key, Outstanding] = field(default_factory=dict)
    connection: int = 0
    hold_until: Boottime = _BOOT
    live_run: int = 0
    backlog_free_at: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """Send `sealed` (again) in `lane`."""

    lane: Lane
    sealed: Sealed


@dataclass(frozen=True, slots=True, kw_only=True)
class Fresh:
    """Seal a new batch of what is `wanted`, if there is one, and send it in its lane."""

    wanted: Wanted


Turn = Again | Fresh


def resume(sealed: Sequence[Sealed], now: Boottime) -> Wire:
    """Return the wire of a process that begins: everything that an earlier one left is due."""
    due = {one.key: Outstanding(sealed=one, sends=0, due=now, taken=False) for one in sealed}
    return Wire(outstanding=due)


def connected(wire: Wire, connection: int, now: Boottime, roll: float, rules: SendRules) -> Wire:
    """Return the wire after connection number `connection` was made.

    The first of a process sends at once, every later one waits (all but scans). What the broker had
    not confirmed is due as soon as that wait is over.
    """
    wait_ms = int(roll * rules.reconnect_wait_ms) if wire.connection else 0
    return replace(
        wire,
        connection=connection,
        hold_until=Boottime(now + wait_ms),
        outstanding={
            key: one if one.taken else replace(one, due=min(one.due, now))
            for key, one in wire.outstanding.items()
        },
    )


def turns(wire: Wire, now: Boottime, rules: SendRules, *, dated: bool = True) -> tuple[Turn, ...]:
    """Return what to try now, best first; the first that yields a batch is this turn's.

    Nothing is returned that the pace, the window or the wait after a reconnect forbids. Until the time is
    known (`dated`) there is one question at a time: its answer tells the time, and what is sent without
    a date before that can never be dated, a pass not even be checked.
    """
    if not dated:
        return _questions(wire, now, rules)
    due = [one.sealed for one in wire.outstanding.values() if one.due <= now]
    if now < wire.hold_until:
        scans = tuple(_again(one, now, rules) for one in due if one.scans)
        return (*scans, *_fresh("scans", wire, rules.window))
    again = [_again(one, now, rules) for one in due]
    live: tuple[Turn, ...] = (
        *(turn for turn in again if turn.lane == "live"),
        *_fresh("live", wire, rules.window),
    )
    if now < wire.backlog_free_at:
        return live
    backlog: tuple[Turn, ...] = (
        *(turn for turn in again if turn.lane == "backlog"),
        *_fresh("backlog", wire, rules.window - rules.live_reserve),
    )
    if wire.live_run >= rules.live_per_backlog:
        return backlog + live
    return live + backlog


def _questions(wire: Wire, now: Boottime, rules: SendRules) -> tuple[Turn, ...]:
    asked = [one for one in wire.outstanding.values() if one.sends]
    if asked:
        return tuple(_again(one.sealed, now, rules) for one in asked if one.due <= now)
    left = (_again(one.sealed, now, rules) for one in wire.outstanding.values())
    return (
        *_fresh("live", wire, rules.window),
        *_fresh("backlog", wire, rules.window),
        *left,
    )


def sent(wire: Wire, turn: Again, now: Boottime, roll: float, rules: SendRules) -> Wire:
    """Return the wire when `turn` is about to be sent: due again when patience ends.

    To be called before the send, for the server's answer may overtake the broker's.
    """
    sealed = turn.sealed
    before = wire.outstanding.get(sealed.key)
    sends = 1 + (before.sends if before else 0)
    patience_ms = min(rules.answer_ms * 2 ** min(sends - 1, 16), rules.answer_most_ms)
    due = Boottime(now + int(patience_ms * (1 + roll * rules.jitter)))
    first_sent = now if before is None or before.first_sent is None else before.first_sent
    one = Outstanding(sealed=sealed, sends=sends, due=due, taken=False, first_sent=first_sent)
    after = replace(wire, outstanding={**wire.outstanding, sealed.key: one})
    if turn.lane == "live":
        return replace(after, live_run=wire.live_run + 1)
    if rules.backlog_events_per_s is None:
        return replace(after, live_run=0)
    takes_ms = 1_000 * sealed.events / rules.backlog_events_per_s
    return replace(after, live_run=0, backlog_free_at=now + takes_ms)


def taken(wire: Wire, key: Key) -> Wire:
    """Return the wire after the broker confirmed that it has the batch `key`."""
    one = wire.outstanding.get(key)
    if one is None:
        return wire
    return replace(wire, outstanding={**wire.outstanding, key: replace(one, taken=True)})


def asked_at(wire: Wire, keys: Iterable[Key]) -> Boottime | None:
    """Return the latest moment before which an answer to all of `keys` cannot have been given.

    None where this process has sent none of them.
    """
    sent_at = [
        one.first_sent
        for key in keys
        if (one := wire.outstanding.get(key)) is not None and one.first_sent is not None
    ]
    return max(sent_at, default=None)


def settled(wire: Wire, keys: Iterable[Key], now: Boottime, rules: SendRules) -> Wire:
    """Return the wire without the batches in `keys`, which the server has answered.

    The server works again, so whatever had been waiting longer than one patience waits no longer.
    """
    gone = set(keys)
    if not gone:
        return wire
    soon = Boottime(now + rules.answer_ms)
    return replace(
        wire,
        outstanding={
            key: replace(one, due=min(one.due, soon))
            for key, one in wire.outstanding.items()
            if key not in gone
        },
    )


def next_look_ms(wire: Wire, now: Boottime) -> int | None:
    """Return the milliseconds until `turns` may say something new by time alone; None for never."""
    moments = [one.due for one in wire.outstanding.values()]
    moments += [wire.hold_until, Boottime(-int(-wire.backlog_free_at // 1))]
    ahead = [moment - now for moment in moments if moment > now]
    return min(ahead) if ahead else None


def in_lane(sealed: Sealed, now: Boottime, rules: SendRules) -> Again:
    """Return how `sealed`, made a moment ago, is sent."""
    return _again(sealed, now, rules)


def _again(sealed: Sealed, now: Boottime, rules: SendRules) -> Again:
    return Again(lane=lane(sealed.oldest, now, rules.backlog_after_ms), sealed=sealed)


def _fresh(wanted: Wanted, wire: Wire, places: int) -> tuple[Turn, ...]:
    return (Fresh(wanted=wanted),) if len(wire.outstanding) < places else ()
