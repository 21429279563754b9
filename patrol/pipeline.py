"""The one item pipeline: a page is screened and stored whole, then acknowledged; nothing else touches either."""

import asyncio
import logging
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pkgutil import resolve_name
from typing import Protocol, TypeVar, cast

from scrapy import signals
from scrapy.crawler import Crawler
from scrapy.http import Response
from twisted.python.failure import Failure

from patrol.browsers import find_browser
from patrol.errors import PatrolError
from patrol.frontier.scheduler import LeaseScheduler
from patrol.model import Lease, PageResult, State, Visit
from patrol.reporting_line import ReportingLine
from patrol.spider_job import SpiderJob

_TELL_SECONDS = 0.25
_Item = TypeVar("_Item")
log = logging.getLogger(__name__)


class Keeper(Protocol):
    """What keeps pages: `patrol.screening.Screener`, or a plain one in tests."""

    def record_page(self, result: PageResult) -> Sequence[object]:
        """Screen every post of a page, seal its leads, keep the visit; idempotent. Return the leads."""

    def close(self) -> None:
        """Close what was opened."""


def open_keeper(job: SpiderJob, device: str) -> Keeper:
    """Open the keeper that a job names."""
    keeper = resolve_name(job.screener)
    return cast("Keeper", keeper.open(job.settings, job.campaign, run=job.run.id, source=job.choice.name, device=device))


class KeepPages:
    """Store each page, then acknowledge its lease with its links in one transaction; tell the parent how the run stands."""

    def __init__(self, crawler: Crawler, job: SpiderJob) -> None:
        self._crawler, self._job = crawler, job
        self._posts = self._leads = 0
        self._told_at = 0.0
        self._closing: asyncio.Future[None] | None = None
        self.trouble: PatrolError | None = None

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> "KeepPages":
        """Take the job from the crawler's settings, and listen for pages whose reading broke."""
        pipeline = cls(crawler, SpiderJob.load(crawler.settings["PATROL_JOB"]))
        crawler.signals.connect(pipeline.reading_broke, signals.spider_error)
        return pipeline

    def open_spider(self) -> None:
        """Open the keeper."""
        engine = self._crawler.engine
        self._scheduler = cast("LeaseScheduler", engine.scheduler if engine else None)
        try:
            self._keeper = open_keeper(self._job, self._scheduler.atlas.named(self._job.choice.name).device)
        except PatrolError as error:
            ReportingLine.say({"trouble": str(error)})
            raise
        self.tell(at_once=True)

    def process_item(self, item: _Item) -> _Item:
        """Keep one page. A failure to store stops the run: the lease stays open, and the page is fetched again next time."""
        if isinstance(item, PageResult):
            self._guarded(item)
        return item

    def reading_broke(self, failure: Failure, response: Response) -> None:
        """End the lease of a page on which our own reading failed, as a gap that names the fault."""
        lease = response.request.meta.get("lease") if response.request else None
        if isinstance(lease, Lease):
            fault = f"读取程序出错（{type(failure.value).__name__}），请把该网址报告给维护人员"
            self._guarded(PageResult(lease=lease.key, visit=gap(lease, State.CHANGED, fault)))

    def _guarded(self, result: PageResult) -> None:
        if self.trouble is not None:
            return
        try:
            self._keep(result)
        except PatrolError as error:
            self.trouble = error
            log.exception("page not stored, run stops: %s", result.visit.url)
            ReportingLine.say({"trouble": str(error)})
            if self._crawler.engine is not None:
                # not awaited: closing waits for this very item
                self._closing = asyncio.ensure_future(self._crawler.engine.close_spider_async(reason="trouble"))

    def _keep(self, result: PageResult) -> None:
        leads = self._keeper.record_page(result)
        self._scheduler.finish(result)
        self._posts += len(result.posts)
        self._leads += len(leads)
        self.tell()

    def tell(self, *, at_once: bool = False) -> None:
        """Say on the reporting line how the run stands, a few times a second at most."""
        now = time.monotonic()
        if at_once or now - self._told_at >= _TELL_SECONDS:
            self._told_at = now
            ReportingLine.say({"counts": self.counts()})

    def counts(self) -> Mapping[str, int]:
        """Return how the run stands; `posts` and `leads` count this process alone."""
        tally = self._scheduler.tally()
        skipped = tally.states.get(State.BUDGET, 0)
        numbers = {"planned": tally.planned, "waiting": tally.open, "fetched": tally.ended - skipped}
        return {**numbers, "posts": self._posts, "leads": self._leads, **tally.states}

    def close_spider(self) -> None:
        """Record what this run will not fetch any more, when it came to its end by itself."""
        natural = self.trouble is None and not self._scheduler.has_pending_requests()
        if natural:
            self._scheduler.give_back()
            self._settle()
        ReportingLine.say({"counts": self.counts(), "natural": natural})
        self._keeper.close()

    def _settle(self) -> None:
        scheduler, scope = self._scheduler, self._scheduler.scope
        other = set(scheduler.frontier.open_modes(scope)) - {self._job.mode}
        no_browser = find_browser(self._job.settings) is None
        if other and scheduler.seconds_left > 0 and not (no_browser and other == {"browser"}):
            return
        while left := scheduler.frontier.leftovers(scope):
            for lease, state, reason in left:
                if lease.mode == "browser" and no_browser and state is State.BUDGET:
                    state, reason = State.BLOCKED_CLIENT, "本页须用浏览器打开，本机没有找到浏览器"  # noqa: PLW2901
                self._keeper.record_page(PageResult(lease=lease.key, visit=gap(lease, state, reason)))
                scheduler.frontier.finish(scope, lease.key, state)
            self.tell()


def gap(lease: Lease, state: State, reason: str) -> Visit:
    """Return the visit of a page that was not seen."""
    return Visit(
        url=lease.url,
        source=lease.source,
        state=state,
        at=datetime.now(UTC),
        kind=lease.kind,
        reason=reason,
        search_word=lease.keyword,
    )
