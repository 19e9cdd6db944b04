"""Two stores on the map, who is heard in them, and what staff see: on boards, in lists, by a visit's id."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shopbell_server.core.consent.ledger import Change, Purpose
from shopbell_server.core.ids import Millis
from shopbell_server.core.registry import Position, Store
from shopbell_server.usecases.staff.visits_list import get_visit, list_visits
from shopbell_server.usecases.staff.who_is_here import who_is_here
from tests.server.usecases.floor import (
    DAY,
    MINUTE,
    NOW,
    OTHER_STORE,
    RULES,
    SECOND,
    STORE,
    Floor,
)

if TYPE_CHECKING:
    from shopbell_server.core.ids import StoreId
    from shopbell_server.usecases.intake.take import Taken
    from shopbell_wire.messages import Frame
    from tests.server.usecases.floor import Someone

BOTH = (STORE, OTHER_STORE)
AMSTERDAM = Position(latitude=52.37, longitude=4.89)
UTRECHT = Position(latitude=52.09, longitude=5.12)
"""35 km: twenty-one minutes at 100 km/h."""


def guest(floor: Floor, name: str, number: int) -> Someone:
    someone = floor.enrol(name, number)
    floor.consents(someone, Change.GIVEN, NOW - 30 * DAY, Purpose.SHOW_TO_STAFF)
    return someone


def put_on_the_map(floor: Floor) -> None:
    with floor.database.begin() as work:
        for store, where in ((STORE, AMSTERDAM), (OTHER_STORE, UTRECHT)):
            work.registry.put_store(
                Store(id=store, name=store, timezone="Europe/Amsterdam", position=where)
            )
        work.commit()


def shown_in(floor: Floor, now_ms: int = NOW) -> set[StoreId]:
    """Return the stores that show somebody, the same on boards, in lists and by a visit's id."""
    found = set()
    for store in BOTH:
        board = who_is_here(
            floor.database, Millis(now_ms), RULES, store=store, viewer="advisor", before=None
        )
        page = list_visits(
            floor.database,
            Millis(now_ms),
            stores=[store],
            viewer="advisor",
            after=None,
            size=10_000,
        )
        assert board is not None
        rows = {row.visit for row in board.rows}
        listed = {each.visit.id for each in page.visits}
        with floor.database.read() as work:
            told = {each.id for each in work.visits.present(store, Millis(now_ms)) if each.reported}
        assert rows & told == listed & told
        for visit in told:
            one = get_visit(
                floor.database, Millis(now_ms), stores=[store], viewer="advisor", visit=visit
            )
            assert (one is not None) == (visit in rows)
        found |= {store} if board.rows else set()
    return found


def listed_in(floor: Floor, store: StoreId, now_ms: int) -> int:
    page = list_visits(
        floor.database, Millis(now_ms), stores=[store], viewer="advisor", after=None, size=100
    )
    return len(page.visits)


def heard(
    floor: Floor,
    someone: Someone,
    edge: str,
    *,
    until_ms: int = NOW - SECOND,
    lasting_ms: int = 3 * MINUTE,
    frame: Frame = "service-data",
    mac: bool = False,
    token_of_ms: int | None = None,
) -> Taken:
    """Take in that she was heard; by a token of another time, if somebody plays a recording."""
    token = None
    if token_of_ms is not None:
        hers = floor.token(someone, token_of_ms)
        token = hers.id32 if frame == "ibeacon" else hers.id64
    said = floor.presence(
        someone, until_ms - lasting_ms, until_ms, frame=frame, mac=mac, token=token
    )
    return floor.hear(said, edge=edge, now_ms=until_ms + SECOND)
