"""典型案例: drafts from confirmed leads, one of each kind, with persons and institutions masked and nothing added."""

from patrol.model import Judgement, Lead, Verdict
from patrol.reports import facts, wording
from patrol.reports.cells import chinese_date, clean
from patrol.reports.masking import mask_object, mask_text
from patrol.reports.records import BLANK, CHINA, Block, Paper, Report, ReportInput, Span
from patrol.reports.sheets import report
from patrol.reports.templates import load_template, title

TEMPLATE = load_template(__file__)
MOST = 5


def build(given: ReportInput) -> Report:
    """Draft up to five cases; without confirmed leads the paper says so."""
    chosen = choose(given)
    blocks = tuple(block for lead in chosen for block in draft(given, lead))
    note = (
        "以上案例由系统根据已记录的事实起草，姓名、机构名称和联系方式已隐去；标有“〔待填〕”的须由办案人员补充，公布前须经审核。"
    )
    none = "本期没有复核属实的线索，没有可供起草的典型案例。"
    paper = Paper(
        title=title(TEMPLATE, given),
        blocks=(*blocks, _text(note if blocks else none)),
        unit=given.campaign.unit,
        signed=given.made_at.date(),
    )
    return report(TEMPLATE, given, with_sums=False, paper=paper)


def choose(given: ReportInput) -> tuple[Lead, ...]:
    """Choose leads for cases: those named in `given.chosen`, else the confirmed ones with the highest score, one per category."""
    if given.chosen:
        by_number = {lead.number: lead for lead in (*given.leads, *given.earlier)}
        return tuple(by_number[number] for number in given.chosen if number in by_number)
    best: dict[str, Lead] = {}
    confirmed = [lead for lead in given.reported if lead.judgement is Judgement.CONFIRMED and lead.categories]
    for lead in sorted(confirmed, key=lambda one: (-len(facts.measures_of(given, one)), -one.score, one.number)):
        best.setdefault(lead.categories[0], lead)
    return tuple(best.values())[:MOST]


def draft(given: ReportInput, lead: Lead) -> tuple[Block, ...]:
    """Draft one case: heading, then source, time, platform, suspected facts, basis, handling and warning in two paragraphs."""
    name = mask_object(wording.object_name(lead))
    kind = wording.category_title(lead.categories[0]) if lead.categories else "违规开展学科类培训"
    district = wording.district(lead)
    place = "" if district == "属地待核" else district
    day = chinese_date(lead.found_at.astimezone(CHINA).date())
    taken = facts.measures_of(given, lead)
    handled = "；".join(f"{chinese_date(measure.at)}{facts.measure_words(measure)}" for measure in taken) or BLANK
    touched = "、".join(wording.clauses(lead)[:4]) or BLANK
    words = mask_text(wording.excerpt(lead, 80), lead)
    for hidden in _names(lead):
        words = words.replace(hidden, mask_object(hidden))
    known = "该名称与名单匹配，许可事项待核" if lead.match.verdict is Verdict.LICENSED else lead.match.verdict.chinese
    platform_kind = wording.platform_kind(given, lead.platform)
    fact = (
        f"{day}，{given.campaign.unit}通过{wording.origin(lead)}，在{platform_kind}类平台发现{name}发布的信息，内容为“{words}”，"
        f"涉嫌{kind}。名单比对：{known}。{_reviewed(given, lead)}。证据编号：{lead.evidence or BLANK}。"
    )
    handling = f"该行为涉嫌违反：{touched}。处置情况：{handled}。教育行政部门的认定意见：{BLANK}。"
    return (
        Block(kind="heading1", spans=(Span(text=f"{place}{name}涉嫌{kind}案"),)),
        _text(fact),
        _text(handling),
        _text("请广大家长选择证照齐全的机构，不轻信网络上的招揽信息；发现类似情况，可向当地教育行政部门反映。"),
    )


def _reviewed(given: ReportInput, lead: Lead) -> str:
    officers = facts.officers_confirming(given, lead)
    return f"经{len(officers)}名工作人员复核属实" if len(officers) > 1 else f"经复核属实（复核人员：{BLANK}）"


def _names(lead: Lead) -> tuple[str, ...]:
    institutions = lead.screening.detection.institutions if lead.screening else ()
    return tuple(name for name in dict.fromkeys((clean(lead.author), *institutions, lead.match.query)) if len(name) >= 2)


def _text(text: str) -> Block:
    return Block(kind="text", spans=(Span(text=text),))
