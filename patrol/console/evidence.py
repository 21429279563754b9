"""Evidence as the console shows it: what an item holds, its pictures with the findings drawn, its custody rows."""

import io
import mmap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from pydantic import ValidationError

from patrol.errors import EvidenceError
from patrol.vault.masking import Box, read_boxes
from patrol.vault.model import FileEntry, LedgerRow, Manifest
from patrol.vault.naming import file_title
from patrol.vault.vault import Vault

PICTURES = {"first_screen", "full_page"}
PAGES = {"dom", "response_body"}
_SHORTEST_MARK = 2
_MOST_PIXELS = 120_000_000


@dataclass(frozen=True, slots=True)
class Shown:
    """One sealed file as it is listed."""

    manifest: str
    role: str
    title: str
    name: str
    sha256: str
    sm3: str
    size: int
    device: str = ""
    picture: bool = False


@dataclass(frozen=True, slots=True)
class EvidenceView:
    """An evidence item for a page. `state` is complete, partial, failed, none (nothing sealed yet) or broken (`trouble` says)."""

    number: str
    state: str
    missing: tuple[str, ...] = ()
    unstamped: int = 0
    manifests: tuple[Manifest, ...] = ()
    files: tuple[Shown, ...] = ()
    trouble: str = ""

    @property
    def pictures(self) -> tuple[Shown, ...]:
        """The screenshots, the first screen first."""
        found = [file for file in self.files if file.role in PICTURES]
        return tuple(sorted(found, key=lambda file: file.role != "first_screen"))

    @property
    def pages(self) -> tuple[Shown, ...]:
        """The pages that can be looked at in the sandbox."""
        return tuple(file for file in self.files if file.role in PAGES)


def evidence_view(vault: Vault, number: str) -> EvidenceView:
    """Return what an item holds; a broken or missing item is a state, not an error, so that its lead can still be read."""
    if not number or not vault.items.names(number):
        return EvidenceView(number=number, state="none")
    try:
        status, manifests = vault.status(number), vault.manifests(number)
    except EvidenceError as error:
        return EvidenceView(number=number, state="broken", trouble=str(error))
    files = tuple(_shown(manifest, entry) for manifest in manifests for entry in manifest.files if entry.role != "resource")
    return EvidenceView(
        number=number,
        state=status.state.value,
        missing=status.missing,
        unstamped=len(status.without_stamp),
        manifests=manifests,
        files=files,
    )


def _shown(manifest: Manifest, entry: FileEntry) -> Shown:
    device = manifest.browser.device if manifest.browser else ""
    picture = manifest.capture is not None and manifest.capture.content_type.startswith("image/")
    title = file_title(manifest, entry)
    return Shown(manifest.name, entry.role, title, entry.name, entry.sha256, entry.sm3, entry.size, device, picture)


def sealed_file(vault: Vault, number: str, sha256: str, roles: Iterable[str]) -> tuple[Manifest, FileEntry]:
    """Return a file of an item by digest; EvidenceError when the item does not hold it in one of these roles."""
    for manifest in vault.manifests(number):
        for entry in manifest.files:
            if entry.sha256 == sha256 and entry.role in set(roles):
                return manifest, entry
    raise EvidenceError("这份证据里没有这个文件；请返回证据页重新打开")


@dataclass(frozen=True, slots=True)
class Marked:
    """A place on a picture where a finding's words stand, in pixels."""

    x: int
    y: int
    width: int
    height: int
    quote: str


@dataclass(frozen=True, slots=True)
class Picture:
    """A screenshot's size and where the findings' words stand on it."""

    width: int
    height: int
    marks: tuple[Marked, ...]


def marked_picture(vault: Vault, manifest: Manifest, entry: FileEntry, quotes: Sequence[str]) -> Picture:
    """Return where quotes stand on a screenshot, by the text map that was sealed with it."""
    width, height = _dimensions(vault.objects.read(entry.sha256))
    text_map = next((file for file in manifest.files if file.role == "text_map"), None)
    boxes = read_boxes(vault.objects.read(text_map.sha256)) if text_map else []
    wanted = [quote for quote in dict.fromkeys(quotes) if len(quote.strip()) >= _SHORTEST_MARK]
    marks = [mark for box in boxes if box.kind == "t" and box.y < height for mark in _marks(box, wanted)]
    return Picture(width, height, tuple(marks))


def _marks(box: Box, quotes: Sequence[str]) -> list[Marked]:
    hit = next((quote for quote in quotes if quote in box.value or (len(box.value) >= 4 and box.value in quote)), None)
    return [Marked(box.x, box.y, box.width, box.height, hit)] if hit else []


def _dimensions(data: bytes) -> tuple[int, int]:
    with Image.open(io.BytesIO(data)) as picture:
        width, height = picture.size
    if width * height > _MOST_PIXELS:
        raise EvidenceError("截图过大，不能在页面里显示；请导出后查看")
    return width, height


def custody_rows(vault: Vault, number: str) -> list[LedgerRow]:
    """Return the custody rows of one item, oldest first. The ledger is searched for the number, not read whole."""
    path: Path = vault.ledger.path
    if not path.is_file() or path.stat().st_size == 0:
        return []
    needle = f'"number": "{number}"'.encode()
    rows = []
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as ledger:
        at = ledger.find(needle)
        while at >= 0:
            start, end = ledger.rfind(b"\n", 0, at) + 1, ledger.find(b"\n", at)
            if end < 0:
                break
            rows.append(_row(ledger[start:end]))
            at = ledger.find(needle, end)
    return [row for row in rows if row is not None and row.number == number]


def _row(line: bytes) -> LedgerRow | None:
    try:
        return LedgerRow.model_validate_json(line)
    except ValidationError:
        return None
