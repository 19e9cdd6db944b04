"""Somebody is forgotten: at once, wholly, once, and for good."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from shopbell_server.core.audit.chain import Actor, What
from shopbell_server.core.consent.ledger import Purpose, active_purposes
from shopbell_server.core.facts import ProfileErased
from shopbell_server.core.ids import FactId, Millis, PersonId, ProfileId, ReceiptId
from shopbell_server.core.keeping.erasure import DONE_MS, is_overdue, mark_kind, stands_for
from shopbell_server.core.keeping.owners import owner_of_person, owner_of_profile
from shopbell_server.ports.boxes import Content
from shopbell_server.ports.database import DatabaseBusyError
from shopbell_server.ports.receipts import TillReceipt
from shopbell_server.ports.told import Told
from shopbell_server.usecases.customers.enrol import TicketOrder, make_ticket
from shopbell_server.usecases.identity.profiles import Done
from shopbell_server.usecases.keeping.erase import (
    NOT_ANSWERED,
    NOT_CONFIGURED,
    Erased,
    erase,
    finish,
    unreadable,
)
from shopbell_server.usecases.visits.recompute import Terms
from tests.server.usecases.floor import MINUTE, NOW, RULES, SECOND, SINK, STORE, batch
from tests.server.usecases.identity.test_profiles import taken_out

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shopbell_server.core.consent.ledger import Entry
    from shopbell_server.core.keeping.erasure import Erasure
    from shopbell_server.ports.boxes import Boxes
    from shopbell_server.ports.database import UnitOfWork
    from shopbell_server.usecases.customers.enrol import Ticket
    from tests.server.usecases.floor import Floor, Someone

HERSELF = Actor(kind="phone", name="")
TERMS = Terms(rules=RULES, sinks=(SINK,))
LATER = Millis(NOW + MINUTE)
STAYS = (
    "consent_entries", "ledger", "audit_records", "audit", "audit_heads",
    "erasures", "told", "deliveries", "facts", "facts_told",
)  # fmt: skip
"""Where her id stays: what she allowed, what was done, and what sinks have to be told."""


def forget(
    floor: Floor, person: PersonId, terms: Terms = TERMS, at_ms: Millis = LATER
) -> Erased | None:
    with floor.database.begin() as work:
        erased = erase(work, floor.entropy, at_ms, person=person, actor=HERSELF, terms=terms)
        work.commit()
    return erased


def forgotten(floor: Floor, someone: Someone) -> Erasure:
    erased = forget(floor, someone.person)
    assert erased is not None
    return erased.erasures[-1]


def sent(floor: Floor, erasure: Erasure) -> Sequence[ProfileErased]:
    """Hand over what waits for the sink, and say what it was."""
    with floor.database.begin() as work:
        claimed = work.outgoing.claim(SINK, Millis(LATER + 1), 0, 9)
        for each in claimed:
            work.outgoing.delivered(SINK, each.fact.fact, LATER)
        work.commit()
    mine = [each.fact for each in claimed if each.fact.person == stands_for(erasure.id)]
    assert all(isinstance(each, ProfileErased) for each in mine)
    return mine  # type: ignore[return-value]  # as was just said


def everything_of(floor: Floor, someone: Someone) -> None:
    """Let her be in every table that she can be in."""
    floor.hear(floor.shows_pass(someone), floor.presence(someone))
    with floor.database.begin() as work:
        work.receipts.keep(
            TillReceipt(
                receipt=ReceiptId("r-1"),
                store=STORE,
                till="1",
                at_ms=Millis(NOW),
                person=someone.person,
                request_mac=bytes(32),
                joined=True,
            )
        )
        work.told.note([a_telling(someone, SINK)])
        work.people.add_ticket(b"t" * 32, someone.enrolment.profile, LATER)
        work.commit()


def a_telling(someone: Someone, sink: str) -> Told:
    return Told(
        person=someone.person,
        sink=sink,
        fact=FactId(f"told-{sink}"),
        kind="shopbell.visit.started.v1",
        at_ms=Millis(NOW),
        delivered=True,
        answer="200",
    )


def test_nothing_of_her_is_left_but_what_says_that_she_was_forgotten(floor: Floor) -> None:
    ada = floor.enrol("adelheid", 1, external_ids={"crm": "crm-c-77"})
    everything_of(floor, ada)
    assert (
        "First-adelheid" not in floor.rows() or floor.url is None
    )  # sealed, where there is a disk
    erasure = forgotten(floor, ada)
    assert floor.visits(ada) == []
    # On a disk tombstones are marks that nobody can read.
    rows = floor.rows(*STAYS, *(() if floor.url else ("tombstones",)))
    for told in ("adelheid", "First-", "crm-c-77", str(ada.card.ref), ada.card.secret.hex()):
        assert told not in rows, told
    with floor.database.read() as work:
        assert work.people.by_device_no([ada.enrolment.device_no]) == {}
        receipt = work.receipts.recall(ReceiptId("r-1"))
        assert receipt is not None
        assert receipt.person is None
        assert work.erasures.erased("person", [ada.person]) == {ada.person: LATER}
        assert work.erasures.erased("profile", ["profile-adelheid"]) == {"profile-adelheid": LATER}
        assert work.erasures.erased(mark_kind("crm"), ["crm-c-77"]) == {"crm-c-77": LATER}
    assert erasure.asked_by == "phone"


def test_the_ledger_says_that_it_all_ended_and_the_audit_that_she_was_erased(floor: Floor) -> None:
    ada = floor.enrol("ada", 1)
    before = ledger_of(floor, ada)
    erasure = forgotten(floor, ada)
    after = ledger_of(floor, ada)
    assert after[: len(before)] == before
    assert {each.purpose for each in after[len(before) :]} == {
        Purpose.RECOGNISE_IN_STORE,
        Purpose.SHARE_WITH_CDP,
    }
    assert active_purposes(after, LATER) == frozenset()
    with floor.database.read() as work:
        (record,) = [each for each in work.audit.records(0) if each.act.what == What.ERASED]
    assert (record.act.person, record.act.about) == (ada.person, erasure.id)


def ledger_of(floor: Floor, someone: Someone) -> list[Entry]:
    with floor.database.read() as work:
        return list(work.ledger.entries([someone.person]).get(someone.person, ()))


def test_whoever_is_gone_is_not_forgotten_again(floor: Floor) -> None:
    ada = floor.enrol("ada", 1)
    assert forget(floor, ada.person) is not None
    rows = floor.rows()
    assert forget(floor, ada.person) is None
    assert forget(floor, PersonId("nobody")) is None
    assert floor.rows() == rows


def test_boards_are_told_to_look_again(floor: Floor) -> None:
    ada = floor.enrol("ada", 1)
    floor.hear(floor.shows_pass(ada))
    erased = forget(floor, ada.person)
    assert erased is not None
    assert erased.changed == {STORE: {ada.person}}


def test_who_shares_her_card_keeps_it(floor: Floor) -> None:
    ada = floor.enrol("ada", 1, external_ids={"crm": "c-77"}, profile="home")
    ben = floor.enrol("ben", 2, external_ids={"crm": "c-77"}, profile="home")
    for each in (ada, ben):
        floor.hear(floor.shows_pass(each))
    erasure = forgotten(floor, ada)
    assert erasure.profiles == ()
    (told,) = sent(floor, erasure)
    assert told.known_as == {}  # the card's number is not hers alone
    with floor.database.read() as work:
        profile = work.people.profiles([ProfileId("home")])[ProfileId("home")]
        assert profile.first_name == "First-ben"
        assert work.erasures.erased("profile", ["home"]) == {}
    assert len(floor.visits(ben)) == 1
    # He is the last: now it goes.
    assert forgotten(floor, ben).profiles == ("home",)


def test_phones_that_she_had_before_are_forgotten_with_the_last(floor: Floor) -> None:
    old = floor.enrol("ada-old", 1, profile="home")
    new = floor.enrol("ada-new", 2, profile="home")
    with floor.database.begin() as work:
        work.people.revoke(old.person, Millis(NOW))
        work.commit()
    erased = forget(floor, new.person)
    assert erased is not None
    assert [each.person for each in erased.erasures] == [old.person, new.person]
    with floor.database.read() as work:
        assert work.people.enrolments([old.person, new.person]) == {}


# ------------------------------------------------------------------ keys


def sealed_of(floor: Floor, someone: Someone) -> list[Content]:
    owners = (owner_of_person(someone.person), owner_of_profile(someone.enrolment.profile))
    values = [Content(owner, "row", b"her name") for owner in owners]
    boxes = floor.database.boxes.seal("t.c", values)
    return [Content(each.owner, "row", box) for each, box in zip(values, boxes, strict=True)]


def test_what_was_sealed_of_her_opens_no_more_not_even_from_a_backup(floor: Floor) -> None:
    ada = floor.enrol("ada", 1)
    backup = sealed_of(floor, ada)
    assert floor.database.boxes.open("t.c", backup) == [b"her name", b"her name"]
    finish(floor.database, forgotten(floor, ada), LATER)
    assert floor.database.boxes.open("t.c", backup) == [None, None]


def test_who_came_back_with_a_backup_of_the_database_is_found(floor: Floor) -> None:
    if floor.url is None:
        pytest.skip("in memory nothing is sealed")
    ada, ben = floor.enrol("ada", 1), floor.enrol("ben", 2)
    assert unreadable(floor.database) == ([], 2)
    floor.database.boxes.destroy([owner_of_person(ada.person)])  # as if her rows had come back
    assert unreadable(floor.database) == ([ada.person], 2)
    finish(floor.database, forgotten(floor, ada), LATER)
    assert unreadable(floor.database) == ([], 1)
    assert floor.visits(ben) == []


# ------------------------------------------------------------------ sinks


def test_sinks_are_told_under_the_name_that_they_know_her_by(floor: Floor) -> None:
    ada = floor.enrol("ada", 1, external_ids={"crm": "c-77"})
    floor.hear(floor.shows_pass(ada))
    before = len(floor.facts())
    erasure = forgotten(floor, ada)
    (told,) = sent(floor, erasure)
    assert (told.customer, told.known_as, told.after) == (ada.person, {"crm": "c-77"}, before)


def test_it_is_done_when_the_last_sink_has_answered(floor: Floor) -> None:
    ada = floor.enrol("ada", 1)
    erasure = forgotten(floor, ada)
    assert not finish(floor.database, erasure, LATER)
    assert answers(floor, erasure) == [(SINK, NOT_ANSWERED)]
    (waits,) = undone(floor)
    assert waits.keys_ms == LATER
    assert not is_overdue(waits, Millis(LATER + DONE_MS))
    assert is_overdue(waits, Millis(LATER + DONE_MS + 1))
    assert len(sent(floor, erasure)) == 1
    assert finish(floor.database, waits, Millis(LATER + 5))
    assert undone(floor) == []
    with floor.database.read() as work:
        done = work.erasures.get(erasure.id)
        assert done == replace(erasure, keys_ms=LATER, done_ms=Millis(LATER + 5), profiles=())
        assert work.erasures.told_so_far(stands_for(erasure.id)) == 0
    assert finish(floor.database, waits, Millis(LATER + 9))


def answers(floor: Floor, erasure: Erasure) -> list[tuple[str, str]]:
    with floor.database.read() as work:
        return [(each.sink, each.answer) for each in work.told.of(stands_for(erasure.id))]


def undone(floor: Floor) -> Sequence[Erasure]:
    with floor.database.read() as work:
        return work.erasures.undone(9)


def test_a_sink_that_was_never_told_of_her_learns_nothing(floor: Floor) -> None:
    ada = floor.enrol("ada", 1, share=False)
    erasure = forgotten(floor, ada)
    assert sent(floor, erasure) == []
    assert finish(floor.database, erasure, LATER)


def test_a_sink_that_she_shared_with_once_is_told(floor: Floor) -> None:
    ada = floor.enrol("ada", 1, share=False)
    with floor.database.begin() as work:
        work.told.note([a_telling(ada, SINK)])
        work.commit()
    assert len(sent(floor, forgotten(floor, ada))) == 1


def test_a_sink_that_is_no_more_is_left_to_be_told_by_hand(floor: Floor) -> None:
    ada = floor.enrol("ada", 1, share=False)
    with floor.database.begin() as work:
        work.told.note([a_telling(ada, "old-cdp")])
        work.commit()
    erasure = forgotten(floor, ada)
    assert finish(floor.database, erasure, LATER)
    assert answers(floor, erasure) == [("old-cdp", NOT_CONFIGURED)]


# ------------------------------------------------------------------ for good


def test_what_comes_in_late_is_nobodys(floor: Floor) -> None:
    ada = floor.enrol("ada", 1)
    late = batch(floor.shows_pass(ada), floor.presence(ada), stream="9" * 32)
    erasure = forgotten(floor, ada)
    finish(floor.database, erasure, LATER)
    rows = floor.rows("batches", "streams", "streams_ms", "token_counts")
    taken = floor.take(late, now_ms=LATER + SECOND)
    assert taken.events["recognised"] == taken.events["pass_accepted"] == 0
    assert floor.rows("batches", "streams", "streams_ms", "token_counts") == rows


def test_a_new_start_knows_nothing_of_before(floor: Floor) -> None:
    ada = floor.enrol("ada", 1)
    late = floor.shows_pass(ada)
    finish(floor.database, forgotten(floor, ada), LATER)
    again = floor.enrol("ada-again", 2, given_ms=LATER, profile="profile-ada")
    floor.hear(late, floor.shows_pass(again, LATER + SECOND), now_ms=LATER + 2 * SECOND)
    (visit,) = floor.visits(again)
    assert visit.session.start_ms == LATER + SECOND
    assert floor.visits(ada) == []


def asks_anew(floor: Floor) -> Ticket:
    """Ask for a ticket for her, as the app's backend does."""
    order = TicketOrder(
        profile=ProfileId("profile-ada"),
        external_ids={"crm": "c-77"},
        first_name="Ada",
        language="nl",
    )
    with floor.database.begin() as work:
        ticket = make_ticket(work, floor.entropy, order, LATER)
        work.commit()
    return ticket


