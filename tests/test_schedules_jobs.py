"""Jobs are read whole or refused, and their moments follow the calendar."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from patrol.campaigns import CHINA, load_campaign
from patrol.errors import BadInput
from patrol.model import Campaign
from schedules.jobs import SHIPPED, Job, load_jobs
from schedules.triggers import moments

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
