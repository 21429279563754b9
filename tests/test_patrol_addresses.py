"""Which addresses may be dialled: judged by number, in whatever form they are written."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patrol.addresses import check_url, numeric_address, site_of, why_unsafe
from patrol.errors import UnsafeAddress

INTERNAL = (
    "127.0.0.1",
    "127.255.255.254",
    "0.0.0.0",
    "10.0.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "100.100.100.200",
    "192.0.0.192",
    "198.18.0.1",
    "224.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:a9fe:a9fe",
    "::10.0.0.1",
    "64:ff9b::10.0.0.1",
    "64:ff9b:1::7f00:1",
    "2002:7f00:1::",
    "2002:a00:1::",
    "fe80::1",
    "fe80::1%eth0",
    "fd00:ec2::254",
    "fec0::1",
    "ff02::1",
    "2001:db8::1",
)
PUBLIC = (
    "8.8.8.8",
    "1.1.1.1",
    "114.114.114.114",
    "172.32.0.1",
    "100.128.0.1",
    "2400:3200::1",
    "2001:4860:4860::8888",
    "::ffff:8.8.8.8",
)
WAYS_TO_WRITE_LOOPBACK = (
    "127.1",
    "127.0.1",
    "2130706433",
    "0x7f000001",
    "0x7f.1",
    "0177.0.0.1",
    "017700000001",
    "127.0.0.1.",
    "[::1]",
)


@pytest.mark.parametrize("address", INTERNAL)
def test_internal_addresses_are_refused(address: str) -> None:
    assert why_unsafe(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_may_be_dialled(address: str) -> None:
    assert why_unsafe(address) == ""


@pytest.mark.parametrize("host", WAYS_TO_WRITE_LOOPBACK)
def test_every_way_to_write_an_address_is_understood(host: str) -> None:
    address = numeric_address(host)
    assert address is not None
    assert address.is_loopback
    with pytest.raises(UnsafeAddress):
        check_url(f"http://{host}:8080/x")


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://a.example/",
        "gopher://a.example/",
        "javascript:alert(1)",
        "http:///x",
        "http://localhost/",
        "http://x.localhost/",
        "http://printer.local/",
        "http://metadata.google.internal/",
        "http://127。0。0。1/",
        "http://999.999.999.999/",
        "http://[::1/",
        "http://a.example:99999/",
        "http://user@127.0.0.1/",
    ],
)
def test_addresses_that_need_no_lookup_to_be_refused(url: str) -> None:
    with pytest.raises(UnsafeAddress):
        check_url(url)


def test_loopback_opens_by_setting_and_nothing_else_with_it() -> None:
    assert why_unsafe("127.0.0.1", allow_loopback=True) == ""
    assert why_unsafe("::1", allow_loopback=True) == ""
    for address in ("10.0.0.1", "169.254.169.254", "0.0.0.0", "::ffff:10.0.0.1"):
        assert why_unsafe(address, allow_loopback=True)


@given(st.ip_addresses(v=4))
def test_an_address_and_its_mapped_form_are_judged_alike(address: ipaddress.IPv4Address) -> None:
    assert bool(why_unsafe(address)) == bool(why_unsafe(f"::ffff:{address}")) == bool(why_unsafe(str(int(address))))


@given(st.ip_addresses())
def test_nothing_that_is_not_global_is_ever_allowed(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    if why_unsafe(address) == "":
        carried = getattr(address, "ipv4_mapped", None) or address
        assert carried.is_global or address in ipaddress.ip_network("64:ff9b::/96") or getattr(address, "sixtofour", None)
        assert not carried.is_multicast


@given(st.text(max_size=30))
def test_any_text_is_judged_without_failing(text: str) -> None:
    assert isinstance(why_unsafe(text), str)
    try:
        check_url(f"http://{text}/")
    except UnsafeAddress:
        return


@pytest.mark.parametrize(
    ("url", "site"),
    [
        ("https://bj.58.com/jiajiao/", "58.com"),
        ("https://a.b.edu.cn/x", "b.edu.cn"),
        ("http://127.0.0.1:8001/a", "127.0.0.1:8001"),
        ("http://[::1]:80/", "[::1]:80"),
        ("http://user:pass@shop.example.com:8080/", "example.com"),
        ("http://intranet/", "intranet"),
    ],
)
def test_a_site_is_the_registrable_domain_or_the_numeric_host(url: str, site: str) -> None:
    assert site_of(url) == site
