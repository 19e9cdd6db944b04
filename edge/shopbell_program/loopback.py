"""Whether an address can only be this machine."""

from __future__ import annotations

from ipaddress import ip_address


def is_loopback(host: str) -> bool:
    """Return whether `host` (a name or an address) can only be reached from this machine.

    Of names only `localhost` is: what another one resolves to may change.
    """
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
