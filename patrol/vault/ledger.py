"""The custody ledger: append-only rows, each carrying the hash of the row before, written through to the disk one by one.

`ledger.head` holds the number and hash of the last row, so that rows cut off at the end are missed too. A head that lags
behind an intact chain is what a kill between the two writes leaves; it is brought up to date at the next append.
"""

import hashlib
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from pydantic import ValidationError

from patrol.errors import EvidenceBroken, PatrolError
from patrol.vault import files
from patrol.vault.model import LedgerPoint, LedgerRow, Moment, to_json

START = "0" * 64
_SHORT_TAIL, _TAIL = 1 << 13, 1 << 20


def row_hash(row: LedgerRow) -> str:
    """Return the hash that belongs into a row: over all its other fields."""
    return hashlib.sha256(to_json(row.model_copy(update={"hash": ""}))).hexdigest()


class Ledger:
    """The file `ledger.jsonl` of a vault, its head and its lock."""

    def __init__(self, root: Path) -> None:
        self.path = root / "ledger.jsonl"
        self.head_path = root / "ledger.head"
        self._lock_path = root / "ledger.lock"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep every other process from writing evidence."""
        with files.locked(self._lock_path):
            yield

    def point(self) -> LedgerPoint:
        """Return the last row's number and hash; row 0 before the first."""
        last = self._last_row()
        return LedgerPoint(row=last.row, hash=last.hash) if last else LedgerPoint(row=0, hash=START)

    def append(
        self,
        action: str,
        *,
        number: str = "",
        actor: str = "",
        reason: str = "",
        detail: Mapping[str, str] | None = None,
        at: datetime | None = None,
    ) -> LedgerRow:
        """Write one row and wait for the disk; call it with the lock held. Raises StorageFull, nothing half-written."""
        self._drop_torn_tail()
        last = self.point()
        draft = LedgerRow(
            row=last.row + 1,
            at=Moment.of(at or datetime.now(UTC)),
            action=action,
            number=number,
            actor=actor,
            reason=reason,
            detail=dict(detail or {}),
            previous=last.hash,
        )
        row = draft.model_copy(update={"hash": row_hash(draft)})
        before = self._write(to_json(row))
        try:
            files.replace(self.head_path, to_json(LedgerPoint(row=row.row, hash=row.hash)))
        except PatrolError:
            os.truncate(self.path, before)  # the row was not acknowledged: it must not stand
            raise
        return row

    def rows(self) -> Iterator[LedgerRow]:
        """Yield the rows as they stand. Raises EvidenceBroken naming the line that cannot be read."""
        if not self.path.is_file():
            return
        with self.path.open("rb") as file:
            for number, line in enumerate(file, 1):
                if not line.endswith(b"\n"):
                    return
                yield _parse(line, number)

    def _write(self, line: bytes) -> int:
        """Append a line and return the size before; a line that does not fit is taken back."""
        handle = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        size = os.fstat(handle).st_size
        try:
            done = 0
            while done < len(line):
                done += os.write(handle, line[done:])
            os.fsync(handle)
        except OSError as error:
            os.ftruncate(handle, size)
            raise files.explain(error, self.path) from error
        finally:
            os.close(handle)
        return size

    def _last_row(self) -> LedgerRow | None:
        if not self.path.is_file():
            return None
        with self.path.open("rb") as file:
            end = file.seek(0, os.SEEK_END)
            for length in (_SHORT_TAIL, _TAIL, end):
                file.seek(max(0, end - length))
                # a line without the line break before it may begin before the tail
                _, line_break, last = file.read().rpartition(b"\n")[0].rpartition(b"\n")
                if last and (line_break or length >= end):
                    return _parse(last + b"\n", -1)
        return None

    def _drop_torn_tail(self) -> None:
        """Cut off a last line without its end: it was never acknowledged (a kill or a power cut stopped its writing)."""
        if not self.path.is_file():
            return
        with self.path.open("r+b") as file:
            end = file.seek(0, os.SEEK_END)
            file.seek(max(0, end - 1))
            if file.read() in {b"", b"\n"}:
                return
            start = max(0, end - _TAIL)
            file.seek(start)
            tail = file.read()
            keep = tail.rfind(b"\n") + 1
            if keep < len(tail):
                file.truncate(start + keep)


def _parse(line: bytes, number: int) -> LedgerRow:
    try:
        return LedgerRow.model_validate_json(line)
    except ValidationError as error:
        place = f"第{number}行" if number > 0 else "最后一行"
        raise EvidenceBroken(
            f"保管台账 ledger.jsonl {place}无法读取（被改动）；请运行 patrol evidence verify 并用备份恢复"
        ) from error
