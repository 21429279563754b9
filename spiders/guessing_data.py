"""Find the object of a page's own data (script variables, ld+json, a JSON body) that says what the page is about."""

import json
import re
from collections.abc import Iterator, Mapping

from spiders.fetched import FetchedPage
from spiders.literals import literal_at
from spiders.picks import select

Rule = Mapping[str, object]
_VARIABLE = re.compile(r"(?:window\.|var\s+|let\s+|const\s+)([A-Za-z_$][\w$]{2,40})\s*=\s*(?=[{\[])")
_KEY = re.compile(r"[A-Za-z_]\w*")
_NAMES: Mapping[str, tuple[str, ...]] = {
    "title": ("title", "headline", "subject", "name", "goodsName", "course_name"),
    "text": ("content", "articleBody", "desc", "description", "detail", "text", "body", "summary"),
    "author": ("author", "nickname", "nickName", "nick_name", "userName", "user_name", "shopName", "shop_name", "publisher"),
    "published": ("publishTime", "publish_time", "create_time", "createTime", "datePublished", "ctime", "pubDate", "time"),
}
_INNER = ("name", "nickname", "nickName", "nick_name", "screen_name")
_FEWEST = 2
_DEEPEST = 6
_MOST_LITERALS = 40
_LEAST_SIZE = 40


def data_rule(page: FetchedPage) -> tuple[dict[str, object], dict[str, list[Rule]]]:
    """Return the carrier (`carrier`, and `shown` for a person) and the json picks of the best object; two empty dicts: none."""
    best: tuple[int, dict[str, object], dict[str, list[Rule]]] = (0, {}, {})
    for carrier, shown, data in _carriers(page):
        for path, thing in _objects(data):
            fields = dict(_fields(thing))
            if len(fields) >= _FEWEST and "title" in fields and len(fields) > best[0]:
                at = {"at": path} if path else {}
                best = (len(fields), {"carrier": {**carrier, **at}, "shown": f"{shown}{'.' + path if path else ''}"}, fields)
    return best[1], best[2]


def _carriers(page: FetchedPage) -> Iterator[tuple[dict[str, object], str, object]]:
    if page.is_json:
        yield {"body": True}, "整页 JSON", page.json
        return
    for node in select(page.tree.root, 'script[type="application/ld+json"]')[:10]:
        try:
            data = json.loads(node.text())
        except (ValueError, RecursionError):
            continue
        kind = data.get("@type", "") if isinstance(data, dict) else ""
        if isinstance(kind, str) and kind:
            yield {"ld": kind}, f"ld+json {kind}", data
    for node in select(page.tree.root, "script[id]")[:20]:
        text = node.text().strip()
        if text[:1] == "{" and len(text) > _LEAST_SIZE:
            yield {"script": node.attributes.get("id") or ""}, f"script#{node.attributes.get('id')}", literal_at(text, 0)
    for found in list(_VARIABLE.finditer(page.source))[:_MOST_LITERALS]:
        yield {"var": found[1]}, f"脚本变量 {found[1]}", literal_at(page.source, found.end())


def _objects(data: object, path: str = "", depth: int = 0) -> Iterator[tuple[str, Mapping[str, object]]]:
    if not isinstance(data, dict) or depth > _DEEPEST:
        return
    yield path, data
    for key, value in data.items():
        if isinstance(value, dict) and _KEY.fullmatch(str(key)):
            yield from _objects(value, f"{path}.{key}" if path else str(key), depth + 1)


def _fields(thing: Mapping[str, object]) -> Iterator[tuple[str, list[Rule]]]:
    for field, names in _NAMES.items():
        for name in names:
            value = thing.get(name)
            if isinstance(value, dict):
                inner = next((one for one in _INNER if isinstance(value.get(one), str) and value[one]), "")
                name, value = f"{name}.{inner}", value.get(inner)  # noqa: PLW2901
            if isinstance(value, str | int) and not isinstance(value, bool) and str(value).strip():
                yield field, [_pick(field, name, value)]
                break


def _pick(field: str, name: str, value: str | int) -> Rule:
    if field == "published" and str(value).isdigit():
        return {"json": name, "time": "epoch_ms" if len(str(value)) > 11 else "epoch"}
    if field == "text" and "<" in str(value):
        return {"json": name, "do": ["html_text"]}
    return {"json": name}
