"""Guess how an unknown site's page is read: repeated rows of links, or title, words, author and time. A person checks it."""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import parse_qsl, urlsplit

from selectolax.lexbor import LexborNode

from spiders.addresses import absolute, host_of
from spiders.fetched import FetchedPage
from spiders.guessing_data import data_rule
from spiders.picks import select
from spiders.texts import element_text, squash

Rule = Mapping[str, object]
Fits = Callable[[LexborNode], bool]
_TIME = re.compile(
    r"(?:(?:19|20)\d\d[-/年.]\d{1,2}[-/月.]\d{1,2}|\d{1,2}月\d{1,2}日|\d{1,2}-\d{1,2}\b|昨天|前天|今天|刚刚|\d+\s*(?:秒|分钟|小时|天|周|个月)前)"
)
_SHORT = 30
_LONG_TITLE = 4
_FEWEST_ROWS = 3
_MOST_ANCHORS = 800
_DEEPEST = 6
_WORDS_SHARE = 0.5
_STEADY = re.compile(r"[a-zA-Z][a-zA-Z_-]{1,40}")
_NEXT = ("下一页", "下页", "后一页", "更多")
_AUTHOR_LABELS = ("联系人", "发布者", "发布人", "作者", "来源", "机构名称", "昵称")
_TIME_LABELS = ("发布时间", "发布日期", "发布", "发表时间", "更新时间", "时间", "日期")
_AUTHOR_CLASS = re.compile(r"author|nickname|user-?name|publisher|contact|writer", re.IGNORECASE)
_TITLE_CLASS = re.compile(r"title|headline|subject", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Guess:
    """What a page seems to be: `rule` as platform.yml writes it, the shape of its address, and what was seen.

    `items` are the addresses its rows lead to, `seen` one Chinese line for each thing found or missed.
    """

    kind: str
    rule: Rule
    address: Rule
    items: tuple[str, ...]
    seen: tuple[str, ...]


def guess_page(body: bytes, *, url: str, fetched_at: datetime, headers: tuple[tuple[str, str], ...] = ()) -> Guess:
    """Return a guess for one page: a list where rows of links repeat, else a page that says something itself."""
    page = FetchedPage(body=body, url=url, status=200, headers=headers, fetched_at=fetched_at)
    if page.is_json:
        return _detail(page)
    return _list(page) or _detail(page)


def guess_detail(body: bytes, *, url: str, fetched_at: datetime, headers: tuple[tuple[str, str], ...] = ()) -> Guess:
    """Return a guess for a page that is known to be no list."""
    return _detail(FetchedPage(body=body, url=url, status=200, headers=headers, fetched_at=fetched_at))


def address_rule(url: str, kind: str) -> Rule:
    """Return the shape of an address: numbers and codes of its path become patterns, numbered query names are kept."""
    parts = urlsplit(url)
    pieces, groups = [], 0
    for piece in re.split(r"(\d+|[/.])", parts.path):
        if piece.isdigit():
            groups += 1
            pieces.append(rf"(?P<id{groups if groups > 1 else ''}>\d+)" if kind == "detail" else r"\d+")
        else:
            pieces.append(re.escape(piece).replace("\\-", "-"))
    rule: dict[str, object] = {"pattern": f"^{''.join(pieces)}", "kind": kind}
    keep = [name for name, value in parse_qsl(parts.query) if kind == "list" or any(letter.isdigit() for letter in value)]
    if keep:
        rule["keep"] = list(dict.fromkeys(keep))
    return rule


def _list(page: FetchedPage) -> Guess | None:
    rows = _rows(page)
    if not rows:
        return None
    css = _row_css(rows[0])
    fields = dict(_row_fields(rows))
    rule: dict[str, object] = {
        "name": "list",
        "kind": "list",
        "when": [{"css": css}],
        "items": [{"css": css, "leads_to": "detail", "fields": fields, "require": ["title", "url"]}],
    }
    seen = [f"列表：{len(rows)}行“{css}”，读出{'、'.join(fields)}"]
    next_css = _next_css(page)
    if next_css:
        rule["next_page"] = [{"css": next_css, "attr": "href"}]
        seen.append(f"下一页：“{next_css}”")
    else:
        seen.append("没有认出“下一页”：如有翻页，请补上 next_page")
    rule["require"] = ["items"]
    return Guess("list", rule, address_rule(page.url, "list"), _alike_first(page, rows), tuple(seen))


def _alike_first(page: FetchedPage, rows: list[LexborNode]) -> tuple[str, ...]:
    """Return where the rows lead, the addresses of the commonest shape first: a notice pinned on top is not what a list is of."""
    links = list(dict.fromkeys(link for row in rows if (link := _row_link(page, row))))
    shapes = Counter(str(address_rule(link, "list")["pattern"]) for link in links)
    return tuple(sorted(links, key=lambda link: -shapes[str(address_rule(link, "list")["pattern"])]))


def _rows(page: FetchedPage) -> list[LexborNode]:
    """Return the rows of the largest group of alike elements that each lead to a page of this site by a title of their own."""
    groups: dict[str, list[LexborNode]] = defaultdict(list)
    titles: Counter[str] = Counter()
    known: dict[str, set[str]] = defaultdict(set)
    for anchor in select(page.tree.body, "a[href]")[:_MOST_ANCHORS]:
        title, link = squash(anchor.text()), absolute(page.url, anchor.attributes.get("href") or "")
        row = _row_of(anchor) if len(title) >= _LONG_TITLE and link and host_of(link) == host_of(page.url) else None
        if row is None:
            continue
        css = _row_css(row)
        if link not in known[css]:
            known[css].add(link)
            groups[css].append(row)
            titles[css] += min(len(title), _SHORT)
    best = max(groups, key=lambda css: titles[css], default="")
    found = list({row.mem_id: row for row in groups.get(best, [])}.values())
    return found if len(found) >= _FEWEST_ROWS else []


def _row_of(anchor: LexborNode) -> LexborNode | None:
    """Return the outermost near element around a link that stands among others of its kind."""
    node: LexborNode | None = anchor
    best = None
    for _ in range(_DEEPEST):
        if node is None or node.tag in {"body", "html"}:
            break
        if _alike(node) >= _FEWEST_ROWS:
            best = node
        elif best is not None:
            break
        node = node.parent
    return best


def _alike(node: LexborNode) -> int:
    parent, own = node.parent, _own_css(node)
    if parent is None:
        return 0
    count, child = 0, parent.first_child
    while child is not None:
        count += child.is_element_node and _own_css(child) == own
        child = child.next
    return count


def _row_css(row: LexborNode) -> str:
    parent = row.parent
    above = _own_css(parent) if parent is not None and parent.tag not in {"body", "html"} else ""
    return f"{above} > {_own_css(row)}" if above else _own_css(row)


def _own_css(node: LexborNode) -> str:
    """Return a selector of one element that stays when numbers in names change."""
    name = node.attributes.get("id") or ""
    if _STEADY.fullmatch(name):
        return f"#{name}"
    classes = [one for one in (node.attributes.get("class") or "").split() if _STEADY.fullmatch(one)]
    tag = node.tag or "div"
    return f"{tag}.{classes[0]}" if classes else tag


def _row_link(page: FetchedPage, row: LexborNode) -> str:
    anchor = _main_anchor(row)
    return absolute(page.url, anchor.attributes.get("href") or "") if anchor is not None else ""


def _main_anchor(row: LexborNode) -> LexborNode | None:
    anchors = [row] if row.tag == "a" else select(row, "a[href]")
    return max(anchors, key=lambda one: len(squash(one.text())), default=None)


def _row_fields(rows: list[LexborNode]) -> Iterator[tuple[str, list[Rule]]]:
    anchor = _main_anchor(rows[0])
    css = "." if rows[0].tag == "a" or anchor is None else _inner_css(rows[0], anchor)
    heading = next((_own_css(one) for one in select(rows[0], "*") if _is_title(one, anchor)), css)
    yield "title", [{"css": heading}]
    yield "url", [{"attr": "href"} if css == "." else {"css": css, "attr": "href"}]
    for name, fits in (("published", _shows_time), ("author", _names_author)):
        found = _common(rows, fits)
        if found:
            yield name, [{"css": found}]
    longest = _common(rows, lambda one: len(squash(one.text())) > _SHORT and one.tag != "a" and not select(one, "a"))
    if longest:
        yield "snippet", [{"css": longest}]


def _is_title(node: LexborNode, anchor: LexborNode | None) -> bool:
    named = _TITLE_CLASS.search(node.attributes.get("class") or "") or node.tag in {"h2", "h3", "h4"}
    return bool(named) and len(squash(node.text())) >= _LONG_TITLE and node is not anchor


def _inner_css(row: LexborNode, anchor: LexborNode) -> str:
    own = _own_css(anchor)
    if own != "a":
        return own
    parent = anchor.parent
    return "a" if parent is None or parent.mem_id == row.mem_id else f"{_own_css(parent)} a"


def _leaf_texts(node: LexborNode | None) -> Iterator[tuple[LexborNode, str]]:
    for one in select(node, "*"):
        text = squash(one.text(deep=False))
        if text:
            yield one, text


def _shows_time(node: LexborNode) -> bool:
    text = squash(node.text())
    return len(text) <= _SHORT and _TIME.search(text) is not None and node.tag != "a"


def _names_author(node: LexborNode) -> bool:
    return bool(_AUTHOR_CLASS.search(node.attributes.get("class") or "")) and 0 < len(squash(node.text())) <= _SHORT


def _common(rows: Iterable[LexborNode], fits: Fits) -> str:
    """Return the selector under which most rows have an element that fits, the one nearest to the words."""
    counts: Counter[str] = Counter()
    number = 0
    for row in rows:
        number += 1
        counts.update({_own_css(one) for one in select(row, "*") if one.mem_id != row.mem_id and fits(one)})
    if not counts:
        return ""
    best, times = max(counts.items(), key=lambda item: (item[1], "." in item[0]))
    return best if times * 2 >= number else ""


def _next_css(page: FetchedPage) -> str:
    if select(page.tree.root, 'a[rel="next"]'):
        return 'a[rel="next"]'
    for anchor in select(page.tree.root, "a[href]"):
        text = squash(anchor.text())
        word = next((one for one in _NEXT if one in text and len(text) <= len(one) + 2), "")
        if word:
            own = _own_css(anchor)
            alone = own != "a" and len(select(page.tree.root, own)) == 1
            return own if alone else f'a:lexbor-contains("{word}")'
    return ""


def _detail(page: FetchedPage) -> Guess:
    data, fields = data_rule(page)
    seen = [f"页面数据：{data['shown']}，读出{'、'.join(fields)}"] if data else []
    if not page.is_json:
        for name, picks in _detail_fields(page):
            fields.setdefault(name, []).extend(picks)
    missing = [word for name, word in _WANTED.items() if name not in fields]
    found = [word for name, word in _WANTED.items() if name in fields]
    seen.append(f"详情：读出{'、'.join(found) or '（无）'}")
    if missing:
        seen.append(f"没有认出{'、'.join(missing)}：请对照网页补上")
    rule: dict[str, object] = {"name": "item", "kind": "detail"}
    if data:
        rule["data"] = [data["carrier"]]
    rule["fields"] = fields
    rule["require"] = [name for name in ("title", "text") if name in fields] or ["text"]
    return Guess("detail", rule, address_rule(page.url, "detail"), (), tuple(seen))


_WANTED = {"title": "标题", "text": "正文", "author": "发布者", "published": "发布时间", "images": "图片"}


def _detail_fields(page: FetchedPage) -> Iterator[tuple[str, list[Rule]]]:
    body = page.tree.body
    title = _title_css(page)
    if title:
        yield "title", [{"css": title}]
    words = _words_node(body)
    if words is not None:
        yield "text", [{"css": _own_css(words)}]
        if select(words, "img"):
            yield "images", [{"css": f"{_own_css(words)} img", "attr": "data-src|data-original|src", "all": True}]
    for name, labels, fits in (("author", _AUTHOR_LABELS, _names_author), ("published", _TIME_LABELS, _shows_time)):
        label = next((label for one in select(body, "*") for label in labels if _is_row(one, label)), "")
        found = next((_own_css(one) for one in select(body, "*") if fits(one) and "." in _own_css(one)), "")
        if label:
            yield name, [{"label": [label]}]
        elif found:
            yield name, [{"css": found}]


def _is_row(node: LexborNode, label: str) -> bool:
    text = squash(node.text())
    return len(text) <= 2 * _SHORT and re.match(rf"{label}\s*[:：]\s*\S", text) is not None


def _title_css(page: FetchedPage) -> str:
    """Return the heading whose words the document's own title repeats, else the first heading."""
    headings = [*select(page.tree.body, "h1"), *select(page.tree.body, '[class*="title"], [class*="subject"], h2')]
    repeated = [one for one in headings if len(squash(one.text())) >= _LONG_TITLE and squash(one.text()) in page.title]
    chosen = next(iter([*repeated, *headings]), None)
    return _own_css(chosen) if chosen is not None else ""


def _words_node(body: LexborNode | None) -> LexborNode | None:
    """Return the smallest named element that holds most of the words that are not links."""
    if body is None:
        return None
    node, whole, best = body, max(1, _own_words(body)), None
    while inner := next((one for one in _children(node) if _own_words(one) >= _WORDS_SHARE * whole), None):
        node = inner
        if _own_css(node) != node.tag:
            best = node
    return best


def _children(node: LexborNode) -> Iterator[LexborNode]:
    child = node.first_child
    while child is not None:
        if child.is_element_node and child.tag not in {"script", "style", "noscript", "nav", "footer", "header"}:
            yield child
        child = child.next


def _own_words(node: LexborNode) -> int:
    text = len(element_text(node))
    return text - sum(len(squash(anchor.text())) for anchor in select(node, "a"))
