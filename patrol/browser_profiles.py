"""Browser profiles in which officers logged in by hand. A sweep opens the pages of a source in one only where a file says so."""

import os
import sys
from collections.abc import Iterable
from pathlib import Path

from patrol.errors import BadInput, NotAvailable

DEFAULT = "officer"
_LOCK = "SingletonLock"
# cookies must be readable by the sweep's browser too, which has no desktop to ask for a key
ARGUMENTS = ("--password-store=basic", "--no-first-run", "--no-default-browser-check")


def folder_of(workspace: Path, name: str) -> Path:
    """Return the folder of a profile; it may not exist yet."""
    return workspace / "profiles" / name


def make_folder(workspace: Path, name: str) -> Path:
    """Make the folder of a profile, readable by this user alone: it holds the officer's login."""
    folder = folder_of(workspace, name)
    folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.mkdir(exist_ok=True, mode=0o700)
    return folder


def check_profiles(workspace: Path, names: Iterable[str]) -> None:
    """Refuse before anything is begun when a wanted profile is not there, or its window is still open."""
    for name in dict.fromkeys(names):
        folder = folder_of(workspace, name)
        if not folder.is_dir():
            raise BadInput(f"没有浏览器身份“{name}”；请先运行 patrol browser open --profile {name}，亲自登录后关闭窗口")
        if is_open(folder):
            raise NotAvailable(f"浏览器身份“{name}”的窗口还开着；请关闭窗口后再试")


def is_open(folder: Path) -> bool:
    """Say whether a browser holds a profile: its lock is a link that names the machine and the process."""
    lock = folder / _LOCK
    if sys.platform == "win32":
        return (folder / "lockfile").exists()
    if not lock.is_symlink():
        return False
    pid = str(lock.readlink()).rpartition("-")[2]
    if not pid.isdigit():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
