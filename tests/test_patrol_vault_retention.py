"""Holds, destruction with a certificate, and backups that come back whole."""

import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from patrol import backup
from patrol.errors import BadInput, EvidenceBroken, EvidenceError
from patrol.settings import Settings, load
from patrol.vault import Vault, verify
from patrol.vault.journal import DESTROYING
from patrol.vault.retention import destroy, hold, holds, overdue, release
from tests.patrol_vault_cases import lead, page, small_vault

LATER = datetime.now(UTC) + timedelta(days=200)
TWO = {"officer": "张某", "approver": "李某", "reason": "超过保存期限"}


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return small_vault(tmp_path / "vault", tmp_path / "spool")


def test_only_what_is_over_its_period_is_named(vault: Vault) -> None:
    judged = {"ZJ-1": "unreviewed", "ZJ-2": "confirmed"}
    assert overdue(vault, judged, datetime.now(UTC)) == []
    assert [number for number, _ in overdue(vault, judged, LATER)] == ["ZJ-1"]
    assert overdue(vault, {}, LATER) == []


def test_what_a_later_look_sealed_goes_with_its_lead(vault: Vault, tmp_path: Path) -> None:
    vault.seal_exchange("ZJ-1-F20270203120506", *page(tmp_path / "spool", "7", b"gone"), lead=lead())
    due = [number for number, _ in overdue(vault, {"ZJ-1": "unreviewed", "ZJ-2": "confirmed"}, LATER)]
    assert due == ["ZJ-1", "ZJ-1-F20270203120506"]


def test_destroyed_item_is_gone_and_its_certificate_stays(vault: Vault) -> None:
    first = vault.manifests("ZJ-1")
    certificate = destroy(vault, "ZJ-1", **TWO)
    assert vault.numbers() == ("ZJ-2",)
    assert not [m for m in first for entry in m.files if vault.objects.holds(entry.sha256) and entry.role == "response_body"]
    row = list(vault.ledger.rows())[certificate.row - 1]
    assert (row.action, row.actor, row.detail["approver"]) == ("delete", "张某", "李某")
    assert set(json.loads(row.detail["manifests"])) == {m.name for m in first}
    report = verify(vault.root)
    assert report.ok, report.failures
    assert any("销毁证明" in note for note in report.notes)


def test_files_that_others_share_stay(vault: Vault) -> None:
    certificate = destroy(vault, "ZJ-1", **TWO)
    assert certificate.kept > 0
    assert verify(vault.root).ok
    assert vault.status("ZJ-2").missing == ()


def test_same_number_can_be_sealed_again_after_destruction(vault: Vault, tmp_path: Path) -> None:
    destroy(vault, "ZJ-1", **TWO)
    vault.seal_exchange("ZJ-1", *page(tmp_path / "spool", "1", b"again"), lead=lead())
    Vault(vault.root)
    report = verify(vault.root)
    assert report.ok, report.failures
    assert len(vault.manifests("ZJ-1")) == 1


def test_held_item_cannot_be_destroyed_until_released(vault: Vault) -> None:
    hold(vault, "ZJ-1", officer="王某", reason="行政复议")
    assert holds(vault) == {"ZJ-1": "行政复议"}
    assert overdue(vault, {"ZJ-1": "unreviewed"}, LATER) == []
    with pytest.raises(EvidenceError, match="行政复议"):
        destroy(vault, "ZJ-1", **TWO)
    release(vault, "ZJ-1", officer="王某", reason="复议终结")
    destroy(vault, "ZJ-1", **TWO)


@pytest.mark.parametrize("change", [{"approver": "张某"}, {"approver": ""}, {"reason": " "}, {"officer": ""}])
def test_destruction_needs_two_people_and_a_reason(vault: Vault, change: dict[str, str]) -> None:
    with pytest.raises(BadInput):
        destroy(vault, "ZJ-1", **{**TWO, **change})
    assert "ZJ-1" in vault.numbers()


def test_interrupted_destruction_is_ended_at_the_next_opening(vault: Vault, tmp_path: Path) -> None:
    whole = tmp_path / "before"
    shutil.copytree(vault.root, whole)
    certificate = destroy(vault, "ZJ-1", **TWO)
    for name in ("ledger.jsonl", "ledger.head"):
        shutil.copy2(vault.root / name, whole / name)
    (whole / "staging/.tmp-1").write_bytes(DESTROYING + f"ZJ-1 {certificate.row}".encode())
    assert verify(whole).ok
    assert Vault(whole).numbers() == ("ZJ-2",)
    assert verify(whole).ok


