"""`patrol takedown …`: make, hand out and follow up the packages for other bodies."""

import re
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from patrol import settings
from patrol.campaigns import load_campaign
from patrol.commands.tables import folding
from patrol.errors import BadInput
from patrol.handling import Measure
from patrol.platforms import load_platforms
from patrol.reports.gather import gather
from patrol.reports.records import ReportInput
from patrol.settings import Settings
from patrol.store import Store
from patrol.store.handling import HandlingBook
from patrol.takedown.packages import Options, choose, make_packages
from patrol.takedown.recipients import addressee, recipients
from patrol.takedown.register import EVENTS, Register, Takedown
from patrol.vault import Vault
from patrol.vault.model import Moment
from patrol.vault.replies import pinned_roots

app = typer.Typer(help="处置建议和移送材料：拟制、导出、登记发出与反馈", no_args_is_help=True)

CampaignFile = Annotated[Path, typer.Option("--campaign", help="专项行动文件")]
Number = Annotated[str, typer.Argument(help="材料编号，如 CZ2027-0001", show_default=False)]
Officer = Annotated[str, typer.Option("--officer", help="经办人姓名")]
_DOCUMENT = re.compile(r"[^\s〔〕]{1,20}〔\d{4}〕\d{1,5}号")


def _input(given: Settings, campaign_file: Path) -> ReportInput:
    store = Store.open(given.workspace)
    try:
        campaign = load_campaign(campaign_file)
        return gather(store, campaign, None, made_at=datetime.now(UTC), platforms=load_platforms().values())
    finally:
        store.close()


