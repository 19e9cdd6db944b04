"""What a phone reports of itself: that it came to a beacon of a store, is there, or left.

Owns: which reports can be believed by their time, and what evidence each is.
Never: whether she may be known (`acceptance`), or what follows from the evidence (`sessions`).

An iPhone in somebody's pocket sends nothing that an edge could read. It hears the beacons that hang in a
store, and its app says so over the network. Whoever has the phone can say it from anywhere: it is a hint.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from shopbell_server.core.dating import AHEAD_MS
from shopbell_server.core.evidence import Evidence, Interval, IntervalKey
from shopbell_server.core.ids import EdgeId
from shopbell_server.core.visits.intervals import EXIT

if TYPE_CHECKING:
    from shopbell_server.core.ids import Millis, PersonId, StoreId, ZoneId

State = Literal["enter", "inside", "exit"]
"""`inside` is for an app that is asked now and then whether it is still there: it renews `enter`."""

OLDEST_MS: Final = 7 * 86_400_000
"""A phone without a network keeps its reports as long as an edge keeps its events."""

THE_APP: Final = EdgeId("(app)")
"""Stands for the edge of what no edge noticed. No edge has such a name: theirs are a-z, 0-9 and hyphens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """How a beacon is known on the air: the three parts of an iBeacon. `uuid` in lower case, with hyphens."""

    uuid: str
    major: int
    minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreBeacon:
    """A beacon that hangs in a store. `name` is its own in all stores; `zone` is where it hangs, if known."""

    name: str
    store: StoreId
    spot: Spot
    zone: ZoneId | None


def problem_with(at_ms: Millis, now_ms: Millis) -> Literal["ahead", "old"] | None:
    """Return why a report of `at_ms` is not taken: a clock that is wrong, or too long on its way."""
    if at_ms > now_ms + AHEAD_MS:
        return "ahead"
    if at_ms < now_ms - OLDEST_MS:
        return "old"
    return None


def evidence_of(person: PersonId, beacon: StoreBeacon, state: State, at_ms: Millis) -> Interval:
    """Return a report as evidence. The same report is the same evidence, however often it comes."""
    return Interval(
        key=IntervalKey(
            person=person,
            store=beacon.store,
            edge=THE_APP,
            scanner=beacon.name,
            carrier=EXIT if state == "exit" else "app",
            first_ms=at_ms,
        ),
        last_ms=at_ms,
        n=1,
        evidence=Evidence.HINT,
        zone=beacon.zone,
        loss_db=None,
    )
