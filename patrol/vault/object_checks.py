"""Check the sealed files of a vault against their manifests; name the file and the field that fails."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from patrol.errors import EvidenceBroken
from patrol.vault import digests
from patrol.vault.model import FileEntry, Manifest
from patrol.vault.objects import SEALED_SUFFIX, ObjectStore
from patrol.vault.report import Failure, Findings

_WORKERS = 4


def check_objects(store: ObjectStore, manifests: Sequence[Manifest], found: Findings, *, everything: bool) -> None:
    """Check every file that a manifest lists; with `everything` also look at files that none lists."""
    wanted: dict[str, tuple[FileEntry, str]] = {}
    for manifest in manifests:
        for entry in manifest.files:
            wanted.setdefault(entry.sha256, (entry, f"items/{manifest.number}/{manifest.name}"))
    with ThreadPoolExecutor(_WORKERS) as pool:
        for failure, size in pool.map(lambda pair: _check(store, *pair), wanted.values()):
            found.files += 1
            found.size += size
            if failure:
                found.failures.append(failure)
        if everything:
            _check_orphans(store, set(wanted), found)
    locked = sum(1 for entry, _ in wanted.values() if entry.sealed_sha256)
    if locked and store.key is None:
        found.notes.append(f"{locked} 个文件已加密；没有给出密钥，只核对了加密后的校验值")


def _check_orphans(store: ObjectStore, wanted: set[str], found: Findings) -> None:
    orphans = 0
    for path in sorted(path for path in store.root.rglob("*") if path.is_file() and not path.name.startswith(".tmp-")):
        sha256 = path.name.removesuffix(SEALED_SUFFIX)
        if sha256 in wanted and path.parent == store.root / sha256[:2]:
            continue
        orphans += 1
        strange = path.parent != store.root / sha256[:2] or len(sha256) != 64
        if strange or (path.suffix != SEALED_SUFFIX and digests.of_file(path).sha256 != sha256):
            found.fail(str(path.relative_to(store.root.parent)), "文件名与内容摘要不符，或不是证据库的文件")
    if orphans:
        found.notes.append(f"{orphans} 个文件没有清单引用（入库时被中断留下的，不影响证据）")


def _check(store: ObjectStore, entry: FileEntry, owner: str) -> tuple[Failure | None, int]:
    plain, sealed = store.path(entry.sha256), store.sealed_path(entry.sha256)
    path = plain if plain.is_file() else sealed
    place = f"{owner} → {entry.name}（objects/{entry.sha256[:2]}/{path.name if path.is_file() else entry.sha256}）"
    if not path.is_file():
        return Failure(place, "证据文件缺失"), 0
    if path == sealed:
        return _check_sealed(store, entry, path, place)
    return _compare(entry, digests.of_file(path), place), path.stat().st_size


def _check_sealed(store: ObjectStore, entry: FileEntry, path: Path, place: str) -> tuple[Failure | None, int]:
    data = path.read_bytes()
    if digests.of_bytes(data).sha256 != entry.sealed_sha256:
        return Failure(place, "加密的文件被改动：SHA-256 不符"), len(data)
    if store.key is None:
        return None, len(data)
    try:
        return _compare(entry, digests.of_bytes(store.key.open(data, entry.sha256)), place), len(data)
    except EvidenceBroken:
        return Failure(place, "加密的文件打不开（密钥不对，或字段“sha256”不符）"), len(data)


def _compare(entry: FileEntry, actual: digests.Digests, place: str) -> Failure | None:
    if actual.size != entry.size:
        return Failure(place, f"字段“size”应为 {entry.size}，实际 {actual.size}")
    if actual.sha256 != entry.sha256:
        return Failure(place, "文件内容被改动：SHA-256 不符")
    if actual.sm3 != entry.sm3:
        return Failure(place, "字段“sm3”与文件内容不符")
    return None
