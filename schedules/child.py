"""Runs one `patrol` command for the clock, and stops it gently when the clock says so or is gone: `python -m schedules.child …`.

The clock holds the other end of standard input. When it lets go, by its own will or because it was killed, the command is
interrupted as by Ctrl-C, and ended after a while: no half-watched sweep goes on beside a new one.
"""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence

STOP_SECONDS = 20


def main(arguments: Sequence[str]) -> int:
    """Run the command to its end and return its exit code."""
    windows = sys.platform == "win32"
    if not windows:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    command = [sys.executable, "-m", "patrol", *arguments]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, preexec_fn=None if windows else _hear_interrupts)  # noqa: S603, PLW1509
    threading.Thread(target=_watch, args=(process,), daemon=True).start()
    code = process.wait()
    return code if code >= 0 else 128 - code


def _hear_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def _watch(process: "subprocess.Popen[bytes]") -> None:
    while os.read(sys.stdin.fileno(), 4096):
        pass
    if process.poll() is not None:
        return
    if sys.platform == "win32":
        process.terminate()
    else:
        # the whole group: a sweep's spiders hear it too and put their pages back
        os.killpg(os.getpgrp(), signal.SIGINT)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