def is_there(floor: Floor) -> tuple[str | None, list[str]]:
    """Return what is readable of her profile: her name, and her numbers."""
    profile = ProfileId("profile-ada")
    with floor.database.read() as work:
        links = work.identity.links([profile]).get(profile, ())
        return work.people.profiles([profile])[profile].first_name, [each.value for each in links]


def test_who_comes_back_before_her_keys_are_gone_is_told_to_wait(floor: Floor) -> None:
    """What she says now would become unreadable with the keys of before, and nobody would ever know."""
    erasure = forgotten(floor, floor.enrol("ada", 1, external_ids={"crm": "c-77"}))
    rows = floor.rows()
    with pytest.raises(DatabaseBusyError, match="being forgotten"):
        asks_anew(floor)
    assert floor.rows() == rows
    finish(floor.database, erasure, LATER)
    assert asks_anew(floor).refused == ()
    assert is_there(floor) == ("Ada", ["c-77"])


def test_nobody_is_split_off_under_an_id_whose_key_is_about_to_go(floor: Floor) -> None:
    ada = floor.enrol("ada", 1)
    ben, _ = floor.enrol("ben", 2, profile="home"), floor.enrol("eve", 3, profile="home")
    erasure = forgotten(floor, ada)
    home, anew = ProfileId("home"), ada.enrolment.profile
    with pytest.raises(DatabaseBusyError, match="being forgotten"):
        taken_out(floor, home, [ben.person], [], anew)
    finish(floor.database, erasure, LATER)
    assert isinstance(taken_out(floor, home, [ben.person], [], anew), Done)


