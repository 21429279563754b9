"""Which network addresses the product may contact, and which site an address belongs to. Pure: nothing is resolved here.

A crawled page is written by the people being investigated; it must not be able to send us to our own machine, the office
network or a cloud's metadata service. Every connection is judged by the numeric address that is about to be dialled, so neither
a redirect nor a name that resolves differently the second time (DNS rebinding) gets through.
"""

import ipaddress
import re
import socket
from functools import lru_cache
from urllib.parse import urlsplit

import tldextract

from patrol.errors import UnsafeAddress

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_REFUSED: tuple[tuple[Network, str], ...] = tuple(
    (ipaddress.ip_network(network), reason)
    for network, reason in (
        ("0.0.0.0/8", "本机或未指定地址"),
        ("10.0.0.0/8", "内网地址"),
        ("100.64.0.0/10", "运营商内部地址（含云主机元数据）"),
        ("127.0.0.0/8", "本机地址"),
        ("169.254.0.0/16", "链路本地地址（含云主机元数据）"),
        ("172.16.0.0/12", "内网地址"),
        ("192.0.0.0/24", "协议保留地址"),
        ("192.0.2.0/24", "文档保留地址"),
        ("192.88.99.0/24", "中继保留地址"),
        ("192.168.0.0/16", "内网地址"),
        ("198.18.0.0/15", "测试保留地址"),
        ("198.51.100.0/24", "文档保留地址"),
        ("203.0.113.0/24", "文档保留地址"),
        ("224.0.0.0/4", "组播地址"),
        ("240.0.0.0/4", "保留地址或广播地址"),
        ("::/128", "未指定地址"),
        ("::1/128", "本机地址"),
        ("100::/64", "丢弃专用地址"),
        ("2001::/23", "协议保留地址"),
        ("2001:db8::/32", "文档保留地址"),
        ("3fff::/20", "文档保留地址"),
        ("5f00::/16", "路由保留地址"),
        ("fc00::/7", "内网地址"),
        ("fe80::/10", "链路本地地址"),
        ("fec0::/10", "内网地址"),
        ("ff00::/8", "组播地址"),
    )
)
_NAT64 = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("64:ff9b:1::/48"))
_COMPATIBLE = ipaddress.ip_network("::/96")
_LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128"))
_NUMBERS_ONLY = re.compile(r"(0x[0-9a-f]*|[0-9]+)(\.(0x[0-9a-f]*|[0-9]+)){0,3}\.?", re.IGNORECASE)
_DOTS = str.maketrans({"。": ".", "．": ".", "｡": "."})  # browsers read these full stops as dots in a host name
_SUFFIXES = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)  # its own list: never fetched


def numeric_address(host: str) -> Address | None:
    """Return the address that a host spells in numbers, in any form a network library takes, or None for a name.

    Understands brackets, zone ids, and the short, decimal, octal and hexadecimal forms of IPv4 (`2130706433`, `0x7f.1`).
    """
    bare = host.strip().strip("[]").partition("%")[0].translate(_DOTS)
    try:
        return ipaddress.ip_address(bare)
    except ValueError:
        pass
    if not _NUMBERS_ONLY.fullmatch(bare):
        return None
    try:
        return ipaddress.IPv4Address(socket.inet_aton(bare.rstrip(".")))
    except OSError:
        return None


def why_unsafe(address: str | Address, *, allow_loopback: bool = False) -> str:
    """Return why an address must not be contacted, or an empty text. A text that is not a numeric address is unsafe.

    IPv4 addresses inside IPv6 (mapped, compatible, 6to4, Teredo, NAT64) are judged as what they carry. `allow_loopback` opens
    the machine itself, for the demo and tests; it opens no other internal range.
    """
    target = numeric_address(address) if isinstance(address, str) else address
    if target is None:
        return "不是数字地址"
    if allow_loopback and any(target in network for network in _LOOPBACK if network.version == target.version):
        return ""
    if isinstance(target, ipaddress.IPv6Address):
        reasons = (why_unsafe(inner) for inner in _carried(target))
        inside = next((reason for reason in reasons if reason), "")
        if inside:
            return inside
    for network, reason in _REFUSED:
        if target.version == network.version and target in network:
            return reason
    return "" if target.is_global or _is_translated(target) else "保留地址"


def _is_translated(address: Address) -> bool:
    return isinstance(address, ipaddress.IPv6Address) and bool(_carried(address))


def _carried(address: ipaddress.IPv6Address) -> tuple[ipaddress.IPv4Address, ...]:
    if address.ipv4_mapped is not None:
        return (address.ipv4_mapped,)
    if address.sixtofour is not None:
        return (address.sixtofour,)
    if address.teredo is not None:
        return address.teredo
    low = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    if any(address in network for network in _NAT64):
        return (low,)
    if address in _COMPATIBLE and int(address) > 1:
        return (low,)
    return ()


def check_address(address: str | Address, *, allow_loopback: bool = False, target: str = "") -> None:
    """Raise UnsafeAddress when a numeric address must not be dialled; `target` is what the page asked for."""
    reason = why_unsafe(address, allow_loopback=allow_loopback)
    if reason:
        wanted = f"“{target}”指向" if target else ""
        raise UnsafeAddress(f"{wanted}{address}（{reason}），已拒绝连接；内部地址不在巡查范围内")


def check_url(url: str, *, allow_loopback: bool = False) -> None:
    """Raise UnsafeAddress for an address that is refused without resolving: other schemes, numeric internal hosts, local names.

    Names are judged again at connect time, by what they resolve to.
    """
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").translate(_DOTS)
        _ = parts.port
    except ValueError as error:
        raise UnsafeAddress(f"网址“{url[:200]}”写法不合规，已拒绝") from error
    if parts.scheme not in {"http", "https"}:
        raise UnsafeAddress(f"网址“{url[:200]}”不是 http 或 https，已拒绝")
    if not host:
        raise UnsafeAddress(f"网址“{url[:200]}”没有主机名，已拒绝")
    numeric = numeric_address(host)
    if numeric is not None:
        check_address(numeric, allow_loopback=allow_loopback, target=url[:200])
        return
    name = host.rstrip(".").lower()
    if _NUMBERS_ONLY.fullmatch(name):
        raise UnsafeAddress(f"网址“{url[:200]}”的主机写法不合规，已拒绝")
    if (name == "localhost" or name.endswith(".localhost")) and not allow_loopback:
        raise UnsafeAddress(f"“{url[:200]}”指向本机，已拒绝连接；内部地址不在巡查范围内")
    if name.endswith((".local", ".internal", ".home.arpa")):
        raise UnsafeAddress(f"“{url[:200]}”是内部网络的名称，已拒绝连接")


def site_of(url: str) -> str:
    """Return the site that manners are kept with: the registrable domain; for a numeric host, host and port."""
    parts = urlsplit(url)
    return _site(parts.netloc.rpartition("@")[2].lower())


@lru_cache(maxsize=4096)
def _site(netloc: str) -> str:
    host = netloc if netloc.endswith("]") else netloc.rpartition(":")[0] or netloc
    if numeric_address(host) is not None or host == "localhost":
        return netloc
    found = _SUFFIXES(host)
    return found.top_domain_under_public_suffix or found.fqdn or host.rstrip(".")
