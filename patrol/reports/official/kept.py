"""Templates that a bureau keeps: the file and the corrected mapping, per form and kind, in the workspace."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml
from pydantic import Field

from patrol.errors import BadInput
from patrol.reports.official import word_table, workbook
from patrol.reports.official.headings import HeadingMatch, match_headings
from patrol.reports.records import Column, Table
from patrol.validation import FileRecord, build, read_yaml


class KeptMapping(FileRecord):
    """The file beside a kept template: `columns` maps the template's headings to columns of the form (`-`: left empty)."""

    form: str
    columns: Mapping[str, str] = Field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class KeptTemplate:
    """A template in use for a form, with the officer's corrections."""

    file: Path
    corrections: Mapping[str, str]


def preview(file: Path, columns: tuple[Column, ...], corrections: Mapping[str, str]) -> tuple[HeadingMatch, ...]:
    """Return how a template's columns would be filled; BadInput when it has no recognisable header row."""
    if file.suffix == ".docx":
        document = word_table.open_template(file)
        return match_headings(word_table.find_header(document, columns, file).headings, columns, corrections)
    book = workbook.open_template(file)
    return match_headings(workbook.find_header(book, columns, file).headings, columns, corrections)


def fill(template: KeptTemplate, table: Table, name: str, target: Path) -> tuple[HeadingMatch, ...]:
    """Fill a kept template with a form's main table."""
    writer = word_table.fill if template.file.suffix == ".docx" else workbook.fill
    return writer(template.file, table, name, target, template.corrections)


def folder(workspace: Path) -> Path:
    """Return where a workspace keeps its templates."""
    return workspace / "reports" / "templates"


def keep(workspace: Path, form: str, file: Path, corrections: Mapping[str, str]) -> KeptTemplate:
    """Copy a template into the workspace, with its mapping beside it; from then on the form is written into it."""
    if file.suffix not in {".xlsx", ".docx"}:
        raise BadInput("表样须为 .xlsx 或 .docx 文件；旧格式请先另存", file=file)
    target = folder(workspace) / f"{form}{file.suffix}"
    target.parent.mkdir(parents=True, exist_ok=True)
    mapping = {"form": form, "columns": dict(corrections)}
    _mapping_file(target).write_text(yaml.safe_dump(mapping, allow_unicode=True, sort_keys=False), encoding="utf-8")
    if file.resolve() != target.resolve():
        shutil.copyfile(file, target)
    return KeptTemplate(target, corrections)


def kept(workspace: Path, form: str, suffix: str) -> KeptTemplate | None:
    """Return the template in use for a form and kind of file, or None."""
    file = folder(workspace) / f"{form}{suffix}"
    if not file.is_file():
        return None
    mapping = _mapping_file(file)
    read = build(KeptMapping, read_yaml(mapping), file=mapping) if mapping.is_file() else KeptMapping(form=form)
    return KeptTemplate(file, read.columns)


def drop(workspace: Path, form: str) -> tuple[Path, ...]:
    """Stop using a form's templates; return the files that were removed."""
    removed = []
    for suffix in (".xlsx", ".docx"):
        file = folder(workspace) / f"{form}{suffix}"
        if file.is_file():
            file.unlink()
            _mapping_file(file).unlink(missing_ok=True)
            removed.append(file)
    return tuple(removed)


def _mapping_file(file: Path) -> Path:
    return file.with_name(f"{file.stem}-{file.suffix.removeprefix('.')}.yml")
