"""Who did what, in memory."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from shopbell_server.core.audit.chain import LOOKS, What, first_head, linked
from shopbell_server.core.ids import StaffId, TenantId

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from shopbell_server.core.audit.chain import Act, Head, Record
    from shopbell_server.core.ids import Millis, PersonId
    from tests.fakes.memory_rows import Tables

TENANT: Final = TenantId("acme")


class MemoryAudit:
    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._noted: list[Act] = []

    def note(self, acts: Sequence[Act]) -> None:
        self._noted.extend(acts)

    def write(self) -> None:
        for record in linked(self.head(), self._noted):
            self._tables.audit[record.number] = record
            self._tables.audit_heads[0] = replace(
                self.head(), number=record.number, digest=record.digest
            )
        self._noted.clear()

    def head(self) -> Head:
        return self._tables.audit_heads.get(0) or first_head(TENANT)

    def records(self, after: int) -> Iterator[Record]:
        return (each for number, each in sorted(self._tables.audit.items()) if number > after)

    def looks_at(self, person: PersonId) -> Sequence[Record]:
        found = [
            each for each in self.records(0) if each.act.person == person and each.act.what in LOOKS
        ]
        return found[::-1]

    def last_signed_in(self) -> Mapping[StaffId, Millis]:
        return {
            StaffId(each.act.actor.name): each.act.at_ms
            for each in sorted(self.records(0), key=lambda record: record.act.at_ms)
            if each.act.what == What.SIGNED_IN and each.act.actor.kind == "staff"
        }

    def older(self, than_ms: Millis) -> int:
        late = (each.number for each in self.records(0) if each.act.at_ms >= than_ms)
        return next(late, self.head().number + 1) - 1

    def digest(self, number: int) -> bytes | None:
        head = self.head()
        if number == head.base:
            return head.base_digest
        record = self._tables.audit.get(number)
        return None if record is None else record.digest

    def signed(self) -> int:
        return self._tables.audit_signed.get(0, 0)

    def sign(self, number: int) -> None:
        self._tables.audit_signed[0] = max(number, self.signed())

    def cut(self, base: int) -> int:
        if base <= self.head().base:
            return 0
        digest = self.digest(base)
        if digest is None:
            raise LookupError(base)
        self._tables.audit_heads[0] = replace(self.head(), base=base, base_digest=digest)
        gone = [number for number in self._tables.audit if number <= base]
        for number in gone:
            del self._tables.audit[number]
        return len(gone)
