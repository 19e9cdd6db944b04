"""Who is near one scanner: presence for all the tokens that it hears.

Owns: which tokens are known, in bounded memory, and when which of them is reported.
Never: an address or a foreign frame, not even as a counter's label.

A token is a candidate until its stay begins. A flood of made-up tokens is a flood of candidates, and the
oldest candidate goes first: it pushes out nobody who is here. Whoever repeats them begins stays with them. So
only so many begin in a second, and stays leave room for candidates: customers come in all the same.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Final

from shopbell_edge.core.allowance import Allowance
from shopbell_edge.core.frames import Foreign, recognise
from shopbell_edge.core.hush import Hush
from shopbell_edge.core.interest import look_for
from shopbell_edge.core.listening import Listening
from shopbell_edge.core.presence import Candidate
from shopbell_edge.core.telling import LASTED, Told, seconds, tell
from shopbell_edge.core.units import Boottime
from shopbell_edge.core.usual import Usuals
from shopbell_edge.core.wellbeing import CLOSED

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from shopbell_edge.core.advertisement import Advertisement
    from shopbell_edge.core.frames import Carrier
    from shopbell_edge.core.interest import Look
    from shopbell_edge.core.retailer import Retailer
    from shopbell_edge.core.rules import Rules
    from shopbell_edge.core.telling import Pace
    from shopbell_edge.core.units import ScannerName
    from shopbell_edge.core.usual import Usual
    from shopbell_wire.messages import Clock, Phase, Presence

MOST_TOKENS: Final = 10_000
"""Forty times the phones that fit into a busy department store, and 15 MB."""

CANDIDATES_SHARE: Final = 10
"""One in so many of these places is kept for candidates: a shop that is full of made-up stays would let
nobody in any more."""

STAYS_AT_ONCE: Final = 250
"""An edge that begins in a department store at Christmas finds so many phones there."""

STAYS_PER_S: Final = 20
"""Twenty doors at which somebody comes in each second. What an attacker makes of it, six reports of 180 bytes
a stay, are 22 KB a second, and fill a spool without a server in three hours; the 1 600 stays a second that
there is room for on the air would in three minutes."""

OURS: Final = "ours"
"""The `result` of an advertisement that carries a frame of ours; the others are `Foreign`'s."""

_Key = tuple[str, str]
"""Frame and token: the same token is worth more in one frame than in another."""


