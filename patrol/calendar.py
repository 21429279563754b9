"""Say what a day is for pupils of one stage, and on whose word: vacation, public holiday, rest day or school day.

Order of judgement (first that speaks wins): the campaign's vacations, public holidays and days in lieu, make-up workdays,
weekends, school days. The State Council's yearly notice decides holidays and make-up days; for a year whose notice is not
known only the statutory dates are used, and every answer of that year says so (`provisional`).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

import chinese_calendar
import holidays

from detectors.model import DayStatus
from patrol.model import SchoolTerm

_NOTICE = "国务院办公厅{year}年放假安排（chinesecalendar {version}）"
_STATUTE = "《全国年节及纪念日放假办法》法定日期；{year}年放假调休通知尚未载入，调休未知"
_WEEKEND = "周六、周日为休息日"
_HOLIDAY_NAMES = {holiday.value: holiday.chinese for holiday in chinese_calendar.Holiday}
_SATURDAY = 5


@lru_cache(maxsize=8)
def statutory_dates(year: int) -> dict[date, str]:
    """Return the statutory holidays of a year by date (no days in lieu: those need the yearly notice)."""
    return dict(holidays.country_holidays("CN", years=year, observed=False, language="zh_CN").items())


@lru_cache(maxsize=4096)
def _noticed(day: date) -> DayStatus | None:
    """Judge a day by the State Council's notice; None when its year's notice is not in the library."""
    try:
        resting, name = chinese_calendar.get_holiday_detail(day)
    except NotImplementedError:
        return None
    source = _NOTICE.format(year=day.year, version="1.11")
    if resting and name:
        return DayStatus("holiday", _HOLIDAY_NAMES.get(name, name), source)
    if resting:
        return DayStatus("rest_day", "周末", source)
    if name or day.weekday() >= _SATURDAY:
        return DayStatus("make_up_workday", f"{_HOLIDAY_NAMES.get(name or '', '')}调休上班", source)
    return DayStatus("school_day", "上课日", source)


def public_day(day: date) -> DayStatus:
    """Judge a day without school vacations."""
    known = _noticed(day)
    if known is not None:
        return known
    source = _STATUTE.format(year=day.year)
    name = statutory_dates(day.year).get(day)
    if name:
        return DayStatus("holiday", name, source, provisional=True)
    if day.weekday() >= _SATURDAY:
        return DayStatus("rest_day", "周末（可能调休）", f"{_WEEKEND}；{source}", provisional=True)
    return DayStatus("school_day", "上课日（可能调休）", source, provisional=True)


@dataclass(frozen=True, slots=True)
class SchoolCalendar:
    """The vacations of one region; `judge` answers for a stage, or for any stage when it is None."""

    vacations: tuple[SchoolTerm, ...] = ()

    def judge(self, day: date, stage: str | None = None) -> DayStatus:
        """Return what the day is. Without a stage a vacation counts only when all stages known here have it."""
        inside = [term for term in self.vacations if term.start <= day <= term.end]
        matching = [term for term in inside if stage is None or term.stage == stage]
        stages = {term.stage for term in self.vacations}
        if matching and (stage is not None or {term.stage for term in matching} == stages):
            term = matching[0]
            name = f"{term.name}（{term.start.month}月{term.start.day}日至{term.end.month}月{term.end.day}日）"
            return DayStatus("vacation", name, term.source or "专项行动文件", provisional=term.provisional)
        return public_day(day)


def judge_for(vacations: Sequence[SchoolTerm]) -> Callable[[date, str | None], DayStatus]:
    """Return the day judge of a campaign, as detectors ask for it."""
    return SchoolCalendar(tuple(vacations)).judge
