"""The truth of a day against what somebody made of it.

Owns: what counts as a visit to be found, as a false one, and how far off its ends are.
Never: how visits were made.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from shopbell_sim.core.outing.outings import sending_inside_s, truth_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from shopbell_sim.core.day.seeing import SeenVisit
    from shopbell_sim.core.outing.outings import Outing, Truth
    from shopbell_sim.core.site.site import Site

TOLERANCE_S: Final = 30.0
"""As far as the ends of a visit may be off. So a stay that is longer than the minimum dwell by less may be
missed, and one that is shorter by less may be told."""


class TrueVisit(NamedTuple):
    """She was inside from `from_s` to `until_s`, shorter absences than the gap included."""

    who: str
    from_s: float
    until_s: float
    sending_s: float
    """From the first to the last moment inside at which her phone was on the air."""
    throughout: bool
    """Whether it was on the air all the time."""

    def lasts(self, least_s: float) -> bool:
        """Return whether it is to be found where visits last `least_s`: TOLERANCE_S longer, to be sure."""
        return self.until_s - self.from_s >= least_s + TOLERANCE_S


class FoundVisit(NamedTuple):
    """What was made of it."""

    who: str
    from_s: float
    until_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A visit that was found, beside the true one."""

    true: TrueVisit
    found: FoundVisit

    @property
    def start_error_s(self) -> float:
        """How much too late it begins; below 0: too early."""
        return self.found.from_s - self.true.from_s

    @property
    def end_error_s(self) -> float:
        """How much too late it ends."""
        return self.found.until_s - self.true.until_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """Of `asked` (true visits that were to be found) `pairs` were found; `false` are of nobody's visit."""

    asked: tuple[TrueVisit, ...]
    pairs: tuple[Pair, ...]
    missed: tuple[TrueVisit, ...]
    false: tuple[FoundVisit, ...]

    @property
    def found_share(self) -> float:
        """Of those asked for."""
        return len(self.pairs) / len(self.asked) if self.asked else 1.0

    def within_share(self, tolerance_s: float = TOLERANCE_S) -> float:
        """Return the share of found visits with both ends within `tolerance_s`."""
        good = [
            each
            for each in self.pairs
            if abs(each.start_error_s) <= tolerance_s and abs(each.end_error_s) <= tolerance_s
        ]
        return len(good) / len(self.pairs) if self.pairs else 1.0


def true_visits(outings: Iterable[Outing], site: Site, gap_s: float) -> tuple[TrueVisit, ...]:
    """Return the visits of all who are no staff, by who and time; absences up to `gap_s` are none."""
    by_who: dict[str, list[TrueVisit]] = {}
    for outing in outings:
        if outing.kind != "staff":
            stays = [
                TrueVisit(
                    outing.who,
                    stay.from_s,
                    stay.until_s,
                    sending_inside_s(outing, stay),
                    outing.handset.platform == "android",
                )
                for stay in truth_of(outing, site).stays
            ]
            by_who.setdefault(outing.who, []).extend(stays)
    return tuple(
        visit for _, stays in sorted(by_who.items()) for visit in _merged(sorted(stays), gap_s)
    )


def judge(
    true: Sequence[TrueVisit],
    found: Sequence[FoundVisit],
    asked: Sequence[TrueVisit],
    least_s: float,
) -> Judgement:
    """Compare `found` with `true`; only `asked`, some of `true`, are missed if they are not there.

    A found visit is false if it shares no moment with a true one that is as long as `least_s` less
    TOLERANCE_S, or if another found one shares more with the same.
    """
    pairs: list[Pair] = []
    taken: set[FoundVisit] = set()
    lasting = [each for each in true if each.until_s - each.from_s >= least_s - TOLERANCE_S]
    missed: list[TrueVisit] = []
    wanted = set(asked)
    for visit in lasting:
        shared = [
            (min(each.until_s, visit.until_s) - max(each.from_s, visit.from_s), each)
            for each in found
            if each.who == visit.who
        ]
        overlap_s, best = max(shared, default=(-1.0, None))
        if best is None or overlap_s < 0 or best in taken:
            if visit in wanted:
                missed.append(visit)
            continue
        taken.add(best)
        if visit in wanted:
            pairs.append(Pair(true=visit, found=best))
    return Judgement(
        asked=tuple(asked),
        pairs=tuple(pairs),
        missed=tuple(missed),
        false=tuple(each for each in found if each not in taken),
    )


def right_zone_share(lived: Iterable[tuple[Outing, Truth]], seen: Iterable[SeenVisit]) -> float:
    """Return for which share of the time in which somebody was inside and seen it was in the right zone.

    Visits without zones do not count.
    """
    visits: dict[str, list[SeenVisit]] = {}
    for visit in seen:
        if visit.zones:
            visits.setdefault(visit.who, []).append(visit)
    right = total = 0
    for outing, truth in lived:
        hers = [
            (each.from_s, each.until_s, [(one.from_s, one.zone) for one in each.zones])
            for each in visits.get(outing.who, ())
        ]
        true = [(each.from_s, each.zone) for each in truth.zones]
        for from_s, until_s, zones in hers:
            for stay in truth.stays:
                begin_s, end_s = max(from_s, stay.from_s), min(until_s, stay.until_s)
                times_s = np.arange(begin_s, end_s, STEP_S) if begin_s < end_s else ()
                for at_s in times_s:
                    total += 1
                    right += _at(zones, at_s) == _at(true, at_s)
    return right / total if total else 1.0


STEP_S: Final = 5.0
"""Zones are compared so often: a tick of the server's engine."""


def _at(changes: Sequence[tuple[float, str | None]], at_s: float) -> str | None:
    """Return what holds at a moment; `changes` are in order."""
    index = bisect_right(changes, at_s, key=lambda one: one[0])
    return changes[index - 1][1] if index else None


def _merged(stays: Sequence[TrueVisit], gap_s: float) -> list[TrueVisit]:
    merged: list[TrueVisit] = []
    for stay in stays:
        if merged and stay.from_s - merged[-1].until_s <= gap_s:
            last = merged[-1]
            merged[-1] = last._replace(
                until_s=max(stay.until_s, last.until_s), sending_s=last.sending_s + stay.sending_s
            )
        else:
            merged.append(stay)
    return merged
