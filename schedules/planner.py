"""Write what is planned: every moment of every job of a campaign, some days ahead, as rows that must be accounted for."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

from patrol.calendar import PublicDays
from patrol.campaigns import CHINA
from patrol.model import Campaign
from patrol.store.clock import ClockBook
from schedules.jobs import Job
from schedules.triggers import moments

HORIZON_DAYS = 8
_FOR_EVER = date(9999, 1, 1)

HOUSE = Campaign(
    id="workspace",
    title="本工作区",
    region="",
    start=date(1, 1, 1),
    end=_FOR_EVER,
    batches=(),
    summary_due=_FOR_EVER,
    unit="",
    leader="",
    phone="",
    standing=True,
)
"""Stands for the workspace itself: backup, tidying and self-check are due once, however many campaigns there are."""

_HOUSE_ACTIONS = frozenset({"backup", "retention", "self_check"})


def applies(job: Job, campaign: Campaign) -> bool:
    """Say whether a job is this campaign's at all: the workspace's own work is not, nor one whose sources are all off."""
    if (job.action in _HOUSE_ACTIONS) != (campaign is HOUSE):
        return False
    return not job.sources or bool({choice.name for choice in campaign.sources} & set(job.sources))


def plan(
    book: ClockBook,
    campaign: Campaign,
    jobs: Sequence[Job],
    *,
    since: datetime,
    now: datetime,
    public: PublicDays | None = None,
    others: Sequence[Campaign] = (),
) -> int:
    """Plan from the moment the clock last looked (`since`) to some days ahead; return how many occurrences are new.

    Starting at `since` and not at `now` is what makes a night without power visible: its moments are planned late, and then
    made up for or recorded as missed. A campaign seen for the first time begins with what may still be made up for. Moments
    that the file no longer asks for are cancelled, with the reason.
    """
    new, first_time = 0, not book.knows(campaign.id)
    for job in jobs:
        if not applies(job, campaign):
            continue
        begin = _first_look(job, campaign, now) if first_time else min(since, now)
        first, last = begin.astimezone(CHINA).date(), (now + timedelta(days=HORIZON_DAYS)).astimezone(CHINA).date()
        wanted = [moment for moment in moments(job, campaign, first, last, public=public, others=others) if moment > begin]
        new += book.plan(campaign.id, job.id, wanted)
        book.cancel_unplanned(campaign.id, job.id, after=now, wanted=wanted, reason="专项行动文件或任务表已不再安排")
    return new


def _first_look(job: Job, campaign: Campaign, now: datetime) -> datetime:
    opened = datetime.combine(max(campaign.start, date(2000, 1, 1)), time(), CHINA) - timedelta(seconds=1)
    return max(now - timedelta(minutes=job.late_minutes), min(opened, now))
