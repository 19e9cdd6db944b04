"""Commits to the spool: all or nothing, with what was given up counted in the same. For one thread.

Owns: where a transaction begins and ends, and what is done when the disk is full.
Never: what is written in one (`batches`).
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from shopbell_edge.adapters.spool.disk import Disk

_T = TypeVar("_T")


class Commits:
    """Those of one open spool."""

    def __init__(self, disk: Disk) -> None:
        self._disk = disk
        self.given_up: Counter[str] = Counter()
        """Events by reason, to be counted in the table `dropped` with the next commit: add to it."""

    @contextmanager
    def one(self) -> Iterator[None]:
        """Commit at the end of the context; leave nothing behind, and count nothing, if that fails."""
        db = self._disk.db
        db.execute("BEGIN IMMEDIATE")
        try:
            counted = self.given_up.copy()
            db.executemany(
                "UPDATE dropped SET count = count + ? WHERE reason = ?",
                [(count, reason) for reason, count in counted.items()],
            )
            yield
            db.execute("COMMIT")
        except BaseException:
            if db.in_transaction:
                db.execute("ROLLBACK")
            raise
        self.given_up -= counted

    def making_room(self, work: Callable[[], _T]) -> _T:
        """Do `work` in one commit, with the ballast's room if the disk has none left."""
        try:
            with self.one():
                return work()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_FULL or not self._disk.release_ballast():
                raise
        with self.one():
            return work()
