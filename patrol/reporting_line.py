"""The line between a spider process and its parent: JSON down standard output, a watch on standard input."""

import json
import os
import signal
import sys
import threading
from typing import ClassVar, TextIO


class ReportingLine:
    """Where a spider process reports. Opened once in the child; elsewhere what is said goes nowhere."""

    _out: ClassVar[TextIO | None] = None
    _lock: ClassVar[threading.Lock] = threading.Lock()

    @classmethod
    def open(cls) -> None:
        """Keep standard output for reports alone: what libraries print goes to standard error from now on."""
        cls._out = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8", buffering=1)
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())

    @classmethod
    def say(cls, message: dict[str, object]) -> None:
        """Send one line; a parent that is gone is noticed by the watch, not here."""
        if cls._out is None:
            return
        with cls._lock:
            try:
                cls._out.write(json.dumps(message, ensure_ascii=False) + "\n")
            except BrokenPipeError:
                cls._out = None

    @staticmethod
    def die_with_parent() -> None:
        """End this process the moment its parent is gone: standard input ends then, however the parent died.

        Ended hard on purpose. The work is safe against it, and a half-alive spider beside a new one is not.
        """

        def watch() -> None:
            while os.read(sys.stdin.fileno(), 4096):
                pass
            os.kill(os.getpid(), signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM)

        threading.Thread(target=watch, name="parent-watch", daemon=True).start()
