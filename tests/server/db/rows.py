"""Rows to store: each with what a test does not care about filled in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shopbell_server.core.confidence import Confidence
from shopbell_server.core.consent.ledger import Change, Entry, Place, Purpose
from shopbell_server.core.evidence import Evidence, Interval, IntervalKey
from shopbell_server.core.facts import ConsentChanged
from shopbell_server.core.identity.people import Card, Enrolment, Phone, Profile
from shopbell_server.core.ids import (
    CardRef,
    DeviceNo,
    EdgeId,
    FactId,
    Millis,
    PersonId,
    ProfileId,
    StaffId,
    StoreId,
    VisitId,
    ZoneId,
)
from shopbell_server.core.registry import Staff, Store
from shopbell_server.core.visits.sessions import Session, ZoneTime
from shopbell_server.core.visits.showing import Glimpse
from shopbell_server.core.visits.stored import Visit
from tests.server.ledger_entries import entry_of

if TYPE_CHECKING:
    from shopbell_server.core.evidence import Carrier
    from shopbell_server.core.visits.stored import State
    from shopbell_server.ports.database import UnitOfWork

ANNA = PersonId("person-anna")
BEN = PersonId("person-ben")
PROFILE = ProfileId("profile-1")
STORE = StoreId("store-1")
EDGE = EdgeId("edge-1")
PHONE = Phone(mac_key=bytes(16), model="Pixel")


def hashed(number: int) -> bytes:
    return number.to_bytes(32, "big")


def add_store(work: UnitOfWork, store: StoreId = STORE) -> None:
    work.registry.put_store(Store(id=store, name="Main street", timezone="Europe/Amsterdam"))


def staff(name: str = "staff-1", *stores: str) -> Staff:
    return Staff(
        id=StaffId(name),
        name="Sam",
        role="advisor",
        stores=frozenset(StoreId(each) for each in stores),
        language="nl",
    )


def add_profile(work: UnitOfWork, profile: ProfileId = PROFILE) -> Profile:
    added = Profile(id=profile, first_name="Anna", language="nl", staff=False)
    work.people.put_profile(added)
    return added


def enrol(
    work: UnitOfWork, person: PersonId = ANNA, *, number: int = 1, phone: str | None = "Pixel"
) -> Enrolment:
    """Add somebody whose device number, tokens and pass follow from `number`."""
    add_profile(work)
    enrolment = Enrolment(
        person=person,
        profile=PROFILE,
        device_no=DeviceNo(number),
        created_ms=Millis(1_000),
        revoked_ms=None,
    )
    told = Phone(mac_key=bytes(16), model=phone)
    work.people.add_enrolment(enrolment, told, hashed(number), card(person, number))
    return enrolment


def card(person: PersonId = ANNA, number: int = 1) -> Card:
    return Card(ref=CardRef(f"card-{number}"), person=person, secret=bytes(20))


def entry(
    sequence: int = 1,
    *,
    person: PersonId = ANNA,
    at_ms: int = 0,
    change: Change = Change.GIVEN,
    purpose: Purpose = Purpose.RECOGNISE_IN_STORE,
) -> Entry:
    return entry_of(person, purpose, change, at_ms, sequence=sequence)


def interval(
    first_ms: int = 1_000,
    last_ms: int = 2_000,
    *,
    person: PersonId = ANNA,
    store: StoreId = STORE,
    scanner: str = "hci0",
    carrier: Carrier = "service-uuid",
    n: int = 3,
    zone: str | None = "shoes",
    loss_db: float | None = 60.5,
) -> Interval:
    return Interval(
        key=IntervalKey(
            person=person,
            store=store,
            edge=EDGE,
            scanner=scanner,
            carrier=carrier,
            first_ms=Millis(first_ms),
        ),
        last_ms=Millis(last_ms),
        n=n,
        evidence=Evidence.FRESH,
        zone=None if zone is None else ZoneId(zone),
        loss_db=loss_db,
    )


def session(
    start_ms: int, end_ms: int, *, gone_ms: int | None = None, due_ms: int = 9_999_999
) -> Session:
    shown = Glimpse(
        at_ms=Millis(start_ms), carrier="pass", evidence=Evidence.PASS, zone=ZoneId("shoes")
    )
    return Session(
        kind="visit",
        start_ms=Millis(start_ms),
        end_ms=Millis(end_ms),
        duration_known=True,
        reentries=1,
        evidence=Evidence.PASS,
        n=7,
        scanners=(("edge-1", "cam0"), ("edge-1", "hci0")),
        zones=(
            ZoneTime(
                zone=ZoneId("shoes"),
                first_ms=Millis(start_ms),
                last_ms=Millis(end_ms),
                dwell_ms=end_ms - start_ms,
                dwelt=False,
            ),
        ),
        confidence=Confidence.HIGH,
        reasons=("pass",),
        engaged=False,
        overlong=False,
        shown=shown,
        best_act=shown,
        last_act=None,
        heard_ms=Millis(end_ms),
        gone_ms=None if gone_ms is None else Millis(gone_ms),
        reach_ms=Millis(end_ms + 1_800_000),
        due_ms=Millis(due_ms),
        rule_version="1-abcdef01",
    )


def visit(
    name: str,
    start_ms: int = 1_000,
    end_ms: int = 2_000,
    *,
    person: PersonId = ANNA,
    store: StoreId = STORE,
    state: State = "open",
    gone_ms: int | None = None,
    due_ms: int = 9_999_999,
) -> Visit:
    return Visit(
        id=VisitId(name),
        person=person,
        store=store,
        handle=12,
        state=state,
        revision=0 if state == "candidate" else 1,
        converted=False,
        session=session(start_ms, end_ms, gone_ms=gone_ms, due_ms=due_ms),
    )


def fact(name: str, person: PersonId = ANNA, *, recorded_ms: int = 5_000) -> ConsentChanged:
    return ConsentChanged(
        fact=FactId(name),
        person=person,
        at_ms=Millis(recorded_ms),
        recorded_ms=Millis(recorded_ms),
        purpose=Purpose.SHARE_WITH_CDP,
        change=Change.GIVEN,
        place=Place.APP,
        text_version="2026-1",
        language="nl",
    )
