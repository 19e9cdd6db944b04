from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopbell_server.core.delivery.public_addresses import reach


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]
)
def test_the_internet_is_public_in_every_spelling(address: str) -> None:
    assert reach(address) == "public"


@pytest.mark.parametrize("address", ["127.0.0.1", "127.1.2.3", "::1", "::ffff:127.0.0.1"])
def test_this_machine_is_loopback_in_every_spelling(address: str) -> None:
    assert reach(address) == "loopback"


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",  # noqa: S104  (an address to refuse, not to bind to)
        "10.0.0.1",
        "100.64.0.1",
        "169.254.169.254",
        "172.16.0.1",
        "192.0.0.8",
        "192.168.1.1",
        "192.88.99.1",
        "198.18.0.1",
        "224.0.1.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::ffff:10.0.0.1",
        "::ffff:169.254.169.254",
        "::ffff:0:10.0.0.1",
        "::127.0.0.1",
        "64:ff9b::a00:1",
        "64:ff9b:1::1",
        "2001::1",
        "2001:db8::1",
        "2002:a00:1::1",
        "3fff::1",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fe80::1%eth0",
        "fec0::1",
        "ff02::1",
        "ff0e::1",
    ],
)
def test_networks_that_no_stranger_may_lead_us_into_are_refused(address: str) -> None:
    assert reach(address) == "refused"


@pytest.mark.parametrize(
    "text", ["", "cdp.example", "2130706433", "0x7f.1", "127.1", "1.2.3.4:80", ":"]
)
def test_what_is_no_address_is_refused(text: str) -> None:
    assert reach(text) == "refused"


@given(st.ip_addresses(v=4))
def test_clothes_of_ipv6_change_nothing(address: IPv4Address) -> None:
    mapped = IPv6Address(0xFFFF << 32 | int(address))
    translated = IPv6Address(int(IPv6Address("64:ff9b::")) | int(address))
    assert reach(str(mapped)) == reach(str(translated)) == reach(str(address))


@given(st.ip_addresses())
def test_nothing_that_python_calls_private_is_public(address: IPv4Address | IPv6Address) -> None:
    if address.is_private or address.is_multicast or address.is_link_local:
        assert reach(str(address)) != "public"
