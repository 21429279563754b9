"""The audit log: who looked at, decided, exported or changed what. Append-only, each row chained to the one before."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from patrol.store.connection import immediate
from patrol.store.store import Store

_FIELDS = ("at", "login", "name", "action", "object", "detail", "address", "previous")
_START = "0" * 64
_FILTERS = {"login": "login = ?", "action": "action = ?", "object": "object = ?"}


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRow:
    """One act. `action` is a code (view, decide, export …), `object` what it was done to, `detail` one Chinese line."""

    id: int
    at: datetime
    login: str
    name: str
    action: str
    object: str
    detail: str
    address: str


class AuditBook:
    """The audit log of a workspace."""

    def __init__(self, store: Store) -> None:
        self._db = store.database

    def write(
        self, action: str, *, login: str, name: str, now: datetime, object_: str = "", detail: str = "", address: str = ""
    ) -> None:
        """Append one row, chained to the last."""
        with immediate(self._db):
            last = next(iter(self._db.query("SELECT hash FROM audit_log ORDER BY id DESC LIMIT 1")), None)
            row = {
                "at": now.astimezone(UTC).isoformat(timespec="milliseconds"),
                "login": login,
                "name": name,
                "action": action,
                "object": object_[:200],
                "detail": detail[:1000],
                "address": address,
                "previous": str(last["hash"]) if last else _START,
            }
            values = [*row.values(), row_hash(row)]
            self._db.execute(f"INSERT INTO audit_log ({', '.join(row)}, hash) VALUES ({', '.join('?' * len(values))})", values)  # noqa: S608

    def rows(self, *, before: int = 0, limit: int = 100, **filters: str) -> list[AuditRow]:
        """Return rows, newest first; `before` is the id to go on from; filters: login, action, object, since, until (days)."""
        where, values = ["id < ?"], [before or 2**62]
        extra: list[object] = []
        for name, clause in _FILTERS.items():
            if filters.get(name):
                where.append(clause)
                extra.append(filters[name])
        if filters.get("since"):
            where.append("date(at, '+8 hours') >= ?")
            extra.append(filters["since"])
        if filters.get("until"):
            where.append("date(at, '+8 hours') <= ?")
            extra.append(filters["until"])
        sql = f"SELECT * FROM audit_log WHERE {' AND '.join(where)} ORDER BY id DESC LIMIT ?"  # noqa: S608
        return [_row(row) for row in self._db.query(sql, [*values, *extra, limit])]

    def actions(self) -> list[str]:
        """Return the codes that occur."""
        return [str(row["action"]) for row in self._db.query("SELECT DISTINCT action FROM audit_log ORDER BY action")]

    def first_broken(self) -> int | None:
        """Return the id of the first row that is not what was written, or None when the whole chain holds."""
        previous = _START
        for row in self._db.query("SELECT * FROM audit_log ORDER BY id"):
            if row["previous"] != previous or row["hash"] != row_hash(row):
                return int(str(row["id"]))
            previous = str(row["hash"])
        return None


def row_hash(row: Mapping[str, object]) -> str:
    """Return the SHA-256 that belongs to a row: over all its fields but id and hash."""
    text = json.dumps([str(row[name]) for name in _FIELDS], ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _row(row: Mapping[str, object]) -> AuditRow:
    return AuditRow(
        id=int(str(row["id"])),
        at=datetime.fromisoformat(str(row["at"])),
        login=str(row["login"]),
        name=str(row["name"]),
        action=str(row["action"]),
        object=str(row["object"]),
        detail=str(row["detail"]),
        address=str(row["address"]),
    )
