"""Pictures with words: those that people brought (sealed), those of a post (from the fetch cache); where the words stand.

The words are read in a child process: whoever is investigated made the picture, and its decoder is not let into the console.
"""

import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from patrol.console.call import Call
from patrol.errors import EvidenceError
from patrol.intake.picture_marks import PictureMarks
from patrol.vault.model import Manifest

_DIGEST = re.compile(r"[0-9a-f]{64}")
_KINDS = ((b"\x89PNG\r\n\x1a\n", "image/png"), (b"\xff\xd8\xff", "image/jpeg"), (b"GIF8", "image/gif"), (b"BM", "image/bmp"))


@dataclass(frozen=True, slots=True)
class Poster:
    """One picture of a lead. `sealed`: it is evidence by itself; else it lies in the fetch cache for some weeks."""

    sha256: str
    title: str
    sealed: bool


def posters_of(call: Call, images: tuple[str, ...], campaign: str, manifests: tuple[Manifest, ...]) -> list[Poster]:
    """Return the pictures of a lead that can be looked at, the sealed ones first."""
    found = {
        entry.sha256: Poster(entry.sha256, "办案人员导入的截图", sealed=True)
        for manifest in manifests
        if manifest.capture is not None and manifest.capture.content_type.startswith("image/")
        for entry in manifest.files
        if entry.role == "response_body"
    }
    spool = call.desk.workspace / "spool"
    for place, sha256 in enumerate(call.books.work.picture_digests(campaign, images), 1):
        if sha256 not in found and _DIGEST.fullmatch(sha256) and (spool / sha256).is_file():
            found[sha256] = Poster(sha256, f"帖文图片 {place}", sealed=False)
    return list(found.values())


def picture_bytes(call: Call, poster: Poster) -> tuple[bytes, str]:
    """Return a picture with its media type by its first bytes; EvidenceError when it is none that a browser may be given."""
    if poster.sealed:
        data = call.desk.vault.objects.read(poster.sha256)
    else:
        data = (call.desk.workspace / "spool" / poster.sha256).read_bytes()
    kind = next((kind for head, kind in _KINDS if data.startswith(head)), "")
    if not kind and data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        kind = "image/webp"
    if not kind:
        raise EvidenceError("这不是能直接显示的图片格式；请导出后查看")
    return data, kind


def marks_file(workspace: Path, sha256: str, rules_version: str) -> Path:
    """Return where the places of a picture's words are kept: made anew when the rules change."""
    name = hashlib.sha256(f"{sha256} {rules_version}".encode()).hexdigest()[:40]
    return workspace / "ocr" / f"{name}.json"


def marks_of(path: Path) -> PictureMarks | None:
    """Return what was read of a picture; None when it was not read yet."""
    if not path.is_file():
        return None
    try:
        return PictureMarks.model_validate(json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, ValidationError):
        path.unlink(missing_ok=True)
        return None
