"""Who works here is listed and left out: from when that is said, and with what is under way then."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shopbell_server.core.facts import CustomerRecognized, VisitCancelled, VisitStarted
from shopbell_server.core.ids import Millis
from shopbell_server.seed import Seed, SeedProfile
from shopbell_server.usecases.sow import sow
from shopbell_server.usecases.visits.recompute import Terms
from shopbell_server.usecases.visits.sweep import sweep
from tests.server.usecases.floor import DAY, MINUTE, NOW, RULES, SECOND, SINK, STORE
from tests.server.usecases.joined.doing import joined
from tests.server.usecases.test_sow import PlainPasswords

if TYPE_CHECKING:
    from tests.server.usecases.floor import Floor, Someone

TERMS = Terms(rules=RULES, sinks=(SINK,))


def lists(floor: Floor, *people: Someone, staff: bool = True) -> None:
    """Sow a seed that says of people whether they work here."""
    profiles = sorted({each.enrolment.profile for each in people})
    seed = Seed(
        stores=(),
        profiles=tuple(
            SeedProfile(id=each, first_name="Ada", language="nl", staff=staff) for each in profiles
        ),
    )
    sow(floor.database, floor.entropy, PlainPasswords(), seed, TERMS, Millis(NOW))


def test_a_visit_under_way_was_none(floor: Floor) -> None:
    ada, ben = floor.enrol("ada", 1), floor.enrol("ben", 2)
    floor.hear(floor.presence(ada), floor.presence(ben))
    lists(floor, ada)
    assert floor.visits(ada) == []
    assert [each.state for each in floor.visits(ben)] == ["open"]
    facts = [fact for fact in floor.facts() if fact.person == ada.person]
    assert [type(fact) for fact in facts] == [VisitStarted, CustomerRecognized, VisitCancelled]
    with floor.database.read() as work:
        always = Millis(0), Millis(NOW + DAY)
        assert work.intervals.within(ada.person, STORE, *always) == []
        assert work.observations.of([ada.person], STORE, *always) == {}


def test_visits_that_are_over_stay_as_they_were(floor: Floor) -> None:
    ada = floor.enrol("ada", 1)
    floor.hear(floor.presence(ada, NOW - 50 * MINUTE, NOW - 40 * MINUTE))
    sweep(floor.database, floor.entropy, TERMS, Millis(NOW))
    before = floor.visits(ada)
    lists(floor, ada)
    assert floor.visits(ada) == before
    assert [each.state for each in before] == ["ended"]


def test_nothing_more_is_heard_of_her_until_she_is_a_customer_again(floor: Floor) -> None:
    ada = floor.enrol("ada", 1)
    lists(floor, ada)
    floor.hear(floor.presence(ada))
    assert floor.visits(ada) == []
    lists(floor, ada, staff=False)
    floor.hear(floor.presence(ada, NOW - 20 * SECOND, NOW), now_ms=NOW + SECOND)
    (candidate,) = floor.visits(ada)
    assert candidate.session.start_ms == NOW - 20 * SECOND


def test_of_two_phones_of_hers_both_are_left_out(floor: Floor) -> None:
    one = floor.enrol("one", 1, profile="hers")
    other = floor.enrol("two", 2, profile="hers")
    joined(floor, one, other)
    floor.hear(floor.presence(one), floor.presence(other))
    lists(floor, one)
    assert [*floor.visits(one), *floor.visits(other)] == []
    with floor.database.read() as work:
        for each in (one, other):
            assert work.intervals.within(each.person, STORE, Millis(0), Millis(NOW)) == []


def test_saying_it_again_changes_nothing(floor: Floor) -> None:
    ada = floor.enrol("ada", 1, staff=True)
    lists(floor, ada)
    assert floor.facts() == []
