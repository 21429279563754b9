"""Sealed captures against a bare Playwright script over the same pages of the mock city: `python -m patrol.bench.vault`.

Both take the full-page picture, the MHTML snapshot and the rendered page with as many pages at once, in turn, twice; the ratio of
pages per second is what counts, since the absolute numbers are the machine's. Ours also scrolls, keeps what was loaded, hashes,
writes through to the disk and keeps the ledger. Then the sealed vault is verified and the speed of that is measured.
"""

import argparse
import asyncio
import json
import random
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.async_api import Browser, async_playwright

from patrol import settings as settings_module
from patrol.browsers import find_browser, launch_arguments
from patrol.errors import NotAvailable
from patrol.settings import Settings
from patrol.vault import BrowserFacts, EvidenceState, Order, Rendering, SourceFile, Vault, seal_pages, verify

LEAST_RATIO, MOST_BYTES, LEAST_VERIFY = 0.8, 2_500_000, 150.0
_PAUSE = 0.05
_LARGE_ITEMS, _LARGE_BYTES = 60, 1_300_000


@dataclass(frozen=True, slots=True)
class Lap:
    """One measured run."""

    pages: int
    seconds: float
    bytes: int
    complete: int

    @property
    def speed(self) -> float:
        """Pages per second, browser start included."""
        return self.pages / self.seconds


async def _bare(addresses: Sequence[str], folder: Path, workers: int, program: str) -> None:
    """Take each page as the shortest sensible script would."""
    waiting = list(enumerate(addresses))
    arguments = [flag for flag in launch_arguments() if "host-resolver" not in flag]
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program, args=arguments)

        async def work() -> None:
            while waiting:
                await _bare_page(browser, *waiting.pop(0), folder)

        await asyncio.gather(*(work() for _ in range(workers)))
        await browser.close()


async def _bare_page(browser: Browser, number: int, url: str, folder: Path) -> None:
    context = await browser.new_context(
        viewport={"width": 390, "height": 844}, device_scale_factor=1, is_mobile=True, has_touch=True, locale="zh-CN"
    )
    page = await context.new_page()
    await page.goto(url, wait_until="load")
    await page.screenshot(full_page=True, path=folder / f"{number}.png")
    session = await context.new_cdp_session(page)
    snapshot = await session.send("Page.captureSnapshot", {"format": "mhtml"})
    (folder / f"{number}.mhtml").write_text(snapshot["data"], encoding="utf-8")
    (folder / f"{number}.html").write_text(await page.content(), encoding="utf-8")
    await context.close()


def bare_lap(addresses: Sequence[str], workers: int, program: str) -> Lap:
    """Measure the bare script."""
    with TemporaryDirectory() as folder:
        started = time.perf_counter()
        asyncio.run(_bare(addresses, Path(folder), workers, program))
        seconds = time.perf_counter() - started
        size = sum(path.stat().st_size for path in Path(folder).iterdir())
        return Lap(len(addresses), seconds, size, len(addresses))


def sealed_lap(addresses: Sequence[str], settings: Settings, program: str) -> Lap:
    """Measure ours, from the order to the receipt."""
    started = time.perf_counter()
    vault = Vault.of(settings)
    orders = [Order(number=f"ZJ-{n}", url=url, device="phone") for n, url in enumerate(addresses)]
    states = [sealed.state for sealed in seal_pages(orders, vault, settings, browser=program)]
    seconds = time.perf_counter() - started
    size = sum(path.stat().st_size for path in vault.root.rglob("*") if path.is_file())
    return Lap(len(addresses), seconds, size, states.count(EvidenceState.COMPLETE))


