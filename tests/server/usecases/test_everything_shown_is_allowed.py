"""No field leaves without its purposes, its evidence and its viewer, wherever it leaves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from shopbell_server.core.board.disclosure import SHARED, TABLE, Field
from shopbell_server.core.consent.ledger import Purpose, active_purposes
from shopbell_server.core.evidence import Evidence
from shopbell_server.usecases.staff.visits_list import get_visit, list_visits
from shopbell_server.usecases.staff.who_is_here import who_is_here
from tests.server.web.shop import AMS, MINUTE, Shop

if TYPE_CHECKING:
    from shopbell_server.core.board.disclosure import Disclosed, Viewer
    from shopbell_server.core.evidence import Carrier
    from tests.server.web.shop import Guest

HEARD: dict[Evidence, Carrier] = {
    Evidence.HINT: "ibeacon",
    Evidence.SIGNAL: "service-data",
    Evidence.FRESH: "service-uuid",
    Evidence.PASS: "pass",
    Evidence.CONFIRMED: "pass",
}

VIEWERS: tuple[Viewer, ...] = ("advisor", "manager", "operator", "auditor", "tablet", "system")

said = st.lists(
    st.tuples(st.sampled_from(Purpose), st.booleans(), st.integers(1, 400 * 24 * 60)), max_size=6
)


def shown(shop: Shop, viewer: Viewer) -> list[Disclosed]:
    """Return the person of everything that leaves: boards, lists, single visits."""
    now_ms = shop.clock.now_ms()
    board = who_is_here(shop.database, now_ms, shop.rules, store=AMS, viewer=viewer, before=None)
    assert board is not None
    page = list_visits(shop.database, now_ms, stores=[AMS], viewer=viewer, after=None, size=10)
    found = [row.person for row in board.rows] + [each.person for each in page.visits]
    with shop.database.read() as work:
        visits = work.visits.page([AMS], None, 10)
    for visit in visits:
        one = get_visit(shop.database, now_ms, stores=[AMS], viewer=viewer, visit=visit.id)
        found += [] if one is None else [one.person]
    return found


def holds(shop: Shop, guest: Guest, person: Disclosed, viewer: Viewer, best: Evidence) -> None:
    with shop.database.read() as work:
        ledger = work.ledger.entries([guest.person]).get(guest.person, ())
    purposes = active_purposes(ledger, shop.clock.now_ms())
    left = {Field.HANDLE}
    left |= {Field.FIRST_NAME} if person.first_name is not None else set()
    left |= {Field.LANGUAGE} if person.language is not None else set()
    for field in left:
        needs = TABLE[field]
        assert best >= needs.evidence
        if viewer == "system":
            assert needs.shared
            assert purposes >= SHARED
        else:
            assert needs.purposes <= purposes
            assert viewer in needs.viewers


@settings(max_examples=60, deadline=None)
@given(
    purposes=st.sets(st.sampled_from(Purpose)),
    heard=st.lists(st.sampled_from(Evidence), min_size=1, max_size=3),
    changes=said,
    viewer=st.sampled_from(VIEWERS),
)
def test_no_field_leaves_without_its_purposes_and_its_evidence(
    purposes: set[Purpose],
    heard: list[Evidence],
    changes: list[tuple[Purpose, bool, int]],
    viewer: Viewer,
) -> None:
    shop = Shop()
    # A visit needs a consent that covers it; what is asked is what may be seen of it.
    guest = shop.welcome("Noor", purposes=purposes | {Purpose.RECOGNISE_IN_STORE})
    shop.clock.forward(30 * MINUTE)
    for evidence in heard:
        lasting_ms = 0 if evidence >= Evidence.PASS else 5 * MINUTE
        shop.hear(guest, lasting_ms=lasting_ms, evidence=evidence, carrier=HEARD[evidence])
    best = max(heard)
    for person in shown(shop, viewer):
        holds(shop, guest, person, viewer, best)
    for purpose, is_given, later_minutes in changes:
        shop.clock.forward(later_minutes * MINUTE)
        shop.say(guest, purpose, given=is_given)
        for person in shown(shop, viewer):
            holds(shop, guest, person, viewer, best)


def test_what_is_allowed_is_shown() -> None:
    """So that the property above is not true of a board that shows nothing."""
    shop = Shop()
    guest = shop.welcome("Noor")
    shop.scan(guest)
    assert [person.first_name for person in shown(shop, "advisor")] == ["Noor"] * 3
    assert [person.first_name for person in shown(shop, "operator")] == []
    assert [person.first_name for person in shown(shop, "tablet")] == [None] * 3
    assert [person.first_name for person in shown(shop, "system")] == [None] * 3
