"""Manners towards sites: robots.txt, pace, patience after a refusal, and no endless redirects."""

import time

from playwright.async_api import TimeoutError as PlaywrightTimeout
from scrapy import Request, Spider, signals
from scrapy.crawler import Crawler
from scrapy.downloadermiddlewares.redirect import RedirectMiddleware as ScrapyRedirect
from scrapy.downloadermiddlewares.robotstxt import RobotsTxtMiddleware
from scrapy.exceptions import DownloadTimeoutError, IgnoreRequest
from scrapy.http import Response
from scrapy.robotstxt import ProtegoRobotParser, RobotParser

from patrol.addresses import site_of
from patrol.manners import back_off, manners_of, retry_after
from patrol.model import Lease, State
from patrol.platforms import GENERIC
from patrol.spider_job import Atlas, SpiderJob, atlas_of
from spiders.frontier import LeaseHolder, holder_of
from spiders.settings import PRODUCT
from spiders.verdicts import TRANSIENT, Postponed, RedirectLoop, RobotsRefused

_MOST_ATTEMPTS = 3
_RETRY_STATUS = frozenset({408, 500, 502, 503, 504, 521, 522, 523, 524})


class PaceMiddleware:
    """Give every request the slot of its site, with the pace of the platform it belongs to."""

    def __init__(self, crawler: Crawler, job: SpiderJob, atlas: Atlas) -> None:
        self._crawler, self._job, self._atlas = crawler, job, atlas
        self._crawl_delays: dict[str, float] = {}

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> "PaceMiddleware":
        """Read the platforms of the job."""
        job = SpiderJob.load(crawler.settings["PATROL_JOB"])
        middleware = cls(crawler, job, atlas_of(job.campaign, job.workspace))
        crawler.signals.connect(middleware.note_robots, signals.robots_parsed)
        return middleware

    def note_robots(self, robotparser: RobotParser, request: Request) -> None:
        """Remember the Crawl-delay that a site asks of us."""
        if isinstance(robotparser, ProtegoRobotParser):
            delay = robotparser.rp.crawl_delay(PRODUCT)
            if delay:
                self._crawl_delays[site_of(request.url)] = float(delay)
                self._configure(request)

    def process_request(self, request: Request) -> None:
        """Put a request into the slot of its site; redirects to another site change it."""
        site = site_of(request.url)
        engine = self._crawler.engine
        if engine is not None and site not in engine.downloader.per_slot_settings:
            self._configure(request)
        request.meta["download_slot"] = site

    def _configure(self, request: Request) -> None:
        site = site_of(request.url)
        platform = self._atlas.of_url(request.url)
        lease = request.meta.get("lease")
        if platform.name == GENERIC and isinstance(lease, Lease):
            platform = self._atlas.named(lease.platform)
        manners = manners_of(platform.pace, self._job.settings, site, crawl_delay=self._crawl_delays.get(site, 0.0))
        if self._crawler.engine is None:
            return
        downloader = self._crawler.engine.downloader
        downloader.per_slot_settings[site] = {
            "concurrency": manners.concurrency,
            "delay": manners.delay,
            "jitter": manners.spread,
        }
        slot = downloader.slots.get(site)
        if slot is not None:
            slot.concurrency, slot.delay, slot.jitter = manners.concurrency, manners.delay, manners.spread


class RobotsMiddleware(RobotsTxtMiddleware):
    """Obey robots.txt, as RFC 9309 reads it: a site whose robots.txt fails with 5xx is not visited, one without it is.

    A platform whose policy is `record_only` is visited all the same, and the refusal is noted with the visit.
    """

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        job = SpiderJob.load(crawler.settings["PATROL_JOB"])
        self._atlas = atlas_of(job.campaign, job.workspace)

    def process_request_2(self, rp: RobotParser | None, request: Request) -> None:
        """Raise RobotsRefused for a page that the site does not want fetched."""
        try:
            super().process_request_2(rp, request)
        except IgnoreRequest as refusal:
            lease = request.meta.get("lease")
            policy = self._atlas.named(lease.platform).policy.robots if isinstance(lease, Lease) else "obey"
            if policy == "obey":
                raise RobotsRefused(str(refusal)) from refusal
            request.meta["note"] = "robots.txt 不允许，按本平台设定仅作记录"

    async def _parse_robots(self, response: Response, netloc: str, request: Request) -> None:
        if response.status >= 500:
            response = response.replace(body=b"User-agent: *\nDisallow: /\n")
        elif response.status >= 300:
            response = response.replace(body=b"")
        await super()._parse_robots(response, netloc, request)


class PatienceMiddleware:
    """Put pages back for later instead of hammering: Retry-After is honoured, failing pages wait longer each time."""

    def __init__(self, crawler: Crawler, job: SpiderJob) -> None:
        self._crawler, self._job = crawler, job

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> "PatienceMiddleware":
        """Take the job from the crawler's settings."""
        return cls(crawler, SpiderJob.load(crawler.settings["PATROL_JOB"]))

    def process_response(self, request: Request, response: Response) -> Response:
        """Let a response pass, or put its page back (raises Postponed)."""
        lease = request.meta.get("lease")
        if not isinstance(lease, Lease):
            return response
        asked = retry_after((response.headers.get("Retry-After") or b"").decode("latin-1"), time.time())
        if response.status == 429:
            self._postpone(lease, State.BLOCKED_RATE, seconds=asked, whole_site=True)
        elif response.status in _RETRY_STATUS:
            self._postpone(lease, State.SERVER_ERROR, seconds=asked, whole_site=asked is not None)
        elif "dataloss" in response.flags:
            self._postpone(lease, State.TRUNCATED, most=2)
        return response

    def process_exception(self, request: Request, exception: Exception) -> None:
        """Put a page back whose fetch failed in a way that may pass (raises Postponed).

        A page that held the browser until the time was up is not given a second one.
        """
        lease = request.meta.get("lease")
        held_up = isinstance(exception, DownloadTimeoutError | PlaywrightTimeout) and bool(request.meta.get("playwright"))
        if isinstance(lease, Lease) and isinstance(exception, TRANSIENT) and not held_up:
            self._postpone(lease, State.NETWORK, most=2)

    def _postpone(
        self, lease: Lease, state: State, *, seconds: float | None = None, whole_site: bool = False, most: int = _MOST_ATTEMPTS
    ) -> None:
        if lease.attempts >= most:
            return
        wait = back_off(self._job.settings, site_of(lease.url), lease.attempts) if seconds is None else seconds
        holder: LeaseHolder = holder_of(self._crawler)
        if holder.defer(lease.key, wait, state=state, whole_site=whole_site):
            raise Postponed(f"{lease.url} again in {wait:.0f} s ({state.value})")


class RedirectMiddleware(ScrapyRedirect):
    """Follow redirects a few steps, and name a loop as one. No Referer is sent: where we found a page is our business."""

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> "RedirectMiddleware":
        """Leave out Scrapy's search for a component that would send a Referer."""
        middleware = cls(crawler.settings)
        middleware.crawler = crawler
        return middleware

    def process_response(self, request: Request, response: Response, spider: Spider | None = None) -> Request | Response:  # noqa: ARG002
        """Return the response, or the request for where it leads; raises RedirectLoop at the limit."""
        try:
            return super().process_response(request, response)
        except IgnoreRequest as limit:
            raise RedirectLoop(str(limit)) from limit
