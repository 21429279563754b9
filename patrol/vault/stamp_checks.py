"""Check the time stamps of a vault: issued for this manifest, by a pinned authority, at a time the ledger can stand for."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from cryptography.x509 import Certificate

from patrol.errors import EvidenceBroken
from patrol.vault.model import LedgerRow
from patrol.vault.replies import Stamp, check_reply
from patrol.vault.report import Findings

CLOCK_TOLERANCE = timedelta(minutes=2)


def check_stamps(root: Path, rows: Sequence[LedgerRow], roots: Sequence[Certificate], found: Findings) -> None:
    """Check each stamp row against its file, its manifest and its time; say how many manifests have none yet."""
    stamped: set[tuple[str, str]] = set()
    loose = 0
    for row in rows:
        if row.action != "timestamp":
            continue
        place = f"items/{row.number}/{row.detail.get('file', '')}"
        manifest = root / "items" / row.number / row.detail.get("manifest", "")
        if not manifest.is_file() or not (root / place).is_file():
            continue  # named already as missing
        stamped.add((row.number, manifest.name))
        try:
            stamp = check_reply(manifest.read_bytes(), (root / place).read_bytes(), roots)
        except EvidenceBroken as error:
            found.fail(place, str(error))
            continue
        loose += not stamp.trusted
        _check_times(stamp, row, place, found)
    waiting = [row for row in rows if row.action == "capture" and (row.number, row.detail.get("file", "")) not in stamped]
    if stamped:
        found.notes.append(f"可信时间戳：{len(stamped)} 份清单已取得，{len(waiting)} 份待申请")
    elif waiting:
        found.notes.append(f"可信时间戳：{len(waiting)} 份清单均未申请")
    if loose:
        found.notes.append(f"{loose} 个时间戳未用固定的根证书核对（设置 tsa_roots 后再核验）")


def _check_times(stamp: Stamp, row: LedgerRow, place: str, found: Findings) -> None:
    said = row.detail.get("time", "")
    if said != stamp.at.isoformat():
        found.fail(place, f"时间戳的时间 {stamp.at.isoformat()} 与台账第{row.row}行登记的 {said} 不符")
    offset = row.at.instant - stamp.at
    if abs(offset) > CLOCK_TOLERANCE:
        found.fail(
            place, f"本机时钟与可信时间相差 {_words(offset)}（台账第{row.row}行 {row.at.beijing}），其前后记录的时间不可信"
        )


def _words(offset: timedelta) -> str:
    seconds = int(offset.total_seconds())
    return f"{'快' if seconds > 0 else '慢'} {abs(seconds)} 秒"


def when_stamped(rows: Sequence[LedgerRow], number: str, manifest: str) -> datetime | None:
    """Return the time of the stamp that the ledger has for a manifest."""
    for row in rows:
        if row.action == "timestamp" and row.number == number and row.detail.get("manifest") == manifest:
            return datetime.fromisoformat(row.detail["time"])
    return None
