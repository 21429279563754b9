"""Write evidence out for people: a folder that opens offline, with digest lists that need none of our software to check."""

import mimetypes
import re
import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from uuid import uuid4

from jinja2 import Environment, PackageLoader

from patrol.errors import BadInput
from patrol.places import shown_address
from patrol.platforms import load_platforms
from patrol.vault import digests, files
from patrol.vault.folder import Folder, Sources, Wish, add_stamp
from patrol.vault.ledger import Ledger
from patrol.vault.masked_copies import add_masked_item
from patrol.vault.masked_manifest import mask_manifest
from patrol.vault.masking import mask_text
from patrol.vault.model import FileEntry, LedgerPoint, LedgerRow, Manifest, tidy, to_json
from patrol.vault.naming import ROLES, exchange_title, file_title
from patrol.vault.objects import ObjectStore
from patrol.vault.package import RECORD, SHA256SUMS, Package, write_sums
from patrol.vault.signatures import PUBLIC_KEY, SIGNATURE
from patrol.vault.wacz import make_wacz

_SAFE = re.compile(r"[^A-Za-z0-9._-]")
_MOST_SHOWN = 4_000
_FROM_THE_NET = {"resource", "dom"}


def _platform_title(name: str) -> str:
    known = load_platforms().get(name)
    return known.title if known else name


def _harmless(value: object) -> object:
    """Return what is printed without controls and marks that turn the reading direction."""
    return tidy(value, _MOST_SHOWN) if isinstance(value, str) else value


_TEMPLATES = Environment(
    loader=PackageLoader("patrol.vault"), autoescape=True, trim_blocks=True, lstrip_blocks=True, finalize=_harmless
)


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
            add_masked_item(folder, manifests, own, wish, sources)
        else:
            _add_original_item(folder, manifests, own, sources)


def _add_original_item(folder: Folder, manifests: Sequence[Manifest], rows: Sequence[LedgerRow], sources: Sources) -> None:
    number = manifests[0].number
    for manifest in manifests:
        folder.add(f"evidence/{number}/manifest/{manifest.name}", "manifest", manifest.to_bytes())
        add_stamp(folder, manifest, sources)
        for entry in manifest.files:
            _add_file(folder, manifest, entry, sources.objects)
    folder.add(f"evidence/{number}/ledger.jsonl", "ledger", b"".join(to_json(row) for row in rows))
    folder.add(f"evidence/{number}/{number}.wacz", "wacz", make_wacz(manifests, sources.objects))


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


def _add_file(folder: Folder, manifest: Manifest, entry: FileEntry, objects: ObjectStore) -> None:
    base = f"evidence/{manifest.number}/files/{manifest.sequence:04d}-"
    name = _SAFE.sub("_", entry.name)[:80]
    title = file_title(manifest, entry)
    folder.add(base + _with_suffix(name, entry), entry.role, objects.read(entry.sha256), title=title)


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
        platform=_platform_title,
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
