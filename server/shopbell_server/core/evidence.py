"""What a sighting is worth, and the intervals that visits are computed from.

Owns: the evidence ladder and the join of two reports of one stay.
Never: who may see what for it (`disclosure`), nor when a visit begins (`visits`).
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, Literal, NamedTuple, cast

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shopbell_server.core.ids import EdgeId, Millis, PersonId, StoreId, ZoneId

Carrier = Literal[
    "ibeacon", "service-data", "service-uuid", "static", "pass", "number", "app", "app-exit"
]
"""What carried the evidence: a frame on the air, a code, or the app's own report: that she is here (`app`),
and that she left (`app-exit`): she was here until then."""


EvidenceName = Literal["hint", "signal", "fresh", "pass", "confirmed"]
"""As APIs, events and settings write it."""


class Evidence(IntEnum):
    """Rows of the ladder, weakest first. Evidence never falls within a visit."""

    HINT = 1
    """Anybody who heard the air can repeat it: `ibeacon`, `static`, a loyalty number, an app's report."""
    SIGNAL = 2
    """Repeatable for a quarter of an hour: `service-data`, `service-uuid` with a stale mac; an app's report
    with which an edge agrees (`agreement`)."""
    FRESH = 3
    """Stale within two minutes: `service-uuid` with a valid mac."""
    PASS = 4
    """She held up her pass: verified, first use."""
    CONFIRMED = 5
    """Staff confirmed her after a pass."""

    @property
    def written(self) -> EvidenceName:
        """Return its name as it is written."""
        return cast("EvidenceName", self.name.lower())


class IntervalKey(NamedTuple):
    """Which stay: one carrier of one person at one scanner, named by its first sighting.

    Made and looked up by the thousand, hence no dataclass: those are compared in Python.
    """

    person: PersonId
    store: StoreId
    edge: EdgeId
    scanner: str
    carrier: Carrier
    first_ms: Millis


class Interval(NamedTuple):
    """Somebody was at a scanner from `key.first_ms` to `last_ms`, seen `n` times. A tuple as its key.

    Intervals form a lattice under `joined`: taking the same reports in any order, any number of times,
    gives the same interval. That is what makes visits independent of delivery.
    """

    key: IntervalKey
    last_ms: Millis
    n: int
    evidence: Evidence
    zone: ZoneId | None
    loss_db: float | None
    """Median loss when last reported: how near she is now. None where strength means nothing (codes)."""


class Report(NamedTuple):
    """What one event says of a stay; fields as in `Interval`. Made by the thousand, hence no dataclass."""

    last_ms: Millis
    n: int
    evidence: Evidence
    loss_db: float | None


def told(key: IntervalKey, zone: ZoneId | None, reports: Sequence[Report]) -> Interval:
    """Return what reports of one stay at a scanner in `zone` say together: as `joined`, of all at once.

    There must be one at least.
    """
    latest = reports[0] if len(reports) == 1 else max(reports, key=_lateness_of_loss)
    return Interval(
        key=key,
        last_ms=latest.last_ms,
        n=max([each.n for each in reports]),
        evidence=max([each.evidence for each in reports]),
        zone=zone,
        loss_db=latest.loss_db,
    )


def joined(one: Interval, other: Interval) -> Interval:
    """Return what both reports of one stay say together; commutative, associative, idempotent.

    The zone belongs to the scanner, so both agree on it; where the registry changed in between, the
    later report's zone counts, and between equals the greater name. So it is with the loss, and
    between equals the smaller one.
    """
    zone = max((one, other), key=lambda each: (each.last_ms, each.zone or "")).zone
    loss_db = max((one, other), key=_lateness_of_loss).loss_db
    return one._replace(
        last_ms=max(one.last_ms, other.last_ms),
        n=max(one.n, other.n),
        evidence=max(one.evidence, other.evidence),
        zone=zone,
        loss_db=loss_db,
    )


def _lateness_of_loss(interval: Interval | Report) -> tuple[Millis, bool, float]:
    known = interval.loss_db is not None
    return interval.last_ms, known, -(interval.loss_db or 0.0)
