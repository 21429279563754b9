"""The whole journey against a bare Scrapy spider over the same pages of the mock city: `python -m patrol.bench_crawl`.

Both run one after the other on the same machine against the same server, each in one process of its own, twice; the ratio of
pages per second is what counts, since the absolute numbers are the machine's.
"""

import argparse
import json
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from scrapy import Request, Spider
from scrapy.crawler import AsyncCrawlerProcess

from patrol import settings as settings_module
from patrol.crawl import SpiderJob, run_spider
from patrol.frontier import Frontier
from patrol.model import Batch, Campaign, Run, SourceChoice
from patrol.pipeline import peak_mb
from patrol.store import Store

LEAST_RATIO, MOST_MB = 0.6, 500


@dataclass(frozen=True, slots=True)
class Lap:
    """One measured run: pages, seconds, peak memory of its process."""

    pages: int
    seconds: float
    peak_mb: int
    leads: int = 0

    @property
    def speed(self) -> float:
        """Pages per second, process start included."""
        return self.pages / self.seconds


class Bare(Spider):
    """Fetch a list of addresses and yield their length: the least a Scrapy spider can do."""

    name = "bare"
    addresses: tuple[str, ...] = ()

    async def start(self) -> Any:
        """Ask for every address, as `start_urls` would."""
        for url in self.addresses:
            yield Request(url, dont_filter=True)

    def parse(self, response: Any) -> Any:
        """Yield the length."""
        yield {"url": response.url, "length": len(response.body)}


def bare(list_file: Path) -> None:
    """Be the bare process: Scrapy's own settings, only what it waits for taken away."""
    process = AsyncCrawlerProcess(
        {
            "LOG_LEVEL": "WARNING",
            "CONCURRENT_REQUESTS": 32,
            "CONCURRENT_REQUESTS_PER_DOMAIN": 8,
            "TELNETCONSOLE_ENABLED": False,
            "REMOTE_CONTROL_ENABLED": False,
            "RETRY_ENABLED": False,
            "HTTPERROR_ALLOW_ALL": True,
        }
    )
    process.crawl(Bare, addresses=tuple(list_file.read_text(encoding="utf-8").split()))
    process.start()
    sys.stdout.write(f"{peak_mb()}\n")


def bare_lap(list_file: Path) -> Lap:
    """Measure the bare spider over a list of addresses."""
    began = time.monotonic()
    command = [sys.executable, "-m", "patrol.bench_crawl", "--bare", str(list_file)]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout  # noqa: S603
    pages = len(list_file.read_text(encoding="utf-8").split())
    return Lap(pages, time.monotonic() - began, int(said.split()[-1]))


def journey_lap(folder: Path, platform: str, base: str, start: list[str]) -> Lap:
    """Measure the whole journey over one platform, in a fresh workspace."""
    settings = settings_module.load(
        {}, workspace=str(folder), allow_loopback=True, pace_factor=0.0, ocr=False, obey_robots=False, min_free_mb=0
    )
    choice = SourceChoice(name=platform, base=base, start=tuple(start), max_pages=1_000_000)
    campaign, now = _campaign(choice), datetime.now(UTC)
    run = Run(id="bench", campaign=campaign.id, source=platform, started_at=now)
    store = Store.open(folder)
    store.save_campaign(campaign, "", now)
    store.start_run(run)
    store.close()
    began = time.monotonic()
    ended = run_spider(SpiderJob(run=run, campaign=campaign, choice=choice, settings=settings))
    seconds = time.monotonic() - began
    if ended.outcome != "finished":
        raise SystemExit(ended.error)
    return Lap(ended.counts["fetched"], seconds, ended.counts["peak_mb"], ended.counts["leads"])


def _campaign(choice: SourceChoice) -> Campaign:
    batch = Batch(number=1, start=date(2027, 1, 15), end=date(2027, 1, 29), due=date(2027, 1, 30))
    return Campaign(
        id="bench",
        title="测速",
        region="云川市",
        start=batch.start,
        end=batch.end,
        batches=(batch,),
        summary_due=batch.due,
        unit="",
        leader="",
        phone="",
        sources=(choice,),
    )


def _addresses(folder: Path) -> Path:
    frontier = Frontier.open(folder)
    file = folder / "addresses.txt"
    file.write_text("\n".join(frontier.addresses("bench")), encoding="utf-8")
    frontier.close()
    return file


def measure(platform: str, extra_pages: int, laps: int) -> int:
    """Serve the city, run both in turn, print one line a lap and the verdict; 1 when a limit is missed."""
    journeys: list[Lap] = []
    bares: list[Lap] = []
    with TemporaryDirectory(prefix="bench-crawl-") as folder:
        truths = Path(folder) / "truth.jsonl"
        command = [sys.executable, "-m", "fixtures.city", "--extra-pages", str(extra_pages), "--truth-file", str(truths)]
        city = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603
        try:
            base = json.loads(city.stdout.readline())["bases"][platform] if city.stdout else ""
            rows = (json.loads(line) for line in truths.read_text(encoding="utf-8").splitlines())
            start = [row["url"] for row in rows if row["platform"] == platform]
            for lap in range(laps):
                workspace = Path(folder) / str(lap)
                workspace.mkdir()
                journeys.append(journey_lap(workspace, platform, base, start))
                bares.append(bare_lap(_addresses(workspace)))
                _say("journey", journeys[-1])
                _say("bare", bares[-1])
        finally:
            city.terminate()
            city.wait()
    ratio = max(lap.speed for lap in journeys) / max(lap.speed for lap in bares)
    peak = max(lap.peak_mb for lap in journeys)
    sys.stdout.write(f"ratio {ratio:.2f} (at least {LEAST_RATIO}), peak {peak} MB (at most {MOST_MB})\n")
    return 0 if ratio >= LEAST_RATIO and peak <= MOST_MB else 1


def _say(name: str, lap: Lap) -> None:
    sys.stdout.write(
        f"{name:8} {lap.pages} pages in {lap.seconds:.1f} s: {lap.speed:.0f} pages/s, {lap.peak_mb} MB, {lap.leads} leads\n"
    )
    sys.stdout.flush()


def main() -> int:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m patrol.bench_crawl", description=__doc__)
    parser.add_argument("--platform", default="wuba58")
    parser.add_argument("--extra-pages", type=int, default=2000, help="pages added to the platform")
    parser.add_argument("--laps", type=int, default=2)
    parser.add_argument("--bare", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.bare:
        bare(asked.bare)
        return 0
    return measure(asked.platform, asked.extra_pages, asked.laps)


if __name__ == "__main__":
    raise SystemExit(main())
