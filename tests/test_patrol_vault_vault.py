"""Sealing: once, whole, in order, and with what is missing named."""

import json
import os
import threading
from pathlib import Path

import pytest

from patrol.errors import BadInput, EvidenceBroken, EvidenceError, StorageFull
from patrol.vault import EvidenceState, Vault, verify
from patrol.vault.digests import of_bytes
from tests.patrol_vault_cases import lead, page, rendering, small_vault


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    folder = tmp_path / "spool"
    folder.mkdir()
    return folder


def test_sm3_is_the_standard_one() -> None:
    assert of_bytes(b"abc").sm3 == "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"


def test_sealing_twice_returns_the_same_receipt_and_adds_nothing(tmp_path: Path, spool: Path) -> None:
    vault = Vault(tmp_path / "vault")
    capture, body = page(spool, "1", b"<p>1</p>")
    first = vault.seal_exchange("ZJ-1", capture, body, lead=lead())
    rows = (tmp_path / "vault/ledger.jsonl").read_bytes()
    again = Vault(tmp_path / "vault").seal_exchange("ZJ-1", capture, body, lead=lead())
    assert first.added
    assert not again.added
    assert (first.sha256, first.sm3, first.manifest) == (again.sha256, again.sm3, again.manifest)
    assert (tmp_path / "vault/ledger.jsonl").read_bytes() == rows


def test_changed_page_is_sealed_beside_the_first(tmp_path: Path, spool: Path) -> None:
    vault = Vault(tmp_path / "vault")
    for body in (b"<p>before</p>", b"<p>after</p>"):
        vault.seal_exchange("ZJ-1", *page(spool, "1", body), lead=lead())
    one, two = vault.manifests("ZJ-1")
    assert (one.sequence, two.sequence) == (1, 2)
    assert two.previous == of_bytes(one.to_bytes()).sha256


def test_same_bytes_are_kept_once(tmp_path: Path, spool: Path) -> None:
    vault = Vault(tmp_path / "vault")
    for number in ("ZJ-1", "ZJ-2"):
        vault.seal_exchange(number, *page(spool, "1", b"<p>same</p>"), lead=lead())
    assert len(list(vault.objects.names())) == 1


def test_sealed_files_are_read_only(tmp_path: Path, spool: Path) -> None:
    vault = small_vault(tmp_path / "vault", spool)
    kept = [p for folder in (vault.items.root, vault.objects.root) for p in folder.rglob("*") if p.is_file()]
    assert kept
    assert {path.stat().st_mode & 0o777 for path in kept} == {0o444}


def test_body_that_is_not_what_was_fetched_is_refused(tmp_path: Path, spool: Path) -> None:
    vault = Vault(tmp_path / "vault")
    capture, body = page(spool, "1", b"<p>1</p>")
    body.write_bytes(b"<p>2</p>")
    with pytest.raises(EvidenceBroken, match="摘要不符"):
        vault.seal_exchange("ZJ-1", capture, body, lead=lead())
    assert vault.numbers() == ()


@pytest.mark.parametrize("number", ["../x", "a/b", "", "证据", "a" * 65, ".hidden"])
def test_number_that_could_be_a_path_is_refused(tmp_path: Path, spool: Path, number: str) -> None:
    vault = Vault(tmp_path / "vault")
    with pytest.raises(EvidenceError, match="证据编号"):
        vault.seal_exchange(number, *page(spool, "1", b"x"), lead=lead())


def test_status_names_what_is_missing(tmp_path: Path, spool: Path) -> None:
    vault = Vault(tmp_path / "vault")
    assert vault.status("ZJ-1").state is EvidenceState.FAILED
    vault.seal_exchange("ZJ-1", *page(spool, "1", b"x"), lead=lead())
    assert vault.status("ZJ-1").state is EvidenceState.PARTIAL
    assert "截图" in vault.status("ZJ-1").missing[0]
    vault.seal_rendering("ZJ-1", rendering(spool / "r", "ZJ-1"))
    assert vault.status("ZJ-1").state is EvidenceState.COMPLETE
    assert vault.status("ZJ-1").missing == ()


def test_partial_rendering_is_never_called_complete(tmp_path: Path, spool: Path) -> None:
    vault = Vault(tmp_path / "vault")
    vault.seal_exchange("ZJ-1", *page(spool, "1", b"x"), lead=lead())
    vault.seal_rendering("ZJ-1", rendering(spool / "r", "ZJ-1", state=EvidenceState.PARTIAL))
    assert vault.status("ZJ-1").state is EvidenceState.PARTIAL


