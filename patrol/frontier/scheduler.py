"""The one Scrapy Scheduler: it gives out leases of the frontier as requests, and ends them when their page is stored.

Only redirects and robots of a held lease pass through memory; everything else lies in the frontier's file, so a kill loses
nothing. Spiders find it as `crawler.engine.scheduler`.
"""

import asyncio
import time
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol, cast

from scrapy import Request, Spider
from scrapy.core.scheduler import BaseScheduler
from scrapy.crawler import Crawler

from patrol.addresses import site_of
from patrol.browsers import find_browser
from patrol.frontier import open_frontier
from patrol.frontier.records import Ended, Lane, Planned, Tally
from patrol.manners import daily_cap, manners_of
from patrol.model import Lease, Link, PageResult, State
from patrol.platforms import Platform
from patrol.settings import Settings
from patrol.spider_job import Atlas, SpiderJob, atlas_of, mode_of

PRIORITY = {"detail": 10, "account": 6, "list": 5, "search": 5, "feed": 5, "popup": 4, "external": 3, "image": 0}
NAVIGATION = frozenset({"list", "search", "feed"})  # steps between these are not steps away from an entry
FIRST_REST_SECONDS = 900.0
LONGEST_WAIT_SECONDS = 300.0
_BATCH = 64
_DRY_SECONDS = 0.2
_LOOK_AGAIN_SECONDS = 0.3


class Walker(Protocol):
    """What the scheduler asks of a spider."""

    def request_for(self, lease: Lease) -> Request:
        """Return the request that fetches a leased page."""


@dataclass(slots=True)
class _Limits:
    """What a run may still take: pages, and until when (by the frontier's clock)."""

    pages: int
    deadline: float


