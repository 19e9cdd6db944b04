"""The rows of the board as they leave: JSON, with the words in the language of who reads them.

Owns: the form of a row, and the bytes of it.
Never: which rows there are, or what of a person is in them (`usecases.who_is_here`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal, NamedTuple
from zoneinfo import ZoneInfo

from pydantic import BaseModel

from shopbell_server.core.ids import Millis
from shopbell_server.core.recognition_words import recognised, staff_word
from shopbell_server.usecases.who_is_here import who_is_here

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shopbell_server.core.disclosure import Viewer
    from shopbell_server.core.handles import Handle, Language
    from shopbell_server.core.ids import StoreId, VisitId, ZoneId
    from shopbell_server.core.registry import Store
    from shopbell_server.core.visit_rules import VisitRules
    from shopbell_server.ports.database import Database
    from shopbell_server.ports.world import ServerClock
    from shopbell_server.usecases.who_is_here import Board, Row


class View(NamedTuple):
    """A board as somebody sees it: all that look through one view get the same bytes."""

    store: StoreId
    viewer: Viewer
    language: Language


class HandleOut(BaseModel):
    """How to speak of her without a name; her own page shows it too."""

    number: int
    shape: str
    sign: str
    colour: str
    words: str


class ZoneOut(BaseModel):
    """Where in the store."""

    id: str
    name: str


class RowOut(BaseModel):
    """Somebody who is here."""

    visit: str
    handle: HandleOut
    first_name: str | None
    """Only if she lets herself be greeted by name and the evidence is good enough."""
    language: str | None
    zone: ZoneOut | None
    since: datetime
    place: Literal["here", "left_maybe"]
    held: bool
    """Taken to be here because of a code that she showed, not of a signal."""
    unseen_since: datetime | None
    evidence: Literal["hint", "signal", "fresh", "pass", "confirmed"]
    word: str
    recognised: str


class StoreOut(BaseModel):
    """The store, and the time zone in which its staff read times."""

    id: str
    name: str
    timezone: str


class BoardOut(BaseModel):
    """Everybody who is here, longest here first."""

    store: StoreOut
    at: datetime
    rows: list[RowOut]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A view at a moment: `rows` by visit, each as JSON, in their order."""

    store: bytes
    at: bytes
    rows: Mapping[VisitId, bytes]
    zones: Mapping[VisitId, ZoneId]
    changes_ms: Millis | None


class Boards:
    """Reads boards from the database. Blocks; safe to use from several threads."""

    def __init__(self, database: Database, clock: ServerClock, rules: VisitRules) -> None:
        self._database = database
        self._clock = clock
        self._rules = rules

    def now_ms(self) -> Millis:
        """Return the time that rows are judged by."""
        return self._clock.now_ms()

    def board(self, view: View, zones_before: Mapping[VisitId, ZoneId]) -> BoardOut | None:
        """Return the board as it leaves, or None if there is no such store."""
        now_ms = self._clock.now_ms()
        board = self._read(view, zones_before, now_ms)
        if board is None:
            return None
        return BoardOut(
            store=_store_out(board.store),
            at=moment(now_ms),
            rows=[_row_out(row, board.store, view.language) for row in board.rows],
        )

    def reading(self, view: View, zones_before: Mapping[VisitId, ZoneId]) -> Reading | None:
        """Return the same in pieces, for a stream."""
        now_ms = self._clock.now_ms()
        board = self._read(view, zones_before, now_ms)
        if board is None:
            return None
        return Reading(
            store=_store_out(board.store).model_dump_json().encode(),
            at=time_json(now_ms),
            rows={
                row.visit: _row_out(row, board.store, view.language).model_dump_json().encode()
                for row in board.rows
            },
            zones={row.visit: row.zone.id for row in board.rows if row.zone is not None},
            changes_ms=board.changes_ms,
        )

    def _read(
        self, view: View, zones_before: Mapping[VisitId, ZoneId], now_ms: Millis
    ) -> Board | None:
        return who_is_here(
            self._database,
            now_ms,
            self._rules,
            store=view.store,
            viewer=view.viewer,
            zones_before=zones_before,
        )


def moment(at_ms: Millis) -> datetime:
    """Return the time as APIs write it: RFC 3339, UTC."""
    return datetime.fromtimestamp(at_ms / 1000, UTC)


def millis(at: datetime) -> Millis:
    """Return a time that an API was told; it must have a zone."""
    return Millis((at - moment(Millis(0))) // timedelta(milliseconds=1))


def time_json(at_ms: Millis) -> bytes:
    """Return the time as JSON."""
    return f'"{moment(at_ms).isoformat(timespec="milliseconds").replace("+00:00", "Z")}"'.encode()


def handle_out(handle: Handle, language: Language) -> HandleOut:
    """Return the handle as it leaves."""
    return HandleOut(
        number=handle.number,
        shape=handle.shape,
        sign=handle.sign,
        colour=handle.colour,
        words=handle.words(language),
    )


def _row_out(row: Row, store: Store, language: Language) -> RowOut:
    how = row.recognition
    at = moment(how.at_ms).astimezone(ZoneInfo(store.timezone))
    return RowOut(
        visit=row.visit,
        handle=handle_out(row.person.handle, language),
        first_name=row.person.first_name,
        language=row.person.language,
        zone=None if row.zone is None else ZoneOut(id=row.zone.id, name=row.zone.name),
        since=moment(row.since_ms),
        place="here" if row.unseen_since_ms is None else "left_maybe",
        held=row.held,
        unseen_since=None if row.unseen_since_ms is None else moment(row.unseen_since_ms),
        evidence=how.evidence.name.lower(),  # type: ignore[arg-type]  # the names of Evidence
        word=staff_word(how.evidence, language),
        recognised=recognised(
            how.carrier,
            how.evidence,
            f"{at:%H:%M}",
            None if how.zone is None else how.zone.name,
            language,
        ),
    )


def _store_out(store: Store) -> StoreOut:
    return StoreOut(id=store.id, name=store.name, timezone=store.timezone)
