"""The register of platforms: every folder under spiders/ (or a workspace's own platforms/) with a platform.yml is one."""

import importlib.util
import re
from collections.abc import Mapping, Sequence
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Literal, Self
from urllib.parse import quote, urlsplit

from pydantic import Field, field_validator, model_validator

from patrol.errors import BadInput
from patrol.platform_rules import Frozen, PageKind, PageRule, Regex, StateRule
from patrol.settings import load as load_settings
from patrol.validation import build, read_yaml

FILE_NAME = "platform.yml"
GENERIC = "generic"


class Pace(Frozen):
    """How gently a platform is visited: seconds between two requests (from, to), requests at once, requests a day (0: no cap)."""

    delay: tuple[float, float] = (3.0, 6.0)
    concurrency: int = Field(default=1, ge=1, le=8)
    daily: int = Field(default=0, ge=0)

    @field_validator("delay")
    @classmethod
    def _ordered(cls, value: tuple[float, float]) -> tuple[float, float]:
        if not 0 <= value[0] <= value[1]:
            raise ValueError("应为 [最短秒数, 最长秒数]")
        return value


class Budget(Frozen):
    """How much of a platform one run takes: pages in all, steps away from an entry."""

    pages: int = Field(default=200, ge=1)
    depth: int = Field(default=2, ge=0)


class Policy(Frozen):
    """What the authority decided. `closed`: a visitor without login sees next to nothing; `note` says what is done instead and is
    shown in the coverage table."""

    robots: Literal["obey", "record_only"] = "obey"
    closed: bool = False
    note: str = ""


class Entry(Frozen):
    """A page to begin with; `{base}`, `{city}` and `{page}` are filled in."""

    url: str
    kind: PageKind = "list"


class Search(Frozen):
    """A search address: `{keyword}` is filled in percent-encoded (in `encoding`). `words` are patterns of what to search for,
    e.g. `{region} {subject} 家教`; a campaign's own keywords come first."""

    url: str
    words: tuple[str, ...] = ()
    encoding: Literal["utf-8", "gb18030"] = "utf-8"
    kind: PageKind = "search"

    @field_validator("url")
    @classmethod
    def _takes_a_word(cls, value: str) -> str:
        if "{keyword}" not in value:
            raise ValueError("搜索地址里须有 {keyword}")
        return value


class Paging(Frozen):
    """How `{page}` counts: the n-th page is `start + (n - 1) * step`; no more than `pages` of them."""

    start: int = 1
    step: int = 1
    pages: int = Field(default=3, ge=1)


class Follow(Frozen):
    """Which links of a page the walk may fetch next: kinds of page, address patterns; `external` lets it leave the platform."""

    kinds: tuple[Literal["detail", "list", "search", "account", "external"], ...] = ("detail",)
    allow: tuple[Regex, ...] = ()
    deny: tuple[Regex, ...] = ()
    next_pages: bool = True
    external: bool = False


class Actions(Frozen):
    """What the browser does on a page. `tap` and `close` name visible words («展开», «关闭») of buttons it may press, never
    anything of a login or a captcha; `capture` are patterns of the page's own JSON answers to read as pages of their own."""

    wait_for: str = ""
    timeout: float = Field(default=20, gt=0, le=120)
    scroll: int = Field(default=0, ge=0, le=50)
    tap: tuple[str, ...] = ()
    close: tuple[str, ...] = ()
    capture: tuple[Regex, ...] = ()


class Address(Frozen):
    """A shape of address on this platform: what kind of page it is, and how it is written canonically.

    `pattern` is searched in path and query; its named groups fill `canonical` (where `{base}` and the groups may stand), and
    `keep` lists the query names that are part of the address.
    """

    pattern: Regex
    kind: Literal["detail", "list", "search", "account", "short", "external"] = "detail"
    canonical: str = ""
    keep: tuple[str, ...] = ()


class Expect(Frozen):
    """What a healthy run brings: entries on a list page (from, to), and the share of posts that carry each field."""

    items: tuple[int, int] = (1, 1000)
    fields: dict[str, float] = Field(default_factory=dict)


PaperKind = Literal[
    "licensed_platform", "school", "portal", "search", "article", "news", "classifieds", "life_service", "shop", "social",
    "forum", "live", "short_video", "video", "mini_program", "app_store", "meeting", "broker", "other",
]  # fmt: skip
"""What a platform is called on the forms (巡查对象类别); `reports/wording.yml` gives the plan's Chinese words."""


