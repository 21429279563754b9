"""When a job is due: its days and hours, spoken in the words of the calendar, as moments of Beijing time."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta

from patrol.calendar import PublicDays, SchoolCalendar
from patrol.calendar_files import load_calendar
from patrol.campaigns import CHINA
from patrol.model import Campaign
from schedules.jobs import WEEKDAYS, Job

KEY_DAYS = 7
_STANDING_STAGES = ("primary", "junior", "senior", "preschool")


def moments(
    job: Job, campaign: Campaign, first: date, last: date, *, public: PublicDays | None = None, others: Sequence[Campaign] = ()
) -> Iterator[datetime]:
    """Yield every moment a job is due from `first` to `last` (both inclusive), aware, in order.

    `others` are the workspace's other campaigns: the standing patrol goes on only on days when none of them runs, and once.
    """
    for day in _days(job, campaign, first, last, public or PublicDays(load_calendar()), others):
        for hour in sorted(job.at):
            yield datetime.combine(day, hour, CHINA)


def _days(
    job: Job, campaign: Campaign, first: date, last: date, public: PublicDays, others: Sequence[Campaign]
) -> Iterator[date]:
    if job.before:
        due = [campaign.summary_due] if job.before == "summary" else [batch.due for batch in campaign.batches]
        yield from sorted(day for day in (one - timedelta(days=job.days_before) for one in due) if first <= day <= last)
        return
    calendar = SchoolCalendar(campaign.vacations, public)
    day = first
    while day <= last:
        if _in_period(job, campaign, day, others) and _on_weekday(job, day) and _is_day(job, calendar, campaign, day):
            yield day
        day += timedelta(days=1)


def _on_weekday(job: Job, day: date) -> bool:
    return not job.weekdays or WEEKDAYS[day.weekday()] in job.weekdays


def _in_period(job: Job, campaign: Campaign, day: date, others: Sequence[Campaign]) -> bool:
    if job.period == "always":
        return day >= campaign.start
    if job.period == "standing":
        return _keeps_standing(campaign, day, others)
    if campaign.standing or not _covers(campaign, day):
        return False
    return job.period == "campaign" or is_key_day(campaign, day)


def _covers(campaign: Campaign, day: date) -> bool:
    return campaign.start <= day <= campaign.end


def _keeps_standing(campaign: Campaign, day: date, others: Sequence[Campaign]) -> bool:
    """Say whether a day's standing patrol is this campaign's: one of the standing kind comes first, else the last one over."""
    every = (campaign, *others)
    if any(_covers(one, day) and not one.standing for one in every):
        return False
    standing = [one for one in every if one.standing and _covers(one, day)]
    over = sorted((one for one in every if not one.standing and one.end < day), key=lambda one: (one.end, one.id), reverse=True)
    ahead = sorted((one for one in every if not one.standing and one.start > day), key=lambda one: (one.start, one.id))
    return next(iter((*sorted(standing, key=lambda one: one.id), *over, *ahead)), None) is campaign


def is_key_day(campaign: Campaign, day: date) -> bool:
    """Say whether a day lies in a key period: the first week of a vacation, or the week before school begins again.

    Source: the Guangdong plan of 2022 (寒假第一周及春季开学前一周).
    """
    week = timedelta(days=KEY_DAYS)
    return any(
        vacation.start <= day < vacation.start + week or vacation.end - week < day <= vacation.end
        for vacation in campaign.vacations
    )


def uncertain(job: Job, campaign: Campaign, day: date, public: PublicDays) -> bool:
    """Say whether a job's being due on a day rests on dates that no published notice confirms (暂定)."""
    if job.before or (job.days in {"every", "standing"} and job.period != "key"):
        return False
    calendar = SchoolCalendar(campaign.vacations, public)
    stages = {vacation.stage for vacation in campaign.vacations} or set(_STANDING_STAGES)
    return any(calendar.judge(day, stage).provisional for stage in stages)


def _is_day(job: Job, calendar: SchoolCalendar, campaign: Campaign, day: date) -> bool:
    if job.days in {"every", "standing"}:
        return True
    stages = {vacation.stage for vacation in campaign.vacations} or set(_STANDING_STAGES)
    states = [calendar.judge(day, stage) for stage in stages]
    if job.days == "rest":
        # one stage on vacation is enough: that stage's live classes run then
        return any(state.forbidden for state in states)
    if job.days == "vacation":
        return any(state.kind == "vacation" for state in states)
    return all(not state.forbidden for state in states)
