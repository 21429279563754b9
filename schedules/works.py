"""What an occurrence starts: a `patrol` command in a child process of its own, or a notice."""

import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from patrol.campaigns import CHINA
from patrol.model import Campaign
from patrol.settings import Settings
from patrol.store.clock import ClockBook, Occurrence
from schedules.jobs import Job
from schedules.keeper import Ended, Work

_STOP_SECONDS = 20
_LAST_LINE = 300
Arguments = Callable[[Job, Campaign, Occurrence], Sequence[str]]


@dataclass(slots=True)
class ChildWork:
    """A command that runs; its last line of standard error is the reason when it fails."""

    process: subprocess.Popen[bytes]
    log: Path

    def poll(self) -> Ended | None:
        """Return how the command ended, or None while it runs."""
        code = self.process.poll()
        if code is None:
            return None
        return Ended("done") if code == 0 else Ended("failed", f"退出码 {code}：{self._last_line()}")

    def stop(self) -> None:
        """Ask it to end, then make it; what it stored stays, and the same command goes on with it."""
        if self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGINT if sys.platform != "win32" else signal.SIGTERM)
        try:
            self.process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def _last_line(self) -> str:
        lines = [line for line in self.log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
        return lines[-1][-_LAST_LINE:] if lines else "没有输出"


@dataclass(frozen=True, slots=True)
class NoticeWork:
    """A reminder: written once, done at once."""

    def poll(self) -> Ended | None:
        """Return that it is done."""
        return Ended("done")

    def stop(self) -> None:
        """There is nothing to stop."""


@dataclass(frozen=True, slots=True)
class Starter:
    """Starts the work of jobs in one workspace."""

    settings: Settings
    book: ClockBook

    def __call__(self, job: Job, campaign: Campaign, occurrence: Occurrence) -> Work:
        """Start a job's command in a child process, or write its notice."""
        if job.action == "remind":
            now = datetime.now(UTC)
            self.book.notice(f"{occurrence.due_at.astimezone(CHINA):%Y-%m-%d}", job.id, reminder(job, campaign, occurrence), now)
            return NoticeWork()
        folder = self.settings.workspace / "logs"
        folder.mkdir(parents=True, exist_ok=True)
        log = folder / f"{job.id}-{occurrence.due_at.astimezone(CHINA):%Y%m%d-%H%M}.log"
        command = [
            sys.executable,
            "-m",
            "patrol",
            "--workspace",
            str(self.settings.workspace),
            *arguments(job, campaign, occurrence),
        ]
        with log.open("ab") as file:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=file, stderr=file)  # noqa: S603
        return ChildWork(process, log)


def arguments(job: Job, campaign: Campaign, occurrence: Occurrence) -> list[str]:
    """Return the `patrol` command line that does a job."""
    file = ["--campaign", campaign.path]
    if job.action in {"sweep", "watch"}:
        known = {choice.name for choice in campaign.sources}
        chosen = [name for name in job.sources if name in known]
        return [
            "sweep",
            *file,
            *(["--watch"] if job.action == "watch" else []),
            *(part for n in chosen for part in ("--source", n)),
        ]
    if job.action == "report":
        number = _batch_due_after(campaign, occurrence, job.days_before)
        output = f"reports/线上巡查情况表-{campaign.id}-第{number}批"
        return ["report", "patrol_table", *file, "--batch", str(number), "--output", output]
    return {
        "recheck": ["recheck", *file],
        "backup": ["backup", "--scheduled"],
        "retention": ["evidence", "purge", "--due"],
        "self_check": ["doctor", "--json"],
    }[job.action]


def _batch_due_after(campaign: Campaign, occurrence: Occurrence, days: int) -> int:
    day = occurrence.due_at.astimezone(CHINA).date()
    return next(batch.number for batch in campaign.batches if (batch.due - day).days == days)


def reminder(job: Job, campaign: Campaign, occurrence: Occurrence) -> str:
    """Return the words of a reminder: what is due, when, how many days are left."""
    day = occurrence.due_at.astimezone(CHINA).date()
    if job.before == "summary":
        left = (campaign.summary_due - day).days
        return f"{campaign.title}：工作总结应于{campaign.summary_due.month}月{campaign.summary_due.day}日前报送，还有{left}天"
    if job.before == "batch":
        batch = next(one for one in campaign.batches if (one.due - day).days == job.days_before)
        return (
            f"{campaign.title}：第{batch.number}批情况表应于{batch.due.month}月{batch.due.day}日前报送，还有{job.days_before}天"
        )
    return f"{campaign.title}：{job.title.removeprefix('提醒：')}"
