"""What spiders and their middlewares may ask of the frontier; found on the engine, never imported."""

from typing import Protocol, cast

from scrapy.crawler import Crawler

from patrol.model import Lease, State
from patrol.spider_job import Atlas, SpiderJob


class LeaseHolder(Protocol):
    """The scheduler of the run, as spiders see it."""

    job: SpiderJob
    atlas: Atlas

    def defer(self, key: str, seconds: float, *, state: State, whole_site: bool) -> bool:
        """Put a held page back for later; False when this run cannot wait that long."""

    def place(self, lease: Lease, platform: str, mode: str) -> None:
        """Put a held page back to be read as another platform's, or with the other kind of fetching."""


def holder_of(crawler: Crawler) -> LeaseHolder:
    """Return the scheduler of the running spider."""
    return cast("LeaseHolder", crawler.engine.scheduler if crawler.engine else None)
