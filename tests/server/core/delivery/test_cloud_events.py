from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import datetime
from typing import get_args

import pytest
from cloudevents.core.bindings.http import HTTPMessage, from_structured_event
from cloudevents.core.formats.json import JSONFormat

from shopbell_server.core.confidence import Confidence
from shopbell_server.core.consent.ledger import Change, Place, Purpose
from shopbell_server.core.delivery.cloud_events import (
    CONTENT_TYPE,
    NAMES,
    Origin,
    cloud_event,
    rfc3339,
    without_customer,
)
from shopbell_server.core.delivery.customer_keys import CustomerKey
from shopbell_server.core.evidence import Evidence
from shopbell_server.core.facts import (
    Account,
    ConsentChanged,
    CustomerHelped,
    CustomerRecognized,
    Fact,
    PassScanned,
    ProfileErased,
    ProfileMerged,
    ProfileSplit,
    VisitCancelled,
    VisitEnded,
    VisitRevised,
    VisitStarted,
    ZoneStay,
)
from shopbell_server.core.ids import (
    EntryId,
    FactId,
    Millis,
    PersonId,
    StoreId,
    TenantId,
    VisitId,
    ZoneId,
)
from shopbell_server.core.serving.engagement import Outcome

BEGAN_MS = Millis(1_795_262_400_000)
ID = FactId("01a20015-7ef1-763f-a2bd-a8baa1a334ca")
ADA = PersonId("person-of-ada")
STORE = StoreId("ams-01")
VISIT = VisitId("01a20014-0000-7000-8000-000000000001")
OTHER = VisitId("01a20014-0000-7000-8000-000000000002")
ENTRY = EntryId("01a20014-0000-7000-8000-00000000000e")
ENTRANCE = ZoneId("entrance")
ORIGIN = Origin(root="https://bell.shop.example", tenant=TenantId("acme"))
KEY = CustomerKey(kind="crm", id="C-77", pairwise="d2" * 16)
END_MS = Millis(BEGAN_MS + 1_799_120)

ACCOUNT = Account(
    began_ms=BEGAN_MS,
    last_ms=END_MS,
    duration_s=1799,
    duration_known=True,
    evidence=Evidence.PASS,
    confidence=Confidence.HIGH,
    confidence_reasons=("pass",),
    zones=(ZoneStay(zone=ENTRANCE, dwell_s=95, dwelt=True),),
    reentries=1,
    engaged=True,
    converted=True,
    overlong=False,
    coverage=0.98,
    rule_version="2026-11",
)

FACTS: tuple[Fact, ...] = (
    CustomerRecognized(
        fact=ID,
        person=ADA,
        at_ms=BEGAN_MS,
        recorded_ms=END_MS,
        store=STORE,
        visit=VISIT,
        evidence=Evidence.SIGNAL,
        carrier="service-data",
        zone=None,
    ),
    VisitStarted(
        fact=ID,
        person=ADA,
        at_ms=BEGAN_MS,
        recorded_ms=END_MS,
        store=STORE,
        visit=VISIT,
        account=ACCOUNT,
    ),
    VisitRevised(
        fact=ID,
        person=ADA,
        at_ms=BEGAN_MS,
        recorded_ms=END_MS,
        store=STORE,
        visit=VISIT,
        revision=3,
        supersedes=(OTHER,),
        ended=False,
        account=replace(ACCOUNT, coverage=None),
    ),
    VisitEnded(
        fact=ID,
        person=ADA,
        at_ms=END_MS,
        recorded_ms=END_MS,
        store=STORE,
        visit=VISIT,
        revision=1,
        account=ACCOUNT,
    ),
    VisitCancelled(
        fact=ID,
        person=ADA,
        at_ms=BEGAN_MS,
        recorded_ms=END_MS,
        store=STORE,
        visit=VISIT,
        revision=2,
        absorbed_by=OTHER,
    ),
    PassScanned(
        fact=ID,
        person=ADA,
        at_ms=BEGAN_MS,
        recorded_ms=END_MS,
        store=STORE,
        visit=VISIT,
        zone=ENTRANCE,
        purpose="check-in",
    ),
    ConsentChanged(
        fact=ID,
        person=ADA,
        at_ms=BEGAN_MS,
        recorded_ms=END_MS,
        purpose=Purpose.SHARE_WITH_CDP,
        change=Change.WITHDRAWN,
        place=Place.PASS_PAGE,
        text_version="2026-11",
        language="nl",
    ),
    ProfileMerged(
        fact=ID,
        person=ADA,
        at_ms=BEGAN_MS,
        recorded_ms=BEGAN_MS,
        entry=ENTRY,
        joined_as="household",
        moved=True,
    ),
    ProfileSplit(
        fact=ID,
        person=ADA,
        at_ms=BEGAN_MS,
        recorded_ms=BEGAN_MS,
        entry=ENTRY,
        undone=True,
        moved=False,
    ),
    ProfileErased(
        fact=ID,
        person=PersonId("erasure-1"),
        at_ms=BEGAN_MS,
        recorded_ms=BEGAN_MS,
        customer=ADA,
        known_as={"crm": "c-1"},
        after=7,
    ),
    CustomerHelped(
        fact=ID,
        person=ADA,
        at_ms=END_MS,
        recorded_ms=END_MS,
        store=STORE,
        visit=VISIT,
        taken_ms=BEGAN_MS,
        outcome=Outcome.BOUGHT,
    ),
)
EACH = pytest.mark.parametrize("fact", FACTS, ids=lambda fact: type(fact).__name__)


def event_of(fact: Fact) -> dict[str, object]:
    return cloud_event(fact, KEY, ORIGIN, 42)


