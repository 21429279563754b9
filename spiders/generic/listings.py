"""Tell a page of links from an article on an unknown site, and keep what stands beside the links (floating advertisements)."""

from selectolax.lexbor import LexborNode

from patrol.links import classify
from patrol.model import Link, Reading, State
from patrol.platforms import Platform
from spiders.addresses import absolute, canonical, host_of
from spiders.entries import Entry, as_link, as_post
from spiders.fetched import FetchedPage
from spiders.picks import select
from spiders.reading import Whole
from spiders.texts import squash

_MOST_ANCHORS = 600
_LONG_TITLE = 6
_KEY = 6
_WORTH_READING = 30
_SENTENCE = 60


def read_listing(platform: Platform, page: FetchedPage) -> Whole | None:
    """Return a page that is mostly links as a list; None for a page that says something itself.

    Titles of the site's own pages become links alone: an index must not be read as one text. What is written beside them stays
    a post, and so does each link that leads off the site, since an advertisement may show nothing but its words.
    """
    if page.is_json or page.tree.body is None:
        return None
    rows = [row for anchor in select(page.tree.body, "a[href]")[:_MOST_ANCHORS] if (row := _row(page, anchor))]
    if not _is_listing(rows, page.visible):
        return None
    beside = _beside(rows, page.visible)
    url = canonical(platform, page.url)
    main = Entry(kind="list", title=page.title, text=page.visible, found=frozenset({"title", "text"}))
    posts = [as_post(platform, row, key=f"{row.url}#snippet", url=row.url) for row in rows if row.kind == "snippet"]
    if len(beside) >= _WORTH_READING:
        rest = Entry(kind="list", title=page.title, text=beside)
        posts.append(as_post(platform, rest, key=url, url=url))
    reading = Reading(
        platform=platform.name,
        state=State.OK,
        kind="list",
        url=url,
        posts=tuple(posts),
        links=_links(platform, rows),
        next_page=_next(page),
    )
    return Whole(reading=reading, main=main, entries=tuple(rows))


def _row(page: FetchedPage, anchor: LexborNode) -> Entry | None:
    title = squash(anchor.text())
    url = absolute(page.url, anchor.attributes.get("href") or "")
    if not title or not url:
        return None
    outside = host_of(url) != host_of(page.url)
    kind = "snippet" if outside and len(title) >= _LONG_TITLE else "link"
    return Entry(
        url=url, kind=kind, leads_to="external" if outside else "detail", title=title[:300], found=frozenset({"title", "url"})
    )


def _is_listing(rows: list[Entry], visible: str) -> bool:
    titles = {row.title for row in rows}
    long_rows = [row for row in rows if len(row.title) >= _LONG_TITLE]
    share = sum(len(row.title) for row in rows) / max(1, len(visible))
    if share > 0.4 and len(long_rows) >= 10:
        return True
    own = max((len(line) for line in visible.splitlines() if line not in titles), default=0)
    return share > 0.4 and len(long_rows) >= 3 and own < _SENTENCE


def _beside(rows: list[Entry], visible: str) -> str:
    starts = {row.title[:_KEY] for row in rows}
    return "\n".join(line for line in visible.splitlines() if line[:_KEY] not in starts)


def _links(platform: Platform, rows: list[Entry]) -> tuple[Link, ...]:
    links: dict[str, Link] = {}
    for row in rows:
        if row.url not in links and (row.kind != "link" or not classify(row.url)[0]):
            links[row.url] = as_link(platform, row)
    return tuple(links.values())


def _next(page: FetchedPage) -> str:
    found = select(page.tree.root, 'a[rel="next"], a.next, a:lexbor-contains("下一页")')[:1]
    return absolute(page.url, found[0].attributes.get("href") or "") if found else ""
