"""What officers start: `patrol` commands in child processes, with a log each, written down before they begin."""

import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from patrol.store.console_work import Task, WorkBook

STOPPED = 130
# reading pictures takes memory and long seconds: a process of its own, never this one
PICTURE_READER = "patrol.intake.picture_clues"
LOST = -1
_STOP_SECONDS = 25
_TAIL = 20_000


@dataclass(slots=True)
class _Running:
    process: subprocess.Popen[bytes]
    watcher: threading.Thread


class Tasks:
    """The child processes of this console. `work` gives the calling thread's book."""

    def __init__(self, workspace: Path, work: Callable[[], WorkBook]) -> None:
        self._workspace, self._work = workspace, work
        self._running: dict[int, _Running] = {}
        self._lock = threading.Lock()

    def start(self, kind: str, title: str, arguments: Sequence[str], *, name: str, module: str = "patrol") -> int:
        """Start a command of the product in this workspace; return the task's number at once."""
        folder = self._workspace / "logs"
        folder.mkdir(parents=True, exist_ok=True)
        now = datetime.now(UTC)
        place = ["--workspace", str(self._workspace)]
        command = [sys.executable, "-m", module, *place, *arguments]
        number = self._work().start_task(kind, title, arguments, name=name, log="", now=now)
        out, log = self._files(number)
        with out.open("wb") as stdout, log.open("wb") as stderr:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr)  # noqa: S603
        self._work().note_pid(number, process.pid)
        watcher = threading.Thread(target=self._watch, args=(number, process), name=f"task-{number}", daemon=True)
        with self._lock:
            self._running[number] = _Running(process, watcher)
        watcher.start()
        return number

    def stop(self, number: int) -> bool:
        """Ask a task to end; what it stored stays. False when it does not run (any more) under this console."""
        with self._lock:
            running = self._running.get(number)
        if running is None or running.process.poll() is not None:
            return False
        running.process.send_signal(signal.SIGINT if sys.platform != "win32" else signal.SIGTERM)
        return True

    def stop_all(self) -> None:
        """Stop every task and wait for its end to be written down."""
        with self._lock:
            numbers = list(self._running)
        for number in numbers:
            self.stop(number)
        for number in numbers:
            running = self._running.get(number)
            if running is None:
                continue
            try:
                running.process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                running.process.kill()
            running.watcher.join(_STOP_SECONDS)

    def wait(self, number: int, seconds: float) -> None:
        """Wait for a task's end to be written down, or for some seconds."""
        with self._lock:
            running = self._running.get(number)
        if running is not None:
            running.watcher.join(seconds)

    def runs(self, task: Task) -> bool:
        """Whether a task is under way in this console."""
        with self._lock:
            running = self._running.get(task.id)
        return task.ended_at is None and running is not None and running.process.poll() is None

    def tidy(self) -> None:
        """Write down tasks of an earlier console as interrupted: their process is not ours to ask."""
        for task in self._work().open_tasks():
            self._work().end_task(task.id, code=LOST, result="控制台关闭时中断", now=datetime.now(UTC))

    def log_of(self, number: int) -> str:
        """Return the end of what a task wrote to standard error."""
        return _tail(self._files(number)[1])

    def _files(self, number: int) -> tuple[Path, Path]:
        folder = self._workspace / "logs"
        return folder / f"task-{number}.out", folder / f"task-{number}.log"

    def _watch(self, number: int, process: subprocess.Popen[bytes]) -> None:
        code = process.wait()
        out, log = self._files(number)
        result = _tail(out) if code == 0 else _last_line(log) or _tail(out) or "没有输出"
        self._work().end_task(number, code=code, result=result, now=datetime.now(UTC))
        with self._lock:
            self._running.pop(number, None)


def _tail(path: Path) -> str:
    if not path.is_file():
        return ""
    return path.read_bytes()[-_TAIL:].decode("utf-8", "replace")


def _last_line(path: Path) -> str:
    lines = [line for line in _tail(path).splitlines() if line.strip()]
    return lines[-1][:500].removeprefix("错误：") if lines else ""
