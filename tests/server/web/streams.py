"""An EventSource: opens a stream of the application and reads events as they come."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

    from starlette.types import ASGIApp, Message

LIMIT_S = 10.0
"""Every wait ends; on a busy machine nothing here takes a second."""


@dataclass(frozen=True, slots=True)
class Event:
    id: str
    name: str
    data: Any


class Stream:
    """One open stream. Leaving closes it as a tablet does that is switched off."""

    def __init__(self, app: ASGIApp, path: str, headers: Mapping[str, str]) -> None:
        self._app = app
        self._path = path
        self._headers = headers
        self._messages: asyncio.Queue[Message] = asyncio.Queue()
        self._gone = asyncio.Event()
        self._flow = asyncio.Event()
        self._flow.set()
        self._text = ""
        self.status = 0
        self.headers: dict[str, str] = {}
        self.ended = False

    async def __aenter__(self) -> Self:
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "GET",
            "scheme": "https",
            "path": self._path,
            "raw_path": self._path.encode(),
            "query_string": b"",
            "root_path": "",
            "headers": [
                (name.lower().encode(), value.encode()) for name, value in self._headers.items()
            ],
            "server": ("board.test", 443),
            "client": ("127.0.0.1", 123),
        }
        self._task: asyncio.Task[None] = asyncio.get_running_loop().create_task(
            self._app(scope, self._receive, self._send)  # type: ignore[arg-type]
        )
        start = await self._next()
        self.status = start["status"]
        self.headers = {name.decode(): value.decode() for name, value in start["headers"]}
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._gone.set()
        self._flow.set()
        async with asyncio.timeout(LIMIT_S):
            await self._task

    def stall(self) -> None:
        """Take nothing more for now: the Wi-Fi is bad."""
        self._flow.clear()

    def flow(self) -> None:
        self._flow.set()

    async def event(self) -> Event:
        """Return the next event."""
        while "\n\n" not in self._text:
            message = await self._next()
            self._text += message.get("body", b"").decode()
            if not message.get("more_body", False):
                self.ended = True
                raise EOFError
        text, _, self._text = self._text.partition("\n\n")
        fields = dict(line.split(": ", 1) for line in text.split("\n"))
        return Event(id=fields["id"], name=fields["event"], data=json.loads(fields["data"]))

    async def until(self, name: str) -> Event:
        """Return the next event of that name."""
        while True:
            event = await self.event()
            if event.name == name:
                return event

    async def end(self) -> None:
        """Read until the server ends the stream."""
        try:
            while True:
                await self.event()
        except EOFError:
            pass

    async def _next(self) -> Message:
        async with asyncio.timeout(LIMIT_S):
            return await self._messages.get()

    async def _receive(self) -> Message:
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Message) -> None:
        await self._flow.wait()
        if not self._gone.is_set():
            await self._messages.put(message)
