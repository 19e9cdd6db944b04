from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

import pytest

from shopbell_server.core.board.disclosure import TABLE, Field
from shopbell_server.core.board.rows import row, stays_of
from shopbell_server.core.consent.ledger import Change, Purpose
from shopbell_server.core.evidence import Evidence
from shopbell_server.core.ids import StaffId, VisitId, ZoneId
from shopbell_server.core.serving.engagement import (
    HELD_MS,
    Engagement,
    Helper,
    Mistaken,
    Outcome,
    Present,
    Released,
    Served,
    Serving,
    Taken,
)
from shopbell_server.core.serving.queue import Rank
from tests.server.core.shop_floor import GIVEN, PLACE, PROFILE, Truth, entry, truth
from tests.server.core.stays import DEMO, SECOND, acted, at, heard

if TYPE_CHECKING:
    from shopbell_server.core.board.disclosure import Viewer
    from shopbell_server.core.board.rows import Row, Stays
    from shopbell_server.core.serving.engagement import State

HEARD = heard(0, 20 * SECOND)


def stays(of: Truth, now_ms: int, zones: dict[VisitId, ZoneId] | None = None) -> Stays:
    return stays_of(of.read_at(at(now_ms)), PLACE, zones or {}, at(now_ms), DEMO)


def one_row(of: Truth, now_ms: int, viewer: Viewer = "advisor") -> Row:
    (stay,) = stays(of, now_ms).stays
    shown = row(stay, viewer)
    assert shown is not None
    return shown


def test_who_was_heard_is_here_then_maybe_left_then_gone() -> None:
    of = truth([HEARD])
    here, left = one_row(of, 20 * SECOND), one_row(of, 29 * SECOND)
    assert (here.unseen_since_ms, here.held) == (None, False)
    assert left.unseen_since_ms == at(20 * SECOND)
    assert stays_of(of.read_at(at(0)), PLACE, {}, at(50 * SECOND), DEMO).stays == ()


def test_it_is_said_until_when_a_row_stays_as_it_is() -> None:
    of = truth([HEARD])
    assert stays(of, 20 * SECOND).until_ms == at(23 * SECOND + 1)
    assert stays(of, 24 * SECOND).until_ms == at(29 * SECOND)
    assert stays(of, 30 * SECOND).until_ms == at(50 * SECOND)
    only_today = entry(Purpose.GREET_BY_NAME, Change.RENEWED, 1, until_ms=31 * SECOND)
    assert stays(truth([HEARD], ledger=[*GIVEN, only_today]), 30 * SECOND).until_ms == at(
        31 * SECOND
    )


def test_who_is_not_to_be_shown_at_all_never_changes_by_herself() -> None:
    for of in (
        truth([HEARD], profile=None),
        truth([HEARD], profile=replace(PROFILE, staff=True)),
        truth([HEARD], revoked_ms=1),
        truth([]),
    ):
        assert stays(of, 20 * SECOND).stays == ()
        assert stays(of, 20 * SECOND).until_ms is None


def test_what_does_not_meet_the_showing_rule_is_no_row() -> None:
    unshown = truth([heard(0, 20 * SECOND, n=4)])
    assert (
        stays_of(
            replace(truth([HEARD]).read_at(at(0)), visits=unshown.visits), PLACE, {}, at(0), DEMO
        ).stays
        == ()
    )


@pytest.mark.parametrize(
    ("viewer", "sees"), [("advisor", "Ada"), ("manager", "Ada"), ("tablet", None)]
)
def test_a_viewer_sees_what_is_theirs_to_see(viewer: Viewer, sees: str | None) -> None:
    assert one_row(truth([HEARD]), 20 * SECOND, viewer).person.first_name == sees


def test_an_auditor_sees_nobody() -> None:
    (stay,) = stays(truth([HEARD]), 20 * SECOND).stays
    assert row(stay, "auditor") is None


def test_without_a_row_for_presence_nobody_is_on_the_board() -> None:
    (stay,) = stays(truth([HEARD]), 20 * SECOND).stays
    without = MappingProxyType({k: v for k, v in TABLE.items() if k is not Field.PRESENCE})
    assert row(stay, "manager", without) is None


def test_a_code_is_how_she_was_recognised_and_holds_her() -> None:
    shown = one_row(truth([HEARD, acted(21 * SECOND, zone="till")]), 22 * SECOND)
    assert (shown.recognition.carrier, shown.recognition.evidence) == ("pass", Evidence.PASS)
    assert shown.recognition.zone == PLACE.zones[ZoneId("till")]
    assert shown.held


def test_a_weaker_code_is_not_how_she_was_recognised() -> None:
    number = acted(15 * SECOND, carrier="number", evidence=Evidence.HINT)
    shown = one_row(truth([HEARD, number]), 20 * SECOND)
    assert shown.recognition.carrier == "service-data"
    assert shown.recognition.evidence is Evidence.SIGNAL


def test_a_zone_without_a_name_is_not_told() -> None:
    for zone in (None, "cellar"):
        shown = one_row(truth([heard(0, 20 * SECOND, zone=zone)]), 20 * SECOND)
        assert shown.zone is None
        assert shown.recognition.zone is None


