"""Run a spider in a child process of its own and bring its Run home. `python -m patrol.crawl` is that child.

A reactor starts only once a process, a browser leaks, a page may hang its reader: so each run has its own process, is watched,
is begun again where it stopped when it died, and takes nothing with it.
"""

import json
import logging
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pkgutil import resolve_name

from patrol.errors import BadInput, CrawlError
from patrol.frontier import Pages, open_frontier
from patrol.frontier.records import Planned
from patrol.model import Run
from patrol.places import is_web_address
from patrol.reporting_line import ReportingLine
from patrol.spider_job import BY_ADDRESS, Atlas, SpiderJob, atlas_of, entry_pages

__all__ = ["SpiderJob", "join_run", "run_spider"]

Counts = Mapping[str, int]
Teller = Callable[[Counts], None]
SILENT_SECONDS = 180.0
_SPIDERS = {"http": "walk", "browser": "browse"}
_SUMMED = ("posts", "leads")
_MOST_DEATHS = 12
_MOST_IDLE_DEATHS = 4


@dataclass(slots=True)
class _Report:
    """What a child said of itself."""

    counts: dict[str, int] = field(default_factory=dict)
    natural: bool | None = None
    trouble: str = ""
    peak_mb: int = 0
    heard_at: float = field(default_factory=time.monotonic)


def run_spider(job: SpiderJob, tell: Teller | None = None) -> Run:
    """Fetch everything a run has to fetch and return how it ended.

    `finished`: every planned page was seen or is recorded as a gap. `stopped` or `failed`: pages wait in the frontier, the run
    is not ended (`ended_at` is None), and the same job taken up again goes on where it stopped. Never raises for what a
    network, a page or a child does. `tell` receives counts: planned, waiting, fetched, posts, leads, and each state by value.
    """
    job = replace(job, deadline=time.time() + 60 * job.settings.number("run_minutes"))
    frontier = open_frontier(job.settings)
    try:
        atlas = atlas_of(job.campaign, job.workspace)
        frontier.add(job.run.id, begun := _entries(job, atlas))
        if not begun and not frontier.tally(job.run.id).planned:
            return _without_entries(job, atlas)
        pages = max(job.choice.max_pages or atlas.named(job.choice.name).budget.pages, len(job.choice.start))
        totals: Counter[str] = Counter()
        deaths, idle, outcome, error = 0, 0, "finished", ""
        while modes := frontier.open_modes(job.run.id):
            mode = "http" if "http" in modes else max(modes)
            before = frontier.tally(job.run.id)
            report, code = _run_child(job.for_child(mode, careful=deaths > 0, pages=pages), _adding(tell, totals))
            for name in _SUMMED:
                totals[name] += report.counts.get(name, 0)
            totals["peak_mb"] = max(totals["peak_mb"], report.peak_mb)
            if report.trouble:
                outcome, error = "failed", report.trouble
                break
            if code == 0 and report.natural and frontier.tally(job.run.id) != before:
                continue
            if code == 0 and report.natural is False:
                outcome, error = "stopped", "巡查被中止；再次运行同一命令会接着做"
                break
            deaths, idle = deaths + 1, idle + 1 if frontier.tally(job.run.id) == before else 0
            if deaths > _MOST_DEATHS or idle > _MOST_IDLE_DEATHS:
                outcome, error = (
                    "failed",
                    f"抓取进程{deaths}次意外结束（{code}）；详情见 logs/{job.run.id}.log，再次运行同一命令会接着做",
                )
                break
        return _ended(job, frontier, totals, outcome, error)
    finally:
        frontier.close()


def _entries(job: SpiderJob, atlas: Atlas) -> list[Planned]:
    """Return the pages a run begins with; none where the source's addresses differ from place to place and none is given."""
    try:
        pages = entry_pages(job, atlas)
    except BadInput:
        return []
    return [page for page in pages if is_web_address(page.url)]


