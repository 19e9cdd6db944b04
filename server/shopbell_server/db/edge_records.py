"""What is kept of edges themselves.

Owns: the rows behind the port `EdgeRecords`.
Never: what makes two machines of one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import bindparam, delete, func, select

from shopbell_server.core.edges.lineage import Heir
from shopbell_server.core.ids import EdgeId, Millis
from shopbell_server.core.recognition.loyalty_numbers import Guesses
from shopbell_server.core.recognition.spray import Tokens
from shopbell_server.db.guess_tables import NUMBER_GUESSES
from shopbell_server.db.statements import by_keys, keeping, merging, replacing
from shopbell_server.db.tables import EDGE_LOSSES, STREAM_HEIRS, TOKEN_COUNTS
from shopbell_server.db.transaction import ours

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from sqlalchemy import Row

    from shopbell_server.core.edges.deafness import Scanner
    from shopbell_server.core.edges.lineage import Start
    from shopbell_server.core.recognition.spray import Minutes
    from shopbell_server.db.transaction import Transaction
    from shopbell_server.ports.edge_records import Lineage


class SqlEdgeRecords:
    """`EdgeRecords` in SQL."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def add_losses(self, losses: Mapping[tuple[EdgeId, str], int], now_ms: Millis) -> None:
        """Add to what edges gave up, by edge and reason."""
        # In the order of the keys: two workers wait for each other in one direction only.
        rows = [(*key, count, now_ms) for key, count in sorted(losses.items())]
        self._transaction.insert_rows(_ADD_LOSSES, rows)

    def losses(self) -> Mapping[EdgeId, Mapping[str, int]]:
        """Return what edges gave up since they are known, by reason."""
        found: dict[EdgeId, dict[str, int]] = {}
        for row in self._transaction.rows(_LOSSES):
            found.setdefault(EdgeId(row.edge), {})[row.reason] = row.events
        return found

    def heirs(self, starts: Collection[Start]) -> Mapping[Lineage, Heir]:
        """Return the heirs of what `starts` came after; of one that has none the first of them becomes it."""
        first: dict[Lineage, str] = {}
        for start in starts:
            first.setdefault((start.edge, start.previous), start.stream)
        # A row first: what is not there cannot be held. Another worker's may have been quicker.
        self._transaction.insert_rows(
            _KEEP_HEIR, [(*key, stream, None) for key, stream in sorted(first.items())]
        )
        return {
            (EdgeId(row.edge), row.previous): Heir(
                stream=row.stream,
                cloned_ms=None if row.cloned_ms is None else Millis(row.cloned_ms),
            )
            for row in self._transaction.rows_by_keys(_HOLD_HEIRS, sorted(first))
        }

    def put_heirs(self, heirs: Mapping[Lineage, Heir]) -> None:
        """Replace them."""
        rows = [
            (*key, heir.stream, heir.cloned_ms) for key, heir in sorted(heirs.items(), key=_key)
        ]
        self._transaction.insert_rows(_PUT_HEIR, rows)

    def add_tokens(self, counts: Mapping[tuple[EdgeId, int], Tokens]) -> None:
        """Add to how many tokens began to be heard, by edge and minute."""
        self._transaction.insert_rows(
            _ADD_TOKENS, [(*key, *tokens) for key, tokens in sorted(counts.items())]
        )

    def tokens(self, edges: Collection[EdgeId], since_minute: int) -> Mapping[EdgeId, Minutes]:
        """Return the counts of `edges` from a minute on; edges without any are left out."""
        return _minutes(
            self._transaction.rows_by_keys(
                _TOKENS_OF, [(edge,) for edge in sorted(edges)], since=since_minute
            )
        )

    def all_tokens(self, since_minute: int) -> Mapping[EdgeId, Minutes]:
        """Return the counts of every edge from a minute on, a few minutes' worth."""
        return _minutes(self._transaction.rows(_TOKENS, since=since_minute))

    def drop_tokens(self, before_minute: int) -> int:
        """Forget the counts of the minutes before; return how many."""
        return self._transaction.change(_DROP_TOKENS, before=before_minute)

    def hold_guesses(
        self, scanners: Collection[Scanner], now_ms: Millis
    ) -> Mapping[Scanner, Guesses]:
        """Return what each scanner tried of numbers that nobody has; none where nothing is known.

        They are held until the unit of work ends, in the order of their names, and after people.
        """
        wanted = sorted(scanners)
        # A row first: what is not there cannot be held.
        self._transaction.insert_rows(_KEEP_GUESSES, [(*each, "", 0, now_ms) for each in wanted])
        return {
            (EdgeId(row.edge), row.scanner): Guesses(
                unknown_ms=tuple(Millis(int(ms)) for ms in row.unknown.split()),
                refused_until_ms=row.refused_until_ms,
            )
            for row in self._transaction.rows_by_keys(_HOLD_GUESSES, wanted)
        }

    def put_guesses(self, guesses: Mapping[Scanner, Guesses], now_ms: Millis) -> None:
        """Replace them."""
        rows = [
            (*scanner, " ".join(map(str, each.unknown_ms)), each.refused_until_ms, now_ms)
            for scanner, each in sorted(guesses.items(), key=_name)
        ]
        self._transaction.insert_rows(_PUT_GUESSES, rows)

    def drop_guesses(self, before_ms: Millis) -> int:
        """Forget those that were last put before; return how many."""
        return self._transaction.change(_DROP_GUESSES, before=before_ms)

    def cloned(self) -> Mapping[EdgeId, Millis]:
        """Return when each edge was last found to be two."""
        return {EdgeId(row.edge): Millis(row.last_ms) for row in self._transaction.rows(_CLONED)}


