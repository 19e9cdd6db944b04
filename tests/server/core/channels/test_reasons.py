from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from shopbell_server.core.channels.facts import ChannelFact, Kind
from shopbell_server.core.channels.reasons import Reason, ReasonKind, changes_ms, reason_of
from shopbell_server.core.consent.ledger import Purpose
from shopbell_server.core.ids import Millis
from tests.server.core.channels.saying import EVERYTHING, HERE, NOW, fact

HOUR = 3_600_000

READY = fact(product="Lamp")
BOOKED = fact(Kind.APPOINTMENT, "booked", "a-1", due_ms=NOW + HOUR, topic="Kitchen")
RETURN = fact(Kind.RETURN, "requested", "r-1")
RESERVED = fact(Kind.RESERVATION, "reserved", "v-1", due_ms=NOW + HOUR)
COMPLAINT = fact(Kind.CONVERSATION, "opened", "t-1", topic="Complaint")


def reason(*facts: ChannelFact, purposes: frozenset[Purpose] = EVERYTHING) -> Reason | None:
    return reason_of(facts, HERE, NOW, purposes)


def test_of_several_reasons_the_first_counts() -> None:
    everything = [RESERVED, RETURN, BOOKED, READY]
    for kind in (
        ReasonKind.PICKUP,
        ReasonKind.APPOINTMENT,
        ReasonKind.RETURN,
        ReasonKind.RESERVATION,
    ):
        found = reason(*everything)
        assert found is not None
        assert found.kind is kind
        everything.pop()
    assert reason() is None


def test_it_says_which_one() -> None:
    assert reason(READY) == Reason(kind=ReasonKind.PICKUP, what="1042 · Lamp")
    assert reason(RETURN) == Reason(kind=ReasonKind.RETURN, what="r-1")
    assert reason(BOOKED) == Reason(
        kind=ReasonKind.APPOINTMENT, what="a-1 · Kitchen", due_ms=BOOKED.due_ms
    )


def test_of_two_of_a_kind_what_is_due_first_counts() -> None:
    later = fact(Kind.APPOINTMENT, "booked", "a-0", due_ms=NOW + 2 * HOUR)
    found = reason(later, BOOKED)
    assert found is not None
    assert found.due_ms == BOOKED.due_ms


def test_what_is_elsewhere_or_over_is_no_reason() -> None:
    assert reason(fact(store="utr-01")) is None
    assert reason(fact(store=HERE)) is not None
    assert reason(fact(state="picked_up")) is None
    assert reason(fact(due_ms=NOW)) is None
    assert reason(fact(Kind.APPOINTMENT, "booked")) is None
    assert reason(fact(Kind.APPOINTMENT, "booked", due_ms=NOW + 13 * HOUR)) is None


def test_an_open_complaint_says_ask_first() -> None:
    angry = fact(Kind.CONVERSATION, "updated", "t-2", at_ms=NOW - 1, mood="negative")
    both = reason(READY, COMPLAINT)
    assert both is not None
    assert (both.kind, both.ask_first) == (ReasonKind.PICKUP, True)
    assert reason(angry, COMPLAINT) == Reason(
        kind=ReasonKind.COMPLAINT, what="t-1 · Complaint", ask_first=True
    )
    assert reason(fact(Kind.CONVERSATION, "closed", topic="complaint")) is None
    assert reason(fact(Kind.CONVERSATION, "opened", topic="Delivery")) is None
    assert reason(fact(Kind.CONVERSATION, "opened")) is None


def test_what_she_did_not_allow_is_no_reason() -> None:
    assert reason(READY, purposes=frozenset({Purpose.RECOGNISE_IN_STORE})) is None


@given(
    st.lists(st.sampled_from([READY, BOOKED, RETURN, RESERVED, COMPLAINT]), max_size=4),
    st.integers(0, 60 * HOUR),
)
def test_until_it_changes_it_is_the_same(facts: list[ChannelFact], ahead_ms: int) -> None:
    until_ms = changes_ms(facts, NOW)
    later_ms = NOW + ahead_ms
    if until_ms is None or later_ms < until_ms:
        later = reason_of(facts, HERE, Millis(later_ms), EVERYTHING)
        assert later == reason_of(facts, HERE, NOW, EVERYTHING)
