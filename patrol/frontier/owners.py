"""Who holds a lease, and whether that process still lives."""

import os
import socket
from functools import lru_cache
from pathlib import Path

_PROC = Path("/proc")


@lru_cache(maxsize=1)
def _machine() -> str:
    boot = _PROC / "sys/kernel/random/boot_id"
    return f"{socket.gethostname()}|{boot.read_text().strip() if boot.is_file() else ''}"


def _started(pid: int) -> str:
    """Return when a process began (clock ticks since boot), so that a reused number is not taken for the old process."""
    try:
        stat = (_PROC / str(pid) / "stat").read_text()
    except OSError:
        return ""
    fields = stat.rpartition(")")[2].split()
    return "" if fields[0] in {"Z", "X"} else fields[19]


def this_owner() -> str:
    """Return the name of this process as a lease holder: machine, boot, process number, start."""
    return f"{_machine()}|{os.getpid()}|{_started(os.getpid())}"


def is_dead(owner: str) -> bool | None:
    """Return whether a lease holder is gone; None where that cannot be known from here (another machine)."""
    machine, _, rest = owner.rpartition("|")[0].rpartition("|")
    started = owner.rpartition("|")[2]
    if machine != _machine():
        same_host = machine.partition("|")[0] == _machine().partition("|")[0]
        return True if same_host and machine.partition("|")[2] else None
    if not rest.isdigit():
        return None
    if _PROC.is_dir():
        return _started(int(rest)) != started
    try:
        os.kill(int(rest), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False
