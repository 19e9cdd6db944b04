"""Who is near one scanner: presence for all the tokens that it hears.

Owns: which tokens are known, in bounded memory, and when which of them is reported.
Never: an address or a foreign frame, not even as a counter's label.

A token is a candidate until its stay begins. A flood of made-up tokens is a flood of candidates, and the
oldest candidate goes first: it pushes out nobody who is here.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Final

from shopbell_edge.core.frames import Foreign, recognise
from shopbell_edge.core.listening import Listening
from shopbell_edge.core.presence import Candidate
from shopbell_edge.core.telling import Told, seconds, tell
from shopbell_edge.core.units import Boottime

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shopbell_edge.core.advertisement import Advertisement
    from shopbell_edge.core.frames import Carrier
    from shopbell_edge.core.retailer import Retailer
    from shopbell_edge.core.rules import Rules
    from shopbell_edge.core.telling import Pace
    from shopbell_edge.core.units import ScannerName
    from shopbell_wire.messages import Clock, Phase, Presence

MOST_TOKENS: Final = 10_000
"""Forty times the phones that fit into a busy department store, and 15 MB."""

OURS: Final = "ours"
"""The `result` of an advertisement that carries a frame of ours; the others are `Foreign`'s."""

_Key = tuple[str, str]
"""Frame and token: the same token is worth more in one frame than in another."""


class Roster:
    """Presence at `scanner`. Boottimes handed in must not run backwards.

    Use: `hear` every advertisement, and `take` when it says so; `tick` about once a second.
    """

    __slots__ = (
        "_candidates",
        "_counts",
        "_heard_ms",
        "_listening",
        "_most",
        "_pushed_out",
        "_retailer",
        "_rules",
        "_scanner",
        "_stays",
        "_untold",
    )

    def __init__(
        self,
        *,
        scanner: ScannerName,
        retailer: Retailer,
        rules: Rules,
        most_tokens: int = MOST_TOKENS,
    ) -> None:
        self._scanner = scanner
        self._retailer = retailer
        self._rules = rules
        self._most = most_tokens
        # Both in the order in which they were heard last, the latest at the end.
        self._candidates: OrderedDict[_Key, Candidate] = OrderedDict()
        self._stays: OrderedDict[_Key, Told] = OrderedDict()
        self._untold: list[tuple[Told, Phase, str]] = []
        self._listening = Listening()
        self._heard_ms = 0
        self._counts = dict.fromkeys([OURS, *map(str, Foreign)], 0)
        self._pushed_out = 0

    @property
    def counts(self) -> Mapping[str, int]:
        """Advertisements so far, by result: `ours`, or why not."""
        return self._counts

    @property
    def pushed_out(self) -> int:
        """Tokens so far that had to make room for newer ones."""
        return self._pushed_out

    @property
    def present(self) -> int:
        """How many tokens are here, the inactive ones included."""
        return len(self._stays)

    @property
    def known(self) -> int:
        """How many tokens are remembered: here or not (yet) near enough."""
        return len(self._stays) + len(self._candidates)

    def hear(self, advertisement: Advertisement, now: Boottime) -> bool:
        """Take in an advertisement; return whether there is something to `take`."""
        self._heard_ms = now
        found = recognise(advertisement, self._retailer)
        if isinstance(found, Foreign):
            self._counts[found] += 1
            return False
        self._counts[OURS] += 1
        for carrier in found:
            self._sight(carrier, advertisement.rssi_dbm, now)
        return bool(self._untold)

    def take(self, clock: Clock) -> list[Presence]:
        """Return what hearing has brought about: who entered, who was heard again. `clock` says the time."""
        untold, self._untold = self._untold, []
        return [
            tell(told, phase, reason, self._scanner, clock, self._rules)
            for told, phase, reason in untold
        ]

    def tick(self, clock: Clock, pace: Pace) -> list[Presence]:
        """Return what `take` would, and what time has brought about: who left, and reports that are due."""
        now = Boottime(clock.boottime_ms)
        events = self.take(clock)
        self._forget_candidates(now)
        if not self._listening.is_blind:
            self._judge(now)
        for told in self._stays.values():
            reason = told.news(now, pace, self._rules)
            if reason is not None and not told.stay.inactive:
                self._untold.append((told, "present", reason))
        return events + self.take(clock)

    def blind(self, since: Boottime) -> None:
        """Stop the leave timers: the scanner may not have heard since `since`, which may be in the past.

        What it heard after `since` proves that it was not blind then.
        """
        self._listening.stop(max(since, self._heard_ms))

    def hearing(self, now: Boottime) -> None:
        """Let the leave timers go on where they stood."""
        self._listening.go_on(now)

    def _sight(self, carrier: Carrier, rssi_dbm: int, now: Boottime) -> None:
        rules = self._rules
        power_dbm = carrier.power_dbm
        if power_dbm is None:
            power_dbm = rules.default_power_dbm
        loss_db = power_dbm - rssi_dbm + rules.scanner_offset_db
        key = (carrier.frame, carrier.token)
        told = self._stays.get(key)
        if told is None:
            self._sight_candidate(key, carrier, loss_db, now)
            return
        self._stays.move_to_end(key)
        if told.stay.hear(now, self._listening.at(now), loss_db, carrier.mac, rules):
            self._untold.append((told, "present", "heard again"))

    def _sight_candidate(self, key: _Key, carrier: Carrier, loss_db: float, now: Boottime) -> None:
        candidate = self._candidates.get(key)
        if candidate is None:
            self._make_room()
            candidate = self._candidates[key] = Candidate()
        else:
            self._candidates.move_to_end(key)
        rules = self._rules
        stay = candidate.hear(now, self._listening.at(now), loss_db, rules)
        if stay is None:
            return
        stay.mac = carrier.mac
        stay.mac_at = now
        told = Told(stay=stay, frame=carrier.frame, token=carrier.token, at=now, median_db=0.0, n=0)
        del self._candidates[key]
        self._stays[key] = told
        why = f"{rules.enter_sightings} in {seconds(rules.enter_within_ms)}"
        self._untold.append((told, "entered", why))

    def _make_room(self) -> None:
        if self.known < self._most:
            return
        self._pushed_out += 1
        if self._candidates:
            self._candidates.popitem(last=False)
            return
        _, told = self._stays.popitem(last=False)
        self._untold.append((told, "left", f"pushed out: {self._most} tokens heard later"))

    def _forget_candidates(self, now: Boottime) -> None:
        """Forget whoever was not heard for so long that no sighting of theirs counts any more."""
        while self._candidates:
            key, candidate = next(iter(self._candidates.items()))
            if candidate.last_ms >= now - self._rules.enter_within_ms:
                return
            del self._candidates[key]

    def _judge(self, now: Boottime) -> None:
        rules = self._rules
        listened_ms = self._listening.at(now)
        gone = []
        for key, told in self._stays.items():
            phase = told.stay.judge(listened_ms, rules)
            if phase == "left":
                gone.append(key)
                self._untold.append((told, "left", f"unheard {seconds(rules.leave_ms)}"))
            elif phase == "inactive" and not told.stay.inactive:
                told.stay.inactive = True
                self._untold.append((told, "inactive", f"unheard {seconds(rules.inactive_ms)}"))
        for key in gone:
            del self._stays[key]
