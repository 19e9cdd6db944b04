"""From which evidence on somebody may be shown, how sure it is, and how long she is taken to be here.

Owns: the showing rule, confidence with its reasons, presence held after a code.
Never: which of her fields may be seen (`disclosure`), nor where one visit ends (`sessions`).

Every function takes evidence of one visit, joined, with acts and radio told apart (`intervals.apart`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from shopbell_server.core.confidence import Confidence
from shopbell_server.core.evidence import Carrier, Evidence
from shopbell_server.core.ids import Millis, ZoneId
from shopbell_server.core.visits.intervals import ACTS, APPS, order
from shopbell_server.core.visits.stretches import moment_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from shopbell_server.core.evidence import Interval
    from shopbell_server.core.visits.rules import VisitRules
    from shopbell_server.core.visits.stretches import Stretch

PASS: Final = "pass"  # noqa: S105  (a reason, not a password)
TWO_SCANNERS: Final = "two scanners"
CODE: Final = "one scanner, a code"
APP_REPORT: Final = "the app's own report"
APP_AND_SCANNER: Final = "one scanner and the app's own report"
HEARD_LONG_ENOUGH: Final = "one scanner, heard long enough to be shown"
HEARD_BRIEFLY: Final = "one scanner, heard too briefly or too seldom to be shown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Glimpse:
    """One piece of evidence that is named by itself: what, where, when."""

    at_ms: Millis
    carrier: Carrier
    evidence: Evidence
    zone: ZoneId | None


def first_shown(
    acts: Sequence[Interval],
    radio: Sequence[Interval],
    heard: Sequence[Stretch],
    rules: VisitRules,
) -> Glimpse | None:
    """Return the first evidence that may be shown: an act at once, radio by dwell and sightings.

    `heard` is what `radio` covers, short silences (`left_shown_ms`) too.
    Radio counts from the moment at which it has lasted long enough; it is described by the strongest
    evidence that had been heard by then.
    """
    by_radio = _radio_shown(radio, heard, rules)
    if not acts:
        return by_radio
    shown = [_glimpse(each, each.key.first_ms) for each in acts]
    if by_radio is not None:
        shown.append(by_radio)
    return min(shown, key=lambda one: (one.at_ms, -one.evidence, one.carrier))


def last_act(acts: Iterable[Interval]) -> Glimpse | None:
    """Return the latest act; of several at one moment the strongest."""
    seen = [_glimpse(each, each.last_ms) for each in acts]
    return max(seen, key=lambda one: (one.at_ms, one.evidence, one.carrier), default=None)


def best_act(acts: Iterable[Interval]) -> Glimpse | None:
    """Return the strongest act, of equal ones the first: how she was recognised, in words."""
    seen = [_glimpse(each, each.key.first_ms) for each in acts]
    return min(seen, key=lambda one: (-one.evidence, one.at_ms, one.carrier), default=None)


def scanners_of(evidence: Iterable[Interval]) -> tuple[tuple[str, str], ...]:
    """Return the scanners (edge, name) that took part, sorted; the app's own report has none."""
    keys = [each.key for each in evidence]
    return tuple(sorted({(key.edge, key.scanner) for key in keys if key.carrier not in APPS}))


def confidence_of(
    best: Evidence,
    scanners: Sequence[tuple[str, str]],
    acts: Iterable[Interval],
    shown: Glimpse | None,
    *,
    agreed: bool = False,
) -> tuple[Confidence, tuple[str, ...]]:
    """Return how sure the visit is, and why; `best` is the strongest of all its evidence.

    `agreed`: the app and an edge say the same (`agreement`).
    """
    certain = []
    if best >= Evidence.PASS:
        certain.append(PASS)
    if len(scanners) > 1:
        certain.append(TWO_SCANNERS)
    if certain:
        return Confidence.HIGH, tuple(certain)
    if shown is None:
        return Confidence.LOW, (HEARD_BRIEFLY,)
    if agreed:
        return Confidence.MEDIUM, (APP_AND_SCANNER,)
    if any(each.key.carrier == "number" for each in acts):
        return Confidence.MEDIUM, (CODE,)
    if shown.carrier in ACTS:
        return Confidence.MEDIUM, (APP_REPORT,)
    return Confidence.MEDIUM, (HEARD_LONG_ENOUGH,)


def held_until(act: Glimpse | None, heard_ms: Millis | None, rules: VisitRules) -> Millis | None:
    """Return until when an act holds her present; None where it does not.

    Radio heard after the act is what can fall silent: its silence is the evidence of leaving, and
    ends the hold. Radio from before the act is not: the code may be read where none is heard.
    """
    if act is None or (heard_ms is not None and heard_ms > act.at_ms):
        return None
    return Millis(act.at_ms + rules.expected_stay_ms)


def _radio_shown(
    radio: Sequence[Interval], heard: Sequence[Stretch], rules: VisitRules
) -> Glimpse | None:
    if sum([each.n for each in radio]) < rules.shown_sightings:
        return None
    at_ms = moment_of(heard, rules.shown_dwell_ms)
    if at_ms is None:
        return None
    by_then = [each for each in radio if each.key.first_ms <= at_ms]
    best = max([each.evidence for each in by_then])
    return _glimpse(max([each for each in by_then if each.evidence == best], key=order), at_ms)


def _glimpse(interval: Interval, at_ms: Millis) -> Glimpse:
    return Glimpse(
        at_ms=at_ms,
        carrier=interval.key.carrier,
        evidence=interval.evidence,
        zone=interval.zone,
    )
