"""One tick of the clock: what is due is run, made up for, merged or recorded as missed; what runs is watched.

Every decision is made from rows and from the two times of the tick, so a simulated campaign and a real one take the same path.
"""

import os
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from patrol.calendar import PublicDays
from patrol.campaigns import CHINA
from patrol.errors import PatrolError, in_words
from patrol.model import Campaign
from patrol.store.clock import ClockBook, Occurrence
from schedules.jobs import Job
from schedules.planner import HOUSE, applies, plan
from schedules.telling import announcement, spoken

JUMP_SECONDS = 300.0
SETTLE_TICKS = 3
SETTLE_SECONDS = 300.0
RETRY_SECONDS = 600.0
SIGN_SECONDS = 60.0
_MOST_ATTEMPTS = 3
_HEAVY = frozenset({"sweep", "watch", "recheck"})


@dataclass(frozen=True, slots=True)
class Ended:
    """How a piece of work ended: `done` or `failed`, one Chinese sentence, and whether trying again may help."""

    state: str
    reason: str = ""
    again: bool = False


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
class _Running:
    """Work under way; `spent` counts the seconds it could really work: neither sleep nor a set clock ends it early."""

    occurrence: Occurrence
    job: Job
    work: Work
    spent: float = 0.0


def _nothing() -> str:
    return ""


