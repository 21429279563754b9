"""Fetch a page or two of a source for real, with all its manners and the guard, and bring home what was read of them.

Nothing is judged or kept as found: the pages go to a file of their own that is read once, the bytes into the spool.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast
from urllib.parse import urlsplit
from uuid import uuid4

from pydantic import TypeAdapter

from patrol.campaigns import china_today
from patrol.crawl import SpiderJob, run_spider
from patrol.errors import BadInput, CrawlError
from patrol.keywords import expand
from patrol.model import Campaign, PageResult, Reading, Run, SourceChoice, State
from patrol.platforms import Platform
from patrol.settings import Settings
from patrol.settings import load as load_settings

KEEPER = "patrol.sources.trial:TrialKeeper"
_PAGE = TypeAdapter(PageResult)
_FOLDER = "trials"


class Entry(Protocol):
    """One thing read from a page; `found` names the fields that were there."""

    kind: str
    url: str
    title: str
    text: str
    snippet: str
    author: str
    published_shown: str
    published_at: datetime | None
    images: tuple[str, ...]
    links: tuple[str, ...]
    contacts: tuple[str, ...]
    extra: tuple[tuple[str, str], ...]
    found: frozenset[str]


class Whole(Protocol):
    """A page read in full."""

    reading: Reading
    main: Entry | None
    entries: tuple[Entry, ...]
    title: str


@dataclass(frozen=True, slots=True)
class TriedPage:
    """One page as a sweep would have had it: the result, its bytes (empty where nothing came), and the page read in full."""

    result: PageResult
    body: bytes
    whole: Whole | None


class TrialKeeper:
    """Keep the pages of a trial as lines of a file."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("ab")

    @classmethod
    def open(cls, settings: Settings, _campaign: Campaign, *, run: str, **_: str) -> "TrialKeeper":
        """Open the file of a run."""
        return cls(_file_of(settings, run))

    def record_pages(self, results: Sequence[PageResult]) -> Sequence[Sequence[object]]:
        """Keep pages; nothing is judged."""
        self._file.writelines(_PAGE.dump_json(result) + b"\n" for result in results)
        self._file.flush()
        return [()] * len(results)

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _file_of(settings: Settings, run: str) -> Path:
    return settings.workspace / _FOLDER / f"{run}.jsonl"


def trial_settings() -> Settings:
    """Return the settings in force for a trial: no picture is read, no page waited for longer than a few minutes."""
    return load_settings(ocr=False, run_minutes=5)


def first_address(platform: Platform, campaign: Campaign, *, keyword: str = "") -> str:
    """Return where a run of this source begins: what the campaign gives, else its first entry, else its first search.

    BadInput when the source has no address of its own.
    """
    choice = next((one for one in campaign.sources if one.name == platform.name), SourceChoice(name=platform.name))
    if choice.start:
        return choice.start[0]
    base = choice.base or platform.base
    templates = [entry.url for entry in platform.entries]
    if not templates or ("{base}" in templates[0] and not base):
        templates = [search.url for search in platform.search if base]
    if not templates:
        raise BadInput(f"来源“{platform.name}”没有入口地址（它的网址因对象而异）；请用 --url 写明一个列表页或搜索页")
    patterns = platform.search[0].words if platform.search else ()
    words = [keyword, *choice.keywords, *expand(patterns, region=campaign.region, day=china_today())]
    word = next((word for word in words if word), "")
    return platform.fill(templates[0], base=base, keyword=word, region=campaign.region)


def try_pages(platform: Platform, url: str, campaign: Campaign, settings: Settings, *, pages: int) -> list[TriedPage]:
    """Fetch an address of a source, and as many pages that it leads to as `pages` allows; the address itself comes first.

    CrawlError when the spider could not be started.
    """
    parts = urlsplit(url)
    moved = "" if platform.owns(url) else f"{parts.scheme}://{parts.netloc}"
    known = next((one for one in campaign.sources if one.name == platform.name), SourceChoice(name=platform.name))
    choice = replace(known, base=known.base or moved, start=(url,), max_pages=pages)
    now = datetime.now(UTC)
    run = Run(id=f"trial-{platform.name}-{now:%Y%m%d%H%M%S}-{uuid4().hex[:6]}", campaign="", source=platform.name, started_at=now)
    others = tuple(one for one in campaign.sources if one.name != platform.name)
    job = SpiderJob(
        run=run,
        campaign=replace(campaign, sources=(*others, choice)),
        choice=choice,
        settings=settings,
        screener=KEEPER,
    )
    ended = run_spider(job)
    kept = _file_of(settings, run.id)
    results = [_PAGE.validate_json(line) for line in kept.read_bytes().splitlines()] if kept.is_file() else []
    kept.unlink(missing_ok=True)
    if not results:
        raise CrawlError(f"没有取到任何结果：{ended.error or '抓取进程没有回应'}；详情见 logs/{run.id}.log")
    results.sort(key=lambda result: result.visit.url != url)
    return [_read(platform, result, settings) for result in results if result.visit.state is not State.BUDGET]


def _read(platform: Platform, result: PageResult, settings: Settings) -> TriedPage:
    capture = result.capture
    file = settings.workspace / "spool" / capture.sha256 if capture else None
    if capture is None or file is None or not file.is_file():
        return TriedPage(result, b"", None)
    body = file.read_bytes()
    whole = read_whole()(
        platform,
        body,
        url=capture.url,
        final_url=capture.final_url,
        status=capture.status,
        headers=capture.response_headers,
        fetched_at=capture.fetched_at,
    )
    return TriedPage(result, body, whole)


class WholeReader(Protocol):
    """The pure page reader that the spiders package offers."""

    def __call__(
        self,
        platform: Platform,
        body: bytes,
        *,
        url: str,
        final_url: str,
        status: int,
        headers: tuple[tuple[str, str], ...],
        fetched_at: datetime,
    ) -> Whole: ...


def read_whole() -> WholeReader:
    """Return the reader of the spiders package, found by name."""
    return cast("WholeReader", import_module("spiders.reading").read_whole)


def values_of(entry: Entry) -> Iterator[tuple[str, str]]:
    """Yield each field that was read of a thing, with its value in one text."""
    shown: Mapping[str, str] = {
        "title": entry.title,
        "text": entry.text,
        "snippet": entry.snippet,
        "author": entry.author,
        "published": entry.published_shown,
        "url": entry.url,
        "images": " ".join(entry.images),
        "links": " ".join(entry.links),
        "contacts": "、".join(entry.contacts),
        **dict(entry.extra),
    }
    yield from ((name, " ".join(value.split())) for name, value in shown.items() if value and name != "precision")
