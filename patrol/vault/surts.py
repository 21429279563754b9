"""Sort-friendly keys of addresses (SURT), as web-archive indexes use them: `cn,bureau)/path?a=1`. Own code, from the rules."""

import re
from urllib.parse import quote, unquote_to_bytes, urlsplit

_WWW = re.compile(r"^www\d*\.")
_SESSIONS = re.compile(
    r"(?:^|(?<=[&?]))(?:jsessionid=[0-9a-z]{32}|phpsessid=[0-9a-z]{32}|sid=[0-9a-z]{32}|aspsessionid[a-z]{8}=[a-z]{24}|"
    r"cfid=[^&]+&cftoken=[^&]+)(?:&|$)",
    re.IGNORECASE,
)
_DEFAULT_PORTS = {"http": 80, "https": 443}
_KEPT = "!\"$&'()*+,-./:;<=>?@[\\]^_`{|}~"


def surt_key(url: str) -> str:
    """Return the index key of an http(s) address; other schemes (`urn:`) are their own key, in lower case."""
    parts = urlsplit(url.strip())
    if parts.scheme not in _DEFAULT_PORTS:
        return url.strip().lower()
    host = _WWW.sub("", (parts.hostname or "").lower().rstrip("."))
    labels = host if ":" in host else ",".join(reversed(host.split(".")))
    port = parts.port if parts.port not in {None, _DEFAULT_PORTS[parts.scheme]} else None
    path = _normal(parts.path or "/").lower()
    path = path.rstrip("/") if len(path) > 1 else path
    query = _query(parts.query)
    return f"{labels}{f':{port}' if port else ''}){path or '/'}{f'?{query}' if query else ''}"


def _query(query: str) -> str:
    if not query:
        return ""
    cleaned = _SESSIONS.sub("", _normal(query)).rstrip("&").lower()
    return "&".join(sorted(cleaned.split("&")))


def _normal(text: str) -> str:
    """Undo and redo percent-encoding, so that two spellings of one address have one key."""
    raw = unquote_to_bytes(re.sub(r"\s", "", text))
    return quote(raw, safe=_KEPT)