def city_pages(folder: Path, count: int) -> tuple[subprocess.Popen[bytes], list[str]]:
    """Start the mock city; return it with addresses of readable pages, taken from its platforms in turn."""
    ready, truth = folder / "ready.json", folder / "truth.jsonl"
    command = [sys.executable, "-m", "fixtures.city", "--ready-file", str(ready), "--truth-file", str(truth)]
    city = subprocess.Popen(command, stdout=subprocess.DEVNULL)  # noqa: S603
    while not ready.is_file():
        if city.poll() is not None:
            raise NotAvailable("模拟城市没有启动；请先运行 make demo 看看报什么错")
        time.sleep(_PAUSE)
    rows = [json.loads(line) for line in truth.read_text(encoding="utf-8").splitlines()]
    by_platform: dict[str, list[str]] = {}
    for row in rows:
        if row["violation"] and row["state"] == "ok":
            by_platform.setdefault(row["platform"], []).append(row["url"].partition("#")[0])
    queues = [list(dict.fromkeys(urls)) for urls in by_platform.values()]
    found = [urls[place] for place in range(max(map(len, queues))) for urls in queues if place < len(urls)]
    return city, found[:count]


def main() -> None:
    """Run the laps in turn and print one line each, then the figures that count."""
    parser = argparse.ArgumentParser(description="取证速度：与同样内容的最简浏览器脚本相比")
    parser.add_argument("--pages", type=int, default=60)
    parser.add_argument("--laps", type=int, default=2)
    asked = parser.parse_args()
    found = find_browser(settings_module.load({}))
    if found is None:
        raise NotAvailable("没有找到浏览器；请运行 patrol doctor --mend")
    program = str(found)
    with TemporaryDirectory() as base:
        city, addresses = city_pages(Path(base), asked.pages)
        try:
            bare, ours = _laps(Path(base), addresses, asked.laps, program)
        finally:
            city.terminate()
            city.wait()
        report = verify(Path(base) / "lap-0" / "vault")
        whole = verify(_large_vault(Path(base)).root)
    ratio = ours.speed / bare.speed
    mean = ours.bytes / ours.pages
    speed = whole.size / 1e6 / whole.seconds
    _say(f"ratio {ratio:.2f} (at least {LEAST_RATIO})  sealed {mean / 1e6:.2f} MB a page (below {MOST_BYTES / 1e6:.1f})")
    fine = report.ok and whole.ok
    _say(f"complete {ours.complete}/{ours.pages}  verify {speed:.0f} MB/s (at least {LEAST_VERIFY:.0f}) ok={fine}")
    good = ratio >= LEAST_RATIO and mean < MOST_BYTES and speed >= LEAST_VERIFY and fine
    sys.exit(0 if good else 1)


def _laps(base: Path, addresses: Sequence[str], laps: int, program: str) -> tuple[Lap, Lap]:
    """Return the best lap of each kind."""
    bare, ours = [], []
    for lap in range(laps):
        given = settings_module.load({}, workspace=str(base / f"lap-{lap}"), allow_loopback=True, min_free_mb=1)
        workers = int(given.number("capture_workers"))
        bare.append(bare_lap(addresses, workers, program))
        _say(f"bare   {bare[-1].speed:.2f} pages/s  {bare[-1].bytes / bare[-1].pages / 1e6:.2f} MB a page")
        ours.append(sealed_lap(addresses, given, program))
        _say(f"sealed {ours[-1].speed:.2f} pages/s  {ours[-1].bytes / ours[-1].pages / 1e6:.2f} MB a page")
    return max(bare, key=lambda one: one.speed), max(ours, key=lambda one: one.speed)


def _large_vault(base: Path) -> Vault:
    """Seal files as large as those of real pages (a picture and a snapshot of 1.3 MB each), enough to measure reading them."""
    vault = Vault(base / "large")
    now = datetime.now(UTC)
    for number in range(_LARGE_ITEMS):
        facts = BrowserFacts(url="http://large.example/", final_url="", device="desktop")
        sources = []
        for name in ("full.png", "page.mhtml"):
            path = base / name
            path.write_bytes(random.Random(f"{number}/{name}").randbytes(_LARGE_BYTES))
            sources.append(SourceFile(role=name, name=name, media_type="", path=path))
        shown = Rendering(
            number=f"ZJ-{number}",
            facts=facts,
            state=EvidenceState.COMPLETE,
            started_at=now,
            finished_at=now,
            files=tuple(sources),
        )
        vault.seal_rendering(shown.number, shown)
    return vault


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
