"""The board of the store, as a tablet has it: the live stream of the API.

Owns: signing in by a link, and reading server-sent events.
Never: what a row means for the demo.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Self

import httpx2
import msgspec

from shopbell_sim.adapters.app_error import AppError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

WITHIN_S: Final = 20.0
"""For an answer and between two events; the stream has a heartbeat every 5 s."""


class Row(msgspec.Struct, frozen=True):
    """Somebody who is here: the parts of a row that are asked for."""

    visit: str
    first_name: str | None
    evidence: str


class _Snapshot(msgspec.Struct):
    rows: list[Row]


class Board:
    """One board of one server. Close it, or use it as a context."""

    def __init__(self, server: str, store: str) -> None:
        self._store = store
        self._client = httpx2.AsyncClient(base_url=server, timeout=WITHIN_S, trust_env=False)
        self._session = ""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()

    async def sign_in(self, link: str) -> None:
        """Use up a sign-in link. Raises AppError."""
        try:
            answer = await self._client.get(link)
        except httpx2.HTTPError as error:
            raise _no_answer("GET /login", error) from error
        # Not by the client's jar: the cookie is Secure, and only browsers send those to http://127.0.0.1.
        self._session = answer.headers.get("set-cookie", "").partition(";")[0]
        if not self._session:
            raise AppError(f"GET /login: {answer.status_code}: the link signs nobody in")

    async def rows(self) -> AsyncGenerator[Row]:
        """Yield every row that is on the board, and again when it changes. Raises AppError."""
        path = f"/v1/stores/{self._store}/stream"
        try:
            async with self._client.stream(
                "GET", path, headers={"Cookie": self._session}
            ) as answer:
                if not answer.is_success:
                    raise AppError(f"GET {path}: {answer.status_code}")
                event = ""
                async for line in answer.aiter_lines():
                    name, _, value = line.partition(": ")
                    if name == "event":
                        event = value
                    elif name == "data":
                        for row in _rows(event, value):
                            yield row
        except httpx2.HTTPError as error:
            raise _no_answer(f"GET {path}", error) from error
        except msgspec.DecodeError as error:
            raise AppError(f"GET {path}: the answer is not as specified: {error}") from error


def _rows(event: str, data: str) -> list[Row]:
    match event:
        case "snapshot":
            return msgspec.json.decode(data, type=_Snapshot).rows
        case "changed":
            return [msgspec.json.decode(data, type=Row)]
        case _:
            return []


def _no_answer(what: str, error: httpx2.HTTPError) -> AppError:
    return AppError(f"{what}: no answer ({type(error).__name__}). Is the server running there?")
