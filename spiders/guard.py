"""The network guard of plain HTTP fetching: what must not be contacted is refused before and at the moment of connecting."""

from collections.abc import Callable
from typing import Any

from scrapy import Request
from scrapy.crawler import Crawler

from patrol.addresses import check_address, check_url
from patrol.spider_job import SpiderJob


def allows_loopback(crawler: Crawler) -> bool:
    """Tell whether this job may visit this machine (demo and tests)."""
    return SpiderJob.load(crawler.settings["PATROL_JOB"]).settings.flag("allow_loopback")


class GuardMiddleware:
    """Refuse addresses that need no connection to be known as unsafe: other schemes, internal hosts written as numbers."""

    def __init__(self, *, allow_loopback: bool) -> None:
        self._allow_loopback = allow_loopback

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> "GuardMiddleware":
        """Take the policy from the job."""
        return cls(allow_loopback=allows_loopback(crawler))

    def process_request(self, request: Request) -> None:
        """Let a request pass, or raise UnsafeAddress. Redirects come through here as requests of their own."""
        check_url(request.url, allow_loopback=self._allow_loopback)


class ConnectGuard:
    """Judge every address this process dials, at the moment of dialling, whatever name or redirect led there.

    All of Twisted's outgoing TCP passes through `reactor.connectTCP`, so this is the one place that cannot be got around:
    a name that resolved to a public address when it was looked at and to an internal one now is refused here.
    """

    def __init__(self, reactor: Any, *, allow_loopback: bool) -> None:
        dial: Callable[..., Any] = reactor.connectTCP

        def guarded(host: str, port: int, *args: Any, **kwargs: Any) -> Any:
            check_address(host, allow_loopback=allow_loopback)
            return dial(host, port, *args, **kwargs)

        reactor.connectTCP = guarded

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> "ConnectGuard":
        """Stand before the reactor of this process."""
        from twisted.internet import reactor  # noqa: PLC0415 - importing it earlier would install the wrong reactor

        return cls(reactor, allow_loopback=allows_loopback(crawler))