class Platform(Frozen):
    """One platform as its platform.yml says it. `name` is its folder; the campaign may replace `base` and `profile`.

    `profile` names the browser profile in which an officer logged in by hand; no shipped platform has one.
    """

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    title: str
    kind: Literal["listing", "search", "feed", "browser", "app", "import", "generic"]
    paper_kind: PaperKind | None = None
    base: str = ""
    hosts: tuple[str, ...] = ()
    verified_on: date
    policy: Policy = Policy()
    device: Literal["desktop", "phone"] = "desktop"
    render: Literal["http", "browser", "learn"] = "http"
    profile: str = Field(default="", pattern=r"^[a-z][a-z0-9_]*$|^$")
    headers: dict[str, str] = Field(default_factory=dict)
    pace: Pace = Pace()
    budget: Budget = Budget()
    entries: tuple[Entry, ...] = ()
    search: tuple[Search, ...] = ()
    paging: Paging = Paging()
    follow: Follow = Follow()
    browser: Actions = Actions()
    expect: Expect = Expect()
    addresses: tuple[Address, ...] = ()
    drop_query: tuple[str, ...] = ()
    states: tuple[StateRule, ...] = ()
    pages: tuple[PageRule, ...] = ()
    plugin: bool = False
    folder: str = ""

    @model_validator(mode="after")
    def _page_names_differ(self) -> Self:
        names = [page.name for page in self.pages]
        if len(set(names)) != len(names):
            raise ValueError("pages 里有两项同名")
        return self

    def __hash__(self) -> int:
        """Hash by name: equality still compares every key."""
        return hash(self.name)

    def fill(self, template: str, *, base: str = "", page: int = 1, keyword: str = "", **names: str) -> str:
        """Return an address from a template; `page` counts from 1. BadInput names a placeholder that has no value."""
        encoding = next((search.encoding for search in self.search if search.url == template), "utf-8")
        paging = self.paging
        values = {"page": str(paging.start + (page - 1) * paging.step), "number": str(page), **names}
        values["keyword"] = quote(keyword, safe="", encoding=encoding)
        filled = template.replace("{base}", (base or self.base).rstrip("/"))
        return re.sub(r"\{(\w+)\}", lambda found: self._value(found[1], values, template), filled)

    def _value(self, name: str, values: Mapping[str, str], template: str) -> str:
        if name in values:
            return values[name]
        raise BadInput(
            f"地址“{template}”需要 {{{name}}}；请在专项行动文件的这个来源里写明 base 或 start",
            file=self.folder or None,
            field=name,
        )

    def owns(self, url: str) -> bool:
        """Whether an address lies on one of this platform's hosts (or their sub-domains)."""
        host = (urlsplit(url).hostname or "").lower()
        return any(host == known or host.endswith(f".{known}") for known in self.hosts)


def shipped_folder() -> Path:
    """Return the folder of the platforms that come with the product (found by name: patrol does not import spiders)."""
    found = importlib.util.find_spec("spiders")
    if found is None or not found.submodule_search_locations:
        raise BadInput("找不到 spiders 文件夹；请重新安装")
    return Path(found.submodule_search_locations[0])


def own_folders() -> tuple[Path, ...]:
    """Return the folder of the bureau's own platforms, in the workspace in force."""
    return (load_settings().workspace / "platforms",)


def platform_names(extra: Sequence[Path] | None = None) -> tuple[str, ...]:
    """Return the names of all platforms, sorted: the shipped ones and those in `extra` (None: the workspace's own)."""
    roots = (shipped_folder(), *(own_folders() if extra is None else extra))
    return tuple(sorted({file.parent.name for root in roots for file in root.glob(f"*/{FILE_NAME}")}))


def load_platform(name: str, extra: Sequence[Path] | None = None) -> Platform:
    """Return one platform; a folder in `extra` (None: the workspace's own) wins over the shipped one.

    BadInput names file, line and key of a fault.
    """
    for root in (*(own_folders() if extra is None else extra), shipped_folder()):
        file = root / name / FILE_NAME
        if re.fullmatch(r"[a-z][a-z0-9_]*", name) and file.is_file():
            return _read(file, file.stat().st_mtime_ns)
    raise BadInput(f"没有名为“{name}”的平台；可用的有：{'、'.join(platform_names(extra))}")


def load_platforms(extra: Sequence[Path] | None = None) -> Mapping[str, Platform]:
    """Return every platform by name; `extra` as for `load_platform`."""
    return {name: load_platform(name, extra) for name in platform_names(extra)}


@lru_cache(maxsize=128)
def _read(file: Path, _changed: int) -> Platform:
    data = read_yaml(file)
    if not isinstance(data, dict):
        raise BadInput("应为一组键值（name、title、kind …）", file=file)
    data = {"name": file.parent.name, **data, "folder": str(file.parent)}
    if data["name"] != file.parent.name:
        raise BadInput(f"name 须与文件夹名“{file.parent.name}”相同", file=file, field="name")
    return build(Platform, data, file=file)
