"""Whether the store of keys is the one that a database was sealed with.

Owns: the mark that tells, and refusing another store: every box would be empty, and new ones would be sealed
under keys that the next start does not have.
Never: a key.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import delete, select

from shopbell_server.db.key_tables import PAIRED_KEYS
from shopbell_server.db.statements import keeping
from shopbell_server.db.transaction import ours

if TYPE_CHECKING:
    from shopbell_server.db.transaction import Transaction


class OtherKeysError(RuntimeError):
    """The store of keys is another one than the database was sealed with; the text says what to do."""


def is_paired(transaction: Transaction) -> bool:
    """Return whether the database knows its keys. Raises OtherKeysError if it knows others."""
    row = transaction.row(_MARK)
    if row is None:
        return False
    if row.mark != _mark(transaction):
        raise OtherKeysError(
            "the keys are not those that this database was sealed with: see [keys] for another place, or "
            "restore their backup. If they are lost, `shopbell-server migrate --new-keys` goes on without "
            "what they sealed"
        )
    return True


def pair(transaction: Transaction) -> None:
    """Let the database know its keys; of two who do it at once the first one's are kept.

    Raises OtherKeysError for the other's. The caller commits.
    """
    transaction.insert(_PUT, [{"mark": _mark(transaction)}])
    is_paired(transaction)


def part(transaction: Transaction) -> None:
    """Forget which keys the database was sealed with: the next that it is used with are taken for them."""
    transaction.change(_PART)


def _mark(transaction: Transaction) -> bytes:
    return transaction.boxes.marks("store of keys", [""])[0]


_MARK: Final = select(PAIRED_KEYS.c.mark).where(ours(PAIRED_KEYS))
_PUT: Final = keeping(PAIRED_KEYS)
_PART: Final = delete(PAIRED_KEYS).where(ours(PAIRED_KEYS))
