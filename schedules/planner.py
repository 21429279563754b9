"""Write what is planned: every moment of every job of a campaign, some days ahead, as rows that must be accounted for."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from patrol.campaigns import CHINA
from patrol.model import Campaign
from patrol.store.clock import ClockBook
from schedules.jobs import Job
from schedules.triggers import moments

HORIZON_DAYS = 8


def plan(book: ClockBook, campaign: Campaign, jobs: Sequence[Job], *, since: datetime, now: datetime) -> int:
    """Plan from the moment the clock last looked (`since`) to some days ahead; return how many occurrences are new.

    Starting at `since` and not at `now` is what makes a night without power visible: its moments are planned late, and then
    made up for or recorded as missed. Moments that the file no longer asks for are cancelled, with the reason.
    """
    first, last = since.astimezone(CHINA).date(), (now + timedelta(days=HORIZON_DAYS)).astimezone(CHINA).date()
    new = 0
    for job in jobs:
        wanted = [moment for moment in moments(job, campaign, first, last) if moment > since]
        new += book.plan(campaign.id, job.id, wanted)
        book.cancel_unplanned(campaign.id, job.id, after=now, wanted=wanted, reason="专项行动文件或任务表已不再安排")
    return new
