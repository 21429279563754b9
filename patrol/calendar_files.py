"""Calendar data as files: the State Council's yearly notices and school calendars, each with its source and date.

Shipped ones lie in `calendar_data/`, a bureau's own in the workspace's `calendar/` folder; its own win.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Self

import holidays
from pydantic import Field, field_validator, model_validator

from patrol.campaigns import Stage
from patrol.errors import BadInput
from patrol.model import SchoolTerm
from patrol.validation import FileRecord, build, read_yaml

SHIPPED = Path(__file__).parent / "calendar_data"
FOLDER = "calendar"
_SATURDAY = 5
_LONGEST_DAYS = 12


@lru_cache(maxsize=8)
def statutory_dates(year: int) -> dict[date, str]:
    """Return the statutory holidays of a year by date (no days in lieu: those need the yearly notice)."""
    return dict(holidays.country_holidays("CN", years=year, observed=False, language="zh_CN").items())


class Festival(FileRecord):
    """One festival of a notice: days off from `start` to `end` inclusive, and the days worked in exchange."""

    name: str = Field(min_length=1)
    start: date
    end: date
    make_up: tuple[date, ...] = ()

    @model_validator(mode="after")
    def _dates_make_sense(self) -> Self:
        if not 0 <= (self.end - self.start).days < _LONGEST_DAYS:
            raise ValueError(f"{self.name}的放假起止 {self.start}～{self.end} 不合理")
        for day in self.make_up:
            if day.weekday() < _SATURDAY:
                raise ValueError(f"{self.name}的调休上班日 {day} 不是周六、周日")
        return self


class YearNotice(FileRecord):
    """The State Council's arrangement of one year (国务院办公厅放假调休通知)."""

    year: int = Field(ge=2004, le=2100)
    source: str = Field(min_length=4)
    published: date
    url: str = ""
    festivals: tuple[Festival, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _statutory_days_are_off(self) -> Self:
        resting = self.rest
        for day, name in sorted(statutory_dates(self.year).items()):
            if day not in resting:
                raise ValueError(f"{day} 是法定节日（{name}），不在放假日期里；请对照通知补全")
        both = set(resting) & set(self.make_up)
        if both:
            raise ValueError(f"{min(both)} 既写作放假又写作上班")
        return self

    @cached_property
    def rest(self) -> dict[date, str]:
        """The days off with their festival."""
        return {
            one.start + timedelta(days=step): one.name for one in self.festivals for step in range((one.end - one.start).days + 1)
        }

    @cached_property
    def make_up(self) -> dict[date, str]:
        """The weekend days worked with their festival."""
        return {day: one.name for one in self.festivals for day in one.make_up}


class Vacation(FileRecord):
    """One vacation of a school calendar: dates inclusive, for some stages."""

    name: str = Field(min_length=1)
    stages: tuple[Stage, ...] = Field(min_length=1)
    start: date
    end: date

    @model_validator(mode="after")
    def _ends_after_it_starts(self) -> Self:
        if not 0 <= (self.end - self.start).days < 120:
            raise ValueError(f"{self.name}起止 {self.start}～{self.end} 不合理")
        return self


class SchoolFile(FileRecord):
    """The school calendar of one region and school year, as the notice says it."""

    region: str = Field(min_length=2)
    school_year: str = Field(pattern=r"^20\d\d-20\d\d$")
    source: str = Field(min_length=4)
    published: date | None = None
    url: str = ""
    vacations: tuple[Vacation, ...] = Field(min_length=1)

    @field_validator("vacations")
    @classmethod
    def _no_two_for_one_stage(cls, value: tuple[Vacation, ...]) -> tuple[Vacation, ...]:
        seen = [(one.name, stage, one.start) for one in value for stage in one.stages]
        if len(set(seen)) != len(seen):
            raise ValueError("同一学段的同一假期写了两次")
        return value

    def terms(self) -> Iterator[SchoolTerm]:
        """Yield one term per stage."""
        for one in self.vacations:
            for stage in one.stages:
                yield SchoolTerm(stage=stage, name=one.name, start=one.start, end=one.end, source=self.source)


@dataclass(frozen=True, slots=True)
class CalendarFiles:
    """What the calendar files of a workspace say, its own before the shipped."""

    notices: tuple[YearNotice, ...] = ()
    schools: tuple[SchoolFile, ...] = ()

    def notice(self, year: int) -> YearNotice | None:
        """Return the notice of a year, the workspace's own first."""
        return next((one for one in self.notices if one.year == year), None)

    def terms(self, region: str, first: date, last: date) -> list[SchoolTerm]:
        """Return the vacations of a region that touch a span; the first file that knows a stage and vacation decides."""
        found: dict[tuple[str, str, int], SchoolTerm] = {}
        for school in self.schools:
            if same_region(school.region, region):
                for term in school.terms():
                    if term.start <= last and term.end >= first:
                        found.setdefault((term.stage, term.name, term.end.year), term)
        return sorted(found.values(), key=lambda term: (term.start, term.stage))


def same_region(one: str, other: str) -> bool:
    """Say whether two names of a region mean the same (北京, 北京市)."""
    return _bare(one) == _bare(other)


def _bare(name: str) -> str:
    return re.sub(r"(?:壮族|回族|维吾尔)?(?:特别行政区|自治区|自治州|省|市|区|县)$", "", name.strip())


def load_calendar(workspace: Path | None = None) -> CalendarFiles:
    """Return the calendar files; BadInput names the file, line and key of a fault."""
    own = workspace / FOLDER if workspace is not None else None
    folders = [folder for folder in (own, SHIPPED) if folder is not None and folder.is_dir()]
    notices = [_year(file) for folder in folders for file in sorted(folder.glob("year-*.yml"))]
    schools = [_school(file) for folder in folders for file in sorted(folder.glob("school-*.yml"), reverse=True)]
    return CalendarFiles(tuple(notices), tuple(schools))


def _year(file: Path) -> YearNotice:
    notice = _read_year(file, file.stat().st_mtime_ns)
    if file.stem != f"year-{notice.year}":
        raise BadInput(f"文件名应为 year-{notice.year}.yml", file=file, field="year")
    return notice


@lru_cache(maxsize=64)
def _read_year(file: Path, _changed: int) -> YearNotice:
    return build(YearNotice, read_yaml(file), file=file)


def _school(file: Path) -> SchoolFile:
    return _read_school(file, file.stat().st_mtime_ns)


@lru_cache(maxsize=256)
def _read_school(file: Path, _changed: int) -> SchoolFile:
    return build(SchoolFile, read_yaml(file), file=file)
