"""Encryption at rest: nothing readable on the disk, nothing lost with the key, every change still caught."""

from pathlib import Path

import pytest

from patrol.errors import BadInput, NotAvailable
from patrol.settings import load
from patrol.vault import Vault, verify
from patrol.vault.sealing_keys import SealingKey, key_of, load_key, new_key
from tests.patrol_vault_cases import lead, page, rendering


def encrypted(base: Path, secret: str = "") -> tuple[Vault, dict[str, str]]:
    """Return a vault with one sealed item, its key in a file (a passphrase when `secret` is given)."""
    key = base / "keys/evidence.key"
    if secret:
        key.parent.mkdir(exist_ok=True)
        key.write_text(secret, encoding="utf-8")
    elif not key.exists():
        new_key(key)
    given = {"workspace": str(base / "ws"), "evidence_key": str(key)}
    vault = Vault.of(load({}, min_free_mb=1, **given))
    spool = base / "spool"
    spool.mkdir(exist_ok=True)
    vault.seal_exchange("ZJ-1", *page(spool, "1", "<p>王小明老师 19900001234</p>".encode()), lead=lead())
    vault.seal_rendering("ZJ-1", rendering(spool / "r", "ZJ-1"))
    return vault, given


def test_originals_cannot_be_read_on_the_disk(tmp_path: Path) -> None:
    vault, _ = encrypted(tmp_path)
    stored = b"".join(path.read_bytes() for path in vault.objects.root.rglob("*") if path.is_file())
    assert stored
    assert b"19900001234" not in stored
    assert b"\x89PNG" not in stored
    assert "19900001234" in vault.objects.read(vault.manifests("ZJ-1")[0].files[0].sha256).decode()


def test_encrypted_vault_verifies_with_and_without_the_key(tmp_path: Path) -> None:
    vault, given = encrypted(tmp_path)
    with_key = verify(vault.root, key=key_of(load({}, **given)))
    without = verify(vault.root)
    assert with_key.ok
    assert without.ok
    assert any("没有给出密钥" in note for note in without.notes)


def test_every_change_of_an_encrypted_file_is_caught(tmp_path: Path) -> None:
    vault, given = encrypted(tmp_path)
    for path in sorted(vault.objects.root.rglob("*.sealed")):
        whole = path.read_bytes()
        path.chmod(0o644)
        for offset in (0, 20, len(whole) // 2, len(whole) - 1):
            path.write_bytes(whole[:offset] + bytes([whole[offset] ^ 1]) + whole[offset + 1 :])
            for key in (None, key_of(load({}, **given))):
                assert any(path.name in failure.place for failure in verify(vault.root, key=key).failures)
        path.write_bytes(whole)


def test_another_key_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    encrypted(tmp_path)
    new_key(tmp_path / "keys/other.key")
    with pytest.raises(BadInput, match="不是同一把"):
        Vault.of(load({}, workspace=str(tmp_path / "ws"), evidence_key=str(tmp_path / "keys/other.key"), min_free_mb=1))


def test_without_the_key_originals_stay_closed(tmp_path: Path) -> None:
    vault, _ = encrypted(tmp_path)
    closed = Vault(vault.root)
    with pytest.raises(NotAvailable, match="密钥"):
        closed.objects.read(vault.manifests("ZJ-1")[0].files[0].sha256)


def test_passphrase_opens_the_same_vault_again(tmp_path: Path) -> None:
    vault, given = encrypted(tmp_path, secret="寒假巡查二〇二七年证据口令")
    again = Vault.of(load({}, min_free_mb=1, **given))
    assert again.objects.read(vault.manifests("ZJ-1")[0].files[0].sha256)


def test_sealing_the_same_bytes_twice_keeps_one_file(tmp_path: Path) -> None:
    vault, _ = encrypted(tmp_path)
    before = sorted(vault.objects.root.rglob("*"))
    encrypted(tmp_path)
    assert sorted(vault.objects.root.rglob("*")) == before


def test_vault_begun_in_plain_goes_on_encrypted(tmp_path: Path) -> None:
    plain = Vault(tmp_path / "ws/vault")
    spool = tmp_path / "spool"
    spool.mkdir()
    plain.seal_exchange("ZJ-0", *page(spool, "0", b"plain page"), lead=lead())
    vault, given = encrypted(tmp_path)
    assert vault.objects.read(vault.manifests("ZJ-0")[0].files[0].sha256) == b"plain page"
    assert verify(vault.root, key=key_of(load({}, **given))).ok


def test_masked_export_needs_no_plain_copy_on_the_disk(tmp_path: Path) -> None:
    vault, _ = encrypted(tmp_path)
    folder = vault.export("ZJ-1", tmp_path / "out")
    assert verify(folder).ok
    assert not [path for path in folder.rglob("*") if path.is_file() and b"19900001234" in path.read_bytes()]


@pytest.mark.parametrize("text", ["", "short", "patrol-key-1:AAAA", "patrol-key-1:@@@"])
def test_bad_key_files_are_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "key").write_text(text)
    with pytest.raises(BadInput):
        load_key(tmp_path / "key", "salt")


def test_key_file_is_for_its_owner_and_never_overwritten(tmp_path: Path) -> None:
    key = new_key(tmp_path / "key")
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o400
    assert load_key(tmp_path / "key", "any salt") == key
    assert SealingKey(bytes(32)).fingerprint != key.fingerprint
    with pytest.raises(BadInput, match="不覆盖"):
        new_key(tmp_path / "key")
