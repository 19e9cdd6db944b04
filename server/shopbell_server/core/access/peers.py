"""Who counts as one peer, before anybody knows who it is."""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address

ONE_SUBSCRIBER_BITS = 64
"""A home or a server gets a whole /64 at the least (RFC 6177): with every address of it a bucket of its
own, one machine would have 2⁶⁴ of them."""


def network_of(host: str) -> str:
    """Return what stands for everybody who can take the address `host` at will.

    An IPv4 address for itself, also one written as IPv6; an IPv6 address for its /64; what is no address
    (a socket without one) for itself.
    """
    try:
        address = ip_address(host)
    except ValueError:
        return host
    if not isinstance(address, IPv6Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return f"{int(address) >> (128 - ONE_SUBSCRIBER_BITS):x}/{ONE_SUBSCRIBER_BITS}"
