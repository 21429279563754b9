"""Back up and restore a workspace as one consistent set while it works: database, evidence, registers, lists, settings.

Evidence is always recorded before it is sealed. So the vault's lock is held while the database is copied and then the ledger and
the manifests: whatever evidence is in the copy, its lead is too. Sealed files never change; most are copied before the lock.
"""

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from pydantic import ValidationError

from patrol.errors import BadInput, EvidenceBroken, StoreError, in_words
from patrol.settings import Settings
from patrol.store import Store
from patrol.vault import Vault, VerifyReport, verify
from patrol.vault import files as vault_files
from patrol.vault.digests import of_file
from patrol.vault.model import Moment, Record, to_json

RECORD = "backup.json"
_DATABASE = "patrol.db"
_FOLDERS = ("takedowns", "lists", "campaigns", "calendar", "platforms", "reports", "clues", "rules")
_FILES = ("settings.toml", "jobs.yml", "rules.yml")


class Backup(Record):
    """What a backup holds: when it was made, the database's digest, the vault's last ledger row."""

    format: str = "patrol-backup/1"
    made: Moment
    database_sha256: str
    ledger_row: int
    files: dict[str, str]


@dataclass(frozen=True, slots=True)
class Done:
    """A finished backup or restore: where it lies and what the check of its evidence said."""

    folder: Path
    report: VerifyReport


def back_up(settings: Settings, to: Path) -> Done:
    """Write a backup to a folder that does not exist yet, and check it. Raises BadInput, StorageFull, EvidenceBroken."""
    to = _free(to)
    vault, store = Vault.of(settings), Store.open(settings.workspace)
    building = to.parent / f".{to.name[:40]}.{uuid4().hex[:8]}"
    try:
        (building / "vault").mkdir(parents=True)
        _copy_sealed(vault.root / "objects", building / "vault" / "objects")
        with vault.ledger.locked():
            _copy_database(store, building / _DATABASE)
            _copy_rest(settings.workspace, vault.root, building)
            row = vault.ledger.point().row
        _write_record(building, row)
        report = _checked(building / "vault")
        building.rename(to)
    except OSError as error:
        raise vault_files.explain(error, to) from error
    finally:
        store.close()
        shutil.rmtree(building, ignore_errors=True)
    vault.record("backup", reason=str(to.name), detail={"ledger_row": str(row)})
    return Done(to, report)


def restore(backup: Path, workspace: Path) -> Done:
    """Bring a backup back into a workspace that does not exist yet or is empty; nothing is there until all of it is checked."""
    record = _read_record(backup)
    if workspace.exists() and any(workspace.iterdir()):
        raise BadInput("工作区已有内容，不覆盖；请移走它，或用 --workspace 指定新的位置", file=workspace)
    _check_record(backup, record)
    _checked(backup / "vault")
    vault_files.make_folder(workspace.parent)
    building = workspace.parent / f".{workspace.name[:40]}.{uuid4().hex[:8]}"
    try:
        shutil.copytree(backup, building, ignore=shutil.ignore_patterns(RECORD))
        report = _checked(building / "vault")
        if workspace.exists():
            workspace.rmdir()
        building.rename(workspace)
    except OSError as error:
        raise vault_files.explain(error, workspace) from error
    finally:
        shutil.rmtree(building, ignore_errors=True)
    Vault(workspace / "vault").record("restore", reason=backup.name, detail={"made": record.made.utc})
    return Done(workspace, report)


def _free(to: Path) -> Path:
    to = to.expanduser().absolute()
    if to.exists():
        raise BadInput("备份位置已存在，不覆盖；请换一个文件夹名", file=to)
    vault_files.make_folder(to.parent)
    return to


def _copy_sealed(source: Path, target: Path) -> None:
    """Copy sealed files that are not there yet; temporary ones are left out."""
    for path in source.rglob("*"):
        place = target / path.relative_to(source)
        if path.is_file() and not path.name.startswith(".tmp-") and not place.exists():
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, place)
            place.chmod(vault_files.READ_ONLY)


def _copy_database(store: Store, target: Path) -> None:
    try:
        with closing(sqlite3.connect(target)) as copy:
            store.database.conn.backup(copy)
    except sqlite3.Error as error:
        raise StoreError(f"数据库无法备份（{in_words(error)}）；请检查磁盘空间后重试") from error


def _copy_rest(workspace: Path, vault: Path, building: Path) -> None:
    _copy_sealed(vault / "objects", building / "vault" / "objects")
    for name in ("items", "staging"):
        shutil.copytree(vault / name, building / "vault" / name)
    for name in ("vault.json", "ledger.jsonl", "ledger.head"):
        shutil.copy2(vault / name, building / "vault" / name)
    for name in _FOLDERS:
        if (workspace / name).is_dir():
            shutil.copytree(workspace / name, building / name)
    for name in _FILES:
        if (workspace / name).is_file():
            shutil.copy2(workspace / name, building / name)


def _others(folder: Path) -> Iterator[Path]:
    for name in (*_FOLDERS, *_FILES):
        place = folder / name
        yield from sorted(path for path in place.rglob("*") if path.is_file()) if place.is_dir() else [place] * place.is_file()


def _write_record(building: Path, row: int) -> None:
    found = {path.relative_to(building).as_posix(): of_file(path).sha256 for path in _others(building)}
    digest = of_file(building / _DATABASE).sha256
    record = Backup(made=Moment.of(datetime.now(UTC)), database_sha256=digest, ledger_row=row, files=found)
    vault_files.write_once(building / RECORD, to_json(record, indent=1))
    for folder, _, _ in os.walk(building):
        vault_files.sync_folder(Path(folder))


def _read_record(backup: Path) -> Backup:
    try:
        return Backup.model_validate_json((backup / RECORD).read_bytes())
    except (OSError, ValidationError) as error:
        raise BadInput("不是本系统的备份（缺少或读不出 backup.json）", file=backup) from error


def _check_record(backup: Path, record: Backup) -> None:
    expected = {_DATABASE: record.database_sha256, **record.files}
    for name, sha256 in expected.items():
        path = backup / name
        if not path.is_file() or of_file(path).sha256 != sha256:
            raise EvidenceBroken(f"备份中的“{name}”缺失或被改动，没有恢复任何内容；请换一份备份")
    for path in _others(backup):
        if path.relative_to(backup).as_posix() not in expected:
            raise EvidenceBroken(f"备份中有来历不明的文件“{path.name}”，没有恢复任何内容；请换一份备份")


def _checked(vault: Path) -> VerifyReport:
    report = verify(vault)
    if not report.ok:
        raise EvidenceBroken(f"备份的证据核验不符：{report.failures[0]}；请检查原证据库（patrol evidence verify）")
    return report
