"""专项行动总结报告: four parts, about 2,000 characters, every number counted by `figures` and listed for reconciliation."""

import re
from collections import Counter
from datetime import timedelta

from patrol.reports import coverage, figures, tally
from patrol.reports.cells import chinese_date
from patrol.reports.charts import Chart, draw_page
from patrol.reports.figures import Figures, collect
from patrol.reports.records import BLANK, CHINA, Block, Column, Figure, Paper, Report, ReportInput, Row, Span, Table
from patrol.reports.sheets import report
from patrol.reports.templates import ParagraphTemplate, load_paper_template, title

TEMPLATE = load_paper_template(__file__)
COLUMNS = (
    Column(key="serial", heading="序号", width=12, align="center"),
    Column(key="part", heading="所在部分", width=30),
    Column(key="sentence", heading="报告原句", width=88),
    Column(key="query", heading="口径（查询）", width=70),
    Column(key="value", heading="系统值", width=31, align="center"),
    Column(key="shown", heading="报告所用值", width=31, align="center"),
    Column(key="verdict", heading="核对结论", width=20, align="center"),
)
_PLACE = re.compile(r"\{(\w+)\}")
_NUMBER = re.compile(r"\d+(?:[.:：/-]\d+)*%?")
_SENTENCE_END = re.compile(r"(?<=[。！？])")
CITED = "原文引用（名称、标题、文号等），不是统计数"


def build(given: ReportInput) -> Report:
    """Make the paper, its charts and its reconciliation sheet; raises NotAvailable when charts cannot be drawn."""
    blocks = compose(given)
    paper = Paper(
        title=title(TEMPLATE, given),
        blocks=blocks,
        unit=given.campaign.unit,
        signed=given.made_at.astimezone(CHINA).date(),
        pictures=(Block(kind="picture", image=draw_page(_picture_title(given), charts(given))),),
    )
    return report(TEMPLATE, given, reconcile(paper), coverage.build(given), tally.build(given), with_sums=False, paper=paper)


def compose(given: ReportInput) -> tuple[Block, ...]:
    """Return the text in the length that the template asks for: lists grow shorter before paragraphs fall away."""
    held = figures.flags(given)
    best: tuple[Block, ...] = ()
    for longest_list in (6, 4, 3, 2):
        counted = collect(given, longest_list=longest_list)
        blocks: tuple[Block, ...] = ()
        for rank in range(_ranks() + 1):
            wider = _blocks(counted, held, rank)
            if length(given, wider) > TEMPLATE.longest:
                break
            blocks = wider
            if length(given, blocks) >= (TEMPLATE.shortest + TEMPLATE.longest) // 2:
                break
        if length(given, blocks) >= TEMPLATE.shortest:
            return blocks
        best = max(best, blocks, key=lambda one: length(given, one))
    return best


def length(given: ReportInput, blocks: tuple[Block, ...]) -> int:
    """Count the characters that the printed text has, title and signature included, spaces not."""
    whole = [title(TEMPLATE, given), given.campaign.unit, "2027年12月28日", *(block.text for block in blocks)]
    numbers = 2 * sum(block.kind.startswith("heading") for block in blocks)
    return sum(len(re.sub(r"\s", "", text)) for text in whole) + numbers


def _ranks() -> int:
    return max(paragraph.rank for section in TEMPLATE.sections for paragraph in section.paragraphs)


def _blocks(counted: Figures, held: frozenset[str], rank: int) -> tuple[Block, ...]:
    blocks = [_paragraph(paragraph, counted) for paragraph in TEMPLATE.opening]
    for section in TEMPLATE.sections:
        blocks.append(Block(kind="heading1", spans=(Span(text=section.heading),)))
        standing = [one for one in section.paragraphs if one.rank <= rank and held.issuperset(one.when)]
        blocks += [_paragraph(one, counted) for one in standing]
    return tuple(blocks)


def _paragraph(paragraph: ParagraphTemplate, counted: Figures) -> Block:
    spans: list[Span] = []
    for place, part in enumerate(_PLACE.split(paragraph.text)):
        spans += counted.words[part] if place % 2 else _cited(part)
    return Block(kind="text", spans=tuple(_merged(spans)))


def _cited(text: str) -> list[Span]:
    """Return plain text with each number in it as a figure of its own, so that no number escapes the reconciliation."""
    spans, last = [], 0
    for found in _NUMBER.finditer(text):
        spans += [Span(text=text[last : found.start()]), Span(text=found.group(), figure=_citation(found.group()))]
        last = found.end()
    return [*spans, Span(text=text[last:])]


