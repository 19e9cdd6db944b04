"""Who is signed in.

Owns: the rows behind the port `StaffSessions`.
Never: a token, only its hash.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import bindparam, delete, select

from shopbell_server.core.ids import StaffId
from shopbell_server.db.registry_tables import STAFF_SESSIONS
from shopbell_server.db.statements import adding
from shopbell_server.db.transaction import ours

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from shopbell_server.core.ids import Millis
    from shopbell_server.db.transaction import Transaction


class SqlStaffSessions:
    """`StaffSessions` in SQL."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def open(self, token_sha256: bytes, staff: StaffId, expires_ms: Millis) -> None:
        """Begin a session; the token must be new."""
        self._transaction.insert(
            _OPEN, [{"token_sha256": token_sha256, "staff": staff, "expires_ms": expires_ms}]
        )

    def staff_of(self, token_sha256: bytes, now_ms: Millis) -> StaffId | None:
        """Return whose session it is, if it is open."""
        row = self._transaction.row(_STAFF_OF, token_sha256=token_sha256, now_ms=now_ms)
        return None if row is None else StaffId(row.staff)

    def staff_of_each(
        self, tokens_sha256: Collection[bytes], now_ms: Millis
    ) -> Mapping[bytes, StaffId]:
        """Return the same of each; those that are not open are left out."""
        rows = self._transaction.rows_among(_STAFF_OF_EACH, "tokens", tokens_sha256, now_ms=now_ms)
        return {row.token_sha256: StaffId(row.staff) for row in rows}

    def close(self, token_sha256: bytes) -> None:
        """End a session; one that is not there is closed."""
        self._transaction.change(_CLOSE, token_sha256=token_sha256)

    def take(self, token_sha256: bytes, now_ms: Millis) -> StaffId | None:
        """Close and return whose it was, if it was open. Two callers: one gets it."""
        row = self._transaction.row(_TAKE, token_sha256=token_sha256, now_ms=now_ms)
        return None if row is None else StaffId(row.staff)

    def drop_expired(self, now_ms: Millis) -> int:
        """Forget the sessions and links that are over; return how many."""
        return self._transaction.change(_DROP, now_ms=now_ms)


_this: Final = STAFF_SESSIONS.c.token_sha256 == bindparam("token_sha256")
_living: Final = STAFF_SESSIONS.c.expires_ms > bindparam("now_ms")

_OPEN: Final = adding(STAFF_SESSIONS)
_STAFF_OF: Final = select(STAFF_SESSIONS.c.staff).where(ours(STAFF_SESSIONS), _this, _living)
_STAFF_OF_EACH: Final = select(STAFF_SESSIONS.c.token_sha256, STAFF_SESSIONS.c.staff).where(
    ours(STAFF_SESSIONS),
    STAFF_SESSIONS.c.token_sha256.in_(bindparam("tokens", expanding=True)),
    _living,
)
_CLOSE: Final = delete(STAFF_SESSIONS).where(ours(STAFF_SESSIONS), _this)
_TAKE: Final = (
    delete(STAFF_SESSIONS)
    .where(ours(STAFF_SESSIONS), _this, _living)
    .returning(STAFF_SESSIONS.c.staff)
)
_DROP: Final = delete(STAFF_SESSIONS).where(
    ours(STAFF_SESSIONS), STAFF_SESSIONS.c.expires_ms <= bindparam("now_ms")
)
