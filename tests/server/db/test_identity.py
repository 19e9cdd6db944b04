"""Identifiers and the history of profiles, on every database."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from shopbell_server.core.identity.history import Born, IdentityEntry, Moved
from shopbell_server.core.ids import EntryId, LinkId, Millis, PersonId, ProfileId
from shopbell_server.core.keeping.owners import owner_of_profile
from shopbell_server.ports.database import DatabaseBusyError, DatabaseRefusedError
from tests.rigs.postgres import as_superuser
from tests.server.db.rows import ANNA, BEN, PROFILE, add_profile, enrol, hashed
from tests.server.links import link

if TYPE_CHECKING:
    from shopbell_server.core.identity.history import What
    from shopbell_server.db.unit_of_work import SqlDatabase
    from shopbell_server.ports.database import UnitOfWork

OTHER = ProfileId("profile-2")
NUMBER = "2912345678901"


def entry(
    what: What = "merged",
    moved: Moved | None = None,
    *,
    name: str = "e1",
    number: int = 1,
    source: ProfileId = OTHER,
    target: ProfileId | None = PROFILE,
    about: str | None = None,
) -> IdentityEntry:
    return IdentityEntry(
        id=EntryId(name),
        number=number,
        what=what,
        at_ms=Millis(7),
        source=source,
        target=target,
        moved=moved or Moved(),
        about=None if about is None else EntryId(about),
        joined_as="one_person" if what == "merged" else None,
        joined=frozenset({ANNA, BEN}) if what == "merged" else frozenset(),
        reason="duplicate",
        by="staff:op",
    )


def two_profiles(work: UnitOfWork) -> None:
    """Let Anna be enrolled under one profile, Ben under the other."""
    anna = enrol(work, ANNA, number=1)
    add_profile(work, OTHER)
    enrol(work, BEN, number=2)
    work.identity.append(
        entry("followed", Moved(persons=(BEN,)), name="e0", source=PROFILE, target=OTHER)
    )
    assert anna.profile == PROFILE


# ------------------------------------------------------------------ identifiers


def test_identifiers_come_back_with_their_evidence(work: UnitOfWork) -> None:
    add_profile(work)
    said = link(work, PROFILE, "crm", "C-1", at_ms=5)
    again = link(work, PROFILE, "crm", "C-2", at_ms=6)
    assert work.identity.links([PROFILE, OTHER]) == {PROFILE: [said, again]}
    assert list(work.identity.links_by_id([again.id, LinkId("none")])) == [again]
    assert work.identity.links([]) == {}


def test_whoever_has_a_value_is_found_by_it(work: UnitOfWork) -> None:
    two_profiles(work)
    link(work, PROFILE, "loyalty_number", NUMBER)
    link(work, OTHER, "loyalty_number", NUMBER)
    add_profile(work, ProfileId("alone"))
    link(work, ProfileId("alone"), "loyalty_number", "30")
    assert work.identity.bearers("loyalty_number", NUMBER) == {PROFILE, OTHER}
    assert work.identity.bearers("crm", NUMBER) == frozenset()
    found = work.identity.persons_by("loyalty_number", [NUMBER, "30", "31"])
    assert {value: list(each) for value, each in found.items()} == {
        NUMBER: sorted([ANNA, BEN]),
        "30": [],
    }
    assert work.identity.persons_by("loyalty_number", []) == {}


def test_a_value_that_a_profile_has_twice_finds_each_person_once(work: UnitOfWork) -> None:
    enrol(work)
    link(work, PROFILE, "crm", "C-1")
    link(work, PROFILE, "crm", "C-1")
    assert list(work.identity.persons_by("crm", ["C-1"])["C-1"]) == [ANNA]


def test_an_identifier_needs_a_profile(work: UnitOfWork) -> None:
    with pytest.raises(DatabaseRefusedError):
        link(work, ProfileId("nobody"), "crm", "C-1")


def test_an_identifier_is_new(work: UnitOfWork) -> None:
    add_profile(work)
    said = link(work, PROFILE, "crm", "C-1")
    with pytest.raises(DatabaseBusyError):
        work.identity.add([said])


def test_a_value_is_blocked_until_it_is_not(work: UnitOfWork) -> None:
    work.identity.block("crm", "C-0", Millis(1), "staff:op")
    work.identity.block("crm", "C-0", Millis(2), "staff:op")
    work.identity.block("*", "kassa", Millis(2), "staff:op")
    assert work.identity.is_blocked("crm", "C-0")
    assert not work.identity.is_blocked("webshop_id", "C-0")
    assert work.identity.is_blocked("webshop_id", "kassa")
    assert work.identity.is_blocked("webshop_id", "KAS SA"), "as every kind: however it is written"
    assert work.identity.unblock("crm", "C-0")
    assert not work.identity.unblock("crm", "C-0")
    assert not work.identity.is_blocked("crm", "C-0")


def test_holding_holds_up_nobody_who_is_alone(work: UnitOfWork) -> None:
    add_profile(work)
    work.identity.hold([PROFILE, OTHER])
    work.identity.hold([])
    work.identity.hold_values([("crm", "b"), ("crm", "a"), ("crm", "b")])
    work.identity.hold_values([])


# ------------------------------------------------------------------ history


def test_an_entry_moves_what_it_says(work: UnitOfWork) -> None:
    two_profiles(work)
    said = link(work, OTHER, "crm", "C-1")
    merged = entry(moved=Moved(persons=(BEN,), links=(said.id,)), number=2)
    work.identity.append(merged)
    assert work.people.enrolments([BEN])[BEN].profile == PROFILE
    assert work.identity.enrolled([PROFILE, OTHER]) == {PROFILE: [ANNA, BEN]}
    assert work.identity.links([PROFILE, OTHER]) == {PROFILE: [replace(said, profile=PROFILE)]}
    assert work.identity.absorbed([PROFILE, OTHER]) == {OTHER: PROFILE}
    assert work.identity.taken_in([PROFILE, OTHER]) == {OTHER: PROFILE}
    assert work.identity.entry(merged.id) == merged
    assert work.identity.history([OTHER])[-1] == merged
    assert work.identity.history([PROFILE])[-1] == merged


def test_undoing_a_merge_gives_the_profile_back(work: UnitOfWork) -> None:
    two_profiles(work)
    work.identity.append(entry(moved=Moved(persons=(BEN,)), number=2))
    back = entry(
        "undone",
        Moved(persons=(BEN,)),
        name="e2",
        number=3,
        source=PROFILE,
        target=OTHER,
        about="e1",
    )
    work.identity.append(back)
    assert work.identity.absorbed([OTHER]) == {}
    assert work.identity.enrolled([PROFILE, OTHER]) == {PROFILE: [ANNA], OTHER: [BEN]}
    assert [each.id for each in work.identity.history([PROFILE])] == ["e0", "e1", "e2"]


def test_moving_somebody_gives_her_a_new_stamp(work: UnitOfWork) -> None:
    two_profiles(work)
    before = work.people.lock([ANNA, BEN])
    work.identity.append(entry(moved=Moved(persons=(BEN,)), number=2))
    after = work.people.lock([ANNA, BEN])
    assert after[BEN] != before[BEN]
    assert after[ANNA] == before[ANNA]


def test_an_unlinked_identifier_is_nobodys_and_its_beginning_is_remembered(
    work: UnitOfWork,
) -> None:
    add_profile(work)
    said = link(work, PROFILE, "crm", "C-1")
    work.identity.append(entry("unlinked", Moved(links=(said.id,)), source=PROFILE, target=None))
    assert work.identity.links([PROFILE]) == {}
    assert work.identity.bearers("crm", "C-1") == frozenset()
    assert work.identity.born([PROFILE]).links == {said.id: PROFILE}


def test_everything_is_born_at_home(work: UnitOfWork) -> None:
    two_profiles(work)
    said = link(work, OTHER, "crm", "C-1")
    work.identity.append(entry(moved=Moved(persons=(BEN,), links=(said.id,)), number=2))
    # Ben was enrolled under the first profile to begin with.
    assert work.identity.born([PROFILE]) == Born(persons={ANNA: PROFILE, BEN: PROFILE}, links={})
    assert work.identity.born([OTHER]) == Born(persons={}, links={said.id: OTHER})


def test_where_somebody_was_enrolled_is_remembered(work: UnitOfWork) -> None:
    two_profiles(work)
    assert work.identity.homes([ANNA, BEN, PersonId("nobody")]) == {ANNA: PROFILE, BEN: PROFILE}


def test_an_entry_is_new(work: UnitOfWork) -> None:
    two_profiles(work)
    with pytest.raises(DatabaseBusyError):
        work.identity.append(entry(name="e0"))


def test_an_entry_that_is_not_there_is_none(work: UnitOfWork) -> None:
    assert work.identity.entry(EntryId("none")) is None
    assert list(work.identity.history([PROFILE])) == []


def test_what_is_forgotten_leaves_what_it_gave_to_others(work: UnitOfWork) -> None:
    two_profiles(work)
    given, kept = link(work, OTHER, "crm", "C-1"), link(work, OTHER, "crm", "C-2")
    gone = link(work, OTHER, "crm", "C-3")
    moved = Moved(persons=(BEN,), links=(given.id,))
    work.identity.append(entry("split", moved, number=2))
    work.identity.append(
        entry("unlinked", Moved(links=(gone.id,)), name="e2", number=3, target=None)
    )
    work.people.add_ticket(hashed(9), OTHER, Millis(99))
    work.identity.forget([OTHER])
    assert OTHER not in work.people.profiles([OTHER, PROFILE])
    assert list(work.identity.history([OTHER, PROFILE])) == []
    assert work.identity.links([OTHER]) == {}
    assert work.identity.born([OTHER]) == Born(persons={}, links={})
    assert work.identity.links([PROFILE]) == {
        PROFILE: [replace(given, profile=PROFILE, home=PROFILE)]
    }
    assert work.identity.born([PROFILE]).persons == {ANNA: PROFILE, BEN: PROFILE}
    assert work.people.redeem_ticket(hashed(9), Millis(1)) is None
    assert kept.id not in work.identity.born([PROFILE]).links


def test_a_merged_profile_is_forgotten_with_the_one_it_is_part_of(work: UnitOfWork) -> None:
    add_profile(work)
    add_profile(work, OTHER)
    work.identity.append(entry())
    work.identity.forget([PROFILE, OTHER])
    assert work.people.profiles([PROFILE, OTHER]) == {}
    assert work.identity.absorbed([OTHER]) == {}


def test_a_profile_with_enrolments_is_not_forgotten(sql_work: UnitOfWork) -> None:
    enrol(sql_work)
    with pytest.raises(DatabaseRefusedError):
        sql_work.identity.forget([PROFILE])


# ------------------------------------------------------------------ what the database keeps


def test_no_value_stands_in_the_database(sql: SqlDatabase, url: str) -> None:
    mail = "ab" * 32
    with sql.begin() as work:
        two_profiles(work)
        said = [
            link(work, OTHER, "loyalty_number", NUMBER),
            link(work, OTHER, "email_sha256", mail),
        ]
        work.identity.block("loyalty_number", NUMBER, Millis(1), "staff:op")
        moved = Moved(persons=(BEN,), links=tuple(each.id for each in said))
        work.identity.append(entry(moved=moved, number=2))
        work.commit()
    everything = stored(url)
    assert NUMBER not in everything
    assert mail not in everything
    assert bytes.fromhex(mail).hex() not in everything
    with sql.read() as work:
        assert {each.value for each in work.identity.links([PROFILE])[PROFILE]} == {NUMBER, mail}


def test_an_identifier_of_a_destroyed_key_is_nobodys(sql: SqlDatabase) -> None:
    with sql.begin() as work:
        add_profile(work)
        link(work, PROFILE, "crm", "C-1")
        work.commit()
    sql.boxes.destroy([owner_of_profile(PROFILE)])
    with sql.read() as work:
        assert work.identity.links([PROFILE]) == {}


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE identity_entries SET reason = 'mistake'",
        "DELETE FROM identity_entries",
    ],
)
def test_the_history_only_grows(sql: SqlDatabase, url: str, statement: str) -> None:
    with sql.begin() as work:
        two_profiles(work)
        work.commit()
    engine = create_engine(owned(url), poolclass=NullPool)
    with engine.begin() as connection, pytest.raises(Exception, match="only grows"):
        connection.execute(text(statement))


def owned(url: str) -> str:
    return as_superuser(url).replace("postgresql://", "postgresql+psycopg://")


def stored(url: str) -> str:
    tables = ("identifiers", "identity_entries", "blocked_identifiers", "absorbed_profiles")
    engine = create_engine(owned(url), poolclass=NullPool)
    with engine.connect() as connection:
        return repr(
            [connection.execute(text(f"SELECT * FROM {table}")).all() for table in tables]  # noqa: S608
        )
