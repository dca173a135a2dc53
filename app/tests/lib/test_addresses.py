"""W7: which addresses lead inside."""

from __future__ import annotations

import pytest

from lib.addresses import is_public

PRIVATE = [
    *("127.0.0.1", "127.9.9.9", "10.1.2.3", "172.16.0.1", "172.31.255.254", "192.168.0.1", "169.254.169.254", "100.64.0.1"),
    *("192.0.0.8", "192.0.2.1", "192.88.99.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.1.1.1", "240.0.0.1"),
    "0.0.0.0",  # noqa: S104
    *("255.255.255.255", "::", "::1", "::ffff:7f00:1", "::ffff:10.0.0.1", "::ffff:8.8.8.8", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1"),
    *("::127.0.0.1", "2002:7f00:1::", "2002:808:808::", "2001::1", "2001:db8::1", "100::1", "fc00::1", "fd12::1", "fe80::1", "fec0::1"),
    *("ff02::1", "3fff::1", "5f00::1", "fe80::1%eth0", "nonsense", ""),
]
PUBLIC = ["8.8.8.8", "1.1.1.1", "93.184.216.34", "172.32.0.1", "100.128.0.1", "2606:4700:4700::1111", "2a00:1450::1"]


@pytest.mark.parametrize("address", PRIVATE)
def test_w7_an_address_that_leads_inside_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_public(address: str) -> None:
    assert is_public(address)
