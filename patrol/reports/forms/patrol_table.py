"""线上巡查情况表: the table of one batch, with coverage, comparison and sums."""

from patrol.model import Lead
from patrol.reports import comparison, coverage, facts, tally, wording
from patrol.reports.cells import clean, stacked
from patrol.reports.records import Report, ReportInput, Row
from patrol.reports.sheets import main_table, report
from patrol.reports.templates import load_template

TEMPLATE = load_template(__file__)


def build(given: ReportInput) -> Report:
    """Make the table of `given.batch`, or of the whole campaign when it has none."""
    rows = tuple(_row(given, number, lead) for number, lead in enumerate(given.reported, 1))
    table = main_table(TEMPLATE, given, rows, notes=facts.counting_notes(given))
    # a whole campaign has no batch before it: there is nothing to compare
    compared = (comparison.build(given),) if given.batch else ()
    return report(TEMPLATE, given, table, coverage.build(given), *compared, tally.build(given), with_sums=False)


def _row(given: ReportInput, number: int, lead: Lead) -> Row:
    keys = wording.key_codes(lead)
    values = (
        number,
        wording.object_name(lead),
        wording.platform_kind(given, lead.platform),
        f"{wording.platform(given, lead.platform).title}\n{clean(lead.url, 300)}",
        wording.licence_answer(lead),
        stacked(lead.found_at),
        wording.problem(lead),
        "\n".join(wording.key_label(key) for key in keys),
        facts.measures_taken(given, lead),
        facts.outcome(given, lead),
        facts.remark(given, lead),
    )
    return Row(values=values, lead=lead.number)
