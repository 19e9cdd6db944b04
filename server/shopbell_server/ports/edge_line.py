"""Edges, as whoever has no line to them reaches them: how each does by its own word, and orders out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shopbell_server.core.ids import EdgeId
    from shopbell_wire.messages import Status
    from shopbell_wire.orders import Kind


class EdgesUnreachableError(ConnectionError):
    """The broker does not answer, or will not have us. Nothing was sent; the text says what is wrong."""


class EdgeLine(Protocol):
    """Connects when it is asked. Blocks; any thread may call it."""

    def statuses(self) -> Mapping[EdgeId, Status]:
        """Return what each edge that ever connected said last, a few seconds old at most.

        Raises EdgesUnreachableError.
        """
        ...

    def deliver(self, edge: EdgeId, kind: Kind, payload: bytes) -> None:
        """Hand a sealed order to the broker. Raises EdgesUnreachableError: then it was not sent."""
        ...
