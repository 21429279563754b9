"""The disciplined browser: behind the guarding proxy, a page budget a browser, a time limit and a context of its own a page."""

import asyncio
import contextlib
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from playwright.async_api import BrowserContext
from playwright.async_api import Error as PlaywrightError
from playwright.async_api import Request as BrowserRequest
from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.exceptions import DownloadTimeoutError, ResponseDataLossError
from scrapy.http import Response
from scrapy_playwright.handler import Config, ScrapyPlaywrightDownloadHandler
from scrapy_playwright.provider import PlaywrightBrowserProvider

from patrol.browser_profiles import ARGUMENTS as PROFILE_ARGUMENTS
from patrol.errors import UnsafeAddress
from patrol.guard_proxy import GuardProxy
from spiders.guard import allows_loopback
from spiders.settings import BROWSER_SHARE
from spiders.verdicts import Undecodable

PAGES_A_BROWSER = 60
_NOT_FETCHED = frozenset({"font", "image", "media"})
_CLOSE_SECONDS = 10.0
_DESKTOP: Mapping[str, object] = {"viewport": {"width": 1366, "height": 900}}
_PHONE: Mapping[str, object] = {
    "viewport": {"width": 390, "height": 844},
    "device_scale_factor": 3,
    "is_mobile": True,
    "has_touch": True,
}


def context_options(device: str, user_agent: str) -> dict[str, object]:
    """Return the profile of a fresh browser context: a phone or a desktop in China, no downloads, no service workers."""
    profile = _PHONE if device == "phone" else _DESKTOP
    return {
        **profile,
        "user_agent": user_agent,
        "locale": "zh-CN",
        "timezone_id": "Asia/Shanghai",
        "accept_downloads": False,
        "service_workers": "block",
        "permissions": [],
    }


def not_needed(request: BrowserRequest) -> bool:
    """Tell whether a browser's request is left out: fonts, pictures, films and sounds say nothing about a page's words."""
    return request.resource_type in _NOT_FETCHED


class GuardedProvider(PlaywrightBrowserProvider):  # type: ignore[misc]
    """Start browsers that reach the network through the guarding proxy alone."""

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.proxy = GuardProxy(allow_loopback=bool(config.launch_options.pop("allow_loopback", False)))

    async def start(self) -> None:
        """Start the proxy before any browser."""
        await self.proxy.start()
        self.config.launch_options["proxy"] = {"server": self.proxy.url}
        await super().start()

    async def launch_persistent_context(self, context_kwargs: dict[str, Any]) -> BrowserContext:
        """Open an officer's own profile: behind the same proxy, with the same switches as any other page."""
        options = dict(self.config.launch_options)
        options["args"] = [*options.get("args", ()), *PROFILE_ARGUMENTS]
        context: BrowserContext = await super().launch_persistent_context({**options, **context_kwargs})
        return context

    async def close(self) -> None:
        """Stop Playwright, then the proxy."""
        await super().close()
        await self.proxy.close()


class GuardedBrowserHandler(ScrapyPlaywrightDownloadHandler):  # type: ignore[misc]
    """Fetch pages in the browser within limits; requests without `playwright` in their meta go over plain HTTP."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self.config.launch_options["allow_loopback"] = allows_loopback(crawler)
        self._seconds = BROWSER_SHARE * crawler.settings.getfloat("DOWNLOAD_TIMEOUT")
        self._active = self._pages = 0

    async def download_request(self, request: Request) -> Response:
        """Fetch one page; a page that takes too long is closed, and its browser with it when it does not even close."""
        if not request.meta.get("playwright"):
            plain: Response = await super().download_request(request)
            return plain
        self._active += 1
        self._pages += 1
        try:
            async with asyncio.timeout(self._seconds):
                response: Response = await super().download_request(request)
        except TimeoutError as slow:
            raise DownloadTimeoutError(f"{request.url} not done in the browser in {self._seconds:.0f} s") from slow
        except PlaywrightError as error:
            self._raise_if_refused(request.url)
            _raise_if_cut(request)
            raise error
        finally:
            self._active -= 1
            await self._tidy(request)
        self._raise_if_refused(response.url)
        _raise_if_cut(request)
        request.meta["ip_address"] = self._address_of(response.url)
        return response

    def _raise_if_refused(self, url: str) -> None:
        reason = self._proxy.refusal_of(url)
        if reason:
            raise UnsafeAddress(reason)

    @property
    def _proxy(self) -> GuardProxy:
        proxy: GuardProxy = self.browser_provider.proxy
        return proxy

    def _address_of(self, url: str) -> str:
        parts = urlsplit(url)
        return self._proxy.address_of(parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80))

    async def _tidy(self, request: Request) -> None:
        """Close the page's context; renew the browser after its share of pages, or at once when it does not obey any more."""
        wrapper = self.context_wrappers.get(request.meta.get("playwright_context", ""))
        spent = self._pages >= PAGES_A_BROWSER and self._active == 0
        # an officer's profile is one browser: it stays open from page to page
        obeys = wrapper is None or (wrapper.persistent and not spent) or await _closed(wrapper.context)
        if not obeys or spent:
            self._pages = 0
            browser = getattr(self, "browser", None)
            if browser is not None:
                await _closed(browser)

    async def _close(self) -> None:
        """Close what is open at the end; an officer's profile that does not close in time is left to its process's end."""
        for name, wrapper in list(self.context_wrappers.items()):
            if wrapper.persistent and not await _closed(wrapper.context):
                self.context_wrappers.pop(name, None)
        await super()._close()


def _raise_if_cut(request: Request) -> None:
    """Raise for a document that broke off while it came, whatever the browser showed of it."""
    cut = request.meta.get("cut", "")
    if "DECODING" in cut:
        raise Undecodable(cut)
    if cut:
        raise ResponseDataLossError(cut)


async def _closed(part: Any) -> bool:
    try:
        async with asyncio.timeout(_CLOSE_SECONDS):
            with contextlib.suppress(PlaywrightError):
                await part.close()
    except TimeoutError:
        return False
    return True
