"""Write the folder of a new source from one of its pages: what was guessed goes into platform.yml, an officer checks it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast
from urllib.parse import urlsplit

import yaml

from patrol.campaigns import china_today
from patrol.errors import BadInput
from patrol.model import Campaign
from patrol.places import write_whole
from patrol.platforms import FILE_NAME, GENERIC, Platform, load_platform, platform_names
from patrol.settings import Settings
from patrol.sources.trial import TriedPage, try_pages

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_HEAD = """# {title}：由 patrol source new 从 {url} 猜出，请对照网页核对每一项后再使用。
# 要核对的：列表的每一行、详情的标题和正文、发布者和时间；撤下、无结果、拦截页的写法要照网站的原话补在 states 里。
"""


class Guess(Protocol):
    """What the spiders package guesses of one page."""

    kind: str
    rule: Mapping[str, object]
    address: Mapping[str, object]
    items: tuple[str, ...]
    seen: tuple[str, ...]


class Guesser(Protocol):
    """Guess how one page is read."""

    def __call__(self, body: bytes, *, url: str, fetched_at: datetime, headers: tuple[tuple[str, str], ...]) -> Guess:
        """Return the guess."""


@dataclass(frozen=True, slots=True)
class NewSource:
    """A source that was written: its file, what was guessed line by line, and the pages read again by its own file."""

    platform: Platform
    file: Path
    seen: tuple[str, ...]
    pages: tuple[TriedPage, ...]


def name_of(url: str) -> str:
    """Return a folder name for a site: the word of its host that tells it apart."""
    host = (urlsplit(url).hostname or "").lower()
    words = [
        word for word in host.split(".") if word not in {"www", "m", "wap", "com", "cn", "net", "org", "gov", "edu", "example"}
    ]
    name = re.sub(r"[^a-z0-9]+", "_", words[-1] if words else host).strip("_")
    return name if _NAME.fullmatch(name) else f"site_{re.sub('[^a-z0-9]+', '_', host)}"


def check_name(name: str, settings: Settings) -> Path:
    """Return the folder for a new source; BadInput when the name will not do or is taken (nothing is ever overwritten)."""
    if not _NAME.fullmatch(name):
        raise BadInput(f"“{name}”不能作来源名称；请用小写字母开头，只含小写字母、数字和下划线", field="--name")
    folder = settings.workspace / "platforms" / name
    if name in platform_names((settings.workspace / "platforms",)) or folder.exists():
        raise BadInput(f"已有名为“{name}”的来源；请用 --name 另取一个名称", field="--name")
    return folder


def new_source(url: str, name: str, campaign: Campaign, settings: Settings) -> NewSource | TriedPage:
    """Fetch a page and, where it is a list, one page it leads to; write the source's folder from what they show.

    Returns the page instead, with nothing written, when it could not be seen.
    """
    folder = check_name(name, settings)
    plain = load_platform(GENERIC)
    first, *_ = try_pages(plain, url, campaign, settings, pages=1)
    if not first.body or not first.result.visit.state.covered:
        return first
    pages, guesses = [first], [_guess("guess_page", first)]
    if guesses[0].items:
        second, *_ = try_pages(plain, guesses[0].items[0], campaign, settings, pages=1)
        if second.body and second.result.visit.state.covered:
            pages.append(second)
            guesses.append(_guess("guess_detail", second))
    _write(folder, url, _spec(url, first, guesses))
    platform = load_platform(name, (folder.parent,))
    again = try_pages(platform, url, campaign, settings, pages=len(pages))
    return NewSource(platform, folder / FILE_NAME, tuple(line for guess in guesses for line in guess.seen), tuple(again))


def _guess(how: str, page: TriedPage) -> Guess:
    capture = page.result.capture
    if capture is None:
        raise BadInput("没有取到网页，无法猜写")
    guesser = cast("Guesser", getattr(import_module("spiders.guessing"), how))
    return guesser(page.body, url=capture.final_url, fetched_at=capture.fetched_at, headers=capture.response_headers)


def _spec(url: str, page: TriedPage, guesses: Sequence[Guess]) -> dict[str, object]:
    parts = urlsplit(url)
    by_browser = page.result.capture is not None and page.result.capture.mode == "browser"
    title = page.whole.title if page.whole else ""
    spec: dict[str, object] = {
        "title": re.split(r"[-_|—–·]", title)[-1].strip()[:30] or parts.netloc,
        "kind": "listing",
        "base": f"{parts.scheme}://{parts.netloc}",
        "hosts": [(parts.hostname or "").removeprefix("www.")],
        "verified_on": china_today(),
        "render": "browser" if by_browser else "http",
    }
    if guesses[0].kind == "list":
        spec["entries"] = [{"url": url.replace(f"{parts.scheme}://{parts.netloc}", "{base}", 1), "kind": "list"}]
    return {
        **spec,
        # the shape of a detail address is the narrower one: it is asked first
        "addresses": [dict(guess.address) for guess in reversed(guesses)],
        "pages": [dict(guess.rule) for guess in guesses],
    }


def _write(folder: Path, url: str, spec: Mapping[str, object]) -> None:
    text = yaml.safe_dump(dict(spec), allow_unicode=True, sort_keys=False, width=120)
    write_whole(folder / FILE_NAME, _HEAD.format(title=spec["title"], url=url) + text)