def _without_entries(job: SpiderJob, atlas: Atlas) -> Run:
    """Return a run that could not begin: told as what it is, never as a finished one without finds."""
    counts = {"planned": 0, "waiting": 0, "fetched": 0}
    by_hand = job.choice.name in BY_ADDRESS or atlas.named(job.choice.name).kind == "import"
    if by_hand:
        note = "没有网址可看" if job.choice.name in BY_ADDRESS else "不能自动巡查，由人工录入"
        return replace(job.run, ended_at=datetime.now(UTC), outcome="finished", counts=counts, error=note)
    note = "没有入口地址，未巡查；请在专项行动文件的这个来源里写明 start（网址）或 base（网站地址）"
    return replace(job.run, ended_at=None, outcome="failed", counts=counts, error=note)


def _adding(tell: Teller | None, totals: Mapping[str, int]) -> Teller:
    def told(counts: Counts) -> None:
        if tell is not None:
            tell({name: count + (totals.get(name, 0) if name in _SUMMED else 0) for name, count in counts.items()})

    return told


def _ended(job: SpiderJob, frontier: Pages, totals: Counts, outcome: str, error: str) -> Run:
    tally = frontier.tally(job.run.id)
    skipped = tally.states.get("skipped.budget", 0)
    counts = {
        "planned": tally.planned,
        "waiting": tally.open,
        "fetched": tally.ended - skipped,
        "posts": totals.get("posts", 0),
        "leads": totals.get("leads", 0),
        "peak_mb": totals.get("peak_mb", 0),
        **tally.states,
    }
    ended = datetime.now(UTC) if outcome == "finished" else None
    return replace(job.run, ended_at=ended, outcome=outcome, counts=counts, error=error)


def join_run(job: SpiderJob, tell: Teller) -> bool:
    """Fetch for a run that another machine began, in one child process; return whether it ended well.

    Raises CrawlError for what the child could not do.
    """
    report, code = _run_child(job, tell)
    if report.trouble:
        raise CrawlError(report.trouble)
    return code == 0 and report.natural is not False


def _run_child(job: SpiderJob, tell: Teller) -> tuple[_Report, int]:
    """Run one spider process to its end; return what it reported and its exit code (negative: killed by that signal)."""
    folder = job.workspace / "logs"
    folder.mkdir(parents=True, exist_ok=True)
    report = _Report()
    with (folder / f"{job.run.id}.log").open("ab") as log_file:
        child = subprocess.Popen(
            [sys.executable, "-m", "patrol.crawl"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log_file
        )
        watch = threading.Thread(target=_watch, args=(child, report), daemon=True)
        watch.start()
        try:
            _converse(child, job, report, tell)
        finally:
            if child.poll() is None:
                child.kill()
            code = child.wait()
    return report, code


def _converse(child: subprocess.Popen[bytes], job: SpiderJob, report: _Report, tell: Teller) -> None:
    if child.stdin is None or child.stdout is None:
        raise CrawlError("无法与抓取进程通信")
    try:
        child.stdin.write(job.dump().encode() + b"\n")
        child.stdin.flush()
        for line in child.stdout:
            message = json.loads(line)
            report.heard_at = time.monotonic()
            report.counts = message.get("counts", report.counts)
            report.natural = message.get("natural", report.natural)
            report.trouble = message.get("trouble", report.trouble)
            report.peak_mb = message.get("peak_mb", report.peak_mb)
            if "counts" in message:
                tell(report.counts)
        child.wait()
    except BrokenPipeError:
        child.wait()


def _watch(child: subprocess.Popen[bytes], report: _Report) -> None:
    """Kill a child that has not said anything for too long: a page holds its reader in an endless loop."""
    while child.poll() is None:
        if time.monotonic() - report.heard_at > SILENT_SECONDS:
            child.kill()
            return
        time.sleep(1)


def main() -> int:
    """Be the child: read the job from standard input, run its spider, report on standard output."""
    job = SpiderJob.load(sys.stdin.buffer.readline().decode())
    ReportingLine.open()
    ReportingLine.die_with_parent()
    logging.captureWarnings(capture=True)
    scrapy_settings = resolve_name("spiders.settings:scrapy_settings")
    process = resolve_name("scrapy.crawler:AsyncCrawlerProcess")(scrapy_settings(job))
    process.crawl(_SPIDERS[job.mode])
    process.start()
    return 0


if __name__ == "__main__":
    sys.exit(main())
