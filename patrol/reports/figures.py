"""The figures of the summary: each number counted once, with its key and how it was counted (口径)."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from patrol.handling import Measure
from patrol.model import Judgement, Lead, State
from patrol.reports import comparison, coverage, tally, wording
from patrol.reports.cells import chinese_date, clean
from patrol.reports.objects import patrolled
from patrol.reports.records import BLANK, CHINA, Figure, ReportInput, Span

Words = Mapping[str, tuple[Span, ...]]
MEASURES = ("block_live", "rectify", "talk", "suspend", "takedown", "refer", "penalty", "expose")


@dataclass(slots=True)
class Figures:
    """The figures and phrases of one paper by name; an officer's number takes the place of ours and stays marked."""

    edits: Mapping[str, str]
    longest_list: int = 6
    words: dict[str, tuple[Span, ...]] = field(default_factory=dict)

    def figure(self, key: str, value: int | str, query: str) -> Span:
        """Return one figure as a piece of text."""
        made = Figure(key=key, value=str(value), query=query)
        edited = self.edits.get(key)
        if edited is not None and edited != made.value:
            made = replace(made, edited=edited)
        return Span(text=made.shown, figure=made)

    def add(self, key: str, value: int | str, query: str) -> None:
        """Name one figure."""
        self.words[key] = (self.figure(key, value, query),)

    def say(self, key: str, text: str) -> None:
        """Name a phrase without a number."""
        self.words[key] = (Span(text=text),)

    def add_list(self, key: str, counts: Mapping[str, int], query: str, *, unit: str = "条") -> None:
        """Name a list «甲3条，乙2条»; zeros are left out, and what is beyond the longest list is added up as 其他."""
        items = [(label, count) for label, count in counts.items() if count]
        if len(items) > self.longest_list:
            ranked = sorted(items, key=lambda item: -item[1])
            kept, rest = ranked[: self.longest_list - 1], ranked[self.longest_list - 1 :]
            items = [*kept, ("其他", sum(count for _, count in rest))]
        spans: list[Span] = []
        for place, (label, count) in enumerate(items):
            spans += [Span(text=("，" if place else "") + label), self.figure(f"{key}.{label}", count, f"{query}：{label}")]
            spans.append(Span(text=unit))
        self.words[key] = tuple(spans) or (Span(text="无"),)


def percent(part: int, whole: int) -> str:
    """Write a share with one decimal; nothing of nothing is 0."""
    return f"{part / whole * 100:.1f}%" if whole else "0%"


def collect(given: ReportInput, *, longest_list: int = 6) -> Figures:
    """Count every figure that the summary may use."""
    figures = Figures(edits=given.edits, longest_list=longest_list)
    figures.say("unit", clean(given.campaign.unit, 40))
    for key, day in (("start", given.campaign.start), ("end", given.campaign.end)):
        figures.add(key, chinese_date(day), "专项行动文件所列日期")
    figures.say("provisional", "".join(given.calendar_notes))
    figures.add("batches", len(given.campaign.batches), "专项行动文件所列批次数")
    _coverage(figures, given)
    _leads(figures, given)
    _distribution(figures, given)
    _changes(figures, given)
    _measures(figures, given)
    return figures


def flags(given: ReportInput) -> frozenset[str]:
    """Say which conditions of the template hold."""
    rows = coverage.sources(given)
    planned = sum(row.planned for row in rows)
    gaps = any(not row.complete or row.planned == 0 for row in rows) or not rows
    later = bool(_later(given))
    recorded = {measure.kind for measure in _taken(given)}
    held = {
        "leads" if given.reported else "no_leads",
        "provisional" if given.calendar_notes else "",
        "gaps" if gaps else "no_gaps",
        "planned" if planned else "nothing_planned",
        "later_batches" if later else "",
        "unrecorded" if not recorded.issuperset(MEASURES) or not given.manual else "",
        "confirmed" if any(lead.judgement is Judgement.CONFIRMED for lead in given.reported) else "",
    }
    return frozenset(held - {""})


def _coverage(figures: Figures, given: ReportInput) -> None:
    rows = coverage.sources(given)
    planned, covered = sum(row.planned for row in rows), sum(row.covered for row in rows)
    kinds = dict.fromkeys(wording.platform_kind(given, row.source) for row in rows)
    gaps: Counter[State] = Counter()
    for row in rows:
        gaps.update(row.gaps)
    holes = [row for row in rows if not row.complete or row.planned == 0]
    figures.add("sources", len(rows), "巡查覆盖情况表的来源数")
    figures.say("source_kinds", "、".join(kinds) + f"{'等' if len(kinds) > 1 else ''}类别" if kinds else "（无）")
    figures.add("runs", given.runs, "本专项行动的巡查任务数")
    figures.add("planned", planned, "巡查覆盖情况表“计划页面”合计")
    figures.add("covered", covered, "巡查覆盖情况表“已看页面”合计")
    figures.add("rate", percent(covered, planned), "已看页面÷计划页面")
    figures.add("posts", sum(row.posts for row in rows), "巡查覆盖情况表“读到信息”合计")
    figures.add("missed", sum(gaps.values()), "巡查覆盖情况表“未看到”合计")
    figures.add("waiting", sum(row.waiting for row in rows), "巡查覆盖情况表“待巡查”合计")
    figures.add("gap_sources", len(holes), "未完整覆盖的来源数")
    names = [given.platforms[row.source].title if row.source in given.platforms else row.title for row in holes]
    shown = "、".join(clean(name, 12) for name in names[: figures.longest_list])
    figures.say("gap_names", (shown or "（没有巡查记录）") + ("等" if len(names) > figures.longest_list else ""))
    reasons = {state.chinese.replace("，", "、"): count for state, count in gaps.most_common()}
    figures.add_list("reasons", reasons, "未看到的页面按原因", unit="个")
    hours = sum(entry.hours * entry.people for entry in given.manual)
    figures.add("hours", f"{hours:g}" if given.manual else BLANK, "人员记录的人工巡查人时合计")


