"""The bureau's signature: openssl checks it, another key or list does not pass."""

import subprocess
from pathlib import Path

import pytest

from patrol.errors import BadInput
from patrol.settings import load
from patrol.vault import Vault, verify
from patrol.vault.package import write_sums
from patrol.vault.signatures import PUBLIC_KEY, SIGNATURE, load_signer, new_signer
from tests.patrol_vault_cases import small_vault


@pytest.fixture
def package(tmp_path: Path) -> Path:
    new_signer(tmp_path / "keys/bureau.pem")
    small_vault(tmp_path / "ws/vault", tmp_path / "spool", items=1)
    vault = Vault.of(load({}, workspace=str(tmp_path / "ws"), signing_key=str(tmp_path / "keys/bureau.pem"), min_free_mb=1))
    return vault.export("ZJ-1", tmp_path / "out")


def test_signed_package_verifies_and_names_the_key(package: Path) -> None:
    report = verify(package)
    assert report.ok, report.failures
    assert any("单位签名有效" in note for note in report.notes)
    assert "pkeyutl" in (package / "HOW-TO-VERIFY.txt").read_text()


def test_openssl_accepts_the_signature(package: Path) -> None:
    command = [
        "openssl",
        "pkeyutl",
        "-verify",
        "-rawin",
        "-pubin",
        "-inkey",
        PUBLIC_KEY,
        "-in",
        "SHA256SUMS",
        "-sigfile",
        SIGNATURE,
    ]
    done = subprocess.run(command, cwd=package, capture_output=True, text=True, check=False)
    assert "Signature Verified Successfully" in done.stdout, done.stderr


@pytest.mark.parametrize("name", [PUBLIC_KEY, SIGNATURE])
def test_any_changed_byte_of_signature_or_key_is_caught(package: Path, name: str) -> None:
    whole = (package / name).read_bytes()
    for offset in range(len(whole)):
        (package / name).write_bytes(whole[:offset] + bytes([whole[offset] ^ 1]) + whole[offset + 1 :])
        assert any(name in str(failure) for failure in verify(package).failures), offset
    (package / name).write_bytes(whole)
    assert verify(package).ok


def test_package_rewritten_as_a_whole_lacks_the_signature(package: Path) -> None:
    target = next(package.glob("evidence/*/files/*.txt"))
    target.write_text("rewritten")
    for name in ("SHA256SUMS", "SM3SUMS"):
        (package / name).unlink()
    signature, key = (package / SIGNATURE).read_bytes(), (package / PUBLIC_KEY).read_bytes()
    for name in (SIGNATURE, PUBLIC_KEY):
        (package / name).unlink()
    write_sums(package)
    (package / SIGNATURE).write_bytes(signature)
    (package / PUBLIC_KEY).write_bytes(key)
    assert any(failure.place == SIGNATURE for failure in verify(package).failures)


def test_other_kinds_of_keys_are_refused(tmp_path: Path) -> None:
    (tmp_path / "x.pem").write_text("not a key")
    with pytest.raises(BadInput, match="私钥"):
        load_signer(tmp_path / "x.pem")
    with pytest.raises(BadInput, match="不覆盖"):
        new_signer(tmp_path / "x.pem")
