"""Open the one database of a workspace, bring it up to date, and give safe transactions."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlite_utils import Database

from patrol.errors import StorageFull, StoreError, in_words
from patrol.store.migrations import MIGRATIONS
from patrol.store.upgrading import copy_before_upgrade

BUSY_SECONDS = 15


def connect(path: Path) -> Database:
    """Open the database at `path`, creating or migrating it under one lock so that two openers cannot collide.

    WAL with full synchronisation: what was committed survives a killed process and a cut of power. Raises StoreError when the
    file is not our database or was made by a newer version.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(path, timeout=BUSY_SECONDS, check_same_thread=False)
        database = Database(connection)
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("PRAGMA synchronous=FULL")
        database.execute("PRAGMA foreign_keys=ON")
        database.execute(f"PRAGMA busy_timeout={BUSY_SECONDS * 1000}")
        _migrate(database, path)
    except sqlite3.OperationalError as error:
        raise _translate(error, path) from error
    except sqlite3.DatabaseError as error:
        raise StoreError(f"“{path}”不是本系统的数据库或已损坏（{in_words(error)}）；请从备份恢复（patrol restore）") from error
    except OSError as error:
        raise StoreError(f"无法建立工作区“{path.parent}”（{in_words(error)}）；请检查路径和权限") from error
    return database


def _migrate(database: Database, path: Path) -> None:
    known = {step.name for step in MIGRATIONS.pending(database)} | {step.name for step in MIGRATIONS.applied(database)}
    newer = [step.name for step in MIGRATIONS.applied(database) if step.name not in registered_steps()]
    if newer:
        raise StoreError(f"数据库“{path}”由更新的版本建立（含 {newer[-1]}）；请升级本软件后再打开")
    if known and MIGRATIONS.pending(database):
        applied = [step.name for step in MIGRATIONS.applied(database)]
        if applied:
            copy_before_upgrade(database, path, applied[-1])
        with immediate(database):
            MIGRATIONS.apply(database)


def registered_steps() -> frozenset[str]:
    """Return the names of all migration steps this version knows."""
    empty = Database(memory=True)
    return frozenset(step.name for step in MIGRATIONS.pending(empty))


@contextmanager
def immediate(database: Database) -> Iterator[Database]:
    """Hold a write transaction from its first moment (BEGIN IMMEDIATE); inside another one, a savepoint.

    A plain BEGIN that reads and then writes fails at once under a second writer, whatever the timeout.
    """
    if database.conn.in_transaction:
        with database.atomic():
            yield database
        return
    try:
        with database.conn as connection:  # commits at its end, rolls back on whatever comes through
            connection.execute("BEGIN IMMEDIATE")
            yield database
    except sqlite3.OperationalError as error:
        raise _translate(error, None) from error


def _translate(error: sqlite3.OperationalError, path: Path | None) -> StoreError | StorageFull:
    text = str(error)
    if "full" in text or "disk I/O" in text:
        return StorageFull("磁盘空间不足，数据库未写入；请清理磁盘后重新运行同一命令，已保存的内容不会丢失")
    if "locked" in text:
        return StoreError("数据库正被另一个程序占用超过15秒；请稍后重试，或关闭正在运行的巡查")
    where = f"“{path}”" if path else ""
    return StoreError(f"无法打开或写入数据库{where}（{in_words(error)}）；请检查路径和权限")
