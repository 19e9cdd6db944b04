"""Who is signed in.

Owns: the rows behind the port `StaffSessions`.
Never: a token, only its hash.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import bindparam, delete, select, update

from shopbell_server.core.access.staff_session import OpenSession
from shopbell_server.core.ids import Millis, StaffId
from shopbell_server.db.registry_tables import SIGN_IN_TRIES, STAFF_SESSIONS
from shopbell_server.db.statements import adding, merging, replacing
from shopbell_server.db.transaction import ours

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from sqlalchemy import Row

    from shopbell_server.db.transaction import Transaction


class SqlStaffSessions:
    """`StaffSessions` in SQL."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def open(self, session: OpenSession) -> None:
        """Begin a session; its fingerprint must be new."""
        self._transaction.insert(
            _OPEN,
            [
                {
                    "token_sha256": session.sha256,
                    "staff": session.staff,
                    "opened_ms": session.opened_ms,
                    "expires_ms": session.expires_ms,
                    "ends_ms": session.ends_ms,
                }
            ],
        )

    def open_link(self, link_sha256: bytes, staff: StaffId, expires_ms: Millis) -> None:
        """Keep a link that signs in once; its fingerprint must be new."""
        self._transaction.insert(
            _OPEN,
            [
                {
                    "token_sha256": link_sha256,
                    "staff": staff,
                    "opened_ms": None,
                    "expires_ms": expires_ms,
                    "ends_ms": expires_ms,
                }
            ],
        )

    def sessions(self, tokens_sha256: Collection[bytes], now_ms: Millis) -> Sequence[OpenSession]:
        """Return those that are open, of these; in no order."""
        rows = self._transaction.rows_among(_SESSIONS, "tokens", tokens_sha256, now_ms=now_ms)
        return [_session(row) for row in rows]

    def all_sessions(self, now_ms: Millis) -> Sequence[OpenSession]:
        """Return all that are open, by when they were opened."""
        return [_session(row) for row in self._transaction.rows(_ALL, now_ms=now_ms)]

    def staff_of_each(
        self, tokens_sha256: Collection[bytes], now_ms: Millis
    ) -> Mapping[bytes, StaffId]:
        """Return whose each session is; those that are not open are left out."""
        return {each.sha256: each.staff for each in self.sessions(tokens_sha256, now_ms)}

    def prolong(self, until_ms: Mapping[bytes, Millis]) -> None:
        """Write down until when sessions last, by fingerprint; one that is gone stays gone."""
        # In one order, as everywhere: two that prolong the same never wait for each other in a circle.
        self._transaction.change_each(
            _PROLONG,
            [{"of": token, "until_ms": until_ms[token]} for token in sorted(until_ms)],
        )

    def close(self, token_sha256: bytes) -> None:
        """End a session or a link; one that is not there is closed."""
        self._transaction.change(_CLOSE, token_sha256=token_sha256)

    def close_all(self, staff: StaffId) -> None:
        """End all sessions and links of somebody."""
        self._transaction.change(_CLOSE_ALL, whose=staff)

    def take_link(self, link_sha256: bytes, now_ms: Millis) -> StaffId | None:
        """Close it and return whose it was, if it was open. Two callers: one gets it."""
        row = self._transaction.row(_TAKE, token_sha256=link_sha256, now_ms=now_ms)
        return None if row is None else StaffId(row.staff)

    def open_attempt(self, attempt_sha256: bytes, expires_ms: Millis) -> None:
        """Keep that somebody was sent to the provider; its fingerprint must be new.

        It lies among the tries of passwords: a hash, and a moment from which on it counts for nothing.
        """
        self._transaction.insert(
            _OPEN_ATTEMPT, [{"name_sha256": attempt_sha256, "none_from_ms": expires_ms}]
        )

    def take_attempt(self, attempt_sha256: bytes, now_ms: Millis) -> bool:
        """Forget it and return whether it was there, and in time. Two callers: one gets it."""
        row = self._transaction.row(_TAKE_ATTEMPT, name_sha256=attempt_sha256, now_ms=now_ms)
        return row is not None

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
        """Forget sessions, links and attempts that are over, and tries that do not count.

        Returns how many sessions.
        """
        self._transaction.change(_DROP_TRIES, now_ms=now_ms)
        return self._transaction.change(_DROP, now_ms=now_ms)


def _session(row: Row[Any]) -> OpenSession:
    return OpenSession(
        sha256=row.token_sha256,
        staff=StaffId(row.staff),
        opened_ms=Millis(row.opened_ms),
        expires_ms=Millis(row.expires_ms),
        ends_ms=Millis(row.ends_ms),
    )


_this: Final = STAFF_SESSIONS.c.token_sha256 == bindparam("token_sha256")
_living: Final = STAFF_SESSIONS.c.expires_ms > bindparam("now_ms")
_is_link: Final = STAFF_SESSIONS.c.opened_ms.is_(None)

_OPEN: Final = adding(STAFF_SESSIONS)
_ALL: Final = (
    select(STAFF_SESSIONS)
    .where(ours(STAFF_SESSIONS), _living, ~_is_link)
    .order_by(STAFF_SESSIONS.c.opened_ms, STAFF_SESSIONS.c.token_sha256)
)
_SESSIONS: Final = select(STAFF_SESSIONS).where(
    ours(STAFF_SESSIONS),
    STAFF_SESSIONS.c.token_sha256.in_(bindparam("tokens", expanding=True)),
    _living,
    ~_is_link,
)
_PROLONG: Final = (
    update(STAFF_SESSIONS)
    .where(ours(STAFF_SESSIONS), STAFF_SESSIONS.c.token_sha256 == bindparam("of"))
    .values(expires_ms=bindparam("until_ms"))
)
_CLOSE: Final = delete(STAFF_SESSIONS).where(ours(STAFF_SESSIONS), _this)
_CLOSE_ALL: Final = delete(STAFF_SESSIONS).where(
    ours(STAFF_SESSIONS), STAFF_SESSIONS.c.staff == bindparam("whose")
)
_TAKE: Final = (
    delete(STAFF_SESSIONS)
    .where(ours(STAFF_SESSIONS), _this, _living, _is_link)
    .returning(STAFF_SESSIONS.c.staff)
)
_DROP: Final = delete(STAFF_SESSIONS).where(
    ours(STAFF_SESSIONS), STAFF_SESSIONS.c.expires_ms <= bindparam("now_ms")
)
_OPEN_ATTEMPT: Final = adding(SIGN_IN_TRIES)
_TAKE_ATTEMPT: Final = (
    delete(SIGN_IN_TRIES)
    .where(
        ours(SIGN_IN_TRIES),
        SIGN_IN_TRIES.c.name_sha256 == bindparam("name_sha256"),
        SIGN_IN_TRIES.c.none_from_ms > bindparam("now_ms"),
    )
    .returning(SIGN_IN_TRIES.c.name_sha256)
)
_HOLD_TRIES: Final = merging(SIGN_IN_TRIES, lambda old, _, __: {"none_from_ms": old.none_from_ms})
_TRIES: Final = select(SIGN_IN_TRIES).where(
    ours(SIGN_IN_TRIES), SIGN_IN_TRIES.c.name_sha256 == bindparam("name_sha256")
)
_PUT_TRIES: Final = replacing(SIGN_IN_TRIES)
_DROP_TRIES: Final = delete(SIGN_IN_TRIES).where(
    ours(SIGN_IN_TRIES), SIGN_IN_TRIES.c.none_from_ms <= bindparam("now_ms")
)
