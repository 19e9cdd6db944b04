from __future__ import annotations

from shopbell_server.core.confidence import Confidence
from shopbell_server.core.evidence import Evidence
from shopbell_server.core.facts import Account, ZoneStay
from shopbell_server.core.ids import VisitId, ZoneId
from shopbell_server.core.visits.sessions import sessions
from shopbell_server.core.visits.showing import PASS
from shopbell_server.core.visits.stored import State, Visit, account
from tests.server.core.stays import ADA, MINUTE, RULES, STORE, acted, at, heard


def visit_of(state: State) -> Visit:
    (session,) = sessions([acted(0), heard(0, 12 * MINUTE + 900, scanner="camera")], RULES)
    return Visit(
        id=VisitId("v"),
        person=ADA,
        store=STORE,
        handle=12,
        state=state,
        revision=1,
        converted=True,
        session=session,
    )


def test_the_account_says_what_is_known() -> None:
    assert account(visit_of("open"), 0.5) == Account(
        began_ms=at(0),
        last_ms=at(12 * MINUTE + 900),
        duration_s=720,
        duration_known=True,
        evidence=Evidence.PASS,
        confidence=Confidence.HIGH,
        confidence_reasons=(PASS,),
        zones=(ZoneStay(zone=ZoneId("entrance"), dwell_s=720, dwelt=True),),
        reentries=0,
        engaged=True,
        converted=True,
        overlong=False,
        coverage=0.5,
        rule_version=RULES.rule_version,
    )


def test_nobody_is_told_of_a_candidate() -> None:
    assert not visit_of("candidate").reported
    assert visit_of("ended").reported
