"""What a day is, and on whose word."""

from datetime import date

import pytest

from patrol.calendar import SchoolCalendar, public_day
from patrol.model import SchoolTerm

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
