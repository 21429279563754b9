"""What a day is, and on whose word."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
import yaml

from detectors import Detector
from detectors.model import Document
from patrol.calendar import PublicDays, SchoolCalendar, provisional_notes, public_day
from patrol.calendar_files import FOLDER, SHIPPED, Festival, load_calendar
from patrol.commands.calendar import notice_command
from patrol.errors import BadInput
from patrol.model import Campaign, SchoolTerm

WINTER = SchoolTerm(stage="primary", name="寒假", start=date(2027, 1, 18), end=date(2027, 2, 24), source="某市校历")
SENIOR = SchoolTerm(
    stage="senior", name="寒假", start=date(2027, 1, 25), end=date(2027, 2, 24), source="某市校历", provisional=True
)


@pytest.mark.parametrize(
    ("day", "kind"),
    [
        (date(2026, 2, 14), "make_up_workday"),
        (date(2026, 2, 16), "holiday"),
        (date(2026, 2, 23), "holiday"),
        (date(2026, 2, 28), "make_up_workday"),
        (date(2026, 3, 7), "rest_day"),
        (date(2026, 3, 9), "school_day"),
        (date(2026, 10, 10), "make_up_workday"),
    ],
)
def test_days_of_a_year_with_a_notice(day: date, kind: str) -> None:
    status = public_day(day)
    assert (status.kind, status.provisional) == (kind, False)


@pytest.mark.parametrize(
    ("day", "kind"),
    [
        (date(2027, 2, 6), "holiday"),
        (date(2027, 2, 13), "rest_day"),
        (date(2027, 3, 3), "school_day"),
        (date(2028, 10, 1), "holiday"),
    ],
)
def test_days_of_a_year_without_a_notice_are_provisional(day: date, kind: str) -> None:
    status = public_day(day)
    assert (status.kind, status.provisional) == (kind, True)
    assert "通知尚未载入" in status.source


def test_days_in_lieu_are_never_guessed() -> None:
    # 2027-02-09 would be a day in lieu by the rule, but only the notice can say so
    assert public_day(date(2027, 2, 9)).kind == "school_day"


def test_vacation_wins_over_everything() -> None:
    status = SchoolCalendar((WINTER,)).judge(date(2027, 2, 6), "primary")
    assert (status.kind, status.source) == ("vacation", "某市校历")
    assert status.forbidden


def test_vacation_is_kept_by_stage() -> None:
    calendar = SchoolCalendar((WINTER, SENIOR))
    assert calendar.judge(date(2027, 1, 20), "primary").kind == "vacation"
    assert calendar.judge(date(2027, 1, 20), "senior").kind == "school_day"
    assert calendar.judge(date(2027, 1, 20)).kind == "school_day"
    assert calendar.judge(date(2027, 1, 26)).kind == "vacation"


def notice_2027() -> str:
    return """
year: 2027
source: 国务院办公厅关于2027年部分节假日安排的通知（测试用）
published: 2026-11-05
festivals:
  - {name: 元旦, start: 2027-01-01, end: 2027-01-03}
  - {name: 春节, start: 2027-02-04, end: 2027-02-10, make_up: [2027-01-31, 2027-02-13]}
  - {name: 清明节, start: 2027-04-03, end: 2027-04-05}
  - {name: 劳动节, start: 2027-05-01, end: 2027-05-05, make_up: [2027-05-08]}
  - {name: 端午节, start: 2027-06-09, end: 2027-06-09}
  - {name: 中秋节, start: 2027-09-15, end: 2027-09-15}
  - {name: 国庆节, start: 2027-10-01, end: 2027-10-07, make_up: [2027-09-26, 2027-10-09]}
"""


def own_calendar(workspace: Path, text: str) -> PublicDays:
    folder = workspace / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "year-2027.yml").write_text(text, encoding="utf-8")
    return PublicDays(load_calendar(workspace))


def test_notice_in_the_workspace_makes_a_year_certain(tmp_path: Path) -> None:
    public = own_calendar(tmp_path, notice_2027())
    assert public.known(2027)
    answers = {day: public.judge(day) for day in (date(2027, 2, 9), date(2027, 2, 13), date(2027, 2, 14), date(2027, 2, 15))}
    assert [one.kind for one in answers.values()] == ["holiday", "make_up_workday", "rest_day", "school_day"]
    assert not any(one.provisional for one in answers.values())


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("name: 端午节, start: 2027-06-09, end: 2027-06-09", "name: 端午节, start: 2027-06-10, end: 2027-06-10", "端午节.*补全"),
        ("make_up: [2027-05-08]", "make_up: [2027-05-07]", "不是周六、周日"),
        ("make_up: [2027-05-08]", "make_up: [2027-05-02]", "既写作放假又写作上班"),
        ("end: 2027-10-07", "end: 2027-11-07", "不合理"),
        ("published:", "publishd:", "“publishd”.*没有这个键"),
    ],
)
def test_notice_that_cannot_be_true_is_refused(tmp_path: Path, old: str, new: str, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        own_calendar(tmp_path, notice_2027().replace(old, new, 1))


@pytest.mark.parametrize("year", range(2023, 2027))
def test_libraries_and_shipped_notices_agree_day_by_day(year: int) -> None:
    assert list(PublicDays(load_calendar()).disagreements(year)) == []


def test_file_that_differs_from_the_library_is_named_by_its_day(tmp_path: Path) -> None:
    (tmp_path / FOLDER).mkdir()
    text = (SHIPPED / "year-2026.yml").read_text(encoding="utf-8").replace("make_up: [2026-05-09]", "make_up: [2026-05-10]")
    (tmp_path / FOLDER / "year-2026.yml").write_text(text, encoding="utf-8")
    found = list(PublicDays(load_calendar(tmp_path)).disagreements(2026))
    assert [one[:10] for one in found] == ["2026-05-09", "2026-05-10"]


@pytest.mark.parametrize("year", [2027, 2028])
def test_years_without_a_notice_are_named_wherever_a_campaign_uses_them(campaign: Campaign, year: int) -> None:
    moved = replace(campaign, start=date(year, 1, 15), end=date(year, 2, 20), vacations=(SENIOR,))
    notes = provisional_notes(moved, PublicDays(load_calendar()))
    assert f"{year}年放假调休通知尚未载入" in notes[0]
    assert ("高中寒假" in "".join(notes)) is (year == 2027)


def test_known_dates_leave_no_note(tmp_path: Path, campaign: Campaign) -> None:
    assert provisional_notes(campaign, own_calendar(tmp_path, notice_2027())) == []


def test_a_finding_that_rests_on_provisional_dates_says_so() -> None:
    text = "初二数学线上直播课，2月22日上午9点开课，150一节，私信"
    known, unknown = (
        Detector(judge_day=SchoolCalendar().judge).detect(Document(text=text, published_at=date(year, 2, 15), stage="junior"))
        for year in (2026, 2032)
    )
    assert any("2026-02-22" in note and "暂定" not in note for note in known.notes)
    assert any("2032-02-22" in note and "暂定" in note for note in unknown.notes)


def test_help_of_a_notice_shows_an_example_that_is_yaml() -> None:
    shown = notice_command.__doc__ or ""
    example = yaml.safe_load(shown.partition("\b")[2])
    assert set(example) == {"year", "source", "published", "festivals"}
    for festival in example["festivals"]:
        Festival.model_validate(festival)
