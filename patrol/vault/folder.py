"""A package in the making: its files, what it is wanted for, and where its evidence comes from."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from patrol.vault import digests
from patrol.vault.items import STAMP_SUFFIX, Items
from patrol.vault.ledger import Ledger
from patrol.vault.model import FileEntry, Manifest, Moment
from patrol.vault.naming import ROLES
from patrol.vault.objects import ObjectStore
from patrol.vault.package import PackedFile
from patrol.vault.signatures import Signer


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


def add_stamp(folder: Folder, manifest: Manifest, sources: Sources) -> None:
    """Add the time stamp of a manifest where it has one."""
    stamp = sources.items.stamp(manifest.number, manifest.name)
    if stamp is not None:
        folder.add(f"evidence/{manifest.number}/manifest/{manifest.name}{STAMP_SUFFIX}", "timestamp", stamp)
