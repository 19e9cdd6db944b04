"""A visit that goes on as it was: what follows from its stays lasting longer, without looking at all of them.

Owns: when that can be told from the visit and those stays alone, and what it is then.
Never: any other change of a visit (`sessions`, `reconcile`), which is computed from all of its evidence.

Nearly all that edges say of people who are here is that a stay they told of goes on. A property test holds
this to what `sessions` and `reconcile` say.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from shopbell_server.core.ids import Millis
from shopbell_server.core.visits.agreement import AGREE_MS
from shopbell_server.core.visits.intervals import ACTS, EXIT
from shopbell_server.core.visits.showing import held_until

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from shopbell_server.core.evidence import Interval
    from shopbell_server.core.ids import ZoneId
    from shopbell_server.core.visits.rules import VisitRules
    from shopbell_server.core.visits.sessions import Session, ZoneTime
    from shopbell_server.core.visits.stored import Visit


class Told(NamedTuple):
    """A stay as it is stored, and what is told of it now."""

    stored: Interval
    report: Interval


class _Longer(NamedTuple):
    """By how much a session's evidence as a whole grows."""

    more: int
    """Sightings."""
    last_ms: Millis | None
    """Until when the stays last that last longer; None: there is none."""
    zones: Mapping[ZoneId, Millis]
    """Until when they do in each zone."""


def gone_on(visit: Visit, told: Sequence[Told], rules: VisitRules) -> Visit | None:
    """Return `visit` after `told` (each stay once) was joined with its evidence; None: that cannot be told.

    The visit must be the only one within reach (`purchases.reach_ms`) of the stays, of somebody who is alone,
    without purchases and places; none of its scanners may have been deaf. Then nothing is to be told of it,
    and the result is the visit itself if nothing changes.
    """
    session = visit.session
    rules = rules.at(visit.store)
    if not _is_plain(visit, rules):
        return None
    longer = _longer(session, told, rules)
    if longer is None or not _is_shown_as_before(session, told, rules):
        return None
    return _after(visit, longer, rules)


def _is_plain(visit: Visit, rules: VisitRules) -> bool:
    session = visit.session
    return (
        visit.state == "open"
        and not visit.converted
        and session.rule_version == rules.rule_version
        and not session.overlong
        and session.left_ms is None
        and session.deaf_since_ms is None
    )


def _longer(session: Session, told: Sequence[Told], rules: VisitRules) -> _Longer | None:
    """Return by how much the evidence grows; None where it is more than stays of radio that last longer.

    A stay may grow that lasted until shortly before the end: so long that no silence that counts anywhere
    (on the board, in a zone) lies between its end and that of all evidence. So it fills none, and what is
    covered only grows at its end.
    """
    since_ms = session.end_ms - min(rules.left_shown_ms, rules.off_board_ms)
    act = session.last_act
    if act is not None:
        # Nor may it come near one of the app's reports that it was not near before (`agreement`).
        since_ms = max(since_ms, act.at_ms - AGREE_MS)
    more, latest_ms = 0, Millis(0)
    zones: dict[ZoneId, Millis] = {}
    for (key, stored_ms, n, evidence, zone, _), report in told:
        if key.carrier in ACTS or key.carrier == EXIT:
            return None
        if report.evidence > evidence or report.zone != zone:
            return None
        more += max(0, report.n - n)
        last_ms = report.last_ms
        if last_ms <= stored_ms:
            continue
        if stored_ms < since_ms or last_ms - session.start_ms > rules.longest_ms:
            return None
        latest_ms = max(latest_ms, last_ms)
        if zone is not None:
            zones[zone] = max(zones.get(zone, last_ms), last_ms)
    return _Longer(more, latest_ms or None, zones)


def _is_shown_as_before(session: Session, told: Sequence[Told], rules: VisitRules) -> bool:
    """Return whether what she was shown for first stays the first.

    Radio that showed her does so from the same moment on. Where an act did and radio did not yet, radio will
    do so after what was heard so far, unless only sightings were missing for it.
    """
    shown = session.shown
    if shown is None:
        return False
    if shown.carrier not in ACTS:
        return True
    heard_ms = session.heard_ms
    return (
        heard_ms is not None
        and shown.at_ms <= heard_ms
        and sum([stored.n for stored, _ in told]) >= rules.shown_sightings
    )


def _after(visit: Visit, longer: _Longer, rules: VisitRules) -> Visit | None:
    session = visit.session
    if longer.last_ms is None:
        more = session.n + longer.more
        return replace(visit, session=replace(session, n=more)) if longer.more else visit
    if longer.last_ms <= session.end_ms == session.gone_ms:
        return None  # her app said last that she left, and a scanner goes on
    end_ms = max(session.end_ms, longer.last_ms)
    heard_ms = max(session.heard_ms or longer.last_ms, longer.last_ms)
    held_ms = held_until(session.last_act, heard_ms, rules)
    reach_ms = Millis(max(session.reach_ms, longer.last_ms + rules.gap_ms))
    return replace(
        visit,
        session=replace(
            session,
            end_ms=end_ms,
            duration_known=end_ms > session.start_ms,
            n=session.n + longer.more,
            zones=tuple([_lasting(zone, longer.zones, rules) for zone in session.zones]),
            engaged=end_ms - session.start_ms >= rules.engaged_ms,
            heard_ms=heard_ms,
            gone_ms=Millis(end_ms + rules.off_board_ms) if held_ms is None else held_ms,
            reach_ms=reach_ms,
            due_ms=reach_ms,
        ),
    )


def _lasting(time: ZoneTime, until: Mapping[ZoneId, Millis], rules: VisitRules) -> ZoneTime:
    last_ms = until.get(time.zone, time.last_ms)
    if last_ms <= time.last_ms:
        return time
    dwell_ms = time.dwell_ms + last_ms - time.last_ms
    return replace(time, last_ms=last_ms, dwell_ms=dwell_ms, dwelt=dwell_ms >= rules.zone_dwell_ms)
