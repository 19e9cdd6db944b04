"""The numbers that decide what a visit is.

Owns: every number of the visit rules with its reason, and which of them a store may choose.
Never: the rules themselves (`sessions`, `board.state`).
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from shopbell_server.core.units import HOUR_MS, MINUTE_MS, SECOND_MS

if TYPE_CHECKING:
    from shopbell_server.core.ids import StoreId

ALGORITHM: Final = 2
"""First part of every `rule_version`. Raised when the code gives other visits for the same numbers."""

DEMO_SPEED: Final = 20
"""A stay of 40 minutes fits into two: short enough to watch, and 120 s of dwell are still 6 s."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitRules:
    """What a tenant decides about its visits. `outside` and `disordered` check it."""

    gap_ms: int = 30 * MINUTE_MS
    """Silence that ends a visit. The market has 15 minutes to 3 hours; 30 is what web sessions use,
    so that the two can be compared, and longer than a coffee in the middle of a visit."""
    left_shown_ms: int = 3 * MINUTE_MS
    """Unseen for so long: the board says "left?". As long as an edge waits before it says `left`, so
    that shorter silences are presence here as they are there."""
    off_board_ms: int = 10 * MINUTE_MS
    """Unseen for so long: no longer on the board, and coming back counts as a re-entry."""
    expected_stay_ms: int = 45 * MINUTE_MS
    """A code is one moment, without anything that would fall silent: she is held present so long."""
    expected_stays_ms: tuple[tuple[StoreId, int], ...] = ()
    """The same of stores where people stay longer or shorter than in the others; sorted."""
    min_dwell_ms: int = 120 * SECOND_MS
    """Radio alone, for less: somebody who walked past. A code makes a visit at once."""
    shown_dwell_ms: int = 60 * SECOND_MS
    """Radio alone, for less: not shown to staff."""
    shown_sightings: int = 5
    """Fewer receptions than this may be a chance hit or an echo, and are not shown to staff."""
    engaged_ms: int = 10 * MINUTE_MS
    """From here on somebody looked around rather than in."""
    longest_ms: int = 8 * HOUR_MS
    """Longer than shops are open: a phone left behind, or a member of staff not listed as one."""
    zone_dwell_ms: int = 60 * SECOND_MS
    """A zone was dwelt in, not crossed."""
    zone_recent_ms: int = MINUTE_MS
    """Who was not reported by a scanner for so long is not near it now: two reports of a phone that lies
    still, of which an edge sends one every 30 s."""
    candidate_kept_ms: int = 24 * HOUR_MS
    """A candidate that ended is forgotten after as long as the observations it was made of are kept,
    so that parts of a visit that arrive within a day of each other still add up. 0: at its end."""

    @property
    def rule_version(self) -> str:
        """Name exactly these rules: the algorithm and a digest of every number that makes visits."""
        return _version(self)

    def at(self, store: StoreId) -> VisitRules:
        """Return the rules of one store: visits are made by these."""
        return _at(self, store) if self.expected_stays_ms else self

    @property
    def after_act_ms(self) -> int:
        """How long after an act other evidence is of the same visit: she is held present for so long.

        Of all stores the longest, until it is asked of one (`at`).
        """
        stays_ms = [stay_ms for _, stay_ms in self.expected_stays_ms]
        return max(self.gap_ms, self.expected_stay_ms, *stays_ms)

    @property
    def longest_deaf_ms(self) -> int:
        """How much of a scanner's deafness at most does not count as silence.

        As much as ends a visit: an edge that never comes back leaves nobody on the board for ever.
        """
        return self.gap_ms

    @property
    def widest_reach_ms(self) -> int:
        """How far apart two pieces of evidence of one visit may lie."""
        return self.after_act_ms + self.longest_deaf_ms

    @property
    def deaf_reach_ms(self) -> int:
        """How long after evidence the deafness of its scanner may matter.

        Of one that heard her a little before others did, its clock is asked from their last word on.
        """
        return self.widest_reach_ms + self.left_shown_ms


@lru_cache(maxsize=64)  # asked for with every session that is computed: a twentieth of ingest
def _version(rules: VisitRules) -> str:
    numbers = ",".join(
        str(getattr(rules, field.name)) for field in fields(rules) if field.name not in _BOARD_ONLY
    )
    return f"{ALGORITHM}-{sha256(numbers.encode()).hexdigest()[:8]}"


_BOARD_ONLY: Final = frozenset({"zone_recent_ms", "expected_stays_ms"})
"""What changes the live view and no visit; and what other stores have, of which `at` knows."""


@lru_cache(
    maxsize=1_024
)  # asked for with every session, of as many stores as one server has at most
def _at(rules: VisitRules, store: StoreId) -> VisitRules:
    stay_ms = dict(rules.expected_stays_ms).get(store, rules.expected_stay_ms)
    return replace(rules, expected_stay_ms=stay_ms, expected_stays_ms=())


def demo(rules: VisitRules) -> VisitRules:
    """Return `rules` with every duration shortened DEMO_SPEED times, counts as they are."""
    quicker = {name: getattr(rules, name) // DEMO_SPEED for name in ALLOWED if name.endswith("_ms")}
    stays_ms = tuple((store, stay_ms // DEMO_SPEED) for store, stay_ms in rules.expected_stays_ms)
    return replace(rules, **quicker, expected_stays_ms=stays_ms)


def outside(rules: VisitRules) -> tuple[str, ...]:
    """Return the names of all numbers of `rules` that are not within what is `ALLOWED`.

    For what a tenant chose; the rules of a demo are too short on purpose and are not asked.
    """
    return tuple(
        name for name, (low, high) in ALLOWED.items() if not low <= getattr(rules, name) <= high
    )


def disordered(rules: VisitRules) -> tuple[tuple[str, str], ...]:
    """Return the names of those of which the first must not exceed the second, and does."""
    return tuple(
        (smaller, greater)
        for smaller, greater in _ORDER
        if getattr(rules, smaller) > getattr(rules, greater)
    )


ALLOWED: Final = {
    "gap_ms": (5 * MINUTE_MS, 240 * MINUTE_MS),
    "left_shown_ms": (1 * MINUTE_MS, 30 * MINUTE_MS),
    "off_board_ms": (1 * MINUTE_MS, 30 * MINUTE_MS),
    "expected_stay_ms": (5 * MINUTE_MS, 240 * MINUTE_MS),
    "min_dwell_ms": (30 * SECOND_MS, 600 * SECOND_MS),
    "shown_dwell_ms": (0, 600 * SECOND_MS),
    "shown_sightings": (1, 100),
    "engaged_ms": (1 * MINUTE_MS, 240 * MINUTE_MS),
    "longest_ms": (4 * HOUR_MS, 24 * HOUR_MS),
    "zone_dwell_ms": (1 * SECOND_MS, 30 * MINUTE_MS),
    "zone_recent_ms": (10 * SECOND_MS, 10 * MINUTE_MS),
    "candidate_kept_ms": (0, 24 * HOUR_MS),
}
"""Smallest and greatest of each. `candidate_kept_ms` is a retention: the tenant may only shorten it.
`longest_ms` is at least the widest gap, so that no piece of a long visit is empty."""

LONGEST_VISIT_MS: Final = ALLOWED["longest_ms"][1]
"""By any rules. So whoever looks for visits by when they began knows how far back to look."""

_ORDER: Final = (
    ("left_shown_ms", "off_board_ms"),
    ("off_board_ms", "gap_ms"),
    ("off_board_ms", "expected_stay_ms"),
)
"""She is "left?" before she is gone from the board, and gone before her visit has ended."""
