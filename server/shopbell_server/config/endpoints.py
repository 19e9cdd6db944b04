"""Whether a URL may be posted to.

Owns: what shows of that in the URL itself, before the server starts.
Never: looks a name up: which address it leads to is judged at every connection (`cdp.pinned`).
"""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from shopbell_program.loopback import is_loopback
from shopbell_program.settings import Fault
from shopbell_server.core.delivery.public_addresses import reach

if TYPE_CHECKING:
    from collections.abc import Iterator


def faults_of_endpoint(key: str, url: str, *, allow_loopback: bool) -> Iterator[Fault]:
    """Yield why nothing may be posted to `url`: https, public, and without a password in it."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        yield Fault(key=key, problem="is not a URL, such as https://cdp.example/hooks")
        return
    local = is_loopback(parts.hostname or "")
    if not url.isascii() or not url.isprintable() or " " in url:
        yield Fault(key=key, problem="must be plain ASCII: xn-- names, %-encoded paths")
    elif parts.username or parts.password:
        yield Fault(key=key, problem="must not hold a password: URLs end up in logs")
    elif local and not allow_loopback:
        yield Fault(key=key, problem="is this machine; say allow_loopback = true if that is meant")
    elif parts.scheme != "https" and not (local and parts.scheme == "http"):
        yield Fault(key=key, problem="must begin with https://")
    elif not parts.hostname:
        yield Fault(key=key, problem="names no host")
    elif not local and _is_address(parts.hostname) and reach(parts.hostname) != "public":
        yield Fault(key=key, problem="is an address in a private or special network")


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
