"""Merging, splitting and undoing, on every database: what is stored always follows from the history."""

from __future__ import annotations

from threading import Barrier, Thread
from typing import TYPE_CHECKING, Any

import pytest

from shopbell_server.core.audit.chain import Actor, What
from shopbell_server.core.consent.ledger import Change, Purpose
from shopbell_server.core.facts import ProfileMerged, ProfileSplit
from shopbell_server.core.identity.groups import groups_of
from shopbell_server.core.identity.guards import DEFAULTS, Guards, Limit, Refused
from shopbell_server.core.identity.history import Moved, folded
from shopbell_server.core.identity.people import Phone, Profile
from shopbell_server.core.ids import EntryId, LinkId, Millis, PersonId, ProfileId
from shopbell_server.ports.database import DatabaseBusyError
from shopbell_server.usecases.identity.identifiers import unlink
from shopbell_server.usecases.identity.profiles import Asking, Done, merge, split, undo_entry
from shopbell_server.usecases.staff.subjects import subjects
from shopbell_server.usecases.visits.recompute import Terms
from tests.server.usecases.floor import NOW, RULES, SINK, CountedEntropy, Floor, Someone

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from shopbell_server.core.identity.history import As
    from shopbell_server.ports.database import UnitOfWork

ANNA, BEN, NEW = ProfileId("profile-anna"), ProfileId("profile-ben"), ProfileId("new")
TWO = (PersonId("anna"), PersonId("ben"))
OPERATOR = Actor(kind="staff", name="op", role="operator")
TERMS = Terms(rules=RULES, sinks=(SINK,))
WIDE = Guards(
    limits={kind: Limit(profiles=99, values=99) for kind in ("crm", "cookie_id", "enrolment")}
)


def asking(reason: Any = "duplicate") -> Asking:
    return Asking(now_ms=Millis(NOW), actor=OPERATOR, reason=reason, terms=TERMS)


def merged(
    floor: Floor,
    profile: ProfileId = ANNA,
    other: ProfileId = BEN,
    joined_as: As = "household",
    guards: Guards = DEFAULTS,
) -> Done | Refused:
    return committed(
        floor,
        lambda work: merge(
            work,
            floor.entropy,
            asking(),
            profile=profile,
            other=other,
            joined_as=joined_as,
            guards=guards,
        ),
    )


def taken_out(
    floor: Floor,
    profile: ProfileId = ANNA,
    persons: Iterable[str] = (),
    links: Iterable[LinkId] = (),
    new: ProfileId | None = NEW,
) -> Done | Refused:
    return committed(
        floor,
        lambda work: split(
            work,
            floor.entropy,
            asking(),
            profile=profile,
            persons=[PersonId(each) for each in persons],
            links=list(links),
            new=new,
        ),
    )


def undone(floor: Floor, done: Done | EntryId, profile: ProfileId = ANNA) -> Done | Refused:
    entry = done.entry.id if isinstance(done, Done) else done
    return committed(
        floor,
        lambda work: undo_entry(work, floor.entropy, asking(), profile=profile, entry=entry),
    )


def committed(floor: Floor, act: Callable[[UnitOfWork], Done | Refused]) -> Done | Refused:
    """Do it, and commit what is no refusal."""
    with floor.database.begin() as work:
        outcome = act(work)
        if not isinstance(outcome, Refused):
            work.commit()
    return outcome


def done(outcome: Done | Refused) -> Done:
    assert isinstance(outcome, Done), outcome
    return outcome


def guard(outcome: Done | Refused) -> str:
    assert isinstance(outcome, Refused)
    return outcome.guard


def under(floor: Floor, *profiles: ProfileId) -> dict[ProfileId, list[str]]:
    with floor.database.read() as work:
        enrolled = work.identity.enrolled(profiles)
    return {profile: list(enrolled.get(profile, [])) for profile in profiles}


def holds(floor: Floor, profiles: Iterable[ProfileId]) -> None:
    """Fail unless what is stored is what the history says."""
    every = list(profiles)
    with floor.database.read() as work:
        history = work.identity.history(every)
        graph = folded(work.identity.born(every), history)
        persons = {
            person: profile
            for profile, each in work.identity.enrolled(every).items()
            for person in each
        }
        links = {
            each.id: profile
            for profile, found in work.identity.links(every).items()
            for each in found
        }
        heads = {
            person: enrolment.head
            for person, enrolment in work.people.enrolments(persons).items()
            if enrolment.head is not None
        }
        groups = {
            frozenset(person for person, at in heads.items() if at == head)
            for head in heads.values()
        }
        assert graph.persons == persons
        assert graph.links == links
        assert graph.absorbed == work.identity.absorbed(every)
        left = {frozenset(group & persons.keys()) for group in groups_of(history)}
        assert groups == {group for group in left if len(group) > 1}


