"""The clock beside the console: started by name in a child process, ended with the console, taken up again when it has failed.

The child holds the other end of its standard input: whatever ends the console, even a kill, ends the clock gently too.
"""

import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

AGAIN_SECONDS = 60.0
_STOP_SECONDS = 30
_ERROR = "错误："


class ClockChild:
    """One clock for one workspace. `tell` gets each line the child says, once in a row: another clock that holds the workspace
    is told once and asked again every minute, so that this one takes over when it ends."""

    def __init__(self, workspace: Path, tell: Callable[[str], None], *, again: float = AGAIN_SECONDS) -> None:
        self._workspace, self._tell, self._again = workspace, tell, again
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        self._told = ""
        self._thread = threading.Thread(target=self._run, name="clock", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Let go of the child and wait until it has put back what it was doing."""
        self._stopping.set()
        with self._lock:
            if self._process is not None and self._process.stdin is not None:
                self._process.stdin.close()
        self._thread.join(_STOP_SECONDS)

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._once()
            self._stopping.wait(self._again)

    def _once(self) -> None:
        command = [sys.executable, "-m", "schedules.child", "--workspace", str(self._workspace), "schedule", "start"]
        with self._lock:
            if self._stopping.is_set():
                return
            process = subprocess.Popen(  # noqa: S603
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
                encoding="utf-8",
                errors="replace",
                start_new_session=sys.platform != "win32",
            )
            self._process = process
        with process:
            for line in process.stderr or ():
                self._say(line.strip().removeprefix(_ERROR))

    def _say(self, line: str) -> None:
        if line and line != self._told:
            self._told = line
            self._tell(line)
