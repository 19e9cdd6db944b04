"""What a sink calls a customer before and after profiles are one, and who has to allow it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from shopbell_server.core.consent.ledger import Purpose
from shopbell_server.core.delivery.customer_keys import PAIRWISE
from shopbell_server.core.ids import Millis
from shopbell_server.ports.sinks import Outcome
from shopbell_server.usecases.consent.consents import Said, change_consents
from shopbell_server.usecases.delivery.deliver import settle, take_due
from tests.server.told import correspondence
from tests.server.usecases.floor import NOW, RULES, SINK, Floor
from tests.server.usecases.identity.test_profiles import (
    BEN,
    done,
    merged,
    someone,
    taken_out,
    undone,
)


@pytest.fixture
def shop(floor: Floor) -> Floor:
    """Have Anna and Ben in it, who share."""
    floor.enrol("anna", 1, external_ids={"crm": "C-1"})
    floor.enrol("ben", 2, external_ids={"crm": "C-2"})
    return floor


def letters(floor: Floor) -> list[dict[str, Any]]:
    """Return all events that are due, as the sink that knows people by their CRM numbers gets them."""
    to = correspondence(SINK)
    events: list[dict[str, Any]] = []
    while True:
        taken = take_due(floor.database, to, Millis(NOW), limit=100, patience_s=1.0)
        if not taken.deliveries and not taken.withheld:
            return events
        events += [json.loads(each.body) for each in taken.letters]
        outcome = Outcome(kind="delivered", reason="", retry_after_s=None)
        results = [(each, outcome) for each in taken.deliveries]
        settle(floor.database, to, results, Millis(NOW), [0.0] * len(results))


def names(events: list[dict[str, Any]]) -> set[tuple[str, str, str | None]]:
    """Return of each event its name, the customer, and what she was called before."""
    return {
        (
            each["data"]["event"],
            each["data"]["customer"]["id"],
            None if each["data"]["previous"] is None else each["data"]["previous"]["id"],
        )
        for each in events
    }


def test_a_sink_learns_by_which_name_it_knew_who_is_part_of_another_now(shop: Floor) -> None:
    done(merged(shop))
    assert names(letters(shop)) == {
        ("Profile Merged", "C-1", None),
        ("Profile Merged", "C-1", "C-2"),
    }


def test_and_by_which_name_it_knows_her_once_that_is_undone(shop: Floor) -> None:
    outcome = done(merged(shop))
    letters(shop)
    done(undone(shop, outcome))
    assert names(letters(shop)) == {
        ("Profile Split", "C-1", None),
        ("Profile Split", "C-2", "C-1"),
    }


def test_who_is_taken_out_without_a_name_gets_one_of_the_sinks_own(shop: Floor) -> None:
    done(merged(shop))
    letters(shop)
    done(taken_out(shop, persons=["ben"]))
    events = letters(shop)
    moved = next(each for each in events if each["data"]["moved"])
    assert moved["data"]["customer"]["kind"] == PAIRWISE
    assert moved["data"]["previous"] == {"kind": "crm", "id": "C-1"}


def test_a_name_that_one_of_a_household_does_not_share_is_not_told(shop: Floor) -> None:
    shop.enrol("eve", 3, share=False, profile=BEN)
    done(merged(shop))
    events = letters(shop)
    assert {each["data"]["customer"]["kind"] for each in events} == {PAIRWISE}
    assert "C-1" not in json.dumps(events)
    assert "C-2" not in json.dumps(events)


def test_who_stops_sharing_is_called_what_she_was_called(shop: Floor) -> None:
    person = someone(shop, "anna")
    with shop.database.begin() as work:
        change_consents(
            work,
            shop.entropy,
            Millis(NOW),
            enrolment=person.enrolment,
            said=[
                Said(
                    purpose=Purpose.SHARE_WITH_CDP,
                    given=False,
                    text_version="1",
                    text_sha256="00" * 32,
                    language="nl",
                    until_ms=None,
                )
            ],
            rules=RULES,
            sinks=(SINK,),
        )
        work.commit()
    (event,) = letters(shop)
    assert event["data"]["event"] == "Consent Changed"
    assert event["data"]["customer"] == {"kind": "crm", "id": "C-1"}


def test_what_was_queued_before_a_merge_goes_under_the_name_of_now(shop: Floor) -> None:
    shop.hear(shop.shows_pass(someone(shop, "ben")))
    done(merged(shop))
    events = letters(shop)
    assert {each["data"]["customer"]["id"] for each in events} == {"C-1"}
