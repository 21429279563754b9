"""`patrol calendar …`: what the calendar knows and on whose word, and how a bureau brings its own."""

from datetime import date, timedelta
from pathlib import Path
from typing import Annotated

import typer
import yaml
from rich.console import Console
from rich.table import Column, Table

from patrol import settings
from patrol.calendar import STAGE_NAMES, PublicDays, SchoolCalendar
from patrol.calendar_files import FOLDER, SchoolFile, YearNotice, load_calendar
from patrol.campaigns import china_today
from patrol.errors import BadInput
from patrol.places import write_whole
from patrol.school_import import read_school_table
from patrol.validation import build, read_yaml

app = typer.Typer(help="日历：放假调休通知和学校校历", no_args_is_help=True)
_WEEKDAYS = "一二三四五六日"
_KINDS = {
    "vacation": "寒暑假",
    "holiday": "节假日",
    "rest_day": "休息日",
    "make_up_workday": "调休上班",
    "school_day": "上课日",
}


@app.command("show")
def show_command(
    first: Annotated[str, typer.Argument(help="日期，如 2027-01-15；不写为今天")] = "",
    days: Annotated[int, typer.Option("--days", min=1, max=400, help="连续显示几天")] = 14,
    region: Annotated[str, typer.Option("--region", help="地区，如 北京市：一并看当地校历")] = "",
) -> None:
    """逐日显示是节假日、休息日、寒暑假还是上课日，以及依据；没有正式通知的标“暂定”。"""
    begin = _day(first) if first else china_today()
    files = load_calendar(settings.load().workspace)
    terms = files.terms(region, begin, begin + timedelta(days=days)) if region else []
    calendar = SchoolCalendar(tuple(terms), PublicDays(files))
    table = Table(*(Column(head, overflow="fold") for head in ("日期", "是", "名称", "依据")))
    for step in range(days):
        day = begin + timedelta(days=step)
        stages: list[str | None] = [*sorted({term.stage for term in terms})] or [None]
        answers = {stage: calendar.judge(day, stage) for stage in stages}
        for index, (stage, status) in enumerate(answers.items()):
            if index and status == next(iter(answers.values())):
                continue
            kind = _KINDS[status.kind] + ("（暂定）" if status.provisional else "")
            shown = f"{day} 周{_WEEKDAYS[day.weekday()]}" if not index else f"　{STAGE_NAMES.get(stage or '', '')}"
            table.add_row(shown, kind, status.name, status.source)
    Console().print(table)
    if region and not terms:
        typer.echo(f"没有{region}这段时间的校历；请用 patrol calendar import 导入教育局通知里的表格", err=True)


@app.command("check")
def check_command() -> None:
    """列出已有的年度通知和校历，并把日历文件与两个日历库逐日核对。"""
    files = load_calendar(settings.load().workspace)
    public, today = PublicDays(files), china_today()
    table = Table(*(Column(head, overflow="fold") for head in ("年份", "放假调休通知", "逐日核对")))
    for year in range(today.year - 1, today.year + 3):
        differences = list(public.disagreements(year))
        notice = files.notice(year)
        source = notice.source if notice else ("chinesecalendar" if public.known(year) else "未载入：暂按法定日期，调休未知")
        table.add_row(str(year), source, "；".join(differences[:3]) or ("一致" if public.known(year) else "—"))
    Console().print(table)
    for school in files.schools:
        typer.echo(f"校历：{school.region} {school.school_year}学年（{school.source}）")
    if not public.known(today.year + 1) and today.month >= 11:
        typer.echo(f"{today.year + 1}年放假调休通知一般在11月公布；公布后用 patrol calendar notice 载入", err=True)


@app.command("notice")
def notice_command(
    file: Annotated[Path, typer.Argument(help="年度通知文件（YAML，写法见上面的样例）")],
) -> None:
    """载入国务院办公厅一年的放假调休通知；每个节日写放假起止日（含），make_up 为调休上班日，没有调休的不写。

    样例（日期照通知原文填写，法定节日要写全）：

    \b
    year: 2026
    source: 国务院办公厅关于2026年部分节假日安排的通知
    published: 2025-11-04
    festivals:
      - {name: 元旦, start: 2026-01-01, end: 2026-01-03, make_up: [2026-01-04]}
      - {name: 清明节, start: 2026-04-04, end: 2026-04-06}
    """
    notice = build(YearNotice, read_yaml(file), file=file)
    target = settings.load().workspace / FOLDER / f"year-{notice.year}.yml"
    write_whole(target, file.read_text(encoding="utf-8-sig"))
    typer.echo(f"已载入{notice.year}年放假调休：{target}")
    for difference in PublicDays(load_calendar(settings.load().workspace)).disagreements(notice.year):
        typer.echo(f"注意：{difference}", err=True)


@app.command("import")
def import_command(
    file: Annotated[Path, typer.Argument(help="校历通知里的表格：csv、xlsx、xls、html、docx、pdf")],
    region: Annotated[str, typer.Option("--region", help="地区，如 云川市")],
    school_year: Annotated[str, typer.Option("--school-year", help="学年，如 2026-2027")],
    source: Annotated[str, typer.Option("--source", help="通知名称和文号")],
    published: Annotated[str, typer.Option("--published", help="公布日期，如 2026-06-20")] = "",
) -> None:
    """导入学校校历；之后新建的专项行动自动填上当地寒暑假。"""
    read = read_school_table(
        file, region=region, school_year=school_year, source=source, published=_day(published) if published else None
    )
    target = settings.load().workspace / FOLDER / f"school-{_safe(region)}-{school_year}.yml"
    write_whole(target, _as_yaml(read))
    for one in read.vacations:
        stages = "、".join(STAGE_NAMES[stage] for stage in one.stages)
        typer.echo(f"{one.name} {one.start} 至 {one.end}（{stages}）")
    typer.echo(f"已存为 {target}；用 patrol campaign new 新建专项行动时会用到")


def _as_yaml(read: SchoolFile) -> str:
    return yaml.safe_dump(read.model_dump(mode="python", exclude_none=True) | _plain(read), allow_unicode=True, sort_keys=False)


def _plain(read: SchoolFile) -> dict[str, object]:
    return {"vacations": [{**one.model_dump(), "stages": list(one.stages)} for one in read.vacations]}


def _safe(region: str) -> str:
    if not all(char.isalnum() for char in region):
        raise BadInput("地区名称只能用汉字、字母和数字", field="--region")
    return region


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise BadInput(f"日期应写作 2027-01-15，实际为“{text[:20]}”") from error
