"""A fob is hers while she lets herself be recognised, and everybody else's is nobody's."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TYPE_CHECKING, Final

import pytest

from shopbell_server.core.consent.ledger import Change, Purpose
from shopbell_server.core.evidence import Evidence
from shopbell_server.core.ids import Millis, PersonId, TenantId
from shopbell_server.core.recognition.fixed_ids import MOST, FixedId, marker
from shopbell_server.system import SystemEntropy
from shopbell_server.usecases.consent.consents import Said, change_consents, leave
from shopbell_server.usecases.customers.fixed_ids import (
    NotGivenBack,
    NotRegistered,
    give_back,
    register,
)
from shopbell_server.usecases.once import once
from tests.fakes.memory_people import MemoryPeople
from tests.fakes.server import MemoryDatabase, MemoryUnitOfWork
from tests.server.usecases.floor import (
    DAY,
    EDGES,
    MINUTE,
    NOW,
    RULES,
    SECOND,
    Floor,
    Someone,
)
from tests.server.usecases.recognition.test_recognise import sighting

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from shopbell_server.core.ids import Stamp
    from shopbell_server.ports.database import UnitOfWork
    from shopbell_wire.messages import Presence
    from tests.fakes.memory_rows import Tables

FOB: Final = "c3a1f0de55774a108d3e91b2c4d6e8f000070001"
EDDYSTONE: Final = "7e11c0ffee0ddba11dad000000000001"
STRANGERS: Final = "c3a1f0de55774a108d3e91b2c4d6e8f000070002"
KEY: Final = bytes(range(32))
MARK_OF: Final = marker(KEY, TenantId("acme"))
BEFORE: Final = NOW - DAY


@pytest.fixture
def floor(floor: Floor) -> Floor:
    floor.mark_of = MARK_OF
    floor.intake = floor.worker()
    return floor


def registers(
    floor: Floor, someone: Someone, fob: str = FOB, at_ms: int = BEFORE
) -> FixedId | NotRegistered:
    with floor.database.begin() as work:
        done = register(
            work, floor.entropy, Millis(at_ms), person=someone.person, mark=MARK_OF(fob)
        )
        work.commit()
    return done


def hers(floor: Floor, someone: Someone, fob: str = FOB) -> FixedId:
    registered = registers(floor, someone, fob)
    assert isinstance(registered, FixedId)
    return registered


def of(floor: Floor, someone: Someone) -> list[FixedId]:
    with floor.database.read() as work:
        return list(work.people.fixed_ids_of(someone.person))


def fob(token: str = FOB, at_ms: int = NOW - SECOND) -> Presence:
    return sighting(token, "static", at_ms=at_ms)


def nobody(floor: Floor, presence: Presence, *who: Someone) -> None:
    """Take it in, and find no trace of it, nor of anybody having been there."""
    taken = floor.hear(presence)
    assert (taken.events["unresolved"], taken.events["recognised"]) == (1, 0)
    assert taken.changed == {}
    for someone in who:
        assert floor.has_forgotten(someone, presence.token)


# ------------------------------------------------------------------ recognising


@pytest.mark.parametrize("token", [FOB, EDDYSTONE])
def test_a_fob_is_a_hint_of_whose_it_is(floor: Floor, token: str) -> None:
    ada = floor.enrol("ada", 1)
    hers(floor, ada, token)
    taken = floor.hear(fob(token))
    (visit,) = floor.visits(ada)
    assert visit.session.evidence is Evidence.HINT
    assert taken.events["recognised"] == 1
    assert set().union(*taken.changed.values()) == {ada.person}
    assert token not in floor.rows()
    assert repr(bytes.fromhex(token)) not in floor.rows()


def test_no_tokens_need_be_issued_to_somebody_who_has_no_phone_with_her(floor: Floor) -> None:
    ada = floor.enrol("ada", 1, issued=False)
    hers(floor, ada)
    floor.hear(fob())
    assert len(floor.visits(ada)) == 1


def test_phones_and_fobs_of_several_are_told_apart_in_one_batch(floor: Floor) -> None:
    ada, ben = floor.enrol("ada", 1), floor.enrol("ben", 2)
    hers(floor, ada)
    hers(floor, ben, EDDYSTONE)
    taken = floor.hear(
        fob(), floor.presence(ben), fob(EDDYSTONE), fob(STRANGERS), floor.presence(ada)
    )
    assert (taken.events["recognised"], taken.events["unresolved"]) == (4, 1)
    assert STRANGERS not in floor.rows()
    for someone in (ada, ben):
        (visit,) = floor.visits(someone)
        assert visit.session.evidence is Evidence.SIGNAL, "the phone's; a fob takes nothing away"


def test_a_strangers_is_nobodys_and_leaves_no_trace(floor: Floor) -> None:
    ada = floor.enrol("ada", 1)
    hers(floor, ada)
    nobody(floor, fob(STRANGERS), ada)


def test_where_it_is_switched_off_hers_is_nobodys_either(floor: Floor) -> None:
    ada = floor.enrol("ada", 1)
    hers(floor, ada)
    floor.mark_of = None
    floor.intake = floor.worker()
    nobody(floor, fob(), ada)


def test_with_another_key_all_are_to_be_registered_again(floor: Floor) -> None:
    ada = floor.enrol("ada", 1)
    hers(floor, ada)
    floor.mark_of = marker(KEY[::-1], TenantId("acme"))
    floor.intake = floor.worker()
    nobody(floor, fob(), ada)


def test_what_was_heard_before_she_registered_it_is_nobodys(floor: Floor) -> None:
    ada = floor.enrol("ada", 1)
    registers(floor, ada, at_ms=NOW - MINUTE)
    nobody(floor, fob(at_ms=NOW - 2 * MINUTE), ada)


def test_a_stay_does_not_begin_before_she_registered_it(floor: Floor) -> None:
    ada = floor.enrol("ada", 1)
    registers(floor, ada, at_ms=NOW - MINUTE)
    floor.hear(fob())
    (visit,) = floor.visits(ada)
    assert visit.session.start_ms == NOW - MINUTE


def test_once_her_consent_has_ended_it_is_nobodys(floor: Floor) -> None:
    ada = floor.enrol("ada", 1)
    hers(floor, ada)
    floor.consents(ada, Change.EXPIRED, NOW - MINUTE)
    nobody(floor, fob(), ada)


def test_it_shows_in_whatever_order_batches_come(floor: Floor) -> None:
    ada = floor.enrol("ada", 1)
    hers(floor, ada)
    for at_ms in (NOW - SECOND, NOW - 9 * MINUTE, NOW - 5 * MINUTE):
        for edge in EDGES:
            floor.hear(fob(at_ms=at_ms), edge=edge)
    (visit,) = floor.visits(ada)
    assert visit.session.start_ms == NOW - 12 * MINUTE


# ------------------------------------------------------------------ registering


def test_registering_again_changes_nothing(floor: Floor) -> None:
    ada = floor.enrol("ada", 1)
    first = hers(floor, ada)
    assert registers(floor, ada, at_ms=NOW) == first
    assert of(floor, ada) == [first]


def test_somebody_elses_is_refused(floor: Floor) -> None:
    ada, ben = floor.enrol("ada", 1), floor.enrol("ben", 2)
    hers(floor, ada)
    assert registers(floor, ben) is NotRegistered.TAKEN
    assert of(floor, ben) == []


def test_of_several_who_register_one_at_once_one_has_it(floor: Floor) -> None:
    people = [floor.enrol(f"person-{number}", number) for number in range(1, 5)]
    begin = Barrier(len(people))

    def tries(someone: Someone) -> object:
        def act(work: UnitOfWork) -> bytes | NotRegistered:
            done = register(
                work, SystemEntropy(), Millis(BEFORE), person=someone.person, mark=MARK_OF(FOB)
            )
            return done if isinstance(done, NotRegistered) else b"hers"

        begin.wait(20)
        return once(floor.database, None, Millis(BEFORE), act)

    with ThreadPoolExecutor(len(people)) as pool:
        outcomes = list(pool.map(tries, people))
    assert sorted(map(str, outcomes)) == ["NotRegistered.TAKEN"] * 3 + ["b'hers'"]
    assert sum(len(of(floor, each)) for each in people) == 1


def test_who_does_not_let_herself_be_recognised_registers_none(floor: Floor) -> None:
    assert registers(floor, floor.enrol("ada", 1, given_ms=None)) is NotRegistered.NO_CONSENT


def test_nobody_takes_a_whole_retailers(floor: Floor) -> None:
    ada = floor.enrol("ada", 1)
    for number in range(MOST):
        hers(floor, ada, f"{number:040x}")
    assert registers(floor, ada) is NotRegistered.TOO_MANY
    assert len(of(floor, ada)) == MOST


# ------------------------------------------------------------------ giving back


def gives_back(floor: Floor, someone: Someone, name: str) -> NotGivenBack | None:
    with floor.database.begin() as work:
        done = give_back(work, Millis(NOW), person=someone.person, name=name)
        work.commit()
    return done


def test_one_that_was_given_back_is_nobodys_and_may_be_the_next_ones(floor: Floor) -> None:
    ada, ben = floor.enrol("ada", 1), floor.enrol("ben", 2)
    assert gives_back(floor, ada, hers(floor, ada).name) is None
    nobody(floor, fob(), ada)
    registers(floor, ben, at_ms=NOW - 2 * MINUTE)
    floor.hear(fob())
    assert floor.visits(ada) == []
    assert len(floor.visits(ben)) == 1


def test_nobody_gives_back_what_is_anothers(floor: Floor) -> None:
    ada, ben = floor.enrol("ada", 1), floor.enrol("ben", 2)
    fob = hers(floor, ada)
    assert gives_back(floor, ben, fob.name) is NotGivenBack.UNKNOWN
    assert gives_back(floor, ada, "no such") is NotGivenBack.UNKNOWN
    assert of(floor, ada) == [fob]


def says(floor: Floor, someone: Someone, *, given: bool, at_ms: int) -> None:
    said = Said(
        purpose=Purpose.RECOGNISE_IN_STORE,
        given=given,
        text_version="1",
        text_sha256="00" * 32,
        language="nl",
        until_ms=None,
    )
    with floor.database.begin() as work:
        change_consents(
            work,
            floor.entropy,
            Millis(at_ms),
            enrolment=someone.enrolment,
            said=[said],
            rules=RULES,
            sinks=(),
        )
        work.commit()


def test_who_withdraws_has_none_any_more_not_even_if_she_comes_back(floor: Floor) -> None:
    ada = floor.enrol("ada", 1)
    hers(floor, ada)
    says(floor, ada, given=False, at_ms=NOW - 5 * MINUTE)
    assert of(floor, ada) == []
    says(floor, ada, given=True, at_ms=NOW - 4 * MINUTE)
    nobody(floor, fob())
    assert floor.visits(ada) == []


def test_who_leaves_has_none_even_if_her_consent_had_ended_before(floor: Floor) -> None:
    ada = floor.enrol("ada", 1)
    hers(floor, ada)
    floor.consents(ada, Change.EXPIRED, NOW - MINUTE)
    with floor.database.begin() as work:
        leave(
            work,
            floor.entropy,
            Millis(NOW),
            enrolment=ada.enrolment,
            rules=RULES,
            sinks=(),
        )
        work.commit()
    assert of(floor, ada) == []


class Moving(MemoryPeople):
    """A table in which a fob goes from Ada to Ben after it was looked up, before Ada is held."""

    def lock(self, persons: Collection[PersonId]) -> Mapping[PersonId, Stamp]:
        if self.fixed_ids([MARK_OF(FOB)]):
            self.remove_fixed_ids(PersonId("ada"))
            self.remove_fixed_ids(PersonId("ben"))
            self.add_fixed_id(
                FixedId(
                    mark=MARK_OF(FOB),
                    name="bens",
                    person=PersonId("ben"),
                    registered_ms=Millis(BEFORE),
                )
            )
        return super().lock(persons)


class MovingWork(MemoryUnitOfWork):
    def _show(self, tables: Tables) -> None:
        super()._show(tables)
        self.people = Moving(tables)


class MovingDatabase(MemoryDatabase):
    """As PostgreSQL, in which others write meanwhile."""

    moves = False

    def begin(self) -> MemoryUnitOfWork:
        return (MovingWork if self.moves else MemoryUnitOfWork)(self, writes=True)


def test_one_that_changes_hands_while_it_is_looked_up_is_nobodys() -> None:
    database = MovingDatabase()
    floor = Floor(database, mark_of=MARK_OF)
    ada, ben = floor.enrol("ada", 1), floor.enrol("ben", 2)
    hers(floor, ada)
    database.moves = True
    nobody(floor, fob(), ada, ben)
