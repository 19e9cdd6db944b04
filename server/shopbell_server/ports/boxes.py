"""Sealing what is kept of people, and making it unreadable for good."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from shopbell_server.core.keeping.owners import Owner


class Content(NamedTuple):
    """A value in a row (named by its key without the tenant), and under whose key."""

    owner: Owner
    row: str
    value: bytes


class Boxes(Protocol):
    """Seals and opens values of one tenant, many at once; safe to use from any number of threads.

    `column` is "table.column": a box opens only in the column and row that it was sealed for.
    Raises what `KeyStore` raises.
    """

    def seal(self, column: str, values: Sequence[Content]) -> list[bytes]:
        """Return a box for each value. Keys that are missing are made, and kept before this returns."""
        ...

    def open(self, column: str, boxes: Sequence[Content]) -> list[bytes | None]:
        """Return the value in each box; None where the key was destroyed, or the box is not of its place."""
        ...

    def marks(self, kind: str, values: Sequence[str]) -> list[bytes]:
        """Return by what each value of a `kind` is found: 32 bytes, the same for the same value."""
        ...

    def destroy(self, owners: Collection[Owner]) -> None:
        """Destroy the keys of `owners`: what they sealed opens nowhere any more, backups included.

        Call it when the deletion of their rows is committed; doing it again changes nothing. All at once:
        every call costs as much as reading the whole store of keys.
        """
        ...

    def ask(self) -> None:
        """Raise KeysLostError or DatabaseBusyError unless the store of the keys answers now."""
        ...

    def close(self) -> None:
        """Give up the store of the keys."""
        ...
