"""Take credentials and the officer's own identity out of recorded traffic, before it is read or kept."""

import base64
import binascii
import hashlib
import json
import re
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

SECRET = re.compile(
    r"(?:token|session|openid|open_id|unionid|union_id|^code$|js_code|signature|^sign$|ticket|secret|password|passwd|auth|credential"
    r"|cookie|skey|sid$|uid$|user_?id$|mobile|phone_?num|encrypted_?data|^iv$|access_key|appkey|csrf|jwt|bearer)",
    re.IGNORECASE,
)
REMOVED = "〔已去除〕"
_HEADERS = re.compile(r"cookie|authorization|token|session|ticket|secret|sign|x-wx-|x-user|openid|uid", re.IGNORECASE)
_PAIRS = re.compile(
    r'(\\?["\'])([\w.\-]{1,60})(\1\s*:\s*)(\\?["\'])([^"\'\\]{1,4000})(\4)',
)


def redact_url(url: str) -> str:
    """Return an address whose secret query values are replaced."""
    try:
        parts = urlsplit(url)
        pairs = [
            (name, "removed" if SECRET.search(name) else value) for name, value in parse_qsl(parts.query, keep_blank_values=True)
        ]
    except ValueError:
        return url.partition("?")[0]
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, urlencode(pairs), ""))


def redact(value: object) -> object:
    """Return a copy of JSON data without secret members; long nesting is cut off rather than followed."""
    return _redact(value, 0)


def _redact(value: object, depth: int) -> object:
    if depth > 60:
        return None
    if isinstance(value, dict):
        return {key: REMOVED if _is_secret(key, part) else _redact(part, depth + 1) for key, part in value.items()}
    return [_redact(part, depth + 1) for part in value] if isinstance(value, list) else value


def _is_secret(key: object, value: object) -> bool:
    return isinstance(value, str | int) and not isinstance(value, bool) and value != "" and SECRET.search(str(key)) is not None


def redact_text(text: str) -> str:
    """Return a body with the values of secret JSON members replaced, whatever surrounds them."""
    return _PAIRS.sub(lambda found: found[0] if not SECRET.search(found[2]) else _blank(found), text)


def _blank(found: re.Match[str]) -> str:
    return f"{found[1]}{found[2]}{found[3]}{found[4]}{REMOVED}{found[6]}"


def fingerprint(value: str, salt: str) -> str:
    """Return a salted hash of a removed value, so that two recordings of one account can still be told to belong together."""
    return hashlib.sha256(f"{salt}\x00{value}".encode()).hexdigest()[:16]


def redact_har(archive: object) -> object:
    """Return a HAR without cookies, authorisation, tokens in headers, addresses, posted data and JSON bodies."""
    if not isinstance(archive, dict) or not isinstance(archive.get("log"), dict):
        return archive
    entries = archive["log"].get("entries")
    cleaned = [_entry(entry) for entry in entries] if isinstance(entries, list) else []
    return {"log": {**{key: value for key, value in archive["log"].items() if key != "entries"}, "entries": cleaned}}


def _entry(entry: object) -> object:
    if not isinstance(entry, dict):
        return None
    request, response = _dict(entry.get("request")), _dict(entry.get("response"))
    kept = {key: value for key, value in entry.items() if key in {"startedDateTime", "time", "serverIPAddress"}}
    return {
        **kept,
        "request": _side(request),
        "response": {**_side(response), "content": _content(_dict(response.get("content")))},
    }


def _dict(value: object) -> dict[str, object]:
    return value if isinstance(value, dict) else {}


def _side(side: dict[str, object]) -> dict[str, object]:
    kept = {key: value for key, value in side.items() if key in {"method", "httpVersion", "status", "statusText", "redirectURL"}}
    headers = side.get("headers")
    named = [header for header in headers if isinstance(header, dict)] if isinstance(headers, list) else []
    kept["headers"] = [{"name": one.get("name"), "value": _header(one)} for one in named]
    if isinstance(side.get("url"), str):
        kept["url"] = redact_url(str(side["url"]))
    posted = _dict(side.get("postData"))
    if posted:
        kept["postData"] = {"mimeType": posted.get("mimeType"), "text": redact_text(str(posted.get("text") or ""))[:2_000]}
    return kept


def _header(header: dict[str, object]) -> object:
    name, value = str(header.get("name") or ""), header.get("value")
    if _HEADERS.search(name):
        return REMOVED
    return redact_url(value) if isinstance(value, str) and value.startswith(("http://", "https://")) else value


def _content(content: dict[str, object]) -> dict[str, object]:
    text = content.get("text")
    kept = {key: value for key, value in content.items() if key in {"mimeType", "size"}}
    if not isinstance(text, str):
        return kept
    if content.get("encoding") != "base64":
        return {**kept, "text": _json_text(text) if _is_json(text) else redact_text(text)}
    plain = _unpacked(text)
    if plain is None:
        return {**kept, "encoding": "base64", "text": text}
    return {**kept, "text": _json_text(plain) if _is_json(plain) else redact_text(plain)}


def _is_json(text: str) -> bool:
    return text.lstrip("\ufeff \r\n\t")[:1] in {"{", "["}


def _unpacked(text: str) -> str | None:
    """Return packed text; None for pictures and other bytes that are no text."""
    try:
        return base64.b64decode(text, validate=False).decode("utf-8")
    except (binascii.Error, ValueError):
        return None


def _json_text(text: str) -> str:
    try:
        return json.dumps(redact(json.loads(text.lstrip("\ufeff"))), ensure_ascii=False)
    except (ValueError, RecursionError):
        return redact_text(text)
