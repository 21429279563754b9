"""Addresses: made absolute, written canonically, told apart by the platform's own shapes, unwrapped from counting links."""

import base64
import binascii
import re
from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import parse_qsl, quote, unquote, urlencode, urljoin, urlsplit, urlunsplit

from patrol.platforms import Address, Platform

MAX_URL = 2_000
_NOISE = re.compile(
    r"^(?:utm_\w+|spm|scm|from|from_\w+|share_\w+|timestamp|isappinstalled|nsukey|pass_ticket|uin|key|chksm|scene|srcid|sessionid"
    r"|clicktime|enterid|ascene|devicetype|version|wx_header|vd_source|_t|_r|rand|random|gclid|fbclid|bd_vid|eqid|ref|referer)$",
    re.IGNORECASE,
)
_SCHEME = re.compile(r"^[a-zA-Z][a-zA-Z0-9+.\-]*:")
_PLAIN = re.compile(r"https?://[\w.\-]+(?::\d{1,5})?(?:[/?#]|$)", re.ASCII)
_UNSAFE = re.compile(r"[\x00-\x20\x7f\ud800-\udfff]+")


def absolute(base: str, href: str) -> str:
    """Return a link as an absolute http(s) address, or "" where it leads nowhere a crawler may go."""
    href = _UNSAFE.sub("", href)
    if not href or href.startswith("#") or len(href) > MAX_URL * 4:
        return ""
    if _SCHEME.match(href) and not href[:6].lower().startswith(("http:", "https:")):
        return ""
    if _PLAIN.match(href):
        return href[:MAX_URL]
    origin = _origin(base)
    if origin and href[0] == "/" and href[1:2] != "/" and "/." not in href:
        return (origin + href)[:MAX_URL]
    return _joined(base, href)


def _joined(base: str, href: str) -> str:
    try:
        joined = urljoin(base, href)
        parts = urlsplit(joined)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            return ""
        _ = parts.port
    except ValueError:
        return ""
    return joined[:MAX_URL]


@lru_cache(maxsize=1024)
def _origin(base: str) -> str:
    """Return scheme and host of an address, or ""."""
    try:
        parts = urlsplit(base)
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.netloc}" if parts.scheme in {"http", "https"} and parts.netloc else ""


def host_of(url: str) -> str:
    """Return host and port as an absolute address writes them."""
    return url.split("/", 3)[2].partition("?")[0] if "://" in url[:9] else ""


def canonical(platform: Platform, url: str) -> str:
    """Return the one way an address is written: the platform's canonical form, else without fragment and tracking names."""
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").lower()
        port = f":{parts.port}" if parts.port and (parts.scheme, parts.port) not in {("http", 80), ("https", 443)} else ""
    except ValueError:
        return url
    if not host:
        return url
    where = f"{parts.path}?{parts.query}" if parts.query else parts.path
    known = _known_address(platform, where + (f"#{parts.fragment}" if parts.fragment.startswith(("/", "!")) else ""))
    root = f"{parts.scheme.lower()}://{host}{port}"
    if known is not None and known[0].canonical:
        filled = re.sub(r"\{(\w+)\}", lambda found: known[1].get(found[1]) or "", known[0].canonical.replace("{root}", root))
        return filled + _kept(parts.query, known[0].keep, "&" if "?" in filled else "?")
    pairs = [pair for pair in parse_qsl(parts.query, keep_blank_values=True) if not _is_noise(platform, pair[0])]
    fragment = parts.fragment if parts.fragment.startswith(("/", "!")) else ""
    return urlunsplit((parts.scheme.lower(), host + port, parts.path or "/", urlencode(pairs), fragment))


def _is_noise(platform: Platform, name: str) -> bool:
    return name in platform.drop_query or _NOISE.match(name) is not None


def _kept(query: str, keep: Iterable[str], mark: str) -> str:
    pairs = dict(parse_qsl(query))
    kept = [(name, pairs[name]) for name in keep if pairs.get(name)]
    return mark + urlencode(kept) if kept else ""


def _known_address(platform: Platform, where: str) -> tuple[Address, dict[str, str]] | None:
    for address in platform.addresses:
        found = re.search(address.pattern, where)
        if found:
            return address, found.groupdict()
    return None


def address_groups(platform: Platform, url: str) -> dict[str, str]:
    """Return the named parts of an address (`id`, `answer` …) by the platform's own shapes."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return {}
    known = _known_address(
        platform, f"{parts.path}?{parts.query}#{parts.fragment}" if parts.query or parts.fragment else parts.path
    )
    return {name: value for name, value in known[1].items() if value} if known else {}


def address_kind(platform: Platform, url: str) -> str:
    """Return what kind of page an address of this platform leads to, or ""."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    known = _known_address(platform, f"{parts.path}?{parts.query}" if parts.query else parts.path)
    return known[0].kind if known else ""


def unwrapped(url: str) -> str:
    """Return where a search engine's counting link leads, when the link itself says it (Bing `u=a1…`, `url=`, `target=`)."""
    try:
        parts = urlsplit(url)
        query = dict(parse_qsl(parts.query))
    except ValueError:
        return url
    host = parts.hostname or ""
    if host.endswith("bing.com") and parts.path.startswith("/ck/") and query.get("u", "").startswith("a1"):
        packed = query["u"][2:]
        try:
            return base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4)).decode("utf-8", "replace")
        except (binascii.Error, ValueError):
            return url
    for name in ("target", "url", "u", "to"):
        inner = unquote(query.get(name, "")) if "%3A" in query.get(name, "") else query.get(name, "")
        if inner.startswith(("http://", "https://")):
            return inner
    return url


def quoted(text: str) -> str:
    """Return text percent-encoded for an address."""
    return quote(text, safe="")