def test_the_zone_of_the_last_answer_holds_until_another_is_nearer() -> None:
    of = truth([HEARD, heard(0, 20 * SECOND, scanner="till", zone="till", loss_db=16.0)])
    for zone in (ZoneId("entrance"), ZoneId("till")):
        (stay,) = stays(of, 20 * SECOND, {VisitId("v0"): zone}).stays
        assert stay.zone == PLACE.zones[zone]


def test_evidence_from_before_her_visit_says_nothing_of_where_she_is() -> None:
    of = truth([HEARD])
    before = replace(
        of, evidence=(heard(-9_000, -1, scanner="till", zone="till", loss_db=1.0), HEARD)
    )
    (stay,) = stays_of(before.read_at(at(0)), PLACE, {}, at(0), DEMO).stays
    assert stay.zone == PLACE.zones[ZoneId("entrance")]


def test_a_doubtful_visit_is_withheld_until_it_is_not() -> None:
    of = truth([HEARD]).read_at(at(20 * SECOND))
    (visit,) = of.visits
    doubtful = replace(of, withheld={visit.id: at(22 * SECOND)})
    before = stays_of(doubtful, PLACE, {}, at(21 * SECOND), DEMO)
    after = stays_of(doubtful, PLACE, {}, at(22 * SECOND), DEMO)
    assert [row(stay, "advisor") for stay in before.stays] == [None]
    assert before.until_ms == at(22 * SECOND)
    assert after == stays_of(of, PLACE, {}, at(22 * SECOND), DEMO)


def test_a_stay_changes_when_somebody_else_under_her_profile_changes_her_mind() -> None:
    of = truth([HEARD]).read_at(at(20 * SECOND))
    assert of.subject is not None
    later = entry(Purpose.GREET_BY_NAME, Change.WITHDRAWN, 21 * SECOND, sequence=1)
    shared = replace(of, subject=replace(of.subject, others=((*GIVEN, later),)))
    before = stays_of(shared, PLACE, {}, at(20 * SECOND), DEMO)
    assert before.until_ms is not None
    assert before.until_ms <= at(21 * SECOND)
    after = stays_of(shared, PLACE, {}, at(21 * SECOND), DEMO)
    names = [
        None if shown is None else shown.person.first_name
        for each in (before, after)
        for shown in [row(each.stays[0], "advisor")]
    ]
    assert names == ["Ada", None]


SAM = Helper(staff=StaffId("sam"), role="advisor")
V0 = VisitId("v0")


def engaged(
    state: State, asked_ms: int | None = None, *, now_ms: int = 20 * SECOND, lasts_ms: int = 0
) -> Stays:
    """Return the stays of somebody with whom the staff did something."""
    of = truth([heard(0, 20 * SECOND + lasts_ms)])
    stored = replace(
        of.read_at(at(now_ms)),
        engagements={
            V0: Engagement(
                visit=V0,
                version=1,
                state=state,
                asked_ms=None if asked_ms is None else at(asked_ms),
            )
        },
        names={SAM.staff: "Sam"},
    )
    return stays_of(stored, PLACE, {}, at(now_ms), DEMO)


def shown_to(viewer: Viewer, of: Stays) -> Row:
    shown = row(of.stays[0], viewer)
    assert shown is not None
    return shown


def test_colleagues_see_who_helps_her() -> None:
    times = {"since_ms": at(19 * SECOND), "touched_ms": at(19 * SECOND)}
    for state in (Taken(by=SAM, **times), Serving(by=SAM, **times)):
        shown = shown_to("advisor", engaged(state))
        assert (shown.helped.by, shown.helped.name) == (SAM, "Sam")
        assert shown.helped.with_her is isinstance(state, Serving)
        assert shown.turn.rank is Rank.TAKEN


def test_who_is_not_signed_in_sees_nothing_of_it() -> None:
    taken = Taken(by=SAM, since_ms=at(0), touched_ms=at(0))
    shown = shown_to("tablet", engaged(taken, asked_ms=SECOND))
    assert (shown.helped.by, shown.helped.name, shown.helped.asked_ms) == (None, None, None)


def test_it_is_seen_that_she_asked_and_that_she_was_served() -> None:
    asked = shown_to("advisor", engaged(Present(), asked_ms=3 * SECOND))
    assert (asked.helped.by, asked.helped.asked_ms, asked.turn.rank) == (
        None,
        at(3 * SECOND),
        Rank.ASKED,
    )
    served = Served(outcome=Outcome.ADVISED, at_ms=at(9 * SECOND))
    assert shown_to("advisor", engaged(served)).helped.served


def test_who_is_somebody_else_is_on_no_board() -> None:
    assert engaged(Mistaken(at_ms=at(9 * SECOND))).stays == ()


def test_a_customer_whom_nobody_touched_for_long_is_free_again_by_herself() -> None:
    taken = Taken(by=SAM, since_ms=at(0), touched_ms=at(0))
    before = engaged(taken, now_ms=HELD_MS - 1, lasts_ms=HELD_MS)
    after = engaged(taken, now_ms=HELD_MS, lasts_ms=HELD_MS)
    assert shown_to("advisor", before).helped.by == SAM
    assert shown_to("advisor", after).helped.by is None
    assert before.until_ms == at(HELD_MS)
    released = engaged(Released(at_ms=at(HELD_MS)), now_ms=HELD_MS, lasts_ms=HELD_MS)
    assert shown_to("advisor", after).turn == shown_to("advisor", released).turn
