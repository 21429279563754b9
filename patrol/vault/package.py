"""Exported packages: a folder (or its zip) that anyone can check with sha256sum and openssl, and that we check to the byte."""

import io
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

from pydantic import ValidationError

from patrol.errors import BadInput
from patrol.vault import digests
from patrol.vault.digests import Digests
from patrol.vault.ledger import row_hash
from patrol.vault.model import LedgerPoint, LedgerRow, Manifest, Moment, Record
from patrol.vault.report import Findings
from patrol.vault.signatures import PUBLIC_KEY, SIGNATURE, signed_by

SHA256SUMS, SM3SUMS, RECORD = "SHA256SUMS", "SM3SUMS", "package.json"
_UNLISTED = {SHA256SUMS, SM3SUMS, SIGNATURE, PUBLIC_KEY}
_ZIP_TIME = (1980, 1, 1, 0, 0, 0)


class PackedFile(Record):
    """A file of a package; a masked copy names the original it stands for by that one's digests."""

    path: str
    role: str
    size: int
    sha256: str
    sm3: str
    original_sha256: str = ""
    original_sm3: str = ""


class Package(Record):
    """The list of what is in a package: who made it, when, why, masked or not, and the ledger's state then."""

    format: str = "patrol-package/1"
    numbers: tuple[str, ...]
    masked: bool
    made: Moment
    actor: str
    reason: str
    files: tuple[PackedFile, ...]
    ledger: LedgerPoint


def sums(found: Mapping[str, Digests], kind: str) -> bytes:
    """Return the text of SHA256SUMS (`sha256`) or SM3SUMS (`sm3`), sorted by path, in the form that `sha256sum -c` reads."""
    return "".join(f"{getattr(found[path], kind)}  {path}\n" for path in sorted(found)).encode()


def digest_folder(folder: Path) -> dict[str, Digests]:
    """Return the digests of every file under a folder, by POSIX path."""
    return {path.relative_to(folder).as_posix(): digests.of_file(path) for path in sorted(folder.rglob("*")) if path.is_file()}


def write_sums(folder: Path) -> dict[str, Digests]:
    """Write both digest lists of a finished folder; return the digests of what they list."""
    found = digest_folder(folder)
    (folder / SHA256SUMS).write_bytes(sums(found, "sha256"))
    (folder / SM3SUMS).write_bytes(sums(found, "sm3"))
    return found


