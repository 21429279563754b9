"""Against the last batch: what is new, still up, removed, relapsed, and what nobody looked at again."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from patrol.handling import Look
from patrol.model import Lead
from patrol.reports import wording
from patrol.reports.cells import clean, moment
from patrol.reports.records import Column, ReportInput, Row, Table

COLUMNS = (
    Column(key="serial", heading="序号", width=12, align="center"),
    Column(key="change", heading="变化", width=38, align="center"),
    Column(key="number", heading="线索编号", width=30),
    Column(key="object", heading="巡查对象", width=48),
    Column(key="address", heading="网址（入口）", width=72),
    Column(key="seen", heading="最近一次查看", width=36, align="center"),
    Column(key="state", heading="查看所见", width=40),
)


class Change(StrEnum):
    """What became of a lead from one batch to the next."""

    NEW = "新增"
    STILL = "仍在"
    REMOVED = "已下架"
    RELAPSED = "复发"
    UNSEEN = "未能复查，状态不明"


@dataclass(frozen=True, slots=True)
class Changed:
    """One lead with its change and the look that says so (None where there was none)."""

    lead: Lead
    change: Change
    look: Look | None
    earlier: bool


def compare(given: ReportInput) -> tuple[Changed, ...]:
    """Return every lead on paper of this batch and of those before, each with exactly one change.

    A lead of this batch counts as 复发 when an earlier lead of the same account had been seen gone. An earlier lead counts as
    复发 when it was seen gone and later seen standing. A look that was blocked proves nothing, so the look before it decides;
    where there is none, the state is unknown.
    """
    looks = _looks(given)
    earlier = replace(given, leads=given.earlier).reported
    old = tuple(_earlier(lead, looks.get(lead.number, ())) for lead in earlier)
    removed = {_account(item.lead) for item in old if _was_gone(looks.get(item.lead.number, ()))} - {None}
    new = tuple(_new(lead, relapsed=_account(lead) in removed) for lead in given.reported)
    return new + old


def _new(lead: Lead, *, relapsed: bool) -> Changed:
    return Changed(lead, Change.RELAPSED if relapsed else Change.NEW, None, earlier=False)


def counts(changes: Iterable[Changed]) -> dict[Change, int]:
    """Return how many leads underwent each change, all changes named."""
    result = dict.fromkeys(Change, 0)
    for item in changes:
        result[item.change] += 1
    return result


def build(given: ReportInput) -> Table:
    """Make the sheet that compares this batch with those before it."""
    changes = compare(given)
    if not given.earlier:
        return Table(name="与上批对比", title="与上一批对比情况", columns=COLUMNS, rows=(), empty=_first_batch(changes))
    rows = tuple(_row(number, item) for number, item in enumerate(changes, 1))
    return Table(name="与上批对比", title="与上一批对比情况", columns=COLUMNS, rows=rows, notes=_notes(changes))


def _first_batch(changes: tuple[Changed, ...]) -> str:
    return f"本批之前没有报送过线索，无可对比；本批线索{len(changes)}条均为新增，见情况表。"


def _notes(changes: tuple[Changed, ...]) -> tuple[str, ...]:
    fresh = counts(item for item in changes if not item.earlier)
    old = counts(item for item in changes if item.earlier)
    return (
        f"本批线索{sum(fresh.values())}条：新增{fresh[Change.NEW]}条，复发{fresh[Change.RELAPSED]}条。",
        f"此前各批线索{sum(old.values())}条：仍在{old[Change.STILL]}条，已下架{old[Change.REMOVED]}条，"
        f"复发{old[Change.RELAPSED]}条，未能复查{old[Change.UNSEEN]}条。",
        "复发：已下架的同一链接再次出现，或同一平台同一账号在其线索下架后又出现新的疑似线索。复查被拦截的，不作为已下架。",
    )


def _looks(given: ReportInput) -> dict[str, tuple[Look, ...]]:
    by_lead: dict[str, list[Look]] = {}
    for look in sorted(given.looks, key=lambda entry: entry.at):
        by_lead.setdefault(look.lead, []).append(look)
    return {lead: tuple(entries) for lead, entries in by_lead.items()}


def _was_gone(looks: tuple[Look, ...]) -> bool:
    return any(look.gone for look in looks)


def _earlier(lead: Lead, looks: tuple[Look, ...]) -> Changed:
    telling = [look for look in looks if look.present or look.gone]
    if not telling:
        return Changed(lead, Change.UNSEEN, looks[-1] if looks else None, earlier=True)
    last = telling[-1]
    if last.gone:
        return Changed(lead, Change.REMOVED, last, earlier=True)
    change = Change.RELAPSED if _was_gone(tuple(telling)) else Change.STILL
    return Changed(lead, change, last, earlier=True)


def _account(lead: Lead) -> tuple[str, str] | None:
    author = (lead.screening.post.author_id if lead.screening else "") or lead.author
    return (lead.platform, author) if author else None


def _row(number: int, item: Changed) -> Row:
    lead = item.lead
    seen = moment(item.look.at) if item.look else (moment(lead.found_at) if not item.earlier else "无")
    state = item.look.words if item.look else ("本批首次发现" if not item.earlier else "尚未复查")
    return Row(
        values=(number, item.change.value, lead.number, wording.object_name(lead), clean(lead.url, 300), seen, state),
        lead=lead.number,
        alarm=item.change in {Change.UNSEEN, Change.RELAPSED},
    )