class LeaseScheduler(BaseScheduler):
    """Give out leases, remember which are held, and put back what must wait."""

    def __init__(self, crawler: Crawler, job: SpiderJob) -> None:
        self._crawler, self.job = crawler, job
        self.scope = job.run.id
        pace = job.settings.number("pace_factor")
        self.frontier = open_frontier(job.settings, rest_seconds=FIRST_REST_SECONDS * pace)
        self.atlas: Atlas = atlas_of(job.campaign, job.workspace)
        self._ready: deque[Lease] = deque()
        self._again: deque[Request] = deque()
        self._held: dict[str, Lease] = {}
        self._out: Counter[str] = Counter()
        self._spent: list[str] = []
        able = job.mode != "browser" or find_browser(job.settings) is not None
        self._limits = _Limits(job.pages - self.frontier.taken(self.scope), (job.deadline or time.time() + 3600) if able else 0.0)
        self._careful = job.careful
        self._dry_until = 0.0
        self._shared = bool(job.settings.text("frontier_url"))
        self._timer: asyncio.TimerHandle | None = None

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> "LeaseScheduler":
        """Open the frontier for the job in the crawler's settings."""
        return cls(crawler, SpiderJob.load(crawler.settings["PATROL_JOB"]))

    def open(self, spider: Spider) -> None:
        """Take back what dead processes of this run held; a page that killed its process alone is not tried again."""
        self._walker = cast("Walker", spider)
        self.frontier.reclaim(self.scope, blame=self._careful)
        # others use their own settings, which may hold what is not theirs to know
        self.frontier.offer(self.scope, replace(self.job, settings=Settings({}), careful=False).dump())

    def close(self, reason: str) -> None:  # noqa: ARG002
        """Put back what is still held, and close the file."""
        self.give_back()
        if not self.frontier.open_modes(self.scope):
            self.frontier.withdraw(self.scope)
        self.frontier.close()

    def give_back(self) -> None:
        """Put back every page that is held: this process fetches no more."""
        if self._timer:
            self._timer.cancel()
        self._ready.clear()
        self._held.clear()
        self.frontier.release(self.scope)

    def enqueue_request(self, request: Request) -> bool:
        """Keep a follow-up of a held lease (a redirect, robots.txt) in memory."""
        self._again.append(request)
        return True

    def has_pending_requests(self) -> bool:
        """Tell whether anything is left that this run may still fetch, now or soon."""
        if self._again or (self._ready and self.seconds_left > 0):
            return True
        due = self._next_due()
        if due is None:
            return self._others_hold_pages()
        self._wake_at(due)
        return True

    def next_request(self) -> Request | None:
        """Return the next request, or None when every site is busy, waiting or done."""
        if self._again:
            return self._again.popleft()
        if not self._ready:
            self._refill()
        if not self._ready or self.seconds_left <= 0:
            return None
        lease = self._ready.popleft()
        return self._walker.request_for(lease)

    @property
    def seconds_left(self) -> float:
        """How long this run may still work."""
        return max(0.0, self._limits.deadline - time.time())

    def _next_due(self) -> float | None:
        if self.seconds_left <= 0:
            return None
        soonest = self.frontier.due(self.scope, self.job.mode, before=self._limits.deadline)
        if soonest is None or self._limits.pages > 0:
            return soonest
        return None if self._may_take_none() else soonest

    def _may_take_none(self) -> bool:
        return not self.frontier.has_waiting(self.scope, self.job.mode, "image")

    def _others_hold_pages(self) -> bool:
        return self.frontier.reclaim(self.scope) > 0 or self.frontier.held_by_others(self.scope) > 0

    def _refill(self) -> None:
        if self.seconds_left <= 0 or (self._careful and self._held) or time.monotonic() < self._dry_until:
            return
        if self._shared:
            self._limits.pages = self.job.pages - self.frontier.taken(self.scope)
        self._spent.clear()
        kind = "" if self._limits.pages > 0 else "image"
        limit = min(_BATCH, self._limits.pages) if not kind else _BATCH
        for lease in self._suspect() or self.frontier.lease(self.scope, self.job.mode, self._room, limit=limit, kind=kind):
            self._held[lease.key] = lease
            self._out[site_of(lease.url)] += 1
            self._limits.pages -= lease.kind != "image"
            self._ready.append(lease)
        # nothing can be taken before a held page ends or is put back: the engine asks more often than that
        self._dry_until = 0.0 if self._ready else time.monotonic() + _DRY_SECONDS
        for site in self._spent:
            self.frontier.close_site(self.scope, site, State.BUDGET)

    def _suspect(self) -> list[Lease]:
        """Return one of the pages that a dead process held, alone: should it kill again, it is known."""
        if not self._careful:
            return []
        suspects = self.frontier.lease(self.scope, self.job.mode, lambda _: 1, limit=1, suspects=True)
        self._careful = bool(suspects)
        return suspects

    def _room(self, lane: Lane) -> int:
        pace, knobs = self.atlas.named(lane.platform).pace, self.job.settings
        manners = manners_of(pace, knobs, lane.site)
        room = (manners.concurrency + 1 if manners.delay else manners.concurrency * 2) - self._out[lane.site]
        daily = daily_cap(pace, knobs, lane.site)
        if not daily:
            return room
        left = daily - self.frontier.requests_today(lane.site)
        if left <= 0:
            self._spent.append(lane.site)
        return min(room, left)

    def _wake_at(self, due: float) -> None:
        if self._timer and not self._timer.cancelled() and self._timer.when() > asyncio.get_running_loop().time():
            return
        delay = max(0.01, due - time.time())
        self._timer = asyncio.get_running_loop().call_later(delay, self._wake)

    def _wake(self) -> None:
        self._timer = None
        self._dry_until = 0.0
        request = self.next_request()
        if request is not None and self._crawler.engine is not None:
            self._crawler.engine.crawl(request)
        elif self._shared and self._again_soon():
            self._wake_at(time.time() + _LOOK_AGAIN_SECONDS)

    def _again_soon(self) -> bool:
        """Tell whether pages wait that others may leave to us: they do not tell when."""
        return self.seconds_left > 0 and bool(self.frontier.open_modes(self.scope))

    def _drop(self, key: str) -> Lease | None:
        lease = self._held.pop(key, None)
        self._dry_until = 0.0
        if lease is not None:
            self._out[site_of(lease.url)] -= 1
        return lease

    def finish(self, results: Sequence[PageResult]) -> int:
        """Acknowledge stored pages and plan their links, in one transaction; return how many were new."""
        ended = []
        for result in results:
            lease = self._drop(result.lease) or self.frontier.lease_of(self.scope, result.lease)
            if lease is not None:
                ended.append(Ended(result.lease, result.visit.state, [self._planned(link, lease) for link in result.follow]))
        if not ended:
            return 0
        new = self.frontier.finish_all(self.scope, ended)
        if self._ready and not all(page.state.covered for page in ended):
            self._drop_closed()
        return new

    def handed_over(self, results: Sequence[PageResult]) -> None:
        """Hold pages no more that the desk acknowledges once it has stored them."""
        for result in results:
            self._drop(result.lease)
            self.frontier.let_go(result.lease)

    def _drop_closed(self) -> None:
        """Put back what was taken from a site that has been closed in the meantime, unasked."""
        closed = self.frontier.closures(self.scope).keys()
        for lease in [lease for lease in self._ready if site_of(lease.url) in closed]:
            self._ready.remove(lease)
            self.place(lease, lease.platform, lease.mode)

    def _planned(self, link: Link, lease: Lease) -> Planned:
        platform = self.atlas.named(link.platform or lease.platform)
        stays = link.kind in NAVIGATION and lease.kind in NAVIGATION
        return Planned(
            url=link.url,
            source=lease.source,
            platform=platform.name,
            mode="http" if link.kind == "image" else mode_of(platform),
            kind=link.kind,
            keyword=lease.keyword,
            parent=link.parent,
            page=lease.page + 1 if link.next_page else 1,
            depth=lease.depth if stays else lease.depth + 1,
            priority=PRIORITY.get(link.kind, 1),
            aside=link.next_page and lease.page >= self._list_pages(platform),
        )

    def _list_pages(self, platform: Platform) -> int:
        """Return how many pages of one list are taken: more where the campaign gives the source more pages than is usual."""
        given = self.job.choice.max_pages if platform.name == self.job.choice.name else 0
        return platform.paging.pages * max(1, given // platform.budget.pages)

    def defer(self, key: str, seconds: float, *, state: State, whole_site: bool) -> bool:
        """Put a held page back for later; False when the wait is too long for this run (then the page has to be given up)."""
        if seconds > min(self.seconds_left, LONGEST_WAIT_SECONDS) or key not in self._held:
            return False
        lease = self._drop(key)
        self._limits.pages += lease is not None and lease.kind != "image"
        self.frontier.defer(self.scope, key, seconds, state=state, whole_site=whole_site)
        return True

    def place(self, lease: Lease, platform: str, mode: str) -> None:
        """Put a held page back to be read as another platform's, or with the other kind of fetching."""
        self._drop(lease.key)
        self._limits.pages += lease.kind != "image"
        self.frontier.place(self.scope, lease.key, platform=platform, mode=mode)

    def tally(self) -> Tally:
        """Return how the run stands."""
        return self.frontier.tally(self.scope)

    def held(self) -> Sequence[Lease]:
        """Return the pages that are held now."""
        return tuple(self._held.values())
