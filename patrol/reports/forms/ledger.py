"""整治工作台账: one line per lead, from its finding to its closing."""

from patrol.handling import Look
from patrol.model import Lead
from patrol.reports import facts, wording
from patrol.reports.cells import clean, short_day, stacked
from patrol.reports.records import BLANK, Report, ReportInput, Row
from patrol.reports.sheets import main_table, report
from patrol.reports.templates import load_template

TEMPLATE = load_template(__file__)
_CLOSED = {"done"}


def build(given: ReportInput) -> Report:
    """Make the ledger; dismissed leads are left out and counted in the notes."""
    last_looks = {look.lead: look for look in sorted(given.looks, key=lambda entry: entry.at)}
    rows = tuple(_row(given, number, lead, last_looks.get(lead.number)) for number, lead in enumerate(given.reported, 1))
    return report(TEMPLATE, given, main_table(TEMPLATE, given, rows, notes=facts.counting_notes(given)))


def _row(given: ReportInput, number: int, lead: Lead, look: Look | None) -> Row:
    taken = facts.measures_of(given, lead)
    referrals = [f"{facts.receiver(measure)}\n{short_day(measure.at)}" for measure in taken if measure.kind == "refer"]
    closed = [measure.done_at for measure in taken if measure.state in _CLOSED and measure.done_at]
    values = (
        number,
        lead.number,
        wording.origin(lead),
        stacked(lead.found_at),
        wording.platform(given, lead.platform).title,
        wording.object_name(lead),
        clean(lead.url, 200),
        wording.district(lead),
        "；".join(f"疑似{kind}" for kind in wording.suspected(lead)) or "类别待核",
        "；".join(wording.clauses(lead)[:4]) or BLANK,
        lead.evidence or "证据待取",
        facts.reviewers(given, lead),
        wording.judged(lead),
        wording.licence_answer(lead),
        "\n".join(facts.measure_words(measure) for measure in taken) or BLANK,
        "\n".join(referrals) or BLANK,
        f"{look.words}\n{stacked(look.at)}" if look else BLANK,
        short_day(max(closed)) if closed and len(closed) == len(taken) else BLANK,
    )
    return Row(values=values, lead=lead.number)