def test_hostile_texts_become_plain_records(tmp_path: Path, spool: Path) -> None:
    vault = Vault(tmp_path / "vault")
    facts = lead(title="\u202egnp.exe\ud800" + "长" * 10_000_000, excerpt="a\x00b\x1b[31m")
    vault.seal_exchange("ZJ-1", *page(spool, "1", b"x"), lead=facts)
    raw = (vault.items.root / "ZJ-1/0001-exchange.json").read_bytes()
    kept = json.loads(raw)["lead"]
    assert len(raw) < 20_000
    assert kept["title"].endswith("…（已截短）")
    assert "\u202e" not in kept["title"]
    assert kept["excerpt"] == "ab[31m"
    assert verify(vault.root).ok


def test_lone_surrogates_in_addresses_do_not_stop_sealing(tmp_path: Path, spool: Path) -> None:
    vault = Vault(tmp_path / "vault")
    capture, body = page(spool, "\ud83d", b"x")
    vault.seal_exchange("ZJ-1", capture, body, lead=lead())
    assert verify(vault.root).ok


def test_no_room_stops_before_anything_is_begun(tmp_path: Path, spool: Path) -> None:
    vault = Vault(tmp_path / "vault", min_free_mb=1e12)
    with pytest.raises(StorageFull, match="min_free_mb"):
        vault.seal_exchange("ZJ-1", *page(spool, "1", b"x"), lead=lead())
    assert list(vault.objects.names()) == []


def test_many_writers_make_one_chain(tmp_path: Path, spool: Path) -> None:
    pages = [page(spool, str(i), f"page {i}".encode()) for i in range(24)]

    def work(share: int) -> None:
        vault = Vault(tmp_path / "vault")
        for index in range(share, 24, 4):
            vault.seal_exchange(f"ZJ-{index}", *pages[index], lead=lead())

    threads = [threading.Thread(target=work, args=(share,)) for share in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    report = verify(tmp_path / "vault")
    assert report.ok, report.failures
    assert report.items == 24


def test_masked_export_holds_no_secret(tmp_path: Path, spool: Path) -> None:
    vault = small_vault(tmp_path / "vault", spool)
    folder = vault.export("ZJ-1", tmp_path / "out")
    everything = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    for secret in ("19900001234", "abc_12345", "王小明"):
        assert secret.encode() not in everything
    assert "199****1234" in everything.decode("utf-8", "replace")
    assert verify(folder).ok


def test_originals_need_a_reason(tmp_path: Path, spool: Path) -> None:
    vault = small_vault(tmp_path / "vault", spool)
    with pytest.raises(BadInput, match="事由"):
        vault.export("ZJ-1", tmp_path / "out", masked=False)
    assert not (tmp_path / "out").exists()


def test_export_of_originals_goes_to_the_ledger_with_its_reason(tmp_path: Path, spool: Path) -> None:
    vault = small_vault(tmp_path / "vault", spool)
    vault.export("ZJ-1", tmp_path / "out", masked=False, actor="李某", reason="移送公安")
    last = list(vault.ledger.rows())[-1]
    assert (last.action, last.actor, last.reason, last.detail["masked"]) == ("export", "李某", "移送公安", "no")


def test_export_never_overwrites(tmp_path: Path, spool: Path) -> None:
    vault = small_vault(tmp_path / "vault", spool)
    (tmp_path / "out").mkdir()
    (tmp_path / "out/mine.txt").write_text("x")
    with pytest.raises(BadInput, match="已有内容"):
        vault.export("ZJ-1", tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["mine.txt"]


def test_verifying_while_evidence_is_sealed_finds_no_fault(tmp_path: Path, spool: Path) -> None:
    pages = [page(spool, str(i), f"page {i}".encode()) for i in range(60)]
    vault = Vault(tmp_path / "vault")

    def work() -> None:
        for index, one in enumerate(pages):
            vault.seal_exchange(f"ZJ-{index}", *one, lead=lead())

    sealing = threading.Thread(target=work)
    sealing.start()
    reports = [verify(tmp_path / "vault")]
    while sealing.is_alive():
        reports.append(verify(tmp_path / "vault"))
    sealing.join()
    assert [failure for report in reports for failure in report.failures] == []
    assert verify(tmp_path / "vault").items == 60


def test_leftovers_of_killed_processes_go_after_a_day(tmp_path: Path, spool: Path) -> None:
    vault = small_vault(tmp_path / "vault", spool, items=1)
    old, young = vault.scratch(), vault.scratch()
    (old / "full.png").write_bytes(b"personal")
    torn = next(vault.objects.root.iterdir()) / ".tmp-torn"
    torn.write_bytes(b"half")
    for path in (old, torn):
        os.utime(path, (0, 0))
    vault.sweep_leftovers()
    assert not old.exists()
    assert not torn.exists()
    assert young.exists()
    assert verify(vault.root).ok
