"""Ways to reach a provider, found in the plain view and normalised so that the same person can be linked across posts."""

import re
from collections.abc import Callable

from detectors.fold import View
from detectors.model import Contact
from detectors.spans import Spans

_DIGIT_WORDS = str.maketrans("零〇o洞幺一壹li二贰两三叁四肆五伍六陆七柒拐八捌九玖勾", "0000111112223344556677788999")
_SPOKEN = "0-9零〇洞幺一二两三四五六七拐八九勾壹贰叁肆伍陆柒捌玖oli"
_PHONE = re.compile(rf"(?<![\d零幺])[1幺一壹li][{_SPOKEN}][{_SPOKEN} \-–—·._*/、︱|]{{8,24}}")
_LANDLINE = re.compile(r"(?<![\d.])(?:0\d{2,3}[- ]?\d{3,4}[ -]?\d{4}|400[- ]?\d{3,4}[- ]?\d{3,4}|\d{3}-\d{3,4} ?\d{4})(?!\d)")
_WECHAT = re.compile(
    r"(?:(?:微|威|徽|薇|徵|卫|维|溦|葳|v|wei|围)\s{0,1}(?:信|芯|心|言|星|x|xin|[❤♥💗💓💕💖💙💛💜🖤🧡💘💝])|绿泡泡|小绿|绿色软件|wechat|(?<![a-z])(?:vx|wx|wechat|[vw](?![a-z0-9]))|[微薇徽徵征溦威](?=[:：]|号?[:：]|\s{0,1}[a-z])|加薇|加v)"
    r"(?:号|id|我|同号|公众号|扣)?\s{0,3}[:：,，\-]?\s{0,3}([a-z][a-z0-9_\-]{4,25})(?![a-z0-9_])"
)
_QQ = re.compile(r"(?:(?<![a-z])qq?|扣扣|企鹅|q群)\s{0,2}(?:群|号)?\s{0,2}[:：]?\s{0,2}(\d[\d ]{4,13}\d)(?!\d)")
_EMAIL = re.compile(r"[a-z0-9][a-z0-9._%+\-]{0,40}@[a-z0-9\-]{1,40}(?:\.[a-z0-9\-]{1,20}){1,4}")
_URL = re.compile(
    r"(?:https?://|www\.)[^\s，。、；）)】\"'<>]{3,300}"
    r"|(?<![a-z0-9@.])[a-z0-9][a-z0-9\-]{0,40}(?:\.[a-z0-9\-]{1,40}){0,3}\.(?:com|cn|net|org|vip|top|xyz|edu|cc|example)(?:/[^\s，。、；）)】\"'<>]{0,300})?"
)
_SHORT_HOSTS = (
    "t.cn/",
    "dwz.cn",
    "url.cn",
    "suo.im",
    "v.douyin.com",
    "b23.tv",
    "xhslink.com",
    "w.url.cn",
    "m.tb.cn",
    "u.jd.com",
    "c.tb.cn",
)
_ICP = re.compile(r"[京津冀晋蒙辽吉黑沪苏浙皖闽赣鲁豫鄂湘粤桂琼川贵云渝藏陕甘青宁新]icp[备证]\s?\d{6,10}号?(?:-\d{1,3}[ax]?)?")
_PERMIT = re.compile(r"教民\s{0,2}\d{13}(?:\d{2})?\s{0,2}号?")
_USCC = re.compile(r"(?<![0-9a-z])[159anymg][1239][0-9]{6}[0-9a-z]{10}(?![0-9a-z])")
_GROUP = re.compile(r"(?:群号|群聊号|会议号|房间号|直播间号)\s{0,2}[:：]?\s{0,2}(\d[\d\- ]{4,14}\d)")
_ACCOUNT = re.compile(r"(?:抖音号?|快手号?|小红书号?|公众号|视频号|b站|小红书)\s{0,2}[:：]\s{0,2}([\w\-]{2,24})")
_PASSWORD = re.compile(r"[￥¥$][a-z0-9]{8,16}[￥¥$]")
_LATIN, _RUN = "", " "
_LETTERS = re.compile(r"[a-z]{2}")
_DIGIT_RUN = re.compile(rf"[{_SPOKEN}][{_SPOKEN} \-–—·._*/、︱|]{{5}}")
_WEIGHTS = tuple(3**step % 31 for step in range(17))
_ALPHABET = "0123456789abcdefghjklmnpqrtuwxy"


