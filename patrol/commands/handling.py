"""`patrol report record …`: officers write down what they did, so that the forms need not leave it blank."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

import typer

from patrol import settings
from patrol.campaigns import load_campaign
from patrol.errors import BadInput
from patrol.handling import ListChange, ManualPatrol, Measure
from patrol.reports.forms.list_changes import STATES, check
from patrol.reports.wording import wording
from patrol.store import Store
from patrol.store.handling import HandlingBook

app = typer.Typer(help="记录措施、人工巡查时数、名单变更、典型案例选用", no_args_is_help=True)

CampaignFile = Annotated[Path, typer.Option("--campaign", help="专项行动文件")]
Officer = Annotated[str, typer.Option("--officer", help="记录人")]
Day = Annotated[str, typer.Option("--date", help="日期，如 2027-02-01")]


@contextmanager
def _book() -> Iterator[HandlingBook]:
    store = Store.open(settings.load().workspace)
    try:
        yield HandlingBook(store)
    finally:
        store.close()


def _day(text: str, option: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise BadInput(f"“{text}”不是有效的日期，应写作 2027-02-01", field=option) from error


def _code(text: str, known: dict[str, str], option: str) -> str:
    """Return a code given as code or as its Chinese word."""
    for code, word in known.items():
        if text in {code, word}:
            return code
    raise BadInput(f"没有“{text}”；可用的有：{'、'.join(f'{code}（{word}）' for code, word in known.items())}", field=option)


@app.command(name="measure")
def record_measure(
    lead: Annotated[str, typer.Argument(help="线索编号")],
    kind: Annotated[str, typer.Argument(help="措施，如 责令整改、约谈负责人、移送")],
    day: Day,
    officer: Officer,
    to: Annotated[str, typer.Option("--to", help="接收部门（移送时）")] = "",
    document: Annotated[str, typer.Option("--document", help="文书文号")] = "",
    state: Annotated[str, typer.Option("--state", help="处置中、已整改、拒不整改")] = "open",
    due: Annotated[str, typer.Option("--due", help="整改期限")] = "",
    done: Annotated[str, typer.Option("--done", help="办结日期")] = "",
) -> None:
    """记录对一条线索采取的措施；同一措施再次记录即更新其进展。"""
    words = wording()
    measure = Measure(
        lead=lead,
        kind=_code(kind, words.measures, "KIND"),
        at=_day(day, "--date"),
        to=_code(to, words.bodies, "--to") if to else "",
        document=document,
        state=_code(state, words.measure_states, "--state"),
        due=_day(due, "--due") if due else None,
        done_at=_day(done, "--done") if done else None,
    )
    with _book() as book:
        book.record_measure(measure, officer=officer, recorded_at=datetime.now(UTC))


@app.command(name="hours")
def record_hours(
    campaign: CampaignFile,
    source: Annotated[str, typer.Option("--source", help="巡查来源")],
    hours: Annotated[float, typer.Option("--hours", min=0.1, max=24.0, help="每人小时数")],
    day: Day,
    officer: Officer,
    people: Annotated[int, typer.Option("--people", min=1, max=500, help="人数")] = 1,
) -> None:
    """记录一次人工巡查的人数和小时数。"""
    read = load_campaign(campaign)
    if source not in {choice.name for choice in read.sources}:
        raise BadInput(f"专项行动没有来源“{source}”；有：{'、'.join(choice.name for choice in read.sources)}", field="--source")
    patrol = ManualPatrol(source=source, hours=hours, people=people, at=_day(day, "--date"))
    with _book() as book:
        book.record_hours(read.id, patrol, officer=officer, recorded_at=datetime.now(UTC))


@app.command(name="change")
def record_change(
    campaign: CampaignFile,
    name: Annotated[str, typer.Argument(help="对象名称")],
    before: Annotated[str, typer.Argument(help="变更前：未列入、白名单、提醒、黄牌警告、红牌、灰名单、黑名单、移出")],
    after: Annotated[str, typer.Argument(help="变更后")],
    day: Day,
    reason: Annotated[str, typer.Option("--reason", help="变更理由")],
    officer: Officer,
    document: Annotated[str, typer.Option("--document", help="依据文书")] = "",
    identifier: Annotated[str, typer.Option("--identifier", help="信用代码或账号")] = "",
    lead: Annotated[str, typer.Option("--lead", help="线索编号")] = "",
) -> None:
    """记录黑白灰名单的一次变更；与规定次序不符时提示，不阻止。"""
    change = ListChange(
        name=name,
        before=_code(before, STATES, "BEFORE"),
        after=_code(after, STATES, "AFTER"),
        at=_day(day, "--date"),
        reason=reason,
        identifier=identifier,
        document=document,
        lead=lead,
        officer=officer,
    )
    with _book() as book:
        book.record_list_change(load_campaign(campaign).id, change, recorded_at=datetime.now(UTC))
    if (verdict := check(change)) != "相符":
        typer.echo(f"提示：{verdict}", err=True)


@app.command(name="case")
def choose_case(campaign: CampaignFile, lead: Annotated[str, typer.Argument(help="线索编号")]) -> None:
    """选用一条线索起草典型案例。"""
    with _book() as book:
        book.choose_case(load_campaign(campaign).id, lead)
