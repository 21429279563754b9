"""Pick values from a page (or from one entry of it) the way platform.yml says: the first pick that finds something wins."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from selectolax.lexbor import LexborNode, SelectolaxError

from patrol.platform_rules import Pick
from spiders.fetched import FetchedPage
from spiders.paths import find_all
from spiders.steps import apply_steps
from spiders.texts import element_text, own_text, squash

_MAX_NODES = 2_000
_SELF = "."
_LONG_ROW = 400
_ROWS = "li, p, div, span, dd, dt, td, th, tr, label, em, strong"
_LABEL_END = r"\s*[:：]?\s*$"


@dataclass(frozen=True, slots=True)
class Place:
    """Where values are picked: the page, the element (a region, an entry), and the data that belongs to it."""

    page: FetchedPage
    node: LexborNode | None
    data: object = None


def picked(place: Place, picks: Sequence[Pick]) -> list[object]:
    """Return what the first fruitful pick finds; empty strings do not count as found."""
    for pick in picks:
        values = [value for value in _raw(place, pick) if value is not None and value != ""]
        if values and pick.do:
            values = apply_steps(values, pick.do, place.page.url)
        elif not values and pick.do and pick.do[-1].name == "default":
            values = list(pick.do[-1].args)
        if values:
            return values
    return []


def which_pick(place: Place, picks: Sequence[Pick]) -> tuple[Pick | None, list[object]]:
    """Return the pick that found something together with what it found."""
    for pick in picks:
        values = picked(place, (pick,))
        if values:
            return pick, values
    return None, []


def _raw(place: Place, pick: Pick) -> list[object]:
    if pick.json_path:
        return _scalars(find_all(place.data, pick.json_path)) if place.data is not None else []
    for how in ("meta", "pair", "label", "re"):
        if getattr(pick, how):
            return _FINDERS[how](place, pick)
    if pick.const or pick.url:
        return [pick.const or place.page.groups.get(pick.url)]
    return _elements(place, pick)


def _scalars(values: list[object]) -> list[object]:
    if len(values) == 1 and isinstance(values[0], list):
        values = values[0]
    return [value for value in values if isinstance(value, str | int | float) and not isinstance(value, bool)]


def select(node: LexborNode | None, css: str) -> list[LexborNode]:
    """Return the elements a selector finds; each once, in the order of the page; a selector that
    the parser refuses finds nothing."""
    if node is None:
        return []
    try:
        found = node.css(css)[:_MAX_NODES]
    except (SelectolaxError, ValueError):
        return []
    return list({one.mem_id: one for one in found}.values()) if "," in css and len(found) > 1 else found


def _elements(place: Place, pick: Pick) -> list[object]:
    if place.node is None:
        return []
    if not pick.css:
        return [place.node.attributes.get(pick.attr)]
    if pick.css == _SELF:
        return [_read(place, place.node, pick)]
    if not pick.all:
        first = select_first(place.node, pick.css)
        if first is None:
            return []
        value = _read(place, first, pick)
        if value:
            return [value]
    found: list[object] = []
    for node in select(place.node, pick.css):
        value = _read(place, node, pick)
        if value:
            found.append(value)
            if not pick.all:
                break
    return found


def select_first(node: LexborNode | None, css: str) -> LexborNode | None:
    """Return the first element a selector finds, or None."""
    if node is None:
        return None
    try:
        return node.css_first(css)
    except (SelectolaxError, ValueError):
        return None


def _read(place: Place, node: LexborNode, pick: Pick) -> str:
    return place.page.visible if node.tag == "body" and not pick.attr else _value(node, pick)


def _value(node: LexborNode, pick: Pick) -> str:
    if pick.attr:
        for name in pick.attr.split("|"):
            value = node.attributes.get(name)
            if value:
                return value.strip()
        return ""
    if pick.own:
        return own_text(node)
    if node.tag in {"script", "textarea", "title"}:
        return node.text()
    return element_text(node)


def _metas(place: Place, pick: Pick) -> list[object]:
    name = pick.meta
    nodes = place.page.tree.css(f'meta[property="{name}"],meta[name="{name}"],meta[itemprop="{name}"]')
    return [node.attributes.get("content") for node in nodes[:50]]


def _searched(place: Place, pick: Pick) -> list[object]:
    if pick.css:
        where = [node.html or "" for node in select(place.node, pick.css)]
    else:
        body = place.page.tree.body
        whole = place.node is None or place.node.tag == "html" or (body is not None and place.node == body)
        where = [place.page.source if whole or place.node is None else place.node.html or ""]
    for text in where:
        found = _regex(pick.re).search(text)
        if found:
            return [next((group for group in found.groups() if group), found[0] if not found.groups() else "")]
    return []


@lru_cache(maxsize=512)
def _regex(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.DOTALL)


def _pairs(place: Place, pick: Pick) -> list[object]:
    """Find the cell that follows a heading of one of the names (dt → dd, th → td, label → the next element)."""
    wanted = _label_pattern(pick.pair)
    for node in select(place.node, "dt, th, td, label, .item-title, .label, .name, .key, strong, b, span, em, i"):
        text = squash(node.text())
        if len(text) > 40 or not wanted.match(text):
            continue
        follower = node.next
        while follower is not None and not follower.is_element_node:
            follower = follower.next
        value = element_text(follower) if follower is not None else ""
        if value:
            return [value]
    return []


def _labels(place: Place, pick: Pick) -> list[object]:
    """Find «标签：值» rows: the smallest element whose text begins with the label and has something after it."""
    if place.node is None or not any(label in place.page.source for label in pick.label):
        return []
    starts = _row_pattern(pick.label)
    values = [found[1].strip() for text in _row_texts(place.page, place.node, pick.css or _ROWS) if (found := starts.match(text))]
    return [min(values, key=len)] if values else []


def _row_texts(page: FetchedPage, node: LexborNode, css: str) -> list[str]:
    """Return the short texts of rows in an element; worked out once for each element and selector."""
    key = ("rows", node.mem_id, css)
    known = page.found.get(key)
    if known is None:
        texts = (squash(row.text()) for row in select(node, css))
        known = page.found[key] = [text for text in texts if len(text) < _LONG_ROW and (":" in text or "：" in text)]
    return known  # type: ignore[return-value]


@lru_cache(maxsize=256)
def _row_pattern(labels: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(rf"^\s*[【\[]?(?:{'|'.join(map(re.escape, labels))})[】\]]?\s*[:：]\s*(.+)$", re.DOTALL)


@lru_cache(maxsize=256)
def _label_pattern(names: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(rf"^\s*(?:{'|'.join(map(re.escape, names))}){_LABEL_END}")


_FINDERS: Mapping[str, Callable[[Place, Pick], list[object]]] = {
    "meta": _metas,
    "pair": _pairs,
    "label": _labels,
    "re": _searched,
}
