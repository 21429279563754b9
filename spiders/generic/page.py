"""What YAML cannot say of unknown sites: feeds and site maps are XML, told by their first element."""

import re

from lxml import etree  # type: ignore[import-untyped]

from patrol.model import Link, Post, Reading, State
from patrol.platforms import Platform
from spiders.addresses import absolute, canonical
from spiders.entries import Entry, as_link, as_post
from spiders.fetched import FetchedPage
from spiders.generic.listings import read_listing
from spiders.reading import Whole
from spiders.texts import clean, document_text, squash
from spiders.times import read_time

_ROOT = re.compile(
    r"\s*(?:<!--.{0,2000}?-->\s*|<\?[^>]{0,300}\?>\s*){0,6}<(rss|feed|rdf:RDF|urlset|sitemapindex)\b",
    re.DOTALL,
)
_MAX_ITEMS = 1_000
_TITLES, _TEXTS = ("title",), ("encoded", "content", "description", "summary")
_TIMES, _AUTHORS = ("pubDate", "published", "updated", "date", "lastmod"), ("creator", "author", "source")


def read(platform: Platform, page: FetchedPage) -> Whole | None:
    """Return a feed, a site map or a page of links; None for a page that says something itself."""
    found = _ROOT.match(page.source[:6_000].lstrip("\ufeff"))
    if found is None:
        return read_listing(platform, page)
    is_map = found[1] in {"urlset", "sitemapindex"}
    entries = tuple(entry for entry in _entries(page, is_map) if entry.url or entry.text)
    url = canonical(platform, page.url)
    state = State.OK if entries else State.EMPTY
    reading = Reading(platform=platform.name, state=state, kind="feed", url=url)
    if entries:
        reading = Reading(
            platform=platform.name,
            state=state,
            kind="feed",
            url=url,
            posts=tuple(_posts(platform, entries, url)),
            links=_links(platform, entries),
        )
    return Whole(reading=reading, entries=entries)


def _posts(platform: Platform, entries: tuple[Entry, ...], url: str) -> list[Post]:
    written = [entry for entry in entries if entry.kind == "snippet"]
    return [as_post(platform, entry, key=f"{entry.url or url}#snippet", url=entry.url or url) for entry in written]


def _links(platform: Platform, entries: tuple[Entry, ...]) -> tuple[Link, ...]:
    return tuple({entry.url: as_link(platform, entry) for entry in entries if entry.url}.values())


def _entries(page: FetchedPage, is_map: bool) -> list[Entry]:
    parser = etree.XMLParser(recover=True, resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(page.source.lstrip("\ufeff \r\n\t").encode("utf-8", "replace"), parser)
    except (etree.XMLSyntaxError, ValueError):
        return []
    if root is None:
        return []
    wanted = {"url", "sitemap"} if is_map else {"item", "entry"}
    nodes = [node for node in root.iter() if isinstance(node.tag, str) and _name(node) in wanted]
    return [_entry(page, node, is_map) for node in nodes[:_MAX_ITEMS]]


def _entry(page: FetchedPage, node: etree.ElementBase, is_map: bool) -> Entry:
    parts: dict[str, str] = {}
    link = ""
    for child in node:
        if not isinstance(child.tag, str):
            continue
        name = _name(child)
        text = "".join(str(part) for part in child.itertext()).strip()
        if name in {"link", "loc"} and child.get("rel", "alternate") == "alternate":
            link = link or child.get("href") or text
        if text:
            parts.setdefault(name, text)
    shown = next((parts[name] for name in _TIMES if name in parts), "")
    text = document_text(clean(next((parts[name] for name in _TEXTS if name in parts), "")))
    return Entry(
        url=absolute(page.url, link or parts.get("guid", "")),
        kind="link" if is_map else "snippet",
        leads_to="list" if _name(node) == "sitemap" else "detail",
        title=squash(document_text(clean(next((parts[name] for name in _TITLES if name in parts), "")))),
        text=text,
        author=squash(clean(next((parts[name] for name in _AUTHORS if name in parts), "")))[:200],
        published_shown=shown[:120],
        published_at=read_time(shown, page.fetched_at).at,
        found=frozenset({"url"}),
    )


def _name(node: etree.ElementBase) -> str:
    return str(node.tag).rpartition("}")[2]