def _citation(number: str) -> Figure:
    return Figure(key=f"cited.{number}", value=number, query=CITED)


def _merged(spans: list[Span]) -> list[Span]:
    merged: list[Span] = []
    for span in spans:
        parts = [span] if span.figure else _cited(span.text)
        merged += [part for part in parts if part.text]
    return merged


def reconcile(paper: Paper) -> Table:
    """List every number of the paper: sentence → how counted → value; numbers changed by hand are marked."""
    rows: list[Row] = []
    part = "标题"
    signed = Figure(key="signed", value=chinese_date(paper.signed), query="生成报告的日期（成文日期）")
    signature = Block(kind="signature", spans=(Span(text=paper.unit), Span(text=signed.value, figure=signed)))
    for block in (Block(kind="text", spans=tuple(_cited(paper.title))), *paper.blocks, signature):
        if block.kind == "signature":
            part = "署名"
        if block.kind == "heading1":
            part = block.text
        for sentence in _sentences(block):
            for span in sentence:
                if span.figure is not None:
                    rows.append(_row(len(rows) + 1, part, "".join(one.text for one in sentence), span.figure))
        part = "开头" if part == "标题" else part
    changed = sum(1 for row in rows if row.alarm)
    notes = (
        f"报告中共有{len(rows)}处数字，其中人工修改{changed}处。系统值由同一数据计算，可与情况表、台账逐项核对。",
        f"“{BLANK}”表示没有人员记录。人工修改的数字，系统不覆盖，只作标注。",
    )
    return Table(name="数据对账表", title="总结报告数据对账表", columns=COLUMNS, rows=tuple(rows), notes=notes)


def _sentences(block: Block) -> list[list[Span]]:
    sentences: list[list[Span]] = [[]]
    for span in block.spans:
        if span.figure is not None:
            sentences[-1].append(span)
            continue
        for place, piece in enumerate(_SENTENCE_END.split(span.text)):
            if place:
                sentences.append([])
            sentences[-1].append(Span(text=piece))
    return sentences


def _row(number: int, part: str, sentence: str, figure: Figure) -> Row:
    if figure.edited is not None:
        verdict = "人工填写" if figure.value == BLANK else "人工修改，请核"
    elif figure.value == BLANK:
        verdict = "待填"
    else:
        verdict = "引用" if figure.query == CITED else "一致"
    values = (number, part, sentence.strip(), figure.query, figure.value, figure.shown, verdict)
    return Row(values=values, alarm=figure.edited is not None)


def charts(given: ReportInput) -> tuple[Chart, ...]:
    """Return the six charts: key content, platform kind, district, stage, week, batch against batch."""
    leads, numbers = given.reported, given.campaign.batches
    by_kind = tally.by_platform_kind(given, leads)
    per_batch: dict[str, dict[str, int]] = {}
    for label in figures.by_batch(given):
        chosen = tuple(lead for lead in leads if figures.batch_label(given, lead) == label)
        per_batch[label] = tally.by_platform_kind(given, chosen)
    against = Chart(
        title=f"各批线索按平台类别（共{len(numbers)}批）",
        labels=tuple(by_kind),
        series=tuple((label, tuple(counts.get(kind, 0) for kind in by_kind)) for label, counts in per_batch.items()),
    )
    return (
        Chart.of("按重点内容（条）", tally.by_key_content(leads)),
        Chart.of("按平台类别（条）", by_kind),
        Chart.of("按属地（条）", tally.by_district(leads)),
        Chart.of("按学段（条）", tally.by_stage(leads)),
        Chart.of("按发现周（条，周一日期）", _by_week(given), keep_zero=True),
        against,
    )


def _picture_title(given: ReportInput) -> str:
    return f"附图：疑似线索分布情况（列入各表共{len(given.reported)}条）"


def _by_week(given: ReportInput) -> dict[str, int]:
    days = sorted(lead.found_at.astimezone(CHINA).date() for lead in given.reported)
    if not days:
        return {}
    mondays = Counter(day - timedelta(days=day.weekday()) for day in days)
    first, last = min(mondays), max(mondays)
    weeks = [first + timedelta(weeks=number) for number in range((last - first).days // 7 + 1)]
    return {f"{week.month}月{week.day}日": mondays[week] for week in weeks}