@pytest.fixture
def shop(floor: Floor) -> Floor:
    """Have Anna and Ben in it, each with a phone and a number."""
    floor.enrol("anna", 1, external_ids={"crm": "c-1"})
    floor.enrol("ben", 2, external_ids={"crm": "c-2", "loyalty_number": "29001"})
    return floor


def someone(floor: Floor, name: str) -> Someone:
    """Return somebody whom the fixture enrolled."""
    person = PersonId(name)
    with floor.database.read() as work:
        card = work.people.card_of(person)
        enrolment = work.people.enrolments([person])[person]
    assert card is not None
    return Someone(enrolment=enrolment, card=card, phone=Phone(mac_key=bytes(16), model=None))


# ------------------------------------------------------------------ one by one


def test_a_household_is_one_card_of_two_who_stay_two(shop: Floor) -> None:
    assert done(merged(shop)).entry.joined_as == "household"
    assert under(shop, ANNA, BEN) == {ANNA: ["anna", "ben"], BEN: []}
    with shop.database.read() as work:
        assert {each.head for each in work.people.enrolments([PersonId("anna")]).values()} == {None}
        assert len(work.identity.links([ANNA])[ANNA]) == 3
    holds(shop, [ANNA, BEN])


def test_one_person_is_one_until_it_is_undone(shop: Floor) -> None:
    joined = done(merged(shop, joined_as="one_person"))
    with shop.database.read() as work:
        heads = {each.head for each in work.people.enrolments(TWO).values()}
    assert len(heads) == 1
    assert None not in heads
    holds(shop, [ANNA, BEN])
    done(undone(shop, joined))
    with shop.database.read() as work:
        heads = {each.head for each in work.people.enrolments(TWO).values()}
    assert heads == {None}
    assert under(shop, ANNA, BEN) == {ANNA: ["anna"], BEN: ["ben"]}
    holds(shop, [ANNA, BEN])


def test_who_is_taken_out_of_one_person_is_another(shop: Floor) -> None:
    done(merged(shop, joined_as="one_person"))
    done(taken_out(shop, persons=["ben"]))
    with shop.database.read() as work:
        assert {each.head for each in work.people.enrolments(TWO).values()} == {None}
        made = work.people.profiles([NEW])[NEW]
    assert made == Profile(id=NEW, first_name=None, language=None, staff=False)
    holds(shop, [ANNA, BEN, NEW])


def test_a_split_makes_an_id_of_its_own_where_none_is_said(shop: Floor) -> None:
    done(merged(shop))
    outcome = done(taken_out(shop, persons=["ben"], new=None))
    assert outcome.entry.target is not None
    assert under(shop, outcome.entry.target) == {outcome.entry.target: ["ben"]}


def test_what_moved_on_is_said_when_a_merge_is_undone(shop: Floor) -> None:
    first = done(merged(shop))
    done(taken_out(shop, persons=["ben"]))
    back = done(undone(shop, first))
    assert back.stayed == Moved(persons=(PersonId("ben"),))
    assert len(back.entry.moved.links) == 2
    holds(shop, [ANNA, BEN, NEW])


def test_a_split_is_undone(shop: Floor) -> None:
    done(merged(shop))
    out = done(taken_out(shop, persons=["ben"]))
    done(undone(shop, out))
    assert under(shop, ANNA, NEW) == {ANNA: ["anna", "ben"], NEW: []}
    holds(shop, [ANNA, BEN, NEW])


@pytest.mark.parametrize(
    ("profile", "other", "why"),
    [
        (ANNA, ANNA, "same_profile"),
        (ANNA, "nobody", "unknown_profile"),
        ("nobody", ANNA, "unknown_profile"),
        (ANNA, "profile-sam", "staff"),
    ],
)
def test_a_merge_that_makes_no_sense_is_refused(
    shop: Floor, profile: str, other: str, why: str
) -> None:
    shop.enrol("sam", 3, staff=True)
    assert guard(merged(shop, ProfileId(profile), ProfileId(other))) == why
    assert under(shop, ANNA, BEN) == {ANNA: ["anna"], BEN: ["ben"]}


def test_a_split_that_makes_no_sense_is_refused(shop: Floor) -> None:
    assert guard(taken_out(shop, ProfileId("nobody"), ["anna"])) == "unknown_profile"
    assert guard(taken_out(shop, persons=["ben"])) == "not_its_own"
    assert guard(taken_out(shop, persons=["anna"], new=BEN)) == "profile_exists"
    with shop.database.read() as work:
        assert NEW not in work.people.profiles([NEW])


def test_only_what_a_profile_did_is_undone(shop: Floor) -> None:
    shop.enrol("eve", 3)
    outcome = done(merged(shop))
    assert guard(undone(shop, EntryId("none"))) == "unknown_entry"
    assert guard(undone(shop, outcome, ProfileId("profile-eve"))) == "unknown_entry"
    done(undone(shop, outcome, BEN))
    assert guard(undone(shop, outcome)) == "undone_already"


