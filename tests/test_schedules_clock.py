"""The clock as a process: one a workspace, real children with limits, survives a kill and a clock that is set back."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import apscheduler.schedulers.base
import pytest

import schedules.clock
from patrol.campaigns import CHINA
from patrol.errors import Conflict
from patrol.model import Campaign
from patrol.settings import Settings
from patrol.store import Store
from patrol.store.clock import ClockBook, Occurrence
from schedules.clock import Clock, is_running, only_clock, uptime
from schedules.jobs import Job
from schedules.keeper import Ended, Keeper, Tick
from schedules.works import ChildWork, Starter
from tests.town import Town

PATIENCE = 60.0
NOW = datetime(2027, 1, 20, 4, 0, tzinfo=UTC)
JOB = Job(id="broad_sweep", title="全网巡查", action="sweep", at=("02:30",), late_minutes=720, minutes=1)


def until(condition: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, f"waited too long for: {what}"
        time.sleep(0.05)


def started(workspace: Path, *arguments: str, **environment: str) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "patrol", "--workspace", str(workspace), *arguments]
    return subprocess.Popen(
        command, env={**os.environ, **environment}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    )


@pytest.fixture
def inner(tmp_path: Path) -> Path:
    return tmp_path / "inner"


def long_command(inner: Path) -> Callable[..., list[str]]:
    # a clock of another workspace is a real command that runs until it is told to end, and then ends well
    return lambda *_: ["--workspace", str(inner), "schedule", "start"]


@pytest.fixture
def child(settings: Settings, store: Store, campaign: Campaign, inner: Path) -> Iterator[ChildWork]:
    occurrence = Occurrence(id=1, campaign=campaign.id, job=JOB.id, due_at=NOW)
    work = Starter(settings, ClockBook(store), long_command(inner))(JOB, campaign, occurrence)
    assert isinstance(work, ChildWork)
    until(lambda: is_running(inner), "the child's clock")
    yield work
    work.stop()
    store.close()


def test_stopped_work_ends_gently(child: ChildWork, inner: Path) -> None:
    assert child.poll() is None
    child.stop()
    assert not is_running(inner)
    store = Store.open(inner)
    assert [kind for _, kind, _ in ClockBook(store).events()] == ["start", "stop"]
    store.close()


def test_work_beyond_its_limit_is_ended_and_written_down(
    settings: Settings, store: Store, campaign: Campaign, inner: Path
) -> None:
    book = ClockBook(store)
    keeper = Keeper(book, [campaign], [JOB], Starter(settings, book, long_command(inner)))
    keeper.wake(Tick(NOW, 0.0))
    keeper.tick(Tick(NOW, 0.0))
    until(lambda: is_running(inner), "the child's clock")
    for step in range(1, 6):
        keeper.tick(Tick(NOW + timedelta(seconds=15 * step), 15.0 * step))
    assert not is_running(inner)
    (row,) = [one for one in book.between(NOW - timedelta(days=1), NOW) if one.state != "planned"]
    assert (row.state, row.reason[:8]) == ("done", "运行满 1 分钟")
    store.close()


def test_child_dies_with_its_clock(tmp_path: Path, inner: Path) -> None:
    code = (
        "import sys,time,subprocess;"
        f"p=subprocess.Popen([sys.executable,'-m','schedules.child','--workspace',{str(inner)!r},'schedule','start'],"
        "stdin=subprocess.PIPE,start_new_session=True);time.sleep(600)"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.DEVNULL)
    until(lambda: is_running(inner), "the child's clock")
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    until(lambda: not is_running(inner), "the end of the child")


def test_second_clock_is_refused_with_who_holds_the_first(workspace: Path) -> None:
    with only_clock(workspace):
        second = started(workspace, "schedule", "start")
        _, told = second.communicate(timeout=PATIENCE)
        assert second.returncode == 1
        line = told.decode().strip().splitlines()[-1]
        assert f"进程 {os.getpid()}" in line
        assert "已有调度服务在运行" in line
        with pytest.raises(Conflict), only_clock(workspace):
            pytest.fail("two clocks")
    assert not is_running(workspace)


def today_campaign(path: Path, base: str) -> None:
    today = datetime.now(CHINA).date()
    text = f"""