def _minutes(rows: Iterable[Row[Any]]) -> Mapping[EdgeId, Minutes]:
    found: dict[EdgeId, dict[int, Tokens]] = {}
    for row in rows:
        found.setdefault(EdgeId(row.edge), {})[row.minute] = Tokens(row.known, row.unknown)
    return found


def _key(item: tuple[Lineage, Heir]) -> Lineage:
    return item[0]


def _name(item: tuple[Scanner, Guesses]) -> Scanner:
    return item[0]


_L: Final = EDGE_LOSSES.c
_H: Final = STREAM_HEIRS.c
_ADD_LOSSES: Final = merging(
    EDGE_LOSSES,
    lambda old, new, words: {
        "events": old.events + new.events,
        "last_ms": words.greater(old.last_ms, new.last_ms),
    },
)
_LOSSES: Final = (
    select(_L.edge, _L.reason, _L.events).where(ours(EDGE_LOSSES)).order_by(_L.edge, _L.reason)
)
_T: Final = TOKEN_COUNTS.c
_ADD_TOKENS: Final = merging(
    TOKEN_COUNTS,
    lambda old, new, _: {"known": old.known + new.known, "unknown": old.unknown + new.unknown},
)
_TOKENS: Final = select(TOKEN_COUNTS).where(ours(TOKEN_COUNTS), _T.minute >= bindparam("since"))
_TOKENS_OF: Final = by_keys(_TOKENS, _T.edge)
_DROP_TOKENS: Final = delete(TOKEN_COUNTS).where(
    ours(TOKEN_COUNTS), _T.minute < bindparam("before")
)
_KEEP_HEIR: Final = keeping(STREAM_HEIRS)
_HOLD_HEIRS: Final = by_keys(
    select(STREAM_HEIRS)
    .where(ours(STREAM_HEIRS))
    .order_by(_H.edge, _H.previous)
    .with_for_update(of=STREAM_HEIRS),
    _H.edge,
    _H.previous,
)
_PUT_HEIR: Final = replacing(STREAM_HEIRS)
_G: Final = NUMBER_GUESSES.c
_KEEP_GUESSES: Final = keeping(NUMBER_GUESSES)
_HOLD_GUESSES: Final = by_keys(
    select(NUMBER_GUESSES)
    .where(ours(NUMBER_GUESSES))
    .order_by(_G.edge, _G.scanner)
    .with_for_update(of=NUMBER_GUESSES),
    _G.edge,
    _G.scanner,
)
_PUT_GUESSES: Final = replacing(NUMBER_GUESSES)
_DROP_GUESSES: Final = delete(NUMBER_GUESSES).where(
    ours(NUMBER_GUESSES), _G.put_ms < bindparam("before")
)
_CLONED: Final = (
    select(_H.edge, func.max(_H.cloned_ms).label("last_ms"))
    .where(ours(STREAM_HEIRS), _H.cloned_ms.is_not(None))
    .group_by(_H.edge)
)
