"""Which customers are signed in at their own page.

Owns: the rows behind the port `CustomerSessions`.
Never: a secret, only its hash; when a session is over (`core.access.customer_sessions`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import bindparam, delete, or_, select, update

from shopbell_server.core.access.customer_sessions import CustomerSession
from shopbell_server.core.ids import Millis, PersonId
from shopbell_server.db.customer_tables import CUSTOMER_SESSIONS
from shopbell_server.db.statements import adding
from shopbell_server.db.transaction import ours

if TYPE_CHECKING:
    from shopbell_server.db.transaction import Transaction


class SqlCustomerSessions:
    """`CustomerSessions` in SQL."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def open(self, token_sha256: bytes, session: CustomerSession) -> None:
        """Keep a new one. Raises DatabaseRefusedError for somebody who is not there."""
        self._transaction.insert(
            _OPEN,
            [
                {
                    "token_sha256": token_sha256,
                    "person": session.person,
                    "opened_ms": session.opened_ms,
                    "used_ms": session.used_ms,
                    "expires_ms": session.expires_ms,
                }
            ],
        )

    def get(self, token_sha256: bytes) -> CustomerSession | None:
        """Return it, whether it is over or not."""
        row = self._transaction.row(_GET, this=token_sha256)
        if row is None:
            return None
        return CustomerSession(
            person=PersonId(row.person),
            opened_ms=Millis(row.opened_ms),
            used_ms=Millis(row.used_ms),
            expires_ms=Millis(row.expires_ms),
        )

    def use(self, token_sha256: bytes, now_ms: Millis) -> None:
        """Write down that it was used; one that is not there is left alone."""
        self._transaction.change(_USE, this=token_sha256, now_ms=now_ms)

    def take(self, token_sha256: bytes, now_ms: Millis) -> PersonId | None:
        """Remove it and return whose it was, if its end has not come. Two callers: one gets it."""
        row = self._transaction.row(_TAKE, this=token_sha256, now_ms=now_ms)
        return None if row is None else PersonId(row.person)

    def close(self, token_sha256: bytes) -> None:
        """Remove it; one that is not there is closed."""
        self._transaction.change(_CLOSE, this=token_sha256)

    def close_all(self, person: PersonId) -> int:
        """Remove all of hers, links too; return how many."""
        return self._transaction.change(_CLOSE_ALL, whose=person)

    def drop_expired(self, now_ms: Millis, unused_since_ms: Millis) -> int:
        """Forget those whose end has come and those that nobody used since then; return how many."""
        return self._transaction.change(_DROP, now_ms=now_ms, unused_since_ms=unused_since_ms)


_S: Final = CUSTOMER_SESSIONS.c
_this: Final = _S.token_sha256 == bindparam("this")

_OPEN: Final = adding(CUSTOMER_SESSIONS)
_GET: Final = select(CUSTOMER_SESSIONS).where(ours(CUSTOMER_SESSIONS), _this)
_USE: Final = (
    update(CUSTOMER_SESSIONS)
    .where(ours(CUSTOMER_SESSIONS), _this)
    .values(used_ms=bindparam("now_ms"))
)
_TAKE: Final = (
    delete(CUSTOMER_SESSIONS)
    .where(ours(CUSTOMER_SESSIONS), _this, _S.expires_ms > bindparam("now_ms"))
    .returning(_S.person)
)
_CLOSE: Final = delete(CUSTOMER_SESSIONS).where(ours(CUSTOMER_SESSIONS), _this)
_CLOSE_ALL: Final = delete(CUSTOMER_SESSIONS).where(
    ours(CUSTOMER_SESSIONS), _S.person == bindparam("whose")
)
_DROP: Final = delete(CUSTOMER_SESSIONS).where(
    ours(CUSTOMER_SESSIONS),
    or_(_S.expires_ms <= bindparam("now_ms"), _S.used_ms <= bindparam("unused_since_ms")),
)
