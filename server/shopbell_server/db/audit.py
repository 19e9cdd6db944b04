"""Who did what.

Owns: the rows behind the port `Audit`. A trigger of the database refuses to change or remove them.
Never: what the chain is made of (`core.audit.chain`), or whether it is whole (`core.audit.check`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import bindparam, delete, func, select, update

from shopbell_server.core.audit.chain import (
    LOOKS,
    Act,
    Actor,
    Head,
    Record,
    What,
    first_head,
    linked,
)
from shopbell_server.core.ids import Millis, PersonId, StaffId, StoreId
from shopbell_server.db.audit_tables import AUDIT, AUDIT_HEADS
from shopbell_server.db.statements import adding, keeping
from shopbell_server.db.transaction import ours

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sqlalchemy import Row

    from shopbell_server.db.transaction import Transaction

PAGE: Final = 5_000
"""Records read at once: 2 MB."""


class SqlAudit:
    """`Audit` in SQL."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._noted: list[Act] = []

    def note(self, acts: Sequence[Act]) -> None:
        """Add to the chain when this unit of work commits."""
        self._noted.extend(acts)

    def write(self) -> None:
        """Write what was noted. The last thing before a commit: the head is held from here on."""
        if not self._noted:
            return
        head = self._held()
        records = list(linked(head, self._noted))
        self._noted.clear()
        self._transaction.insert_rows(_ADD, [_row(each) for each in records])
        last = records[-1]
        self._transaction.change(_GROW, new_number=last.number, new_digest=last.digest)

    def head(self) -> Head:
        """Return where the chain ends and begins."""
        row = self._transaction.row(_HEAD)
        return first_head(self._transaction.tenant) if row is None else _head(row)

    def records(self, after: int) -> Iterator[Record]:
        """Yield the records with a higher number, by their numbers."""
        while rows := self._transaction.rows(_RECORDS, after=after):
            yield from map(_record, rows)
            after = rows[-1].number

    def looks_at(self, person: PersonId) -> Sequence[Record]:
        """Return who looked at her, newest first."""
        return [_record(row) for row in self._transaction.rows(_LOOKS_AT, person=person)]

    def last_signed_in(self) -> Mapping[StaffId, Millis]:
        """Return when each of the staff signed in last, as far as the record goes. It reads all of it."""
        return {
            StaffId(row.actor_name): Millis(row.at_ms)
            for row in self._transaction.rows(_LAST_SIGNED_IN)
        }

    def older(self, than_ms: Millis) -> int:
        """Return the number of the last record before the first one that is of `than_ms` or later."""
        row = self._transaction.row(_FIRST_SINCE, than_ms=than_ms)
        return self.head().number if row is None else int(row.number) - 1

    def digest(self, number: int) -> bytes | None:
        """Return the digest of a record; of the base it is the base's. None if it is not there."""
        head = self.head()
        if number == head.base:
            return head.base_digest
        row = self._transaction.row(_DIGEST, number=number)
        return None if row is None else bytes(row.digest)

    def signed(self) -> int:
        """Return the newest record that a checkpoint holds, whoever made it; 0 if nobody made one."""
        row = self._transaction.row(_HEAD)
        return 0 if row is None else int(row.signed or 0)

    def sign(self, number: int) -> None:
        """Note that a checkpoint holds the records up to `number`. It never becomes smaller."""
        self._transaction.change(_SIGN, up_to=number)

    def cut(self, base: int) -> int:
        """Let the chain begin behind the record `base`; return how many went."""
        if base <= self._held().base:
            return 0  # somebody else was quicker
        digest = self.digest(base)
        if digest is None:
            raise LookupError(base)
        self._transaction.change(_CUT, new_base=base, new_digest=digest)
        return self._transaction.change(_REMOVE, base=base)

    def _held(self) -> Head:
        """Return the head, which nobody else changes until this unit of work ends."""
        first = first_head(self._transaction.tenant)
        row = self._transaction.row(_HOLD)
        if row is None:
            # A row first: what is not there cannot be held. Another worker's may have been quicker.
            self._transaction.insert_rows(_BEGIN, [(0, first.digest, 0, first.digest, None)])
            row = self._transaction.row(_HOLD)
        return first if row is None else _head(row)


def _head(row: Row[Any]) -> Head:
    return Head(
        number=row.number,
        digest=bytes(row.digest),
        base=row.base,
        base_digest=bytes(row.base_digest),
    )


def _row(record: Record) -> tuple[Any, ...]:
    act = record.act
    return (
        record.number,
        act.at_ms,
        act.actor.kind,
        act.actor.name,
        act.actor.role,
        act.actor.credential,
        str(act.what),
        act.person,
        act.store,
        act.about,
        act.why,
        record.previous,
        record.digest,
    )


def _record(row: Row[Any]) -> Record:
    return Record(
        number=row.number,
        act=Act(
            at_ms=Millis(row.at_ms),
            actor=Actor(
                kind=row.actor,
                name=row.actor_name,
                role=row.actor_role,
                credential=row.credential,
            ),
            what=row.what,
            person=None if row.person is None else PersonId(row.person),
            store=None if row.store is None else StoreId(row.store),
            about=row.about,
            why=row.why,
        ),
        previous=bytes(row.previous),
        digest=bytes(row.digest),
    )


_A: Final = AUDIT.c
_H: Final = AUDIT_HEADS.c
_ADD: Final = adding(AUDIT)
_BEGIN: Final = keeping(AUDIT_HEADS)
_HEAD: Final = select(AUDIT_HEADS).where(ours(AUDIT_HEADS))
_HOLD: Final = _HEAD.with_for_update()
_GROW: Final = (
    update(AUDIT_HEADS)
    .where(ours(AUDIT_HEADS))
    .values(number=bindparam("new_number"), digest=bindparam("new_digest"))
)
_CUT: Final = (
    update(AUDIT_HEADS)
    .where(ours(AUDIT_HEADS))
    .values(base=bindparam("new_base"), base_digest=bindparam("new_digest"))
)
_SIGN: Final = (
    update(AUDIT_HEADS)
    .where(ours(AUDIT_HEADS), func.coalesce(_H.signed, 0) < bindparam("up_to"))
    .values(signed=bindparam("up_to"))
)
_REMOVE: Final = delete(AUDIT).where(ours(AUDIT), _A.number <= bindparam("base"))
_RECORDS: Final = (
    select(AUDIT).where(ours(AUDIT), _A.number > bindparam("after")).order_by(_A.number).limit(PAGE)
)
_LOOKS_AT: Final = (
    select(AUDIT)
    .where(
        ours(AUDIT),
        _A.person == bindparam("person"),
        _A.what.in_(sorted(each.value for each in LOOKS)),
    )
    .order_by(_A.number.desc())
)
_FIRST_SINCE: Final = (
    select(_A.number)
    .where(ours(AUDIT), _A.at_ms >= bindparam("than_ms"))
    .order_by(_A.number)
    .limit(1)
)
_DIGEST: Final = select(_A.digest).where(ours(AUDIT), _A.number == bindparam("number"))
_LAST_SIGNED_IN: Final = (
    select(AUDIT.c.actor_name, func.max(AUDIT.c.at_ms).label("at_ms"))
    .where(ours(AUDIT), AUDIT.c.what == What.SIGNED_IN.value, AUDIT.c.actor == "staff")
    .group_by(AUDIT.c.actor_name)
)
