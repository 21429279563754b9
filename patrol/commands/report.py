"""`patrol report …`: one sub-command per form of the register, and what goes with forms (templates, submission, tracing)."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from patrol import settings
from patrol.commands.handling import app as record_app
from patrol.errors import BadInput
from patrol.reports.cells import moment
from patrol.reports.forms import Form, form, forms
from patrol.reports.making import history, make, read_input, submit, write, write_difference
from patrol.reports.official import kept
from patrol.reports.official.workbook import losses
from patrol.reports.preview import to_pdf
from patrol.reports.templates import columns
from patrol.reports.trace import trace_cell, trace_lead

__all__ = ["app", "make"]

app = typer.Typer(help="生成官方表单，装入表样，报送存档，逐格追溯", no_args_is_help=True)

app.add_typer(record_app, name="record")

CampaignFile = Annotated[Path, typer.Option("--campaign", help="专项行动文件")]
BatchNumber = Annotated[int, typer.Option("--batch", min=0, help="报送批次；0 为整个专项行动")]
Output = Annotated[Path, typer.Option("--output", help="保存到哪里：.xlsx、.docx，或不带后缀的名称（各种格式都生成）")]
ConfirmedOnly = Annotated[bool, typer.Option("--confirmed", help="只列复核属实的线索（不写则待核的也列，并注明）")]
FormName = Annotated[str, typer.Argument(help="表单名称，见 patrol report list")]


def _command(made: Form) -> Callable[..., None]:
    def run(campaign: CampaignFile, output: Output, batch: BatchNumber = 0, confirmed: ConfirmedOnly = False) -> None:
        result = write(made, read_input(made, campaign, batch, datetime.now(UTC), confirmed_only=confirmed), output)
        _say(result.files, result.notes)

    return run


def _say(files: tuple[Path, ...], notes: tuple[str, ...]) -> None:
    for file in files:
        typer.echo(str(file))
    for note in notes:
        typer.echo(f"提示：{note}", err=True)


for _form in forms().values():
    app.command(name=_form.TEMPLATE.id, help=f"{_form.TEMPLATE.name}：{_form.TEMPLATE.summary}")(_command(_form))
    app.command(name=_form.TEMPLATE.name, hidden=True)(_command(_form))


@app.command(name="list")
def list_forms() -> None:
    """列出全部表单。"""
    for one in forms().values():
        typer.echo(f"{one.TEMPLATE.id}\t{one.TEMPLATE.name}\t{'、'.join(one.TEMPLATE.kinds)}\t{one.TEMPLATE.summary}")


@app.command(name="pdf")
def print_preview(files: Annotated[list[Path], typer.Argument(help="已生成的 .docx 或 .xlsx 文件")]) -> None:
    """用 LibreOffice 把表单转成 PDF 预览（分页以正式字体为准）。"""
    # LibreOffice names a PDF after its file alone: a form's .docx and .xlsx go into folders of their own kind
    made = {kind: [file for file in files if file.suffix == kind] for kind in dict.fromkeys(file.suffix for file in files)}
    for kind, chosen in made.items():
        _say(to_pdf(chosen, chosen[0].parent / f"预览-{kind.removeprefix('.')}"), ())


@app.command(name="template")
def load_official_template(
    name: FormName,
    file: Annotated[Path | None, typer.Argument(help="官方表样（.xlsx 或 .docx）")] = None,
    corrections: Annotated[list[str] | None, typer.Option("--map", help="更正对应：表样列名=表单列名；写 - 表示留空")] = None,
    keep: Annotated[bool, typer.Option("--keep", help="保留此表样和对应关系，以后都填入它")] = False,
    drop: Annotated[bool, typer.Option("--drop", help="不再使用已保留的表样")] = False,
) -> None:
    """装入官方表样：查看列的对应关系，更正，保留。"""
    chosen, workspace = form(name), settings.load().workspace
    if drop:
        _say(kept.drop(workspace, chosen.TEMPLATE.id), ())
        return
    if file is None:
        raise BadInput("没有给出表样文件；或用 --drop 停用已保留的表样", field="FILE")
    fixed = dict(_pair(text) for text in corrections or ())
    known = {column.key: column.heading for column in columns(chosen.TEMPLATE)}
    for match in kept.preview(file, columns(chosen.TEMPLATE), fixed):
        typer.echo(f"第{match.place + 1}列\t{match.heading}\t{known.get(match.key, '（留空）')}\t{match.why}")
    for what in losses(file) if file.suffix == ".xlsx" else ():
        typer.echo(f"提示：表样中的{what}不能带到填好的表里", err=True)
    if keep:
        typer.echo(str(kept.keep(workspace, chosen.TEMPLATE.id, file, fixed).file))


def _pair(text: str) -> tuple[str, str]:
    left, mark, right = text.partition("=")
    if not mark or not left.strip() or not right.strip():
        raise BadInput(f"“{text}”应写作 表样列名=表单列名", field="--map")
    return left.strip(), right.strip()


@app.command(name="submit")
def submit_form(
    name: FormName,
    campaign: CampaignFile,
    output: Output,
    officer: Annotated[str, typer.Option("--officer", help="报送人")],
    batch: BatchNumber = 0,
    confirmed: ConfirmedOnly = False,
    reason: Annotated[str, typer.Option("--reason", help="更正理由（第2版起必填）")] = "",
) -> None:
    """生成并报送：存档当时的全部内容和校验值；再次报送为新版，附更正对照表。"""
    chosen = form(name)
    given = read_input(chosen, campaign, batch, datetime.now(UTC), confirmed_only=confirmed)
    before = history(chosen, campaign, batch)
    if before and not reason:
        raise BadInput(f"已报送过第{len(before)}版；更正须写明理由", field="--reason")
    result = write(chosen, given, output)
    frozen = submit(chosen, given, result.report, officer=officer, reason=reason)
    _say(result.files, result.notes)
    if before:
        typer.echo(str(write_difference(before[-1], frozen, chosen.TEMPLATE.name, result.files[0])))
    typer.echo(f"已存档第{frozen.revision}版，校验值 {frozen.digest}", err=True)


@app.command(name="history")
def show_history(name: FormName, campaign: CampaignFile, batch: BatchNumber = 0) -> None:
    """列出一张表单的各次报送，并逐版校验。"""
    for one in history(form(name), campaign, batch):
        typer.echo(f"第{one.revision}版\t{moment(one.at)}\t{one.officer}\t{one.reason or '首次报送'}\t{one.digest}")


@app.command(name="trace")
def trace(
    campaign: CampaignFile,
    name: Annotated[str, typer.Option("--form", help="表单名称")] = "patrol_table",
    batch: BatchNumber = 0,
    row: Annotated[int, typer.Option("--row", help="表中第几行")] = 0,
    column: Annotated[str, typer.Option("--column", help="列名；不写则整行")] = "",
    table: Annotated[str, typer.Option("--table", help="工作表名；不写为第一张")] = "",
    lead: Annotated[str, typer.Option("--lead", help="或直接给出线索编号")] = "",
) -> None:
    """追溯表中一格：来自哪条线索、哪份证据、哪些规则和条款。"""
    chosen = form(name)
    given = read_input(chosen, campaign, 0 if chosen.TEMPLATE.whole_campaign or lead else batch, datetime.now(UTC))
    if not lead:
        lines = trace_cell(given, chosen.build(given), row, column, table)
    else:
        found = next((one for one in given.leads if one.number == lead), None)
        if found is None:
            raise BadInput(f"本专项行动没有编号为“{lead}”的线索；请核对", field="--lead")
        lines = trace_lead(given, found)
    for line in lines:
        typer.echo(line)
