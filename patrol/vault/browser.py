"""Browser captures in a process of their own, so that no crash can take a sweep with it.

`capture_pages` starts the process (see serving.py), feeds it orders, watches it, and starts it again when it dies or hangs.
"""

import errno
import os
import queue
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from patrol.errors import EvidenceError, NotAvailable, StorageFull
from patrol.identity import introduction
from patrol.settings import Settings
from patrol.vault.model import BrowserFacts, EvidenceState, Rendering, Sealed, SourceFile, tidy, to_json
from patrol.vault.orders import Fatal, Job, Limits, Order, Taken
from patrol.vault.timestamps import Stamper
from patrol.vault.vault import Vault

_GRACE_SECONDS = 20.0
_MOST_CRASHES = 2
_RECORDING_FRAMES = 150
_LEAST_FREE = 20_000_000  # a browser cannot begin on less


def refuse_full_disk(folder: Path, told: str) -> None:
    """Raise StorageFull when a failure was for want of room: it is said so, or was not, where there is no room to say it."""
    free = min(shutil.disk_usage(place).free for place in (folder, tempfile.gettempdir()))
    if os.strerror(errno.ENOSPC) in told or "ENOSPC" in told or free < _LEAST_FREE:
        raise StorageFull(
            f"磁盘空间不足（剩余 {free // 1_000_000} MB），取证没有做完；此前已入库的证据完整，请清理磁盘后重新运行同一命令"
        )


class _Process:
    """One running capture process and the lines that come out of it."""

    def __init__(self, job: Job, log: Path) -> None:
        self._log = log
        with log.open("ab") as errors:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "patrol.vault.serving"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                start_new_session=sys.platform != "win32",
            )
        self.lines: queue.Queue[bytes | None] = queue.Queue()
        threading.Thread(target=self._read, args=(self._process.stdout,), daemon=True).start()
        self.send(to_json(job))

    def _read(self, pipe: IO[bytes] | None) -> None:
        for line in pipe or ():
            self.lines.put(line)
        self.lines.put(None)

    def send(self, line: bytes) -> None:
        """Write a line; a process that is gone shows itself by the end of its output."""
        with suppress(OSError):
            if self._process.stdin:
                self._process.stdin.write(line)
                self._process.stdin.flush()

    def refuse_failure(self) -> None:
        """Raise EvidenceError when the process ended by an error of its own; a killed process (negative code) may be replaced."""
        code = self._process.wait()
        if code > 0:
            last = "".join(self._log.read_text("utf-8", "replace").strip().splitlines()[-1:])
            refuse_full_disk(self._log.parent, last)
            reason = tidy(last, 200) or "没有留下原因"
            raise EvidenceError(f"取证进程出错退出（{code}）：{reason}；请运行 patrol doctor 检查浏览器组件")

    def stop(self) -> None:
        """End the process and its browser: kindly at first, then for good."""
        with suppress(OSError):
            if self._process.stdin:
                self._process.stdin.close()
        try:
            self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """Kill the whole process group at once."""
        with suppress(OSError):
            if sys.platform == "win32":
                self._process.kill()
            else:
                os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


def capture_pages(
    orders: Iterable[Order], settings: Settings, scratch: Path, *, browser: str, limits: Limits | None = None
) -> Iterator[Rendering]:
    """Yield one rendering per order, in the order they are done; their files are removed when the next one is asked for.

    A page that kills the browser twice comes back as failed; the others are taken again.
    """
    limits = limits or Limits()
    if settings.flag("capture_recording"):
        limits = limits.model_copy(update={"recording_frames": _RECORDING_FRAMES})
    job = Job(
        browser=browser,
        folder=str(scratch),
        workers=max(1, int(settings.number("capture_workers"))),
        allow_loopback=settings.flag("allow_loopback"),
        user_agent=settings.text("user_agent"),
        introduction=introduction(settings),
        limits=limits,
    )
    yield from _capture(job, deque(orders), scratch / "capture.log")


def _capture(job: Job, waiting: deque[Order], log: Path) -> Iterator[Rendering]:
    crashes: dict[Order, int] = {}
    while waiting:
        process = _Process(job, log)
        careful = bool(crashes)
        flying: list[Order] = []
        try:
            yield from _fly(process, job, waiting, flying, 1 if careful else job.workers + 2)
        finally:
            process.kill() if flying else process.stop()
        yield from _after_crash(flying, waiting, crashes)


def _fly(process: _Process, job: Job, waiting: deque[Order], flying: list[Order], most: int) -> Iterator[Rendering]:
    """Keep `most` orders in the process until none waits; return early, with orders still flying, when it dies or hangs."""
    while waiting or flying:
        while waiting and len(flying) < most:
            order = waiting.popleft()
            flying.append(order)
            process.send(to_json(order))
        try:
            line = process.lines.get(timeout=job.limits.seconds * 2 + _GRACE_SECONDS)
        except queue.Empty:
            return
        if line is None:
            process.refuse_failure()
            return
        if line.startswith(b'{"fatal"'):
            flying.clear()
            told = Fatal.model_validate_json(line).fatal
            refuse_full_disk(Path(job.folder), told)
            reason = tidy(told.splitlines()[0], 200)
            raise NotAvailable(f"取证浏览器无法启动（{reason}）；请运行 patrol doctor 查看缺少什么")
        taken = Taken.model_validate_json(line)
        if taken.crashed:
            shutil.rmtree(taken.folder, ignore_errors=True)
            return
        flying.remove(taken.order)
        yield _rendering(taken)
        shutil.rmtree(taken.folder, ignore_errors=True)


def _after_crash(flying: list[Order], waiting: deque[Order], crashes: dict[Order, int]) -> Iterator[Rendering]:
    for order in flying:
        crashes[order] = crashes.get(order, 0) + 1
        if crashes[order] < _MOST_CRASHES or len(flying) > 1:
            waiting.appendleft(order)
            continue
        now = datetime.now(UTC)
        facts = BrowserFacts(url=order.url, final_url="", device=order.device, steps=order.steps)
        reason = ("浏览器两次在取证途中崩溃或无响应，未取得截图、快照与渲染后页面",)
        yield Rendering(
            number=order.number, facts=facts, state=EvidenceState.FAILED, started_at=now, finished_at=now, missing=reason
        )


def _rendering(taken: Taken) -> Rendering:
    return Rendering(
        number=taken.order.number,
        facts=taken.facts,
        state=taken.state,
        started_at=taken.started_at,
        finished_at=taken.finished_at,
        missing=taken.missing,
        files=tuple(
            SourceFile(role=file.role, name=file.name, media_type=file.media_type, path=Path(taken.folder) / file.name)
            for file in taken.files
        ),
    )


def seal_pages(
    orders: Iterable[Order], vault: Vault, settings: Settings, *, browser: str, limits: Limits | None = None
) -> Iterator[Sealed]:
    """Take each order in the capture process, seal what came, have it time-stamped; yield the receipts as they are written.

    Without an authority, or with none in reach, the stamp stays pending; what waits from earlier is asked for at the end.
    """
    vault.sweep_leftovers()
    scratch = vault.scratch()
    stamper = Stamper.of(vault, settings)
    try:
        for rendering in capture_pages(orders, settings, scratch, browser=browser, limits=limits):
            sealed = vault.seal_rendering(rendering.number, rendering)
            if stamper.urls:
                stamper.stamp(rendering.number)
            yield sealed
        if stamper.urls:
            stamper.stamp()
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