def _day(text: str, field: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise BadInput(f"应写作 2027-02-10，实际为“{text[:20]}”", field=field) from error


@app.command("new")
def new_command(
    campaign: CampaignFile,
    to: Annotated[str, typer.Option("--to", help=f"接收单位：{'、'.join(f'{k}（{v.title}）' for k, v in recipients().items())}")],
    officer: Officer,
    platform: Annotated[str, typer.Option("--platform", help="平台名称（接收单位为 platform 时必填）")] = "",
    lead: Annotated[list[str] | None, typer.Option("--lead", help="只移送这些线索；不写则取属于该单位职责的全部属实线索")] = None,
    document: Annotated[str, typer.Option("--document", help="文号，如 云教监管函〔2027〕3号；不写则在函件上留空")] = "",
    due: Annotated[str, typer.Option("--due", help="反馈期限，如 2027-02-10")] = "",
) -> None:
    """拟制一份材料并编号。只收两名人员复核属实的线索。"""
    given = settings.load()
    if to == "platform" and not platform:
        raise BadInput("接收单位是平台时，请用 --platform 写明平台", field="platform")
    if document and not _DOCUMENT.fullmatch(document):
        raise BadInput("文号应写作“机关代字〔年份〕序号号”，如 云教监管函〔2027〕3号", field="document")
    read = _input(given, campaign)
    chosen = choose(read, to, platform=platform, only=tuple(lead or ()))
    face = read.platforms.get(platform)
    draft = Takedown(
        number="",
        campaign=read.campaign.id,
        recipient=to,
        addressee=addressee(to, read.campaign, face.title if face else platform),
        platform=platform,
        document=document,
        leads=tuple(one.number for one in chosen),
        officer=officer,
        contact=read.campaign.leader,
        phone=read.campaign.phone,
        unit=read.campaign.unit,
        due=_day(due, "due") if due else None,
        made=Moment.of(read.made_at),
        ledger_row=Vault.of(given).ledger.point().row,
    )
    made = Register(given.workspace).add(draft)
    typer.echo(f"已拟制 {made.number}：{made.addressee}，{len(made.leads)} 条线索；用 patrol takedown export {made.number} 导出")


@app.command("export")
def export_command(
    number: Number,
    campaign: CampaignFile,
    to: Annotated[Path, typer.Argument(help="保存到哪个文件夹")],
    officer: Officer,
    original: Annotated[bool, typer.Option("--original", help="附未打码的原件，须写明事由")] = False,
    reason: Annotated[str, typer.Option("--reason", help="附原件的事由，记入保管台账")] = "",
    limit: Annotated[float, typer.Option("--limit-mb", help="单个压缩包的大小上限（MB），超过则分包")] = 100.0,
    name: Annotated[list[str] | None, typer.Option("--name", help="另需遮盖的个人姓名，可多次给出")] = None,
) -> None:
    """导出压缩包：函、违规信息清单、认定意见书底稿、证据目录、暗语说明、名单比对、回执、提取笔录、证据和校验值。"""
    given = settings.load()
    register = Register(given.workspace)
    takedown, vault = register.get(number), Vault.of(given)
    options = Options(
        original=original, officer=officer, reason=reason, limit_mb=limit, names=tuple(name or ()), roots=pinned_roots(given)
    )
    files = make_packages(to, takedown, _input(given, campaign), vault, options)
    detail = {"files": " ".join(path.name for path in files), "masked": "no" if original else "yes"}
    vault.record("export", number=number, actor=officer, reason=reason or f"移送{takedown.addressee}", detail=detail)
    register.note("export", number, officer=officer, reason=reason, detail=detail)
    for path in files:
        typer.echo(f"已导出 {path}（{path.stat().st_size / 1e6:.1f} MB）；用 patrol evidence verify 核验")


@app.command("sent")
def sent_command(
    number: Number,
    officer: Officer,
    at: Annotated[str, typer.Option("--at", help="发出日期，如 2027-01-31；不写为今天")] = "",
    how: Annotated[str, typer.Option("--how", help="送达方式")] = "",
) -> None:
    """登记一份材料已经发出，记入每条线索的处置措施和期限。"""
    given = settings.load()
    register = Register(given.workspace)
    takedown = register.get(number)
    day = _day(at, "at") if at else datetime.now(UTC).date()
    _record(given, takedown, officer, Measure(lead="", kind="refer", at=day, due=takedown.due, text=how))
    register.note("sent", number, officer=officer, reason=how, detail={"at": day.isoformat()})
    typer.echo(f"{number} 已登记发出（{day}）；反馈期限：{takedown.due or '未定'}")


@app.command("reply")
def reply_command(
    number: Number,
    officer: Officer,
    result: Annotated[str, typer.Option("--result", help="done（已处置）、refused（不予处置）或 open（仍在处置）")],
    text: Annotated[str, typer.Option("--text", help="反馈内容")] = "",
    at: Annotated[str, typer.Option("--at", help="反馈日期；不写为今天")] = "",
) -> None:
    """登记接收单位的反馈。"""
    if result not in {"done", "refused", "open"}:
        raise BadInput(f"只能是 done、refused 或 open，实际为“{result[:20]}”", field="result")
    given = settings.load()
    register = Register(given.workspace)
    takedown = register.get(number)
    sent = next((event for event in register.events(number) if event.action == "sent"), None)
    if sent is None:
        raise BadInput(f"{number} 尚未登记发出；请先用 patrol takedown sent", field="number")
    day = _day(at, "at") if at else datetime.now(UTC).date()
    first = date.fromisoformat(sent.detail["at"])
    measure = Measure(lead="", kind="refer", at=first, state=result, due=takedown.due, done_at=day, text=text)
    _record(given, takedown, officer, measure)
    register.note("reply", number, officer=officer, reason=text, detail={"at": day.isoformat(), "result": result})
    typer.echo(f"{number} 已登记反馈（{day}）")


def _record(given: Settings, takedown: Takedown, officer: str, measure: Measure) -> None:
    """Write one measure per lead, so that ledger table and reports know of it."""
    store = Store.open(given.workspace)
    try:
        book = HandlingBook(store)
        for lead in takedown.leads:
            one = Measure(
                lead=lead,
                kind=measure.kind,
                at=measure.at,
                to=takedown.addressee,
                document=takedown.document or takedown.number,
                state=measure.state,
                due=measure.due,
                done_at=measure.done_at,
                text=measure.text,
            )
            book.record_measure(one, officer=officer, recorded_at=datetime.now(UTC))
    finally:
        store.close()


@app.command("list")
def list_command() -> None:
    """列出全部材料：编号、接收单位、线索数、期限、状态。"""
    register = Register(settings.load().workspace)
    table = folding("编号", "文号", "接收单位", "线索", "期限", "状态", "最近一步", whole=("编号", "期限"))
    for takedown in register.all():
        events = register.events(takedown.number)
        last = f"{EVENTS.get(events[-1].action, events[-1].action)} {events[-1].at.beijing[:10]}" if events else ""
        values = (takedown.number, takedown.document or "未编", takedown.addressee, str(len(takedown.leads)))
        table.add_row(*values, str(takedown.due or "未定"), register.state(takedown), last)
    Console().print(table)
