"""The clock process: one per workspace, drives the keeper every few seconds and sends notices, until it is told to stop."""

import json
import logging
import os
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from apscheduler.events import EVENT_JOB_ERROR, JobExecutionEvent
from apscheduler.schedulers.background import BackgroundScheduler
from filelock import FileLock, Timeout
from structlog.stdlib import BoundLogger

from patrol.campaigns import CHINA
from patrol.errors import BadInput, Conflict
from patrol.operation.logs import open_log
from patrol.operation.notices import deliver
from patrol.settings import Settings
from patrol.store import Store
from patrol.store.clock import ClockBook
from schedules.keeper import Keeper, Starter, Tick
from schedules.roster import Roster, Signature, load_roster, signature
from schedules.telling import spoken
from schedules.works import Starter as CommandStarter

LOCK, HOLDER = "clock.lock", "clock.json"
_MOST_FAILURES = 20
_MEGABYTE = 1_000_000


def uptime() -> float:
    """Return seconds that nobody can set and that go on in sleep, where the system has such a clock."""
    for name in ("CLOCK_BOOTTIME", "CLOCK_MONOTONIC"):
        if hasattr(time, name):
            return time.clock_gettime(getattr(time, name))
    return time.monotonic()


@contextmanager
def only_clock(workspace: Path) -> Iterator[None]:
    """Hold the workspace's clock lock; Conflict when another process holds it. A killed holder's lock is free at once."""
    workspace.mkdir(parents=True, exist_ok=True)
    lock, holder = FileLock(workspace / LOCK), workspace / HOLDER
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise Conflict(f"本工作区已有调度服务在运行（{_described(holder)}），没有再启动一个；查看用 patrol status") from error
    try:
        about = {"pid": os.getpid(), "since": datetime.now(UTC).isoformat(timespec="seconds")}
        holder.write_text(json.dumps(about), encoding="utf-8")
        yield
    finally:
        holder.unlink(missing_ok=True)
        lock.release()


