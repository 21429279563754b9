"""The spool: bytes of recent fetches, one plain file a body, named by its SHA-256."""

import os
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

from patrol.errors import PatrolError, StorageFull, in_words, no_room


def spool(folder: Path, sha256: str, body: bytes, *, sync: bool = True) -> Path:
    """Write a body into the spool, whole or not at all; the same bytes are written once. Returns its path.

    Without `sync` a power cut (not a kill) may lose it: right for pages on their way through, whose leads are sealed at once.
    Raises StorageFull when there is no room.
    """
    path = folder / sha256
    if path.is_file() and path.stat().st_size == len(body):
        return path
    draft = folder / f".{sha256}.{uuid4().hex}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with draft.open("wb") as file:
            file.write(body)
            if sync:
                file.flush()
                os.fsync(file.fileno())
        draft.replace(path)
    except OSError as error:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
        if no_room(error):
            raise StorageFull("磁盘空间不足，网页未能缓存；请清理磁盘后重新运行同一命令") from error
        raise PatrolError(f"无法写入“{folder}”（{in_words(error)}）；请检查路径和权限") from error
    return path
