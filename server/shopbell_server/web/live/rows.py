"""The rows of the board as they leave: JSON, with the words in the language of who reads them.

Owns: the form of a row, and the bytes of it.
Never: which rows there are, or what of a person is in them (`usecases.staff.who_is_here`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from pydantic import BaseModel

from shopbell_server.catalogues import shipped
from shopbell_server.core.board.disclosure import TABLE, Field
from shopbell_server.core.board.floor import moved, sight
from shopbell_server.core.board.reason_words import reason_word
from shopbell_server.core.board.recognition_words import recognised, staff_word
from shopbell_server.core.channels.reasons import ReasonKind
from shopbell_server.core.evidence import EvidenceName
from shopbell_server.core.registry import Role
from shopbell_server.usecases.staff.who_is_here import everybody, some, who_is_here
from shopbell_server.usecases.staff.zones_now import ZonesNow
from shopbell_server.web.http.times import moment, time_json
from shopbell_server.web.live.leaving import only

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from shopbell_server.catalogues import Catalogues, Voice
    from shopbell_server.core.board.disclosure import Table, Viewer
    from shopbell_server.core.board.floor import Floor, Sight
    from shopbell_server.core.board.handles import Handle
    from shopbell_server.core.board.rows import Help, Row, Stored
    from shopbell_server.core.ids import Millis, PersonId, StoreId, VisitId
    from shopbell_server.core.language import Language, Speech
    from shopbell_server.core.registry import Staff, Store
    from shopbell_server.core.visits.rules import VisitRules
    from shopbell_server.ports.database import Database
    from shopbell_server.ports.world import ServerClock
    from shopbell_server.web.live.leaving import Fields

    Said = dict[tuple[Row, Language], bytes]
    """Rows as JSON: what is the same for several views is encoded once."""


class View(NamedTuple):
    """A board as somebody sees it: all that look through one view get the same bytes."""

    store: StoreId
    viewer: Viewer
    language: Language


def view_of(staff: Staff | None, store: StoreId) -> View | None:
    """Return how somebody of the staff sees a store; None if they do not, or are not signed in."""
    if staff is None or store not in staff.stores:
        return None
    return View(store, staff.role, staff.language)


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


class TakenOut(BaseModel):
    """Who of the staff has her, for colleagues."""

    staff: str
    name: str | None
    role: Role
    with_her: bool
    """Not only on the way."""


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
    deaf_since: datetime | None
    """The scanners that heard her last cannot hear since then: her silence says nothing."""
    evidence: EvidenceName
    word: str
    recognised: str
    reason_kind: ReasonKind | None
    """Why she may want help, by what other channels said."""
    reason_word: str | None
    reason: str | None
    """Which one: the channel's number of it, and the product or topic."""
    reason_due: datetime | None
    """When an appointment begins, or until when something is put aside."""
    ask_first: bool | None
    """She complained and waits for an answer: ask before anything is sold."""
    taken: TakenOut | None
    """Null: nobody has her."""
    asked: bool | None
    """She asked for help. Null, as of all that follows: it may not be seen."""
    served: bool | None
    turn: int | None
    """Lower comes first: 0 asked for help, 1 pick-up, 2 appointment, 3 waits, 4 taken, 5 served."""
    turn_since: datetime | None
    """Of the same `turn` the earliest comes first: she waits since then."""


ROW: Final[Fields] = {
    "visit": Field.PRESENCE,
    "handle": Field.HANDLE,
    "first_name": Field.FIRST_NAME,
    "language": Field.LANGUAGE,
    "zone": Field.ZONE,
    "since": Field.PRESENCE,
    "place": Field.PRESENCE,
    "held": Field.PRESENCE,
    "unseen_since": Field.PRESENCE,
    "deaf_since": Field.PRESENCE,
    "evidence": Field.RECOGNITION,
    "word": Field.RECOGNITION,
    "recognised": Field.RECOGNITION,
    "reason_kind": Field.REASON_KIND,
    "reason_word": Field.REASON_KIND,
    "reason": Field.REASON,
    "reason_due": Field.REASON,
    "ask_first": Field.REASON_KIND,
    "taken": Field.HELP,
    "asked": Field.HELP,
    "served": Field.HELP,
    "turn": Field.HELP,
    "turn_since": Field.HELP,
}
"""What each field of a row tells. One that is not named here does not leave."""


