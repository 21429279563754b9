"""Say what a day is for pupils of one stage, and on whose word: vacation, public holiday, rest day or school day.

Order of judgement (first that speaks wins): the campaign's vacations, public holidays and days in lieu, make-up workdays,
weekends, school days. The State Council's yearly notice decides holidays and make-up days: from the workspace's calendar file,
the shipped one, or the library; for a year whose notice is not known only the statutory dates are used, and every answer of
that year says so (`provisional`).
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path

import chinese_calendar
import holidays

from detectors.model import DayStatus
from patrol.calendar_files import CalendarFiles, YearNotice, load_calendar, statutory_dates
from patrol.model import Campaign, SchoolTerm

__all__ = ["PublicDays", "SchoolCalendar", "judge_for", "judge_in", "provisional_notes", "public_day", "statutory_dates"]

_NOTICE = "国务院办公厅{year}年放假安排（chinesecalendar {version}）"
_STATUTE = "《全国年节及纪念日放假办法》法定日期；{year}年放假调休通知尚未载入，调休未知"
_WEEKEND = "周六、周日为休息日"
_HOLIDAY_NAMES = {holiday.value: holiday.chinese for holiday in chinese_calendar.Holiday}
_SATURDAY = 5
STAGE_NAMES = {"preschool": "幼儿园", "primary": "小学", "junior": "初中", "senior": "高中"}


@lru_cache(maxsize=4096)
def _library(day: date) -> DayStatus | None:
    """Judge a day by the library's copy of the notices; None when its year is not in it."""
    try:
        resting, name = chinese_calendar.get_holiday_detail(day)
    except NotImplementedError:
        return None
    source = _NOTICE.format(year=day.year, version=version("chinesecalendar"))
    if resting and name:
        return DayStatus("holiday", _HOLIDAY_NAMES.get(name, name), source)
    if resting:
        return DayStatus("rest_day", "周末", source)
    if name or day.weekday() >= _SATURDAY:
        return DayStatus("make_up_workday", f"{_HOLIDAY_NAMES.get(name or '', '')}调休上班", source)
    return DayStatus("school_day", "上课日", source)


def _provisional(day: date) -> DayStatus:
    source = _STATUTE.format(year=day.year)
    name = statutory_dates(day.year).get(day)
    if name:
        return DayStatus("holiday", name, source, provisional=True)
    if day.weekday() >= _SATURDAY:
        return DayStatus("rest_day", "周末（可能调休）", f"{_WEEKEND}；{source}", provisional=True)
    return DayStatus("school_day", "上课日（可能调休）", source, provisional=True)


@dataclass(frozen=True, slots=True)
class PublicDays:
    """Holidays, rest days and make-up days by the notices that are known, the library, or provisionally by statute."""

    files: CalendarFiles = field(default_factory=CalendarFiles)

    def judge(self, day: date) -> DayStatus:
        """Judge a day without school vacations."""
        # a notice may speak of days of its neighbours: New Year's bridge days lie in December
        for year in (day.year, day.year + 1, day.year - 1):
            notice = self.files.notice(year)
            if notice and (answer := _by_notice(notice, day, own_year=year == day.year)):
                return answer
        return _library(day) or _provisional(day)

    def known(self, year: int) -> bool:
        """Say whether the notice of a year is known."""
        return self.files.notice(year) is not None or _library(date(year, 1, 1)) is not None

    def disagreements(self, year: int) -> Iterator[str]:
        """Yield, as sentences, where file, chinesecalendar and holidays differ on a year that at least two of them know."""
        named = {"日历文件": self._file_says, "chinesecalendar": _library_says, "holidays": _other_library_says}
        for step in range((date(year + 1, 1, 1) - date(year, 1, 1)).days):
            day = date(year, 1, 1) + timedelta(days=step)
            says = {name: answer for name, ask in named.items() if (answer := ask(day)) is not None}
            if len(set(says.values())) > 1:
                words = "，".join(f"{name}作{'休息' if resting else '上班'}" for name, resting in says.items())
                yield f"{day}：{words}；请核对国务院办公厅{year}年通知原文"

    def _file_says(self, day: date) -> bool | None:
        notice = self.files.notice(day.year)
        answer = _by_notice(notice, day, own_year=True) if notice else None
        return answer.forbidden if answer else None


