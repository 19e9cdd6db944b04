"""One person's evidence in one store, as stays.

Owns: where a stay begins and ends, and everything that is computed from its evidence.
Never: what a stay was called before, or who was told of it (`reconcile`); the clock.

Pure and without memory: the same evidence gives the same sessions, in whatever order it came.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from shopbell_server.core.confidence import Confidence  # noqa: TC001  (who reads a stored session asks)
from shopbell_server.core.edges.deafness import unheard_for
from shopbell_server.core.evidence import Evidence  # noqa: TC001  (the same)
from shopbell_server.core.ids import Millis, ZoneId
from shopbell_server.core.visits.agreement import agree, raised
from shopbell_server.core.visits.intervals import ACTS, EXIT, apart, clipped, gathered
from shopbell_server.core.visits.showing import (
    Glimpse,
    best_act,
    confidence_of,
    first_shown,
    held_until,
    last_act,
    scanners_of,
)
from shopbell_server.core.visits.stretches import length_ms, spans_of, union

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from shopbell_server.core.edges.deafness import Deaf, Scanner
    from shopbell_server.core.evidence import Interval
    from shopbell_server.core.visits.rules import VisitRules
    from shopbell_server.core.visits.stretches import Span, Stretch

    Deafness = Mapping[Scanner, tuple[Deaf, ...]]

_NEVER: Final[Deafness] = MappingProxyType({})


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
    """When she goes off the board if nothing more is heard: `end_ms` where her app said then that she left;
    None where she is not on it."""
    reach_ms: Millis
    """Evidence up to here would belong to this stay; it has ended when this has passed."""
    due_ms: Millis
    """When there is something to do if nothing more is heard: end a visit, forget a candidate."""
    rule_version: str = field(compare=False)
    """By which rules it was computed; other rules that give the same stay do not change it."""
    left_ms: Millis | None = None
    """When the board says "left?" where scanners were deaf; None: `left_shown_ms` after `end_ms`."""
    deaf_since_ms: Millis | None = None
    """Since when none of the scanners that heard her last can hear, if that keeps her on the board."""


def sessions(
    intervals: Iterable[Interval], rules: VisitRules, deaf: Deafness = _NEVER
) -> tuple[Session, ...]:
    """Return the sessions of `intervals`, which must be of one person in one store, oldest first.

    Sessions never overlap, and are further apart than the gap, the pieces of an overlong one aside.
    Each interval lies in one session; one that reaches over a cut has a part in each piece. While the
    scanner of an interval was `deaf`, the silence after it does not count (`deafness.unheard_for`), but for
    `longest_deaf_ms` at most.
    """
    evidence = gathered(intervals)
    if len({(each.key.person, each.key.store) for each in evidence}) > 1:
        raise ValueError("sessions of several people or stores: group the intervals first")
    if evidence:
        rules = rules.at(evidence[0].key.store)
    return tuple(
        [
            session
            for window in _windows(evidence, rules, deaf)
            for session in _cut(window, rules, deaf)
        ]
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
    all_radio = len(radio) == len(evidence)
    heard = union(spans if all_radio else spans_of(radio), rules.left_shown_ms)
    return _Run(evidence, acts, radio, spans, heard, reach_ms)


def _windows(evidence: Iterable[Interval], rules: VisitRules, deaf: Deafness) -> list[_Run]:
    """Return runs of evidence, each out of the reach of the one before."""
    windows: list[tuple[list[Interval], Millis]] = []
    window: list[Interval] = []
    until_ms = Millis(0)
    for each in evidence:
        if window and each.key.first_ms > until_ms:
            windows.append((window, until_ms))
            window = []
        reach_ms = _reach(each, rules, deaf)
        if not window or reach_ms > until_ms:
            until_ms = reach_ms
        window.append(each)
    if window:
        windows.append((window, until_ms))
    return [_run(window, until_ms, rules) for window, until_ms in windows]


def _reach(interval: Interval, rules: VisitRules, deaf: Deafness) -> Millis:
    """Return up to when other evidence belongs to the same stay.

    After an act she is held present for the expected stay, so hearing her within it is no new visit.
    """
    after_ms = rules.after_act_ms if interval.key.carrier in ACTS else rules.gap_ms
    if not deaf:
        return Millis(interval.last_ms + after_ms)
    return _unheard(interval, interval.last_ms, after_ms, rules, deaf)


def _unheard(
    interval: Interval, since_ms: Millis, length_ms: int, rules: VisitRules, deaf: Deafness
) -> Millis:
    """Return when the scanner of `interval` has heard nothing of her for `length_ms` since then."""
    its = deaf.get((interval.key.edge, interval.key.scanner), ())
    return unheard_for(its, since_ms, length_ms, rules.longest_deaf_ms)


def _cut(window: _Run, rules: VisitRules, deaf: Deafness) -> list[Session]:
    """Return the sessions of one run: itself, or its pieces of the longest length each.

    Cuts lie at multiples of that length from the first evidence. Whether it is a visit is decided
    once, for all pieces.
    """
    kind = _kind(window, rules)
    start_ms = window.spans[0][0]
    if max([last_ms for _, last_ms in window.spans]) - start_ms <= rules.longest_ms:
        return [_session(window, kind, rules, deaf, overlong=False)]
    pieces: dict[int, list[Interval]] = {}
    for each in window.evidence:
        first = _piece(each.key.first_ms - start_ms, rules)
        last = _piece(each.last_ms - start_ms, rules)
        for number in range(first, last + 1):
            # Both ends of a session are included, so the next piece begins a millisecond later.
            from_ms = start_ms + number * rules.longest_ms + (1 if number else 0)
            to_ms = start_ms + (number + 1) * rules.longest_ms
            pieces.setdefault(number, []).append(clipped(each, from_ms, to_ms))
    return [
        _session(run, kind, rules, deaf, overlong=True)
        for run in _with_reach(pieces, window, rules, deaf)
    ]


def _with_reach(
    pieces: Mapping[int, list[Interval]], window: _Run, rules: VisitRules, deaf: Deafness
) -> Iterator[_Run]:
    """Yield each piece, oldest first, with its reach; the last one's is that of the whole run."""
    *earlier, last = sorted(pieces)
    for number in earlier:
        reach_ms = max(_reach(each, rules, deaf) for each in pieces[number])
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
    run: _Run,
    kind: Literal["candidate", "visit"],
    rules: VisitRules,
    deaf: Deafness,
    *,
    overlong: bool,
) -> Session:
    evidence, acts, spans = run.evidence, run.acts, run.spans
    start_ms, end_ms = spans[0][0], max([last_ms for _, last_ms in spans])
    best = max([each.evidence for each in evidence])
    agreed = agree(acts, evidence)
    if agreed:
        best = raised(best)
    scanners = scanners_of(evidence)
    shown = first_shown(acts, run.radio, run.heard, rules)
    act = last_act(acts)
    heard_ms = max([each.last_ms for each in run.radio]) if run.radio else None
    confidence, reasons = confidence_of(best, scanners, acts, shown, agreed=agreed)
    held_ms = held_until(act, heard_ms, rules)
    gone_ms = Millis(end_ms + rules.off_board_ms) if held_ms is None else held_ms
    left_ms = deaf_since_ms = None
    if _left(run, end_ms):
        gone_ms = end_ms
    elif deaf and shown is not None:
        gone_ms, left_ms, deaf_since_ms = _fading(
            run, end_ms, rules, deaf, is_held=held_ms is not None
        )
    return Session(
        kind=kind,
        start_ms=start_ms,
        end_ms=end_ms,
        duration_known=end_ms > start_ms,
        reentries=_reentries(run, rules, deaf),
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
        left_ms=left_ms,
        deaf_since_ms=deaf_since_ms,
        reach_ms=run.reach_ms,
        due_ms=Millis(run.reach_ms + (rules.candidate_kept_ms if kind == "candidate" else 0)),
        rule_version=rules.rule_version,
    )


