"""Check evidence: a whole vault, one item, or an exported package; name the exact file, field or ledger row that fails."""

import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from datetime import timedelta
from pathlib import Path

from cryptography.x509 import Certificate
from pydantic import ValidationError

from patrol.errors import BadInput, EvidenceBroken
from patrol.vault import digests
from patrol.vault.chain import Chain, CheckedRow, check_chain
from patrol.vault.items import NUMBER, read_manifest
from patrol.vault.journal import DESTROYING
from patrol.vault.ledger import Ledger
from patrol.vault.model import Founding, LedgerRow, Manifest
from patrol.vault.object_checks import check_objects
from patrol.vault.objects import ObjectStore
from patrol.vault.package import check_package, is_package
from patrol.vault.report import Findings, VerifyReport
from patrol.vault.sealing_keys import SealingKey
from patrol.vault.stamp_checks import check_stamps

_KNOWN = {"vault.json", "ledger.jsonl", "ledger.head", "ledger.lock", "objects", "items", "staging", "incoming"}
_PLACING = {"capture", "timestamp"}
_TOLERANCE = timedelta(seconds=2)


def verify(path: Path, *, roots: Sequence[Certificate] = (), key: SealingKey | None = None) -> VerifyReport:
    """Check a vault, an item of one, an exported folder or its zip. Raises BadInput when `path` is none of them.

    Time stamps are held against the pinned `roots`; without any, only what they were issued for is checked.
    Encrypted files are opened where the `key` is given, else held against the digest of their encrypted form.
    """
    started = time.perf_counter()
    path = Path(path)
    found = Findings()
    if (path / "ledger.jsonl").is_file() or (path / "vault.json").is_file():
        kind, items = "vault", _check_vault(path, None, roots, key, found)
    elif path.parent.name == "items" and NUMBER.fullmatch(path.name):
        kind, items = "item", _check_vault(path.parent.parent, path.name, roots, key, found)
    elif is_package(path):
        kind = "package"
        items, found = check_package(path)
    else:
        raise BadInput(
            "不是证据库、证据条目或导出的证据包；请给出证据库文件夹、其中 items 下的一个编号，或导出的文件夹、zip", file=path
        )
    return VerifyReport(
        path=str(path),
        kind=kind,
        items=items,
        files=found.files,
        size=found.size,
        seconds=time.perf_counter() - started,
        failures=tuple(found.failures),
        notes=tuple(found.notes),
    )


def _check_vault(root: Path, only: str | None, roots: Sequence[Certificate], key: SealingKey | None, found: Findings) -> int:
    chain, present = _snapshot(root, only)
    found.failures.extend(chain.failures)
    found.notes.extend(chain.notes)
    rows = [checked for checked in chain.rows if checked.row.action in _PLACING]
    gone = destroyed(chain.rows)
    if only is None:
        _check_founding(root, chain.rows, found)
        _check_strays(root, found)
    wanted = [checked for checked in rows if only is None or checked.row.number == only]
    if only is not None and not wanted:
        found.fail(f"items/{only}", "保管台账里没有这个编号的入库记录")
    manifests = list(_check_items(root, wanted, gone, chain.rows, found))
    check_stamps(root, [checked.row for checked in wanted], roots, found)
    _check_unlisted(root, present, rows, found)
    check_objects(ObjectStore(root / "objects", key), manifests, found, everything=only is None)
    return len({manifest.number for manifest in manifests})


def _snapshot(root: Path, only: str | None) -> tuple[Chain, list[Path]]:
    """Read the ledger and the list of items at one moment, so that a sweep that goes on sealing looks like nothing worse."""
    held = nullcontext() if not os.access(root / "ledger.lock", os.W_OK) else Ledger(root).locked()
    with held:
        folders = [root / "items" / only] if only else sorted((root / "items").glob("*"))
        return check_chain(root), [
            path for folder in folders for path in (sorted(folder.iterdir()) if folder.is_dir() else [folder])
        ]


def destroyed(rows: Sequence[CheckedRow]) -> dict[tuple[str, str], int]:
    """Return the files that certificates of destruction name, with the row of the certificate."""
    gone: dict[tuple[str, str], int] = {}
    for checked in rows:
        if checked.row.action == "delete" and "files" in checked.row.detail:
            gone |= {(checked.row.number, name): checked.row.row for name in json.loads(checked.row.detail["files"])}
    return gone


def _being_destroyed(root: Path, number: str, certificate: int) -> bool:
    """Tell whether a destruction was interrupted; the next opening of the vault ends it."""
    marker = DESTROYING + f"{number} {certificate}".encode()
    return any(path.read_bytes() == marker for path in (root / "staging").glob(".tmp-*"))


