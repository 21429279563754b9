"""Tampering: whatever single thing is changed, verification fails and says where."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from patrol.errors import BadInput
from patrol.vault import VerifyReport, verify
from patrol.vault.ledger import Ledger, row_hash
from patrol.vault.model import Moment, to_json
from patrol.vault.package import zip_folder
from tests.patrol_vault_cases import small_vault


@dataclass(frozen=True, slots=True)
class Sealed:
    """A vault and what was exported from it; tests put back what they change."""

    vault: Path
    masked: Path
    original: Path
    archive: Path


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Sealed:
    base = tmp_path_factory.mktemp("sealed")
    vault = small_vault(base / "vault", base / "spool")
    masked = vault.export("ZJ-1", base / "masked")
    original = vault.export("ZJ-2", base / "original", masked=False, actor="李某", reason="移送")
    zip_folder(original, base / "original.zip", root="original")
    return Sealed(base / "vault", masked, original, base / "original.zip")


@contextmanager
def changed(path: Path, data: bytes) -> Iterator[None]:
    """Put other bytes in a file for a while."""
    before, mode = path.read_bytes(), path.stat().st_mode
    path.chmod(0o644)
    path.write_bytes(data)
    try:
        yield
    finally:
        path.write_bytes(before)
        path.chmod(mode)


def files_of(place: Path) -> list[Path]:
    return [path for path in sorted(place.rglob("*")) if path.is_file() and path.stat().st_size] if place.is_dir() else [place]


def verify_or_refuse(place: Path) -> VerifyReport | None:
    """Verify; a zip that cannot be opened any more is refused as a whole."""
    with suppress(BadInput) if place.suffix == ".zip" else nullcontext():
        return verify(place)
    return None


def test_untouched_evidence_verifies(sealed: Sealed) -> None:
    for place in (sealed.vault, sealed.vault / "items/ZJ-1", sealed.masked, sealed.original, sealed.archive):
        report = verify(place)
        assert report.ok, report.failures
        assert all("时间戳" in note for note in report.notes)


@pytest.mark.parametrize("kind", ["vault", "masked", "original", "archive"])
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_changed_byte_is_caught_and_named(sealed: Sealed, kind: str, data: st.DataObject) -> None:
    place: Path = getattr(sealed, kind)
    path = data.draw(st.sampled_from(files_of(place)), label="file")
    content = bytearray(path.read_bytes())
    offset = data.draw(st.integers(0, len(content) - 1), label="offset")
    content[offset] ^= data.draw(st.integers(1, 255), label="flip")
    with changed(path, bytes(content)):
        report = verify_or_refuse(place)
    assert report is None or not report.ok
    if report is None:
        return
    named = "\n".join(map(str, report.failures))
    assert path.name in named or kind == "archive"
    if path.name == "ledger.jsonl" and kind == "vault":
        line = bytes(path.read_bytes())[:offset].count(b"\n") + 1
        assert f"第{line}行" in named or f"第{line + 1}行" in named


@pytest.mark.parametrize("kind", ["vault", "masked", "original"])
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_swapped_pair_is_caught(sealed: Sealed, kind: str, data: st.DataObject) -> None:
    place: Path = getattr(sealed, kind)
    files = files_of(place)
    one = data.draw(st.sampled_from(files))
    others = [path for path in files if path.read_bytes() != one.read_bytes()]
    two = data.draw(st.sampled_from(others))
    first, second = one.read_bytes(), two.read_bytes()
    with changed(one, second), changed(two, first):
        report = verify(place)
    named = "\n".join(map(str, report.failures))
    assert one.name in named
    assert two.name in named


@pytest.mark.parametrize("kind", ["vault", "masked", "original"])
def test_any_removed_file_is_caught_and_named(sealed: Sealed, kind: str) -> None:
    place: Path = getattr(sealed, kind)
    for path in files_of(place):
        aside = place.parent / "aside"
        shutil.move(path, aside)
        report = verify(place)
        shutil.move(aside, path)
        assert any(path.name in str(failure) for failure in report.failures), path


@pytest.mark.parametrize("kind", ["vault", "masked", "original"])
def test_any_added_file_is_caught_and_named(sealed: Sealed, kind: str) -> None:
    place: Path = getattr(sealed, kind)
    for folder in [place, *(path for path in place.rglob("*") if path.is_dir() and path.name not in {"staging", "incoming"})]:
        stranger = folder / "0009-extra.json"
        stranger.write_text("{}")
        report = verify(place)
        stranger.unlink()
        assert any("0009-extra.json" in str(failure) for failure in report.failures), folder


def test_any_removed_ledger_row_is_caught(sealed: Sealed) -> None:
    path = sealed.vault / "ledger.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    for gone in range(len(lines)):
        with changed(path, b"".join(lines[:gone] + lines[gone + 1 :])):
            report = verify(sealed.vault)
        assert any(f"ledger.jsonl 第{gone + 1}行" in str(failure) for failure in report.failures), gone


def test_any_reordered_ledger_rows_are_caught(sealed: Sealed) -> None:
    path = sealed.vault / "ledger.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    for index in range(len(lines) - 1):
        swapped = [*lines[:index], lines[index + 1], lines[index], *lines[index + 2 :]]
        with changed(path, b"".join(swapped)):
            report = verify(sealed.vault)
        assert any(f"ledger.jsonl 第{index + 1}行" in str(failure) for failure in report.failures), index


def test_forged_row_with_a_right_hash_breaks_the_chain(sealed: Sealed) -> None:
    path = sealed.vault / "ledger.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    rows = list(Ledger(sealed.vault).rows())
    forged = rows[1].model_copy(update={"actor": "别人"})
    forged = forged.model_copy(update={"hash": row_hash(forged)})
    with changed(path, b"".join([lines[0], to_json(forged), *lines[2:]])):
        report = verify(sealed.vault)
    assert any("ledger.jsonl 第3行" in str(failure) and "previous" in str(failure) for failure in report.failures)


def test_back_dated_clock_is_named(tmp_path: Path) -> None:
    vault = small_vault(tmp_path / "vault", tmp_path / "spool", items=1)
    last = list(vault.ledger.rows())[-1]
    earlier = last.at.instant - timedelta(days=3)
    with vault.ledger.locked():
        vault.ledger.append("view", number="ZJ-1", actor="张某", at=earlier)
    report = verify(vault.root)
    assert [failure.place for failure in report.failures] == [f"ledger.jsonl 第{last.row + 1}行"]
    assert "时钟被拨回" in report.failures[0].reason
    assert Moment.of(earlier).beijing in report.failures[0].reason


def test_manifest_with_another_items_content_is_caught(sealed: Sealed) -> None:
    one, two = (sealed.vault / f"items/ZJ-{n}/0001-exchange.json" for n in (1, 2))
    with changed(one, two.read_bytes()):
        report = verify(sealed.vault / "items/ZJ-1")
    assert any("items/ZJ-1/0001-exchange.json" in failure.place for failure in report.failures)


def test_item_is_checked_alone(sealed: Sealed) -> None:
    two = sealed.vault / "items/ZJ-2/0001-exchange.json"
    with changed(two, two.read_bytes().replace(b"ZJ-2", b"ZJ-9")):
        assert verify(sealed.vault / "items/ZJ-1").ok
        assert not verify(sealed.vault / "items/ZJ-2").ok


def test_exported_sums_are_read_by_sha256sum(sealed: Sealed) -> None:
    for folder in (sealed.masked, sealed.original):
        done = subprocess.run(["sha256sum", "-c", "--strict", "SHA256SUMS"], cwd=folder, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr


def test_exported_sm3_sums_are_what_openssl_says(sealed: Sealed) -> None:
    for line in (sealed.original / "SM3SUMS").read_text().splitlines():
        digest, name = line.split("  ", 1)
        done = subprocess.run(["openssl", "dgst", "-sm3", "-r", name], cwd=sealed.original, capture_output=True, check=True)
        assert done.stdout.split()[0].decode() == digest


def test_other_folders_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="不是证据库"):
        verify(tmp_path)
