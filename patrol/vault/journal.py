"""Writing that survives a kill: files get their names together with their ledger rows, and what was interrupted is finished.

Order, under the ledger's lock: the file into `staging/`, then the ledger row, then the file's final name. So a file without its
row is never the work of a kill, and a row without its file finds it in staging. Destruction goes the other way round: a marker
into staging, the row (the certificate), the files.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from patrol.errors import PatrolError
from patrol.vault import digests, files
from patrol.vault.items import Items
from patrol.vault.ledger import Ledger
from patrol.vault.model import Founding, LedgerRow, tidy, to_json
from patrol.vault.objects import ObjectStore

AUTOMATIC = "系统自动"
DESTROYING = b"destroying "
_PLACING = {"capture", "timestamp"}


class Journal:
    """The writing side of a vault's items; every method is called with the ledger's lock held."""

    def __init__(self, root: Path, items: Items, objects: ObjectStore, ledger: Ledger) -> None:
        self._root, self._items, self._objects, self._ledger = root, items, objects, ledger
        self.staging = root / "staging"

    def found(self) -> None:
        """Name a new vault: its first ledger row carries the very bytes of `vault.json`."""
        data = to_json(Founding(id=uuid4().hex, created=datetime.now(UTC).isoformat()), indent=1)
        self._ledger.append(
            "create", actor=AUTOMATIC, detail={"vault_json_sha256": digests.of_bytes(data).sha256, "vault_json": data.decode()}
        )
        files.write_once(self._root / "vault.json", data)

    def finish_interrupted(self) -> None:
        """Bring to its end what a kill interrupted: staged manifests with a ledger row get their name, the others go."""
        if not (self._root / "vault.json").exists():
            first = next(self._ledger.rows(), None)
            if first is not None and "vault_json" in first.detail:
                files.write_once(self._root / "vault.json", first.detail["vault_json"].encode())
        staged = [path for path in self.staging.iterdir() if path.is_file()]
        if not staged:
            return
        known = {row.detail["sha256"]: row for row in self._ledger.rows() if row.action in _PLACING}
        ends = {f"{row.number} {row.row}": row for row in self._ledger.rows() if row.action == "delete"}
        for path in staged:
            data = path.read_bytes()
            placed, ended = (
                known.get(digests.of_bytes(data).sha256),
                ends.get(data.removeprefix(DESTROYING).decode("utf-8", "replace")),
            )
            if placed is not None:
                files.make_folder(self._items.root / placed.number)
                files.publish(path, self._items.root / placed.number / placed.detail["file"])
                continue
            if data.startswith(DESTROYING) and ended is not None:
                self._remove(ended)
            path.unlink(missing_ok=True)

    def place(
        self, action: str, number: str, name: str, data: bytes, detail: Mapping[str, str], at: datetime | None
    ) -> digests.Digests:
        """Put a file into an item together with its ledger row, in an order that survives a kill."""
        found = digests.of_bytes(data)
        files.make_folder(self._items.root / number)
        staged = files.write_temporary(self.staging, (data,))
        filed = {"file": name, "sha256": found.sha256, "sm3": found.sm3, **detail}
        try:
            self._ledger.append(action, number=number, actor=AUTOMATIC, detail=filed, at=at)
        except (OSError, PatrolError):
            staged.unlink(missing_ok=True)
            raise
        files.publish(staged, self._items.root / number / name)
        return found

    def destroy(self, number: str, *, officer: str, approver: str, reason: str) -> LedgerRow:
        """Write the certificate of destruction, then remove what it lists; see retention.py for who may. Shared files stay."""
        sealed = list(self._items.sealed(number))
        sizes = {entry.sha256: entry.size for manifest, _ in sealed for entry in manifest.files}
        doomed = sorted(set(sizes) - self._items.files_of_others(number))
        detail = {
            "files": json.dumps([*self._items.names(number), *self._items.stamps(number)]),
            "manifests": json.dumps({manifest.name: receipt.sha256 for manifest, receipt in sealed}),
            "objects": json.dumps(doomed),
            "size": str(sum(sizes[sha256] for sha256 in doomed)),
            "approver": tidy(approver, 100),
        }
        marker = files.write_temporary(self.staging, (DESTROYING + f"{number} {self._ledger.point().row + 1}".encode(),))
        try:
            row = self._ledger.append("delete", number=number, actor=officer, reason=tidy(reason, 500), detail=detail)
        except (OSError, PatrolError):
            marker.unlink(missing_ok=True)
            raise
        self._remove(row)
        marker.unlink(missing_ok=True)
        return row

    def _remove(self, row: LedgerRow) -> None:
        for sha256 in json.loads(row.detail["objects"]):
            for path in (self._objects.path(sha256), self._objects.sealed_path(sha256)):
                path.unlink(missing_ok=True)
        for name in json.loads(row.detail["files"]):
            (self._items.root / row.number / name).unlink(missing_ok=True)
