"""Submitted forms: frozen as canonical JSON with their digest, revisions chained, differences listed row by row."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from patrol.errors import EvidenceBroken
from patrol.handling import Snapshot
from patrol.reports.cells import moment
from patrol.reports.records import Column, Report, Row, Table

COLUMNS = (
    Column(key="serial", heading="序号", width=12, align="center"),
    Column(key="table", heading="所在表", width=38),
    Column(key="row", heading="线索编号或行", width=42),
    Column(key="change", heading="变化", width=20, align="center"),
    Column(key="column", heading="列", width=35),
    Column(key="before", heading="更正前", width=65),
    Column(key="after", heading="更正后", width=65),
)
Rows = Mapping[str, Sequence[Any]]


def content_of(report: Report) -> str:
    """Return everything that a form says as canonical JSON: same content, same text."""
    tables = [
        {
            "name": table.name,
            "title": table.title,
            "fields": table.fields,
            "columns": [column.heading for column in table.columns],
            "rows": [{"lead": row.lead, "values": row.values} for row in table.rows],
            "total": table.total.values if table.total else None,
            "notes": table.notes,
        }
        for table in report.tables
    ]
    paper = {"title": report.paper.title, "text": [block.text for block in report.paper.blocks]} if report.paper else None
    whole = {"form": report.form, "title": report.title, "versions": report.versions, "tables": tables, "paper": paper}
    return json.dumps(whole, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def digest_of(content: str, previous: str) -> str:
    """Return the SHA-256 over the digest of the revision before and the content: a chain that cannot be changed in the middle."""
    return hashlib.sha256(f"{previous}\n{content}".encode()).hexdigest()


def snapshot(
    report: Report, earlier: Sequence[Snapshot], *, campaign: str, batch: int, officer: str, reason: str, at: datetime
) -> Snapshot:
    """Return the next revision of a form, chained to the last one."""
    content, previous = content_of(report), earlier[-1].digest if earlier else ""
    return Snapshot(
        campaign=campaign,
        form=report.form,
        batch=batch,
        revision=len(earlier) + 1,
        digest=digest_of(content, previous),
        previous=previous,
        reason=reason,
        officer=officer,
        at=at,
        content=content,
    )


def verify(chain: Sequence[Snapshot]) -> None:
    """Recompute every digest; EvidenceBroken names the first revision that is not what was submitted."""
    previous = ""
    for number, one in enumerate(chain, 1):
        if one.revision != number or one.previous != previous or one.digest != digest_of(one.content, previous):
            raise EvidenceBroken(f"报送存档第{one.revision}版与报送时不一致；请从备份恢复并查明原因")
        previous = one.digest


def difference(before: Snapshot, after: Snapshot) -> Table:
    """List what a revision changed: rows added, taken out, and each cell that reads otherwise."""
    old, new = _tables(before), _tables(after)
    rows: list[tuple[str, ...]] = []
    for name in dict.fromkeys((*old, *new)):
        old_columns, old_rows = old.get(name, ([], {}))
        columns, new_rows = new.get(name, (old_columns, {}))
        rows += _row_changes(name, columns or old_columns, old_rows, new_rows)
    rows += _text_changes(before, after)
    made = f"第{before.revision}版（{moment(before.at)}）与第{after.revision}版（{moment(after.at)}）对比"
    return Table(
        name="更正对照",
        title="更正对照表",
        columns=COLUMNS,
        rows=tuple(Row(values=(number, *values)) for number, values in enumerate(rows, 1)),
        notes=(f"{made}，共{len(rows)}处变化。更正理由：{after.reason}", f"两版校验值：{before.digest}；{after.digest}"),
        empty="两版内容没有差别。",
    )


def _tables(one: Snapshot) -> dict[str, tuple[list[str], Rows]]:
    found: dict[str, tuple[list[str], Rows]] = {}
    for table in json.loads(one.content)["tables"]:
        rows: dict[str, Sequence[Any]] = {}
        for row in table["rows"]:
            name = row["lead"] or "／".join(str(value) for value in row["values"][:2])
            key, again = name, 1
            while key in rows:
                again += 1
                key = f"{name}（{again}）"
            rows[key] = row["values"]
        if table["total"]:
            rows["合计"] = table["total"]
        found[table["name"]] = (table["columns"], rows)
    return found


def _row_changes(name: str, columns: Sequence[str], old: Rows, new: Rows) -> list[tuple[str, ...]]:
    changes: list[tuple[str, ...]] = []
    for key in dict.fromkeys((*old, *new)):
        if key not in new:
            changes.append((name, key, "删去", "", _brief(old[key]), ""))
        elif key not in old:
            changes.append((name, key, "增加", "", "", _brief(new[key])))
        else:
            changes += [
                (name, key, "修改", column, str(one), str(other))
                for column, one, other in zip(columns, old[key], new[key], strict=False)
                if one != other and column != "序号"
            ]
    return changes


def _brief(values: Sequence[Any]) -> str:
    return "｜".join(str(value).replace("\n", " ") for value in values[1:4])


def _text_changes(before: Snapshot, after: Snapshot) -> list[tuple[str, ...]]:
    old, new = (json.loads(one.content)["paper"] for one in (before, after))
    if not old or not new:
        return []
    pairs = zip(old["text"], new["text"], strict=False)
    changed = [("正文", f"第{number}段", "修改", "", one, other) for number, (one, other) in enumerate(pairs, 1) if one != other]
    shorter = min(len(old["text"]), len(new["text"]))
    changed += [("正文", f"第{shorter + n}段", "删去", "", text, "") for n, text in enumerate(old["text"][shorter:], 1)]
    return changed + [("正文", f"第{shorter + n}段", "增加", "", "", text) for n, text in enumerate(new["text"][shorter:], 1)]
