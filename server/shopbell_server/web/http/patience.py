"""How long a connection may be without a request.

Owns: that whoever opens a connection and sends nothing, or a request's head a byte at a time, is cut off.
Never: bodies (`door`), or connections that are being answered: a stream may last for hours.

uvicorn itself waits 5 s for the next request of a connection, but only while nothing at all arrives, and for
the first one it waits for ever.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

from uvicorn.protocols.http.h11_impl import H11Protocol

if TYPE_CHECKING:
    import asyncio

    from uvicorn.protocols.http.h11_impl import RequestResponseCycle

HEAD_WITHIN_S: Final = 15.0
"""From the connection, or from the last answer, to the end of the next request's head: 1 KB as a rule, which
takes 40 ms at 200 kbit/s, and three lost packets on the way."""


class PatientProtocol(H11Protocol):
    """HTTP/1.1 that does not wait for ever."""

    head_within_s: float = HEAD_WITHIN_S
    _cut_off: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Begin to wait."""
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Go on waiting unless the head is complete."""
        super().data_received(data)
        self._wait()

    def on_response_complete(self) -> None:
        """Begin to wait for the next request."""
        super().on_response_complete()
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        super().connection_lost(exc)
        self._stop_waiting()

    def _wait(self) -> None:
        # uvicorn's types leave out that there is none before the first request.
        cycle = cast("RequestResponseCycle | None", self.cycle)
        if cycle is not None and not cycle.response_complete:
            self._stop_waiting()
        elif self._cut_off is None and not self.transport.is_closing():
            self._cut_off = self.loop.call_later(self.head_within_s, self.transport.close)

    def _stop_waiting(self) -> None:
        if self._cut_off is not None:
            self._cut_off.cancel()
            self._cut_off = None
