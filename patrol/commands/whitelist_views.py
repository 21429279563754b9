"""How lists, comparisons and answers look: tables on a terminal, JSON in a pipe, CSV for spreadsheets."""

import csv
import io
import json
import sys
from dataclasses import asdict
from datetime import date

import typer
from rich.console import Console

from patrol.commands.tables import folding
from patrol.licences import ListFile
from patrol.licences.answers import Answer
from patrol.licences.checking import scope_breaches
from patrol.licences.columns import CHINESE
from patrol.licences.differing import Change, Difference
from patrol.licences.entries import Entry
from patrol.model import Match
from patrol.store.lists import ListVersion

_SHOWN = 10


def read_row(read: ListFile) -> dict[str, object]:
    """Return what a file gave, for JSON: columns as mapped, troubles by sheet and row."""
    return {
        "file": read.path,
        "rows": len(read.entries),
        "mapping": [{"sheet": sheet, "columns": dict(columns)} for sheet, columns in read.mapping],
        "unused": list(read.unused),
        "troubles": [{**asdict(trouble), "text": trouble.chinese} for trouble in read.troubles],
    }


def show_read(read: ListFile, *, as_json: bool) -> None:
    """Show what a file gave: the columns as guessed, the first rows, every trouble."""
    if as_json or not sys.stdout.isatty():
        typer.echo(
            json.dumps({**read_row(read), "first": [entry_row(entry) for entry in read.entries[:_SHOWN]]}, ensure_ascii=False)
        )
        return
    console = Console()
    for sheet, columns in read.mapping:
        typer.echo(f"{sheet or '表'}：" + "，".join(f"{field}←“{header}”" for field, header in columns))
    if read.unused:
        typer.echo(f"没有用到的列：{'、'.join(read.unused)}（若其中有要用的，用 --map 指定）")
    table = folding("序号", "机构名称", "信用代码", "许可证号", "类型", "名单", title=f"共{len(read.entries)}家，前{_SHOWN}家：")
    for entry in read.entries[:_SHOWN]:
        table.add_row(str(entry.row), entry.name, entry.uscc, entry.permit, entry.kind, entry.list_kind.chinese)
    console.print(table)
    for trouble in read.troubles:
        typer.echo(("读不出 " if trouble.fatal else "请核对 ") + trouble.chinese, err=True)


def entry_row(entry: Entry) -> dict[str, object]:
    """Return a row with Chinese field names, empty fields left out."""
    shown = {label: getattr(entry, field) for field, label in CHINESE.items() if hasattr(entry, field)}
    shown["名单"] = entry.list_kind.chinese
    return {label: str(value) if isinstance(value, date) else value for label, value in shown.items() if value}


def version_row(version: ListVersion) -> dict[str, object]:
    """Return a version for JSON."""
    row = asdict(version)
    return {**row, "kind": version.kind.value, "dated": str(version.dated), "imported_at": version.imported_at.isoformat()}


def difference_row(before: ListVersion, after: ListVersion, found: Difference) -> dict[str, object]:
    """Return a comparison of two versions for JSON."""
    return {
        "from": before.label,
        "to": after.label,
        "added": [entry.name for entry in found.added],
        "removed": [entry.name for entry in found.removed],
        "renamed": [{"from": one.before.name, "to": one.after.name} for one in found.renamed],
        "lapsed": [{"name": entry.name, "reason": reason} for entry, reason in found.lapsed],
        "changed": [{"name": one.after.name, "changes": _changes(one)} for one in found.changed],
    }


def _changes(change: Change) -> dict[str, list[str]]:
    return {
        CHINESE.get(field, "名单"): [str(getattr(change.before, field) or ""), str(getattr(change.after, field) or "")]
        for field in change.fields
    }


def show_difference(before: ListVersion, after: ListVersion, found: Difference) -> None:
    """Show a comparison of two versions."""
    typer.echo(f"{before.label} → {after.label}")
    for title, lines in (
        ("新增", [entry.name for entry in found.added]),
        ("移出", [entry.name for entry in found.removed]),
        ("更名", [f"{one.before.name} → {one.after.name}" for one in found.renamed]),
        ("失效", [f"{entry.name}：{reason}" for entry, reason in found.lapsed]),
        (
            "变动",
            [
                f"{one.after.name}：" + "；".join(f"{k} {a or '空'}→{b or '空'}" for k, (a, b) in _changes(one).items())
                for one in found.changed
            ],
        ),
    ):
        typer.echo(f"{title} {len(lines)}家")
        for line in lines:
            typer.echo(f"  {line}")


def show_match(found: Match, entry: Entry | None, day: date, *, as_json: bool) -> None:
    """Show the answer to one name: verdict, reason, warnings, candidates with their parts."""
    scope = scope_breaches(entry, subject=True, on=day) if entry else ()
    if as_json or not sys.stdout.isatty():
        row = {
            "decision": found.verdict.value,
            "row": found.row,
            "why": found.why,
            "warnings": list(found.warnings),
            "if_subject_tutoring": list(scope),
            "candidates": [asdict(one) for one in found.candidates],
            "entry": entry_row(entry) if entry else None,
            "list_version": found.list_version,
        }
        typer.echo(json.dumps(row, ensure_ascii=False))
        return
    # the sentence ends in the verdict's own words; said once is enough
    typer.echo(f"{found.verdict.chinese}：{found.why.removesuffix(f'；{found.verdict.chinese}')}")
    for warning in found.warnings:
        typer.echo(f"注意：{warning}")
    for breach in scope:
        typer.echo(f"若从事学科类培训：{breach}")
    if found.candidates:
        table = folding("序号", "名单内名称", "得分", "各部分")
        for one in found.candidates:
            table.add_row(str(one.row), one.name, f"{one.score:.2f}", one.detail)
        Console().print(table)
    typer.echo(f"名单版本：{found.list_version}")


def answers_csv(answers: list[Answer]) -> str:
    """Return all answers as CSV text, for a spreadsheet."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(
        ["编号", "名称", "地区代码", "名单内名称", "机构标识", "结论", "经办人", "时间", "理由", "撤销时间", "撤销人"]
    )
    for one in answers:
        undone = one.undone_at.isoformat() if one.undone_at else ""
        cells = [
            str(one.number), one.name, one.city, one.listed_name, one.institution, one.opinion.chinese, one.officer,
            one.at.isoformat(), one.reason, undone, one.undone_by,
        ]  # fmt: skip
        writer.writerow([_harmless(cell) for cell in cells])
    return buffer.getvalue()


def _harmless(cell: str) -> str:
    # names come from crawled pages: a spreadsheet must not take one for a formula
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell
