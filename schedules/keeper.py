"""One tick of the clock: what is due is run, made up for, merged or recorded as missed; what runs is watched.

Every decision is made from rows and from the two times of the tick, so a simulated campaign and a real one take the same path.
"""

import os
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from patrol.campaigns import CHINA
from patrol.model import Campaign
from patrol.store.clock import ClockBook, Occurrence
from schedules.jobs import Job
from schedules.planner import plan

JUMP_SECONDS = 300.0
SETTLE_TICKS = 3
_MOST_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Ended:
    """How a piece of work ended: `done` or `failed`, and one Chinese sentence."""

    state: str
    reason: str = ""


class Work(Protocol):
    """A running piece of work, usually a child process."""

    def poll(self) -> Ended | None:
        """Return how it ended, or None while it runs."""

    def stop(self) -> None:
        """Stop it; what it stored stays."""


Starter = Callable[[Job, Campaign, Occurrence], Work]


@dataclass(frozen=True, slots=True)
class Tick:
    """The two times of a tick: `now` as the wall clock says, `uptime` seconds that no one can set (counts sleep too)."""

    now: datetime
    uptime: float


@dataclass(slots=True)
class Keeper:
    """Keeps a workspace's schedule. One per workspace; the caller holds the lock."""

    book: ClockBook
    campaigns: Sequence[Campaign]
    jobs: Sequence[Job]
    start_work: Starter
    owner: str = field(default_factory=lambda: f"{os.getpid()}")
    most_at_once: int = 2
    every: timedelta = timedelta(seconds=15)
    _last: Tick | None = None
    _unsettled: int = 0
    _planned_at: datetime | None = None
    _work: dict[int, tuple[Occurrence, Job, Work]] = field(default_factory=dict)

    def wake(self, tick: Tick) -> None:
        """Begin: what was running when the last process died is put back, and the gap since its last sign is planned."""
        since = self._last_sign() or tick.now
        for occurrence in self.book.running():
            self._take_back(occurrence, tick)
        away = tick.now - since
        if away > timedelta(seconds=JUMP_SECONDS):
            self.book.note_event("gap", f"调度服务从 {_spoken(since)} 到 {_spoken(tick.now)} 没有运行", tick.now)
        self.book.note_event("start", "调度服务启动", tick.now)
        self._last = tick
        self._plan(since, tick.now)

    def tick(self, tick: Tick) -> None:
        """Look once: watch the clock itself, then what runs, then what is due."""
        last = self._last or tick
        self._last = tick
        self._watch_clock(last, tick)
        self._watch_work(tick.now)
        if self._unsettled:
            self._unsettled -= 1
            return
        if self._planned_at is None or abs(tick.now - self._planned_at) >= timedelta(hours=1):
            self._plan(min(last.now, tick.now), tick.now)
        for job, group in self._due(tick.now):
            self._settle(job, group, tick.now)
        self.book.sign(tick.now)

    def close(self, tick: Tick) -> None:
        """Stop what runs and put it back, so that the next start takes it up."""
        for occurrence, _, work in self._work.values():
            work.stop()
            self.book.put_back(occurrence, "调度服务停止时被中断，下次接着做")
        self._work.clear()
        self.book.note_event("stop", "调度服务停止", tick.now)

    def _last_sign(self) -> datetime | None:
        return self.book.last_sign()

    def _take_back(self, occurrence: Occurrence, tick: Tick) -> None:
        if occurrence.attempts >= _MOST_ATTEMPTS:
            reason = f"连续{occurrence.attempts}次在运行中意外中断，不再重试"
            self.book.end(occurrence, state="failed", reason=reason, now=tick.now)
            return
        self.book.put_back(occurrence, "上次运行意外中断，接着做")

    def _watch_clock(self, last: Tick, tick: Tick) -> None:
        """Tell a jump of the wall clock from a sleep: uptime counts sleep, but nobody can set it.

        After a jump nothing is begun until the clock has agreed with itself for some ticks: a wrong date put right within
        minutes then costs nothing, and runs nothing early.
        """
        passed, shown = tick.uptime - last.uptime, (tick.now - last.now).total_seconds()
        if abs(shown - passed) > JUMP_SECONDS:
            way = "向前" if shown > passed else "向后"
            self.book.note_event(
                "jump", f"系统时间{way}跳了 {abs(shown - passed) / 3600:.1f} 小时，暂缓安排，待时钟稳定", tick.now
            )
            self._unsettled = SETTLE_TICKS
        elif passed > max(JUMP_SECONDS, 2 * self.every.total_seconds()):
            self.book.note_event("sleep", f"本机从 {_spoken(last.now)} 到 {_spoken(tick.now)} 休眠或停顿", tick.now)

    def _watch_work(self, now: datetime) -> None:
        for number, (occurrence, job, work) in list(self._work.items()):
            ended = work.poll()
            if ended is None and occurrence.started_at and now - occurrence.started_at > timedelta(minutes=job.minutes):
                work.stop()
                ended = Ended("done", f"运行满 {job.minutes} 分钟，到时停止；未取的页面下次接着取")
            if ended is not None:
                self.book.end(occurrence, state=ended.state, reason=ended.reason, now=now)
                del self._work[number]

    def _plan(self, since: datetime, now: datetime) -> None:
        self._planned_at = now
        for campaign in self.campaigns:
            plan(self.book, campaign, self.jobs, since=since, now=now)

    def _due(self, now: datetime) -> list[tuple[Job, list[Occurrence]]]:
        jobs = {job.id: job for job in self.jobs}
        groups: dict[tuple[str, str], list[Occurrence]] = defaultdict(list)
        for occurrence in self.book.due(now):
            groups[occurrence.campaign, occurrence.job].append(occurrence)
        return [(jobs[job], group) for (_, job), group in groups.items() if job in jobs]

    def _settle(self, job: Job, group: list[Occurrence], now: datetime) -> None:
        """Decide on the due occurrences of one job: too late ones are missed, of the rest the newest runs for all."""
        campaign = next((known for known in self.campaigns if known.id == group[0].campaign), None)
        if campaign is None:
            return
        paused = self.book.paused(campaign.id).get(job.id)
        open_ones: list[Occurrence] = []
        for occurrence in group:
            if paused:
                self.book.end(occurrence, state="missed", reason=f"任务已暂停（{paused}）", now=now)
            elif now - occurrence.due_at > timedelta(minutes=job.late_minutes):
                self.book.end(occurrence, state="missed", reason=self._why_missed(occurrence, job), now=now)
            else:
                open_ones.append(occurrence)
        if not open_ones or self._busy(job, campaign) or len(self._work) >= self.most_at_once:
            return
        *earlier, newest = open_ones
        for occurrence in earlier:
            self.book.end(occurrence, state="merged", reason=f"并入 {_spoken(newest.due_at)} 的一次补做", now=now)
        self._begin(job, campaign, newest, now)

    def _busy(self, job: Job, campaign: Campaign) -> bool:
        running = ((known, occurrence) for occurrence, known, _ in self._work.values())
        # two sweeps of one campaign would fight over the same hosts
        return any(
            occurrence.campaign == campaign.id and (known.id == job.id or {known.action, job.action} <= {"sweep", "watch"})
            for known, occurrence in running
        )

    def _begin(self, job: Job, campaign: Campaign, occurrence: Occurrence, now: datetime) -> None:
        if not self.book.start(occurrence, owner=self.owner, now=now):
            return
        started = next(one for one in self.book.running() if one.id == occurrence.id)
        self._work[occurrence.id] = (started, job, self.start_work(job, campaign, started))

    def _why_missed(self, occurrence: Occurrence, job: Job) -> str:
        for at, kind, text in reversed(self.book.events()):
            if kind in {"gap", "sleep", "jump"} and at >= occurrence.due_at:
                return f"{text}；超过 {job.late_minutes} 分钟不再补做"
        return f"前一项任务占用，超过 {job.late_minutes} 分钟不再补做"


def _spoken(moment: datetime) -> str:
    return f"{moment.astimezone(CHINA):%m月%d日 %H:%M}"


def account(book: ClockBook, first: datetime, last: datetime) -> Mapping[str, int]:
    """Count what became of the occurrences of a span, by state."""
    counts: dict[str, int] = defaultdict(int)
    for occurrence in book.between(first, last):
        counts[occurrence.state] += 1
    return dict(counts)
