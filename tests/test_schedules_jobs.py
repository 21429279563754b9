"""Jobs are read whole or refused, and their moments follow the calendar."""

import time
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from patrol.campaigns import CHINA, load_campaign
from patrol.errors import BadInput
from patrol.model import Campaign, SourceChoice
from patrol.store.clock import Occurrence
from schedules.jobs import SHIPPED, Job, load_jobs
from schedules.planner import HOUSE, applies
from schedules.triggers import moments
from schedules.works import arguments

EXAMPLE = Path(__file__).parent.parent / "schedules" / "campaign-2027-winter.toml"


@pytest.fixture
def winter() -> Campaign:
    return load_campaign(EXAMPLE)


def job(name: str) -> Job:
    return next(one for one in load_jobs() if one.id == name)


def test_batch_reports_are_made_the_evening_before_they_are_due(winter: Campaign) -> None:
    made = list(moments(job("batch_report"), winter, winter.start, winter.end))
    assert [(m.date(), m.hour) for m in made] == [(batch.due - timedelta(days=1), 20) for batch in winter.batches]


def test_broad_sweep_runs_each_day_of_the_campaign_and_no_other(winter: Campaign) -> None:
    days = [
        m.date() for m in moments(job("broad_sweep"), winter, winter.start - timedelta(days=5), winter.end + timedelta(days=5))
    ]
    assert (days[0], days[-1], len(days)) == (winter.start, winter.end, 45)


def test_standing_patrol_runs_only_outside_the_campaign(winter: Campaign) -> None:
    days = [
        m.date() for m in moments(job("standing_sweep"), winter, winter.start - timedelta(days=7), winter.end + timedelta(days=7))
    ]
    assert days
    assert all(not winter.start <= day <= winter.end for day in days)


def test_live_hours_skip_school_days(winter: Campaign) -> None:
    days = {m.date() for m in moments(job("live_hour_sweep"), winter, winter.start, winter.end)}
    assert date(2027, 1, 15) not in days  # a Friday before the vacation
    assert date(2027, 1, 16) in days  # Saturday
    assert date(2027, 1, 19) in days  # a Tuesday in the vacation


def test_key_period_is_the_first_week_and_the_last(winter: Campaign) -> None:
    days = {m.date() for m in moments(job("key_period_sweep"), winter, winter.start, winter.end)}
    assert date(2027, 1, 18) in days
    assert date(2027, 2, 24) in days
    assert date(2027, 2, 6) not in days


def test_moments_are_beijing_time(winter: Campaign) -> None:
    first = next(moments(job("broad_sweep"), winter, winter.start, winter.end))
    assert first.utcoffset() == CHINA.utcoffset(None)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('at: ["02:30"]', "at: [9000]", "钟点"),
        ("id: broad_sweep", "id: backup", "写了两次"),
        ("action: sweep", "action: attack", "action"),
        ("late_minutes: 720", "late_minutes: 0", "late_minutes"),
        ("title: 全网巡查", "titel: 全网巡查", "jobs"),
    ],
)
def test_bad_job_is_refused(tmp_path: Path, old: str, new: str, words: str) -> None:
    text = SHIPPED.read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "jobs.yml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(BadInput, match=words):
        load_jobs(path)


def standing_days(campaign: Campaign, others: list[Campaign], first: date, last: date) -> list[date]:
    return [m.date() for m in moments(job("standing_sweep"), campaign, first, last, others=others)]


def test_standing_patrol_is_done_once_and_steps_aside(winter: Campaign) -> None:
    summer = replace(winter, id="summer", start=date(2027, 7, 7), end=date(2027, 9, 4), vacations=())
    first, last = date(2027, 3, 1), date(2027, 9, 30)
    by_winter, by_summer = standing_days(winter, [summer], first, last), standing_days(summer, [winter], first, last)
    assert by_winter[-1] < summer.start
    assert by_summer[0] > summer.end
    everyday = replace(winter, id="all-year", standing=True, start=date(2027, 1, 1), end=date(2027, 12, 31), batches=())
    days = standing_days(everyday, [winter, summer], date(2027, 1, 1), last)
    assert days
    assert not [d for d in days if winter.start <= d <= winter.end or summer.start <= d <= summer.end]
    assert standing_days(winter, [summer, everyday], first, last) == []
    assert not list(moments(job("broad_sweep"), everyday, date(2027, 1, 1), last))


def test_summer_time_elsewhere_moves_nothing(winter: Campaign, monkeypatch: pytest.MonkeyPatch) -> None:
    at_home = list(moments(job("broad_sweep"), winter, winter.start, winter.end))
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    try:
        spring = replace(winter, start=date(2027, 3, 10), end=date(2027, 3, 20))
        found = list(moments(job("broad_sweep"), spring, spring.start, spring.end))
        assert {later - sooner for sooner, later in pairwise(found)} == {timedelta(days=1)}
        assert list(moments(job("broad_sweep"), winter, winter.start, winter.end)) == at_home
    finally:
        monkeypatch.undo()
        time.tzset()


def test_job_whose_sources_are_all_switched_off_is_not_the_campaigns(winter: Campaign) -> None:
    live = job("live_hour_sweep")
    assert not applies(live, winter)
    assert applies(live, replace(winter, sources=(*winter.sources, SourceChoice(name="bilibili"))))
    assert not applies(job("backup"), winter)
    assert applies(job("backup"), HOUSE)


def test_a_job_names_only_sources_that_are_on(winter: Campaign, tmp_path: Path) -> None:
    campaign = replace(winter, sources=(*winter.sources, SourceChoice(name="bilibili")))
    occurrence = Occurrence(id=1, campaign=campaign.id, job="live_hour_sweep", due_at=datetime(2027, 1, 18, 11, 10, tzinfo=UTC))
    told = arguments(job("live_hour_sweep"), campaign, occurrence, tmp_path)
    assert told[-2:] == ["--source", "bilibili"]
    assert told.count("--source") == 1


def test_report_is_made_for_the_batch_that_is_due_next(winter: Campaign, tmp_path: Path) -> None:
    evening = datetime(2027, 2, 14, 20, 30, tzinfo=CHINA)
    told = arguments(
        job("batch_report"), winter, Occurrence(id=1, campaign=winter.id, job="batch_report", due_at=evening), tmp_path
    )
    assert told[told.index("--batch") + 1] == "2"
    moved = replace(winter, batches=winter.batches[:1])
    with pytest.raises(BadInput, match="批次日期已改变"):
        arguments(job("batch_report"), moved, Occurrence(id=1, campaign=winter.id, job="batch_report", due_at=evening), tmp_path)
