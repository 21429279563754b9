"""Content-addressed storage: the same bytes are kept once, under their SHA-256, read-only, encrypted where a key is set."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from patrol.errors import EvidenceBroken, NotAvailable
from patrol.vault import digests, files
from patrol.vault.sealing_keys import SealingKey

SEALED_SUFFIX = ".sealed"


@dataclass(frozen=True, slots=True)
class Kept:
    """What was kept: the digests of the bytes, and the SHA-256 of their encrypted form (empty when kept in plain)."""

    digests: digests.Digests
    sealed_sha256: str = ""


class ObjectStore:
    """The folder `objects/ab/<sha256>[.sealed]`; a file there is whole from the moment its name exists."""

    def __init__(self, root: Path, key: SealingKey | None = None) -> None:
        self.root = root
        self.key = key

    def path(self, sha256: str) -> Path:
        """Return where an object lies (or would lie) in plain."""
        return self.root / sha256[:2] / sha256

    def sealed_path(self, sha256: str) -> Path:
        """Return where an object lies (or would lie) encrypted."""
        return self.root / sha256[:2] / f"{sha256}{SEALED_SUFFIX}"

    def holds(self, sha256: str) -> bool:
        """Tell whether an object is there, in plain or encrypted."""
        return self.path(sha256).exists() or self.sealed_path(sha256).exists()

    def put_file(self, source: Path) -> Kept:
        """Keep a file's bytes once. Raises StorageFull."""
        return self._put(digests.of_file(source), digests.read_chunks(source))

    def put_bytes(self, data: bytes) -> Kept:
        """Keep bytes at hand once. Raises StorageFull."""
        return self._put(digests.of_bytes(data), (data,))

    def _put(self, found: digests.Digests, chunks: Iterable[bytes]) -> Kept:
        if self.path(found.sha256).exists():
            return Kept(found)
        files.make_folder(self.path(found.sha256).parent)
        if self.key is None:
            self._publish(self.path(found.sha256), chunks)
            return Kept(found)
        sealed = self.key.seal(b"".join(chunks), found.sha256)
        if not self.sealed_path(found.sha256).exists():
            self._publish(self.sealed_path(found.sha256), (sealed,))
        return Kept(found, digests.of_bytes(sealed).sha256)

    def _publish(self, target: Path, chunks: Iterable[bytes]) -> None:
        files.publish(files.write_temporary(target.parent, chunks), target)

    def read(self, sha256: str) -> bytes:
        """Return an object's bytes, checked.

        Raises EvidenceBroken when they are gone or not what was sealed, NotAvailable when they are encrypted and no key is set.
        """
        if self.sealed_path(sha256).is_file() and not self.path(sha256).is_file():
            if self.key is None:
                raise NotAvailable("原件已加密封存，本机没有设置密钥（evidence_key）；请由保管密钥的人员操作")
            data = self.key.open(self.sealed_path(sha256).read_bytes(), sha256)
        elif self.path(sha256).is_file():
            data = self.path(sha256).read_bytes()
        else:
            raise EvidenceBroken(f"证据文件缺失：objects/{sha256[:2]}/{sha256}；请用备份恢复")
        if digests.of_bytes(data).sha256 != sha256:
            raise EvidenceBroken(f"证据文件被改动：objects/{sha256[:2]}/{sha256}；请用备份恢复")
        return data

    def names(self) -> Iterator[str]:
        """Yield the SHA-256 of every object, sorted."""
        if not self.root.is_dir():
            return
        for path in sorted(self.root.glob("??/*")):
            if not path.name.startswith(".tmp-"):
                yield path.name.removesuffix(SEALED_SUFFIX)
