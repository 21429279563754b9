"""What is recorded about a lead, put into words; what nobody recorded stays a marked blank."""

from patrol.handling import Measure
from patrol.model import Judgement, Lead
from patrol.reports import coverage, wording
from patrol.reports.cells import clean, moment, short_day
from patrol.reports.records import BLANK, ReportInput


def measures_of(given: ReportInput, lead: Lead) -> tuple[Measure, ...]:
    """Return the measures recorded on a lead, oldest first."""
    return given.measures.get(lead.number, ())


def officers_confirming(given: ReportInput, lead: Lead) -> tuple[str, ...]:
    """Return the officers whose standing decision on a lead is 属实, in order."""
    decisions = {review.officer: review.judgement for review in given.reviews.get(lead.number, ())}
    return tuple(clean(officer, 20) for officer, judgement in decisions.items() if judgement is Judgement.CONFIRMED)


def reviewers(given: ReportInput, lead: Lead) -> str:
    """Name who reviewed a lead, first to last, one a line, or leave a marked blank."""
    names = dict.fromkeys(clean(review.officer, 20) for review in given.reviews.get(lead.number, ()))
    return "\n".join(names) or BLANK


def receiver(measure: Measure) -> str:
    """Name the body a measure went to."""
    return clean(wording.wording().bodies.get(measure.to, measure.to), 40)


def measure_words(measure: Measure) -> str:
    """Write one measure: kind, receiver, document number."""
    document = f"（{clean(measure.document, 40)}）" if measure.document else ""
    return f"{wording.wording().measures.get(measure.kind, clean(measure.kind, 40))}{receiver(measure)}{document}"


def measures_taken(given: ReportInput, lead: Lead) -> str:
    """List what was done about a lead, each with its day below it, or leave a marked blank."""
    taken = [f"{measure_words(item)}\n{short_day(item.at)}" for item in measures_of(given, lead)]
    return "\n".join(taken) or BLANK


def outcome(given: ReportInput, lead: Lead) -> str:
    """Say how far the handling has come and when, or leave a marked blank."""
    taken = measures_of(given, lead)
    if not taken:
        return BLANK
    last = taken[-1]
    day = last.done_at or last.at
    return f"{wording.wording().measure_states.get(last.state, clean(last.state, 20))}\n{short_day(day)}"


def remark(given: ReportInput, lead: Lead) -> str:
    """Give lead number, evidence number with its state, and the state of review."""
    if lead.evidence:
        state = wording.wording().evidence_states.get(given.evidence.get(lead.number, ""), "")
        evidence = clean(lead.evidence, 60) + (f"\n（{state}）" if state else "")
    else:
        evidence = "证据待取"
    return f"{lead.number}\n{evidence}\n{wording.judged(lead)}"


def counting_notes(given: ReportInput) -> tuple[str, ...]:
    """State how many leads the form lists and leaves out, so that it adds up with the store."""
    waiting = sum(1 for lead in given.reported if lead.judgement is Judgement.UNREVIEWED)
    held = f"尚未复核属实、本次未列{given.held_back}条，" if given.confirmed_only else ""
    kept = f"本期疑似线索{len(given.leads)}条，复核不属实{given.dismissed}条，{held}列入本表{len(given.reported)}条"
    return (f"{kept}，其中{waiting}条尚未完成复核。" if waiting else f"{kept}。",)


def no_leads(given: ReportInput) -> str:
    """Say what an empty form means: only fully covered sources allow to say that nothing was found."""
    rows = coverage.sources(given)
    gaps = sum(1 for row in rows if not row.complete or row.planned == 0)
    if not rows:
        return "本期没有巡查记录，不能填报为“未发现问题”。"
    if gaps:
        return f"在已看到的页面中未发现疑似线索；有{gaps}个来源未完整覆盖，不能据此认定无问题，见“巡查覆盖情况”。"
    return "本期各来源均已覆盖，未发现疑似线索。"


def versions(given: ReportInput) -> tuple[tuple[str, str], ...]:
    """Name what the form was made from."""
    return (
        ("专项行动", given.campaign.id),
        ("专项行动文件校验值", given.campaign.digest),
        ("规则版本", given.rules_version),
        ("名单版本", given.list_version),
        ("生成时间", moment(given.made_at)),
    )


def versions_note(given: ReportInput) -> str:
    """Write the versions as one note."""
    shown = "；".join(f"{name}：{clean(value, 64)}" for name, value in versions(given) if value)
    return f"{shown}（北京时间）。"