def test_every_fact_has_a_name_and_an_example_here() -> None:
    assert set(NAMES) == set(get_args(Fact)) == {type(fact) for fact in FACTS}


@EACH
def test_the_official_library_reads_every_event(fact: Fact) -> None:
    message = HTTPMessage(
        headers={"content-type": CONTENT_TYPE}, body=json.dumps(event_of(fact)).encode()
    )
    event = from_structured_event(message, JSONFormat())
    assert event.get_id() == ID
    assert event.get_type() == NAMES[type(fact)][0]
    assert event.get_specversion() == "1.0"
    assert event.get_extension("partitionkey") == KEY.pairwise
    assert isinstance(event.get_time(), datetime)
    assert event.get_data() == event_of(fact)["data"]


@EACH
def test_attributes_keep_the_rules_of_cloudevents(fact: Fact) -> None:
    event = event_of(fact)
    for name, value in event.items():
        assert re.fullmatch(r"[a-z0-9]{1,20}", name)
        assert name == "data" or (isinstance(value, str) and value)
    # Names of types go into Standard Webhooks too.
    assert re.fullmatch(r"shopbell(\.[a-z_]+){2}\.v1", str(event["type"]))
    assert len(json.dumps(event)) < 20_000


@EACH
def test_no_attribute_says_who_she_is(fact: Fact) -> None:
    attributes = {name: value for name, value in event_of(fact).items() if name != "data"}
    text = json.dumps(attributes)
    assert KEY.id not in text
    assert ADA not in text


@EACH
def test_whoever_mends_a_delivery_sees_the_event_and_not_of_whom(fact: Fact) -> None:
    seen, sent = without_customer(fact), event_of(fact)
    text = json.dumps(seen)
    assert KEY.id not in text
    assert KEY.pairwise not in text
    assert ADA not in text
    assert {name: seen[name] for name in ("id", "type", "time", "recordedtime")} == {
        name: sent[name] for name in ("id", "type", "time", "recordedtime")
    }
    assert seen.keys() == {"id", "type", "time", "recordedtime", "data"}
    told = sent["data"]
    assert isinstance(told, dict)
    assert seen["data"] == {name: each for name, each in told.items() if name != "customer"}


@EACH
def test_the_person_as_we_know_her_leaves_in_no_event(fact: Fact) -> None:
    assert ADA not in json.dumps(event_of(fact))


def test_an_ended_visit_word_for_word() -> None:
    assert event_of(FACTS[3]) == {
        "specversion": "1.0",
        "id": ID,
        "source": "https://bell.shop.example/tenants/acme/stores/ams-01",
        "type": "shopbell.visit.ended.v1",
        "subject": f"visit/{VISIT}",
        "time": "2026-11-21T12:29:59.120Z",
        "recordedtime": "2026-11-21T12:29:59.120Z",
        "partitionkey": "d2" * 16,
        "sequence": "00000000000000000042",
        "datacontenttype": "application/json",
        "data": {
            "event": "Store Visit Ended",
            "customer": {"kind": "crm", "id": "C-77"},
            "store": "ams-01",
            "visit": VISIT,
            "revision": 1,
            "began_at": "2026-11-21T12:00:00.000Z",
            "last_at": "2026-11-21T12:29:59.120Z",
            "duration_s": 1799,
            "duration_known": True,
            "evidence": "pass",
            "confidence": "high",
            "confidence_reasons": ["pass"],
            "zones": [{"zone": "entrance", "dwell_s": 95, "dwelt": True}],
            "reentries": 1,
            "engaged": True,
            "converted": True,
            "overlong": False,
            "coverage": 0.98,
            "rule_version": "2026-11",
        },
    }


def test_help_says_what_came_of_it_and_not_who_helped() -> None:
    event = event_of(FACTS[-1])
    assert (event["type"], event["subject"]) == ("shopbell.customer.helped.v1", f"visit/{VISIT}")
    assert event["data"] == {
        "event": "Customer Helped",
        "customer": {"kind": "crm", "id": "C-77"},
        "store": "ams-01",
        "visit": VISIT,
        "taken_at": "2026-11-21T12:00:00.000Z",
        "outcome": "bought",
    }


def test_a_consent_belongs_to_no_store() -> None:
    event = event_of(FACTS[6])
    assert event["source"] == "https://bell.shop.example/tenants/acme"
    assert event["subject"] == "consent/share_with_cdp"


def test_what_she_was_called_before_a_merge_is_said_where_the_sink_may_know_it() -> None:
    before = CustomerKey(kind="crm", id="C-12", pairwise="d2" * 16)
    told = cloud_event(FACTS[7], KEY, ORIGIN, 42, previous=before)
    assert told["subject"] == f"customer/{KEY.pairwise}"
    assert told["data"] == {
        "event": "Profile Merged",
        "customer": {"kind": "crm", "id": "C-77"},
        "as": "household",
        "moved": True,
        "previous": {"kind": "crm", "id": "C-12"},
    }


def test_a_split_says_whether_it_takes_a_merge_back() -> None:
    data = event_of(FACTS[8])["data"]
    assert data == {
        "event": "Profile Split",
        "customer": {"kind": "crm", "id": "C-77"},
        "merge_undone": True,
        "moved": False,
        "previous": None,
    }


def test_later_events_sort_after_earlier_ones_as_text() -> None:
    texts = [str(cloud_event(FACTS[0], KEY, ORIGIN, n)["sequence"]) for n in (9, 10, 2**63)]
    assert texts == sorted(texts)


def test_times_keep_their_milliseconds() -> None:
    assert rfc3339(Millis(1_795_262_400_001)) == "2026-11-21T12:00:00.001Z"
    assert rfc3339(Millis(0)) == "1970-01-01T00:00:00.000Z"
