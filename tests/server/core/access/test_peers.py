from __future__ import annotations

from ipaddress import IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopbell_server.core.access.peers import network_of


@pytest.mark.parametrize(
    ("host", "other"),
    [
        ("192.0.2.7", "::ffff:192.0.2.7"),
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9"),
        ("fe80::1%eth0", "fe80::2"),
    ],
)
def test_one_subscriber_is_one_peer(host: str, other: str) -> None:
    assert network_of(host) == network_of(other)


@pytest.mark.parametrize(
    ("host", "other"),
    [
        ("192.0.2.7", "192.0.2.8"),
        ("2001:db8:1:2::1", "2001:db8:1:3::1"),
        ("", "unix"),
        ("192.0.2.7", "::192.0.2.7"),
    ],
)
def test_different_ones_are_different(host: str, other: str) -> None:
    assert network_of(host) != network_of(other)


@given(st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1))
def test_no_choice_of_an_address_within_a_network_helps(network: int, one: int, two: int) -> None:
    addresses = [IPv6Address(network << 64 | host) for host in (one, two)]
    if not any(address.ipv4_mapped for address in addresses):
        assert len({network_of(str(address)) for address in addresses}) == 1
