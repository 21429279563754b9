"""校外线上培训机构排查摸底统计表: one line per institution or account, with the seven inspection items."""

from detectors.model import Element
from patrol.reports import facts, wording
from patrol.reports.cells import clean, short_day
from patrol.reports.objects import Patrolled, patrolled
from patrol.reports.records import BLANK, Report, ReportInput, Row, Value
from patrol.reports.sheets import main_table, report
from patrol.reports.templates import load_template

TEMPLATE = load_template(__file__)
_NOT_ON_PUBLIC_PAGES = {"信息安全", "服务协议"}


def build(given: ReportInput) -> Report:
    """Make the table with a sum row that counts institutions and leads."""
    objects = patrolled(given.reported)
    rows = tuple(_row(given, number, one) for number, one in enumerate(objects, 1))
    notes = (f"共{len(objects)}个对象，涉及疑似线索{sum(len(one.leads) for one in objects)}条。", *facts.counting_notes(given))
    return report(TEMPLATE, given, main_table(TEMPLATE, given, rows, notes=notes, total=_total(objects)))


def inspect(one: Patrolled) -> tuple[int, ...]:
    """Count the leads of an object under each of the seven items; a lead counts once per item."""
    found = [wording.inspection_items(lead) for lead in one.leads]
    return tuple(sum(item in items for items in found) for item in wording.ITEMS)


def _cell(item: str, count: int) -> str:
    if count:
        return f"疑似{count}条"
    return BLANK if item in _NOT_ON_PUBLIC_PAGES else "未见"


def _row(given: ReportInput, number: int, one: Patrolled) -> Row:
    addresses = dict.fromkeys(f"{wording.platform(given, lead.platform).title} {clean(lead.url, 160)}" for lead in one.leads)
    taken = [measure for lead in one.leads for measure in facts.measures_of(given, lead)]
    due = [measure.due for measure in taken if measure.due]
    values: tuple[Value, ...] = (
        number,
        one.name,
        "\n".join(list(addresses)[:2]) + (f"\n等{len(addresses)}处" if len(addresses) > 2 else ""),
        one.shown("icp"),
        one.shown("uscc"),
        one.districts(),
        BLANK,
        BLANK,
        one.stages(),
        one.words(Element.SUBJECT),
        BLANK,
        BLANK,
        one.licence,
        *(_cell(item, count) for item, count in zip(wording.ITEMS, inspect(one), strict=True)),
        "\n".join(dict.fromkeys(facts.measure_words(measure) for measure in taken)) or BLANK,
        short_day(max(due)) if due else BLANK,
        one.numbers,
    )
    return Row(values=values, lead=one.leads[0].number, others=one.further)


def _total(objects: tuple[Patrolled, ...]) -> Row:
    sums = [sum(column) for column in zip(*(inspect(one) for one in objects), strict=True)] or [0] * len(wording.ITEMS)
    leads = sum(len(one.leads) for one in objects)
    shown = (f"疑似{count}条" if count else _cell(item, 0) for item, count in zip(wording.ITEMS, sums, strict=True))
    return Row(values=("合计", f"{len(objects)}个对象", *("" for _ in range(11)), *shown, "", "", f"疑似线索{leads}条"))