[campaign]
id = "now"
title = "云川市线上巡查"
region = "云川市"
start = {today}
end = {today + timedelta(days=30)}
summary_due = {today + timedelta(days=29)}
[report]
unit = "云川市教育局"
[[batches]]
number = 1
due = {today + timedelta(days=20)}
[[sources]]
name = "generic"
start = [{", ".join(f'"{base}/p/{number}"' for number in range(7, 27))}]
"""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


JOBS = """
- id: broad_sweep
  title: 全网巡查
  action: sweep
  period: campaign
  at: ["00:00"]
  late_minutes: 1440
  minutes: 60
"""


def test_killed_clock_takes_its_sweep_up_again_and_loses_nothing(workspace: Path) -> None:
    environment = {"PATROL_ALLOW_LOOPBACK": "1", "PATROL_PACE_FACTOR": "0", "PATROL_MIN_FREE_MB": "1", "PATROL_OCR": "0"}
    slow = {"/p/9": lambda handler: (time.sleep(1.0), handler.page(9))[1]}
    with Town(40, slow) as town:
        today_campaign(workspace / "campaigns" / "now.toml", town.base)
        (workspace / "jobs.yml").write_text(JOBS, encoding="utf-8")
        first = started(workspace, "schedule", "start", **environment)
        until(lambda: sum(town.hits.values()) > 5, "the first pages")
        first.kill()
        first.communicate()
        second = started(workspace, "schedule", "start", **environment)
        store = Store.open(workspace)
        book = ClockBook(store)

        def row() -> Occurrence:
            today = datetime.now(CHINA).replace(hour=0, minute=0, second=0, microsecond=0)
            return next(one for one in book.between(today, today) if one.job == "broad_sweep")

        until(lambda: row().state == "done", "the sweep")
        second.send_signal(signal.SIGTERM)
        second.communicate(timeout=PATIENCE)
        assert second.returncode == 0
    assert row().attempts == 2
    assert row().reason == "1个来源，均已覆盖"
    (run,) = store.runs("now")
    assert (run.outcome, run.counts["waiting"]) == ("finished", 0)
    assert run.counts["ok"] == run.counts["planned"] >= 20
    assert {f"/p/{number}" for number in range(7, 27)} <= set(town.hits)
    store.close()


class _Idle:
    def poll(self) -> Ended | None:
        return Ended("done")

    def stop(self) -> None:
        """Nothing runs."""


def test_ticks_go_on_when_the_wall_clock_is_set_back(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    behind = [timedelta(0)]

    class Shifted(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
            return datetime.now(tz) - behind[0]  # type: ignore[arg-type]

    for module in (apscheduler.schedulers.base, schedules.clock):
        monkeypatch.setattr(module, "datetime", Shifted)
    ticks: list[float] = []
    clock = Clock(settings, every=0.1, start_work=lambda *_: _Idle())
    monkeypatch.setattr(Keeper, "tick", lambda *_: ticks.append(time.monotonic()))
    thread = threading.Thread(target=clock.run)
    thread.start()
    try:
        until(lambda: len(ticks) > 2, "the first ticks")
        behind[0] = timedelta(days=1)
        before = len(ticks)
        until(lambda: len(ticks) > before + 3, "ticks after the set-back")
    finally:
        clock.stop()
        thread.join(PATIENCE)


def test_changed_files_are_read_again_and_a_broken_one_is_told_and_kept(
    settings: Settings, workspace: Path, campaign_file: Path
) -> None:
    folder = workspace / "campaigns"
    folder.mkdir(parents=True)
    target = folder / "winter.toml"
    target.write_text(campaign_file.read_text(encoding="utf-8"), encoding="utf-8")
    clock = Clock(settings, every=0.1, start_work=lambda *_: _Idle())
    thread = threading.Thread(target=clock.run)
    thread.start()
    store = None
    try:
        until(lambda: is_running(workspace), "the clock")
        store = Store.open(workspace)
        book = ClockBook(store)
        until(lambda: bool(book.events()), "the start")
        target.write_text(campaign_file.read_text(encoding="utf-8").replace("region =", "regoin ="), encoding="utf-8")
        until(lambda: any("仍按改动前的内容运行" in text for _, _, text in book.notices()), "the fault")
        target.unlink()
        until(lambda: book.events()[-1][2].endswith("在办0项"), "the end of the campaign")
    finally:
        clock.stop()
        thread.join(PATIENCE)
        if store is not None:
            store.close()


def test_uptime_goes_on_and_nobody_sets_it() -> None:
    assert uptime() <= uptime()
