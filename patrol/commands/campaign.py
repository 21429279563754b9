"""`patrol campaign …`: make a campaign file from a template, check it, register it, close it."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Column, Table

from patrol import settings
from patrol.calendar_files import load_calendar
from patrol.campaign_checks import hindrances, remarks_on
from patrol.campaign_templates import campaign_id, fill, kind_named, kinds
from patrol.campaigns import china_today, load_campaign
from patrol.errors import BadInput
from patrol.model import Campaign, Judgement
from patrol.places import write_whole
from patrol.platforms import load_platforms
from patrol.settings import Settings
from patrol.store import Store
from patrol.store.clock import ClockBook
from patrol.store.console_work import WorkBook
from patrol.store.handling import HandlingBook

app = typer.Typer(help="专项行动：新建、核对、登记、关闭", no_args_is_help=True)
File = Annotated[Path, typer.Argument(help="专项行动文件（TOML）")]
FOLDER = "campaigns"


def _known_kind(name: str) -> str:
    # asked as the word is read: a missing --region is not told before an unknown template
    kind_named(name)
    return name


@app.command("new")
def new_command(
    kind: Annotated[str, typer.Argument(help=f"模板：{'、'.join(one.name for one in kinds())}", callback=_known_kind)],
    region: Annotated[str, typer.Option("--region", help="地区，如 云川市")],
    year: Annotated[int | None, typer.Option("--year", min=2020, max=2100, help="年份；不写为最近将到的一次")] = None,
    unit: Annotated[str, typer.Option("--unit", help="报送单位；不写为“地区＋教育局”")] = "",
    output: Annotated[Path | None, typer.Option("--output", help="保存到哪里；不写则放进工作区 campaigns 文件夹")] = None,
) -> None:
    """按模板和日历生成一份专项行动文件，日期已填好；没有正式通知的日期标“暂定”。"""
    given, today = settings.load(), china_today()
    chosen, files = kind_named(kind), load_calendar(given.workspace)
    platforms = list(load_platforms((given.workspace / "platforms",)).values())
    wanted = year or _coming_year(chosen.id, today)
    target = output or given.workspace / FOLDER / f"{campaign_id(chosen, wanted)}.toml"
    if target.exists():
        raise BadInput("文件已存在，不覆盖；请改名或移走后再新建", file=target)
    filled = fill(
        chosen, year=wanted, region=region, unit=unit, files=files, platforms=platforms, today=today, file_name=str(target)
    )
    write_whole(target, filled.text)
    campaign = load_campaign(target)
    with _store(given) as store:
        _register(store, campaign)
    typer.echo(f"已新建 {target}：{campaign.title}（{campaign.start} 至 {campaign.end}）")
    for note in filled.notes:
        typer.echo(f"请核对：{note}")


def _coming_year(kind: str, today: date) -> int:
    ended = {"winter": 3, "summer": 9, "national-day": 10, "standing": 12}[kind]
    return today.year + (today.month >= ended)


@app.command("check")
def check_command(file: File) -> None:
    """核对一份专项行动文件：能否使用，哪些日期是暂定的，哪些来源看不到，还缺什么。"""
    given = settings.load()
    campaign = load_campaign(file)
    remarks, blocked = list(remarks_on(campaign, given)), list(hindrances(campaign, given))
    typer.echo(f"{campaign.title}：{campaign.start} 至 {campaign.end}，{len(campaign.batches)}批，{len(campaign.sources)}个来源")
    for batch in campaign.batches:
        typer.echo(f"第{batch.number}批：收录 {batch.start} 至 {batch.end}，{batch.due} 报送")
    for remark in remarks:
        typer.echo(f"提示：{remark}")
    for why in blocked:
        typer.echo(f"警告：{why}")
    if len(blocked) >= max(1, len(campaign.sources)):
        typer.echo("现在不能巡查：没有一个来源可以开始；请按上面的警告改正")
        raise typer.Exit(1)
    parts = [f"{len(blocked)}个来源不会巡查，须改正"] if blocked else []
    parts += [f"{len(remarks)}处请核对"] if remarks else []
    typer.echo("可以使用；" + ("、".join(parts) if parts else "没有要核对的"))


@app.command("add")
def add_command(file: File) -> None:
    """登记一份放在别处的专项行动文件，调度服务和控制台即按它工作。"""
    with _store(settings.load()) as store:
        campaign = load_campaign(file.resolve())
        _register(store, campaign)
    typer.echo(f"已登记 {campaign.id}：{campaign.title}")


@app.command("list")
def list_command() -> None:
    """列出工作区的专项行动。"""
    given, today = settings.load(), china_today()
    table = Table(*(Column(head, overflow="fold") for head in ("编号", "名称", "起止", "状态", "文件")))
    with _store(given) as store:
        closed = ClockBook(store).closed_campaigns()
        for path in _files(given, store):
            campaign = load_campaign(path)
            state = "已关闭" if campaign.id in closed else _phase(campaign, today)
            table.add_row(campaign.id, campaign.title, f"{campaign.start} 至 {campaign.end}", state, str(path))
    Console(width=None if sys.stdout.isatty() else 200).print(table)


def _phase(campaign: Campaign, today: date) -> str:
    if today < campaign.start:
        return "未开始"
    return "进行中" if today <= campaign.end else "已到期，尚未关闭"


@app.command("close")
def close_command(
    campaign: Annotated[str, typer.Argument(help="专项行动编号或文件")],
    officer: Annotated[str, typer.Option("--officer", help="经办人姓名")],
    note: Annotated[str, typer.Option("--note", help="说明")] = "",
    anyway: Annotated[bool, typer.Option("--anyway", help="还有未了事项也关闭")] = False,
    reopen: Annotated[bool, typer.Option("--reopen", help="撤销关闭")] = False,
) -> None:
    """关闭一项专项行动：不再安排巡查和复查；线索、证据、报表都保留。有未了事项时先列出，不关闭。"""
    given, now = settings.load(), datetime.now(UTC)
    with _store(given) as store:
        chosen = _find(campaign, given, store)
        if reopen:
            ClockBook(store).reopen_campaign(chosen.id)
            typer.echo(f"已重新打开 {chosen.id}")
            return
        left = list(unfinished(chosen, store))
        for line in left:
            typer.echo(f"未了：{line}")
        if left and not anyway:
            raise BadInput(f"还有{len(left)}项未了，没有关闭；办完后再关，或加 --anyway")
        ClockBook(store).close_campaign(chosen.id, officer=officer, note=note, now=now)
    typer.echo(f"已关闭 {chosen.id}：{chosen.title}；撤销用 --reopen")


def unfinished(campaign: Campaign, store: Store) -> Iterator[str]:
    """Yield what is still open in a campaign, one Chinese sentence each."""
    if campaign.end >= china_today():
        yield f"行动到 {campaign.end} 才结束"
    waiting = sum(1 for lead in store.leads(campaign.id) if lead.judgement is Judgement.UNREVIEWED)
    if waiting:
        yield f"{waiting}条线索待核"
    captures = len(store.waiting_captures(campaign.id))
    if captures:
        yield f"{captures}条线索的网页取证还没有完成"
    book = HandlingBook(store)
    for batch in campaign.batches:
        if not book.snapshots(campaign.id, "patrol_table", batch.number):
            yield f"第{batch.number}批情况表没有报送存档"
    open_measures = sum(1 for measure in book.measures(campaign.id) if measure.state == "open")
    if open_measures:
        yield f"{open_measures}项处置措施没有办结"


def _find(name: str, given: Settings, store: Store) -> Campaign:
    if name.endswith(".toml"):
        return load_campaign(Path(name))
    for path in _files(given, store):
        campaign = load_campaign(path)
        if campaign.id == name:
            return campaign
    raise BadInput(f"没有编号为“{name}”的专项行动；见 patrol campaign list")


def _files(given: Settings, store: Store) -> list[Path]:
    own = sorted((given.workspace / FOLDER).glob("*.toml"))
    registered = [Path(path) for path in WorkBook(store).campaign_files().values()]
    return list(dict.fromkeys(path.resolve() for path in (*own, *registered) if path.is_file()))


def _register(store: Store, campaign: Campaign) -> None:
    path, now = Path(campaign.path).resolve(), datetime.now(UTC)
    store.save_campaign(campaign, path.read_text(encoding="utf-8-sig"), now)
    WorkBook(store).remember_campaign(campaign.id, str(path), campaign.title, now)


@contextmanager
def _store(given: Settings) -> Iterator[Store]:
    store = Store.open(given.workspace)
    try:
        yield store
    finally:
        store.close()