def _left(run: _Run, end_ms: Millis) -> bool:
    """Return whether the last that is known of her is that she left."""
    if len(run.evidence) == len(run.acts) + len(run.radio):
        return False
    return any(each.key.carrier == EXIT and each.last_ms == end_ms for each in run.evidence)


class _Fading(NamedTuple):
    gone_ms: Millis
    left_ms: Millis | None
    deaf_since_ms: Millis | None


def _fading(
    run: _Run, end_ms: Millis, rules: VisitRules, deaf: Deafness, *, is_held: bool
) -> _Fading:
    """Return how she goes off the board where scanners are deaf: later, if all that last heard her are.

    Those are the ones that heard her until shortly before the end: one of them that hears and is silent
    says that she left, whatever the others could hear.
    """
    if is_held:
        last, after_ms = [max(run.acts, key=_last_ms)], rules.expected_stay_ms
        since_ms = last[0].last_ms
    else:
        lately_ms = end_ms - rules.left_shown_ms
        last, after_ms = [e for e in run.radio if e.last_ms >= lately_ms], rules.off_board_ms
        since_ms = end_ms
    gone_ms = min([_unheard(each, since_ms, after_ms, rules, deaf) for each in last])
    left_ms = min([_unheard(each, since_ms, rules.left_shown_ms, rules, deaf) for each in last])
    heard_by = {(each.key.edge, each.key.scanner) for each in last}
    lasting = [
        max(span.from_ms, since_ms)
        for scanner in heard_by
        for span in deaf.get(scanner, ())
        if span.covers(gone_ms - 1)
    ]
    return _Fading(
        gone_ms,
        None if is_held or left_ms == end_ms + rules.left_shown_ms else left_ms,
        max(lasting) if len(lasting) == len(heard_by) else None,
    )


def _last_ms(interval: Interval) -> Millis:
    return interval.last_ms


def _reentries(run: _Run, rules: VisitRules, deaf: Deafness) -> int:
    acted_ms = {each.last_ms for each in run.acts}
    if not deaf:
        covered = union(run.spans, rules.off_board_ms)
        return sum([stretch.last_ms not in acted_ms for stretch in covered[:-1]])
    reentries, last_ms, until_ms = 0, run.spans[0][0], run.evidence[0].last_ms
    for each in run.evidence:
        if each.key.first_ms > until_ms:
            reentries += last_ms not in acted_ms
        last_ms = max(last_ms, each.last_ms)
        until_ms = max(until_ms, _unheard(each, each.last_ms, rules.off_board_ms, rules, deaf))
    return reentries


def _zones(evidence: Sequence[Interval], rules: VisitRules) -> tuple[ZoneTime, ...]:
    by_zone: dict[ZoneId, list[Span]] = {}
    for key, last_ms, _, _, zone, _ in evidence:
        if zone is not None:
            by_zone.setdefault(zone, []).append((key.first_ms, last_ms))
    return zone_times(
        {zone: union(spans, rules.left_shown_ms) for zone, spans in by_zone.items()}, rules
    )


def zone_times(
    by_zone: Mapping[ZoneId, Sequence[Stretch]], rules: VisitRules
) -> tuple[ZoneTime, ...]:
    """Return when she was in each zone, by the stretches in it: some at least, in order, and apart."""
    times = [
        (covered[0].first_ms, zone, covered[-1].last_ms, length_ms(covered))
        for zone, covered in by_zone.items()
    ]
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