def _by_notice(notice: YearNotice, day: date, *, own_year: bool) -> DayStatus | None:
    source = f"{notice.source}（{notice.published}公布）"
    if day in notice.rest:
        return DayStatus("holiday", notice.rest[day], source)
    if day in notice.make_up:
        return DayStatus("make_up_workday", f"{notice.make_up[day]}调休上班", source)
    if not own_year:
        return None
    if day.weekday() >= _SATURDAY:
        return DayStatus("rest_day", "周末", source)
    return DayStatus("school_day", "上课日", source)


def _library_says(day: date) -> bool | None:
    status = _library(day)
    return status.forbidden if status else None


def _other_library_says(day: date) -> bool | None:
    # beyond the years whose notice it holds, this library guesses silently: it counts only where it knows make-up days
    calendar = _other_library(day.year)
    return None if not calendar.weekend_workdays else not calendar.is_working_day(day)


@lru_cache(maxsize=8)
def _other_library(year: int) -> holidays.HolidayBase:
    return holidays.country_holidays("CN", years=year)


@lru_cache(maxsize=1)
def _shipped() -> PublicDays:
    return PublicDays(load_calendar())


def public_day(day: date) -> DayStatus:
    """Judge a day without school vacations, by what is shipped."""
    return _shipped().judge(day)


@dataclass(frozen=True, slots=True)
class SchoolCalendar:
    """The vacations of one region; `judge` answers for a stage, or for any stage when it is None."""

    vacations: tuple[SchoolTerm, ...] = ()
    public: PublicDays = field(default_factory=_shipped)

    def judge(self, day: date, stage: str | None = None) -> DayStatus:
        """Return what the day is. Without a stage a vacation counts only when all stages known here have it."""
        inside = [term for term in self.vacations if term.start <= day <= term.end]
        matching = [term for term in inside if stage is None or term.stage == stage]
        stages = {term.stage for term in self.vacations}
        if matching and (stage is not None or {term.stage for term in matching} == stages):
            term = matching[0]
            name = f"{term.name}（{term.start.month}月{term.start.day}日至{term.end.month}月{term.end.day}日）"
            return DayStatus("vacation", name, term.source or "专项行动文件", provisional=term.provisional)
        return self.public.judge(day)


def judge_for(vacations: Sequence[SchoolTerm]) -> Callable[[date, str | None], DayStatus]:
    """Return the day judge of a campaign, as detectors ask for it."""
    return SchoolCalendar(tuple(vacations)).judge


def judge_in(workspace: Path, vacations: Sequence[SchoolTerm]) -> Callable[[date, str | None], DayStatus]:
    """Return the day judge of a campaign in a workspace, whose own calendar files go before the shipped ones."""
    return SchoolCalendar(tuple(vacations), PublicDays(load_calendar(workspace))).judge


def provisional_notes(campaign: Campaign, public: PublicDays, first: date | None = None, last: date | None = None) -> list[str]:
    """Say which dates of a campaign (or of a part of it) rest on no published notice; empty when all are known.

    For every place where such dates are used: reports, `patrol campaign check`, `patrol schedule next`.
    """
    first, last = first or campaign.start, last or campaign.end
    notes = []
    years = [str(year) for year in range(first.year, last.year + 1) if not public.known(year)]
    if years:
        notes.append(f"{'、'.join(years)}年放假调休通知尚未载入，休息日仅按法定节日和周六、周日判断，调休未知（暂定）。")
    terms = [term for term in campaign.vacations if term.provisional and term.start <= last and term.end >= first]
    notes += [f"{name}未见正式校历通知（暂定）。" for name in _term_names(terms)]
    return notes


def _term_names(terms: Iterable[SchoolTerm]) -> list[str]:
    stages: dict[str, list[str]] = {}
    for term in terms:
        span = f"{term.name}起止（{term.start.month}月{term.start.day}日至{term.end.month}月{term.end.day}日）"
        stages.setdefault(span, []).append(STAGE_NAMES.get(term.stage, term.stage))
    return [f"{'、'.join(names)}{span}" for span, names in stages.items()]
