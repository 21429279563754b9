"""What a spider process is told: the run, the campaign, the source, the settings. Travels as one line of JSON."""

from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import TypeAdapter

from patrol.campaigns import CHINA
from patrol.errors import BadInput
from patrol.frontier.records import Planned
from patrol.keywords import expand
from patrol.model import Campaign, Run, SourceChoice
from patrol.platforms import GENERIC, Platform, Search, load_platforms
from patrol.settings import Settings

SCREENER = "patrol.screening:Screener"
COURIER = "patrol.courier:Courier"
"""What keeps pages on a worker: it hands them to the machine that runs the sweep."""
PASTED = "urls"
WATCHED = "watch"
RECHECKED = "recheck"
BY_ADDRESS = frozenset({PASTED, WATCHED, RECHECKED})
"""Sources that are a list of addresses on any platform: pasted by an officer, watched, or looked at again."""
_NO_FURTHER = 99


@dataclass(frozen=True, slots=True, kw_only=True)
class SpiderJob:
    """One run of one source. `screener` names the class that keeps pages (`module:name`), `mode` what this process fetches with,
    `deadline` when it must stop (seconds since the epoch); `careful`: the process before died, its pages are read one by one;
    `pages`: how many the run may take in all."""

    run: Run
    campaign: Campaign
    choice: SourceChoice
    settings: Settings
    screener: str = SCREENER
    mode: str = "http"
    deadline: float = 0.0
    careful: bool = False
    pages: int = 0

    def dump(self) -> str:
        """Return the job as one line of JSON."""
        return _ADAPTER.dump_json(self).decode()

    @staticmethod
    def load(text: str) -> "SpiderJob":
        """Return the job that a line of JSON holds."""
        return _ADAPTER.validate_json(text)

    def for_child(self, mode: str, *, careful: bool, pages: int) -> "SpiderJob":
        """Return the job of one spider process. Where to start is in the frontier by then and does not travel along."""
        choice = replace(self.choice, start=())
        campaign = replace(self.campaign, sources=tuple(replace(source, start=()) for source in self.campaign.sources))
        return replace(self, choice=choice, campaign=campaign, mode=mode, careful=careful, pages=pages)

    @property
    def workspace(self) -> Path:
        """The folder that holds everything of this bureau."""
        return self.settings.workspace


_ADAPTER = TypeAdapter(SpiderJob)


@dataclass(frozen=True, slots=True)
class Atlas:
    """Every platform as this campaign sees it, and which hosts are whose: a campaign may move a platform to another base."""

    platforms: dict[str, Platform]
    bases: dict[str, str]

    def named(self, name: str) -> Platform:
        """Return a platform, the generic one where the name is unknown or empty."""
        return self.platforms.get(name) or self.platforms[GENERIC]

    def of_url(self, url: str) -> Platform:
        """Return the platform whose host an address lies on; the generic one for any other."""
        moved = self.bases.get(urlsplit(url).netloc.lower())
        if moved:
            return self.platforms[moved]
        return _owner(tuple(self.platforms.values()), urlsplit(url).hostname or "") or self.platforms[GENERIC]


@lru_cache(maxsize=4096)
def _owner(platforms: tuple[Platform, ...], host: str) -> Platform | None:
    owners = [platform for platform in platforms if platform.owns(f"http://{host}/")]
    # tieba.baidu.com is Tieba's, though it ends in baidu.com: the longest name decides
    return max(owners, key=lambda one: max(len(known) for known in one.hosts if f".{host}".endswith(f".{known}")), default=None)


def atlas_of(campaign: Campaign, workspace: Path) -> Atlas:
    """Return the platforms (shipped and the workspace's own) with the bases that a campaign gives them."""
    platforms = dict(load_platforms((workspace / "platforms",)))
    if GENERIC not in platforms:
        raise BadInput(f"缺少“{GENERIC}”平台的说明文件；请重新安装")
    bases: dict[str, str] = {}
    for choice in campaign.sources:
        if choice.base and choice.name in platforms:
            platforms[choice.name] = platforms[choice.name].model_copy(update={"base": choice.base})
            bases[urlsplit(choice.base).netloc.lower()] = choice.name
        if choice.profile and choice.name in platforms:
            platforms[choice.name] = platforms[choice.name].model_copy(update={"profile": choice.profile})
    return Atlas(platforms, bases)


def mode_of(platform: Platform) -> str:
    """Return what a platform's pages are fetched with at first: `learn` begins with plain HTTP, a profile needs its browser."""
    return "browser" if platform.render == "browser" or platform.profile else "http"


def planned(url: str, source: str, platform: Platform, *, kind: str, keyword: str = "", priority: int = 20) -> Planned:
    """Return an entry page of a run."""
    return Planned(
        url=url, source=source, platform=platform.name, mode=mode_of(platform), kind=kind, keyword=keyword, priority=priority
    )


def entry_pages(job: SpiderJob, atlas: Atlas) -> list[Planned]:
    """Return the pages a run begins with: pasted addresses, or the source's own entries and its searches.

    The campaign's keywords are searched first, then the platform's patterns, filled with the region.
    """
    choice = job.choice
    if choice.name in BY_ADDRESS:
        pages = [planned(url, choice.name, atlas.of_url(url), kind="detail") for url in choice.start]
        # a second look goes no further than the page itself
        return [replace(page, depth=_NO_FURTHER) for page in pages] if choice.name == RECHECKED else pages
    platform = atlas.named(choice.name)
    region = job.campaign.region
    starts = [planned(url, choice.name, platform, kind="list") for url in choice.start]
    entries = [
        planned(platform.fill(entry.url, region=region), choice.name, platform, kind=entry.kind)
        for entry in (() if choice.start else platform.entries)
    ]
    searches = [
        planned(
            platform.fill(search.url, keyword=word, encoding=search.encoding, region=region),
            choice.name,
            platform,
            kind=search.kind,
            keyword=word,
        )
        for search in platform.search
        for word in _words(job, search)
    ]
    return [*starts, *entries, *searches]


def _words(job: SpiderJob, search: Search) -> list[str]:
    """Return what to search for: the campaign's own words, then the packs; addresses to start from make the packs needless."""
    choice = job.choice
    day = job.run.started_at.astimezone(CHINA).date()
    packed = [] if choice.start else expand(search.words, region=job.campaign.region, day=day)
    return list(dict.fromkeys((*choice.keywords, *packed)))