def find_contacts(plain: View, original: str) -> tuple[Contact, ...]:
    """Return every contact in the order of the text; overlapping readings keep the first, most specific one."""
    text = plain.text
    found: list[Contact] = []
    taken: list[tuple[int, int]] = []
    latin = _LETTERS.search(text) is not None
    for kind, needs, pattern, reading in _KINDS:
        if (
            (needs == _LATIN and not latin)
            or (needs == _RUN and not _DIGIT_RUN.search(text))
            or (needs > _RUN and needs not in text)
        ):
            continue
        before = Spans(taken)
        for match in pattern.finditer(text):
            value = reading(match)
            left, right = match.span()
            if not value or before.touch(left, right):
                continue
            while right > left and text[right - 1] in " -–—·._*/、︱|":
                right -= 1
            start, end = plain.span(left, right)
            taken.append((left, right))
            shown = "short_link" if kind == "url" and any(host in value for host in _SHORT_HOSTS) else kind
            found.append(_contact(shown, value, start, end, original))
    return tuple(sorted(found, key=lambda contact: contact.start))


def _contact(kind: str, value: str, start: int, end: int, original: str) -> Contact:
    return Contact(kind=kind, value=value, start=start, end=end, quote=original[start:end], warning=_warning(kind, value))


def _warning(kind: str, value: str) -> str:
    if kind == "uscc" and not uscc_valid(value):
        return "统一社会信用代码校验位不符（仅作提示，早期代码确有不符的）"
    return ""


def uscc_valid(code: str) -> bool:
    """Whether the check character of an 18-character USCC agrees (GB 32100-2015); false is a warning, never a refusal."""
    letters = code.lower()
    if len(letters) != 18 or any(letter not in _ALPHABET for letter in letters):
        return False
    total = sum(_ALPHABET.index(letter) * weight for letter, weight in zip(letters, _WEIGHTS, strict=False))
    return _ALPHABET[(31 - total % 31) % 31] == letters[17]


def _whole(match: re.Match[str]) -> str:
    return match[0].strip()


def _first(match: re.Match[str]) -> str:
    return match[1].replace(" ", "")


def _mobile(match: re.Match[str]) -> str:
    digits = re.sub(r"\D", "", match[0].translate(_DIGIT_WORDS))
    return digits[:11] if len(digits) >= 11 and digits[1] in "3456789" and len(digits) <= 12 else ""


def _digits(match: re.Match[str]) -> str:
    return re.sub(r"\D", "", match[0])


def _upper(match: re.Match[str]) -> str:
    return match[0].upper().replace(" ", "")


_KINDS: tuple[tuple[str, str, re.Pattern[str], Callable[[re.Match[str]], str]], ...] = (
    ("email", "@", _EMAIL, _whole),
    ("url", ".", _URL, _whole),
    ("icp", "icp", _ICP, _upper),
    ("permit", "教民", _PERMIT, _upper),
    ("uscc", _RUN, _USCC, _upper),
    ("wechat", _LATIN, _WECHAT, _first),
    ("qq", _RUN, _QQ, _first),
    ("group", "号", _GROUP, _first),
    ("phone", _RUN, _PHONE, _mobile),
    ("phone", _RUN, _LANDLINE, _digits),
    ("account", "号", _ACCOUNT, _first),
    ("account", _LATIN, _PASSWORD, _whole),
)
