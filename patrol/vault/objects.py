"""Content-addressed storage: the same bytes are kept once, under their SHA-256, read-only."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from patrol.errors import EvidenceBroken
from patrol.vault import digests, files


class ObjectStore:
    """The folder `objects/ab/<sha256>`; a file there is whole from the moment its name exists."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def path(self, sha256: str) -> Path:
        """Return where an object lies (or would lie)."""
        return self.root / sha256[:2] / sha256

    def put_file(self, source: Path) -> digests.Digests:
        """Keep a file's bytes once; return their digests. Raises StorageFull."""
        return self._put(digests.of_file(source), digests.read_chunks(source))

    def put_bytes(self, data: bytes) -> digests.Digests:
        """Keep bytes at hand once; return their digests. Raises StorageFull."""
        return self._put(digests.of_bytes(data), (data,))

    def _put(self, found: digests.Digests, chunks: Iterable[bytes]) -> digests.Digests:
        target = self.path(found.sha256)
        if target.exists():
            return found
        files.make_folder(target.parent)
        temporary = files.write_temporary(target.parent, chunks)
        files.publish(temporary, target)
        return found

    def read(self, sha256: str) -> bytes:
        """Return an object's bytes, checked. Raises EvidenceBroken when they are gone or not what was sealed."""
        path = self.path(sha256)
        if not path.is_file():
            raise EvidenceBroken(f"证据文件缺失：objects/{sha256[:2]}/{sha256}；请用备份恢复")
        data = path.read_bytes()
        if digests.of_bytes(data).sha256 != sha256:
            raise EvidenceBroken(f"证据文件被改动：objects/{sha256[:2]}/{sha256}；请用备份恢复")
        return data

    def names(self) -> Iterator[str]:
        """Yield the SHA-256 of every object, sorted."""
        if not self.root.is_dir():
            return
        for path in sorted(self.root.glob("??/*")):
            if not path.name.startswith(".tmp-"):
                yield path.name
