"""From bytes to text: strict UTF-8, else the label where it decodes cleanly, else GB18030 (labels of old pages often lie)."""

import codecs
import re

from spiders.legible import is_garbled

_LABEL = re.compile(rb"""charset\s*=\s*["']?\s*([A-Za-z0-9_\-]{2,20})""", re.IGNORECASE)
_HEADER_LABEL = re.compile(r"""charset\s*=\s*["']?\s*([A-Za-z0-9_\-]{2,20})""", re.IGNORECASE)
_CHINESE = {"gb2312", "gbk", "gb18030", "hz-gb-2312", "gb_2312-80", "x-gbk", "cp936"}
_UNTRUSTED = {"iso8859-1", "latin-1", "cp1252", "ascii", "utf-8", "iso8859-15"}
_HEAD_BYTES = 4096
_LOOKED_AT = 12_000
_TAG = re.compile(r"<[^>]{0,500}>|[\x00-\x7f]+")
_GOOD_PER_BAD = 20


def decode(body: bytes, content_type: str = "") -> str:
    """Return the text of a page's bytes; never fails. Null characters are taken out, broken bytes become U+FFFD."""
    if body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return body.decode("utf-16", "replace").replace("\x00", "")
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = _decode_other(body, content_type)
    return text.replace("\x00", "") if "\x00" in text else text


def _decode_other(body: bytes, content_type: str) -> str:
    loose = body.decode("utf-8", "replace")
    bad = loose.count("�")
    good = sum(map(len, re.findall(r"[^\x00-\x7f�]+", loose)))
    if good >= bad * _GOOD_PER_BAD:
        return loose
    readable = []
    for name in dict.fromkeys(filter(None, (_label(body, content_type), "gb18030"))):
        try:
            readable.append(body.decode(name))
        except UnicodeDecodeError:
            continue
    # a label that lies often decodes all the same, into characters nobody writes
    return next((text for text in readable if not is_garbled(_TAG.sub("", text[:_LOOKED_AT]))), "") or next(
        iter(readable), body.decode("gb18030", "replace")
    )


def _label(body: bytes, content_type: str) -> str:
    found = _HEADER_LABEL.search(content_type)
    inside = _LABEL.search(body[:_HEAD_BYTES])
    for raw in (found[1] if found else "", inside[1].decode("ascii") if inside else ""):
        name = _codec_name(raw)
        if name:
            return name
    return ""


def _codec_name(raw: str) -> str:
    if raw.lower() in _CHINESE:
        return "gb18030"
    try:
        name = codecs.lookup(raw).name if raw else ""
    except LookupError:
        return ""
    return "" if name in _UNTRUSTED or not _is_text_codec(name) else name


def _is_text_codec(name: str) -> bool:
    return name.startswith(("big5", "euc", "shift", "iso2022", "cp9", "utf-16", "gb", "hz"))
