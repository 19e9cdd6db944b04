"""Consent, append-only.

Owns: the rows behind the port `Ledger`. A trigger of the database refuses to change or remove them.
Never: what they amount to (`core.consent.ledger`).
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import bindparam, exists, func, select, tuple_, union

from shopbell_server.core.consent.ledger import (
    LONGEST_YEAR_MS,
    SHORTEST_YEAR_MS,
    Change,
    Entry,
    Place,
    Purpose,
)
from shopbell_server.core.ids import Millis, PersonId
from shopbell_server.db.people_tables import CONSENTS, FOR_A_WHILE
from shopbell_server.db.statements import adding, by_keys
from shopbell_server.db.transaction import ours

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from sqlalchemy import Row

    from shopbell_server.db.transaction import Transaction


class SqlLedger:
    """`Ledger` in SQL."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def entries(self, persons: Collection[PersonId]) -> Mapping[PersonId, Sequence[Entry]]:
        """Return all entries of each person, oldest first; people without any are left out."""
        rows = self._transaction.rows_by_keys(_ENTRIES, [(person,) for person in persons])
        return {
            person: [_entry(row) for row in hers]
            for person, hers in groupby(rows, key=lambda row: PersonId(row.person))
        }

    def run_out(self, since_ms: Millis, now_ms: Millis) -> Sequence[PersonId]:
        """Return, in order, those whose latest word on a purpose may have run out from then until now."""
        rows = self._transaction.rows(
            _RUN_OUT,
            since_ms=since_ms,
            now_ms=now_ms,
            given_from_ms=since_ms - LONGEST_YEAR_MS,
            given_to_ms=now_ms - SHORTEST_YEAR_MS,
        )
        return [PersonId(row.person) for row in rows]

    def tally(self) -> Mapping[tuple[Purpose, Change], int]:
        """Return how many people's latest word on each purpose is which. It reads the whole ledger."""
        return {
            (Purpose(row.purpose), Change(row.change)): int(row.number)
            for row in self._transaction.rows(_TALLY)
        }

    def append(self, entries: Sequence[Entry]) -> None:
        """Add entries; (person, sequence) must be new. Raises DatabaseBusyError if one is not."""
        self._transaction.insert(_APPEND, [_row(entry) for entry in entries])


def _entry(row: Row[Any]) -> Entry:
    return Entry(
        sequence=row.sequence,
        person=PersonId(row.person),
        purpose=Purpose(row.purpose),
        change=Change(row.change),
        at_ms=Millis(row.at_ms),
        until_ms=None if row.until_ms is None else Millis(row.until_ms),
        place=Place(row.place),
        text_version=row.text_version,
        text_sha256=row.text_sha256,
        language=row.language,
        evidence=row.evidence,
    )


def _row(entry: Entry) -> dict[str, str | int | None]:
    return {
        "person": entry.person,
        "sequence": entry.sequence,
        "purpose": entry.purpose.value,
        "change": entry.change.value,
        "at_ms": entry.at_ms,
        "until_ms": entry.until_ms,
        "place": entry.place.value,
        "text_version": entry.text_version,
        "text_sha256": entry.text_sha256,
        "language": entry.language,
        "evidence": entry.evidence,
    }


_ENTRIES: Final = by_keys(
    select(CONSENTS)
    .where(ours(CONSENTS))
    .order_by(CONSENTS.c.person, CONSENTS.c.at_ms, CONSENTS.c.sequence),
    CONSENTS.c.person,
)
_later: Final = CONSENTS.alias("later")
_latest: Final = ~exists().where(
    _later.c.tenant == CONSENTS.c.tenant,
    _later.c.person == CONSENTS.c.person,
    _later.c.purpose == CONSENTS.c.purpose,
    tuple_(_later.c.at_ms, _later.c.sequence) > tuple_(CONSENTS.c.at_ms, CONSENTS.c.sequence),
)
_allowing: Final = select(CONSENTS.c.person).where(
    ours(CONSENTS), CONSENTS.c.change.in_(("given", "renewed")), _latest
)
_TALLY: Final = (
    select(CONSENTS.c.purpose, CONSENTS.c.change, func.count().label("number"))
    .where(ours(CONSENTS), _latest)
    .group_by(CONSENTS.c.purpose, CONSENTS.c.change)
)
# Two questions, each with an index of its own: with OR between them neither database is sure to use both.
_RUN_OUT: Final = union(
    _allowing.where(CONSENTS.c.at_ms.between(bindparam("given_from_ms"), bindparam("given_to_ms"))),
    _allowing.where(
        FOR_A_WHILE, CONSENTS.c.until_ms.between(bindparam("since_ms"), bindparam("now_ms"))
    ),
).order_by("person")
_APPEND: Final = adding(CONSENTS)