def _check_founding(root: Path, rows: Sequence[CheckedRow], found: Findings) -> None:
    path = root / "vault.json"
    if not path.is_file():
        if len(rows) <= 1:
            found.notes.append("vault.json 尚未写出（建库时被中断），下次打开证据库时自动补全")
        else:
            found.fail("vault.json", "文件缺失")
        return
    found.files += 1
    first = rows[0] if rows and rows[0].line == 1 else None
    if first is None:
        try:
            Founding.model_validate_json(path.read_bytes())
        except ValidationError:
            found.fail("vault.json", "不是证据库的标识文件（台账第1行也无法用来比对）")
    elif first.row.detail.get("vault_json_sha256") != digests.of_file(path).sha256:
        found.fail("vault.json", "内容与保管台账第1行记载的摘要不符")


def _check_strays(root: Path, found: Findings) -> None:
    for path in sorted(root.iterdir()):
        if path.name not in _KNOWN and not path.name.startswith(".tmp-"):
            found.fail(path.name, "证据库里没有登记过的文件")
    lock = root / "ledger.lock"
    if lock.is_file() and lock.stat().st_size:
        found.fail("ledger.lock", "锁文件应为空，被写入了内容")


def _check_items(
    root: Path, rows: Sequence[CheckedRow], gone: Mapping[tuple[str, str], int], ledger: Sequence[CheckedRow], found: Findings
) -> Iterator[Manifest]:
    previous: dict[str, str] = {}
    latest = {(checked.row.number, checked.row.detail.get("file", "")): checked.row.row for checked in rows}
    for checked in rows:
        row = checked.row
        name = row.detail.get("file", "")
        place = f"items/{row.number}/{name}"
        expected = previous.get(row.number, "")
        if row.action == "capture":
            previous[row.number] = row.detail.get("sha256", "")
        certificate = gone.get((row.number, name), 0)
        if certificate > row.row:
            previous[row.number] = ""
            if (
                latest[row.number, name] < certificate
                and (root / place).exists()
                and not _being_destroyed(root, row.number, certificate)
            ):
                found.fail(place, f"台账第{certificate}行证明它已销毁，文件却还在")
            found.notes.append(f"{place} 已销毁（销毁证明见台账第{certificate}行）")
            continue
        data = _read_manifest_bytes(root, place, row, found)
        if data is None or row.action != "capture":
            continue
        try:
            manifest = read_manifest(data, place)
        except EvidenceBroken as error:
            found.fail(place, str(error))
            continue
        _check_manifest(manifest, place, row, expected, ledger, found)
        yield manifest


def _read_manifest_bytes(root: Path, place: str, row: LedgerRow, found: Findings) -> bytes | None:
    path = root / place
    if not path.is_file():
        staged = [p for p in (root / "staging").glob(".tmp-*") if digests.of_file(p).sha256 == row.detail.get("sha256")]
        if not staged:
            found.fail(place, f"文件缺失（保管台账第{row.row}行记有其入库）")
            return None
        found.notes.append(f"{place} 入库时被中断，下次打开证据库时自动补全")
        path = staged[0]
    data = path.read_bytes()
    found.files += 1
    found.size += len(data)
    actual = digests.of_bytes(data)
    for field_name, value in (("SHA-256", actual.sha256), ("SM3", actual.sm3)):
        if row.detail.get("sha256" if field_name == "SHA-256" else "sm3") != value:
            found.fail(place, f"内容被改动：{field_name} 与保管台账第{row.row}行不符")
            return None
    return data


def _check_manifest(
    manifest: Manifest, place: str, row: LedgerRow, previous: str, ledger: Sequence[CheckedRow], found: Findings
) -> None:
    if manifest.number != row.number or manifest.name != row.detail.get("file"):
        found.fail(place, f"字段“number”与保管台账第{row.row}行的编号不符")
    if manifest.previous != previous:
        found.fail(place, "字段“previous”与同一编号的上一份清单不符（顺序被改动或有清单被移除）")
    point = manifest.ledger
    if not 0 <= point.row < row.row or (point.row and point.row <= len(ledger) and ledger[point.row - 1].row.hash != point.hash):
        found.fail(place, f"字段“ledger”指向的台账第{point.row}行与现存台账不符（台账被改动）")
    if manifest.finished.instant < manifest.started.instant - _TOLERANCE:
        found.fail(place, "字段“finished”早于“started”（时钟被拨动）")
    if manifest.sealed.instant < manifest.finished.instant - _TOLERANCE:
        found.fail(place, "字段“sealed”早于取证完成时间（时钟被拨动）")
    if abs(manifest.sealed.instant - row.at.instant) > _TOLERANCE:
        found.fail(place, f"字段“sealed”与保管台账第{row.row}行的时间不符")


def _check_unlisted(root: Path, present: Sequence[Path], rows: Sequence[CheckedRow], found: Findings) -> None:
    listed = {(checked.row.number, checked.row.detail.get("file")) for checked in rows}
    for path in present:
        if (path.parent.name, path.name) not in listed and path.exists():
            found.fail(f"items/{path.relative_to(root / 'items')}", "保管台账里没有它的入库记录（被移除了台账行，或是外来文件）")
