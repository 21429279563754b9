"""Ask for a page that was seen before only if it changed: one conditional request, and the bytes of last time."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.http import Response

from patrol.model import Lease
from patrol.spider_job import RECHECKED, SpiderJob
from patrol.store import Store
from patrol.store.seen import SeenBook, SeenPage

# a site that always answers "not modified" must not hide a change for ever
TRUST_DAYS = 7
_NOT_MODIFIED = 304
_KEPT_HEADERS = ("Content-Type",)


def is_trusted(seen: SeenPage, now: datetime) -> bool:
    """Tell whether a page may be asked about by its validators alone."""
    return bool(seen.etag or seen.modified) and now - seen.at < timedelta(days=TRUST_DAYS)


class SeenMiddleware:
    """Ask for a page seen before only if it changed; an answer "not modified" stands for the bytes of last time.

    The capture of such a page says 304: its bytes are those of the earlier fetch, still in the spool.
    """

    def __init__(self, job: SpiderJob) -> None:
        self._job, self._spool = job, job.workspace / "spool"
        # without a database nothing was seen; a second look at a lead is always a full one
        known = (job.workspace / "patrol.db").is_file() and job.choice.name != RECHECKED
        self._store = Store.open(job.workspace) if known else None
        self._book = SeenBook(self._store.database.conn) if self._store else None
        self._in_force = ""

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> "SeenMiddleware":
        """Take the job from the crawler's settings."""
        return cls(SpiderJob.load(crawler.settings["PATROL_JOB"]))

    def process_request(self, request: Request) -> None:
        """Add the validators of a page that was read before and judged by what is in force."""
        lease = request.meta.get("lease")
        if self._book is None or not isinstance(lease, Lease) or lease.kind == "image" or request.meta.get("playwright"):
            return
        self._in_force = self._in_force or self._book.in_force(self._job.campaign.id)
        seen = self._book.page(self._job.campaign.id, request.url)
        if seen is None or seen.judged_by != self._in_force or seen.run == self._job.run.id:
            return
        if is_trusted(seen, datetime.now(UTC)) and self._body_of(seen) is not None:
            if seen.etag:
                request.headers["If-None-Match"] = seen.etag
            if seen.modified:
                request.headers["If-Modified-Since"] = seen.modified
            request.meta["seen"] = seen

    def process_response(self, request: Request, response: Response) -> Response:
        """Return the page as it was for an answer that it did not change."""
        seen = request.meta.get("seen")
        if response.status != _NOT_MODIFIED or not isinstance(seen, SeenPage):
            return response
        body = self._body_of(seen)
        if body is None:
            return response
        request.meta["unchanged"] = True
        headers = {name: value for name in _KEPT_HEADERS if (value := response.headers.get(name))}
        return response.replace(status=200, body=body, headers=headers)

    def _body_of(self, seen: SeenPage) -> bytes | None:
        file: Path = self._spool / seen.sha256
        try:
            return file.read_bytes()
        except OSError:
            return None