def test_who_finishes_late_leaves_the_keys_of_who_began_anew(floor: Floor) -> None:
    """Two read that her keys are to be destroyed; between them she came back."""
    erasure = forgotten(floor, floor.enrol("ada", 1))
    finish(floor.database, erasure, LATER)
    asks_anew(floor)
    finish(floor.database, erasure, LATER)
    assert is_there(floor) == ("Ada", ["c-77"])


# ------------------------------------------------------------------ broken off


class BrokenError(Exception):
    """The process died here."""


class Dying:
    """A database that dies at its n-th step: beginning, committing, destroying keys."""

    def __init__(self, floor: Floor, steps: int) -> None:
        self._database = floor.database
        self.left = steps
        self.boxes = DyingBoxes(self)

    def step(self) -> None:
        if self.left == 0:
            raise BrokenError
        self.left -= 1

    def begin(self) -> UnitOfWork:
        self.step()
        return self._database.begin()

    def read(self) -> UnitOfWork:
        self.step()
        return self._database.read()

    @property
    def real(self) -> Boxes:
        return self._database.boxes


class DyingBoxes:
    def __init__(self, database: Dying) -> None:
        self._database = database

    def ask(self) -> None:
        self._database.step()

    def destroy(self, owners: Sequence[object]) -> None:
        self._database.step()
        self._database.real.destroy(owners)  # type: ignore[arg-type]  # they are handed on


@pytest.mark.parametrize("steps", range(8))
def test_a_crash_anywhere_is_completed(floor: Floor, steps: int) -> None:
    ada = floor.enrol("ada", 1)
    backup = sealed_of(floor, ada)
    erasure = forgotten(floor, ada)
    dying = Dying(floor, steps)
    try:
        finish(dying, erasure, LATER)  # type: ignore[arg-type]  # as much of it as is asked for
    except BrokenError:
        assert steps < 5
    sent(floor, erasure)
    (left,) = undone(floor)
    dying = Dying(floor, steps)
    try:
        done = finish(dying, left, LATER)  # type: ignore[arg-type]  # the same
    except BrokenError:
        done = False
    for each in undone(floor):
        assert finish(floor.database, each, LATER)
        done = True
    assert done
    assert undone(floor) == []
    assert floor.database.boxes.open("t.c", backup) == [None, None]
    assert floor.visits(ada) == []
