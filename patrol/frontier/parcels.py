"""What a worker hands over to the desk: a fetched page with its bytes, on its way through the shared frontier."""

import base64
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import TypeAdapter

from patrol.model import PageResult
from patrol.spooling import spool


@dataclass(frozen=True, slots=True)
class Parcel:
    """One page as a worker read it; `bodies` are the bytes of its captures, packed, by their SHA-256."""

    result: PageResult
    bodies: Mapping[str, str] = field(default_factory=dict)

    def dump(self) -> str:
        """Return the parcel as one line of JSON."""
        return _ADAPTER.dump_json(self).decode()

    @staticmethod
    def load(text: str) -> "Parcel":
        """Return the parcel that a line of JSON holds."""
        return _ADAPTER.validate_json(text)

    def unpack(self, folder: Path) -> PageResult:
        """Lay the bytes into the spool and return the page."""
        for sha256, packed in self.bodies.items():
            spool(folder, sha256, zlib.decompress(base64.b64decode(packed)), sync=False)
        return self.result


def packed(result: PageResult, folder: Path) -> Parcel:
    """Return the parcel of a page whose bytes lie in the spool."""
    captures = [capture for capture in (result.capture, *(post.capture for post in result.posts)) if capture is not None]
    paths = {capture.sha256: folder / capture.sha256 for capture in captures}
    bodies = {
        sha256: base64.b64encode(zlib.compress(path.read_bytes(), 6)).decode() for sha256, path in paths.items() if path.is_file()
    }
    return Parcel(result, bodies)


_ADAPTER = TypeAdapter(Parcel)
