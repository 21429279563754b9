"""The one item pipeline: pages are screened and stored whole, then acknowledged; nothing else touches either.

What comes in within a moment is kept together: one transaction and one acknowledgement for all of it, so that a quick run does
not wait for the disk at every page.
"""

import asyncio
import gc
import logging
import os
import signal
import time
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import takewhile
from pathlib import Path
from pkgutil import resolve_name
from typing import Protocol, TypeVar, cast

from scrapy import signals
from scrapy.crawler import Crawler
from scrapy.http import Response
from twisted.python.failure import Failure

from patrol.browsers import find_browser
from patrol.errors import PatrolError
from patrol.frontier.parcels import Parcel
from patrol.frontier.records import Ended
from patrol.frontier.scheduler import LeaseScheduler
from patrol.model import Lease, PageResult, State, Visit
from patrol.reporting_line import ReportingLine
from patrol.spider_job import COURIER, SpiderJob

_TELL_SECONDS = 0.25
_BEAT_SECONDS = 5.0
_STUCK_SECONDS = 120
_MOST_TOGETHER = 16
_GATHER_SECONDS = 0.02
_COLLECT_SECONDS = 0.2
_Item = TypeVar("_Item")
try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]

log = logging.getLogger(__name__)


class Keeper(Protocol):
    """What keeps pages: `patrol.screening.Screener`, or a plain one in tests."""

    def record_pages(self, results: Sequence[PageResult]) -> Sequence[Sequence[object]]:
        """Screen every post of some pages, keep them, seal their leads; idempotent. Return the leads of each page."""

    def close(self) -> None:
        """Close what was opened."""


def open_keeper(job: SpiderJob, device: str) -> Keeper:
    """Open the keeper that a job names."""
    keeper = resolve_name(job.screener)
    return cast("Keeper", keeper.open(job.settings, job.campaign, run=job.run.id, source=job.choice.name, device=device))


