"""Writing that is whole or not there: temporary file, fsync, then a link that refuses to overwrite."""

import os
import shutil
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

from patrol.errors import EvidenceError, StorageFull, in_words, no_room

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

READ_ONLY = 0o444


def explain(error: OSError, path: Path) -> EvidenceError | StorageFull:
    """Return the error to raise for a failed write: StorageFull when there is no room, EvidenceError otherwise."""
    if no_room(error):
        return StorageFull(f"磁盘空间不足，无法写入“{path.name}”；此前已入库的证据完整，请清理磁盘后重新运行同一命令")
    return EvidenceError(f"无法写入“{path}”（{in_words(error)}）；请检查路径和权限后重新运行")


def sync_folder(folder: Path) -> None:
    """Make renames and links in a folder survive a power cut."""
    if sys.platform == "win32":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def make_folder(folder: Path) -> None:
    """Create a folder with its parents, durably."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    try:
        folder.mkdir(exist_ok=True)
        sync_folder(folder.parent)
    except OSError as error:
        raise explain(error, folder) from error


def write_temporary(folder: Path, chunks: Iterable[bytes]) -> Path:
    """Write the chunks to a fresh fsynced read-only file in `folder`; nothing is left behind on failure."""
    temporary = folder / f".tmp-{uuid4().hex}"
    try:
        with temporary.open("xb") as file:
            for chunk in chunks:
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(READ_ONLY)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise explain(error, temporary) from error
    return temporary


def publish(temporary: Path, target: Path) -> bool:
    """Give a temporary file its final name unless that name is taken; True when it was placed, gone from `temporary` anyway."""
    try:
        os.link(temporary, target)
        placed = True
    except FileExistsError:
        placed = False
    except OSError as error:
        raise explain(error, target) from error
    finally:
        temporary.unlink(missing_ok=True)
    sync_folder(target.parent)
    return placed


def write_once(target: Path, data: bytes, mode: int = READ_ONLY) -> bool:
    """Write a file that never changes again; False when it was there already (its bytes are left alone)."""
    if target.exists():
        return False
    temporary = write_temporary(target.parent, (data,))
    temporary.chmod(mode)
    return publish(temporary, target)


def replace(target: Path, data: bytes) -> None:
    """Replace a small file in one step (for files that are meant to change, like the ledger's head)."""
    temporary = write_temporary(target.parent, (data,))
    try:
        temporary.chmod(0o644)
        temporary.replace(target)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise explain(error, target) from error


def require_room(folder: Path, minimum_mb: float) -> None:
    """Raise StorageFull when less than `minimum_mb` is free, before anything is begun."""
    free = shutil.disk_usage(folder).free
    if free < minimum_mb * 1_000_000:
        raise StorageFull(
            f"磁盘剩余 {free // 1_000_000} MB，低于设定的 {minimum_mb:.0f} MB（min_free_mb），已停止取证；请清理磁盘后重新运行"
        )


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock across processes; it is released by the system when its holder dies."""
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise explain(error, path) from error
    try:
        if sys.platform == "win32":
            msvcrt.locking(handle, msvcrt.LK_LOCK, 1)
        else:
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