def test_file_that_outlives_its_certificate_is_named(vault: Vault, tmp_path: Path) -> None:
    kept = (vault.items.root / "ZJ-1/0001-exchange.json").read_bytes()
    destroy(vault, "ZJ-1", **TWO)
    (vault.items.root / "ZJ-1/0001-exchange.json").write_bytes(kept)
    report = verify(vault.root)
    assert [failure.place for failure in report.failures] == ["items/ZJ-1/0001-exchange.json"]


@pytest.fixture
def filled(settings: Settings, tmp_path: Path) -> Settings:
    small_vault(settings.workspace / "vault", tmp_path / "spool")
    (settings.workspace / "settings.toml").write_text("ocr = false\n")
    (settings.workspace / "lists").mkdir()
    (settings.workspace / "lists/list.csv").write_text("机构名称\n")
    (settings.workspace / "rules").mkdir()
    for name in ("rules.yml", "rules/own.yml"):
        (settings.workspace / name).write_text("rules: []\n")
    return settings


def test_backup_comes_back_whole(filled: Settings, tmp_path: Path) -> None:
    made = backup.back_up(filled, tmp_path / "copy")
    assert made.report.ok
    back = backup.restore(tmp_path / "copy", tmp_path / "new/workspace")
    assert verify(back.folder / "vault").ok
    assert Vault(back.folder / "vault").numbers() == ("ZJ-1", "ZJ-2")
    assert all((back.folder / name).is_file() for name in ("lists/list.csv", "rules.yml", "rules/own.yml"))
    actions = [row.action for row in Vault(back.folder / "vault").ledger.rows()]
    assert actions[-1] == "restore"


def test_backup_while_evidence_is_being_sealed_is_consistent(filled: Settings, tmp_path: Path) -> None:
    vault = Vault(filled.workspace / "vault")
    body = page(tmp_path / "spool", "9", b"nine")
    with vault.ledger.locked():
        (vault.root / "staging/.tmp-x").write_bytes(b"half a manifest")
    made = backup.back_up(filled, tmp_path / "copy")
    vault.seal_exchange("ZJ-9", *body, lead=lead())
    assert verify(made.folder / "vault").ok
    assert not (made.folder / "vault/items/ZJ-9").exists()


@pytest.mark.parametrize(
    "name", ["patrol.db", "rules.yml", "settings.toml", "lists/list.csv", "vault/ledger.jsonl", "vault/vault.json"]
)
def test_damaged_backup_restores_nothing(filled: Settings, tmp_path: Path, name: str) -> None:
    backup.back_up(filled, tmp_path / "copy")
    path = tmp_path / "copy" / name
    path.chmod(0o644)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(EvidenceBroken):
        backup.restore(tmp_path / "copy", tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_nothing_is_overwritten(filled: Settings, tmp_path: Path) -> None:
    backup.back_up(filled, tmp_path / "copy")
    with pytest.raises(BadInput, match="不覆盖"):
        backup.back_up(filled, tmp_path / "copy")
    with pytest.raises(BadInput, match="不覆盖"):
        backup.restore(tmp_path / "copy", filled.workspace)


def test_backup_of_an_encrypted_vault_needs_no_key(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("寒假巡查二〇二七年证据口令")
    given = load({}, workspace=str(tmp_path / "ws"), evidence_key=str(tmp_path / "key"), min_free_mb=1)
    vault = Vault.of(given)
    (tmp_path / "spool").mkdir()
    vault.seal_exchange("ZJ-1", *page(tmp_path / "spool", "1", b"secret page"), lead=lead())
    made = backup.back_up(given, tmp_path / "copy")
    stored = b"".join(path.read_bytes() for path in (made.folder / "vault/objects").rglob("*") if path.is_file())
    assert b"secret page" not in stored
    back = load({}, workspace=str(tmp_path / "new"), evidence_key=str(tmp_path / "key"), min_free_mb=1)
    backup.restore(made.folder, back.workspace)
    assert Vault.of(back).objects.read(vault.manifests("ZJ-1")[0].files[0].sha256) == b"secret page"
