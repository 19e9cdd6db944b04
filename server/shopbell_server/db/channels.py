"""What other channels said of customers.

Owns: the rows behind the port `Channels`, and that facts go where their identifiers go.
Never: what a fact is worth (`core.channels`). Kind, key and words are sealed under the profile's key.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec
from sqlalchemy import and_, bindparam, case, delete, or_, select, update

from shopbell_server.core.channels.facts import (
    KEPT_DAYS,
    SERVICE_DAYS,
    TIERS_DAYS,
    WISHES_DAYS,
    ChannelFact,
    Kind,
    standing,
)
from shopbell_server.core.ids import LinkId, Millis, ProfileId, StoreId
from shopbell_server.core.keeping.owners import owner_of_profile
from shopbell_server.db.channel_tables import CHANNEL_FACTS, CHANNEL_MESSAGES, SAID_BY
from shopbell_server.db.identity_tables import IDENTIFIERS
from shopbell_server.db.statements import by_keys, keeping, merging
from shopbell_server.db.transaction import ours
from shopbell_server.ports.boxes import Content

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from sqlalchemy import ColumnElement, Row

    from shopbell_server.db.transaction import Transaction

SHELVES: Final = {SERVICE_DAYS: "service", WISHES_DAYS: "wishes", TIERS_DAYS: "tiers"}
"""By how long facts are kept, what their rows say."""


class _Stored(msgspec.Struct, frozen=True, array_like=True):
    """What is in a box."""

    kind: Kind
    key: str
    state: str
    store: str | None
    due_ms: int | None
    words: tuple[tuple[str, str], ...]


class SqlChannels:
    """`Channels` in SQL."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def marks(self, messages: Sequence[str]) -> Sequence[bytes]:
        """Return the mark of each message."""
        made = self._transaction.boxes.marks("channel_message", messages)
        return [mark[:MARK_BYTES] for mark in made]

    def seen(self, marks: Collection[bytes]) -> frozenset[bytes]:
        """Return those of `marks` that were noted."""
        rows = self._transaction.rows_among(_SEEN, "marks", marks)
        return frozenset(bytes(row.mark) for row in rows)

    def note(self, marks: Collection[bytes]) -> None:
        """Remember them for ever; one that is there stays."""
        self._transaction.insert_rows(_NOTE, [(mark,) for mark in sorted(set(marks))])

    def put(self, facts: Sequence[ChannelFact]) -> None:
        """Keep facts of profiles that are there; of each key the one that stands."""
        by_place: dict[tuple[ProfileId, LinkId | None], list[ChannelFact]] = {}
        for fact in facts:
            by_place.setdefault((fact.profile, fact.said_by), []).append(fact)
        left = [fact for each in by_place.values() for fact in standing(each)]
        marks = self._transaction.boxes.marks(
            "channel_fact", [f"{fact.kind} {fact.key}" for fact in left]
        )
        keys = [mark[:MARK_BYTES] for mark in marks]
        boxes = self._transaction.boxes.seal(
            _COLUMN,
            [
                Content(
                    owner_of_profile(fact.profile), _row_name(mark, fact.said_by or ""), _box(fact)
                )
                for fact, mark in zip(left, keys, strict=True)
            ],
        )
        rows = [
            (
                fact.profile,
                mark,
                fact.said_by or "",
                SHELVES[KEPT_DAYS[fact.kind]],
                fact.counts_from_ms,
                fact.at_ms,
                fact.mark,
                box,
            )
            for fact, mark, box in zip(left, keys, boxes, strict=True)
        ]
        # In the order of their keys, so that two who put the same wait for each other in one order.
        self._transaction.insert_rows(_PUT, sorted(rows, key=lambda row: row[:3]))

    def of(self, profiles: Collection[ProfileId]) -> Mapping[ProfileId, Sequence[ChannelFact]]:
        """Return those of each, by kind and key."""
        found: dict[ProfileId, list[ChannelFact]] = {}
        for fact in self._opened(
            self._transaction.rows_by_keys(_OF, [(each,) for each in profiles])
        ):
            found.setdefault(fact.profile, []).append(fact)
        return {profile: sorted(each, key=_order) for profile, each in found.items()}

    def said_of(
        self, kind: str, values: Collection[str]
    ) -> Mapping[str, Sequence[tuple[LinkId, ProfileId]]]:
        """Return, by value of an identifier of that kind, which identifiers of which profiles it is."""
        wanted = list(values)
        marks = dict(zip(self._transaction.boxes.marks(kind, wanted), wanted, strict=True))
        found: dict[str, list[tuple[LinkId, ProfileId]]] = {}
        for row in self._transaction.rows_among(_SAID_OF, "marks", marks, kind=kind):
            value = marks[bytes(row.mark)]
            found.setdefault(value, []).append((LinkId(row.link), ProfileId(row.profile)))
        return {value: sorted(each) for value, each in found.items()}

    def forget(self, profiles: Collection[ProfileId]) -> None:
        """Remove all facts of these profiles."""
        for profile in sorted(profiles):
            self._transaction.change(FORGET, whose=profile)

    def move(self, links: Collection[LinkId], target: ProfileId) -> None:
        """Let what was said of identifiers go where they go: to `target`, under its key."""
        rows = self._transaction.rows_by_keys(_OF_LINKS, [(each,) for each in links])
        moved = [
            (row, box)
            for row, box in zip(rows, self._open(rows), strict=True)
            if box is not None and row.profile != target
        ]
        sealed = self._transaction.boxes.seal(
            _COLUMN,
            [
                Content(owner_of_profile(target), _row_name(row.key_mark, row.said_by), box)
                for row, box in moved
            ],
        )
        self._transaction.change_each(
            _MOVE,
            [
                {
                    "which_mark": row.key_mark,
                    "which_link": row.said_by,
                    "was": row.profile,
                    "to": target,
                    "box": box,
                }
                for (row, _), box in zip(moved, sealed, strict=True)
            ],
        )

    def drop(self, links: Collection[LinkId]) -> None:
        """Remove what was said of identifiers that are nobody's any more."""
        self._transaction.change_each(_DROP, [{"which": each} for each in sorted(links)])

    def _opened(self, rows: Sequence[Row[Any]]) -> list[ChannelFact]:
        return [
            _fact(row, box)
            for row, box in zip(rows, self._open(rows), strict=True)
            if box is not None
        ]

    def _open(self, rows: Sequence[Row[Any]]) -> list[bytes | None]:
        return self._transaction.boxes.open(
            _COLUMN,
            [
                Content(
                    owner_of_profile(row.profile), _row_name(row.key_mark, row.said_by), row.sealed
                )
                for row in rows
            ],
        )