class Roster:
    """Presence at `scanner`. Boottimes handed in must not run backwards.

    Use: `hear` every advertisement, and `take` when it says so; `tick` about once a second. Most of them are
    usual, though: what `look` returns may `hear` them instead, and says whether it did.
    """

    __slots__ = (
        "_candidates",
        "_counts",
        "_entering",
        "_heard_ms",
        "_held_back",
        "_hush",
        "_listening",
        "_most",
        "_most_stays",
        "_parts_of",
        "_pushed_out",
        "_retailer",
        "_rules",
        "_scanner",
        "_stays",
        "_untold",
        "_usuals",
    )

    def __init__(
        self,
        *,
        scanner: ScannerName,
        retailer: Retailer,
        rules: Rules,
        hush: Hush | None = None,
        most_tokens: int = MOST_TOKENS,
    ) -> None:
        """Say nothing of the tokens that `hush` covers: they are heard, and told to nobody."""
        self._scanner = scanner
        self._retailer = retailer
        self._rules = rules
        self._hush = hush or Hush()
        self._most = most_tokens
        self._most_stays = most_tokens - most_tokens // CANDIDATES_SHARE
        self._candidates: OrderedDict[_Key, Candidate] = OrderedDict()
        """In the order in which they were heard last, the latest at the end."""
        self._stays: dict[_Key, Told] = {}
        self._parts_of = look_for(retailer, lambda parts: parts)
        self._usuals = Usuals(retailer, rules)
        self._untold: list[tuple[Told, Phase, str]] = []
        self._listening = Listening()
        self._heard_ms = 0
        self._counts = dict.fromkeys([OURS, *map(str, Foreign)], 0)
        self._pushed_out = 0
        self._entering = Allowance(at_once=STAYS_AT_ONCE, per_s=STAYS_PER_S)
        self._held_back = 0

    @property
    def counts(self) -> Mapping[str, int]:
        """Advertisements so far, by result: `ours`, or why not."""
        return self._counts | {OURS: self._counts[OURS] + self._usuals.heard}

    @property
    def pushed_out(self) -> int:
        """Tokens so far that had to make room for newer ones."""
        return self._pushed_out

    @property
    def held_back(self) -> int:
        """Sightings so far that would have begun a stay, had not too many begun at once."""
        return self._held_back

    @property
    def present(self) -> int:
        """How many tokens are here, the inactive ones included."""
        return len(self._stays)

    @property
    def known(self) -> int:
        """How many tokens are remembered: here or not (yet) near enough."""
        return len(self._stays) + len(self._candidates)

    @property
    def look(self) -> Look[Usual]:
        """The first look at an advertisement: None for a stranger's, else what may hear it.

        That does what `hear` would do, and brings nothing about that there were to `take`.
        """
        return self._usuals.look

    def hear(self, advertisement: Advertisement, now: Boottime) -> bool:
        """Take in an advertisement; return whether there is something to `take`."""
        self._heard_ms = now
        found = recognise(advertisement, self._retailer)
        if isinstance(found, Foreign):
            self._counts[found] += 1
            return False
        self._counts[OURS] += 1
        here = [self._sight(carrier, advertisement.rssi_dbm, now) for carrier in found]
        self._learn(advertisement, here)
        return bool(self._untold)

    def take(self, clock: Clock) -> list[Presence]:
        """Return what hearing has brought about: who entered, who was heard again. `clock` says the time."""
        untold, self._untold = self._untold, []
        now = Boottime(clock.boottime_ms)
        return [
            tell(told, phase, reason, self._scanner, clock, self._rules)
            for told, phase, reason in untold
            if not self._hush.covers(told.token, now)
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

    def close(self) -> None:
        """Let everybody leave, for nobody listens any more on purpose. `take` tells it."""
        for key in list(self._stays):
            self._untold.append((self._forget_stay(key), "left", CLOSED))
        self._candidates.clear()

    def blind(self, since: Boottime) -> None:
        """Stop the leave timers: the scanner may not have heard since `since`, which may be in the past.

        What it heard after `since` proves that it was not blind then.
        """
        heard_ms = max((told.stay.last for told in self._stays.values()), default=0)
        self._listening.stop(max(since, self._heard_ms, heard_ms))
        self._usuals.forget_all()

    def hearing(self, now: Boottime) -> None:
        """Let the leave timers go on where they stood."""
        self._listening.go_on(now)
        self._usuals.forget_all()

    def _sight(self, carrier: Carrier, rssi_dbm: int, now: Boottime) -> tuple[int, Told | None]:
        """Take in one frame; return its power, and the stay that it is a sighting of."""
        rules = self._rules
        power_dbm = carrier.power_dbm
        if power_dbm is None:
            power_dbm = rules.default_power_dbm
        bare_db = power_dbm - rssi_dbm
        key = (carrier.frame, carrier.token)
        told = self._stays.get(key)
        if told is None:
            return power_dbm, self._sight_candidate(key, carrier, bare_db, now)
        deaf_ms = now - self._listening.at(now)
        if told.stay.hear(now, deaf_ms, bare_db, carrier.mac, rules):
            self._untold.append((told, "present", "heard again"))
        if not told.shown and told.stay.has_lasted(rules):
            told.shown = True
            self._untold.append((told, "present", LASTED))
        return power_dbm, told

    def _sight_candidate(
        self, key: _Key, carrier: Carrier, bare_db: int, now: Boottime
    ) -> Told | None:
        candidate = self._candidates.get(key)
        if candidate is None:
            self._make_room()
            candidate = self._candidates[key] = Candidate()
        else:
            self._candidates.move_to_end(key)
        rules = self._rules
        stay = candidate.hear(now, now - self._listening.at(now), bare_db, rules)
        if stay is None:
            return None
        if not self._entering.take(1, now):
            self._held_back += 1
            return None  # its next sighting tries again
        stay.mac = carrier.mac
        stay.mac_since = now
        told = Told(stay=stay, frame=carrier.frame, token=carrier.token, at=now, median_db=0.0, n=0)
        told.shown = stay.has_lasted(rules)
        del self._candidates[key]
        if len(self._stays) >= self._most_stays:
            self._push_out_stay()
        self._stays[key] = told
        why = f"{rules.enter_sightings} in {seconds(rules.enter_within_ms)}"
        self._untold.append((told, "entered", why))
        return told

    def _learn(self, advertisement: Advertisement, here: Sequence[tuple[int, Told | None]]) -> None:
        """Remember the advertisement as usual where the next of its kind will only lengthen stays."""
        if self._listening.is_blind:
            return  # its clock stands still, so a sighting changes more than a window
        stays = [(power_dbm, told) for power_dbm, told in here if told is not None]
        if len(stays) < len(here) or any(told.stay.inactive for _, told in stays):
            return
        parts = self._parts_of(*advertisement[1:])
        assert parts is not None  # noqa: S101  it held a frame of ours
        self._usuals.learn(parts, stays)

    def _make_room(self) -> None:
        if self.known < self._most:
            return
        if self._candidates:
            self._pushed_out += 1
            self._candidates.popitem(last=False)
        else:
            self._push_out_stay()

    def _push_out_stay(self) -> None:
        self._pushed_out += 1
        # A millisecond to find, STAYS_PER_S times a second at the most.
        key = min(self._stays, key=lambda key: self._stays[key].stay.last)
        told = self._forget_stay(key)
        self._untold.append((told, "left", f"pushed out: {self._most_stays} tokens heard later"))

    def _forget_stay(self, key: _Key) -> Told:
        told = self._stays.pop(key)
        self._usuals.forget(told)
        return told

    def _forget_candidates(self, now: Boottime) -> None:
        """Forget whoever was not heard for so long that no sighting of theirs counts any more."""
        while self._candidates:
            key, candidate = next(iter(self._candidates.items()))
            if candidate.last >= now - self._rules.enter_within_ms:
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
                self._usuals.forget(told)
                self._untold.append((told, "inactive", f"unheard {seconds(rules.inactive_ms)}"))
        for key in gone:
            self._forget_stay(key)
