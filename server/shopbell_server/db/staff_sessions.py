"""Who is signed in.

Owns: the rows behind the port `StaffSessions`.
Never: a token, only its hash.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import bindparam, delete, select

from shopbell_server.core.ids import Millis, StaffId
from shopbell_server.db.registry_tables import SIGN_IN_TRIES, STAFF_SESSIONS
from shopbell_server.db.statements import adding, merging, replacing
from shopbell_server.db.transaction import ours

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

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

    def hold_tries(self, name_sha256: bytes) -> Millis:
        """Return when whoever tries a name has tried nothing again; 0 if nobody did.

        The row is locked, or made if it was not there.
        """
        self._transaction.insert(_HOLD_TRIES, [{"name_sha256": name_sha256, "none_from_ms": 0}])
        row = self._transaction.row(_TRIES, name_sha256=name_sha256)
        return Millis(0 if row is None else row.none_from_ms)

    def put_tries(self, name_sha256: bytes, none_from_ms: Millis) -> None:
        """Write that down."""
        self._transaction.insert(
            _PUT_TRIES, [{"name_sha256": name_sha256, "none_from_ms": none_from_ms}]
        )

    def drop_expired(self, now_ms: Millis) -> int:
        """Forget sessions and links that are over, and tries that do not count; return how many sessions."""
        self._transaction.change(_DROP_TRIES, now_ms=now_ms)
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
_HOLD_TRIES: Final = merging(SIGN_IN_TRIES, lambda old, _, __: {"none_from_ms": old.none_from_ms})
_TRIES: Final = select(SIGN_IN_TRIES).where(
    ours(SIGN_IN_TRIES), SIGN_IN_TRIES.c.name_sha256 == bindparam("name_sha256")
)
_PUT_TRIES: Final = replacing(SIGN_IN_TRIES)
_DROP_TRIES: Final = delete(SIGN_IN_TRIES).where(
    ours(SIGN_IN_TRIES), SIGN_IN_TRIES.c.none_from_ms <= bindparam("now_ms")
)
