"""What the system refuses is said in Chinese, and a file that cannot be written leaves nothing behind."""

import errno
import os
import resource
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from patrol.backup import back_up, restore
from patrol.errors import BadInput, PatrolError, StorageFull, in_words, no_room
from patrol.places import write_whole
from patrol.settings import load
from patrol.store.connection import connect

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="file size limits and modes of POSIX")


@contextmanager
def no_file_over(size: int) -> Iterator[None]:
    """Let the system refuse, as a full disk does, whatever goes past `size` bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (errno.ENOENT, "找不到文件或文件夹"),
        (errno.EISDIR, "这是文件夹，不是文件"),
        (errno.EACCES, "没有权限"),
        (errno.EROFS, "所在磁盘只读"),
        (errno.ENOSPC, "磁盘已满"),
        (errno.EFBIG, "磁盘已满"),
    ],
)
def test_a_refusal_of_the_system_is_said_in_chinese(code: int, said: str) -> None:
    assert in_words(OSError(code, os.strerror(code))) == said
    assert no_room(OSError(code, "")) is (said == "磁盘已满")


def test_failures_of_a_copied_folder_show_their_cause() -> None:
    gathered = shutil.Error([("a", "b", str(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "b")))])
    assert no_room(gathered)
    assert in_words(gathered) == "磁盘已满"


def test_wrong_encoding_and_a_read_only_database_are_said_in_chinese(tmp_path: Path) -> None:
    with pytest.raises(UnicodeDecodeError) as caught:
        b"\xb0\xa1".decode()
    assert in_words(caught.value) == "不是 UTF-8 编码"
    file = tmp_path / "read.db"
    sqlite3.connect(file).close()
    with pytest.raises(sqlite3.OperationalError) as refused:
        sqlite3.connect(f"file:{file}?mode=ro", uri=True).execute("CREATE TABLE a (b)")
    assert in_words(refused.value) == "数据库只读"


def test_a_file_that_is_no_database_is_told_without_english(tmp_path: Path) -> None:
    file = tmp_path / "patrol.db"
    file.write_text("云川市" * 1000, encoding="utf-8")
    with pytest.raises(PatrolError, match="（文件不是数据库）"):
        connect(file)


def test_a_text_that_does_not_fit_leaves_nothing_and_keeps_the_old_one(tmp_path: Path) -> None:
    file = tmp_path / "campaign.toml"
    write_whole(file, "旧")
    with no_file_over(1000), pytest.raises(StorageFull, match="磁盘空间不足"):
        write_whole(file, "新" * 1000)
    assert [path.read_text(encoding="utf-8") for path in tmp_path.iterdir()] == ["旧"]


def test_a_text_goes_into_no_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(PatrolError, match=r"a\.toml：无法写入（.*）；请检查路径和权限") as caught:
        write_whole(tmp_path / "file" / "a.toml", "新")
    assert not isinstance(caught.value, BadInput)


def test_a_restore_that_does_not_fit_says_the_disk_is_full(tmp_path: Path) -> None:
    backup = back_up(load({}, workspace=str(tmp_path / "ws")), tmp_path / "backup").folder
    with no_file_over(20_000), pytest.raises(StorageFull, match="磁盘空间不足"):
        restore(backup, tmp_path / "again")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["backup", "ws"]


@pytest.mark.parametrize("name", ["x.xlsx", "x.docx"])
def test_a_form_that_cannot_be_written_is_one_line_and_nothing_left(campaign_file: Path, tmp_path: Path, name: str) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    called = [sys.executable, "-m", "patrol", "-w", str(tmp_path / "ws"), "report", "patrol_table", "--campaign"]
    called += [str(campaign_file), "--batch", "1", "--output"]
    nowhere = subprocess.run([*called, f"/proc/{name}"], capture_output=True, text=True, check=False)
    assert (nowhere.returncode, nowhere.stderr.count("\n")) == (1, 1), nowhere.stderr[-500:]
    assert "无法写入（找不到文件或文件夹）" in nowhere.stderr
    own = {**os.environ, "TMPDIR": str(folder)}
    full = subprocess.run(
        [sys.executable, "-c", _WRITE, str(folder / name)], capture_output=True, text=True, check=False, env=own
    )
    assert full.stderr == ""
    assert full.stdout.startswith("磁盘空间不足")
    assert not list(folder.iterdir())


_WRITE = """
import resource, sys
from datetime import UTC, datetime
from pathlib import Path
from patrol.errors import StorageFull
from patrol.reports import making as m
from patrol.reports.records import Report
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
file = Path(sys.argv[1])
try:
    m.whole(file, lambda part: m.WRITERS[file.suffix](Report(form="a", title="表", tables=(), made_at=datetime.now(UTC)), part))
except StorageFull as error:
    print(error)
"""
