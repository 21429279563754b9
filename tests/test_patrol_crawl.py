"""A whole run in its child process against a town on loopback: nothing lost, nothing twice, every page ended with a reason."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from patrol.crawl import run_spider
from patrol.errors import StorageFull
from patrol.frontier import Frontier
from patrol.model import PageResult, State
from tests.crawling import kept_pages, reasons_of, states_of, town_job
from tests.plain_keeper import PlainKeeper
from tests.town import Town, now_and_then, says

ROOT = Path(__file__).parents[1]
CHILD_LIMIT = 60


def test_a_run_reads_every_page_of_the_tree_once(tmp_path: Path) -> None:
    told: list[int] = []
    with Town(60) as town:
        run = run_spider(town_job(tmp_path, town.base), lambda counts: told.append(counts["fetched"]))
    assert (run.outcome, run.error) == ("finished", "")
    assert run.counts["ok"] == run.counts["planned"] == run.counts["posts"] == 60
    assert run.counts["waiting"] == 0
    assert run.ended_at is not None
    assert {path: n for path, n in town.hits.items() if path.startswith("/p/")} == {f"/p/{n}": 1 for n in range(60)}
    assert told[-1] == 60


def test_the_bytes_of_each_page_lie_in_the_spool_under_their_digest(tmp_path: Path) -> None:
    with Town(3) as town:
        run_spider(town_job(tmp_path, town.base))
    pages = kept_pages(tmp_path)
    assert len(pages) == 3
    for page in pages:
        assert "小镇" in (tmp_path / "spool" / str(page["sha256"])).read_text(encoding="utf-8")
        assert page["captures"] == [page["sha256"]]
        assert page["ip"] == "127.0.0.1"


def test_pages_over_the_budget_are_recorded_as_not_fetched(tmp_path: Path) -> None:
    with Town(100) as town:
        run = run_spider(town_job(tmp_path, town.base, platform="budget: {pages: 10, depth: 60}"))
    assert run.counts["ok"] == 10
    assert run.counts["fetched"] == 10
    assert run.counts["planned"] == 10 + run.counts["skipped.budget"]
    assert Counter(states_of(tmp_path, town.base).values())["skipped.budget"] == run.counts["skipped.budget"] > 0


def test_a_run_out_of_time_records_the_rest(tmp_path: Path) -> None:
    with Town(100) as town:
        run = run_spider(town_job(tmp_path, town.base, run_minutes=0))
    assert run.outcome == "finished"
    assert run.counts["skipped.budget"] == run.counts["planned"] == 1


def test_a_host_that_is_not_there_ends_as_a_gap(tmp_path: Path) -> None:
    run = run_spider(town_job(tmp_path, "http://127.0.0.1:9"))
    assert run.outcome == "finished"
    assert run.counts["failed.network"] == 1
    assert reasons_of(tmp_path, "http://127.0.0.1:9") == {"/p/0": "网站拒绝连接"}


def test_a_job_survives_its_line_of_json(tmp_path: Path) -> None:
    job = town_job(tmp_path, "http://127.0.0.1:9")
    assert job.load(job.dump()) == job


def test_a_disk_without_room_stops_the_run_and_the_same_job_goes_on_later(tmp_path: Path) -> None:
    with Town(40) as town:
        job = town_job(tmp_path, town.base)
        stopped = run_spider(replace(job, screener="tests.test_patrol_crawl:FullDisk"))
        assert (stopped.outcome, stopped.ended_at) == ("failed", None)
        assert "磁盘空间不足" in stopped.error
        assert stopped.counts["waiting"] > 0
        run = run_spider(job)
    assert run.outcome == "finished"
    assert set(states_of(tmp_path, town.base)) == {f"/p/{n}" for n in range(40)}


class FullDisk:
    """A keeper that runs out of room."""

    @classmethod
    def open(cls, *_: object, **__: object) -> "FullDisk":
        return cls()

    def record_pages(self, _: object) -> list[list[object]]:
        raise StorageFull("磁盘空间不足")

    def close(self) -> None:
        """Nothing to close."""


class Poisoned(PlainKeeper):
    """A keeper whose process dies of one page."""

    def record_page(self, result: PageResult) -> list[object]:
        if result.visit.url.endswith("/p/7") and result.visit.state is State.OK:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().record_page(result)


def test_a_page_that_kills_its_process_is_found_out_and_passed_over(tmp_path: Path) -> None:
    with Town(60) as town:
        job = replace(town_job(tmp_path, town.base), screener="tests.test_patrol_crawl:Poisoned")
        run = run_spider(job)
    states = states_of(tmp_path, town.base)
    assert run.outcome == "finished", run.error
    assert states.pop("/p/7") == "changed"
    assert "失去响应" in reasons_of(tmp_path, town.base)["/p/7"]
    # what only the poisoned page leads to is not known
    assert set(states.values()) == {"ok"}
    assert len(states) >= 40


SWEEP = "import sys; from patrol.crawl import *; print(run_spider(SpiderJob.load(sys.stdin.read())).outcome)"


def _until(done: int, workspace: Path, process: subprocess.Popen[str]) -> None:
    limit = time.monotonic() + CHILD_LIMIT
    path = workspace / "kept.jsonl"
    while process.poll() is None and time.monotonic() < limit:
        if path.exists() and path.read_bytes().count(b"\n") >= done:
            return
        time.sleep(0.005)


def test_killed_at_ten_moments_the_run_still_ends_whole(tmp_path: Path) -> None:
    size, kills = 440, 10
    with Town(size) as town:
        job = town_job(tmp_path, town.base).dump()
        for turn in range(1, kills + 1):
            sweep = subprocess.Popen(
                [sys.executable, "-c", SWEEP], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
            )
            assert sweep.stdin is not None
            sweep.stdin.write(job)
            sweep.stdin.close()
            _until(turn * 35, tmp_path, sweep)
            sweep.kill()
            sweep.wait()
        last = subprocess.run([sys.executable, "-c", SWEEP], input=job, capture_output=True, text=True, cwd=ROOT, check=True)
    assert last.stdout.strip() == "finished"
    frontier = Frontier.open(tmp_path)
    tally = frontier.tally("run-1")
    frontier.close()
    assert (tally.open, dict(tally.states)) == (0, {"ok": size})
    assert set(states_of(tmp_path, town.base)) == {f"/p/{n}" for n in range(size)}


def signal_once(signal_number: int, workspace: Path) -> Callable[[object], None]:
    """Return a listener that sends a signal to the spider process once it has kept some pages."""
    victims: list[int] = []

    def listen(_: object) -> None:
        if not victims and len(kept_pages(workspace)) >= 20:
            found = subprocess.run(["pgrep", "-P", str(os.getpid()), "-f", "patrol.crawl"], capture_output=True, check=True)
            victims.append(int(found.stdout.split()[0]))
            os.kill(victims[0], signal_number)

    return listen


def test_a_killed_child_is_begun_again_where_it_stopped(tmp_path: Path) -> None:
    with Town(600) as town:
        run = run_spider(town_job(tmp_path, town.base), signal_once(signal.SIGKILL, tmp_path))
    assert run.outcome == "finished"
    assert run.counts["ok"] == 600


def test_a_run_that_is_asked_to_stop_stops_and_goes_on_when_asked_again(tmp_path: Path) -> None:
    with Town(600) as town:
        job = town_job(tmp_path, town.base)
        stopped = run_spider(job, signal_once(signal.SIGTERM, tmp_path))
        assert (stopped.outcome, stopped.ended_at) == ("stopped", None)
        assert stopped.counts["waiting"] > 0
        assert stopped.counts.get("skipped.budget", 0) == 0
        run = run_spider(job)
    assert (run.outcome, run.counts["ok"]) == ("finished", 600)


def test_pasted_addresses_are_the_run(tmp_path: Path) -> None:
    with Town(5, {"/shut": says("关门", 403), "/busy": now_and_then(503, 1)}) as town:
        start = [f"{town.base}/{path}" for path in ("p/1", "shut", "busy")]
        job = town_job(tmp_path, town.base, start=start, platform="budget: {pages: 1, depth: 0}")
        run = run_spider(job)
    assert run.counts["planned"] == 3
    assert states_of(tmp_path, town.base)["/busy"] == "ok"
