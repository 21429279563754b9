"""Read recorded mini-program traffic (HAR): which program, and what its JSON answers offer (courses, goods, teachers)."""

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from patrol.model import MiniProgram, Post, Reading, State
from patrol.platforms import Platform
from spiders.decoding import decode
from spiders.entries import Entry, as_post
from spiders.fetched import FetchedPage
from spiders.literals import literal_at, load_json
from spiders.reading import Whole
from spiders.texts import clean, document_text, squash
from spiders.times import read_time
from spiders.wechat_miniprogram.redaction import SECRET, redact, redact_url

_FRAME = re.compile(r"https?://servicewechat\.com/(wx[0-9a-f]{8,}|\w+)/(\w+)/")
_CHINESE = re.compile(r"[\u4e00-\u9fff]")
_TITLE = re.compile(r"(?:^|_)(?:title|name|headline|subject)$|(?:Title|Name)$")
_PRICE = re.compile(r"price|amount|fee|cost", re.IGNORECASE)
_PERSON = re.compile(r"teacher|author|anchor|lecturer|nick|tutor|shop_?name|store", re.IGNORECASE)
_TIME = re.compile(
    r"(?:start|begin|create|publish|update|open|release).{0,6}(?:time|at|date|day)$|^(?:date|time)$", re.IGNORECASE
)
_PICTURE = re.compile(r"cover|img|image|pic|photo|poster|thumb|avatar|banner", re.IGNORECASE)
_ID = re.compile(r"(?:^id$|_id$|Id$|^sn$|alias$)")
_MAX_ENTRIES, _MAX_CARDS, _MAX_STRINGS, _MAX_BODY = 20_000, 3_000, 5_000, 8_000_000


@dataclass(frozen=True, slots=True)
class Answer:
    """One JSON answer of a mini-program: where it was asked (without secrets), by which program, when, and the data."""

    url: str
    appid: str
    at: datetime | None
    data: object


def read(platform: Platform, page: FetchedPage) -> Whole | None:
    """Return what a HAR holds; None when the file is none (a landing page is read by platform.yml)."""
    entries = _har_entries(page)
    if entries is None:
        return None
    answers = list(_answers(entries, page))
    appids = dict.fromkeys(found[1] for entry in entries if (found := _FRAME.search(_referer(entry))))
    programs = tuple(MiniProgram(appid=appid) for appid in appids)
    cards = [card for answer in answers for card in _cards(answer, page)][:_MAX_CARDS]
    texts = [entry for answer in answers if (entry := _rest(answer, cards))]
    main = Entry(
        title="、".join(appids) or "未见小程序标识",
        text=clean("\n".join(dict.fromkeys(line for answer in answers for line in _strings(answer.data)))),
        author_id="、".join(appids),
        mini_programs=programs,
        found=frozenset({"title"}),
    )
    state = State.OK if cards or texts else State.CHANGED
    reason = "" if cards or texts else "录制文件里没有可读的接口数据（可能未开启解密，或内容已被浏览器清掉）"
    posts = tuple(_post(platform, entry) for entry in (*cards, *texts))
    reading = Reading(platform=platform.name, state=state, kind="list", url=page.url, posts=posts, reason=reason)
    return Whole(reading=reading, main=main, entries=tuple(cards))


def _post(platform: Platform, entry: Entry) -> Post:
    number = dict(entry.extra).get("number", "")
    return as_post(platform, entry, key=f"{entry.url}#{number}" if number else entry.url, url=entry.url)


def _har_entries(page: FetchedPage) -> list[dict[str, object]] | None:
    if '"log"' not in page.source[:5_000] or '"entries"' not in page.source[:200_000]:
        return None
    archive = page.json if isinstance(page.json, dict) else literal_at(page.source, page.source.find("{"))
    log = archive.get("log") if isinstance(archive, dict) else None
    entries = log.get("entries") if isinstance(log, dict) else None
    if not isinstance(entries, list):
        return None
    return [entry for entry in entries[:_MAX_ENTRIES] if isinstance(entry, dict)]


def _referer(entry: dict[str, object]) -> str:
    headers = _part(entry, "request").get("headers")
    for header in headers if isinstance(headers, list) else []:
        if isinstance(header, dict) and str(header.get("name", "")).lower() == "referer":
            return str(header.get("value", ""))
    return ""


def _part(entry: dict[str, object], name: str) -> dict[str, object]:
    value = entry.get(name)
    return value if isinstance(value, dict) else {}


