"""`patrol whitelist`: bring lists in, look at them, compare versions, look names up, keep officers' answers."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from patrol import settings as settings_module
from patrol.campaigns import china_today
from patrol.commands.match import open_output, parse_mapping
from patrol.commands.tables import folding
from patrol.commands.whitelist_views import (
    answers_csv,
    difference_row,
    read_row,
    show_difference,
    show_match,
    show_read,
    version_row,
)
from patrol.errors import BadInput
from patrol.licences import Context, Index, ListKind, load_list
from patrol.licences.answers import Opinion
from patrol.licences.differing import difference
from patrol.listing import answer, import_list, index_on, source_intact
from patrol.store import Store
from patrol.store.lists import ListStore

app = typer.Typer(help="机构名单：导入、查看、比较版本、查名称、保存人工结论。", no_args_is_help=True)
AsJson = Annotated[bool, typer.Option("--json", help="结果以 JSON 输出")]
Officer = Annotated[str, typer.Option("--officer", help="经办人姓名")]
Region = Annotated[str, typer.Option("--region", help="见到该名称的地区，如 杭州市西湖区")]
OnDay = Annotated[str, typer.Option("--on", help="按哪一天的名单，如 2027-01-15；不写为今天")]
_KINDS = {kind.chinese: kind for kind in ListKind}


@contextmanager
def _lists() -> Iterator[tuple[ListStore, Path]]:
    settings = settings_module.load()
    store = Store.open(settings.workspace)
    try:
        yield ListStore(store.database), settings.workspace
    finally:
        store.close()


def _day(text: str, option: str) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise BadInput(f"不是有效的日期，应写作 2027-01-15；实际为“{text}”", field=option) from error


def _kind(text: str) -> ListKind | None:
    if not text:
        return None
    found = next((kind for word, kind in _KINDS.items() if text in {word, word.removesuffix("名单"), kind.value}), None)
    if found is None:
        raise BadInput(f"没有这种名单；可用的有：{'、'.join(_KINDS)}", field="--kind")
    return found


@app.command("import")
def import_command(
    file: Annotated[Path, typer.Argument(help="名单文件：xlsx、xls、csv、html、docx 或文字版 pdf")],
    name: Annotated[str, typer.Option("--list", help="名单名称；不写则用名单种类，如“白名单”")] = "",
    kind: Annotated[
        str, typer.Option("--kind", help="白名单、灰名单、黑名单、预警名单、注销名单、校内课后服务名单；不写则按标题判断")
    ] = "",
    dated: Annotated[str, typer.Option("--date", help="名单自哪一天起有效；不写为今天")] = "",
    mapping: Annotated[list[str] | None, typer.Option("--map", help="更正列的对应，如 --map 机构名称=单位，可写多次")] = None,
    preview: Annotated[bool, typer.Option("--preview", help="只看会读成什么样，不导入")] = False,
    skip: Annotated[bool, typer.Option("--skip-unreadable", help="跳过读不出的行（逐行列出），导入其余各行")] = False,
    officer: Officer = "",
    as_json: AsJson = False,
) -> None:
    """导入一份名单，作为新的一版；读不出的行逐行说明文件、表、行。"""
    columns = parse_mapping(mapping or [])
    if preview:
        read = load_list(file, mapping=columns, kind=_kind(kind), strict=False)
        show_read(read, as_json=as_json)
        return
    with _lists() as (lists, workspace):
        version, read = import_list(
            file,
            lists=lists,
            workspace=workspace,
            name=name,
            kind=_kind(kind),
            dated=_day(dated, "--date") or china_today(),
            mapping=columns,
            strict=not skip,
            officer=officer,
        )
    if as_json or not sys.stdout.isatty():
        typer.echo(json.dumps({**version_row(version), **read_row(read)}, ensure_ascii=False))
        return
    show_read(read, as_json=False)
    typer.echo(f"已导入：{version.label}，{version.rows}家" + (f"，{version.unreadable}行未读出" if version.unreadable else ""))


@app.command("list")
def list_command(as_json: AsJson = False) -> None:
    """列出各名单的各版：日期、家数、原件是否完好。"""
    with _lists() as (lists, workspace):
        versions = [(version, source_intact(version, workspace)) for version in lists.versions()]
    if as_json or not sys.stdout.isatty():
        rows = [{**version_row(version), "intact": intact} for version, intact in versions]
        typer.echo(json.dumps(rows, ensure_ascii=False))
        return
    if not versions:
        typer.echo("尚未导入名单；用 patrol whitelist import 文件 导入")
        return
    table = folding(
        "名单", "版", "种类", "有效自", "家数", "文件", "原件", "导入于", title="机构名单", whole=("有效自", "导入于")
    )
    for version, intact in versions:
        sealed = "完好" if intact else "缺失或被改动"
        at = version.imported_at.astimezone().strftime("%Y-%m-%d\n%H:%M")
        table.add_row(
            version.list_name, str(version.number), version.kind.chinese, str(version.dated), str(version.rows),
            version.file_name, sealed, at,
        )  # fmt: skip
    Console().print(table)


@app.command("diff")
def diff_command(
    name: Annotated[str, typer.Argument(help="名单名称")] = "白名单",
    old: Annotated[int, typer.Option("--from", help="旧版；不写为倒数第二版")] = 0,
    new: Annotated[int, typer.Option("--to", help="新版；不写为最新版")] = 0,
    on: OnDay = "",
    as_json: AsJson = False,
) -> None:
    """比较名单的两版：新增、移出、更名、失效、其他变动。"""
    with _lists() as (lists, _):
        versions = lists.versions(name)
        if not versions or (len(versions) < 2 and not (old and new)):
            known = "、".join(dict.fromkeys(one.list_name for one in lists.versions())) or "（尚未导入）"
            raise BadInput(f"“{name}”不足两版，无从比较；已有名单：{known}", field="名单名称")
        before = lists.version(name, old or versions[-2].number)
        after = lists.version(name, new or versions[-1].number)
        found = difference(lists.entries(before), lists.entries(after), on=_day(on, "--on") or after.dated)
    if as_json or not sys.stdout.isatty():
        typer.echo(json.dumps(difference_row(before, after, found), ensure_ascii=False))
        return
    show_difference(before, after, found)


def _index(lists: ListStore, day: date) -> Index:
    index = index_on(lists, day)
    if index is None:
        first = min((version.dated for version in lists.versions()), default=None)
        since = f"；最早的一版自{first.isoformat()}起有效" if first else ""
        raise BadInput(f"{day.isoformat()}没有有效的名单{since}；请用 patrol whitelist import 导入（--date 指定起效日）")
    return index


@app.command("lookup")
def lookup_command(
    name: Annotated[str, typer.Argument(help="要查的名称，或含名称的整句")],
    region: Region = "",
    uscc: Annotated[str, typer.Option("--uscc", help="统一社会信用代码")] = "",
    permit: Annotated[str, typer.Option("--permit", help="办学许可证号")] = "",
    phone: Annotated[str, typer.Option("--phone", help="联系电话")] = "",
    icp: Annotated[str, typer.Option("--icp", help="网站备案号")] = "",
    on: OnDay = "",
    whitelist: Annotated[Path | None, typer.Option("--whitelist", help="直接查这份名单文件，不用工作区的名单")] = None,
    as_json: AsJson = False,
) -> None:
    """查一个名称在不在名单内，并说明理由。"""
    if not name.strip():
        raise BadInput("请写要查的名称", field="名称")
    day = _day(on, "--on") or china_today()
    if whitelist is not None:
        index = Index(load_list(whitelist), on=day)
    else:
        with _lists() as (lists, _):
            index = _index(lists, day)
    found = index.match(name, Context(region=region, uscc=uscc, permit=permit, phone=phone, icp=icp))
    entry = next((one for one in index.entries if one.row == found.row), None)
    show_match(found, entry, day, as_json=as_json)


def _decide(opinion: Opinion, name: str, row: int, region: str, officer: str, reason: str) -> None:
    if not officer.strip():
        raise BadInput("请写明经办人", field="--officer")
    with _lists() as (lists, _):
        kept = answer(
            lists,
            _index(lists, china_today()),
            name=name,
            row=row,
            opinion=opinion,
            officer=officer,
            region=region,
            reason=reason,
        )
    typer.echo(f"已记录第{kept.number}号结论：“{kept.name}”与名单内“{kept.listed_name}”{opinion.chinese}（{kept.officer}）")


Name = Annotated[str, typer.Argument(help="网上见到的名称")]
Row = Annotated[int, typer.Option("--row", help="名单序号")]
Reason = Annotated[str, typer.Option("--reason", help="理由")]


@app.command("same")
def same_command(name: Name, row: Row, officer: Officer, region: Region = "", reason: Reason = "") -> None:
    """记录人工结论：该名称就是名单内这一家。"""
    _decide(Opinion.SAME, name, row, region, officer, reason)


@app.command("different")
def different_command(name: Name, row: Row, officer: Officer, region: Region = "", reason: Reason = "") -> None:
    """记录人工结论：该名称不是名单内这一家。"""
    _decide(Opinion.DIFFERENT, name, row, region, officer, reason)


@app.command("unsure")
def unsure_command(name: Name, row: Row, officer: Officer, region: Region = "", reason: Reason = "") -> None:
    """记录人工结论：是不是这一家不能确定。"""
    _decide(Opinion.UNSURE, name, row, region, officer, reason)


@app.command("undo")
def undo_command(number: Annotated[int, typer.Argument(help="结论编号")], officer: Officer) -> None:
    """撤销一条人工结论（留有记录）。"""
    with _lists() as (lists, _):
        undone = lists.undo_answer(number, officer=officer, at=datetime.now(UTC))
    typer.echo(f"已撤销第{undone.number}号结论：“{undone.name}”{undone.opinion.chinese}")


@app.command("export")
def export_command(
    output: Annotated[Path, typer.Option("--output", help="CSV 文件；“-”为标准输出")] = Path("-"),
) -> None:
    """导出全部人工结论（含已撤销的），CSV（UTF-8）。"""
    with _lists() as (lists, _):
        answers = lists.answers()
    with open_output(output) as stream:
        stream.write(("\ufeff" if output != Path("-") else "") + answers_csv(answers))
