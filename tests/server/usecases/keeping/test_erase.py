"""Somebody is forgotten: at once, wholly and once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shopbell_server.core.audit.chain import What
from shopbell_server.core.consent.ledger import Purpose, active_purposes
from shopbell_server.core.ids import Millis, PersonId, ProfileId, ReceiptId
from shopbell_server.core.keeping.erasure import mark_kind
from shopbell_server.ports.receipts import TillReceipt
from tests.server.usecases.floor import NOW, SINK, STORE
from tests.server.usecases.keeping.forgetting import LATER, a_telling, forget, forgotten, sent

if TYPE_CHECKING:
    from shopbell_server.core.consent.ledger import Entry
    from tests.server.usecases.floor import Floor, Someone


STAYS = (
    "consent_entries", "ledger", "audit_records", "audit", "audit_heads",
    "erasures", "told", "deliveries", "facts", "facts_told",
)  # fmt: skip
"""Where her id stays: what she allowed, what was done, and what sinks have to be told."""


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
