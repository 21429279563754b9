"""The whole journey against a bare Scrapy spider over the same pages of the mock city: `python -m patrol.bench.crawl`.

Both run in turn on the same machine against the same server, each in one process of its own, several laps; what counts is the
ratio of a lap to the bare lap beside it (the median of them), in pages per second and in processor seconds, since the absolute
numbers are the machine's. Half of the city's pages are leads that are sealed into the vault, far more than a real sweep has.
With `--memory` only the journey runs, and says what its process holds at each quarter.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from scrapy import Request, Spider
from scrapy.crawler import AsyncCrawlerProcess

from patrol import settings as settings_module
from patrol.crawl import SpiderJob, Teller, run_spider
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
    cpu_seconds: float = 0.0

    @property
    def speed(self) -> float:
        """Pages per second, process start included."""
        return self.pages / self.seconds

    @property
    def cost(self) -> float:
        """Processor milliseconds per page, process start included."""
        return 1000 * self.cpu_seconds / self.pages


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
    began, spent = time.monotonic(), children_seconds()
    command = [sys.executable, "-m", "patrol.bench.crawl", "--bare", str(list_file)]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout  # noqa: S603
    pages = len(list_file.read_text(encoding="utf-8").split())
    return Lap(pages, time.monotonic() - began, int(said.split()[-1]), cpu_seconds=children_seconds() - spent)


def children_seconds() -> float:
    """Return the processor seconds of the child processes that have ended (user and system)."""
    times = os.times()
    return times.children_user + times.children_system


def journey_lap(folder: Path, platform: str, base: str, start: list[str], tell: Teller | None = None) -> Lap:
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
    began, spent = time.monotonic(), children_seconds()
    ended = run_spider(SpiderJob(run=run, campaign=campaign, choice=choice, settings=settings), tell)
    seconds = time.monotonic() - began
    if ended.outcome != "finished":
        raise SystemExit(ended.error)
    counts = ended.counts
    return Lap(counts["fetched"], seconds, counts["peak_mb"], counts["leads"], children_seconds() - spent)


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


@contextmanager
def served(platform: str, extra_pages: int) -> Iterator[tuple[Path, str, list[str]]]:
    """Serve the city; gives a folder to work in, the platform's base and its addresses."""
    with TemporaryDirectory(prefix="bench-crawl-") as folder:
        truths = Path(folder) / "truth.jsonl"
        command = [sys.executable, "-m", "fixtures.city", "--extra-pages", str(extra_pages), "--truth-file", str(truths)]
        city = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603
        try:
            base = json.loads(city.stdout.readline())["bases"][platform] if city.stdout else ""
            rows = (json.loads(line) for line in truths.read_text(encoding="utf-8").splitlines())
            yield Path(folder), base, [row["url"] for row in rows if row["platform"] == platform]
        finally:
            city.terminate()
            city.wait()


def measure(platform: str, extra_pages: int, laps: int) -> int:
    """Run both sides in turn, print one line a lap and the verdict; 1 when a limit is missed."""
    pairs: list[tuple[Lap, Lap]] = []
    with served(platform, extra_pages) as (folder, base, start):
        for lap in range(laps):
            workspace = folder / str(lap)
            workspace.mkdir()
            journey = journey_lap(workspace, platform, base, start)
            pairs.append((journey, bare_lap(_addresses(workspace))))
            _say("journey", pairs[-1][0])
            _say("bare", pairs[-1][1])
    ratio = median(journey.speed / beside.speed for journey, beside in pairs)
    cost = median(beside.cost / journey.cost for journey, beside in pairs)
    peak = max(journey.peak_mb for journey, _ in pairs)
    sys.stdout.write(
        f"ratio {ratio:.2f} in pages/s (at least {LEAST_RATIO}), {cost:.2f} in processor seconds, "
        f"peak {peak} MB (at most {MOST_MB})\n"
    )
    return 0 if ratio >= LEAST_RATIO and peak <= MOST_MB else 1


def memory(platform: str, extra_pages: int) -> int:
    """Run the journey once and print what its process held at each quarter; 1 when it held too much."""
    with served(platform, extra_pages) as (folder, base, start):
        marks = [round(len(start) * quarter / 4) for quarter in (1, 2, 3)]
        (folder / "workspace").mkdir()

        def told(counts: Mapping[str, int]) -> None:
            while marks and counts["fetched"] >= marks[0]:
                marks.pop(0)
                _say_held(counts["fetched"])

        lap = journey_lap(folder / "workspace", platform, base, start, told)
    _say("journey", lap)
    return 0 if lap.peak_mb <= MOST_MB else 1


def _say_held(pages: int) -> None:
    """Print the memory of the spider process, the child that holds most."""
    held = [field_mb(child, "VmRSS"), field_mb(child, "VmHWM")] if (child := _largest_child()) else [0, 0]
    sys.stdout.write(f"after {pages} pages: {held[0]} MB now, {held[1]} MB at most\n")
    sys.stdout.flush()


def _largest_child() -> int:
    tasks = Path(f"/proc/{os.getpid()}/task")
    children = [int(pid) for file in tasks.glob("*/children") for pid in file.read_text().split()] if tasks.is_dir() else []
    spiders = [pid for pid in children if b"patrol.crawl" in Path(f"/proc/{pid}/cmdline").read_bytes()]
    return max(spiders, default=0)


def field_mb(pid: int, name: str) -> int:
    """Return a memory figure of a process in MB, as the system names it (VmRSS: now, VmHWM: at most)."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace").splitlines()
    return next((int(line.split()[1]) // 1000 for line in lines if line.startswith(f"{name}:")), 0)


def _say(name: str, lap: Lap) -> None:
    sys.stdout.write(
        f"{name:8} {lap.pages} pages in {lap.seconds:.1f} s: {lap.speed:.0f} pages/s, {lap.cost:.2f} ms/page, "
        f"{lap.peak_mb} MB, {lap.leads} leads\n"
    )
    sys.stdout.flush()


def main() -> int:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m patrol.bench.crawl", description=__doc__)
    parser.add_argument("--platform", default="wuba58")
    parser.add_argument(
        "--pages", "--extra-pages", dest="extra_pages", type=int, default=2000, help="pages added to the platform"
    )
    parser.add_argument("--laps", type=int, default=3)
    parser.add_argument("--bare", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--memory", action="store_true", help="only the journey, with its memory at each quarter")
    asked = parser.parse_args()
    if asked.bare:
        bare(asked.bare)
        return 0
    if asked.memory:
        return memory(asked.platform, asked.extra_pages)
    return measure(asked.platform, asked.extra_pages, asked.laps)


if __name__ == "__main__":
    raise SystemExit(main())
