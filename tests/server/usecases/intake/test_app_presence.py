"""What phones report of themselves beside what edges hear: on every database, in every order."""

from __future__ import annotations

from itertools import permutations
from typing import TYPE_CHECKING

import pytest

from shopbell_server.core.consent.ledger import Change
from shopbell_server.core.evidence import Evidence
from shopbell_server.core.ids import Millis
from shopbell_server.core.visits.app_reports import Spot, StoreBeacon
from shopbell_server.usecases.intake.app_presence import (
    NotReported,
    Report,
    Reported,
    report_presence,
)
from shopbell_server.usecases.visits.recompute import Terms
from tests.server.usecases.floor import (
    EDGES,
    MINUTE,
    NOW,
    OTHER_STORE,
    SECOND,
    STORE,
    batch,
)
from tests.server.usecases.two_stores import guest, heard, shown_in

if TYPE_CHECKING:
    from shopbell_server.core.visits.app_reports import State
    from tests.server.usecases.floor import Floor, Someone


@pytest.fixture
def beacons(floor: Floor) -> Floor:
    """Hang a beacon in each store."""
    with floor.database.begin() as work:
        for minor, store in enumerate((STORE, OTHER_STORE)):
            spot = Spot(uuid="7e3b4c1a-0d5f-4c2e-9a61-2f8d5b7c9e04", major=1, minor=minor)
            work.registry.put_beacon(StoreBeacon(name=store, store=store, spot=spot, zone=None))
        work.commit()
    return floor


def says(
    floor: Floor, someone: Someone, state: State, at_ms: int, *, store: str = STORE
) -> Reported | NotReported:
    """Take in a report of her phone, as of an hour later at the most."""
    with floor.database.begin() as work:
        reported = report_presence(
            work,
            floor.entropy,
            Millis(NOW),
            enrolment=someone.enrolment,
            report=Report(beacon=store, state=state, at_ms=Millis(at_ms)),
            terms=Terms(rules=floor.rules, sinks=floor.sinks),
        )
        work.commit()
    return reported


def test_an_app_and_an_edge_come_to_the_same_visit_whoever_speaks_first(beacons: Floor) -> None:
    """Three reports and what an edge heard, in every order; each order is another guest's."""
    began = NOW - 30 * MINUTE
    sessions = []
    for number, order in enumerate(permutations(range(4)), 1):
        someone = guest(beacons, f"guest{number:02}", number)
        for step in order:
            match step:
                case 0:
                    says(beacons, someone, "enter", began)
                case 1:
                    says(beacons, someone, "inside", began + 10 * MINUTE)
                case 2:
                    says(beacons, someone, "exit", began + 20 * MINUTE)
                case _:
                    said = beacons.presence(
                        someone, began + MINUTE, began + 5 * MINUTE, frame="ibeacon"
                    )
                    stream = beacons.entropy.token(16).hex()
                    beacons.take(batch(said, edge=EDGES[0], stream=stream))
        (visit,) = beacons.visits(someone)
        sessions.append(visit.session)
    assert all(each == sessions[0] for each in sessions)
    (session, *_) = sessions
    assert session.evidence is Evidence.SIGNAL
    assert (session.start_ms, session.end_ms) == (began, began + 20 * MINUTE)
    assert session.gone_ms == session.end_ms


def test_the_same_report_changes_nothing_and_tells_nothing(beacons: Floor) -> None:
    anna = guest(beacons, "anna", 1)
    for _ in range(3):
        assert says(beacons, anna, "enter", NOW - MINUTE) == Reported(
            store=STORE, changed={STORE: {anna.person}}
        )
    (visit,) = beacons.visits(anna)
    assert (visit.revision, visit.session.n) == (1, 1)
    assert len(beacons.facts()) == 2, "that she came, and that she was recognised"


def test_what_arrives_after_a_withdrawal_is_forgotten(beacons: Floor) -> None:
    anna = guest(beacons, "anna", 1)
    beacons.consents(anna, Change.WITHDRAWN, NOW - 10 * MINUTE)
    assert says(beacons, anna, "enter", NOW - 20 * MINUTE) is NotReported.NO_CONSENT
    assert beacons.has_forgotten(anna)


def test_a_report_from_another_store_is_in_the_audit_and_hides_itself_alone(
    beacons: Floor,
) -> None:
    anna = guest(beacons, "anna", 1)
    heard(beacons, anna, EDGES[0], frame="ibeacon")
    reported = says(beacons, anna, "enter", NOW - SECOND, store=OTHER_STORE)
    assert isinstance(reported, Reported)
    assert set(reported.changed) == {STORE, OTHER_STORE}
    assert shown_in(beacons) == {STORE}
    with beacons.database.read() as work:
        told = [each.act for each in work.audit.records(0)]
    assert {each.store for each in told if each.what == "two_stores_at_once"} == {
        STORE,
        OTHER_STORE,
    }
    # Two that say nothing but that: neither is believed.
    ben = guest(beacons, "ben", 2)
    for store in (STORE, OTHER_STORE):
        says(beacons, ben, "enter", NOW - SECOND, store=store)
    assert shown_in(beacons) == {STORE}
