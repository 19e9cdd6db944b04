"""One radio under observation: its own word, and the store's heartbeat beacon if there is one.

Owns: which advertisements are the beacon's, the clock by which it is measured, and when it begins anew.
Never: what follows (`belief` decides), or a phone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from shopbell_edge.core.belief import Belief, judged, told
from shopbell_edge.core.listening import Listening
from shopbell_edge.core.reception import Heartbeat

if TYPE_CHECKING:
    from shopbell_edge.core.advertisement import Advertisement
    from shopbell_edge.core.belief import Verdict
    from shopbell_edge.core.heartbeat_beacon import Beacon
    from shopbell_edge.core.reception import Doubt, Reception
    from shopbell_edge.core.units import Boottime
    from shopbell_wire.messages import Hearing


class Measuring:
    """What is thought of a radio. Boottimes must not run backwards.

    `interval_ms` is the beacon's, `duty` the radio's; `longest_gap_ms` as of `leave_timeout`. Without
    `beacon` the radio's word is all there is.
    """

    __slots__ = (
        "_beacon",
        "_belief",
        "_heartbeat",
        "_listening",
        "_longest_gap_ms",
        "_others",
        "_way",
        "reception",
    )

    def __init__(
        self,
        beacon: Beacon | None = None,
        *,
        interval_ms: float = 1000.0,
        duty: float = 1.0,
        longest_gap_ms: float = 0.0,
    ) -> None:
        self._beacon = beacon
        self._belief = Belief()
        self._listening = Listening()
        self._listening.stop(0)
        bare = beacon is not None and beacon.bare_minor is not None
        self._heartbeat = Heartbeat(interval_ms, duty, bare=bare, since=0)
        self._longest_gap_ms = longest_gap_ms
        self._others = 0
        self._way: str | None = None
        self.reception: Reception | None = None
        """How the beacon was heard when that was looked at last; None without one, or before."""

    @property
    def verdict(self) -> Verdict:
        """Return how the radio does, all in all."""
        return self._belief.verdict

    def hear(self, advertisement: Advertisement, now: Boottime) -> bool:
        """Return whether this is the beacon's, and nobody else's business; take it in then."""
        said = None if self._beacon is None else self._beacon.said(advertisement.manufacturer_data)
        if said is None:
            return False
        at = self._listening.at(now)
        if said == "bare":
            self._heartbeat.hear_bare(at)
        else:
            self._heartbeat.hear(at, advertisement.rssi_dbm)
            if self._belief.doubt == "heartbeat_unheard":
                self._judge(now, 0)  # may be over: that is to be known at once
        return True

    def told(
        self,
        state: Hearing,
        reason: str,
        for_ms: int,
        way: str | None,
        *,
        now: Boottime,
        others: int,
    ) -> None:
        """Take in what the radio says of itself, and by which `way` it hears; `others` as of `check`.

        Another scan, and another way to hear, is measured by itself.
        """
        anew = (state, way) != (self._belief.state, self._way)
        self._belief = told(self._belief, state, reason, for_ms)
        self._way = way
        if state == "hearing":
            self._listening.go_on(now)
        else:
            self._listening.stop(now - for_ms)
        if anew:
            self._heartbeat.begin(self._listening.at(now))
            self._others = others

    def check(self, now: Boottime, others: int) -> tuple[Doubt, int] | None:
        """Measure the beacon; return what is to be mended, and for which time in a row; None for nothing new.

        `others` counts all advertisements so far that are not the beacon's.
        """
        if self._beacon is None or self._belief.state != "hearing":
            return None
        before = self._belief.tries
        self._judge(now, others - self._others)
        doubt, tries = self._belief.doubt, self._belief.tries
        return None if doubt is None or tries == before else (doubt, tries)

    def _judge(self, now: Boottime, others: int) -> None:
        self.reception = self._heartbeat.judge(self._listening.at(now))
        self._belief = judged(self._belief, self.reception, others, self._longest_gap_ms)
