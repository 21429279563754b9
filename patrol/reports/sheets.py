"""Put a form together: its main table from its template, and the sheets that go with every form."""

from collections.abc import Iterable

from patrol.reports import coverage, facts, tally
from patrol.reports.records import Paper, Report, ReportInput, Row, Table
from patrol.reports.templates import FormTemplate, columns, header, title


def main_table(
    template: FormTemplate,
    given: ReportInput,
    rows: Iterable[Row],
    *,
    empty: str = "",
    notes: tuple[str, ...] = (),
    total: Row | None = None,
) -> Table:
    """Return the form's own table; its notes say what is a reconstruction and what it was made from."""
    return Table(
        name=template.name,
        title=title(template, given),
        fields=header(template, given),
        columns=columns(template),
        rows=tuple(rows),
        total=total,
        notes=(*template.notes, *notes, *given.calendar_notes, facts.versions_note(given)),
        empty=empty or facts.no_leads(given),
        paper=template.paper,
    )


def report(
    template: FormTemplate, given: ReportInput, *tables: Table, with_sums: bool = True, paper: Paper | None = None
) -> Report:
    """Return the whole form: its tables, then coverage and sums, so that no list travels without its gaps."""
    extra = (coverage.build(given), tally.build(given)) if with_sums else ()
    return Report(
        form=template.id,
        title=title(template, given),
        tables=(*tables, *extra),
        made_at=given.made_at,
        versions=facts.versions(given),
        paper=paper,
    )