def _leads(figures: Figures, given: ReportInput) -> None:
    by_state = Counter(lead.judgement for lead in given.leads)
    figures.add("leads", len(given.leads), "本专项行动全部疑似线索")
    figures.add("dismissed", given.dismissed, "其中复核不属实")
    figures.add("listed", len(given.reported), "全部疑似线索减复核不属实")
    for key, judgement in (
        ("confirmed", Judgement.CONFIRMED),
        ("unreviewed", Judgement.UNREVIEWED),
        ("unsure", Judgement.UNSURE),
        ("handed", Judgement.HANDED_OVER),
    ):
        figures.add(key, by_state[judgement], f"列入各表的线索中{judgement.chinese}的")
    figures.add("objects", len(patrolled(given.reported)), "监管对象名单的行数")
    figures.add("evidence", sum(1 for lead in given.reported if lead.evidence), "列入各表且有证据编号的线索")


def by_batch(given: ReportInput) -> dict[str, int]:
    """Count the leads on paper by the batch they were found in; every batch is named."""
    counts = {f"第{batch.number}批": 0 for batch in given.campaign.batches}
    for lead in given.reported:
        counts[batch_label(given, lead)] = counts.get(batch_label(given, lead), 0) + 1
    return counts


def by_category(leads: Iterable[Lead]) -> dict[str, int]:
    """Count leads by category; a lead counts under each of its categories."""
    counts = Counter(wording.category_title(code) for lead in leads for code in lead.categories)
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def batch_label(given: ReportInput, lead: Lead) -> str:
    """Name the batch a lead belongs to by its day of finding."""
    day = lead.found_at.astimezone(CHINA).date()
    batch = next((batch for batch in given.campaign.batches if day <= batch.end), None)
    return f"第{batch.number}批" if batch else "末批之后"


def _distribution(figures: Figures, given: ReportInput) -> None:
    leads, keys = given.reported, tally.by_key_content(given.reported)
    figures.add_list("by_batch", by_batch(given), "列入各表的线索按发现日期所属批次")
    figures.add_list("by_key", keys, "列入各表的线索按主要重点内容")
    figures.add_list("by_kind", tally.by_platform_kind(given, leads), "列入各表的线索按平台类别")
    figures.add_list("by_district", tally.by_district(leads), "列入各表的线索按属地")
    figures.add_list("by_stage", tally.by_stage(leads), "列入各表的线索按学段")
    answers = {f"“{answer}”": count for answer, count in tally.by_answer(leads).items()}
    figures.add_list("by_answer", answers, "列入各表的线索按名单比对结果")
    figures.add_list("by_category", by_category(leads), "列入各表的线索按疑似问题表现（可重复计）")
    top = max(keys.items(), key=lambda item: item[1], default=("", 0))
    figures.say("top_key", top[0])
    figures.add("top_count", top[1], "按重点内容计数最多的一项")
    figures.add("top_share", percent(top[1], len(leads)), "该项÷列入各表的线索")


def _later(given: ReportInput) -> tuple[Lead, ...]:
    first = given.campaign.batches[0].end if given.campaign.batches else given.campaign.end
    return tuple(lead for lead in given.leads if lead.found_at.astimezone(CHINA).date() > first)


def _changes(figures: Figures, given: ReportInput) -> None:
    later = _later(given)
    known = {lead.number for lead in later}
    split = replace(given, leads=later, earlier=tuple(lead for lead in given.leads if lead.number not in known))
    changed = comparison.compare(split)
    new = comparison.counts(item for item in changed if not item.earlier)
    old = comparison.counts(item for item in changed if item.earlier)
    change = comparison.Change
    for key, value, query in (
        ("new", new[change.NEW], "第二批起的线索中新增"),
        ("relapsed_new", new[change.RELAPSED], "第二批起的线索中，同一账号的线索曾下架"),
        ("still", old[change.STILL], "第一批线索最近一次复查仍在"),
        ("removed", old[change.REMOVED], "第一批线索最近一次复查已下架"),
        ("relapsed_old", old[change.RELAPSED], "第一批线索下架后又出现"),
        ("unseen", old[change.UNSEEN], "第一批线索尚未复查或复查被拦截"),
    ):
        figures.add(key, value, query)


def _taken(given: ReportInput) -> tuple[Measure, ...]:
    """Return every measure on the leads on paper, as the ledger lists them."""
    return tuple(measure for lead in given.reported for measure in given.measures.get(lead.number, ()))


def _measures(figures: Figures, given: ReportInput) -> None:
    taken = _taken(given)
    kinds, states = Counter(measure.kind for measure in taken), Counter(measure.state for measure in taken)
    words = wording.wording().measures
    for kind in MEASURES:
        figures.add(kind, kinds[kind] or BLANK, f"人员记录的措施：{words[kind]}")
    for key, text in (("done", "已整改"), ("refused", "拒不整改")):
        figures.add(key, states[key] if taken else BLANK, f"人员记录的措施中{text}的")
