"""Write evidence out for people: a folder that opens offline, with digest lists that need none of our software to check."""

import mimetypes
import re
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from jinja2 import Environment, PackageLoader

from patrol.errors import BadInput
from patrol.places import shown_address
from patrol.vault import digests, files
from patrol.vault.items import STAMP_SUFFIX, Items
from patrol.vault.ledger import Ledger
from patrol.vault.masked_manifest import known_of, mask_manifest
from patrol.vault.masking import Area, Box, mask_text, read_boxes, shown_text
from patrol.vault.model import FileEntry, LedgerPoint, LedgerRow, Manifest, Moment, tidy, to_json
from patrol.vault.naming import ROLES, exchange_title, file_title
from patrol.vault.objects import ObjectStore
from patrol.vault.package import RECORD, SHA256SUMS, Package, PackedFile, write_sums
from patrol.vault.picture_masks import cover, find_hidden, manual_areas
from patrol.vault.signatures import PUBLIC_KEY, SIGNATURE, Signer
from patrol.vault.wacz import make_wacz

_SAFE = re.compile(r"[^A-Za-z0-9._-]")
_MOST_SHOWN = 4_000
_FROM_THE_NET = {"resource", "dom"}


def _harmless(value: object) -> object:
    """Return what is printed without controls and marks that turn the reading direction."""
    return tidy(value, _MOST_SHOWN) if isinstance(value, str) else value


_TEMPLATES = Environment(
    loader=PackageLoader("patrol.vault"), autoescape=True, trim_blocks=True, lstrip_blocks=True, finalize=_harmless
)


