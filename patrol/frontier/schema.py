"""The frontier's own SQLite file: its tables, and how it is opened."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from patrol.errors import StorageFull, StoreError, in_words

FILE_NAME = "frontier.db"
VERSION = 1
BUSY_SECONDS = 15

_TABLES = """
CREATE TABLE pages (
  id INTEGER PRIMARY KEY, scope TEXT NOT NULL, url TEXT NOT NULL, source TEXT NOT NULL, platform TEXT NOT NULL,
  mode TEXT NOT NULL, site TEXT NOT NULL, kind TEXT NOT NULL, keyword TEXT NOT NULL, parent TEXT NOT NULL,
  page INTEGER NOT NULL, depth INTEGER NOT NULL, priority INTEGER NOT NULL, state TEXT NOT NULL DEFAULT 'waiting'
    CHECK (state IN ('waiting', 'leased', 'deferred', 'done', 'failed')),
  outcome TEXT NOT NULL DEFAULT '', attempts INTEGER NOT NULL DEFAULT 0, not_before REAL NOT NULL DEFAULT 0,
  lease_until REAL NOT NULL DEFAULT 0, owner TEXT NOT NULL DEFAULT '', UNIQUE (scope, url));
CREATE INDEX pages_waiting ON pages (scope, mode, site, priority DESC, id) WHERE state = 'waiting';
CREATE INDEX pages_deferred ON pages (scope, not_before) WHERE state = 'deferred';
CREATE INDEX pages_leased ON pages (scope, owner) WHERE state = 'leased';
CREATE TABLE counts (scope TEXT NOT NULL, outcome TEXT NOT NULL, n INTEGER NOT NULL, PRIMARY KEY (scope, outcome)) WITHOUT ROWID;
CREATE TABLE sites (
  scope TEXT NOT NULL, site TEXT NOT NULL, failures INTEGER NOT NULL DEFAULT 0, closed TEXT NOT NULL DEFAULT '',
  paused_until REAL NOT NULL DEFAULT 0, PRIMARY KEY (scope, site)) WITHOUT ROWID;
CREATE TABLE rests (site TEXT PRIMARY KEY, until REAL NOT NULL, trips INTEGER NOT NULL, state TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE days (site TEXT NOT NULL, day TEXT NOT NULL, requests INTEGER NOT NULL, PRIMARY KEY (site, day)) WITHOUT ROWID;
"""


def connect(path: Path) -> sqlite3.Connection:
    """Open (or make) the file. WAL, so that a kill at any moment leaves it whole; StoreError when it is not ours or newer.

    Synchronisation is NORMAL, one step weaker than the store's: after a power cut the frontier may forget its last
    acknowledgements (the page is fetched again and stored as the same), never the store what the frontier acknowledged.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        with immediate(connection):
            _prepare(connection, path)
    except sqlite3.OperationalError as error:
        raise translate(error) from error
    except sqlite3.DatabaseError as error:
        raise StoreError(f"“{path}”不是待取清单文件或已损坏（{in_words(error)}）；请把它移走后重新运行巡查") from error
    except OSError as error:
        raise StoreError(f"无法建立“{path}”（{in_words(error)}）；请检查路径和权限") from error
    return connection


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if version > VERSION:
        raise StoreError(f"“{path}”由更新的版本建立；请升级本软件后再打开")
    if version == VERSION:
        return
    for statement in _TABLES.split(";"):
        if statement.strip():
            connection.execute(statement)
    connection.execute(f"PRAGMA user_version={VERSION}")


@contextmanager
def immediate(connection: sqlite3.Connection) -> Iterator[None]:
    """Hold one write transaction from its first moment; rolled back whole on any error."""
    try:
        with connection:  # commits at its end, rolls back on whatever comes through
            connection.execute("BEGIN IMMEDIATE")
            yield
    except sqlite3.OperationalError as error:
        raise translate(error) from error


def translate(error: sqlite3.OperationalError) -> StoreError | StorageFull:
    """Return the error of our own tree that a SQLite failure means."""
    text = str(error)
    if "full" in text or "disk I/O" in text:
        return StorageFull("磁盘空间不足，待取清单未写入；请清理磁盘后重新运行同一命令，已保存的内容不会丢失")
    if "locked" in text:
        return StoreError("待取清单正被另一个程序占用；请稍后重试，或关闭正在运行的巡查")
    return StoreError(f"待取清单无法读写（{in_words(error)}）；请检查工作区的路径和权限")
