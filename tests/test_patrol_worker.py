"""Workers: several processes fetch for one sweep; a killed one loses nothing and nothing is stored twice."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import RedisError

from patrol.crawl import run_spider
from patrol.errors import StoreError
from patrol.frontier.shared import SharedFrontier
from patrol.spider_job import SpiderJob, atlas_of, entry_pages
from tests.crawling import kept_pages, town_job
from tests.redis_server import redis_server
from tests.town import Town

TOWNS, SIZE = 4, 20
SLOWLY = "{follow: {kinds: []}, pace: {delay: [0.25, 0.25], concurrency: 1}}"
PATIENCE = 60


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with redis_server(tmp_path_factory.mktemp("redis")) as url:
        yield url


def start_worker(workspace: Path, url: str, *options: str) -> subprocess.Popen[bytes]:
    """Start `patrol worker` as a machine of its own: another workspace, the same shared frontier."""
    workspace.mkdir()
    town_job(workspace, "http://127.0.0.1", platform=SLOWLY)
    command = [sys.executable, "-m", "patrol", "--workspace", str(workspace), "worker", *options]
    knobs = {"PATROL_FRONTIER_URL": url, "PATROL_ALLOW_LOOPBACK": "1", "PATROL_PACE_FACTOR": "1", "PATROL_OBEY_ROBOTS": "0"}
    return subprocess.Popen(
        command, env={**os.environ, **knobs}, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True
    )


def fetched_by(workspace: Path) -> int:
    """Return how many different pages a machine has fetched."""
    return len(list((workspace / "spool").glob("*")))


def offer(url: str, job: SpiderJob) -> None:
    """Plan a run and offer it, as a desk does before it fetches anything itself."""
    frontier = SharedFrontier.open(url)
    frontier.add(job.run.id, entry_pages(job, atlas_of(job.campaign, job.workspace)))
    frontier.offer(job.run.id, replace(job, deadline=time.time() + PATIENCE, pages=1000).dump())
    frontier.close()


def listening(url: str) -> int:
    """Return how many workers wait for something to do."""
    with Redis.from_url(url) as connection:
        return len(connection.keys("patrol:alive:*"))


def until(holds: Callable[[], bool]) -> None:
    limit, pause = time.monotonic() + PATIENCE, threading.Event()
    while not holds() and time.monotonic() < limit:
        pause.wait(0.02)


def end(workers: Sequence[subprocess.Popen[bytes]]) -> None:
    for worker in workers:
        if worker.poll() is None:
            os.killpg(worker.pid, signal.SIGKILL)
        worker.wait()


def test_one_of_two_workers_killed_and_every_page_is_stored_once(tmp_path: Path, server: str) -> None:
    desk, doomed, steady = tmp_path / "desk", tmp_path / "doomed", tmp_path / "steady"
    with ExitStack() as stack:
        towns = [stack.enter_context(Town(SIZE)) for _ in range(TOWNS)]
        pages = [f"{town.base}/p/{number}" for number in range(SIZE) for town in towns]
        job = town_job(desk, towns[0].base, platform=SLOWLY, start=pages, frontier_url=server, pace_factor=1.0, obey_robots=False)
        workers = [start_worker(doomed, server), start_worker(steady, server)]
        try:
            until(lambda: listening(server) == 2)
            offer(server, job)
            until(lambda: min(fetched_by(doomed), fetched_by(steady)) >= 3)
            end(workers[:1])
            run = run_spider(job)
        finally:
            end(workers)
    assert (run.outcome, run.counts["fetched"], run.counts["waiting"]) == ("finished", len(pages), 0), run.error
    assert Counter(str(page["url"]) for page in kept_pages(desk)) == Counter(pages)
    assert {page["state"] for page in kept_pages(desk)} == {"ok"}
    assert (workers[0].returncode, fetched_by(steady) >= 3) == (-signal.SIGKILL, True)


def test_what_a_worker_read_waits_for_the_desk(tmp_path: Path, server: str) -> None:
    desk = tmp_path / "desk"
    with Town(6) as town:
        pages = [f"{town.base}/p/{number}" for number in range(6)]
        job = town_job(desk, town.base, platform=SLOWLY, run="run-2", start=pages, frontier_url=server, obey_robots=False)
        offer(server, job)
        worker = start_worker(tmp_path / "worker", server)
        frontier = SharedFrontier.open(server)
        until(lambda: len(frontier.parcels("run-2")) == 6)
        end([worker])
        frontier.close()
    # the site is gone: only what was handed over can be stored now
    run = run_spider(job)
    assert (run.outcome, run.counts["fetched"]) == ("finished", 6)
    assert Counter(str(page["url"]) for page in kept_pages(desk)) == Counter(pages)
    assert {page["state"] for page in kept_pages(desk)} == {"ok"}


def test_a_server_that_dies_ends_the_run_with_a_word(tmp_path: Path) -> None:
    with redis_server(tmp_path) as url, Town(SIZE) as town:
        job = town_job(tmp_path / "desk", town.base, frontier_url=url, obey_robots=False)

        def shut_down(counts: Mapping[str, int]) -> None:
            if counts["fetched"]:
                with Redis.from_url(url) as server, suppress(RedisError):
                    server.shutdown(nosave=True)

        with pytest.raises(StoreError, match="frontier_url"):
            run_spider(job, shut_down)
    assert kept_pages(tmp_path / "desk")


def test_a_worker_without_a_shared_frontier_says_what_to_set(tmp_path: Path) -> None:
    worker = start_worker(tmp_path / "worker", "")
    told = worker.communicate(timeout=PATIENCE)[1].decode()
    assert (worker.returncode, "frontier_url" in told) == (2, True)
