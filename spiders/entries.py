"""What was read of one thing on a page (an article, a floor, a search hit), and how it becomes a Post or a Link."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from patrol.links import classify
from patrol.model import Link, MiniProgram, Post
from patrol.platform_rules import Fields, Pick, Test
from patrol.platforms import Platform
from spiders.addresses import absolute
from spiders.picks import Place, picked, select
from spiders.steps import shown_time
from spiders.texts import clean, squash, squash_lines, strip_zero_width
from spiders.times import NOTHING, Moment, read_time

_MAX_LIST = 300
_MAX_LINE = 500
_ONE_LINE = ("title", "author", "author_id", "region", "byline", "number")
_EXTRA = (
    "byline",
    "tags",
    "price",
    "address",
    "bio",
    "account_alias",
    "licence",
    "quoted_author",
    "quoted",
    "replies",
    "likes",
    "number",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing read from a page; `found` names the fields that were there, `leads_to` the kind of page its url opens."""

    url: str = ""
    kind: str = "detail"
    leads_to: str = ""
    title: str = ""
    text: str = ""
    snippet: str = ""
    author: str = ""
    author_id: str = ""
    published_at: datetime | None = None
    published_shown: str = ""
    region: str = ""
    images: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    contacts: tuple[str, ...] = ()
    mini_programs: tuple[MiniProgram, ...] = ()
    sponsored: bool = False
    extra: tuple[tuple[str, str], ...] = ()
    found: frozenset[str] = frozenset()


def read_entry(place: Place, fields: Fields, *, kind: str, leads_to: str = "", sponsored: Test | None = None) -> Entry:
    """Return what the fields say of one thing; a field that finds nothing stays empty."""
    lines = {name: _line(place, fields.get(name, ())) for name in _ONE_LINE}  # type: ignore[call-overload]
    text = _text(place, fields.get("text", ()))
    snippet = _text(place, fields.get("snippet", ()))
    moment, shown = _published(place, fields.get("published", ()))
    images = _addresses(place, fields.get("images", ()))
    links = _addresses(place, fields.get("links", ()))
    url = next(iter(_addresses(place, fields.get("url", ()))), "")
    contacts = tuple(dict.fromkeys(squash(strip_zero_width(one)) for one in _texts(place, fields.get("contacts", ()))))
    extra = _extra(place, fields, lines, moment)
    found = {name for name, value in lines.items() if value} | {name for name, _ in extra}
    found |= {
        name
        for name, value in (("text", text), ("snippet", snippet), ("published", shown), ("images", images), ("links", links))
        if value
    }
    found |= {name for name, value in (("url", url), ("contacts", contacts)) if value}
    return Entry(
        url=url,
        kind=kind,
        leads_to=leads_to,
        title=lines["title"],
        text=text,
        snippet=snippet,
        author=lines["author"],
        author_id=lines["author_id"],
        published_at=moment.at,
        published_shown=shown,
        region=lines["region"],
        images=images,
        links=links,
        contacts=contacts[:50],
        sponsored=bool(picked(place, fields.get("sponsored", ()))) or _is_sponsored(place, url, sponsored),
        extra=extra,
        found=frozenset(found),
    )


def _texts(place: Place, picks: Sequence[Pick]) -> list[str]:
    return [clean(str(value)) for value in picked(place, picks)]


def _line(place: Place, picks: Sequence[Pick]) -> str:
    return squash(next(iter(_texts(place, picks)), ""))[:_MAX_LINE]


def _text(place: Place, picks: Sequence[Pick]) -> str:
    return squash_lines(clean("\n".join(dict.fromkeys(_texts(place, picks)))))


def _published(place: Place, picks: Sequence[Pick]) -> tuple[Moment, str]:
    first = ""
    for pick in picks:
        for value in picked(place, (pick,))[:3]:
            shown = shown_time(value)
            moment = read_time(value, place.page.fetched_at, pick.time)
            if moment.at is not None:
                return moment, clean(shown)
            first = first or shown
    return NOTHING, clean(first)


def _addresses(place: Place, picks: Sequence[Pick]) -> tuple[str, ...]:
    values = (clean(str(value)).replace("&amp;", "&") for value in picked(place, picks))
    made = (absolute(place.page.url, value) for value in values)
    return tuple(dict.fromkeys(address for address in made if address))[:_MAX_LIST]


def _extra(place: Place, fields: Fields, lines: Mapping[str, str], moment: Moment) -> tuple[tuple[str, str], ...]:
    pairs: list[tuple[str, str]] = []
    for name in _EXTRA:
        if name not in fields:
            continue
        value = lines.get(name) or (
            _text(place, fields[name]) if name == "quoted" else "、".join(_texts(place, fields[name])[:40])
        )
        if value:
            pairs.append((name, squash_lines(value)))
    if moment.at is not None and moment.precision != "second":
        pairs.append(("precision", moment.precision))
    return tuple(pairs)


def _is_sponsored(place: Place, url: str, test: Test | None) -> bool:
    if test is None:
        return False
    if test.css and place.node is not None and select(place.node, test.css):
        return True
    if test.text and place.node is not None and any(word in place.node.text() for word in test.text):
        return True
    return any(word in url for word in test.source)


def mini_programs(place: Place) -> tuple[MiniProgram, ...]:
    """Return the mini-programs that a page's markup points to (`data-miniprogram-appid`)."""
    if "data-miniprogram-appid" not in place.page.source or place.node is None:
        return ()
    programs = []
    for node in select(place.node, "[data-miniprogram-appid]")[:100]:
        given = {name: squash(clean(value or ""))[:_MAX_LINE] for name, value in node.attributes.items()}
        if given["data-miniprogram-appid"]:
            path, nickname = given.get("data-miniprogram-path", ""), given.get("data-miniprogram-nickname", "")
            programs.append(MiniProgram(appid=given["data-miniprogram-appid"], path=path, nickname=nickname))
    return tuple(dict.fromkeys(programs))


def as_post(platform: Platform, entry: Entry, *, key: str, url: str) -> Post:
    """Return an entry as a post to be screened; a snippet is its own text."""
    return Post(
        key=key,
        platform=platform.name,
        url=url,
        title=entry.title,
        text=entry.text or entry.snippet,
        author=entry.author,
        author_id=entry.author_id,
        published_at=entry.published_at,
        published_shown=entry.published_shown,
        region=entry.region,
        images=entry.images,
        links=entry.links,
        contacts=entry.contacts,
        mini_programs=entry.mini_programs,
        sponsored=entry.sponsored,
        kind=entry.kind,
        extra=entry.extra,
    )


def as_link(platform: Platform, entry: Entry) -> Link:
    """Return where an entry leads; what lies on another platform is external and names it."""
    owner, _ = classify(entry.url)
    return Link(
        url=entry.url,
        kind=entry.leads_to,
        title=entry.title,
        snippet=(entry.snippet or entry.text)[:_MAX_LINE],
        shown_time=entry.published_shown,
        sponsored=entry.sponsored,
        platform=owner if owner and owner != platform.name else "",
    )


def led_by(main: Entry, first: Entry) -> Entry:
    """Return a thread's main entry with text, author and time of its first floor."""
    return replace(
        main,
        text=first.text or main.text,
        author=first.author or main.author,
        author_id=first.author_id or main.author_id,
        published_at=first.published_at or main.published_at,
        published_shown=first.published_shown or main.published_shown,
        region=first.region or main.region,
        images=first.images,
        found=main.found | (first.found - {"number"}),
    )