def is_running(workspace: Path) -> bool:
    """Say whether a clock holds the workspace's lock now."""
    if not (workspace / LOCK).exists():
        return False
    lock = FileLock(workspace / LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return True
    lock.release()
    return False


def _described(holder: Path) -> str:
    try:
        about = json.loads(holder.read_text(encoding="utf-8"))
        return f"进程 {about['pid']}，{spoken(datetime.fromisoformat(about['since']))} 启动"
    except (OSError, ValueError, KeyError):
        return "进程不明"


@dataclass
class Clock:
    """Everything the clock process holds. `stop` ends it; `began` is called when it really runs; tests replace `start_work`."""

    settings: Settings
    every: float = 15.0
    start_work: Starter | None = None
    began: Callable[[], None] = lambda: None
    failed: bool = False
    _stop: threading.Event = field(default_factory=threading.Event)
    _failures: int = 0
    _ticked_at: float = 0.0
    _seen: Signature = ()
    _log: BoundLogger = field(init=False)
    _store: Store = field(init=False)
    _roster: Roster = field(init=False)
    _keeper: Keeper = field(init=False)

    def stop(self) -> None:
        """Ask the clock to end; what runs is interrupted gently and put back."""
        self._stop.set()

    def run(self) -> None:
        """Keep time until stopped. Conflict when another clock works here; BadInput when a file cannot be read at the start."""
        with only_clock(self.settings.workspace):
            self._log = open_log(self.settings.workspace, self.settings.text("log_level"))
            self._store = Store.open(self.settings.workspace)
            try:
                self._run()
            finally:
                self._store.close()

    def _run(self) -> None:
        book = ClockBook(self._store)
        self._roster = load_roster(self.settings.workspace, self._store)
        self._seen = signature(self.settings.workspace, self._store)
        self._keeper = Keeper(
            book,
            self._roster.campaigns,
            self._roster.jobs,
            self.start_work or CommandStarter(self.settings, book),
            every=timedelta(seconds=self.every),
            public=self._roster.public,
            room=self._room,
        )
        self._keeper.wake(_now())
        self._log.info("clock started", campaigns=[one.id for one in self._roster.campaigns], jobs=len(self._roster.jobs))
        scheduler = self._scheduler()
        scheduler.start()
        self.began()
        try:
            self._watch(scheduler)
        finally:
            scheduler.shutdown(wait=True)
            self._keeper.close(_now())
            self._log.info("clock stopped", failed=self.failed)

    def _scheduler(self) -> BackgroundScheduler:
        defaults = {"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        scheduler = BackgroundScheduler(timezone=CHINA, job_defaults=defaults)
        now = datetime.now(CHINA)
        scheduler.add_job(self._tick, "interval", seconds=self.every, id="tick", next_run_time=now)
        scheduler.add_job(self._send, "interval", seconds=max(60.0, self.every), id="notices", next_run_time=now)
        scheduler.add_listener(self._note_failure, EVENT_JOB_ERROR)
        return scheduler

    def _watch(self, scheduler: BackgroundScheduler) -> None:
        """Wait for the end. The scheduler counts by the wall clock: set back a day, it would sleep a day, so it is woken.

        Work that has ended is written down at once, for what waits behind it.
        """
        self._ticked_at = time.monotonic()
        while not self._stop.wait(min(1.0, self.every)):
            if self._keeper.has_ended_work():
                scheduler.modify_job("tick", next_run_time=datetime.now(CHINA))
            if time.monotonic() - self._ticked_at > 3 * self.every:
                self._ticked_at = time.monotonic()
                now = datetime.now(CHINA)
                for job in ("tick", "notices"):
                    scheduler.modify_job(job, next_run_time=now)

    def _tick(self) -> None:
        self._ticked_at = time.monotonic()
        self._refresh()
        self._keeper.tick(_now())
        self._failures, self._ticked_at = 0, time.monotonic()

    def _send(self) -> None:
        store = Store.open(self.settings.workspace)
        try:
            for line in deliver(ClockBook(store), self.settings, datetime.now(UTC)):
                self._log.info("notices", channel=line)
        except BadInput as error:
            self._log.warning("notices not set right", reason=str(error))
        finally:
            store.close()

    def _refresh(self) -> None:
        """Read changed files again; what is broken is told once a day and goes on as it was."""
        seen = signature(self.settings.workspace, self._store)
        if seen == self._seen:
            return
        self._seen = seen
        self._roster = load_roster(self.settings.workspace, self._store, self._roster)
        self._keeper.use(self._roster.campaigns, self._roster.jobs, self._roster.public)
        book, now = ClockBook(self._store), datetime.now(UTC)
        for fault in self._roster.faults:
            text = f"改动后的文件有误，仍按改动前的内容运行：{fault}"
            book.note_event("fault", text, now)
            book.notice(f"{now.astimezone(CHINA):%Y-%m-%d}", f"file:{fault[:80]}", text, now)
        book.note_event("files", f"已重新读取专项行动、任务表和日历：在办{len(self._roster.campaigns)}项", now)
        self._log.info("files read again", campaigns=[one.id for one in self._roster.campaigns], faults=len(self._roster.faults))

    def _room(self) -> str:
        free = shutil.disk_usage(self.settings.workspace).free // _MEGABYTE
        need = int(self.settings.number("min_free_mb"))
        return f"磁盘剩余 {free} MB，低于 {need} MB，已停止新的巡查和取证；请清理磁盘或扩容" if free < need else ""

    def _note_failure(self, event: JobExecutionEvent) -> None:
        self._failures += 1
        self._log.error("clock work failed", work=event.job_id, error=repr(event.exception), times=self._failures)
        if self._failures >= _MOST_FAILURES:
            # let the service manager start a fresh process
            self.failed = True
            self._stop.set()


def _now() -> Tick:
    return Tick(datetime.now(UTC), uptime())


def quiet_libraries() -> None:
    """Keep the scheduler library's own story out of the terminal."""
    logging.getLogger("apscheduler").setLevel(logging.ERROR if sys.stderr.isatty() else logging.WARNING)