@dataclass(slots=True)
class Keeper:
    """Keeps a workspace's schedule. One per workspace; the caller holds the lock.

    `room` says why nothing heavy may begin now (a full disk), or nothing.
    """

    book: ClockBook
    campaigns: Sequence[Campaign]
    jobs: Sequence[Job]
    start_work: Starter
    owner: str = field(default_factory=lambda: f"{os.getpid()}")
    most_at_once: int = 2
    every: timedelta = timedelta(seconds=15)
    public: PublicDays | None = None
    room: Callable[[], str] = _nothing
    _last: Tick | None = None
    _unsettled: int = 0
    _settled_at: float = 0.0
    _planned_at: datetime | None = None
    _cramped: str = ""
    _signed_at: datetime | None = None
    _work: dict[int, _Running] = field(default_factory=dict)
    _resting: dict[int, float] = field(default_factory=dict)

    def wake(self, tick: Tick) -> None:
        """Begin: what was running when the last process died is put back, and the gap since its last sign is planned."""
        since = min(self.book.last_sign() or tick.now, tick.now)
        for occurrence in self.book.running():
            self._take_back(occurrence, tick)
        away = tick.now - since
        if away > timedelta(seconds=JUMP_SECONDS):
            self.book.note_event("gap", f"调度服务从 {spoken(since)} 到 {spoken(tick.now)} 没有运行", tick.now)
        self.book.note_event("start", "调度服务启动", tick.now)
        self._last = tick
        self._plan(since, tick.now)

    def tick(self, tick: Tick) -> None:
        """Look once: watch the clock itself, then what runs, then what is due."""
        last = self._last or tick
        self._last = tick
        self._watch_clock(last, tick)
        self._watch_work(tick, min(tick.uptime - last.uptime, 2 * self.every.total_seconds()))
        if self._unsettled or tick.uptime < self._settled_at:
            self._unsettled = max(0, self._unsettled - 1)
            return
        if self._planned_at is None or abs(tick.now - self._planned_at) >= timedelta(hours=1):
            self._plan(min(last.now, tick.now), tick.now)
        self._watch_room(tick.now)
        for job, group in self._due(tick.now):
            self._settle(job, group, tick)
        if self._signed_at is None or abs(tick.now - self._signed_at) >= timedelta(seconds=SIGN_SECONDS):
            self.book.sign(tick.now)
            self._signed_at = tick.now

    def has_ended_work(self) -> bool:
        """Say whether something that ran has ended and waits for the next tick; may be asked from another thread."""
        return any(running.work.poll() is not None for running in list(self._work.values()))

    def close(self, tick: Tick) -> None:
        """Stop what runs and put it back, so that the next start takes it up."""
        for running in self._work.values():
            running.work.stop()
            self.book.put_back(running.occurrence, "调度服务停止时被中断，下次接着做")
        self._work.clear()
        self.book.note_event("stop", "调度服务停止", tick.now)

    def use(self, campaigns: Sequence[Campaign], jobs: Sequence[Job], public: PublicDays | None) -> None:
        """Go on with changed files from the next tick."""
        self.campaigns, self.jobs, self.public = campaigns, jobs, public
        self._planned_at = None

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
            self._unsettled, self._settled_at = SETTLE_TICKS, tick.uptime + SETTLE_SECONDS
        elif passed > max(JUMP_SECONDS, 2 * self.every.total_seconds()):
            self.book.note_event("sleep", f"本机从 {spoken(last.now)} 到 {spoken(tick.now)} 休眠或停顿", tick.now)

    def _watch_work(self, tick: Tick, passed: float) -> None:
        for number, running in list(self._work.items()):
            running.spent += passed
            ended = running.work.poll()
            if ended is None and running.spent > running.job.minutes * 60:
                running.work.stop()
                ended = Ended("done", f"运行满 {running.job.minutes} 分钟，到时停止；未做完的下次接着做")
            if ended is not None:
                del self._work[number]
                self._ended(running.job, running.occurrence, ended, tick)

    def _ended(self, job: Job, occurrence: Occurrence, ended: Ended, tick: Tick) -> None:
        late = tick.now - occurrence.due_at > timedelta(minutes=job.late_minutes)
        if ended.again and occurrence.attempts < _MOST_ATTEMPTS and not late:
            self.book.put_back(occurrence, f"{ended.reason}；{RETRY_SECONDS / 60:.0f}分钟后再试")
            self._resting[occurrence.id] = tick.uptime + RETRY_SECONDS
            return
        self._write_end(job, occurrence, ended.state, ended.reason, tick.now)

    def _write_end(self, job: Job, occurrence: Occurrence, state: str, reason: str, now: datetime) -> None:
        """Write what became of an occurrence, and tell people once a day and job what they should know."""
        self.book.end(occurrence, state=state, reason=reason, now=now)
        campaign = self._campaign(occurrence.campaign)
        words = announcement(job, campaign, occurrence, state, reason) if campaign else ""
        if words:
            self.book.notice(f"{now.astimezone(CHINA):%Y-%m-%d}", f"{occurrence.campaign}:job:{job.id}", words, now)

    def _watch_room(self, now: datetime) -> None:
        cramped = self.room()
        if bool(cramped) != bool(self._cramped):
            self.book.note_event("disk" if cramped else "room", cramped or "磁盘空间已恢复，继续巡查", now)
        if cramped:
            self.book.notice(f"{now.astimezone(CHINA):%Y-%m-%d}", "disk", cramped, now)
        self._cramped = cramped

    def _plan(self, since: datetime, now: datetime) -> None:
        self._planned_at = now
        every = (*self.campaigns, HOUSE)
        for campaign in every:
            others = [other for other in self.campaigns if other is not campaign]
            plan(self.book, campaign, self.jobs, since=since, now=now, public=self.public, others=others)
        known = {(campaign.id, job.id) for campaign in every for job in self.jobs if applies(job, campaign)}
        self.book.cancel_strangers(known, reason="专项行动已关闭、文件已移走，或任务已从任务表删去")

    def _campaign(self, identity: str) -> Campaign | None:
        return next((known for known in (*self.campaigns, HOUSE) if known.id == identity), None)

    def _due(self, now: datetime) -> list[tuple[Job, list[Occurrence]]]:
        jobs = {job.id: job for job in self.jobs}
        groups: dict[tuple[str, str], list[Occurrence]] = defaultdict(list)
        for occurrence in self.book.due(now):
            groups[occurrence.campaign, occurrence.job].append(occurrence)
        return [(jobs[job], group) for (_, job), group in groups.items() if job in jobs]

    def _settle(self, job: Job, group: list[Occurrence], tick: Tick) -> None:
        """Decide on the due occurrences of one job: too late ones are missed, of the rest the newest runs for all."""
        campaign, now = self._campaign(group[0].campaign), tick.now
        if campaign is None:
            return
        paused = self.book.paused(campaign.id).get(job.id)
        open_ones: list[Occurrence] = []
        for occurrence in group:
            if paused:
                self.book.end(occurrence, state="missed", reason=f"任务已暂停（{paused}）", now=now)
            elif now - occurrence.due_at > timedelta(minutes=job.late_minutes):
                self._write_end(job, occurrence, "missed", self._why_missed(occurrence, job), now)
            else:
                open_ones.append(occurrence)
        if not open_ones or self._held_up(job, campaign) or self._resting.get(open_ones[-1].id, 0.0) > tick.uptime:
            return
        *earlier, newest = open_ones
        for occurrence in earlier:
            self.book.end(occurrence, state="merged", reason=f"并入 {spoken(newest.due_at)} 的一次补做", now=now)
        self._begin(job, campaign, newest, tick)

    def _held_up(self, job: Job, campaign: Campaign) -> bool:
        running = self._work.values()
        if any(one.occurrence.campaign == campaign.id and one.job.id == job.id for one in running):
            return True
        if job.action not in _HEAVY:
            return False
        heavy = [one for one in running if one.job.action in _HEAVY]
        # two sweeps of one campaign would fight over the same hosts
        same = any(one.occurrence.campaign == campaign.id for one in heavy)
        return bool(self._cramped) or same or len(heavy) >= self.most_at_once

    def _begin(self, job: Job, campaign: Campaign, occurrence: Occurrence, tick: Tick) -> None:
        if not self.book.start(occurrence, owner=self.owner, now=tick.now):
            return
        started = next(one for one in self.book.running() if one.id == occurrence.id)
        try:
            self._work[occurrence.id] = _Running(started, job, self.start_work(job, campaign, started))
        except (PatrolError, OSError) as error:
            self._ended(job, started, Ended("failed", f"无法启动：{in_words(error)}", again=True), tick)

    def _why_missed(self, occurrence: Occurrence, job: Job) -> str:
        if self._cramped and job.action in _HEAVY:
            return f"{self._cramped}；超过 {job.late_minutes} 分钟不再补做"
        for at, kind, text in reversed(self.book.events()):
            if kind in {"gap", "sleep", "jump", "disk"} and at >= occurrence.due_at:
                return f"{text}；超过 {job.late_minutes} 分钟不再补做"
        if occurrence.reason:
            return f"{occurrence.reason}；超过 {job.late_minutes} 分钟不再补做"
        return f"前一项任务占用，超过 {job.late_minutes} 分钟不再补做"


def account(book: ClockBook, first: datetime, last: datetime) -> Mapping[str, int]:
    """Count what became of the occurrences of a span, by state."""
    counts: dict[str, int] = defaultdict(int)
    for occurrence in book.between(first, last):
        counts[occurrence.state] += 1
    return dict(counts)
