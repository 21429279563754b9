"""黑白灰名单变更表: what was moved on the lists, held against the order of the rules, and who may be looked at next."""

from patrol.handling import ListChange
from patrol.model import Judgement
from patrol.reports import wording
from patrol.reports.cells import clean, short_day
from patrol.reports.objects import Patrolled, patrolled
from patrol.reports.records import BLANK, Column, Report, ReportInput, Row, Table
from patrol.reports.sheets import main_table, report
from patrol.reports.templates import load_template

TEMPLATE = load_template(__file__)
STATES = {
    "none": "未列入",
    "white": "白名单",
    "reminded": "提醒",
    "yellow": "黄牌警告",
    "red": "红牌",
    "grey": "灰名单",
    "black": "黑名单",
    "removed": "移出",
}
ORDER = {
    ("none", "white"), ("none", "reminded"), ("white", "reminded"), ("reminded", "yellow"), ("yellow", "red"),
    ("none", "grey"), ("white", "grey"), ("grey", "black"), ("grey", "removed"), ("grey", "white"), ("black", "removed"),
    ("red", "black"), ("reminded", "removed"), ("yellow", "removed"), ("white", "removed"), ("removed", "white"),
}  # fmt: skip
GRAVE = {("none", "red"), ("white", "red"), ("reminded", "red")}
"""Steps that the rules allow only in grave cases (情形极严重), with the reason written down."""
_NEXT = {
    "none": "提醒或列入灰名单",
    "white": "提醒或列入灰名单",
    "reminded": "黄牌警告",
    "yellow": "红牌",
    "red": "核查关停情况",
    "grey": "核查整改情况",
    "black": "核查是否继续",
    "removed": "提醒或列入灰名单",
}
_STUDY = (
    Column(key="serial", heading="序号", width=12, align="center"),
    Column(key="object", heading="对象名称", width=66),
    Column(key="state", heading="现状态", width=28, align="center"),
    Column(key="confirmed", heading="复核属实线索（条）", width=30, align="center"),
    Column(key="licence", heading="名单比对", width=52),
    Column(key="next", heading="可供研究的下一步", width=45),
    Column(key="leads", heading="线索编号", width=40),
)


def check(change: ListChange) -> str:
    """Say whether a change keeps the order: 相符, 须附情形极严重的说明, or 与规定次序不符，请核."""
    step = (change.before, change.after)
    if step in ORDER:
        return "相符"
    if step in GRAVE:
        return "越级，须属情形极严重并附说明"
    return "与规定次序不符，请核"


def build(given: ReportInput) -> Report:
    """Make the change table and the table of objects that officers may wish to consider."""
    changes = sorted(given.list_changes, key=lambda change: (change.at, change.name))
    rows = tuple(_row(number, change) for number, change in enumerate(changes, 1))
    table = main_table(TEMPLATE, given, rows, empty="本期没有人员记录名单变更。")
    return report(TEMPLATE, given, table, _study(given))


def _row(number: int, change: ListChange) -> Row:
    verdict = check(change)
    values = (
        number,
        clean(change.name, 60),
        clean(change.identifier, 60) or BLANK,
        STATES.get(change.before, clean(change.before, 20)),
        STATES.get(change.after, clean(change.after, 20)),
        short_day(change.at),
        clean(change.reason, 300) or BLANK,
        clean(change.document, 60) or BLANK,
        change.lead or BLANK,
        verdict,
    )
    return Row(values=values, lead=change.lead, alarm=verdict != "相符")


def _study(given: ReportInput) -> Table:
    state = {change.name: change.after for change in sorted(given.list_changes, key=lambda change: change.at)}
    confirmed = [lead for lead in given.reported if lead.judgement is Judgement.CONFIRMED]
    objects = sorted(patrolled(confirmed), key=lambda one: (-len(one.leads), one.name))
    rows = tuple(_study_row(number, one, state.get(one.name, "none")) for number, one in enumerate(objects, 1))
    return Table(
        name="供研究的对象",
        title="有复核属实线索的对象（供研究）",
        columns=_STUDY,
        rows=rows,
        total=Row(values=("合计", f"{len(objects)}个对象", "", len(confirmed), "", "", "")),
        notes=("“可供研究的下一步”只按文件规定的次序列出，是否变更名单由教育行政部门研究决定。", wording.UNMATCHED_NOTE),
        empty="本期没有复核属实的线索，没有供研究的对象。",
    )


def _study_row(number: int, one: Patrolled, state: str) -> Row:
    values = (number, one.name, STATES.get(state, state), len(one.leads), one.licence, _NEXT.get(state, "核查"), one.numbers)
    return Row(values=values, lead=one.leads[0].number, others=one.further)
