"""Whatever is done with profiles, on every database: what is stored follows from their history."""

from __future__ import annotations

from itertools import count
from random import Random

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as some

from shopbell_server.core.audit.chain import Actor
from shopbell_server.core.consent.ledger import Purpose
from shopbell_server.core.identity.guards import Guards, Limit, Refused
from shopbell_server.core.identity.people import Profile
from shopbell_server.core.ids import EntryId, Millis, PersonId, ProfileId
from shopbell_server.usecases.consent.consents import Said, change_consents, leave
from shopbell_server.usecases.identity.identifiers import block
from shopbell_server.usecases.identity.profiles import Done
from shopbell_server.usecases.keeping.erase import erase
from tests.fakes.server import MemoryDatabase
from tests.server.usecases.floor import MINUTE, NOW, RULES, SECOND, SINK, Floor, stays
from tests.server.usecases.identity.test_identifiers import said
from tests.server.usecases.identity.test_profiles import (
    TERMS,
    holds,
    merged,
    taken_out,
    under,
    undone,
)

WIDE = Guards(
    limits={kind: Limit(profiles=99, values=99) for kind in ("crm", "cookie_id", "enrolment")}
)


def sequence(floor: Floor, dice: Random, length: int, mark: str) -> None:
    """Link, merge, join, split, undo, block, withdraw, leave, erase at random.

    What is stored follows from the history all along.
    """
    names = [ProfileId(f"{mark}-{letter}") for letter in "abc"]
    everybody: set[str] = set()
    for number, name in enumerate(names):
        for phone in range(dice.randint(0, 2)):
            person = f"{name}-p{phone}"
            floor.enrol(person, next(_numbers), profile=name, issued=False)
            everybody.add(person)
        with floor.database.begin() as work:
            if not work.people.profiles([name]):
                work.people.put_profile(
                    Profile(id=name, first_name=str(number), language=None, staff=False)
                )
            work.commit()
    entries: list[EntryId] = []
    for step in range(length):
        before = len(entries)
        if dice.random() < 0.2 and everybody:
            gone = leaves_or_is_erased(floor, dice, dice.choice(sorted(everybody)))
            everybody -= gone
        else:
            something(floor, dice, names, entries, f"{mark}-{step}")
        holds(floor, names)
        found = {person for each in under(floor, *names).values() for person in each}
        assert found == everybody
        if len(entries) > before and dice.random() < 0.25:
            undone(floor, entries[-1], entered(profile_of(floor, entries[-1])))
            holds(floor, names)


def leaves_or_is_erased(floor: Floor, dice: Random, person: str) -> set[str]:
    """Let somebody withdraw, leave or be forgotten; return who is there no more."""
    what = dice.choice(["withdraws", "leaves", "is erased"])
    with floor.database.begin() as work:
        there = work.people.enrolments([PersonId(person)])[PersonId(person)]
        under_it: set[str] = {*work.identity.enrolled([there.profile])[there.profile]}
        if what == "is erased":
            erase(
                work,
                floor.entropy,
                Millis(NOW),
                person=PersonId(person),
                actor=Actor(kind="phone", name=""),
                terms=TERMS,
            )
        elif what == "leaves":
            leave(
                work,
                floor.entropy,
                Millis(NOW),
                enrolment=there,
                rules=RULES,
                sinks=(SINK,),
            )
        else:
            withdrawn = Said(
                purpose=Purpose.RECOGNISE_IN_STORE,
                given=False,
                text_version="1",
                text_sha256="00" * 32,
                language="nl",
                until_ms=None,
            )
            change_consents(
                work,
                floor.entropy,
                Millis(NOW),
                enrolment=there,
                said=[withdrawn],
                rules=RULES,
                sinks=(SINK,),
            )
        left = set(work.people.enrolments([PersonId(each) for each in under_it]))
        work.commit()
    return under_it - left


def something_said(floor: Floor, dice: Random, profile: ProfileId) -> None:
    with floor.database.read() as work:
        there = work.people.profiles([profile])
    if there:
        crm, cookie = f"c-{dice.randint(1, 9)}", f"k-{dice.randint(1, 4)}"
        said(floor, profile, WIDE, crm=crm, cookie_id=cookie)


