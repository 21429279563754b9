"""Templates: every value is escaped, an unknown name is an error, links lead to http(s) or nowhere."""

import hashlib
import re
from collections.abc import Mapping
from datetime import date, datetime
from functools import cache
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from detectors.explain import TRICK_WORDS
from patrol.campaigns import CHINA
from patrol.console.people import Role
from patrol.errors import BadInput
from patrol.model import Judgement, State, Verdict
from patrol.reports.wording import category_title, wording
from patrol.store.reviewing import Stage

STATIC = Path(__file__).with_name("static")
GRADES = {"subject": "疑似学科类违规", "ad": "疑似违规广告（非学科）", "none": "未见线索"}
ELEMENTS = {"audience": "对象", "subject": "学科", "paid": "有偿/招揽", "provider": "提供者", "breach": "违规点"}
CONTACTS = {
    "phone": "电话",
    "wechat": "微信",
    "qq": "QQ",
    "group": "群",
    "account": "账号",
    "icp": "ICP备案",
    "uscc": "统一社会信用代码",
    "permit": "办学许可证",
    "url": "网址",
    "short_link": "短链接",
    "email": "邮箱",
    "qr": "二维码",
    "author": "发布账号",
    "lead": "线索",
}
OUTCOMES = {"running": "进行中", "finished": "完成", "stopped": "已中止，可接着做", "failed": "未做完"}
EVIDENCE = {"complete": "完整", "partial": "部分", "failed": "未取得", "none": "尚未封存", "broken": "无法读取"}
_ISO = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d)")
_SECONDS = re.compile(r"1\d{9}(\d{3})?")
WEEK = "一二三四五六日"


def clock(value: object, *, seconds: bool = False) -> str:
    """Write a moment in Beijing time; a moment's text is read first; empty for nothing."""
    if not value:
        return ""
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    return f"{moment.astimezone(CHINA):%Y-%m-%d %H:%M:%S}" if seconds else f"{moment.astimezone(CHINA):%m-%d %H:%M}"


def day(value: object) -> str:
    """Write a day as 2月5日（周五）."""
    if not value:
        return ""
    found = value if isinstance(value, date) else date.fromisoformat(str(value)[:10])
    return f"{found.month}月{found.day}日（周{WEEK[found.weekday()]}）"


def shown_time(value: object) -> str:
    """Write a time as the page shows it, machine spellings (ISO, seconds since 1970) made readable."""
    text = str(value or "")
    if _SECONDS.fullmatch(text):
        return f"{datetime.fromtimestamp(int(text[:10]), CHINA):%Y-%m-%d %H:%M}"
    found = _ISO.match(text)
    return f"{found[1]} {found[2]}" if found else text


def safe_url(value: object) -> str:
    """Return an address that may stand in a link; empty for everything but http and https."""
    text = "".join(character for character in str(value) if character.isprintable()).strip()
    try:
        parts = urlsplit(text)
    except ValueError:
        return ""
    return text if parts.scheme in {"http", "https"} and parts.netloc else ""


def provider(value: object) -> str:
    """Write what links leads (`phone:199…`) in Chinese."""
    kind, _, rest = str(value).partition(":")
    return f"{CONTACTS.get(kind, kind)} {rest}"


def state_word(value: object) -> str:
    """Write a page state in Chinese; an unknown one as it is."""
    try:
        return State(str(value)).chinese
    except ValueError:
        return str(value)


def verdict_word(value: object) -> str:
    """Write the list's answer in Chinese."""
    try:
        return Verdict(str(value)).chinese
    except ValueError:
        return "待核"


def size(value: object) -> str:
    """Write a number of bytes."""
    number = float(str(value))
    for unit in ("字节", "KB", "MB"):
        if number < 1024 or unit == "MB":
            return f"{number:.0f} {unit}" if unit == "字节" else f"{number:.1f} {unit}"
        number /= 1024
    return ""


def asset(name: str) -> str:
    """Return the address of a static file with its digest, so that a new version is fetched at once."""
    return f"/static/{name}?v={_digest(name)}"


@cache
def _digest(name: str) -> str:
    return hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:10]


def with_query(current: Mapping[str, str], **changes: str) -> str:
    """Return a query string with some values changed; an empty value takes its name out."""
    values = {name: value for name, value in {**current, **changes}.items() if value and name != "said"}
    return "?" + urlencode(values) if values else "?"


@cache
def environment() -> Environment:
    """Return the template environment, made once."""
    made = Environment(
        loader=PackageLoader("patrol.console"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    made.filters |= {
        "clock": clock,
        "day": day,
        "safe_url": safe_url,
        "shown_time": shown_time,
        "provider": provider,
        "state_word": state_word,
        "verdict_word": verdict_word,
        "size": size,
        "category": category_title,
    }
    made.globals |= {
        "asset": asset,
        "with_query": with_query,
        "GRADES": GRADES,
        "ELEMENTS": ELEMENTS,
        "CONTACTS": CONTACTS,
        "TRICKS": TRICK_WORDS,
        "OUTCOMES": OUTCOMES,
        "EVIDENCE": EVIDENCE,
        "Judgement": Judgement,
        "Stage": Stage,
        "State": State,
        "Role": Role,
        "Verdict": Verdict,
        "wording": wording,
    }
    return made


def render(template: str, values: Mapping[str, object]) -> Markup:
    """Return a filled template."""
    if not template.endswith((".html", ".txt")):
        raise BadInput(f"没有名为“{template}”的页面")
    return Markup(environment().get_template(template).render(values))  # noqa: S704  autoescape is on
