"""A copy of the database before a newer version changes it, so that an upgrade can be taken back."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from sqlite_utils import Database

FOLDER = "upgrades"
KEPT = 5


def copy_before_upgrade(database: Database, path: Path, last_step: str) -> Path:
    """Copy the database beside itself (`upgrades/`), named by its last step; return the copy. Of older copies five stay."""
    folder = path.parent / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{path.stem}-{datetime.now(UTC):%Y%m%d-%H%M%S}-{last_step}.db"
    part = target.with_suffix(".part")
    with closing(sqlite3.connect(part)) as copy:
        database.conn.backup(copy)
    part.replace(target)
    for old in sorted(folder.glob(f"{path.stem}-*.db"))[:-KEPT]:
        old.unlink()
    return target