def test_unlinking_is_not_undone(shop: Floor) -> None:
    with shop.database.begin() as work:
        (number,) = work.identity.links([ANNA])[ANNA]
        refused = unlink(
            work, shop.entropy, Millis(NOW), profile=ANNA, links=[number.id], by="staff:op"
        )
        assert refused is None
        (entry,) = work.identity.history([ANNA])
        work.commit()
    assert guard(undone(shop, entry.id)) == "unknown_entry"
    holds(shop, [ANNA, BEN])


def test_a_merge_of_the_erased_is_a_merge_of_nobody(shop: Floor) -> None:
    shop.enrol("eve", 3)
    with shop.database.begin() as work:
        work.people.put_profile(Profile(id=NEW, first_name=None, language=None, staff=False))
        work.commit()
    outcome = done(merged(shop, ANNA, NEW))
    with shop.database.begin() as work:
        work.erasures.mark("profile", [NEW], Millis(NOW))
        work.identity.forget([NEW])
        work.commit()
    assert guard(merged(shop, ANNA, NEW)) == "erased_profile"
    assert guard(taken_out(shop, NEW, ["anna"])) == "erased_profile"
    assert guard(undone(shop, outcome)) == "unknown_entry"


# ------------------------------------------------------------------ what follows from it


def test_it_is_in_the_audit_with_its_reason(shop: Floor) -> None:
    outcome = done(merged(shop))
    with shop.database.read() as work:
        (act,) = [each.act for each in work.audit.records(0) if each.act.what == What.MERGED]
    assert (act.actor, act.about, act.why) == (OPERATOR, outcome.entry.id, "duplicate")


def test_sinks_are_told_of_whoever_shares(shop: Floor) -> None:
    shop.enrol("eve", 3, share=False, profile=ANNA)
    outcome = done(merged(shop))
    told = [each for each in shop.facts() if isinstance(each, ProfileMerged)]
    assert {(each.person, each.moved) for each in told} == {("anna", False), ("ben", True)}
    done(undone(shop, outcome))
    split_up = [each for each in shop.facts() if isinstance(each, ProfileSplit)]
    assert {(each.person, each.moved) for each in split_up} == {("anna", False), ("ben", True)}
    assert all(each.undone for each in split_up)


def test_a_name_is_shown_where_all_of_a_household_want_it(shop: Floor) -> None:
    for name in ("anna", "ben"):
        guest = someone(shop, name)
        for purpose in (Purpose.SHOW_TO_STAFF, Purpose.GREET_BY_NAME):
            if (name, purpose) != ("ben", Purpose.GREET_BY_NAME):
                shop.consents(guest, Change.GIVEN, NOW - 1, purpose)
    greeting = {Purpose.GREET_BY_NAME}
    assert greeting <= shared(shop, "anna")
    outcome = done(merged(shop))
    assert not greeting & shared(shop, "anna")
    done(undone(shop, outcome))
    assert greeting <= shared(shop, "anna")


def shared(floor: Floor, person: str) -> frozenset[Purpose]:
    with floor.database.read() as work:
        subject = subjects(work, [PersonId(person)])[PersonId(person)]
    return subject.shared(Millis(NOW))


def test_boards_are_read_again_where_somebody_is_whose_card_is_another(shop: Floor) -> None:
    shop.hear(shop.shows_pass(someone(shop, "ben")))
    outcome = done(merged(shop))
    assert {store: set(persons) for store, persons in outcome.changed.items()} == {
        "ams-01": {"ben"}
    }


# ------------------------------------------------------------------ two at once


@pytest.mark.parametrize("crossed", [False, True])
def test_two_merges_at_once_give_one_result(shop: Floor, *, crossed: bool) -> None:
    """Of two who merge the same two profiles, whichever way round, one is refused."""
    barrier, outcomes = Barrier(2), list[Done | Refused]()

    def act(first: ProfileId, second: ProfileId, seed: str) -> None:
        entropy = CountedEntropy(seed)
        barrier.wait(10)
        for _ in range(20):
            try:
                with shop.database.begin() as work:
                    outcome = merge(
                        work,
                        entropy,
                        asking(),
                        profile=first,
                        other=second,
                        joined_as="one_person",
                        guards=DEFAULTS,
                    )
                    if isinstance(outcome, Done):
                        work.commit()
                outcomes.append(outcome)
            except DatabaseBusyError:
                continue
            return

    pairs = [(ANNA, BEN, "x"), (BEN, ANNA, "y") if crossed else (ANNA, BEN, "y")]
    threads = [Thread(target=act, args=pair) for pair in pairs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(type(each).__name__ for each in outcomes) == ["Done", "Refused"]
    assert sorted(map(len, under(shop, ANNA, BEN).values())) == [0, 2]
    holds(shop, [ANNA, BEN])
