"""What is written down must be readable for years."""

from __future__ import annotations

import json
from dataclasses import asdict, fields, replace
from typing import TYPE_CHECKING, Any, get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as some

from shopbell_server.core import facts
from shopbell_server.core.confidence import Confidence
from shopbell_server.core.evidence import Evidence
from shopbell_server.core.ids import EdgeId, EntryId, FactId, Millis, StoreId, VisitId, ZoneId
from shopbell_server.core.serving.engagement import Outcome
from shopbell_server.core.visits.sessions import Session, ZoneTime
from shopbell_server.core.visits.showing import Glimpse
from shopbell_server.core.zones.plan import (
    FloorPlan,
    Level,
    Reading,
    Rectangle,
    Spot,
    Survey,
    ZonePart,
)
from shopbell_server.db import floor_plans, stored_facts, stored_sessions
from tests.server.db.rows import ANNA, fact, session

if TYPE_CHECKING:
    from shopbell_server.core.facts import Fact

TOLD: dict[str, Any] = {
    "fact": FactId("f1"),
    "person": ANNA,
    "at_ms": Millis(1),
    "recorded_ms": Millis(2),
    "late": True,
}
VISIT: dict[str, Any] = {**TOLD, "store": StoreId("s"), "visit": VisitId("v")}
ACCOUNT = facts.Account(
    began_ms=Millis(1),
    last_ms=Millis(2),
    duration_s=3,
    duration_known=True,
    evidence=Evidence.PASS,
    confidence=Confidence.HIGH,
    confidence_reasons=("pass",),
    zones=(facts.ZoneStay(zone=ZoneId("z"), dwell_s=4, dwelt=True),),
    reentries=1,
    engaged=True,
    converted=True,
    overlong=False,
    coverage=0.75,
    rule_version="1-abc",
)
EVERY: list[Fact] = [
    facts.CustomerRecognized(evidence=Evidence.HINT, carrier="number", zone=None, **VISIT),
    facts.VisitStarted(account=ACCOUNT, **VISIT),
    facts.VisitRevised(
        revision=2, supersedes=(VisitId("a"), VisitId("b")), ended=False, account=ACCOUNT, **VISIT
    ),
    facts.VisitEnded(revision=3, account=replace(ACCOUNT, coverage=None, zones=()), **VISIT),
    facts.VisitCancelled(revision=4, absorbed_by=VisitId("w"), **VISIT),
    facts.PassScanned(zone=ZoneId("z"), purpose="check-in", **VISIT),
    facts.CustomerHelped(taken_ms=Millis(1), outcome=Outcome.ADVISED, **VISIT),
    fact("f1"),
    facts.ProfileMerged(entry=EntryId("e"), joined_as="household", moved=True, **TOLD),
    facts.ProfileSplit(entry=EntryId("e"), undone=True, moved=False, **TOLD),
    facts.ProfileErased(customer=ANNA, known_as={"crm": "c-1"}, after=7, **TOLD),
]


def test_every_kind_of_fact_is_tried() -> None:
    assert {type(each) for each in EVERY} == set(get_args(facts.Fact))


@pytest.mark.parametrize("told", EVERY, ids=lambda each: type(each).__name__)
def test_a_fact_comes_back_as_it_was(told: Fact) -> None:
    assert stored_facts.decoded(stored_facts.encoded(told)) == told


@pytest.mark.parametrize("told", EVERY, ids=lambda each: type(each).__name__)
def test_nothing_of_a_fact_is_left_out(told: Fact) -> None:
    written = json.loads(stored_facts.encoded(told))
    assert set(written) == {each.name for each in fields(told)} | {"kind", "v"}


def test_what_was_written_in_the_first_version_is_read() -> None:
    first = (
        '{"kind":"visit-cancelled","v":1,"fact":"f1","person":"person-anna","at_ms":1,'
        '"recorded_ms":2,"late":true,"store":"s","visit":"v","revision":4,"absorbed_by":"w"}'
    )
    assert stored_facts.decoded(first) == EVERY[4]
    assert stored_facts.encoded(EVERY[4]) == first


def test_an_account_from_before_it_said_more_is_read() -> None:
    first = (
        '{"kind":"visit-ended","v":1,"fact":"f1","person":"person-anna","at_ms":1,"recorded_ms":2,'
        '"late":true,"store":"s","visit":"v","revision":3,"account":{"began_ms":1,"last_ms":2,'
        '"duration_s":3,"duration_known":true,"evidence":4,"confidence":3,'
        '"confidence_reasons":["pass"],"zones":[{"zone":"z","dwell_s":4}],"reentries":1,'
        '"converted":true,"overlong":false,"coverage":0.75,"rule_version":"1-abc"}}'
    )
    before = replace(
        ACCOUNT,
        engaged=False,
        zones=(facts.ZoneStay(zone=ZoneId("z"), dwell_s=4, dwelt=False),),
    )
    assert stored_facts.decoded(first) == facts.VisitEnded(revision=3, account=before, **VISIT)


@pytest.mark.parametrize(
    "text", ["", "{}", '{"kind":"gone","v":1}', '{"kind":"visit-ended","v":2}']
)
def test_what_was_never_written_is_an_error(text: str) -> None:
    with pytest.raises(msgspec.MsgspecError):
        stored_facts.decoded(text)