def some_taken_out(
    floor: Floor, dice: Random, profile: ProfileId, new: ProfileId
) -> Done | Refused:
    with floor.database.read() as work:
        persons = work.identity.enrolled([profile]).get(profile, ())
        links = [each.id for each in work.identity.links([profile]).get(profile, ())]
    return taken_out(
        floor,
        profile,
        [each for each in persons if dice.random() < 0.5],
        [each for each in links if dice.random() < 0.5],
        new,
    )


def something(
    floor: Floor, dice: Random, names: list[ProfileId], entries: list[EntryId], step: str
) -> None:
    one, other = dice.choice(names), dice.choice(names)
    outcome: Done | Refused | None = None
    match dice.choice(["say", "say", "merge", "join", "split", "undo", "block"]):
        case "say":
            something_said(floor, dice, one)
        case "block":
            something_blocked(floor, dice)
        case "split":
            outcome = some_taken_out(floor, dice, one, ProfileId(f"n-{step}"))
        case "undo":
            something_undone(floor, dice, entries)
        case "join":
            outcome = merged(floor, one, other, "one_person", WIDE)
        case _:
            outcome = merged(floor, one, other, "household", WIDE)
    if isinstance(outcome, Done):
        entries.append(outcome.entry.id)
        if outcome.entry.what == "split":
            names.append(ProfileId(f"n-{step}"))


def something_blocked(floor: Floor, dice: Random) -> None:
    """Take a value from all who have it; whoever says it again has it again."""
    value = f"k-{dice.randint(1, 4)}"
    with floor.database.begin() as work:
        block(work, floor.entropy, Millis(NOW), kind="cookie_id", value=value, by="staff:op")
        work.identity.unblock("cookie_id", value)
        work.commit()


def something_undone(floor: Floor, dice: Random, entries: list[EntryId]) -> None:
    if not entries:
        return
    chosen = dice.choice(entries)
    if (profile := profile_of(floor, chosen)) is not None:
        undone(floor, chosen, profile)


def profile_of(floor: Floor, entry: EntryId) -> ProfileId | None:
    """Return a profile that an entry is of; None if it was forgotten with one of its profiles."""
    with floor.database.read() as work:
        found = work.identity.entry(entry)
    return None if found is None else found.source


def entered(profile: ProfileId | None) -> ProfileId:
    assert profile is not None
    return profile


@settings(max_examples=40, deadline=None)
@given(seed=some.integers(0, 2**32), length=some.integers(1, 10))
def test_any_sequence_leaves_what_its_history_says_in_memory(seed: int, length: int) -> None:
    sequence(Floor(MemoryDatabase()), Random(seed), length, "m")


@settings(
    max_examples=12,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(seed=some.integers(0, 2**32), length=some.integers(1, 8))
def test_any_sequence_leaves_what_its_history_says(floor: Floor, seed: int, length: int) -> None:
    sequence(floor, Random(seed), length, f"{next(_runs)}")


_runs, _numbers = count(1), count(1_000)


def test_visits_follow_who_is_one_person_and_come_back(floor: Floor) -> None:
    anna, ben = floor.enrol("anna", 1), floor.enrol("ben", 2)
    floor.hear(floor.shows_pass(anna, NOW - 20 * MINUTE))
    floor.hear(floor.shows_pass(ben, NOW - SECOND))
    apart = [stays(floor.visits(each)) for each in (anna, ben)]
    assert [len(each) for each in apart] == [1, 1]
    profile, other = anna.enrolment.profile, ben.enrolment.profile
    joined = merged(floor, profile, other, "one_person")
    assert isinstance(joined, Done)
    (visit,) = [*floor.visits(anna), *floor.visits(ben)]
    assert visit.session.start_ms == NOW - 20 * MINUTE
    assert visit.session.end_ms == NOW - SECOND
    assert isinstance(undone(floor, joined, profile), Done)
    assert [stays(floor.visits(each)) for each in (anna, ben)] == apart


def test_a_household_keeps_the_visits_of_each(floor: Floor) -> None:
    anna, ben = floor.enrol("anna", 1), floor.enrol("ben", 2)
    floor.hear(floor.shows_pass(anna, NOW - 20 * MINUTE))
    floor.hear(floor.shows_pass(ben, NOW - SECOND))
    apart = [stays(floor.visits(each)) for each in (anna, ben)]
    merged(floor, anna.enrolment.profile, ben.enrolment.profile, "household")
    assert [stays(floor.visits(each)) for each in (anna, ben)] == apart