class StoreOut(BaseModel):
    """The store, and the time zone in which its staff read times."""

    id: str
    name: str
    timezone: str


class BoardOut(BaseModel):
    """Everybody who is here, who is helped next first."""

    store: StoreOut
    at: datetime
    rows: list[RowOut]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A board, and whose its rows are, for the record of who looked."""

    out: BoardOut
    persons: Mapping[VisitId, PersonId]


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A store at a moment: of each view its rows by visit, each as JSON, in their order."""

    store: bytes
    at: bytes
    rows: Mapping[View, Mapping[VisitId, bytes]]
    changes_ms: Millis | None
    """A row may change then without anything being announced."""
    floor: Floor
    sights: Mapping[View, Sight]
    persons: Mapping[VisitId, PersonId]
    """Whose the visits are, for the record of who looked. No view shows it."""


class Boards:
    """Reads boards from the database. Blocks; safe to use from several threads."""

    def __init__(
        self,
        database: Database,
        clock: ServerClock,
        rules: VisitRules,
        ladder: Table = TABLE,
        catalogues: Catalogues | None = None,
    ) -> None:
        """Read boards of `database`, in the languages that are shipped unless `catalogues` has others."""
        self._database = database
        self._catalogues = catalogues or shipped()
        self._ladder = ladder
        self._clock = clock
        self._rules = rules
        self._zones_now = ZonesNow()

    def now_ms(self) -> Millis:
        """Return the time that rows are judged by."""
        return self._clock.now_ms()

    def board(self, view: View, before: Floor | None) -> Shown | None:
        """Return the board as it leaves, or None if there is no such store."""
        now_ms = self._clock.now_ms()
        board = who_is_here(
            self._database,
            now_ms,
            self._rules,
            store=view.store,
            viewer=view.viewer,
            before=before,
            ladder=self._ladder,
            zones_now=self._zones_now,
        )
        if board is None:
            return None
        voice = self._catalogues.voice(view.language)
        out = BoardOut(
            store=_store_out(board.store),
            at=moment(now_ms),
            rows=[row_out(row, voice) for row in board.rows],
        )
        return Shown(out=out, persons=board.persons)

    def picture(
        self,
        store: StoreId,
        views: Collection[View],
        before: Picture | None,
        persons: Collection[PersonId] | None,
    ) -> Picture | None:
        """Return the same in pieces, for the streams of a store; None if there is no such store.

        `persons` are those who changed since `before`: only they are read, and only rows that differ
        are encoded, once for all who see the same. None: everything is read.
        """
        now_ms = self._clock.now_ms()
        floor = self._floor(store, before, persons, now_ms)
        if floor is None:
            return None
        said: Said = {}
        rows: dict[View, Mapping[VisitId, bytes]] = {}
        sights: dict[View, Sight] = {}
        for view in views:
            then = None if before is None else before.sights.get(view)
            now = sight(floor, view.viewer, then)
            voice = self._catalogues.voice(view.language)
            sights[view] = now
            if before is None or then is None:
                rows[view] = _encoded(now.rows, voice, {}, {}, said)
            elif now.rows is then.rows:
                rows[view] = before.rows[view]
            else:
                rows[view] = _encoded(now.rows, voice, then.rows, before.rows[view], said)
        return Picture(
            store=_store_out(floor.place.store).model_dump_json().encode(),
            at=time_json(now_ms),
            rows=rows,
            changes_ms=floor.changes_ms,
            floor=floor,
            sights=sights,
            persons=floor.persons,
        )

    def _floor(
        self,
        store: StoreId,
        before: Picture | None,
        persons: Collection[PersonId] | None,
        now_ms: Millis,
    ) -> Floor | None:
        floor = None if before is None else before.floor
        # A clock that was put back: what was over may not be.
        if floor is None or persons is None or now_ms < floor.at_ms:
            return everybody(
                self._database,
                now_ms,
                self._rules,
                store=store,
                before=floor,
                ladder=self._ladder,
                zones_now=self._zones_now,
            )
        stored: Mapping[PersonId, Stored] = {}
        if persons:
            zones = self._zones_now.last(store)
            stored = some(
                self._database, now_ms, self._rules, store=store, persons=persons, zones=zones
            )
        return moved(floor, stored, now_ms, self._rules)


