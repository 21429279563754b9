"""From the bytes of one page to a Reading: state first, then data and fields by platform.yml. Pure: no I/O, never fails."""

import importlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Protocol

from selectolax.lexbor import LexborNode

from patrol.links import classify
from patrol.model import Headers, Link, Post, Reading, State
from patrol.platform_rules import PageRule, Parts
from patrol.platforms import GENERIC, Platform, load_platform
from spiders.addresses import absolute, address_groups, address_kind, canonical, host_of
from spiders.carriers import carried
from spiders.conditions import any_holds, state_of
from spiders.entries import Entry, as_link, as_post, led_by, mini_programs, read_entry
from spiders.fetched import FetchedPage
from spiders.legible import is_binary, is_garbled
from spiders.paths import find_all
from spiders.picks import Place, picked, select
from spiders.texts import squash

_MAX_ENTRIES = 1_000
_MAX_LINKS = 600
_MAX_DEPTH = 40
_DATE_LENGTH = 7
_STATUS_STATES = {401: State.BLOCKED_LOGIN, 404: State.GONE_NOT_FOUND, 410: State.GONE_DELETED, 429: State.BLOCKED_RATE}
_FIRST_ENTRY = "items"
_ELSEWHERE = frozenset({"snippet", "card", "detail"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """Everything read from a page: the Reading for the journey, and each entry in full for `patrol extract`."""

    reading: Reading
    main: Entry | None = None
    entries: tuple[Entry, ...] = ()
    title: str = ""


class PagePlugin(Protocol):
    """What a platform's page.py offers where the declarative engine cannot do it; None hands the page back to the engine."""

    def read(self, platform: Platform, page: FetchedPage) -> Whole | None:
        """Return what the page is."""


def read_page(
    platform: Platform,
    body: bytes,
    *,
    url: str,
    final_url: str = "",
    status: int = 200,
    headers: Headers = (),
    fetched_at: datetime,
) -> Reading:
    """Return what one page is and says; `fetched_at` (aware) is what relative times are counted from."""
    return read_whole(platform, body, url=url, final_url=final_url, status=status, headers=headers, fetched_at=fetched_at).reading


def read_whole(
    platform: Platform,
    body: bytes,
    *,
    url: str,
    final_url: str = "",
    status: int = 200,
    headers: Headers = (),
    fetched_at: datetime,
) -> Whole:
    """Return the Reading together with every entry in full."""
    page = FetchedPage(body=body, url=final_url or url, status=status, headers=headers, fetched_at=fetched_at)
    page.url = page.url or _own_address(platform, page)
    page.groups = address_groups(platform, page.url)
    if is_binary(body):
        return _stopped(platform, page, *_no_text(platform, page))
    stopped = state_of(page, platform.states, late=False)
    if stopped is not None:
        return _stopped(platform, page, *stopped)
    if platform.plugin:
        whole = _plugin(platform.name).read(platform, page)
        if whole is not None:
            return whole
    if status >= 400:
        return _stopped(platform, page, *_refused(platform, page))
    whole = _by_rules(platform, page)
    if whole.reading.state in {State.OK, State.EMPTY}:
        return whole
    stopped = state_of(page, platform.states, late=True) or _common_state(platform, page)
    return whole if stopped is None else _stopped(platform, page, *stopped)


def _no_text(platform: Platform, page: FetchedPage) -> tuple[State, str]:
    if page.status >= 400:
        return _refused(platform, page)
    kind = page.content_type.partition(";")[0].strip()
    return State.CHANGED, f"不是网页，是文件或乱码{f'（{kind}）' if kind else ''}，读不出文字"


def _refused(platform: Platform, page: FetchedPage) -> tuple[State, str]:
    stopped = state_of(page, platform.states, late=True) or _common_state(platform, page)
    if stopped is not None:
        return stopped
    if page.status >= 500:
        return State.SERVER_ERROR, f"HTTP {page.status}"
    return _STATUS_STATES.get(page.status, State.BLOCKED_RATE), f"HTTP {page.status}"


def _common_state(platform: Platform, page: FetchedPage) -> tuple[State, str] | None:
    return None if platform.name == GENERIC else state_of(page, load_platform(GENERIC).states, late=False)


def _stopped(platform: Platform, page: FetchedPage, state: State, reason: str) -> Whole:
    kind = "tombstone" if state.value.startswith("gone.") else "search" if state is State.EMPTY else "wall"
    reading = Reading(platform=platform.name, state=state, kind=kind, url=page.url, reason=reason)
    return Whole(reading=reading, title="" if page.is_json else page.title)


@lru_cache(maxsize=32)
def _plugin(name: str) -> PagePlugin:
    return importlib.import_module(f"spiders.{name}.page")


def _own_address(platform: Platform, page: FetchedPage) -> str:
    """Return the address a saved page gives itself, else the platform's root, so that relative links have a base."""
    for css, name in (('link[rel="canonical"]', "href"), ('meta[property="og:url"]', "content"), ("base[href]", "href")):
        for node in [] if page.is_json else select(page.tree.root, css)[:1]:
            found = absolute("https:", node.attributes.get(name) or "")
            if found:
                return found
    if "{" not in platform.base and platform.base:
        return platform.base + "/"
    return f"https://{platform.hosts[0]}/" if platform.hosts else ""


def _by_rules(platform: Platform, page: FetchedPage) -> Whole:
    failed: Whole | None = None
    for rule in platform.pages:
        if (rule.when and not any_holds(page, rule.when)) or any_holds(page, rule.unless):
            continue
        whole = _by_rule(platform, page, rule)
        if whole is None:
            continue
        if whole.reading.state is not State.CHANGED:
            return whole
        failed = failed or whole
    unknown = Reading(platform=platform.name, state=State.CHANGED, url=page.url, reason="未能识别是哪一种页面")
    return failed or Whole(reading=unknown)


def _by_rule(platform: Platform, page: FetchedPage, rule: PageRule) -> Whole | None:
    data = next((value for carrier in rule.data if (value := carried(page, carrier)) is not None), None)
    if data is None and rule.data_needed:
        return None
    place = Place(page, _region(page, rule), data)
    main = read_entry(place, rule.fields, kind=rule.kind) if rule.fields else None
    if main is not None:
        text = _without_titles(main.text, place, rule.aside) if rule.aside else main.text
        main = replace(main, text=text, mini_programs=mini_programs(place), links=main.links or _anchors(place, rule))
    entries = tuple(entry for parts in rule.items for entry in _entries(place, parts))
    if main is not None and rule.first_is_main and entries:
        main = led_by(main, entries[0])
    missing = _missing(rule, main, entries)
    empty = bool(missing) and any_holds(page, rule.empty)
    doubt = "" if missing or main is None else _doubt(page, rule, main)
    state = State.EMPTY if empty else State.CHANGED if missing or doubt else State.OK
    reading = Reading(
        platform=platform.name,
        state=state,
        kind=rule.kind,
        url=_address(platform, page, main),
        reason=doubt,
        missing=() if empty else missing,
    )
    if state is State.OK or (doubt and main is not None and main.images and not is_garbled(main.text)):
        # a page of pictures is no page that was read, but its pictures are looked at
        reading = replace(
            reading,
            posts=tuple(_posts(platform, rule, reading.url, main, entries)),
            links=_links(platform, page, main, entries),
            next_page=next((link for value in picked(place, rule.next_page) if (link := absolute(page.url, str(value)))), ""),
        )
    return Whole(reading=reading, main=main, entries=entries, title="" if page.is_json else page.title)


def _doubt(page: FetchedPage, rule: PageRule, main: Entry) -> str:
    """Return why a page with every field that it needs was not read all the same."""
    if is_garbled(main.text):
        return "文字是乱码（编码识别有误，或网站自身有误）"
    if rule.fewest and len(page.visible) < rule.fewest:
        return f"几乎没有文字（{len(page.visible)}字）{'，内容可能在图片里' if main.images else ''}"
    return ""


def _region(page: FetchedPage, rule: PageRule) -> LexborNode | None:
    if page.is_json:
        return None
    root = (page.uncommented if rule.uncomment else page.tree).root
    scoped = select(root, rule.region)[:1] if rule.region else []
    return scoped[0] if scoped else root


def _anchors(place: Place, rule: PageRule) -> tuple[str, ...]:
    if rule.kind not in {"detail", "account"} or place.node is None:
        return ()
    found = (absolute(place.page.url, node.attributes.get("href") or "") for node in select(place.node, "a[href]")[:_MAX_LINKS])
    return tuple(dict.fromkeys(link for link in found if link))


def _without_titles(text: str, place: Place, css: str) -> str:
    """Return text without the titles of the site's other pages, as «相关阅读» and the like show them."""
    titles: set[str] = set()
    for anchor in (anchor for block in select(place.node, css)[:50] for anchor in select(block, "a[href]")[:100]):
        url = absolute(place.page.url, anchor.attributes.get("href") or "")
        if url and url != place.page.url and host_of(url) == host_of(place.page.url):
            titles.add(squash(anchor.text()))
    titles.discard("")
    return "\n".join(kept for line in text.splitlines() if (kept := _own_part(line, titles))) if titles else text


def _own_part(line: str, titles: set[str]) -> str:
    rest, shorter = line, True
    while rest and shorter:
        title = next((one for one in titles if rest.startswith(one)), "")
        rest, shorter = rest[len(title) :].strip(), bool(title)
    return rest if rest == line or len(rest) >= _DATE_LENGTH else ""


def _entries(place: Place, parts: Parts) -> Iterator[Entry]:
    kind = parts.post or "link"
    taken: set[int] = set()
    for inner in _places(place, parts):
        if inner.node is not None and (_lies_in(inner.node, taken) or (parts.skip and select(inner.node, parts.skip))):
            continue
        entry = read_entry(inner, parts.fields, kind=kind, leads_to=parts.leads_to, sponsored=parts.sponsored)
        if entry.found and all(name in entry.found for name in parts.require):
            if inner.node is not None:
                taken.add(inner.node.mem_id)
            yield entry


def _lies_in(node: LexborNode, taken: set[int]) -> bool:
    """Return whether an element lies inside one that gave an entry already."""
    above = node.parent if taken else None
    for _ in range(_MAX_DEPTH):
        if above is None:
            return False
        if above.mem_id in taken:
            return True
        above = above.parent
    return False


def _places(place: Place, parts: Parts) -> Iterator[Place]:
    if parts.json_path:
        values = find_all(place.data, parts.json_path) if place.data is not None else []
        if len(values) == 1 and isinstance(values[0], list):
            values = values[0]
        for value in values[:_MAX_ENTRIES]:
            if isinstance(value, dict):
                yield Place(place.page, None, value)
        return
    for node in select(place.node, parts.css)[:_MAX_ENTRIES]:
        yield Place(place.page, node, None)


def _missing(rule: PageRule, main: Entry | None, entries: Sequence[Entry]) -> tuple[str, ...]:
    found = set(main.found) if main is not None else set()
    if entries:
        found.add(_FIRST_ENTRY)
    return tuple(need for need in rule.require if not any(name in found for name in need.split("|")))


def _address(platform: Platform, page: FetchedPage, main: Entry | None) -> str:
    return canonical(platform, main.url if main is not None and main.url else page.url)


def _posts(platform: Platform, rule: PageRule, url: str, main: Entry | None, entries: Sequence[Entry]) -> Iterator[Post]:
    if main is not None and rule.kind in {"detail", "account"} and main.found & {"title", "text", "images", "bio"}:
        yield as_post(platform, main, key=url, url=url)
    for number, entry in enumerate(entries, 1):
        if entry.kind == "link":
            continue
        if entry.kind in _ELSEWHERE:
            target = canonical(platform, entry.url) if entry.url else ""
            mark = "" if entry.kind == "detail" else f"#{entry.kind}"
            key = f"{target}{mark}" if target else f"{url}#{entry.kind}-{number}"
            yield as_post(platform, entry, key=key, url=target or url)
            continue
        if main is not None and entry.text == main.text:
            continue
        part = dict(entry.extra).get("number") or str(number)
        yield as_post(platform, entry, key=f"{url}#{entry.kind}-{part}", url=url)


def _links(platform: Platform, page: FetchedPage, main: Entry | None, entries: Sequence[Entry]) -> tuple[Link, ...]:
    links = {entry.url: as_link(platform, entry) for entry in reversed(entries) if entry.url and entry.leads_to}
    links = dict(reversed(links.items()))
    for url in main.links if main is not None else ():
        if url not in links and (kind := _kind_of(platform, page, url)):
            links[url] = Link(url=url, kind=kind, platform=classify(url)[0] if kind == "external" else "")
    return tuple(links.values())[:_MAX_LINKS]


def _kind_of(platform: Platform, page: FetchedPage, url: str) -> str:
    same = host_of(url) == host_of(page.url) or platform.owns(url)
    if not same:
        return "external"
    return address_kind(platform, url) or ("detail" if platform.name == GENERIC else "")
