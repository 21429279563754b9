"""What an occurrence starts: a `patrol` command in a child process of its own, or a notice."""

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from patrol.campaigns import CHINA
from patrol.errors import BadInput
from patrol.model import Campaign
from patrol.settings import Settings
from patrol.store.clock import ClockBook, Occurrence
from schedules.child import STOP_SECONDS
from schedules.jobs import Job
from schedules.keeper import Ended, Work
from schedules.telling import batch_ahead, reminder

_LAST_LINE = 300
_BAD_INPUT = 2
_INTERRUPTED = frozenset({130, 254})
Arguments = Callable[[Job, Campaign, Occurrence, Path], Sequence[str]]


@dataclass(slots=True)
class ChildWork:
    """A command that runs; its last line of standard error is the reason when it fails, its JSON says what a sweep left open."""

    process: "subprocess.Popen[bytes]"
    out: Path
    log: Path

    def poll(self) -> Ended | None:
        """Return how the command ended, or None while it runs."""
        code = self.process.poll()
        if code is None:
            return None
        if code == 0:
            return Ended("done", _summary(self.out))
        if code in _INTERRUPTED:
            return Ended("failed", "被中断，已做的都已保存", again=True)
        return Ended("failed", f"退出码 {code}：{self._last_line()}", again=code != _BAD_INPUT)

    def stop(self) -> None:
        """Let go of the command: it ends gently, what it stored stays, and the same command goes on with it."""
        if self.process.stdin is not None:
            self.process.stdin.close()
        try:
            self.process.wait(STOP_SECONDS + 5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def _last_line(self) -> str:
        lines = [line for line in self.log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
        return lines[-1][-_LAST_LINE:].removeprefix("错误：") if lines else "没有输出"


def _summary(out: Path) -> str:
    """Return what a sweep's JSON says of its sources in one line; nothing for other commands."""
    try:
        told = json.loads(out.read_text(encoding="utf-8", errors="replace") or "null")
    except ValueError:
        return ""
    if not isinstance(told, dict) or "sources" not in told:
        return ""
    gaps = [str(one["source"]) for one in told["sources"] if one["gaps"] or one["waiting"]]
    whole = f"{len(told['sources'])}个来源" + (f"，{len(gaps)}个有未覆盖页（{'、'.join(gaps)[:80]}）" if gaps else "，均已覆盖")
    return whole if told.get("complete", True) else f"{whole}；有来源没有做完，下次接着做"


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
    """Starts the work of jobs in one workspace; `arguments_of` gives the command line of a job."""

    settings: Settings
    book: ClockBook
    arguments_of: Arguments | None = None

    def __call__(self, job: Job, campaign: Campaign, occurrence: Occurrence) -> Work:
        """Start a job's command in a child process, or write its notice."""
        if job.action == "remind":
            day = f"{occurrence.due_at.astimezone(CHINA):%Y-%m-%d}"
            cause = f"{campaign.id}:{job.id}"
            self.book.notice(day, cause, reminder(job, campaign, occurrence), datetime.now(UTC))
            return NoticeWork()
        workspace = self.settings.workspace
        folder = workspace / "logs"
        folder.mkdir(parents=True, exist_ok=True)
        name = f"{job.id}-{occurrence.due_at.astimezone(CHINA):%Y%m%d-%H%M}"
        out, log = folder / f"{name}.out", folder / f"{name}.log"
        told = (self.arguments_of or arguments)(job, campaign, occurrence, workspace)
        command = [sys.executable, "-m", "schedules.child", "--workspace", str(workspace), *told]
        own_group = sys.platform != "win32"
        with out.open("wb") as stdout, log.open("ab") as stderr:
            process = subprocess.Popen(  # noqa: S603
                command, stdin=subprocess.PIPE, stdout=stdout, stderr=stderr, start_new_session=own_group
            )
        return ChildWork(process, out, log)


def arguments(job: Job, campaign: Campaign, occurrence: Occurrence, workspace: Path) -> list[str]:
    """Return the `patrol` command line that does a job. BadInput when its batch is no longer in the campaign's file."""
    file = ["--campaign", campaign.path]
    if job.action in {"sweep", "watch"}:
        known = {choice.name for choice in campaign.sources}
        chosen = [part for name in job.sources if name in known for part in ("--source", name)]
        return ["sweep", *file, "--json", *(["--watch"] if job.action == "watch" else []), *chosen]
    if job.action == "report":
        batch = batch_ahead(campaign, occurrence, job)
        if batch is None:
            raise BadInput("专项行动文件里的批次日期已改变，本次不再生成", file=campaign.path, field="batches.due")
        # a name of its own each time: what an officer has edited since is never written over
        made = f"{occurrence.due_at.astimezone(CHINA):%m%d-%H%M}"
        output = workspace / "reports" / f"线上巡查情况表-{campaign.id}-第{batch.number}批-{made}稿"
        return ["report", "patrol_table", *file, "--batch", str(batch.number), "--output", str(output)]
    return {
        "recheck": ["recheck", *file],
        "backup": ["upkeep", "backup"],
        "retention": ["upkeep", "tidy"],
        "self_check": ["doctor", "--json"],
    }[job.action]