def zip_folder(folder: Path, target: Path, *, root: str) -> None:
    """Write a folder as a zip whose bytes depend on nothing but its content: sorted, stored, without times or owners."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                _store(archive, f"{root}/{path.relative_to(folder).as_posix()}", path.read_bytes())


def _store(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    info = zipfile.ZipInfo(name, _ZIP_TIME)
    info.external_attr = 0o100644 << 16
    info.create_system = 3
    archive.writestr(info, data)


def is_package(path: Path) -> bool:
    """Tell whether a folder or zip is one of our packages (whole or not)."""
    if path.is_dir():
        return (path / RECORD).is_file() or (path / SHA256SUMS).is_file()
    return path.is_file() and path.suffix.lower() == ".zip"


def check_package(path: Path) -> tuple[int, Findings]:
    """Check a package folder or zip; return how many evidence items it holds, and what was found."""
    checked = Findings()
    tree = _folder_tree(path) if path.is_dir() else _zip_tree(path, checked)
    found = {}
    small: dict[str, bytes] = {}
    for name, data in tree:
        found[name] = digests.of_bytes(data)
        checked.files += 1
        checked.size += len(data)
        if name in _UNLISTED | {RECORD} or name.endswith((".json", ".jsonl")):
            small[name] = data
    _check_sums(found, small, checked)
    _check_signature(small, checked)
    return _check_record(found, small, checked), checked


def _folder_tree(folder: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield path.relative_to(folder).as_posix(), path.read_bytes()


def _zip_tree(path: Path, checked: Findings) -> Iterator[tuple[str, bytes]]:
    raw = path.read_bytes()
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            content = {name: archive.read(name) for name in archive.namelist()}
    except (zipfile.BadZipFile, EOFError, ValueError, NotImplementedError, KeyError) as error:
        raise BadInput(f"压缩包已损坏，无法读取（{error}）", file=path) from error
    again = io.BytesIO()
    with zipfile.ZipFile(again, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(content):
            _store(archive, name, content[name])
    if again.getvalue() != raw:
        checked.fail(path.name, "压缩包的结构与本系统生成时不同（文件头被改动，或被重新压缩）")
    for name in sorted(content):
        yield str(PurePosixPath(*PurePosixPath(name).parts[1:])), content[name]


def _check_sums(found: Mapping[str, Digests], small: Mapping[str, bytes], checked: Findings) -> None:
    listed = {name: digest for name, digest in found.items() if name not in _UNLISTED}
    for name, kind in ((SHA256SUMS, "sha256"), (SM3SUMS, "sm3")):
        if name not in small:
            checked.fail(name, "校验值清单缺失")
            continue
        if small[name] == sums(listed, kind):
            continue
        lines = [line.split("  ", 1) for line in small[name].decode("utf-8", "replace").splitlines()]
        said = {pair[1]: pair[0] for pair in lines if len(pair) == 2}
        faults = [(path, f"不在 {name} 里（外来文件，或清单被改动）") for path in listed if path not in said]
        faults += [(path, f"文件缺失（{name} 列有它，或清单被改动）") for path in said if path not in listed]
        faults += [
            (path, f"内容与 {name} 不符（文件或清单被改动）")
            for path in listed
            if path in said and said[path] != getattr(listed[path], kind)
        ]
        for path, reason in faults or [(name, "写法与生成时不同（被改动）")]:
            checked.fail(path, reason)


def _check_signature(small: Mapping[str, bytes], checked: Findings) -> None:
    if SIGNATURE not in small and PUBLIC_KEY not in small:
        return
    if not signed_by(small.get(PUBLIC_KEY, b""), small.get(SHA256SUMS, b""), small.get(SIGNATURE, b"")):
        place = SIGNATURE if PUBLIC_KEY in small else PUBLIC_KEY
        checked.fail(place, f"单位签名不符（{SIGNATURE}、{PUBLIC_KEY} 或 {SHA256SUMS} 被改动）")
        return
    fingerprint = digests.of_bytes(small[PUBLIC_KEY]).sha256
    checked.notes.append(f"单位签名有效，公钥 SHA-256 为 {fingerprint}；请与该单位公布的公钥核对")


def _check_record(found: Mapping[str, Digests], small: Mapping[str, bytes], checked: Findings) -> int:
    if RECORD not in small:
        checked.fail(RECORD, "证据包清单缺失")
        return 0
    try:
        package = Package.model_validate_json(small[RECORD])
    except ValidationError:
        checked.fail(RECORD, "无法读取（被改动）")
        return 0
    listed = {file.path: file for file in package.files}
    for path, digest in found.items():
        if path in _UNLISTED | {RECORD}:
            continue
        file = listed.get(path)
        if file is None:
            checked.fail(path, "不在证据包清单里（外来文件）")
        elif (file.sha256, file.sm3, file.size) != (digest.sha256, digest.sm3, digest.size):
            checked.fail(path, "内容与 package.json 不符（文件或清单被改动）")
    for path in listed:
        if path not in found:
            checked.fail(path, "文件缺失")
    for number in package.numbers:
        _check_item(number, package, found, small, checked)
    return len(package.numbers)


def _check_item(
    number: str, package: Package, found: Mapping[str, Digests], small: Mapping[str, bytes], checked: Findings
) -> None:
    base = f"evidence/{number}"
    kept = {file.original_sha256 or file.sha256 for file in package.files}
    for row in _extract_rows(f"{base}/ledger.jsonl", small, checked):
        if row.action != "capture" or package.masked:
            continue
        path = f"{base}/manifest/{row.detail.get('file', '')}"
        if path not in found:
            checked.fail(path, f"证据清单缺失（台账摘录第{row.row}行记有其入库）")
        elif found[path].sha256 != row.detail.get("sha256"):
            checked.fail(path, f"与台账摘录第{row.row}行的摘要不符")
        else:
            _check_listed(path, small[path], kept, checked)


def _extract_rows(path: str, small: Mapping[str, bytes], checked: Findings) -> list[LedgerRow]:
    rows: list[LedgerRow] = []
    for number, line in enumerate(small.get(path, b"").splitlines(), 1):
        try:
            row = LedgerRow.model_validate_json(line)
        except ValidationError:
            checked.fail(f"{path} 第{number}行", "台账摘录无法读取（被改动）")
            continue
        if row_hash(row) != row.hash:
            checked.fail(f"{path} 第{number}行", "字段“hash”与本行内容不符（被改动）")
        rows.append(row)
    return rows


def _check_listed(path: str, data: bytes, kept: set[str], checked: Findings) -> None:
    try:
        manifest = Manifest.model_validate_json(data)
    except ValidationError:
        checked.fail(path, "证据清单无法读取（被改动）")
        return
    for entry in manifest.files:
        if entry.sha256 not in kept:
            checked.fail(f"{path} → {entry.name}", "清单所列文件不在证据包里")
