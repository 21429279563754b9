"""The coverage sheet: what was planned and really seen, so that a blocked or changed source can never look clean."""

from patrol.model import SourceCoverage
from patrol.reports.cells import clean, moment
from patrol.reports.records import BLANK, Column, ReportInput, Row, Table, Value
from patrol.source_names import source_title

COLUMNS = (
    Column(key="serial", heading="序号", width=12, align="center"),
    Column(key="source", heading="巡查来源", width=30),
    Column(key="verdict", heading="覆盖结论", width=38),
    Column(key="planned", heading="计划页面", width=18, align="center"),
    Column(key="covered", heading="已看页面", width=18, align="center"),
    Column(key="missed", heading="未看到", width=15, align="center"),
    Column(key="waiting", heading="待巡查", width=15, align="center"),
    Column(key="reasons", heading="未看到的原因（页数）", width=40),
    Column(key="posts", heading="读到信息", width=18, align="center"),
    Column(key="leads", heading="疑似线索", width=18, align="center"),
    Column(key="dates", heading="巡查起止时间", width=44, align="center"),
    Column(key="hours", heading="人工人时", width=19, align="center"),
)


def verdict(row: SourceCoverage) -> str:
    """Say in words how far a source was covered; every gap says that no conclusion may be drawn from silence."""
    if row.planned == 0:
        return "未巡查：没有取得任何页面，不能据此认定无问题"
    if row.covered == 0:
        return "未覆盖：计划页面均未看到，不能据此认定无问题"
    if not row.complete:
        return "部分覆盖：不能据此认定其余页面无问题"
    return "已覆盖"


def unbalanced(row: SourceCoverage) -> int:
    """Return planned minus covered, missed and waiting: anything but 0 is a fault of counting that must be shown."""
    return row.planned - row.covered - sum(row.gaps.values()) - row.waiting


def sources(given: ReportInput) -> tuple[SourceCoverage, ...]:
    """Return one row per source, with an empty row for each source of the campaign that has none."""
    seen = {row.source for row in given.coverage}
    absent = tuple(_never(choice.name) for choice in given.campaign.sources if choice.name not in seen)
    return given.coverage + absent


def _never(name: str) -> SourceCoverage:
    title = source_title(name)
    return SourceCoverage(source=name, title=title, planned=0, covered=0, waiting=0, posts=0, leads=0, note="本期没有巡查记录")


def build(given: ReportInput) -> Table:
    """Make the coverage sheet with its sum row."""
    rows = tuple(_row(given, number, source) for number, source in enumerate(sources(given), 1))
    gaps = sum(1 for row in rows if row.alarm)
    recorded = any(row.values[-1] != BLANK for row in rows)
    notes = (
        f"共{len(rows)}个来源，其中{gaps}个未完整覆盖。未完整覆盖的来源，即使疑似线索为0，也不得填报为“未发现问题”。",
        "计划页面＝已看页面＋未看到＋待巡查。人工人时为人工巡查的人数乘小时数。页面已被删除、下架的，按已看计。",
        _seen_before(given),
        "" if recorded else f"人工巡查时数本期无人记录，标为{BLANK}。",
        *given.calendar_notes,
    )
    return Table(
        name="巡查覆盖情况",
        title="巡查覆盖情况",
        columns=COLUMNS,
        rows=rows,
        total=_total(given, rows),
        notes=tuple(note for note in notes if note),
        empty="本期没有任何来源的巡查记录：未巡查，不能据此认定无问题。",
    )


def _seen_before(given: ReportInput) -> str:
    unchanged, repeated = sum(row.unchanged for row in given.coverage), sum(row.repeated for row in given.coverage)
    same = f"已看页面中有{unchanged}页与上次巡查时相同，沿用上次的筛查结果。" if unchanged else ""
    again = f"另有{repeated}条为同一发布者重复发布的相同内容，并入原线索，不另计数。" if repeated else ""
    return same + again


def _title(given: ReportInput, source: SourceCoverage) -> str:
    known = given.platforms.get(source.source)
    return clean(known.title if known else source.title or source.source, 40)


def _hours(given: ReportInput, source: str) -> Value:
    hours = [entry.hours * entry.people for entry in given.manual if entry.source == source]
    return round(sum(hours), 1) if hours else BLANK


def _row(given: ReportInput, number: int, source: SourceCoverage) -> Row:
    reasons = [f"{state.chinese}{count}" for state, count in sorted(source.gaps.items(), key=lambda item: -item[1])]
    difference = unbalanced(source)
    if source.waiting:
        reasons.append(f"待巡查{source.waiting}")
    if difference:
        reasons.append(f"账目差{difference}页，待查")
    if source.note:
        reasons.append(clean(source.note, 60))
    span = [moment(at) for at in (source.first_at, source.last_at) if at]
    values: tuple[Value, ...] = (
        number,
        _title(given, source),
        verdict(source),
        source.planned,
        source.covered,
        sum(source.gaps.values()),
        source.waiting,
        "；".join(reasons) or "无",
        source.posts,
        source.leads,
        "\n至 ".join(dict.fromkeys(span)) or "无",
        _hours(given, source.source),
    )
    return Row(values=values, alarm=not source.complete or source.planned == 0 or difference != 0)


def _total(given: ReportInput, rows: tuple[Row, ...]) -> Row:
    def column(position: int) -> int:
        return sum(value for row in rows if isinstance(value := row.values[position], int))

    hours = [entry.hours * entry.people for entry in given.manual]
    spent: Value = round(sum(hours), 1) if hours else BLANK
    gaps = sum(1 for row in rows if row.alarm)
    verdict_text = f"{gaps}个来源未完整覆盖" if gaps else "全部来源已覆盖"
    return Row(
        values=("合计", "", verdict_text, *(column(n) for n in range(3, 7)), "", column(8), column(9), "", spent),
        alarm=gaps > 0,
    )
