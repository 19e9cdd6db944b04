"""Settings of where people and programs come in. Owns: the table [http], and what can be wrong with it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from msgspec import Struct

from shopbell_program.places import not_a_host
from shopbell_program.settings import Fault
from shopbell_server.config.shapes import Port

if TYPE_CHECKING:
    from collections.abc import Iterator


class Http(Struct, frozen=True, kw_only=True):
    """Where tablets, apps and operators come in."""

    host: str = "127.0.0.1"
    port: Port = 8400
    origin: str | None = None
    """What the address bar shows, if a proxy stands before: `https://board.example`."""


def faults_of_http(http: Http) -> Iterator[Fault]:
    """Yield what is wrong with the table [http]."""
    yield from not_a_host("http.host", http.host)
    yield from _origin(http.origin)


def _origin(origin: str | None) -> Iterator[Fault]:
    """Yield why no address bar ever shows `origin`: it is compared to what browsers send, to the letter."""
    if origin is None:
        return
    try:
        parts = urlsplit(origin)
        _ = parts.port
    except ValueError:
        parts = urlsplit("")
    plain = parts.scheme in {"http", "https"} and parts.hostname is not None
    if not plain or origin != f"{parts.scheme}://{parts.netloc.lower()}" or "@" in parts.netloc:
        yield Fault(
            key="http.origin",
            problem=f"{origin!r} is no origin; write scheme and host in lower case and nothing after them, "
            'such as "https://board.example"',
        )
