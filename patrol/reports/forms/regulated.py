"""监管对象名单: every institution or account with leads, and the four checks that the plan asks for."""

from patrol.reports import facts, wording
from patrol.reports.cells import clean, moment
from patrol.reports.objects import Patrolled, patrolled
from patrol.reports.records import BLANK, Report, ReportInput, Row
from patrol.reports.sheets import main_table, report
from patrol.reports.templates import load_template

TEMPLATE = load_template(__file__)


def build(given: ReportInput) -> Report:
    """Make the list; the sum row counts leads, and equals the number of leads on every other form."""
    objects = patrolled(given.reported)
    rows = tuple(_row(given, number, one) for number, one in enumerate(objects, 1))
    leads, confirmed = sum(len(one.leads) for one in objects), sum(one.confirmed for one in objects)
    total = Row(values=("合计", f"{len(objects)}个对象", *("" for _ in range(9)), leads, confirmed, ""))
    return report(TEMPLATE, given, main_table(TEMPLATE, given, rows, notes=facts.counting_notes(given), total=total))


def _row(given: ReportInput, number: int, one: Patrolled) -> Row:
    addresses = list(dict.fromkeys(clean(lead.url, 160) for lead in one.leads))
    platforms = dict.fromkeys(lead.platform for lead in one.leads)
    spans = dict.fromkeys((moment(one.first_at), moment(one.last_at)))
    values = (
        number,
        one.name,
        "\n".join(dict.fromkeys(wording.platform_kind(given, name) for name in platforms)),
        "\n".join(wording.platform(given, name).title for name in platforms),
        "\n".join(addresses[:2]) + (f"\n等{len(addresses)}处" if len(addresses) > 2 else ""),
        one.districts(),
        one.licence,
        one.shown("uscc"),
        one.shown("icp"),
        BLANK,
        one.stages(),
        len(one.leads),
        one.confirmed,
        "\n".join(spans),
    )
    return Row(values=values, lead=one.leads[0].number, others=one.further)
