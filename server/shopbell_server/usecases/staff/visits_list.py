"""Visits of the past and the present, for the staff of their store.

Owns: pages of visits, and one visit by its id.
Never: what may be shown of their people (`subjects`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from shopbell_server.core.board.disclosure import TABLE
from shopbell_server.core.board.subject import seen
from shopbell_server.core.serving.engagement import Mistaken
from shopbell_server.usecases.staff.subjects import subjects
from shopbell_server.usecases.visits.doubts import withheld

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from shopbell_server.core.board.disclosure import Disclosed, Table, Viewer
    from shopbell_server.core.ids import Millis, StoreId, VisitId
    from shopbell_server.core.visits.stored import Visit
    from shopbell_server.ports.database import Database, UnitOfWork


class Position(NamedTuple):
    """Where a page ended: the next one begins after this visit."""

    start_ms: Millis
    visit: VisitId


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenVisit:
    """A visit, and what may be shown of its person."""

    visit: Visit
    person: Disclosed


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Newest first. `next` is None on the last page.

    A page may hold fewer than were asked for: what may not be shown is left out of it.
    """

    visits: tuple[SeenVisit, ...]
    next: Position | None


def list_visits(  # noqa: PLR0913  (each by name)
    database: Database,
    now_ms: Millis,
    *,
    stores: Collection[StoreId],
    viewer: Viewer,
    after: Position | None,
    size: int,
    ladder: Table = TABLE,
) -> Page:
    """Return a page of the reported visits in `stores`, as `viewer` may see them at `now_ms`."""
    with database.read() as work:
        found = work.visits.page(stores, after, size + 1)
        people = subjects(work, {visit.person for visit in found})
        doubtful = withheld(work, found, now_ms)
        mistaken = _mistaken(work, found)
    listed = found[:size]
    shown = [
        (
            visit,
            seen(visit, people.get(visit.person), now_ms, viewer, doubtful.get(visit.id), ladder),
        )
        for visit in listed
        if visit.id not in mistaken
    ]
    more = len(found) > size
    last = listed[-1] if listed else None
    return Page(
        visits=tuple(
            SeenVisit(visit=visit, person=person) for visit, person in shown if person is not None
        ),
        next=Position(last.session.start_ms, last.id) if more and last is not None else None,
    )


def get_visit(
    database: Database,
    now_ms: Millis,
    *,
    stores: Collection[StoreId],
    viewer: Viewer,
    visit: VisitId,
    ladder: Table = TABLE,
) -> SeenVisit | None:
    """Return one visit; None if there is none of that id in `stores` that `viewer` may see."""
    with database.read() as work:
        found = work.visits.get(visit)
        if found is None or found.store not in stores or not found.reported:
            return None
        people = subjects(work, [found.person])
        doubtful = withheld(work, [found], now_ms)
        if _mistaken(work, [found]):
            return None
    subject, withheld_ms = people.get(found.person), doubtful.get(found.id)
    person = seen(found, subject, now_ms, viewer, withheld_ms, ladder)
    return None if person is None else SeenVisit(visit=found, person=person)


def _mistaken(work: UnitOfWork, visits: Sequence[Visit]) -> frozenset[VisitId]:
    """Return those of which staff said that it was somebody else."""
    engaged = work.engagements.of([each.id for each in visits])
    return frozenset(visit for visit, each in engaged.items() if isinstance(each.state, Mistaken))
