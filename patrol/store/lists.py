"""Licence lists as they are kept: dated versions that never change, and officers' answers about names."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from pydantic import TypeAdapter
from sqlite_utils import Database

from patrol.errors import BadInput
from patrol.licences.answers import Answer, Opinion, identity_of
from patrol.licences.entries import Entry, ListKind
from patrol.store.connection import immediate

_ENTRY = TypeAdapter(Entry)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListVersion:
    """One import of one list. `dated` is the day from which it holds; `sha256` is of the sealed source file."""

    number: int
    list_name: str
    kind: ListKind
    dated: date
    imported_at: datetime
    file_name: str
    sha256: str
    rows: int
    unreadable: int
    officer: str

    @property
    def label(self) -> str:
        """How a version is written beside a match: name, number, day, and the first digits of the file's digest."""
        return f"{self.list_name} 第{self.number}版 {self.dated.isoformat()} {self.sha256[:8]}"


class ListStore:
    """Lists and answers of one workspace. Takes the database of an open Store."""

    def __init__(self, database: Database) -> None:
        self.database = database

    # versions

    def add_version(self, version: ListVersion, entries: Sequence[Entry]) -> ListVersion:
        """Keep a new version whole, in one transaction, numbered next in its list. The same import again adds nothing."""
        with immediate(self.database):
            for known in reversed(self.versions(version.list_name)):
                if (known.sha256, known.dated) == (version.sha256, version.dated):
                    return known
            row = next(self._rows("SELECT max(number) AS last FROM list_versions WHERE list_name = ?", [version.list_name]))
            number = int(str(row["last"] or 0)) + 1
            self.database.execute(
                """INSERT INTO list_versions (list_name, number, kind, dated, imported_at, file_name, sha256, rows, unreadable,
                     officer) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
                [
                    version.list_name,
                    number,
                    version.kind.value,
                    version.dated.isoformat(),
                    version.imported_at.isoformat(),
                    version.file_name,
                    version.sha256,
                    len(entries),
                    version.unreadable,
                    version.officer,
                ],
            )
            self.database.conn.executemany(
                "INSERT INTO list_rows (list_name, number, position, name, identity, record) VALUES (?, ?, ?, ?, ?, ?)",
                (
                    (version.list_name, number, at, entry.name, identity_of(entry), _ENTRY.dump_json(entry).decode())
                    for at, entry in enumerate(entries)
                ),
            )
        return self.version(version.list_name, number)

    def versions(self, list_name: str = "") -> list[ListVersion]:
        """Return all versions, of one list or of all, oldest first."""
        where, values = ("WHERE list_name = ?", [list_name]) if list_name else ("", [])
        sql = f"SELECT * FROM list_versions {where} ORDER BY list_name, number"  # noqa: S608
        return [_version(row) for row in self._rows(sql, values)]

    def version(self, list_name: str, number: int) -> ListVersion:
        """Return one version. Raises BadInput naming those that exist."""
        found = self.versions(list_name)
        for one in found:
            if one.number == number:
                return one
        names = "、".join(dict.fromkeys(one.list_name for one in self.versions())) or "（尚未导入）"
        if found:
            raise BadInput(f"“{list_name}”只有第{found[0].number}至{found[-1].number}版", field="名单版本")
        raise BadInput(f"没有名单“{list_name}”；已有：{names}", field="名单名称")

    def versions_on(self, day: date) -> list[ListVersion]:
        """Return the version of each list that holds on a day: the latest dated not after it."""
        latest: dict[str, ListVersion] = {}
        for one in self.versions():
            before = latest.get(one.list_name)
            if one.dated <= day and (before is None or (one.dated, one.number) > (before.dated, before.number)):
                latest[one.list_name] = one
        return list(latest.values())

    def entries(self, version: ListVersion) -> list[Entry]:
        """Return the rows of a version, in the order of its file."""
        rows = self._rows(
            "SELECT record FROM list_rows WHERE list_name = ? AND number = ? ORDER BY position",
            [version.list_name, version.number],
        )
        return [_ENTRY.validate_json(str(row["record"])) for row in rows]

    # answers

    def add_answer(self, answer: Answer) -> Answer:
        """Keep an officer's answer; earlier ones about the same name stay on record, the latest stands."""
        with immediate(self.database):
            number = self.database.execute(
                """INSERT INTO list_answers (key, name, city, institution, listed_name, opinion, officer, at, reason)
                   VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)""",
                [
                    answer.key,
                    answer.name,
                    answer.city,
                    answer.institution,
                    answer.listed_name,
                    answer.opinion.value,
                    answer.officer,
                    answer.at.isoformat(),
                    answer.reason,
                ],
            ).lastrowid
        return next(one for one in self.answers() if one.number == number)

    def undo_answer(self, number: int, *, officer: str, at: datetime) -> Answer:
        """Take an answer back; it stays on record as undone. Raises BadInput when there is no standing answer of that number."""
        with immediate(self.database):
            changed = self.database.execute(
                "UPDATE list_answers SET undone_at = ?, undone_by = ? WHERE number = ? AND undone_at IS NULL",
                [at.isoformat(), officer, number],
            ).rowcount
        if not changed:
            raise BadInput(f"没有编号为{number}的有效结论；用 patrol whitelist export 查看", field="编号")
        return next(one for one in self.answers() if one.number == number)

    def answers(self) -> list[Answer]:
        """Return every answer ever given, undone ones too, oldest first."""
        return [_answer(row) for row in self._rows("SELECT * FROM list_answers ORDER BY number", [])]

    def _rows(self, sql: str, values: Sequence[object]) -> Iterator[dict[str, object]]:
        return iter(list(self.database.query(sql, list(values))))


def _version(row: dict[str, object]) -> ListVersion:
    return ListVersion(
        number=int(str(row["number"])),
        list_name=str(row["list_name"]),
        kind=ListKind(str(row["kind"])),
        dated=date.fromisoformat(str(row["dated"])),
        imported_at=datetime.fromisoformat(str(row["imported_at"])),
        file_name=str(row["file_name"]),
        sha256=str(row["sha256"]),
        rows=int(str(row["rows"])),
        unreadable=int(str(row["unreadable"])),
        officer=str(row["officer"]),
    )


def _answer(row: dict[str, object]) -> Answer:
    return Answer(
        number=int(str(row["number"])),
        key=str(row["key"]),
        name=str(row["name"]),
        city=str(row["city"]),
        institution=str(row["institution"]),
        listed_name=str(row["listed_name"]),
        opinion=Opinion(str(row["opinion"])),
        officer=str(row["officer"]),
        at=datetime.fromisoformat(str(row["at"])),
        reason=str(row["reason"]),
        undone_at=datetime.fromisoformat(str(row["undone_at"])) if row["undone_at"] else None,
        undone_by=str(row["undone_by"]),
    )