MARK_BYTES: Final = 16
"""128 bits: of 10¹² messages two have the same mark once in 10¹⁴ retailers (10²⁴ / 2 / 2¹²⁸)."""

_COLUMN: Final = "channel_facts.sealed"

_stored: Final = msgspec.json.Decoder(_Stored)


def _row_name(key_mark: bytes, said_by: str) -> str:
    return f"{bytes(key_mark).hex()} {said_by}"


def _box(fact: ChannelFact) -> bytes:
    return msgspec.json.encode(
        _Stored(
            kind=fact.kind,
            key=fact.key,
            state=fact.state,
            store=fact.store,
            due_ms=fact.due_ms,
            words=fact.words,
        )
    )


def _fact(row: Row[Any], box: bytes) -> ChannelFact:
    said = _stored.decode(box)
    return ChannelFact(
        profile=ProfileId(row.profile),
        kind=said.kind,
        key=said.key,
        state=said.state,
        at_ms=Millis(row.at_ms),
        mark=bytes(row.mark),
        store=None if said.store is None else StoreId(said.store),
        due_ms=None if said.due_ms is None else Millis(said.due_ms),
        words=said.words,
        said_by=LinkId(row.said_by) if row.said_by else None,
    )


def _order(fact: ChannelFact) -> tuple[Kind, str, str]:
    return fact.kind, fact.key, fact.said_by or ""


def _later(old: Any, new: Any, _words: object) -> Mapping[str, ColumnElement[Any]]:  # noqa: ANN401  (columns of either dialect)
    stands = or_(new.at_ms > old.at_ms, and_(new.at_ms == old.at_ms, new.mark > old.mark))
    # `mark` and `at_ms` too: SET sees the row as it was.
    return {
        name: case((stands, new[name]), else_=old[name])
        for name in ("counts_from_ms", "at_ms", "mark", "sealed")
    }


_C: Final = CHANNEL_FACTS.c

FORGET: Final = delete(CHANNEL_FACTS).where(ours(CHANNEL_FACTS), _C.profile == bindparam("whose"))

_SEEN: Final = select(CHANNEL_MESSAGES.c.mark).where(
    ours(CHANNEL_MESSAGES), CHANNEL_MESSAGES.c.mark.in_(bindparam("marks", expanding=True))
)
_NOTE: Final = keeping(CHANNEL_MESSAGES)
_PUT: Final = merging(CHANNEL_FACTS, _later)
_OF: Final = by_keys(select(CHANNEL_FACTS).where(ours(CHANNEL_FACTS)), _C.profile)
_OF_LINKS: Final = by_keys(select(CHANNEL_FACTS).where(ours(CHANNEL_FACTS), SAID_BY), _C.said_by)
_MOVE: Final = (
    update(CHANNEL_FACTS)
    .where(
        ours(CHANNEL_FACTS),
        _C.profile == bindparam("was"),
        _C.key_mark == bindparam("which_mark"),
        _C.said_by == bindparam("which_link"),
    )
    .values(profile=bindparam("to"), sealed=bindparam("box"))
)
_DROP: Final = delete(CHANNEL_FACTS).where(
    ours(CHANNEL_FACTS), SAID_BY, _C.said_by == bindparam("which")
)
_SAID_OF: Final = select(IDENTIFIERS.c.mark, IDENTIFIERS.c.link, IDENTIFIERS.c.profile).where(
    ours(IDENTIFIERS),
    IDENTIFIERS.c.kind == bindparam("kind"),
    IDENTIFIERS.c.mark.in_(bindparam("marks", expanding=True)),
)
