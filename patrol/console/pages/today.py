"""今日: what is due, what came in, what waits for me, where the patrol is blind."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from starlette.responses import Response

from patrol.campaigns import batch_period, china_today
from patrol.console import figures
from patrol.console.call import Call
from patrol.console.charts import campaign_line, day_columns, shares
from patrol.console.lead_view import in_district
from patrol.console.people import Role
from patrol.model import Batch, Campaign, SourceCoverage
from patrol.recheck_days import due_numbers
from patrol.store.console import DeskFilter
from patrol.store.reviewing import Stage

_RECHECK_DAYS = 3


@dataclass(frozen=True, slots=True)
class Compared:
    """Leads of one platform in this batch and in the one before."""

    platform: str
    now: int
    before: int


def today(call: Call) -> Response:
    """Show the first page."""
    if not call.campaign_id:
        return call.page("no_campaign.html", title="今日")
    books, campaign, identity = call.books, call.campaign, call.campaign_id
    district = call.who.district
    day = china_today(call.now)
    stages = figures.stages(call.desk, identity, district)
    counts = figures.days(call.desk, identity, district)
    columns, most = day_columns(counts, day)
    return call.page(
        "today.html",
        stages=stages,
        mine=_mine(call, stages),
        line=campaign_line(campaign, day) if campaign else None,
        columns=columns,
        most=most,
        fresh=sum(one.subject + one.ad for one in counts if one.day == day.isoformat()),
        platforms=shares(figures.platforms(call.desk, identity, district)),
        batches=_batches(call, campaign, day),
        due=books.overview.steps_due(identity, day + timedelta(days=_RECHECK_DAYS)),
        looks=_looks_due(call, campaign, day),
        issues=books.store.issues(identity),
        coverage=coverage_of(call),
        captures=figures.captures(call.desk, identity),
        providers=figures.providers(call.desk, identity),
        decided=books.overview.decided_by(call.who.name, (call.now - timedelta(days=1)).isoformat()),
    )


def _looks_due(call: Call, campaign: Campaign | None, day: date) -> list[tuple[date, str]]:
    """Return the leads to be looked at again by today; counted at most twice a minute."""
    if campaign is None:
        return []
    known = call.desk.remembered(f"looks:{campaign.id}:{day}", 30, lambda: due_numbers(call.books.store, campaign, day))
    return known if not call.who.district else [one for one in known if in_district(call, call.books.leads.card(one[1]))]


def _mine(call: Call, stages: dict[Stage, int]) -> int:
    """Return how many leads wait for this officer's second or third review."""
    if call.role not in {Role.REVIEWER, Role.ADMIN} or not (stages[Stage.SECOND] or stages[Stage.THIRD]):
        return 0
    key = f"stages:{call.campaign_id}:mine:{call.who.login}"
    return call.desk.remembered(key, 5, lambda: _waiting_for(call))


def _waiting_for(call: Call) -> int:
    total = 0
    for stage in (Stage.SECOND, Stage.THIRD):
        wanted = DeskFilter(campaign=call.campaign_id, stage=stage.value, district=call.who.district, excluding=call.who.name)
        total += sum(count for _, count in call.books.leads.facet(wanted, "grade"))
    return total


def _batches(call: Call, campaign: Campaign | None, day: object) -> tuple[Batch | None, list[Compared]]:
    """Hold the batch under way (or the last) against the one before, platform by platform."""
    if campaign is None:
        return None, []
    now = next((one for one in campaign.batches if str(one.end) >= str(day)), campaign.batches[-1])
    before = next((one for one in campaign.batches if one.number == now.number - 1), None)
    counts = [dict(_found(call, campaign, one)) if one else {} for one in (now, before)]
    names = dict.fromkeys((*counts[0], *counts[1]))
    return now, [Compared(name, counts[0].get(name, 0), counts[1].get(name, 0)) for name in names]


def _found(call: Call, campaign: Campaign, batch: Batch) -> Sequence[tuple[str, int]]:
    after, until = batch_period(campaign, batch)
    since = (after + timedelta(days=1)).isoformat() if after else ""
    return figures.spans(call.desk, campaign.id, since, until.isoformat(), call.who.district)


def coverage_of(call: Call) -> list[SourceCoverage]:
    """Return the coverage of the campaign."""
    return figures.coverage(call.desk, call.campaign_id)