def handle_out(handle: Handle, speech: Speech) -> HandleOut:
    """Return the handle as it leaves."""
    return HandleOut(
        number=handle.number,
        shape=handle.shape,
        sign=handle.sign,
        colour=handle.colour,
        words=handle.words(speech),
    )


def _encoded(
    rows: Mapping[VisitId, Row],
    voice: Voice,
    rows_before: Mapping[VisitId, Row],
    before: Mapping[VisitId, bytes],
    said: Said,
) -> Mapping[VisitId, bytes]:
    """Return `rows` as JSON. What is in `before` or in `said` is not encoded again."""
    encoded: dict[VisitId, bytes] = {}
    for visit, row in rows.items():
        if rows_before.get(visit) == row:
            encoded[visit] = before[visit]
            continue
        known = said.get((row, voice.language))
        if known is None:
            known = row_out(row, voice).model_dump_json().encode()
            said[row, voice.language] = known
        encoded[visit] = known
    return encoded


def row_out(row: Row, voice: Voice) -> RowOut:
    """Return a row as it leaves: of its fields those that `ROW` names and that may be seen."""
    how = row.recognition
    values = {
        "visit": row.visit,
        "handle": handle_out(row.person.handle, voice),
        "first_name": row.person.first_name,
        "language": row.person.language,
        "zone": None if row.zone is None else ZoneOut(id=row.zone.id, name=row.zone.name),
        "since": moment(row.since_ms),
        "place": "here" if row.unseen_since_ms is None else "left_maybe",
        "held": row.held,
        "unseen_since": None if row.unseen_since_ms is None else moment(row.unseen_since_ms),
        "deaf_since": None if row.deaf_since_ms is None else moment(row.deaf_since_ms),
        "evidence": how.evidence.written,
        "word": staff_word(how.evidence, voice),
        "recognised": recognised(
            how.carrier,
            how.evidence,
            voice.clock(moment(how.at_ms), row.store.timezone),
            None if how.zone is None else how.zone.name,
            voice,
        ),
        "taken": _taken(row.helped),
        "asked": row.helped.asked_ms is not None,
        "served": row.helped.served,
        "turn": int(row.turn.rank),
        "turn_since": moment(row.turn.since_ms),
    }
    kind, due_ms = row.person.reason_kind, row.person.due_ms
    values |= {
        "reason_kind": kind,
        "reason_word": None
        if kind is None
        else reason_word(kind, voice, ask_first=row.person.ask_first),
        "reason": row.person.reason,
        "reason_due": None if due_ms is None else moment(due_ms),
        "ask_first": row.person.ask_first,
    }
    return RowOut(**only(values, ROW, row.person.may))


def _taken(helped: Help) -> TakenOut | None:
    by = helped.by
    if by is None:
        return None
    return TakenOut(staff=by.staff, name=helped.name, role=by.role, with_her=helped.with_her)


def _store_out(store: Store) -> StoreOut:
    return StoreOut(id=store.id, name=store.name, timezone=store.timezone)
