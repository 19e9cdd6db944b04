"""Answers to writes that may be asked twice.

Owns: the rows behind the port `Answers`.
Never: what an answer says; it is sealed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import bindparam, delete, select

from shopbell_server.core.ids import Millis
from shopbell_server.db.registry_tables import ANSWERS
from shopbell_server.db.statements import keeping
from shopbell_server.db.transaction import ours
from shopbell_server.ports.answers import KeptAnswer

if TYPE_CHECKING:
    from shopbell_server.db.transaction import Transaction


class SqlAnswers:
    """`Answers` in SQL."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def recall(self, name_sha256: bytes, now_ms: Millis) -> KeptAnswer | None:
        """Return what was kept under that name, unless it has expired."""
        row = self._transaction.row(_RECALL, name_sha256=name_sha256, now_ms=now_ms)
        if row is None:
            return None
        return KeptAnswer(
            name_sha256=row.name_sha256,
            request_sha256=row.request_sha256,
            sealed=row.sealed,
            expires_ms=Millis(row.expires_ms),
        )

    def keep(self, answer: KeptAnswer, now_ms: Millis) -> bool:
        """Keep it in place of an expired one; False if a living answer of that name is there already."""
        self._transaction.change(_MAKE_ROOM, name_sha256=answer.name_sha256, now_ms=now_ms)
        row = {
            "name_sha256": answer.name_sha256,
            "request_sha256": answer.request_sha256,
            "sealed": answer.sealed,
            "expires_ms": answer.expires_ms,
        }
        return self._transaction.insert(_KEEP, [row]) == 1

    def drop_expired(self, now_ms: Millis) -> int:
        """Forget what has expired; return how many."""
        return self._transaction.change(_DROP, now_ms=now_ms)


_this: Final = ANSWERS.c.name_sha256 == bindparam("name_sha256")
_expired: Final = ANSWERS.c.expires_ms <= bindparam("now_ms")

_RECALL: Final = select(ANSWERS).where(
    ours(ANSWERS), _this, ANSWERS.c.expires_ms > bindparam("now_ms")
)
_MAKE_ROOM: Final = delete(ANSWERS).where(ours(ANSWERS), _this, _expired)
_KEEP: Final = keeping(ANSWERS)
_DROP: Final = delete(ANSWERS).where(ours(ANSWERS), _expired)
