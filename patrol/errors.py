"""Every exception of the product, in one tree.

    PatrolError                    exit 1: a failure while working
    ├── BadInput                   exit 2: a file or a value that an officer gave; nothing was written
    ├── NotAvailable               exit 1: a part of this machine is missing (browser, font, OCR engine); says how to get it
    ├── StorageFull                exit 1: no room left; work stopped before anything was half-written
    ├── StoreError                 exit 1: the database refused
    │   └── Conflict               exit 1: somebody else changed it meanwhile; nothing was written
    ├── EvidenceError              exit 1: evidence could not be sealed or read
    │   └── EvidenceBroken         exit 1: evidence is not what was sealed; names the file, field or ledger row
    ├── Refused                    exit 1: the console did not let a request through; carries the HTTP status
    └── CrawlError                 exit 1: a spider run could not be carried out
        └── UnsafeAddress          exit 1: an address inside our own network; refused before connecting

The text of an exception is Chinese, one line: what happened, to what, and what to do next. Please add no exception
elsewhere, and none here without a place in this drawing.
"""

import errno
import os
from collections.abc import Iterable
from pathlib import Path


class PatrolError(Exception):
    """Say what failed, and what to do about it; `exit_code` is what the command returns."""

    exit_code = 1


class BadInput(PatrolError):
    """Refuse a file or a value as a whole, naming file, line and field where they are known.

    `line` counts from 1. The message reads «文件 第N行 字段：原因».
    """

    exit_code = 2

    def __init__(self, reason: str, *, file: str | Path | None = None, line: int | None = None, field: str | None = None) -> None:
        self.reason, self.file, self.line, self.field = reason, file, line, field
        place = " ".join(
            part
            for part in (
                str(file) if file is not None else "",
                f"第{line}行" if line is not None else "",
                f"字段“{field}”" if field else "",
            )
            if part
        )
        super().__init__(f"{place}：{reason}" if place else reason)


class NotAvailable(PatrolError):
    """A part of the machine that this step needs is missing; the text names the one command that brings it."""


class StorageFull(PatrolError):
    """The disk has no room; what was acknowledged before is whole."""


class StoreError(PatrolError):
    """The database could not be opened, migrated or written."""


class Conflict(StoreError):
    """Somebody else changed what this was decided on; the text says who and what, and nothing was written."""


class EvidenceError(PatrolError):
    """Evidence could not be sealed, read or exported."""


class EvidenceBroken(EvidenceError):
    """Evidence differs from what was sealed; the text names the exact file, field or ledger row."""


class Refused(PatrolError):
    """The console did not let a request through: an HTTP status, one sentence, and the seconds to wait (0: do not try again)."""

    def __init__(self, status: int, text: str, *, wait: int = 0) -> None:
        self.status, self.wait = status, wait
        super().__init__(text)


class CrawlError(PatrolError):
    """A spider run could not be carried out."""


class UnsafeAddress(CrawlError):
    """An address of our own network (private, loopback, link-local, metadata …) was refused at connect time."""


_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_SYSTEM_WORDS = {
    errno.ENOENT: "找不到文件或文件夹",
    errno.EISDIR: "这是文件夹，不是文件",
    errno.ENOTDIR: "路径中有一段不是文件夹",
    errno.EEXIST: "已有同名的文件或文件夹",
    errno.ENOTEMPTY: "文件夹不是空的",
    errno.EACCES: "没有权限",
    errno.EPERM: "没有权限",
    errno.EROFS: "所在磁盘只读",
    errno.EBUSY: "正被另一个程序占用",
    errno.ETXTBSY: "正被另一个程序占用",
    errno.EMFILE: "打开的文件太多",
    errno.ENFILE: "打开的文件太多",
    errno.ENAMETOOLONG: "文件名太长",
    errno.EINVAL: "文件名或路径不能用",
    errno.ELOOP: "链接绕成了圈",
    errno.EIO: "磁盘读写出错",
    errno.EXDEV: "不在同一个磁盘",
    errno.EADDRINUSE: "已被占用",
    errno.EADDRNOTAVAIL: "本机没有这个地址",
    **dict.fromkeys(_FULL, "磁盘已满"),
}
# what SQLite says, by a piece of its English
_DATABASE_WORDS = {
    "readonly": "数据库只读",
    "unable to open": "打不开数据库文件",
    "is full": "磁盘已满",
    "locked": "数据库正被另一个程序占用",
    "not a database": "文件不是数据库",
    "malformed": "数据库内容损坏",
    "disk i/o": "磁盘读写出错",
    "authorization denied": "没有权限",
    "no such table": "缺少数据表",
}


def in_words(error: Exception) -> str:
    """Say in Chinese what the system (files, text encoding, SQLite) refused; its own text only where it is not known."""
    if isinstance(error, UnicodeDecodeError):
        return "不是 UTF-8 编码"
    if isinstance(error, OSError):
        known = next((_SYSTEM_WORDS[code] for code in _codes(error) if code in _SYSTEM_WORDS), "")
        return known or error.strerror or "读写失败"
    text = str(error)
    if isinstance(error, PatrolError):
        return text
    return next((words for piece, words in _DATABASE_WORDS.items() if piece in text.lower()), text)


def no_room(error: OSError) -> bool:
    """Say whether a failure to write means that the disk, a quota or the largest file size is used up."""
    return not _FULL.isdisjoint(_codes(error))


def _codes(error: OSError) -> Iterable[int]:
    if error.errno is not None:
        return [error.errno]
    # shutil gathers the failures of many files into one error that has no number, only their texts
    text = str(error)
    return [code for code in (*_FULL, *_SYSTEM_WORDS) if os.strerror(code) in text]
