"""Several workers on one database."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from random import Random
from threading import Barrier, Event
from typing import TYPE_CHECKING, TypeVar

import pytest

from shopbell_server.core.edges.lineage import Start, heard
from shopbell_server.core.identity.people import Enrolment, Phone
from shopbell_server.core.ids import Day, DeviceNo, EdgeId, Millis, PersonId
from shopbell_server.core.recognition.loyalty_numbers import with_unknown
from shopbell_server.core.visits.intervals import gathered
from shopbell_server.ports.batches import BatchKey, BatchRecord
from shopbell_server.ports.database import DatabaseBusyError
from tests.server.db.rows import (
    ANNA,
    BEN,
    EDGE,
    PROFILE,
    STORE,
    add_profile,
    card,
    enrol,
    entry,
    fact,
    hashed,
    interval,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from shopbell_server.core.ids import Stamp
    from shopbell_server.db.unit_of_work import SqlDatabase
    from shopbell_server.ports.database import Database, UnitOfWork

Result = TypeVar("Result")

WORKERS = 4
ROUNDS = 12
LIMIT_S = 30


def everybody(
    database: Database, work: Callable[[UnitOfWork, int], Result]
) -> list[Result | DatabaseBusyError]:
    """Let WORKERS do `work` and commit, as nearly at once as can be; return what each got."""
    ready = Barrier(WORKERS)

    def one(number: int) -> Result | DatabaseBusyError:
        ready.wait(LIMIT_S)
        try:
            with database.begin() as unit:
                result = work(unit, number)
                unit.commit()
        except DatabaseBusyError as busy:
            return busy
        return result

    with ThreadPoolExecutor(WORKERS) as pool:
        return list(pool.map(one, range(WORKERS)))


def prepare(database: Database, work: Callable[[UnitOfWork], object]) -> None:
    with database.begin() as unit:
        work(unit)
        unit.commit()


def test_one_of_them_gets_the_ticket(database: Database) -> None:
    prepare(database, add_profile)
    for number in range(ROUNDS):
        ticket = hashed(number)
        prepare(database, lambda unit: unit.people.add_ticket(ticket, PROFILE, Millis(9)))  # noqa: B023  (called at once)
        got = everybody(database, lambda unit, _: unit.people.redeem_ticket(ticket, Millis(1)))  # noqa: B023
        assert sorted(map(str, got)) == ["None"] * (WORKERS - 1) + [PROFILE]


def test_a_ticket_that_was_given_back_is_there_for_the_next(database: Database) -> None:
    prepare(database, add_profile)
    prepare(database, lambda unit: unit.people.add_ticket(hashed(1), PROFILE, Millis(9)))
    with database.begin() as unit:
        assert unit.people.redeem_ticket(hashed(1), Millis(1)) == PROFILE
    with database.begin() as unit:
        assert unit.people.redeem_ticket(hashed(1), Millis(1)) == PROFILE


def test_what_scanners_tried_adds_up_whoever_hears_of_it(database: Database) -> None:
    scanner = (EDGE, "usb0")

    def tries(unit: UnitOfWork, number: int) -> None:
        (guesses,) = unit.edge_records.hold_guesses({scanner}, Millis(1)).values()
        tried = with_unknown(guesses, Millis(number))
        unit.edge_records.put_guesses({scanner: tried}, Millis(1))

    for _ in range(2):
        everybody(database, tries)
    with database.begin() as unit:
        (guesses,) = unit.edge_records.hold_guesses({scanner}, Millis(2)).values()
    assert guesses.unknown_ms == tuple(sorted(2 * list(range(WORKERS))))


def test_of_phones_that_enrol_at_once_each_pair_is_told_once(database: Database) -> None:
    prepare(database, add_profile)

    def join(unit: UnitOfWork, number: int) -> int:
        person = PersonId(f"p{number}")
        hers = Enrolment(
            person=person,
            profile=PROFILE,
            device_no=DeviceNo(number + 1),
            created_ms=Millis(1_000),
            revoked_ms=None,
        )
        phone = Phone(mac_key=bytes(16), model=None)
        unit.people.add_enrolment(hers, phone, hashed(number), card(person, number))
        return len(unit.notices.phones_under(PROFILE)) - 1

    others = [each for each in everybody(database, join) if isinstance(each, int)]
    assert sorted(others) == list(range(WORKERS))


def test_what_edges_gave_up_adds_up_whoever_hears_of_it(database: Database) -> None:
    reasons = ("spool_full", "spool_corrupt", "other")

    def add(unit: UnitOfWork, number: int) -> None:
        mixed = Random(number).sample(reasons, len(reasons))
        losses = {(edge, reason): 1 for reason in mixed for edge in (EDGE, EdgeId("other"))}
        unit.edge_records.add_losses(losses, Millis(number))

    done = sum(each is None for _ in range(ROUNDS) for each in everybody(database, add))
    with database.read() as unit:
        assert unit.edge_records.losses() == {
            edge: dict.fromkeys(reasons, done) for edge in (EDGE, EdgeId("other"))
        }


def test_one_of_them_is_the_heir_and_the_others_see_it(database: Database) -> None:
    for round_ in range(ROUNDS):

        def begin(unit: UnitOfWork, number: int, previous: str = f"p{round_}") -> bool:
            """Return whether this worker is the one that notices that there are two."""
            start = Start(edge=EDGE, previous=previous, stream=f"s{number}")
            ((lineage, before),) = unit.edge_records.heirs([start]).items()
            after = heard(before, start, Millis(7))
            unit.edge_records.put_heirs({lineage: after})
            return after != before

        got = everybody(database, begin)
        assert sorted(map(str, got)) == ["False"] * (WORKERS - 1) + ["True"]


def test_one_of_them_takes_the_batches_in(database: Database) -> None:
    for seq in range(0, 3 * ROUNDS, 3):
        records = [
            BatchRecord(
                key=BatchKey(edge=EDGE, stream="s", seq=seq + each),
                sha256=hashed(1),
                received_ms=Millis(1),
            )
            for each in range(3)
        ]

        def take(unit: UnitOfWork, number: int, records: list[BatchRecord] = records) -> str:
            Random(number).shuffle(records)
            unit.batches.record(records)
            return "taken"

        got = everybody(database, take)
        assert got.count("taken") == 1
        assert sum(isinstance(each, DatabaseBusyError) for each in got) == WORKERS - 1


def test_one_of_them_gives_a_day_its_key(database: Database) -> None:
    everybody(database, lambda unit, number: unit.day_keys.add(Day(1), bytes([number]) * 32))
    with database.read() as unit:
        first = unit.day_keys.keys([Day(1)])
    everybody(database, lambda unit, number: unit.day_keys.add(Day(1), bytes([number + 9]) * 32))
    with database.read() as unit:
        assert unit.day_keys.keys([Day(1)]) == first


def test_nothing_is_claimed_twice_and_nothing_is_left(database: Database) -> None:
    people = [PersonId(f"p{number}") for number in range(40)]
    prepare(
        database,
        lambda unit: unit.outgoing.add(
            [fact(f"f-{each}", each) for each in people], ["crm"], Millis(0)
        ),
    )
    claimed: list[str] = []
    for _ in range(20):
        for got in everybody(
            database,
            lambda unit, _: [
                each.fact.fact for each in unit.outgoing.claim("crm", Millis(0), 1_000, 3)
            ],
        ):
            assert not isinstance(got, DatabaseBusyError)
            claimed += got
    assert sorted(claimed) == sorted(f"f-{each}" for each in people)


def test_a_person_is_held_until_the_end_of_the_unit_of_work(database: Database) -> None:
    prepare(database, enrol)
    begun = Event()
    order: list[str] = []

    def second() -> None:
        with database.begin() as unit:
            begun.set()
            unit.people.lock([ANNA])
            order.append("second")

    def first() -> None:
        with database.begin() as unit:
            unit.people.lock([ANNA])
            waiting = pool.submit(second)
            # SQLite's second writer already waits to begin; PostgreSQL's waits for Anna.
            begun.wait(0.2)
            order.append("first")
            unit.commit()
        waiting.result(LIMIT_S)

    with ThreadPoolExecutor(1) as pool:
        first()
    assert order == ["first", "second"]


def test_a_stamp_is_of_what_is_so_once_she_is_held(sql: SqlDatabase) -> None:
    """Whoever waits for her gets the stamp of what was done meanwhile, not of when it asked."""
    prepare(sql, enrol)
    begun = Event()
    stamps: list[Stamp] = []

    def second() -> None:
        with sql.begin() as unit:
            begun.set()
            stamps.append(unit.people.lock([ANNA])[ANNA])
            assert unit.ledger.entries([ANNA]) == {ANNA: [entry()]}

    with ThreadPoolExecutor(1) as pool, sql.begin() as unit:
        before = unit.people.lock([ANNA])[ANNA]
        waiting = pool.submit(second)
        begun.wait(0.2)
        unit.ledger.append([entry()])
        after = unit.people.lock([ANNA])[ANNA]
        unit.commit()
        waiting.result(LIMIT_S)
    assert stamps == [after]
    assert before != after


def test_people_are_held_in_one_order_so_nobody_waits_in_a_circle(database: Database) -> None:
    people = [PersonId(f"p{number}") for number in range(8)]
    prepare(
        database,
        lambda unit: [enrol(unit, each, number=at + 1) for at, each in enumerate(people)],
    )

    def hold(unit: UnitOfWork, number: int) -> str:
        unit.people.lock(Random(number).sample(people, len(people)))
        return "held"

    for _ in range(ROUNDS):
        assert everybody(database, hold) == ["held"] * WORKERS


def test_the_same_evidence_from_everybody_is_joined_without_a_circle(database: Database) -> None:
    reports = [
        interval(1_000, 2_000 + n, person=person, scanner=f"s{scanner}", n=n, zone=f"z{n % 3}")
        for person in (ANNA, BEN)
        for scanner in range(10)
        for n in range(1, 4)
    ]

    def report(unit: UnitOfWork, number: int) -> str:
        unit.intervals.join(Random(number).sample(reports, len(reports)))
        return "joined"

    for _ in range(ROUNDS):
        assert everybody(database, report) == ["joined"] * WORKERS
    with database.read() as unit:
        stored = unit.intervals.within(ANNA, STORE, Millis(0), Millis(9_999))
    assert tuple(stored) == gathered(each for each in reports if each.key.person == ANNA)


def test_facts_of_one_person_keep_their_places(database: Database) -> None:
    prepare(database, enrol)

    def tell(unit: UnitOfWork, number: int) -> str:
        unit.people.lock([ANNA])
        unit.outgoing.add([fact(f"f-{number}-{at}") for at in range(3)], ["crm"], Millis(0))
        return "told"

    assert everybody(database, tell) == ["told"] * WORKERS
    places = []
    with database.begin() as unit:
        while got := unit.outgoing.claim("crm", Millis(0), 1_000, 9):
            places += [each.sequence for each in got]
            unit.outgoing.delivered("crm", got[0].fact.fact, Millis(1))
    assert places == list(range(1, 3 * WORKERS + 1))


def test_facts_told_without_holding_the_person_are_never_in_one_place(database: Database) -> None:
    got = everybody(
        database,
        lambda unit, number: unit.outgoing.add([fact(f"f-{number}")], ["crm"], Millis(0)),
    )
    told = sum(each is None for each in got)
    assert told >= 1
    with database.read() as unit:
        assert unit.outgoing.waiting("crm")[0] == told


def test_a_key_that_another_wrote_first_is_busy(database: Database) -> None:
    prepare(database, add_profile)
    prepare(database, lambda unit: unit.people.add_ticket(hashed(1), PROFILE, Millis(9)))
    with database.begin() as unit, pytest.raises(DatabaseBusyError):
        unit.people.add_ticket(hashed(1), PROFILE, Millis(9))
