"""One person's evidence in one store, as stays.

Owns: where a stay begins and ends, and everything that is computed from its evidence.
Never: what a stay was called before, or who was told of it (`reconcile`); the clock.

Pure and without memory: the same evidence gives the same sessions, in whatever order it came.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from shopbell_server.core.confidence import Confidence  # noqa: TC001  (who reads a stored session asks)
from shopbell_server.core.evidence import Evidence  # noqa: TC001  (the same)
from shopbell_server.core.ids import Millis, ZoneId
from shopbell_server.core.intervals import ACTS, apart, clipped, gathered
from shopbell_server.core.showing import (
    Glimpse,
    best_act,
    confidence_of,
    first_shown,
    held_until,
    last_act,
    scanners_of,
)
from shopbell_server.core.stretches import length_ms, spans_of, union

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from shopbell_server.core.evidence import Interval
    from shopbell_server.core.stretches import Span, Stretch
    from shopbell_server.core.visit_rules import VisitRules


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneTime:
    """When she was first and last in a zone, and how long in all; `dwelt` if it was not in passing."""

    zone: ZoneId
    first_ms: Millis
    last_ms: Millis
    dwell_ms: int
    dwelt: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One stay, as far as its evidence tells.

    `start_ms` and `end_ms` are its first and last evidence, both included.
    """

    kind: Literal["candidate", "visit"]
    """A candidate is below the minimum dwell: reported nowhere."""
    start_ms: Millis
    end_ms: Millis
    duration_known: bool
    """False where only a point is known."""
    reentries: int
    """How often she was silent for longer than the board waits, and came back. The silence after an
    act is none: she was held present."""
    evidence: Evidence
    n: int
    scanners: tuple[tuple[str, str], ...]
    """(edge, scanner), sorted; the app is not one."""
    zones: tuple[ZoneTime, ...]
    """In the order in which she came to them."""
    confidence: Confidence
    reasons: tuple[str, ...]
    engaged: bool
    overlong: bool
    """One of the pieces that a stay beyond the longest was cut into."""
    shown: Glimpse | None
    """First evidence that may be shown to staff; None: not on the board."""
    best_act: Glimpse | None
    last_act: Glimpse | None
    heard_ms: Millis | None
    """Last radio evidence."""
    gone_ms: Millis | None
    """When she goes off the board if nothing more is heard; None where she is not on it."""
    reach_ms: Millis
    """Evidence up to here would belong to this stay; it has ended when this has passed."""
    due_ms: Millis
    """When there is something to do if nothing more is heard: end a visit, forget a candidate."""
    rule_version: str = field(compare=False)
    """By which rules it was computed; other rules that give the same stay do not change it."""


def sessions(intervals: Iterable[Interval], rules: VisitRules) -> tuple[Session, ...]:
    """Return the sessions of `intervals`, which must be of one person in one store, oldest first.

    Sessions never overlap, and are further apart than the gap, the pieces of an overlong one aside.
    Each interval lies in one session; one that reaches over a cut has a part in each piece.
    """
    evidence = gathered(intervals)
    if len({(each.key.person, each.key.store) for each in evidence}) > 1:
        raise ValueError("sessions of several people or stores: group the intervals first")
    return tuple(
        [session for window in _windows(evidence, rules) for session in _cut(window, rules)]
    )


@dataclass(slots=True)
class _Run:
    """Evidence that belongs together, some at least, in order of time; and what is asked of it often."""

    evidence: list[Interval]
    acts: list[Interval]
    radio: list[Interval]
    spans: list[Span]
    heard: tuple[Stretch, ...]
    """What `radio` covers. Silences that an edge would bridge count as covered."""
    reach_ms: Millis
    """Up to when other evidence belongs to the same stay."""


def _run(evidence: list[Interval], reach_ms: Millis, rules: VisitRules) -> _Run:
    acts, radio = apart(evidence)
    spans = spans_of(evidence)
    heard = union(spans_of(radio) if acts else spans, rules.left_shown_ms)
    return _Run(evidence, acts, radio, spans, heard, reach_ms)


def _windows(evidence: Iterable[Interval], rules: VisitRules) -> list[_Run]:
    """Return runs of evidence, each out of the reach of the one before."""
    windows: list[tuple[list[Interval], Millis]] = []
    window: list[Interval] = []
    until_ms = Millis(0)
    for each in evidence:
        if window and each.key.first_ms > until_ms:
            windows.append((window, until_ms))
            window = []
        reach_ms = _reach(each, rules)
        if not window or reach_ms > until_ms:
            until_ms = reach_ms
        window.append(each)
    if window:
        windows.append((window, until_ms))
    return [_run(window, until_ms, rules) for window, until_ms in windows]


def _reach(interval: Interval, rules: VisitRules) -> Millis:
    """Return up to when other evidence belongs to the same stay.

    After an act she is held present for the expected stay, so hearing her within it is no new visit.
    """
    after_ms = rules.widest_reach_ms if interval.key.carrier in ACTS else rules.gap_ms
    return Millis(interval.last_ms + after_ms)