class KeepPages:
    """Store pages, then acknowledge their leases with their links in one transaction; tell the parent how the run stands."""

    def __init__(self, crawler: Crawler, job: SpiderJob) -> None:
        self._crawler, self._job = crawler, job
        self._posts, self._leads = 0, set[object]()
        self._told_at = self._busy_since = 0.0
        self._waiting: list[tuple[PageResult, asyncio.Future[None]]] = []
        self._worker: asyncio.Future[None] | None = None
        self._errands: list[asyncio.Future[None]] = []
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
        gc.collect()
        gc.freeze()  # rules and lists live as long as this process: they need not be walked again and again
        self._heart = asyncio.ensure_future(self._guarded(self._beat()))
        self._collector = asyncio.ensure_future(self._guarded(self._collect()))

    async def _guarded(self, errand: Coroutine[None, None, None]) -> None:
        """Carry out an errand; when the frontier fails it, end at once: what is stored stands, what is held goes out again."""
        (ended,) = await asyncio.gather(errand, return_exceptions=True)
        if isinstance(ended, PatrolError):
            log.error("the frontier cannot be used, process ends: %s", ended, exc_info=ended)
            ReportingLine.say({"trouble": str(ended)})
            os._exit(1)
        if ended is not None:
            raise ended

    async def _beat(self) -> None:
        """Tell how the run stands every few seconds even while it only waits: silence means that this process hangs."""
        while True:
            self.tell(at_once=True)
            if self._busy_since and time.monotonic() - self._busy_since > _STUCK_SECONDS:
                # a picture's thread cannot be stopped; the parent begins again and reads what was held one by one
                log.error("judging one picture for more than %d s, process ends", _STUCK_SECONDS)
                os.kill(os.getpid(), signal.SIGTERM if os.name == "nt" else signal.SIGKILL)
            await asyncio.sleep(_BEAT_SECONDS)

    async def process_item(self, item: _Item) -> _Item:
        """Keep one page, then acknowledge it. A failure to store stops the run; the page stays open and is fetched again."""
        if isinstance(item, PageResult):
            await self._kept(item)
        return item

    def reading_broke(self, failure: Failure, response: Response) -> None:
        """End the lease of a page on which our own reading failed, as a gap that names the fault."""
        lease = response.request.meta.get("lease") if response.request else None
        if isinstance(lease, Lease):
            fault = f"读取程序出错（{type(failure.value).__name__}），请把该网址报告给维护人员"
            self._errands.append(
                asyncio.ensure_future(self._kept(PageResult(lease=lease.key, visit=gap(lease, State.CHANGED, fault))))
            )

    async def _kept(self, result: PageResult) -> None:
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((result, done))
        if self._worker is None or self._worker.done():
            self._worker = asyncio.ensure_future(self._guarded(self._work()))
        await done

    async def _work(self) -> None:
        """Keep what waits, a few pages at a time."""
        while self._waiting:
            await asyncio.sleep(_GATHER_SECONDS)
            together = self._take()
            if self.trouble is None:
                self._busy_since = time.monotonic()
                await self._keep([result for result, _ in together])
                self._busy_since = 0.0
            self.tell()
            for _, done in together:
                done.set_result(None)

    def _take(self) -> list[tuple[PageResult, asyncio.Future[None]]]:
        """Return what is kept next. A picture stands alone: it takes long, and it changes a post that others may change too."""
        pages = 0 if self._waiting[0][0].parent else sum(1 for _ in takewhile(lambda one: not one[0].parent, self._waiting))
        count = min(max(1, pages), _MOST_TOGETHER)
        together, self._waiting = self._waiting[:count], self._waiting[count:]
        return together

    async def _keep(self, results: Sequence[PageResult]) -> None:
        """Keep pages. What cannot be stored stops the run; a page that our own judging breaks on is a gap that names it."""
        (kept,) = await asyncio.gather(self._recorded(results), return_exceptions=True)
        if isinstance(kept, PatrolError):
            self._stop(kept)
            return
        if isinstance(kept, BaseException):
            if not isinstance(kept, Exception):
                raise kept
            await self._keep_without(results, kept)
            return
        self._acknowledge(results)
        self._posts += sum(len(result.posts) for result in results)
        # a lead that is seen on two pages, or again, is one lead
        self._leads.update(getattr(lead, "number", lead) for leads in kept for lead in leads)

    async def _recorded(self, results: Sequence[PageResult]) -> Sequence[Sequence[object]]:
        """Hand pages to the keeper: pictures in a thread, since reading their words takes seconds.

        All else here: two threads that take turns at every single write are slower than one that waits (measured: a half).
        """
        if results[0].parent:
            return await asyncio.to_thread(self._keeper.record_pages, results)
        return self._keeper.record_pages(results)

    async def _keep_without(self, results: Sequence[PageResult], fault: Exception) -> None:
        """Keep pages of which one broke our judging: each alone, until it is found."""
        if len(results) > 1:
            for result in results:
                if self.trouble is None:
                    await self._keep([result])
            return
        (result,) = results
        log.error("judging broke on a page: %s", result.visit.url, exc_info=fault)
        reason = f"判读程序出错（{type(fault).__name__}），请把该网址报告给维护人员"
        visit = replace(result.visit, state=State.CHANGED, reason=reason)
        bare = PageResult(lease=result.lease, visit=visit)
        self._keeper.record_pages([bare])
        self._acknowledge([bare])

    def _acknowledge(self, results: Sequence[PageResult]) -> None:
        if self._job.screener == COURIER:
            self._scheduler.handed_over(results)
        else:
            self._scheduler.finish(results)

    async def _collect(self) -> None:
        """Keep what workers on other machines fetched for this run."""
        frontier, scope, folder = self._scheduler.frontier, self._scheduler.scope, self._job.workspace / "spool"
        while self._job.screener != COURIER and self._job.settings.text("frontier_url"):
            parcels = frontier.parcels(scope) if self.trouble is None else {}
            if parcels:
                await asyncio.gather(*(self._kept(Parcel.load(text).unpack(folder)) for text in parcels.values()))
            if parcels and self.trouble is None:
                frontier.received(scope, parcels)
            await asyncio.sleep(0 if parcels else _COLLECT_SECONDS)

    def _stop(self, error: PatrolError) -> None:
        self.trouble = error
        log.error("a page was not stored, the run stops: %s", error, exc_info=error)
        ReportingLine.say({"trouble": str(error)})
        if self._crawler.engine is not None:
            # not awaited: closing waits for the pages that are being kept
            self._errands.append(asyncio.ensure_future(self._crawler.engine.close_spider_async(reason="trouble")))

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
        return {**numbers, "posts": self._posts, "leads": len(self._leads), **tally.states}

    async def close_spider(self) -> None:
        """Record what this run will not fetch any more, when it came to its end by itself."""
        self._heart.cancel()
        self._collector.cancel()
        if self._worker is not None:
            await self._worker
        natural = self.trouble is None and not self._scheduler.has_pending_requests()
        if natural:
            self._scheduler.give_back()
            if self._job.screener != COURIER:
                await self._settle()
        ReportingLine.say({"counts": self.counts(), "natural": natural, "peak_mb": peak_mb()})
        self._keeper.close()

    async def _settle(self) -> None:
        scheduler, scope = self._scheduler, self._scheduler.scope
        other = set(scheduler.frontier.open_modes(scope)) - {self._job.mode}
        no_browser = find_browser(self._job.settings) is None
        if other and scheduler.seconds_left > 0 and not (no_browser and other == {"browser"}):
            return
        while left := scheduler.frontier.leftovers(scope):
            results = []
            for lease, state, reason in left:
                if lease.mode == "browser" and no_browser and state is State.BUDGET:
                    state, reason = State.BLOCKED_CLIENT, "本页须用浏览器打开，本机没有找到浏览器"  # noqa: PLW2901
                results.append(PageResult(lease=lease.key, visit=gap(lease, state, reason)))
            self._keeper.record_pages(results)
            scheduler.frontier.finish_all(scope, [Ended(result.lease, result.visit.state) for result in results])
            self.tell()


def peak_mb() -> int:
    """Return the most memory this process ever held, in MB (0 where the system does not say).

    Read from /proc where there is one: `ru_maxrss` counts what the parent held before this program was started.
    """
    status = Path("/proc/self/status")
    if status.is_file():
        held = next((line for line in status.read_text().splitlines() if line.startswith("VmHWM:")), "VmHWM: 0 kB")
        return int(held.split()[1]) // 1000
    if resource is None:
        return 0
    return int(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_000_000)


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
