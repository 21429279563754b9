"""Trace a cell of a form back to its lead, its evidence, the rules that fired and the list that answered."""

from collections.abc import Iterator

from patrol.errors import BadInput
from patrol.model import Lead
from patrol.reports import facts, wording
from patrol.reports.cells import clean, moment
from patrol.reports.records import Report, ReportInput, Row, Table


def find_row(report: Report, row: int, table: str = "") -> tuple[Table, Row]:
    """Return a row of a form by its number on paper (from 1); BadInput says how many there are."""
    chosen = next((one for one in report.tables if one.name == table), report.tables[0]) if table else report.tables[0]
    if table and chosen.name != table:
        raise BadInput(f"没有表“{table}”；有：{'、'.join(one.name for one in report.tables)}", field="--table")
    if not 1 <= row <= len(chosen.rows):
        raise BadInput(f"“{chosen.name}”共{len(chosen.rows)}行，没有第{row}行", field="--row")
    return chosen, chosen.rows[row - 1]


def trace_cell(given: ReportInput, report: Report, row: int, column: str = "", table: str = "") -> Iterator[str]:
    """Yield lines that explain a cell (or each cell of a row when `column` is empty), then every lead it was made from."""
    chosen, found = find_row(report, row, table)
    columns = [one for one in chosen.columns if column in {"", one.key, one.heading}]
    if not columns:
        raise BadInput(f"没有列“{column}”；有：{'、'.join(one.heading for one in chosen.columns)}", field="--column")
    yield f"{report.title} · {chosen.name} · 第{row}行"
    for one in columns:
        value = str(found.values[chosen.columns.index(one)]).replace("\n", " ")
        yield f"  {one.heading}：{value}" + (f"  ← {one.source}" if one.source else "")
    leads = [lead for lead in (*given.leads, *given.earlier) if lead.number in {found.lead, *found.others}]
    if not leads:
        yield "  本行为汇总数，没有单一的线索；逐项构成见“合计与核对”。"
    if len(leads) > 1:
        yield f"  本行由{len(leads)}条线索汇总："
    for lead in leads:
        yield from trace_lead(given, lead)


def trace_lead(given: ReportInput, lead: Lead) -> Iterator[str]:
    """Yield lines on a lead: where it was found, its evidence, findings with clause and words, list answer, reviews, measures."""
    yield f"线索 {lead.number}  {moment(lead.found_at)}发现  {wording.judged(lead)}  {clean(lead.url, 300)}"
    capture = lead.screening.post.capture if lead.screening else None
    state = wording.wording().evidence_states.get(given.evidence.get(lead.number, ""), "状态未知")
    yield f"证据 {lead.evidence or '待取'}（{state}）" + (f"  网页字节 SHA-256 {capture.sha256}" if capture else "")
    if lead.screening is not None:
        detection = lead.screening.detection
        yield f"判断 {clean(detection.why, 200)}  规则版本 {detection.rules_version}"
        for finding in detection.findings:
            trick = f"  识别手法 {finding.trick}" if finding.trick else ""
            place = f"原文第{finding.start}—{finding.end}字“{clean(finding.quote, 60)}”"
            yield f"  规则 {finding.rule}  权重 {finding.weight:g}  {place}  {clean(finding.clause, 120)}{trick}"
    yield f"名单 {lead.match.verdict.chinese}  {clean(lead.match.why, 200)}  名单版本 {lead.match.list_version or '无'}"
    for review in given.reviews.get(lead.number, ()):
        yield f"复核 {moment(review.at)} {clean(review.officer, 20)}（{clean(review.role, 20)}）：{review.judgement.chinese}"
    for measure in facts.measures_of(given, lead):
        yield f"措施 {measure.at.isoformat()} {facts.measure_words(measure)}"