@dataclass(slots=True)
class Folder:
    """A package in the making: its files with their titles, what a person must check, and the names to hide, item by item."""

    root: Path
    files: list[PackedFile] = field(default_factory=list)
    notes: dict[str, list[str]] = field(default_factory=dict)
    titles: dict[str, str] = field(default_factory=dict)
    known: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def note(self, manifest: Manifest, text: str) -> None:
        """Say what a person must check in the masked copies of a manifest."""
        self.notes.setdefault(f"{manifest.number}/{manifest.name}", []).append(text)

    def add(self, path: str, role: str, data: bytes, original: FileEntry | None = None, *, title: str = "") -> PackedFile:
        """Write one file; a masked copy names its `original`, `title` is what it is called where that is not its role's name."""
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
        found = digests.of_bytes(data)
        packed = PackedFile(
            path=path,
            role=role,
            size=found.size,
            sha256=found.sha256,
            sm3=found.sm3,
            original_sha256=original.sha256 if original else "",
            original_sm3=original.sm3 if original else "",
        )
        self.files.append(packed)
        self.titles[path] = title or ROLES.get(role, role)
        return packed


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is to be exported and how: `names` are people to be masked besides those found by rule.

    A fixed `made` and a last ledger row (`until_row`, 0: all) give the same bytes each time.
    """

    numbers: tuple[str, ...]
    masked: bool = True
    actor: str = ""
    reason: str = ""
    names: tuple[str, ...] = ()
    made: Moment | None = None
    title: str = ""
    until_row: int = 0
    signed: bool = False

    def moment(self) -> Moment:
        """Return when the package says it was made."""
        return self.made or Moment.of(datetime.now(UTC))


@dataclass(frozen=True, slots=True)
class Sources:
    """Where the evidence of a package comes from, and who signs it."""

    items: Items
    objects: ObjectStore
    ledger: Ledger
    signer: Signer | None = None


def write_evidence(to: Path, wish: Wish, sources: Sources) -> tuple[Path, str]:
    """Write a package of evidence alone; return its folder with the SHA-256 of its SHA256SUMS."""

    def fill(folder: Folder) -> None:
        items = [sources.items.manifests(number) for number in wish.numbers]
        add_evidence(folder, wish, items, sources)
        add_index(folder, wish, items)

    return write_package(to, wish, sources, fill)


def write_package(to: Path, wish: Wish, sources: Sources, fill: Callable[[Folder], None]) -> tuple[Path, str]:
    """Write a package to a folder that does not exist yet; return it with the SHA-256 of its SHA256SUMS.

    It is built beside its place and renamed at the end. Raises BadInput when the place is taken, or when originals are wanted
    without a reason; StorageFull leaves nothing.
    """
    to = Path(to)
    if to.exists() and (not to.is_dir() or any(to.iterdir())):
        raise BadInput("导出位置已有内容，请另选一个空的或不存在的文件夹", file=to)
    if not wish.masked and not wish.reason.strip():
        raise BadInput("导出未打码的原件必须写明事由", field="reason")
    files.make_folder(to.parent)
    building = to.parent / f".{to.name[:40]}.{uuid4().hex[:8]}"
    try:
        building.mkdir()
        folder = Folder(building)
        fill(folder)
        _finish(folder, wish, sources)
        if to.exists():
            to.rmdir()
        building.rename(to)
    except OSError as error:
        raise files.explain(error, to) from error
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return to, digests.of_file(to / "SHA256SUMS").sha256


def add_evidence(folder: Folder, wish: Wish, items: Sequence[tuple[Manifest, ...]], sources: Sources) -> None:
    """Add the evidence folders: manifests with their time stamps, files (or masked copies), ledger extract, WACZ."""
    last = wish.until_row or sys.maxsize
    rows = [row for row in sources.ledger.rows() if row.number in wish.numbers and row.row <= last]
    for manifests in items:
        number = manifests[0].number
        own = [row for row in rows if row.number == number]
        if wish.masked:
            _add_masked_item(folder, manifests, own, wish, sources)
        else:
            _add_original_item(folder, manifests, own, sources)


def _add_original_item(folder: Folder, manifests: Sequence[Manifest], rows: Sequence[LedgerRow], sources: Sources) -> None:
    number = manifests[0].number
    for manifest in manifests:
        folder.add(f"evidence/{number}/manifest/{manifest.name}", "manifest", manifest.to_bytes())
        _add_stamp(folder, manifest, sources)
        for entry in manifest.files:
            _add_file(folder, manifest, entry, sources.objects)
    folder.add(f"evidence/{number}/ledger.jsonl", "ledger", b"".join(to_json(row) for row in rows))
    folder.add(f"evidence/{number}/{number}.wacz", "wacz", make_wacz(manifests, sources.objects))


def _add_masked_item(
    folder: Folder, manifests: Sequence[Manifest], rows: Sequence[LedgerRow], wish: Wish, sources: Sources
) -> None:
    """Add an item with everything personal hidden that any of its texts gives away; markup and loaded files do not travel."""
    boxes = {manifest.name: _boxes(manifest, sources.objects) for manifest in manifests}
    texts = [shown_text(found) for found in boxes.values() if found]
    known = tuple(dict.fromkeys((*wish.names, *known_of(manifests, texts))))
    number = manifests[0].number
    folder.known[number] = known
    covers = manual_areas(rows)
    for manifest in manifests:
        _add_masked_manifest(folder, manifest, known)
        _add_stamp(folder, manifest, sources)
        _add_masked_files(folder, manifest, boxes[manifest.name], sources.objects, known, covers.get(manifest.name, ()))
    # what officers wrote may name people; a row cannot be changed without breaking its hash, so it stays at home
    fit = [row for row in rows if mask_text(text := to_json(row).decode(), known) == text]
    folder.add(f"evidence/{number}/ledger.jsonl", "ledger", b"".join(to_json(row) for row in fit))
    if len(fit) < len(rows):
        folder.note(manifests[-1], f"保管台账有 {len(rows) - len(fit)} 行写有个人信息，未随打码件提供")


def _boxes(manifest: Manifest, objects: ObjectStore) -> list[Box]:
    entry = next((entry for entry in manifest.files if entry.role == "text_map"), None)
    return read_boxes(objects.read(entry.sha256)) if entry else []


def _add_stamp(folder: Folder, manifest: Manifest, sources: Sources) -> None:
    stamp = sources.items.stamp(manifest.number, manifest.name)
    if stamp is not None:
        folder.add(f"evidence/{manifest.number}/manifest/{manifest.name}{STAMP_SUFFIX}", "timestamp", stamp)


def _finish(folder: Folder, wish: Wish, sources: Sources) -> None:
    known = (*wish.names, *(name for names in folder.known.values() for name in names))
    package = Package(
        numbers=wish.numbers,
        masked=wish.masked,
        made=wish.moment(),
        actor=wish.actor,
        reason=mask_text(wish.reason, known) if wish.masked else wish.reason,
        files=tuple(folder.files),
        ledger=_point(sources.ledger, wish.until_row),
    )
    (folder.root / RECORD).write_bytes(to_json(package, indent=1))
    write_sums(folder.root)
    if sources.signer is not None:
        signature = sources.signer.sign((folder.root / SHA256SUMS).read_bytes())
        (folder.root / SIGNATURE).write_bytes(signature)
        (folder.root / PUBLIC_KEY).write_bytes(sources.signer.public_pem)


def _point(ledger: Ledger, row: int) -> LedgerPoint:
    if not row:
        return ledger.point()
    return next((LedgerPoint(row=found.row, hash=found.hash) for found in ledger.rows() if found.row == row), ledger.point())


def _add_masked_manifest(folder: Folder, manifest: Manifest, known: Sequence[str]) -> None:
    path = f"evidence/{manifest.number}/manifest/{manifest.name}"
    found = digests.of_bytes(manifest.to_bytes())
    original = FileEntry(
        role="manifest", name=manifest.name, media_type="application/json", size=found.size, sha256=found.sha256, sm3=found.sm3
    )
    masked = mask_manifest(manifest, known).to_bytes()
    folder.add(path.removesuffix(".json") + ".masked.json", "manifest", masked, original)


def _add_file(folder: Folder, manifest: Manifest, entry: FileEntry, objects: ObjectStore) -> None:
    base = f"evidence/{manifest.number}/files/{manifest.sequence:04d}-"
    name = _SAFE.sub("_", entry.name)[:80]
    title = file_title(manifest, entry)
    folder.add(base + _with_suffix(name, entry), entry.role, objects.read(entry.sha256), title=title)


def _add_masked_files(
    folder: Folder, manifest: Manifest, boxes: Sequence[Box], objects: ObjectStore, known: Sequence[str], covers: Sequence[Area]
) -> None:
    """Add masked copies of what a rendering shows."""
    base = f"evidence/{manifest.number}/files/{manifest.sequence:04d}-"
    entries = {entry.role: entry for entry in manifest.files}
    if manifest.browser is None or not {"full_page", "first_screen"} & set(entries):
        return
    if "text_map" not in entries or "full_page" not in entries:
        folder.note(manifest, "页面文字位置未取得，截图无法打码，未随打码件提供")
        return
    hidden = find_hidden(objects.read(entries["full_page"].sha256), boxes, known)
    for role in ("first_screen", "full_page"):
        if role in entries:
            name = _SAFE.sub("_", Path(entries[role].name).stem)[:80]
            masked = cover(objects.read(entries[role].sha256), hidden, covers)
            folder.add(f"{base}{name}.masked.png", role, masked, entries[role])
    text = mask_text(shown_text(boxes), known).encode("utf-8", "replace")
    folder.add(f"{base}page-text.masked.txt", "page_text", text, entries["text_map"])
    for note in hidden.notes:
        folder.note(manifest, note)
    if "recording" in entries:
        folder.note(manifest, "录屏不能自动打码，未随打码件提供")
    if covers:
        folder.note(manifest, f"已按办案人员的指定另行遮盖 {len(covers)} 处")


def _with_suffix(name: str, entry: FileEntry) -> str:
    """Return a name whose ending no office PC runs: pages from the net get `.txt` behind their own ending."""
    if entry.role != "response_body":
        picture = entry.media_type.startswith("image/") and "svg" not in entry.media_type
        return name if picture or entry.role not in _FROM_THE_NET else f"{name}.txt"
    guessed = mimetypes.guess_extension(entry.media_type.split(";")[0].strip().lower()) or ".bin"
    return f"{Path(name).stem}{guessed}.txt"


def add_index(folder: Folder, wish: Wish, items: Sequence[tuple[Manifest, ...]]) -> None:
    """Add the page that opens the package offline, and how to verify it."""
    shown = [_masked_view(folder, manifests, wish) for manifests in items]
    page = _TEMPLATES.get_template("index.html").render(
        items=shown,
        files=folder.files,
        titles=folder.titles,
        notes=folder.notes,
        masked=wish.masked,
        roles=ROLES,
        kept=exchange_title,
        address=shown_address,
        made=wish.moment().beijing,
        title=wish.title,
        papers=[f for f in folder.files if f.role in {"paper", "record"}],
    )
    folder.add("index.html", "index", page.encode("utf-8", "replace"))
    stamped = next((file.path for file in folder.files if file.role == "timestamp"), "")
    first = items[0][0].number if items else ""
    guide = _TEMPLATES.get_template("verify.txt").render(masked=wish.masked, stamped=stamped, signed=wish.signed, number=first)
    folder.add("HOW-TO-VERIFY.txt", "guide", guide.encode())


def _masked_view(folder: Folder, manifests: tuple[Manifest, ...], wish: Wish) -> tuple[Manifest, ...]:
    if not wish.masked:
        return manifests
    known = folder.known.get(manifests[0].number, wish.names)
    return tuple(mask_manifest(manifest, known) for manifest in manifests)