@given(
    some.booleans(),
    some.integers(0, 2**40),
    some.sampled_from(list(Confidence)),
    some.none() | some.integers(0, 2**40),
)
def test_a_session_comes_back_as_it_was(
    engaged: bool,  # noqa: FBT001  (hypothesis gives it)
    moment: int,
    confidence: Confidence,
    gone_ms: int | None,
) -> None:
    stored = replace(
        session(moment, moment + 5, gone_ms=gone_ms),
        engaged=engaged,
        confidence=confidence,
        last_act=None,
    )
    again = stored_sessions.decoded(stored_sessions.encoded(stored))
    # By fields: `rule_version` is left out of the comparison of sessions.
    assert asdict(again) == asdict(stored)


def test_nothing_of_a_session_is_left_out() -> None:
    written = json.loads(stored_sessions.encoded(session(1, 2)))
    assert set(written) == {each.name for each in fields(Session)} | {"v"}


def test_a_session_that_was_written_in_the_first_version_is_read() -> None:
    first = (
        '{"v":1,"kind":"visit","start_ms":1,"end_ms":2,"duration_known":true,"reentries":3,'
        '"evidence":4,"n":5,"scanners":[["pi","door"]],"zones":[{"zone":"z","first_ms":6,'
        '"last_ms":7,"dwell_ms":8,"dwelt":true}],"confidence":3,"reasons":["pass"],'
        '"engaged":true,"overlong":false,"shown":{"at_ms":9,"carrier":"pass","evidence":4,'
        '"zone":null},"best_act":{"at_ms":10,"carrier":"pass","evidence":4,"zone":"z"},'
        '"last_act":null,"heard_ms":11,"gone_ms":null,"reach_ms":12,"due_ms":13,'
        '"rule_version":"1-abc"}'
    )
    session = stored_sessions.decoded(first)
    assert session == Session(
        kind="visit",
        start_ms=Millis(1),
        end_ms=Millis(2),
        duration_known=True,
        reentries=3,
        evidence=Evidence.PASS,
        n=5,
        scanners=(("pi", "door"),),
        zones=(
            ZoneTime(
                zone=ZoneId("z"),
                first_ms=Millis(6),
                last_ms=Millis(7),
                dwell_ms=8,
                dwelt=True,
            ),
        ),
        confidence=Confidence.HIGH,
        reasons=("pass",),
        engaged=True,
        overlong=False,
        shown=Glimpse(at_ms=Millis(9), carrier="pass", evidence=Evidence.PASS, zone=None),
        best_act=Glimpse(
            at_ms=Millis(10), carrier="pass", evidence=Evidence.PASS, zone=ZoneId("z")
        ),
        last_act=None,
        heard_ms=Millis(11),
        gone_ms=None,
        reach_ms=Millis(12),
        due_ms=Millis(13),
        rule_version="1-abc",
    )
    assert session.rule_version == "1-abc"
    added = ',"left_ms":null,"deaf_since_ms":null}'
    assert stored_sessions.encoded(session) == first.removesuffix("}") + added


def test_the_deafness_that_a_session_knows_of_is_read() -> None:
    deaf = replace(session(1, 2), left_ms=Millis(3), deaf_since_ms=Millis(2))
    again = stored_sessions.decoded(stored_sessions.encoded(deaf))
    assert (again.left_ms, again.deaf_since_ms) == (3, 2)


@pytest.mark.parametrize("text", ["", "{}", '{"v":2}', '{"v":1,}', '{"v":1,"kind":"visit"}'])
def test_a_session_that_was_never_written_is_an_error(text: str) -> None:
    with pytest.raises(msgspec.MsgspecError):
        stored_sessions.decoded(text)


def test_a_floor_plan_that_was_written_in_the_first_version_is_read_with_what_was_surveyed() -> (
    None
):
    first = (
        '{"v":1,"levels":[{"name":"ground","extent":{"left_m":0.0,"bottom_m":0.0,"right_m":24.0,'
        '"top_m":16.0},"zones":[{"zone":"till","within":{"left_m":6.0,"bottom_m":0.0,'
        '"right_m":24.0,"top_m":16.0}}],"spots":[{"edge":"door","scanner":"hci0","x_m":0.5,'
        '"y_m":8.0,"z_m":2.5}],"survey":{"receivers":["door/hci0","gone/hci0"],"readings":[{'
        '"x_m":1.0,"y_m":2.0,"z_m":1.2,"heard_dbm":{"door/hci0":-61.5}}]}}]}'
    )
    whole = Rectangle(left_m=0.0, bottom_m=0.0, right_m=24.0, top_m=16.0)
    heard = Reading(x_m=1.0, y_m=2.0, z_m=1.2, heard_dbm={"door/hci0": -61.5})
    plan = FloorPlan(
        levels=(
            Level(
                name="ground",
                extent=whole,
                zones=(ZonePart(zone=ZoneId("till"), within=replace(whole, left_m=6.0)),),
                spots=(Spot(edge=EdgeId("door"), scanner="hci0", x_m=0.5, y_m=8.0, z_m=2.5),),
                survey=Survey(receivers=("door/hci0", "gone/hci0"), readings=(heard,)),
            ),
        )
    )
    assert floor_plans.decoded(first) == plan
    assert floor_plans.encoded(plan) == first
    with pytest.raises(msgspec.MsgspecError, match="version"):
        floor_plans.decoded(first.replace('"v":1', '"v":2'))