def _cut(window: _Run, rules: VisitRules) -> list[Session]:
    """Return the sessions of one run: itself, or its pieces of the longest length each.

    Cuts lie at multiples of that length from the first evidence. Whether it is a visit is decided
    once, for all pieces.
    """
    kind = _kind(window, rules)
    start_ms = window.spans[0][0]
    if max([last_ms for _, last_ms in window.spans]) - start_ms <= rules.longest_ms:
        return [_session(window, kind, rules, overlong=False)]
    pieces: dict[int, list[Interval]] = {}
    for each in window.evidence:
        first = _piece(each.key.first_ms - start_ms, rules)
        last = _piece(each.last_ms - start_ms, rules)
        for number in range(first, last + 1):
            # Both ends of a session are included, so the next piece begins a millisecond later.
            from_ms = start_ms + number * rules.longest_ms + (1 if number else 0)
            to_ms = start_ms + (number + 1) * rules.longest_ms
            pieces.setdefault(number, []).append(clipped(each, from_ms, to_ms))
    return [_session(run, kind, rules, overlong=True) for run in _with_reach(pieces, window, rules)]


def _with_reach(
    pieces: Mapping[int, list[Interval]], window: _Run, rules: VisitRules
) -> Iterator[_Run]:
    """Yield each piece, oldest first, with its reach; the last one's is that of the whole run."""
    *earlier, last = sorted(pieces)
    for number in earlier:
        reach_ms = max(_reach(each, rules) for each in pieces[number])
        yield _run(pieces[number], reach_ms, rules)
    yield _run(pieces[last], window.reach_ms, rules)


def _piece(since_start_ms: int, rules: VisitRules) -> int:
    """Return the number of the piece: [0, longest] is 0, (longest, twice longest] is 1."""
    return max(0, since_start_ms - 1) // rules.longest_ms


def _kind(window: _Run, rules: VisitRules) -> Literal["candidate", "visit"]:
    # Somebody who passes twice did not stay: only what is covered counts.
    stayed = bool(window.acts) or length_ms(window.heard) >= rules.min_dwell_ms
    return "visit" if stayed else "candidate"


def _session(
    run: _Run, kind: Literal["candidate", "visit"], rules: VisitRules, *, overlong: bool
) -> Session:
    evidence, acts, spans = run.evidence, run.acts, run.spans
    start_ms, end_ms = spans[0][0], max([last_ms for _, last_ms in spans])
    best = max([each.evidence for each in evidence])
    scanners = scanners_of(evidence)
    shown = first_shown(acts, run.radio, run.heard, rules)
    act = last_act(acts)
    heard_ms = max([each.last_ms for each in run.radio]) if run.radio else None
    confidence, reasons = confidence_of(best, scanners, acts, shown)
    held_ms = held_until(act, heard_ms, rules)
    gone_ms = Millis(end_ms + rules.off_board_ms) if held_ms is None else held_ms
    return Session(
        kind=kind,
        start_ms=start_ms,
        end_ms=end_ms,
        duration_known=end_ms > start_ms,
        reentries=_reentries(spans, acts, rules),
        evidence=best,
        n=sum([each.n for each in evidence]),
        scanners=scanners,
        zones=_zones(evidence, rules),
        confidence=confidence,
        reasons=reasons,
        engaged=end_ms - start_ms >= rules.engaged_ms,
        overlong=overlong,
        shown=shown,
        best_act=best_act(acts),
        last_act=act,
        heard_ms=heard_ms,
        gone_ms=None if shown is None else gone_ms,
        reach_ms=run.reach_ms,
        due_ms=Millis(run.reach_ms + (rules.candidate_kept_ms if kind == "candidate" else 0)),
        rule_version=rules.rule_version,
    )


def _reentries(spans: Sequence[Span], acts: Sequence[Interval], rules: VisitRules) -> int:
    acted_ms = {each.last_ms for each in acts}
    covered = union(spans, rules.off_board_ms)
    return sum([stretch.last_ms not in acted_ms for stretch in covered[:-1]])


def _zones(evidence: Sequence[Interval], rules: VisitRules) -> tuple[ZoneTime, ...]:
    by_zone: dict[ZoneId, list[Span]] = {}
    for key, last_ms, _, _, zone, _ in evidence:
        if zone is not None:
            by_zone.setdefault(zone, []).append((key.first_ms, last_ms))
    times = []
    for zone, spans in by_zone.items():
        covered = union(spans, rules.left_shown_ms)
        times.append((covered[0].first_ms, zone, covered[-1].last_ms, length_ms(covered)))
    return tuple(
        [
            ZoneTime(
                zone=zone,
                first_ms=first_ms,
                last_ms=last_ms,
                dwell_ms=dwell_ms,
                dwelt=dwell_ms >= rules.zone_dwell_ms,
            )
            for first_ms, zone, last_ms, dwell_ms in sorted(times)
        ]
    )
