"""Which addresses an event may be sent to.

Owns: telling the public internet from everything that a stranger's host name must not lead us to:
this machine, the shop's own network, a cloud's metadata service.
Never: looks a name up, or connects.
"""

from __future__ import annotations

from ipaddress import AddressValueError, IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Final, Literal

Reach = Literal["public", "loopback", "refused"]

_GLOBAL_UNICAST: Final = IPv6Network("2000::/3")
"""All that is given out so far; what lies outside is special (RFC 4291 §2.4)."""

_TRANSLATED: Final = IPv6Network("64:ff9b::/96")
"""NAT64: the last 32 bits are the IPv4 address that is really meant (RFC 6052)."""

_NEVER: Final = (
    IPv4Network("192.0.0.0/24"),  # protocol assignments; parts of it count as global
    IPv4Network("192.88.99.0/24"),  # relays of 6to4, withdrawn
    IPv4Network("224.0.0.0/4"),  # many receivers at once
    IPv6Network("2002::/16"),  # 6to4: holds an IPv4 address, and whose is anybody's guess
    IPv6Network("3fff::/20"),  # documentation, newer than the tables of Python 3.11
)
"""What `is_global` of the oldest Python that we run on takes for global and is not."""


def reach(address: str) -> Reach:
    """Return where an address in text leads. What is no address at all is refused.

    IPv4 in the clothes of IPv6 (mapped, NAT64) is judged by the IPv4 address.
    """
    try:
        plain = _plain(address)
    except AddressValueError:
        return "refused"
    if plain.is_loopback:
        return "loopback"
    if isinstance(plain, IPv6Address) and plain not in _GLOBAL_UNICAST:
        return "refused"
    public = plain.is_global and not any(plain in network for network in _NEVER)
    return "public" if public else "refused"


def _plain(address: str) -> IPv4Address | IPv6Address:
    if ":" not in address:
        return IPv4Address(address)
    # A zone ("fe80::1%eth0") belongs to this machine; without it the address is judged as it is.
    long = IPv6Address(address.partition("%")[0])
    if long.ipv4_mapped is not None:
        return long.ipv4_mapped
    if long in _TRANSLATED:
        return IPv4Address(int(long) & 0xFFFF_FFFF)
    return long