def _answers(entries: list[dict[str, object]], page: FetchedPage) -> Iterator[Answer]:
    for entry in entries:
        content = _part(_part(entry, "response"), "content")
        text = _body_text(content)
        if text[:1] not in {"{", "["}:
            continue
        data = redact(load_json(text))
        if data is None:
            continue
        frame = _FRAME.search(_referer(entry))
        url = redact_url(str(_part(entry, "request").get("url", "")))
        at = read_time(entry.get("startedDateTime", ""), page.fetched_at).at
        yield Answer(url, frame[1] if frame else "", at, data)


def _body_text(content: dict[str, object]) -> str:
    text = content.get("text")
    if not isinstance(text, str) or len(text) > _MAX_BODY:
        return ""
    if content.get("encoding") == "base64":
        try:
            return decode(base64.b64decode(text, validate=False)).lstrip("\ufeff \r\n\t")
        except (binascii.Error, ValueError):
            return ""
    return text.lstrip("\ufeff \r\n\t")


def _cards(answer: Answer, page: FetchedPage) -> Iterator[Entry]:
    """Yield the objects that look like something offered: a Chinese name and a price, person, time, picture or text."""
    for number, thing in enumerate(_objects(answer.data), 1):
        title = next((str(value) for key, value in thing.items() if _TITLE.search(key) and _is_chinese(value)), "")
        if not title:
            continue
        signs = {sign for sign, pattern in _SIGNS.items() if any(pattern.search(key) and value for key, value in thing.items())}
        if not signs:
            continue
        shown = _first(thing, _TIME)
        pairs = (("price", _first(thing, _PRICE)), ("number", _first(thing, _ID) or str(number)))
        yield Entry(
            url=answer.url.partition("?")[0],
            kind="card",
            title=squash(document_text(clean(title)))[:300],
            text=clean("\n".join(dict.fromkeys((*_strings(thing), *(f"价格：{value}" for name, value in pairs[:1] if value))))),
            author=_person(thing, title),
            published_at=read_time(shown, page.fetched_at).at if shown else None,
            published_shown=shown[:60],
            images=tuple(dict.fromkeys(_pictures(thing)))[:20],
            extra=tuple((name, value) for name, value in pairs if value),
            mini_programs=(MiniProgram(appid=answer.appid),) if answer.appid else (),
            found=frozenset({"title"}),
        )


_SIGNS = {
    "price": _PRICE,
    "person": _PERSON,
    "time": _TIME,
    "picture": _PICTURE,
    "text": re.compile(r"desc|intro|content|summary|detail"),
}


def _rest(answer: Answer, cards: list[Entry]) -> Entry | None:
    known = {line for card in cards if card.url == answer.url.partition("?")[0] for line in card.text.splitlines()}
    lines = [line for line in dict.fromkeys(_strings(answer.data)) if line not in known]
    text = "\n".join(lines)
    if len(_CHINESE.findall(text)) < 12:
        return None
    return Entry(url=answer.url, kind="detail", text=clean(text), found=frozenset({"text"}))


def _objects(data: object) -> Iterator[dict[str, object]]:
    waiting, seen = [data], 0
    while waiting and seen < _MAX_STRINGS:
        part = waiting.pop(0)
        seen += 1
        if isinstance(part, dict):
            yield part
            waiting.extend(value for value in part.values() if isinstance(value, dict | list))
        elif isinstance(part, list):
            waiting.extend(value for value in part if isinstance(value, dict | list))


def _strings(data: object) -> Iterator[str]:
    for thing in _objects(data) if isinstance(data, dict | list) else ():
        for key, value in thing.items():
            for one in value if isinstance(value, list) else (value,):
                if isinstance(one, str) and _CHINESE.search(one) and not SECRET.search(key):
                    yield from (line for line in document_text(one[:20_000]).splitlines() if line)


def _is_chinese(value: object) -> bool:
    return isinstance(value, str) and _CHINESE.search(value) is not None


def _first(thing: dict[str, object], pattern: re.Pattern[str]) -> str:
    found = (value for key, value in thing.items() if pattern.search(key) and isinstance(value, str | int | float))
    return next((str(value) for value in found if value and not isinstance(value, bool)), "")


def _person(thing: dict[str, object], title: str) -> str:
    for key, value in thing.items():
        if _PERSON.search(key):
            name = next((one for inner, one in value.items() if _TITLE.search(inner)), "") if isinstance(value, dict) else value
            if isinstance(name, str) and name and name != title:
                return squash(clean(name))[:100]
    return ""


def _pictures(thing: dict[str, object]) -> Iterator[str]:
    for key, value in thing.items():
        for one in value if isinstance(value, list) else (value,):
            if _PICTURE.search(key) and isinstance(one, str) and one.startswith(("http://", "https://", "//")):
                yield redact_url(one if one.startswith("http") else f"https:{one}")
