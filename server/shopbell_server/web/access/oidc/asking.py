"""One question to a provider over HTTPS, and no more than one.

Owns: how long it may take in all, how long its answer may be, and that it leads nowhere else.
Never: what is asked, or what an answer means.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import httpx2
import msgspec

from shopbell_server.ports.provider import NotBelievedError, ProviderAwayError

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Mapping

MOST_BYTES: Final = 262_144
"""Of an answer. Metadata have 2 to 10 KB, sets of keys 1 to 20 KB, tokens of somebody with hundreds of
groups 30 KB."""

AT_ONCE: Final = 8
"""Questions under way: the staff of a big store who come in at nine, and no crowd that we would send on. The
others wait, within the same time."""

_REDIRECTS: Final = range(300, 400)
_OUR_FAULT: Final = range(500, 600)
_TOO_MANY: Final = 429

_HEADERS: Final = {
    "Accept": "application/json",
    # What is small when packed may be huge when unpacked.
    "Accept-Encoding": "identity",
    "User-Agent": "shopbell",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What it said: an object, and when its clock says it did, as HTTP has it."""

    status: int
    said: Mapping[str, object]
    date: str


class Asking:
    """Asks within `timeout_s`, connecting included. `tls` says whose certificates are believed."""

    def __init__(self, *, timeout_s: float, tls: ssl.SSLContext) -> None:
        self._timeout_s = timeout_s
        self._tls = tls
        self._places = asyncio.Semaphore(AT_ONCE)

    async def ask(
        self, method: str, url: str, headers: Mapping[str, str] | None = None, body: str = ""
    ) -> Answer:
        """Return the answer. Raises ProviderAwayError; NotBelievedError for one that is no JSON object."""
        try:
            async with (
                asyncio.timeout(self._timeout_s),
                self._places,
                self._asked(method, url, {**_HEADERS, **(headers or {})}, body) as answer,
            ):
                status, date = answer.status_code, answer.headers.get("date", "")
                _leads_here(status)
                said = _object(await _bounded(answer))
        except TimeoutError:
            raise ProviderAwayError("slow") from None
        except (httpx2.HTTPError, httpx2.InvalidURL):
            # Without its text: that names addresses.
            raise ProviderAwayError("unreachable") from None
        return Answer(status=status, said=said, date=date)

    @asynccontextmanager
    async def _asked(
        self, method: str, url: str, headers: Mapping[str, str], body: str
    ) -> AsyncIterator[httpx2.Response]:
        """Open a connection of its own: a handful a minute is not worth keeping any."""
        # Timeouts of each read would let somebody who drips go on; the one above is of the whole.
        async with (
            httpx2.AsyncClient(
                verify=self._tls, timeout=None, trust_env=False, follow_redirects=False
            ) as client,
            client.stream(method, url, headers=dict(headers), content=body.encode()) as answer,
        ):
            yield answer


def _leads_here(status: int) -> None:
    if status in _REDIRECTS:
        raise NotBelievedError("redirect")
    if status in _OUR_FAULT or status == _TOO_MANY:
        raise ProviderAwayError("overloaded")


async def _bounded(answer: httpx2.Response) -> bytes:
    read = bytearray()
    async for part in answer.aiter_raw():
        read += part
        if len(read) > MOST_BYTES:
            raise NotBelievedError("too_long")
    return bytes(read)


def _object(body: bytes) -> Mapping[str, object]:
    try:
        return msgspec.json.decode(body, type=dict[str, object])
    except (msgspec.MsgspecError, RecursionError):
        raise NotBelievedError("not_json") from None
