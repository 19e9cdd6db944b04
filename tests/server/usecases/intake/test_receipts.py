"""A purchase finds its visit, whichever of the two was known first, and nobody else."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shopbell_server.core.consent.ledger import Change, Purpose
from shopbell_server.core.facts import VisitEnded, VisitRevised, VisitStarted
from shopbell_server.core.ids import Millis, ReceiptId, StoreId
from shopbell_server.core.recognition.passes import pass_text
from shopbell_server.usecases.consent.withdrawal import end_presence
from shopbell_server.usecases.intake.receipts import Booked, NotBooked, Sale, book
from shopbell_server.usecases.visits.recompute import Terms
from shopbell_server.usecases.visits.sweep import sweep
from tests.fakes.server import MemoryDatabase
from tests.server.usecases.floor import (
    DAY,
    MINUTE,
    NOW,
    OTHER_STORE,
    RULES,
    SECOND,
    SINK,
    STORE,
    Floor,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shopbell_server.core.ids import PersonId
    from tests.server.usecases.floor import Someone

TERMS = Terms(rules=RULES, sinks=(SINK,))
JOINED = Booked(joined=True)
NOT_YET = Booked(joined=False)


def sale(
    someone: Someone | None,
    at_ms: int = NOW - 2 * MINUTE,
    *,
    name: str = "r-1",
    store: StoreId = STORE,
    is_return: bool = False,
) -> Sale:
    return Sale(
        receipt=ReceiptId(name),
        store=store,
        till="till-1",
        at_ms=Millis(at_ms),
        card=None if someone is None else someone.card.ref,
        is_return=is_return,
        request_mac=bytes(32),
    )


def sell(floor: Floor, sold: Sale, now_ms: int = NOW) -> Booked | NotBooked:
    with floor.database.begin() as work:
        outcome = book(work, floor.entropy, Millis(now_ms), sale=sold, terms=TERMS)
        work.commit()
    return outcome


def buyer(floor: Floor, name: str = "r-1") -> PersonId | None:
    with floor.database.read() as work:
        kept = work.receipts.recall(ReceiptId(name))
    assert kept is not None
    return kept.person


def converted(floor: Floor, someone: Someone) -> list[bool]:
    return [visit.converted for visit in floor.visits(someone)]


def test_an_open_visit_says_at_its_end_that_she_bought(floor: Floor) -> None:
    ada = floor.enrol("ada", 1)
    floor.hear(floor.presence(ada))
    assert sell(floor, sale(ada)) == JOINED
    assert converted(floor, ada) == [True]
    assert sweep(floor.database, floor.entropy, TERMS, Millis(NOW + 31 * MINUTE)).closed == 1
    facts = floor.facts()
    (ended,) = [fact for fact in facts if isinstance(fact, VisitEnded)]
    assert ended.account.converted
    assert not [fact for fact in facts if isinstance(fact, VisitRevised)]


def test_a_visit_that_has_ended_is_revised(floor: Floor) -> None:
    ada = floor.enrol("ada", 1)
    floor.hear(floor.presence(ada))
    sweep(floor.database, floor.entropy, TERMS, Millis(NOW + 31 * MINUTE))
    assert sell(floor, sale(ada), NOW + 40 * MINUTE) == JOINED
    (revised,) = [fact for fact in floor.facts() if isinstance(fact, VisitRevised)]
    assert (revised.revision, revised.ended, revised.account.converted) == (2, True, True)


def test_a_visit_that_comes_to_light_later_is_converted_then(floor: Floor) -> None:
    ada = floor.enrol("ada", 1)
    assert sell(floor, sale(ada)) == NOT_YET
    floor.hear(floor.presence(ada))
    assert converted(floor, ada) == [True]
    (started,) = [fact for fact in floor.facts() if isinstance(fact, VisitStarted)]
    assert started.account.converted


def test_a_candidate_becomes_a_converted_visit(floor: Floor) -> None:
    ada = floor.enrol("ada", 1)
    floor.hear(floor.presence(ada, NOW - 3 * MINUTE, NOW - 2 * MINUTE))
    assert sell(floor, sale(ada)) == JOINED
    floor.hear(floor.presence(ada))
    ((visit,),) = [floor.visits(ada)]
    assert (visit.state, visit.converted) == ("open", True)


def test_only_the_visit_of_the_purchase_is_converted(floor: Floor) -> None:
    ada, ben = floor.enrol("ada", 1), floor.enrol("ben", 2)
    hour = 60 * MINUTE
    for someone in (ada, ben):
        floor.hear(floor.presence(someone))
        floor.hear(floor.presence(someone, NOW - 3 * hour, NOW - 2 * hour))
    floor.hear(floor.presence(ada), edge="utr01-door")
    assert sell(floor, sale(ada)) == JOINED
    assert [
        (visit.store, visit.session.start_ms) for visit in floor.visits(ada) if visit.converted
    ] == [(STORE, NOW - 3 * MINUTE)]
    assert converted(floor, ben) == [False, False]


def test_a_purchase_moves_to_the_visit_that_turns_out_to_be_its_own(floor: Floor) -> None:
    ada = floor.enrol("ada", 1)
    floor.hear(floor.presence(ada))
    assert sell(floor, sale(ada, NOW - 10 * MINUTE)) == JOINED
    assert converted(floor, ada) == [True]
    floor.hear(floor.presence(ada, NOW - 90 * MINUTE, NOW - 38 * MINUTE))
    assert converted(floor, ada) == [True, False]


def test_a_repeated_receipt_is_answered_the_same_for_ever(floor: Floor) -> None:
    ada = floor.enrol("ada", 1)
    assert sell(floor, sale(ada)) == NOT_YET
    floor.hear(floor.presence(ada))
    told = floor.facts()
    assert sell(floor, sale(ada)) == NOT_YET
    assert sell(floor, sale(ada), NOW + 400 * DAY) == NOT_YET
    assert floor.facts() == told


def test_another_receipt_of_the_same_name_is_refused(floor: Floor) -> None:
    ada = floor.enrol("ada", 1)
    floor.hear(floor.presence(ada))
    assert sell(floor, sale(None)) == NOT_YET
    assert sell(floor, replace(sale(ada), request_mac=bytes(31) + b"1")) is NotBooked.ANOTHER
    assert converted(floor, ada) == [False]


def test_a_store_that_is_not_there_sells_nothing(floor: Floor) -> None:
    elsewhere = sale(floor.enrol("ada", 1), store=StoreId("nowhere"))
    assert sell(floor, elsewhere) is NotBooked.UNKNOWN_STORE


def test_a_till_may_be_five_minutes_ahead_and_no_more(floor: Floor) -> None:
    ada = floor.enrol("ada", 1)
    floor.hear(floor.presence(ada))
    assert sell(floor, sale(ada, NOW + 5 * MINUTE + 1)) is NotBooked.FROM_THE_FUTURE
    assert sell(floor, sale(ada, NOW + 5 * MINUTE)) == JOINED


def test_the_pass_itself_is_taken_for_its_card(floor: Floor) -> None:
    ada = floor.enrol("ada", 1)
    floor.hear(floor.presence(ada))
    stale = pass_text(ada.card.ref, ada.card.secret, 1)
    assert sell(floor, replace(sale(ada), card=stale)) == JOINED


@pytest.mark.parametrize("card", [None, "2100000000017", "K7Q2M9X4TR3WA"])
def test_without_a_card_of_ours_nobody_bought_it(floor: Floor, card: str | None) -> None:
    ada = floor.enrol("ada", 1)
    floor.hear(floor.presence(ada))
    assert sell(floor, replace(sale(None), card=card)) == NOT_YET
    assert converted(floor, ada) == [False]
    assert buyer(floor) is None


def test_a_return_is_no_purchase(floor: Floor) -> None:
    ada = floor.enrol("ada", 1)
    floor.hear(floor.presence(ada))
    assert sell(floor, sale(ada, is_return=True)) == NOT_YET
    assert converted(floor, ada) == [False]
    assert buyer(floor) is None


# ------------------------------------------------------------------ consent


@pytest.mark.parametrize("given_ms", [None, NOW - MINUTE])
def test_without_consent_at_that_moment_nothing_of_her_is_kept(
    floor: Floor, given_ms: int | None
) -> None:
    ada = floor.enrol("ada", 1, given_ms=given_ms)
    assert sell(floor, sale(ada)) == NOT_YET
    assert buyer(floor) is None
    assert ada.card.ref not in floor.rows("cards")
    floor.hear(floor.presence(ada))
    assert not any(converted(floor, ada))


def test_what_comes_after_she_withdrew_is_nobodys(floor: Floor) -> None:
    ada = floor.enrol("ada", 1)
    floor.consents(ada, Change.WITHDRAWN, NOW - MINUTE)
    assert sell(floor, sale(ada)) == NOT_YET
    assert buyer(floor) is None


def test_staff_buy_unnoticed(floor: Floor) -> None:
    sam = floor.enrol("sam", 1, staff=True)
    assert sell(floor, sale(sam)) == NOT_YET
    assert buyer(floor) is None


def test_who_left_buys_unnoticed(floor: Floor) -> None:
    ada = floor.enrol("ada", 1)
    with floor.database.begin() as work:
        work.people.revoke(ada.person, Millis(NOW))
        work.commit()
    assert sell(floor, sale(ada)) == NOT_YET
    assert buyer(floor) is None


def test_nobody_is_told_of_a_purchase_that_she_does_not_share(floor: Floor) -> None:
    ada = floor.enrol("ada", 1, share=False)
    floor.hear(floor.presence(ada))
    sweep(floor.database, floor.entropy, TERMS, Millis(NOW + 31 * MINUTE))
    assert sell(floor, sale(ada), NOW + 40 * MINUTE) == JOINED
    assert floor.facts() == []
    floor.consents(ada, Change.GIVEN, NOW + 41 * MINUTE, Purpose.SHARE_WITH_CDP)
    assert sell(floor, sale(ada, name="r-2"), NOW + 42 * MINUTE) == JOINED
    assert floor.facts() == []


def test_withdrawing_takes_purchases_from_then_on_back(floor: Floor) -> None:
    ada = floor.enrol("ada", 1)
    floor.hear(floor.presence(ada, NOW - 20 * MINUTE))
    assert sell(floor, sale(ada, NOW + MINUTE, name="after")) == JOINED
    with floor.database.begin() as work:
        end_presence(work, ada.person, Millis(NOW - 5 * MINUTE), RULES)
        work.commit()
    assert converted(floor, ada) == [False]
    assert buyer(floor, "after") is None


def test_withdrawing_leaves_what_was_bought_before(floor: Floor) -> None:
    ada = floor.enrol("ada", 1)
    floor.hear(floor.presence(ada, NOW - 20 * MINUTE))
    assert sell(floor, sale(ada, NOW - 10 * MINUTE)) == JOINED
    with floor.database.begin() as work:
        end_presence(work, ada.person, Millis(NOW - 5 * MINUTE), RULES)
        work.commit()
    assert converted(floor, ada) == [True]
    assert buyer(floor) == ada.person


def test_a_candidate_that_is_gone_takes_its_purchases_with_it(floor: Floor) -> None:
    ada, ben = floor.enrol("ada", 1), floor.enrol("ben", 2)
    for someone in (ada, ben):
        floor.hear(floor.presence(someone, NOW - 3 * MINUTE, NOW - 2 * MINUTE))
        assert sell(floor, sale(someone, name=someone.person)) == JOINED
    with floor.database.begin() as work:
        end_presence(work, ben.person, Millis(NOW), RULES)
        work.commit()
    assert (buyer(floor, "ada"), buyer(floor, "ben")) == (ada.person, None)
    sweep(floor.database, floor.entropy, TERMS, Millis(NOW + 2 * DAY))
    assert floor.visits(ada) == []
    assert buyer(floor, "ada") is None


# ------------------------------------------------------------------ in any order


class Stay(NamedTuple):
    after_min: int
    lasted_min: int
    edge: str


class Sold(NamedTuple):
    after_min: int
    store: StoreId
    name: str


stays_of_her = st.lists(
    st.builds(
        Stay,
        st.integers(0, 170),
        st.integers(0, 40),
        st.sampled_from(["ams01-door", "utr01-door"]),
    ),
    min_size=1,
    max_size=5,
)
sold = st.lists(
    st.builds(
        Sold,
        st.integers(0, 220),
        st.sampled_from([STORE, OTHER_STORE]),
        st.integers(0, 10**6).map(str),
    ),
    max_size=3,
    unique_by=lambda each: each.name,
)


@settings(max_examples=60)
@given(st.data())
def test_receipts_and_batches_may_come_in_any_order(data: st.DataObject) -> None:
    events: list[Stay | Sold] = [*data.draw(stays_of_her), *data.draw(sold)]
    orders = events, data.draw(st.permutations(events))
    one, other = (outcome(order) for order in orders)
    assert one == other


def outcome(events: Sequence[Stay | Sold]) -> object:
    """Return what her visits are and which of them are converted, after `events` in that order."""
    floor = Floor(MemoryDatabase())
    ada = floor.enrol("ada", 1)
    for event in events:
        at_ms = NOW - 230 * MINUTE + event.after_min * MINUTE
        if isinstance(event, Stay):
            last_ms = at_ms + event.lasted_min * MINUTE + SECOND
            floor.hear(floor.presence(ada, at_ms, last_ms), edge=event.edge)
        else:
            booked = sell(floor, sale(ada, at_ms, name=event.name, store=event.store))
            assert isinstance(booked, Booked)
    return sorted(
        (
            (visit.store, visit.session.start_ms, visit.session.end_ms, visit.converted)
            for visit in floor.visits(ada)
        ),
    )
