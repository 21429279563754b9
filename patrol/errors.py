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
