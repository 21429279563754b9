"""Is this a page with words at all? Files that are no page, and text decoded by the wrong table, must not count as read."""

import re

_MAGIC = (
    b"%PDF-", b"PK\x03\x04", b"Rar!", b"7z\xbc\xaf", b"\x1f\x8b", b"\x89PNG", b"GIF8", b"\xff\xd8\xff", b"RIFF", b"MZ",
    b"\x7fELF", b"OggS", b"ID3", b"\x00\x00\x00", b"\xd0\xcf\x11\xe0", b"BM", b"wOF", b"\xca\xfe\xba\xbe", b"SQLite format",
)  # fmt: skip
_CONTROLS = bytes(set(range(32)) - {9, 10, 12, 13, 27}) + b"\x7f"
_CONTROL_SHARE = 50  # one in so many bytes
_WIDE = (b"\xff\xfe", b"\xfe\xff")
_CHINESE = re.compile(r"[\u3400-\u9fff]")
# the hundred and more characters without which hardly any Chinese sentence is written
_COMMON = dict.fromkeys(
    map(
        ord,
        "的一是了我不人在他有这个上们来到时大地为子中你说生国年着就那和要她出也得里后自以会家可下而过天去能对小多然于心学么之都好看起发当没成只如事把还用"
        "第样道想作种开美总从无情己面最女但现前些所同日手又行意动方期它头经长儿回位分爱老因很给名法间知世什两次使身者被高已亲其进此话常与活正感课教师班数"
        "文英语校初级升四五六三二周市区部全新本通关公电网页信息联系价元月号报费科技务品点击更内容理机工业政府安平民主电话请及资料加注册版权",
    ),
    None,
)
_QUICK = "的一不有大学"
_WIDER = re.compile(r"[^\x00-\x7f\ufffd]+")
_ACCENTED = re.compile(r"[\u00c0-\u00ff]")
_ACCENTED_SHARE = 0.3
_HANGUL = re.compile(r"[\uac00-\ud7a3]")
_SAMPLE = 1_500
_ENOUGH = 60
_LEAST_COMMON = 0.05
_BROKEN_SHARE = 0.02
_FEW_BROKEN = 8
_LATIN_TRACES = re.compile(r"(?:[ÃÂäåæçèé][\u0080-\u00bf\u0152-\u017e\u2013-\u2122 ]{1,2}){4}|锟斤拷|烫烫烫|屯屯屯")


def is_binary(body: bytes) -> bool:
    """Return whether the bytes are a file that is no text: by its first bytes, or by control characters among them."""
    if body.startswith(_WIDE):
        return False
    if body.startswith(_MAGIC):
        return not body[:2_000].lstrip(b"\x00\x1f\x8b").lower().startswith(b"<")
    sample = body[:65_536]
    return len(sample) - len(sample.translate(None, _CONTROLS)) > max(1, len(sample) // _CONTROL_SHARE)


def is_garbled(text: str) -> bool:
    """Return whether text was decoded by the wrong table: broken characters, or Chinese without its commonest characters."""
    sample = text[:_SAMPLE]
    if sample.isascii():
        return False
    broken = sample.count("\ufffd")
    others = sum(map(len, _WIDER.findall(sample))) if broken else 0
    if broken > _FEW_BROKEN and broken > _BROKEN_SHARE * (others + broken):
        return True
    if _LATIN_TRACES.search(sample) or len(_ACCENTED.findall(sample)) > _ACCENTED_SHARE * len(sample):
        return True
    if sum(map(sample.count, _QUICK)) * 100 > len(sample):
        return False
    chinese = "".join(_CHINESE.findall(sample))
    if len(chinese) * 10 > len(_HANGUL.findall(sample)) > _FEW_BROKEN * 2:
        # Korean is written without Chinese characters today: a mixture is neither
        return True
    return len(chinese) >= _ENOUGH and len(chinese) - len(chinese.translate(_COMMON)) < _LEAST_COMMON * len(chinese)
