"""Samples of pages: keep one page of a platform with what was read of it, so that a later change of the reading shows."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from patrol.commands.extract import extract
from patrol.errors import BadInput, in_words
from patrol.model import Capture
from patrol.platforms import Platform
from patrol.settings import Settings
from patrol.settings import load as load_settings

_FOLDER = "recorded"
_TOLD = ("url", "final_url", "status", "mode", "content_type")


def keep(platform: Platform, body: bytes, capture: Capture, settings: Settings) -> Path:
    """Write bytes, headers and what was read of them beside each other; the same bytes of the same address are kept once."""
    folder = settings.workspace / "platforms" / platform.name / _FOLDER
    name = hashlib.sha256(f"{capture.url}\n{capture.sha256}".encode()).hexdigest()[:12]
    ending = ".json" if body.lstrip()[:1] in {b"{", b"["} else ".html"
    about = {key: getattr(capture, key) for key in _TOLD}
    about |= {"fetched_at": capture.fetched_at.isoformat(), "sha256": capture.sha256, "headers": capture.response_headers}
    read = extract(platform, body, url=capture.final_url, fetched_at=capture.fetched_at)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}{ending}").write_bytes(body)
        _write(folder / f"{name}.headers", about)
        _write(folder / f"{name}.expected", read)
    except OSError as error:
        raise BadInput(f"写不了（{in_words(error)}）；请检查路径和权限", file=folder) from error
    return folder / f"{name}{ending}"


def _write(path: Path, data: Mapping[str, object]) -> None:
    path.write_text(json.dumps(data, ensure_ascii=False, indent=1, default=str) + "\n", encoding="utf-8")


@dataclass(frozen=True, slots=True)
class Recorded:
    """One kept page read again: which values are no longer what they were (empty: all are)."""

    file: Path
    url: str
    changed: tuple[str, ...]


def reread(platform: Platform) -> Iterator[Recorded]:
    """Read every kept page of a platform again; BadInput when none was kept."""
    folder = load_settings().workspace / "platforms" / platform.name / _FOLDER
    notes = sorted(folder.glob("*.headers"))
    if not notes:
        raise BadInput(f"来源“{platform.name}”还没有样例；请先运行 patrol record 网址 --platform {platform.name}")
    for note in notes:
        about = json.loads(note.read_text(encoding="utf-8"))
        expected = json.loads(note.with_suffix(".expected").read_text(encoding="utf-8"))
        file = next(path for path in (note.with_suffix(".html"), note.with_suffix(".json")) if path.is_file())
        at = datetime.fromisoformat(about["fetched_at"])
        read = json.loads(json.dumps(extract(platform, file.read_bytes(), url=about["final_url"], fetched_at=at), default=str))
        changed = tuple(key for key in dict.fromkeys((*expected, *read)) if expected.get(key) != read.get(key))
        yield Recorded(file, about["url"], changed)
