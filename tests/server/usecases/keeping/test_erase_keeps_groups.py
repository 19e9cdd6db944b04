"""Nobody is joined or parted because somebody else was forgotten."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shopbell_server.core.ids import ProfileId
from tests.server.usecases.identity.test_profiles import WIDE, done, holds, merged, taken_out
from tests.server.usecases.keeping.forgetting import forgotten

if TYPE_CHECKING:
    from tests.server.usecases.floor import Floor, Someone

A, B, C, D, NEW, LATER = (ProfileId(f"p-{letter}") for letter in "abcdnl")


def enrolled(floor: Floor) -> tuple[Someone, Someone, Someone]:
    """Enrol three under profiles of their own, and a fourth whose profile is merged with theirs at last."""
    floor.enrol("dora", 4, profile=D)
    one, other, third = (
        floor.enrol(name, number, profile=profile)
        for number, (name, profile) in enumerate((("ada", A), ("bo", B), ("cleo", C)), start=1)
    )
    done(merged(floor, A, B, "one_person", WIDE))
    done(merged(floor, A, C, "one_person", WIDE))
    return one, other, third


def are_one(floor: Floor, *people: Someone) -> bool:
    with floor.database.read() as work:
        heads = {
            each.head or each.person
            for each in work.people.enrolments([who.person for who in people]).values()
        }
    return len(heads) == 1


def test_who_was_joined_by_a_profile_that_is_forgotten_stays_joined(floor: Floor) -> None:
    ada, bo, cleo = enrolled(floor)
    done(taken_out(floor, A, ["bo", "cleo"], new=NEW))
    forgotten(floor, ada)
    holds(floor, [NEW, D])
    done(merged(floor, NEW, D, "household", WIDE))
    holds(floor, [NEW, D])
    assert are_one(floor, bo, cleo)


def test_who_was_parted_by_a_profile_that_is_forgotten_stays_parted(floor: Floor) -> None:
    ada, bo, cleo = enrolled(floor)
    done(taken_out(floor, A, ["bo", "cleo"], new=NEW))
    done(taken_out(floor, NEW, ["cleo"], new=LATER))
    forgotten(floor, bo)
    holds(floor, [A, B, C, LATER, D])
    done(merged(floor, LATER, D, "household", WIDE))
    holds(floor, [A, B, C, LATER, D])
    assert not are_one(floor, ada, cleo)
