"""Nothing brings back somebody who was forgotten, and whoever begins anew begins anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from shopbell_server.core.ids import ProfileId
from shopbell_server.ports.database import DatabaseBusyError
from shopbell_server.usecases.customers.enrol import TicketOrder, make_ticket
from shopbell_server.usecases.identity.profiles import Done
from shopbell_server.usecases.keeping.erase import finish
from tests.server.usecases.floor import SECOND, batch
from tests.server.usecases.identity.test_profiles import taken_out
from tests.server.usecases.keeping.forgetting import LATER, forgotten

if TYPE_CHECKING:
    from shopbell_server.usecases.customers.enrol import Ticket
    from tests.server.usecases.floor import Floor


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
