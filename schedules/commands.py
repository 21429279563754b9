"""`patrol schedule …`: the clock process, and what it plans, runs and has run."""

import signal
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Column, Table

from patrol import settings
from patrol.campaigns import CHINA, load_campaign
from patrol.errors import BadInput, PatrolError
from patrol.model import Campaign
from patrol.settings import Settings
from patrol.store import Store
from patrol.store.clock import ClockBook, Occurrence
from patrol.store.console_work import WorkBook
from schedules.clock import Clock, is_running, quiet_libraries
from schedules.jobs import Job
from schedules.keeper import Work
from schedules.planner import HOUSE, applies
from schedules.roster import Roster, load_roster
from schedules.telling import STATES
from schedules.triggers import moments, uncertain
from schedules.works import Starter

app = typer.Typer(help="调度：按任务表自动巡查、复查、生成情况表、备份", no_args_is_help=True)
JobName = Annotated[str, typer.Argument(help="任务编号，见 patrol schedule next")]
CampaignId = Annotated[str, typer.Option("--campaign", help="专项行动编号；只有一项在办时可不写")]
Officer = Annotated[str, typer.Option("--officer", help="经办人姓名，记入台账")]
_WEEKDAYS = "一二三四五六日"


@app.command("start")
def start_command(
    campaign: Annotated[list[Path] | None, typer.Option("--campaign", "-c", help="专项行动文件；登记后以后不必再写")] = None,
) -> None:
    """启动调度服务，直到 Ctrl-C 或服务停止。一个工作区只能有一个。"""
    given = settings.load()
    quiet_libraries()
    with _opened(given) as (store, _):
        for path in campaign or ():
            read = load_campaign(path.resolve())
            WorkBook(store).remember_campaign(read.id, str(path.resolve()), read.title, datetime.now(UTC))
    clock = Clock(given, began=lambda: typer.echo(f"调度服务已启动（工作区 {given.workspace}）；Ctrl-C 停止", err=True))

    def stop(_number: int, _frame: FrameType | None) -> None:
        clock.stop()

    if threading.current_thread() is threading.main_thread():
        for name in ("SIGINT", "SIGTERM", "SIGBREAK"):
            if hasattr(signal, name):
                signal.signal(getattr(signal, name), stop)
    clock.run()
    typer.echo("调度服务已停止；运行中的任务已放回，下次接着做", err=True)
    if clock.failed:
        raise PatrolError("调度服务连续出错，已停止；详情见工作区 logs/patrol.log")


@app.command("next")
def next_command(
    days: Annotated[int, typer.Option("--days", min=1, max=400, help="看今后几天")] = 3,
    first: Annotated[str, typer.Option("--from", help="从哪一天起，如 2027-01-15；不写为现在")] = "",
) -> None:
    """列出今后要做的任务和时间；依据暂定日历的注明“暂定”。"""
    with _opened(settings.load()) as (store, roster):
        since = datetime.combine(_day(first), datetime.min.time(), CHINA) if first else datetime.now(CHINA)
        planned = sorted(_planned(roster, since, since + timedelta(days=days)), key=lambda one: one[0])
        book = ClockBook(store)
        paused = {(one.id, job) for one in (*roster.campaigns, HOUSE) for job in book.paused(one.id)}
    table = Table(*(Column(head, overflow="fold") for head in ("时间", "任务", "内容", "专项行动", "说明")))
    for moment, job, campaign in planned:
        notes = ["暂定"] if uncertain(job, campaign, moment.date(), roster.public) else []
        notes += ["已暂停"] if (campaign.id, job.id) in paused else []
        table.add_row(_full(moment), job.id, job.title, campaign.title, "、".join(notes))
    Console().print(table)
    if not roster.campaigns:
        typer.echo("没有在办的专项行动；请用 patrol campaign new 新建", err=True)


def _planned(roster: Roster, since: datetime, until: datetime) -> Iterator[tuple[datetime, Job, Campaign]]:
    for campaign in (*roster.campaigns, HOUSE):
        others = [other for other in roster.campaigns if other is not campaign]
        for job in roster.jobs:
            if applies(job, campaign):
                for moment in moments(job, campaign, since.date(), until.date(), public=roster.public, others=others):
                    if since <= moment < until:
                        yield moment, job, campaign


@app.command("list")
def list_command(
    days: Annotated[int, typer.Option("--days", min=1, max=400, help="看过去几天")] = 3,
    state: Annotated[str, typer.Option("--state", help="只看：planned running done failed missed merged cancelled")] = "",
) -> None:
    """列出已安排的每一次任务和结果：做了、正在做、错过（及原因）……一次不漏。"""
    if state and state not in STATES:
        raise BadInput(f"只能是 {'、'.join(STATES)}", field="--state")
    now = datetime.now(UTC)
    with _opened(settings.load()) as (store, _):
        rows = ClockBook(store).between(now - timedelta(days=days), now + timedelta(days=1))
    table = Table(*(Column(head, overflow="fold") for head in ("应做时间", "任务", "专项行动", "结果", "起止", "说明")))
    counts: dict[str, int] = {}
    for row in rows:
        counts[row.state] = counts.get(row.state, 0) + 1
        if not state or row.state == state:
            table.add_row(_full(row.due_at), row.job, row.campaign, STATES[row.state], _span(row), row.reason)
    Console().print(table)
    typer.echo(
        "，".join(f"{STATES[name]}{count}次" for name, count in counts.items()) or "还没有安排；请先 patrol schedule start"
    )


