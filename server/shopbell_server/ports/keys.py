"""The keys that what is kept of people is sealed under, in a store of their own.

Whoever destroys a key makes unreadable all that was sealed with it, backups of the database included. So the
keys are never in the database, and backups of both are never kept together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from shopbell_server.ports.database import DatabaseLostError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from shopbell_server.core.keeping.owners import Owner


class KeysLostError(DatabaseLostError):
    """The store of keys does not answer. Nothing was committed; trying again later is safe."""


class KeyStore(Protocol):
    """The keys of one tenant, each of KEY_BYTES; safe to use from any number of threads.

    Every method raises KeysLostError when the store does not answer, and DatabaseBusyError when
    somebody else is at it for too long: in both cases trying again later is safe.
    """

    def known(self, owners: Collection[Owner]) -> Mapping[Owner, bytes]:
        """Return the keys of those that have one.

        One that another process destroyed may still be among them for `remembered.KEPT_S`.
        """
        ...

    def made(self, owners: Collection[Owner]) -> Mapping[Owner, bytes]:
        """Return the keys of all of `owners`, as the store has them now, made where there was none.

        They are kept when this returns. Two who make one at once get the same.
        """
        ...

    def destroy(self, owners: Collection[Owner]) -> None:
        """Destroy the keys of `owners`; without one there is nothing to do.

        When this returns, nothing of them is left in the store: not in its file, nor in its log as far
        as the store can reach it. All at once: every call costs as much as reading the whole store.
        """
        ...

    def close(self) -> None:
        """Give up all connections."""
        ...
