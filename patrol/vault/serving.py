"""The capture process itself (`python -m patrol.vault.serving`): read orders, keep one browser alive and young, write results.

Standard input gives a job and then orders, one JSON line each; standard output takes one result line per order. The process
ends when its input does.
"""

import asyncio
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO
from uuid import uuid4

from playwright.async_api import Browser, Playwright, async_playwright
from playwright.async_api import Error as BrowserError

from patrol.browsers import launch_arguments
from patrol.guard_proxy import GuardProxy
from patrol.identity import device_words
from patrol.vault.model import Record, to_json
from patrol.vault.orders import Fatal, Job, Order
from patrol.vault.page import take

_DESKTOP: Mapping[str, object] = {"viewport": {"width": 1366, "height": 900}}
_PHONE: Mapping[str, object] = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}


class _Browsers:
    """One browser for all workers, replaced after a number of pages or when it died (browsers leak)."""

    def __init__(self, playwright: Playwright, job: Job) -> None:
        self._playwright, self._job = playwright, job
        self.proxy = GuardProxy(allow_loopback=job.allow_loopback)
        self.gate = asyncio.Semaphore(job.workers)  # one worker more than pages shown: it ends one while the next is shown
        self._current: Browser | None = None
        self._pages = 0
        self._users: dict[Browser, int] = {}
        self._lock = asyncio.Lock()

    async def borrow(self) -> Browser:
        """Return the browser to use for one page."""
        async with self._lock:
            worn = self._pages >= self._job.limits.pages_per_browser
            if self._current is None or worn or not self._current.is_connected():
                old, self._current = self._current, None
                self._current = await self._launch()
                self._pages = 0
                if old is not None and not self._users.get(old):
                    await _close(old)
            self._pages += 1
            self._users[self._current] = self._users.get(self._current, 0) + 1
            return self._current

    async def give_back(self, browser: Browser) -> None:
        """End the use of a browser; a worn one is closed by its last user."""
        self._users[browser] -= 1
        if browser is not self._current and not self._users[browser]:
            del self._users[browser]
            await _close(browser)

    async def close(self) -> None:
        """Close what is left."""
        if self._current is not None:
            await _close(self._current)

    async def _launch(self) -> Browser:
        return await self._playwright.chromium.launch(
            executable_path=self._job.browser or None,
            args=[*launch_arguments(), "--hide-scrollbars"],
            proxy={"server": self.proxy.url},
        )


async def _close(browser: Browser) -> None:
    with suppress(BrowserError):
        await browser.close()


async def serve(source: IO[bytes], target: IO[bytes]) -> None:
    """Work through the orders until the input ends."""
    reader = asyncio.StreamReader(limit=1 << 24)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), source)
    first = await reader.readline()
    if not first:
        return
    job = Job.model_validate_json(first)
    lines: asyncio.Queue[bytes | None] = asyncio.Queue()
    feeding = asyncio.create_task(_feed(reader, lines))
    async with async_playwright() as playwright:
        browsers = _Browsers(playwright, job)
        await browsers.proxy.start()
        try:
            await browsers.give_back(await browsers.borrow())
        except BrowserError as error:
            _say(target, Fatal(fatal=str(error)[:2000]))
            return
        workers = [asyncio.create_task(_work(browsers, job, lines, target)) for _ in range(job.workers + 1)]
        try:
            await asyncio.gather(*workers)
        finally:
            feeding.cancel()
            await browsers.close()
            await browsers.proxy.close()


async def _feed(reader: asyncio.StreamReader, lines: "asyncio.Queue[bytes | None]") -> None:
    while line := await reader.readline():
        lines.put_nowait(line)
    lines.put_nowait(None)


def _say(target: IO[bytes], record: Record) -> None:
    target.write(to_json(record))
    target.flush()


async def _work(browsers: _Browsers, job: Job, lines: "asyncio.Queue[bytes | None]", target: IO[bytes]) -> None:
    while (line := await lines.get()) is not None:
        order = Order.model_validate_json(line)
        browser = await browsers.borrow()
        try:
            profile = _profile(job, order.device, browser.version)
            taken = await take(browser, profile, order, job.limits, _new_folder(job), browsers.proxy, browsers.gate)
        finally:
            await browsers.give_back(browser)
        _say(target, taken)
    lines.put_nowait(None)


def _new_folder(job: Job) -> Path:
    folder = Path(job.folder) / uuid4().hex
    folder.mkdir(parents=True)
    return folder


def _profile(job: Job, device: str, version: str) -> dict[str, object]:
    """Return the window to show the page in; one device pixel a CSS pixel, so that tall pages stay small."""
    words = device_words(device, version)
    return {
        **(_PHONE if device == "phone" else _DESKTOP),
        "user_agent": job.user_agent or f"{words} {job.introduction}".strip(),
        "device_scale_factor": 1,
        "locale": "zh-CN",
        "timezone_id": "Asia/Shanghai",
        "accept_downloads": False,
        "service_workers": "block",
    }


if __name__ == "__main__":
    asyncio.run(serve(sys.stdin.buffer, sys.stdout.buffer))
