"""What a bench has found out, and how RESULTS.md says it.

Owns: figures (median and spread of several runs), verdicts on budgets, their Markdown.
Never: measures, or fails because something took long.
"""

from __future__ import annotations

from math import ceil, comb
from statistics import median, quantiles
from typing import TYPE_CHECKING, Final, Literal

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence


SURE: Final = 0.95


class Figure(Struct, frozen=True, kw_only=True):
    """One thing measured in several runs."""

    what: str
    unit: str
    runs: tuple[float, ...]
    many: bool = False
    """Whether there are so many runs that the middle half of them says more than the two furthest out."""

    @property
    def spread(self) -> str:
        if not self.many:
            return f"{number(min(self.runs))} … {number(max(self.runs))}"
        first, _, third = quantiles(self.runs, n=4)
        return f"half within {number(first)} … {number(third)}"

    @property
    def median(self) -> float:
        return median(self.runs)


class Verdict(Struct, frozen=True, kw_only=True):
    """A budget, and what was measured against it."""

    what: str
    unit: str
    measured: float
    limit: float
    must_be: Literal["at most", "at least"]

    @property
    def reached(self) -> bool:
        if self.must_be == "at most":
            return self.measured <= self.limit
        return self.measured >= self.limit

    @property
    def text(self) -> str:
        """Return the verdict in words, with the distance where it was missed."""
        asked = f"{self.must_be} {number(self.limit)}{_unit(self.unit)}"
        said = f"{self.what}: {number(self.measured)}{_unit(self.unit)}, asked for {asked}"
        if self.reached:
            return f"**reached**: {said}"
        far = abs(self.measured - self.limit)
        share = "" if self.limit == 0 else f" ({far / self.limit:.0%} of it)"
        return f"**missed by {number(far)}{_unit(self.unit)}**{share}: {said}"


class Report(Struct, frozen=True, kw_only=True):
    """Everything that one bench says. `skipped` is why it measured nothing; then there is no more."""

    title: str
    measures: str
    figures: tuple[Figure, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    notes: tuple[str, ...] = ()
    why: str = ""
    """Why a budget is missed where it is; shown only then."""
    skipped: str = ""

    @property
    def missed(self) -> bool:
        return any(not verdict.reached for verdict in self.verdicts)


def figure(what: str, unit: str, runs: Iterable[float], *, many: bool = False) -> Figure:
    return Figure(what=what, unit=unit, runs=tuple(runs), many=many)


def surely(runs: Sequence[float]) -> tuple[float, float]:
    """Return between what the median lies with 95 %: two of the runs, whatever their distribution.

    How many runs lie below the true median is as of so many tossed coins. At least six.
    """
    count = len(runs)
    below, cut_off = 0.0, 0
    while (below := below + comb(count, cut_off) / 2**count) <= (1 - SURE) / 2:
        cut_off += 1
    ordered = sorted(runs)
    return ordered[cut_off - 1], ordered[count - cut_off]


def at_most(what: str, measured: float, limit: float, unit: str = "") -> Verdict:
    return Verdict(what=what, unit=unit, measured=measured, limit=limit, must_be="at most")


def at_least(what: str, measured: float, limit: float, unit: str = "") -> Verdict:
    return Verdict(what=what, unit=unit, measured=measured, limit=limit, must_be="at least")


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value that has `share` of the values at or below it."""
    ordered = sorted(values)
    return ordered[max(0, ceil(share * len(ordered)) - 1)]


def markdown(report: Report) -> Iterator[str]:
    """Yield the lines of one section."""
    yield from (f"## {report.title}", "", report.measures, "")
    if report.skipped:
        yield from (f"Not measured: {report.skipped}", "")
        return
    yield from ("| what | median | spread | runs |", "|---|---:|---:|---:|")
    for each in report.figures:
        middle = f"{number(each.median)}{_unit(each.unit)}"
        yield f"| {each.what} | {middle} | {each.spread} | {len(each.runs)} |"
    yield ""
    yield from (f"- {verdict.text}" for verdict in report.verdicts)
    yield from (f"- {note}" for note in report.notes)
    if report.missed and report.why:
        yield from ("", f"Why: {report.why}")
    yield ""


def number(value: float) -> str:
    """Return a number with the digits that mean something: 0.42, 3.1, 47, 12 300."""
    size = abs(value)
    if size >= 1000:
        return f"{value:,.0f}".replace(",", " ")
    if size >= 100 or value == int(value):
        return f"{value:.0f}"
    return f"{value:.1f}" if size >= 10 else f"{value:.2f}"


def _unit(unit: str) -> str:
    return f" {unit}" if unit else ""