def _span(row: Occurrence) -> str:
    if row.started_at is None:
        return ""
    end = f"{row.ended_at.astimezone(CHINA):%H:%M}" if row.ended_at else "…"
    return f"{row.started_at.astimezone(CHINA):%H:%M}–{end}"


@app.command("run")
def run_command(job: JobName, campaign: CampaignId = "") -> None:
    """立即做一次某项任务：调度服务在运行就交给它，否则在这里做完。"""
    given = settings.load()
    with _opened(given) as (store, roster):
        book, now = ClockBook(store), datetime.now(UTC).replace(microsecond=0)
        chosen, target = _job(roster, job), _campaign_for(roster, _job(roster, job), campaign)
        book.plan(target.id, chosen.id, [now])
        if is_running(given.workspace):
            typer.echo(f"已交给调度服务：{chosen.title}，即将开始；进展见 patrol schedule list")
            return
        occurrence = next(one for one in book.due(now) if (one.campaign, one.job, one.due_at) == (target.id, chosen.id, now))
        if not book.start(occurrence, owner="命令行", now=now):
            raise PatrolError("这项任务刚被别处接走；见 patrol schedule list")
        started = next(one for one in book.running() if one.id == occurrence.id)
        _see_through(book, started, chosen, Starter(given, book)(chosen, target, started))


def _see_through(book: ClockBook, occurrence: Occurrence, job: Job, work: Work) -> None:
    """Wait for work in the foreground; Ctrl-C and the time limit stop it, whatever happens is written down."""
    typer.echo(f"开始：{job.title}（最长 {job.minutes} 分钟，Ctrl-C 停止）", err=True)
    limit, state, reason = time.monotonic() + 60 * job.minutes, "failed", "被中断；已做的都已保存"
    try:
        while (ended := work.poll()) is None and time.monotonic() < limit:
            time.sleep(0.2)
        state, reason = (ended.state, ended.reason) if ended else ("done", f"运行满 {job.minutes} 分钟，到时停止")
    finally:
        work.stop()
        book.end(occurrence, state=state, reason=reason, now=datetime.now(UTC))
    typer.echo(f"{STATES[state]}：{job.title} {reason}".rstrip())
    if state == "failed":
        raise PatrolError(f"{job.title}没有做成：{reason}")


@app.command("pause")
def pause_command(job: JobName, officer: Officer, campaign: CampaignId = "") -> None:
    """暂停一项任务；暂停期间的每一次都记为错过，注明是谁暂停的。"""
    with _opened(settings.load()) as (store, roster):
        chosen = _job(roster, job)
        target = _campaign_for(roster, chosen, campaign)
        ClockBook(store).pause(target.id, chosen.id, officer=officer, now=datetime.now(UTC))
    typer.echo(f"已暂停“{chosen.title}”（{target.title}）；恢复用 patrol schedule resume {chosen.id}")


@app.command("resume")
def resume_command(job: JobName, campaign: CampaignId = "") -> None:
    """恢复一项暂停的任务。"""
    with _opened(settings.load()) as (store, roster):
        chosen = _job(roster, job)
        target = _campaign_for(roster, chosen, campaign)
        if chosen.id not in ClockBook(store).paused(target.id):
            raise BadInput(f"“{chosen.title}”没有暂停", field="任务编号")
        ClockBook(store).resume(target.id, chosen.id)
    typer.echo(f"已恢复“{chosen.title}”（{target.title}）")


@app.command("events")
def events_command(
    most: Annotated[int, typer.Option("--most", min=1, help="最近多少条")] = 30,
) -> None:
    """列出调度服务自身的经过：启动、停止、休眠、时间跳变、磁盘不足、文件有误，以及发过的提醒。"""
    with _opened(settings.load()) as (store, _):
        book = ClockBook(store)
        events, notices = book.events()[-most:], book.notices()[-most:]
    for at, _, text in events:
        typer.echo(f"{_full(at)}  {text}")
    for day, _, text in notices:
        typer.echo(f"{day} 提醒  {text}")


@contextmanager
def _opened(given: Settings) -> Iterator[tuple[Store, Roster]]:
    store = Store.open(given.workspace)
    try:
        yield store, load_roster(given.workspace, store)
    finally:
        store.close()


def _job(roster: Roster, name: str) -> Job:
    for job in roster.jobs:
        if job.id == name:
            return job
    raise BadInput(f"没有任务“{name}”；有：{'、'.join(job.id for job in roster.jobs)}", field="任务编号")


def _campaign_for(roster: Roster, job: Job, identity: str) -> Campaign:
    if applies(job, HOUSE):
        return HOUSE
    if identity:
        return roster.campaign(identity)
    _need_one(roster.campaigns)
    return roster.campaigns[0]


def _need_one(campaigns: Sequence[Campaign]) -> None:
    if len(campaigns) != 1:
        known = "、".join(campaign.id for campaign in campaigns)
        raise BadInput(f"请用 --campaign 写明专项行动编号；在办的有：{known or '（无，请先 patrol campaign new）'}")


def _full(moment: datetime) -> str:
    local = moment.astimezone(CHINA)
    return f"{local:%Y-%m-%d} 周{_WEEKDAYS[local.weekday()]} {local:%H:%M}"


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise BadInput(f"日期应写作 2027-01-15，实际为“{text[:20]}”", field="--from") from error
