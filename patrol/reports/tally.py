"""The sums sheet: one place where all sums of a form stand side by side and are held against the rows."""

from collections import Counter
from collections.abc import Callable, Iterable

from patrol.model import Judgement, Lead
from patrol.reports import wording
from patrol.reports.records import Column, ReportInput, Row, Table

COLUMNS = (
    Column(key="group", heading="统计口径", width=80),
    Column(key="item", heading="项目", width=130),
    Column(key="count", heading="数量", width=40, align="center"),
)


def by_key_content(leads: Iterable[Lead]) -> dict[str, int]:
    """Count leads by the key content each is counted under; every key content is named, also with 0."""
    tally = Counter(wording.key_codes(lead)[0] for lead in leads)
    return {key_title(entry.code): tally[entry.code] for entry in wording.wording().key_contents}


def key_title(code: str) -> str:
    """Write a key content with its number: （一）无证机构…; the undecided ones stand without number."""
    title = next(entry.title for entry in wording.wording().key_contents if entry.code == code)
    return title if code == wording.UNKNOWN_KEY else f"{wording.key_label(code)}{title}"


def by_platform_kind(given: ReportInput, leads: Iterable[Lead]) -> dict[str, int]:
    """Count leads by platform kind, largest first."""
    return _largest_first(Counter(wording.platform_kind(given, lead.platform) for lead in leads))


def by_platform(given: ReportInput, leads: Iterable[Lead]) -> dict[str, int]:
    """Count leads by platform, largest first."""
    return _largest_first(Counter(wording.platform(given, lead.platform).title for lead in leads))


def by_answer(leads: Iterable[Lead]) -> dict[str, int]:
    """Count leads by what the list says of the name."""
    return _largest_first(Counter(lead.match.verdict.chinese for lead in leads))


def by_judgement(leads: Iterable[Lead]) -> dict[str, int]:
    """Count leads by the state of review."""
    tally = Counter(lead.judgement for lead in leads)
    return {judgement.chinese: tally[judgement] for judgement in Judgement if judgement is not Judgement.DISMISSED}


def by_district(leads: Iterable[Lead]) -> dict[str, int]:
    """Count leads by district; those whose page names none are counted as such."""
    return _largest_first(Counter(wording.district(lead) for lead in leads))


def by_stage(leads: Iterable[Lead]) -> dict[str, int]:
    """Count leads by school stage (the first one found on the page)."""
    return _largest_first(Counter(wording.stage(lead) for lead in leads))


def build(given: ReportInput) -> Table:
    """Make the sums sheet; each group adds up to the number of rows of the form."""
    leads = given.reported
    groups: tuple[tuple[str, Callable[[], dict[str, int]]], ...] = (
        ("按重点内容（每条线索按主要一项计）", lambda: by_key_content(leads)),
        ("按平台类别", lambda: by_platform_kind(given, leads)),
        ("按平台", lambda: by_platform(given, leads)),
        ("按名单比对结果", lambda: by_answer(leads)),
        ("按复核状态", lambda: by_judgement(leads)),
        ("按属地", lambda: by_district(leads)),
        ("按学段", lambda: by_stage(leads)),
    )
    rows = [
        Row(values=("总数", "本期疑似线索（含复核不属实）", len(given.leads))),
        Row(values=("总数", "其中复核不属实，不列入各表", given.dismissed)),
        *([Row(values=("总数", "其中尚未复核属实，本次未列", given.held_back))] if given.confirmed_only else []),
        Row(values=("总数", "列入各表", len(leads))),
    ]
    for name, count in groups:
        counted = count()
        rows += [Row(values=(name, item, number)) for item, number in counted.items()]
        rows.append(Row(values=(name, "小计", sum(counted.values())), alarm=sum(counted.values()) != len(leads)))
    return Table(name="合计与核对", title="合计与核对", columns=COLUMNS, rows=tuple(rows), notes=_notes(given))


def _notes(given: ReportInput) -> tuple[str, ...]:
    waiting = sum(1 for lead in given.reported if lead.judgement is Judgement.UNREVIEWED)
    return (
        "名单未匹配、待核或未见名称的线索，涉及办学行为的暂计入（一）；核实有证后改计（二）。",
        f"各口径小计均应等于列入各表的{len(given.reported)}条。",
        f"其中{waiting}条尚未完成复核，为待核线索。" if waiting else "",
    )


def _largest_first(tally: Counter[str]) -> dict[str, int]:
    return dict(sorted(tally.items(), key=lambda item: (-item[1], item[0])))
