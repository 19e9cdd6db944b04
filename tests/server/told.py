"""People who let themselves be told of, and what there is to tell."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from shopbell_server.core.consent.ledger import Change, Entry, Place, Purpose
from shopbell_server.core.delivery.cloud_events import Origin, cloud_event
from shopbell_server.core.delivery.customer_keys import CustomerKey
from shopbell_server.core.facts import ConsentChanged, PassScanned
from shopbell_server.core.identity.people import Card, Enrolment, Phone, Profile
from shopbell_server.core.ids import (
    CardRef,
    DeviceNo,
    FactId,
    Millis,
    PersonId,
    ProfileId,
    StoreId,
    TenantId,
    VisitId,
)
from shopbell_server.ports.sinks import Letter
from shopbell_server.usecases.delivery.deliver import Correspondence
from tests.server.ledger_entries import entry_of
from tests.server.links import link

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shopbell_server.core.facts import Fact
    from shopbell_server.ports.database import Database

NOON_MS = Millis(1_795_262_400_000)
MINUTE_MS = 60_000
DAY_MS = 86_400_000
ENROLLED_MS = Millis(NOON_MS - DAY_MS)
ADA, BOB = PersonId("person-of-ada"), PersonId("person-of-bob")
SHARE, RECOGNISE = Purpose.SHARE_WITH_CDP, Purpose.RECOGNISE_IN_STORE
ORIGIN = Origin(root="https://bell.shop.example", tenant=TenantId("acme"))
SCHEDULE_S = (0.0, 5.0, 300.0)


def correspondence(sink: str = "cdp", *, user_id: str | None = "crm") -> Correspondence:
    return Correspondence(
        sink=sink, user_id=user_id, key=bytes(32), origin=ORIGIN, schedule_s=SCHEDULE_S
    )


def enrol(
    database: Database,
    person: PersonId = ADA,
    *,
    number: int = 1,
    crm: str | None = "C-77",
    until_ms: int | None = None,
) -> None:
    """Let `person` be known, recognised and told of since a day before noon."""
    profile = ProfileId(f"profile-of-{person}")
    with database.begin() as work:
        work.people.put_profile(Profile(id=profile, first_name=None, language=None, staff=False))
        if crm is not None:
            link(work, profile, "crm", crm)
        work.people.add_enrolment(
            Enrolment(
                person=person,
                profile=profile,
                device_no=DeviceNo(number),
                created_ms=ENROLLED_MS,
                revoked_ms=None,
            ),
            Phone(mac_key=bytes(16), model=None),
            number.to_bytes(32),
            Card(ref=CardRef(f"{number:013d}"), person=person, secret=bytes(20)),
        )
        work.ledger.append(
            [
                entry(person, purpose, Change.GIVEN, ENROLLED_MS, sequence, until_ms)
                for sequence, purpose in enumerate((RECOGNISE, SHARE))
            ]
        )
        work.commit()


def withdraw(database: Database, person: PersonId, at_ms: int, purpose: Purpose = SHARE) -> None:
    """Withdraw, without cancelling what is queued: as if it came in between."""
    with database.begin() as work:
        sequence = len(work.ledger.entries([person])[person])
        work.ledger.append([entry(person, purpose, Change.WITHDRAWN, at_ms, sequence)])
        work.commit()


def entry(
    person: PersonId,
    purpose: Purpose,
    change: Change,
    at_ms: int,
    sequence: int,
    until_ms: int | None = None,
) -> Entry:
    return entry_of(person, purpose, change, at_ms, sequence=sequence, until_ms=until_ms)


def fact_id(number: int) -> FactId:
    return FactId(f"01a20015-7ef1-763f-a2bd-{number:012x}")


def scan(number: int, person: PersonId = ADA, *, at_ms: int = NOON_MS - MINUTE_MS) -> PassScanned:
    """Something to tell: she showed her pass, a minute ago."""
    return PassScanned(
        fact=fact_id(number),
        person=person,
        at_ms=Millis(at_ms),
        recorded_ms=Millis(at_ms),
        store=StoreId("ams-01"),
        visit=VisitId("01a20014-0000-7000-8000-000000000001"),
        zone=None,
        purpose="check-in",
    )


def withdrawal(number: int, person: PersonId = ADA, *, at_ms: int) -> ConsentChanged:
    return ConsentChanged(
        fact=fact_id(number),
        person=person,
        at_ms=Millis(at_ms),
        recorded_ms=Millis(at_ms),
        purpose=SHARE,
        change=Change.WITHDRAWN,
        place=Place.APP,
        text_version="2026-11",
        language="nl",
    )


def queue(database: Database, *facts: Fact, sinks: Sequence[str] = ("cdp",)) -> None:
    """Commit `facts` for the sinks, due at noon."""
    with database.begin() as work:
        work.outgoing.add(facts, sinks, NOON_MS)
        work.commit()


def waiting(database: Database, sink: str = "cdp") -> int:
    with database.read() as work:
        return work.outgoing.waiting(sink)[0]


def letter(number: int = 1) -> Letter:
    """Return an event as a sink gets it."""
    key = CustomerKey(kind="crm", id="C-77", pairwise="d2" * 16)
    event = cloud_event(scan(number), key, ORIGIN, number)
    return Letter(event=fact_id(number), body=json.dumps(event).encode())


def event_of(sent: Letter) -> dict[str, Any]:
    event: dict[str, Any] = json.loads(sent.body)
    return event
