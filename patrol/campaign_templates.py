"""Fill a campaign file from a template and the calendar; what no notice says is written as provisional, never as known."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from pydantic import Field

from patrol.calendar import PublicDays
from patrol.calendar_files import CalendarFiles, statutory_dates
from patrol.campaign_checks import local_address
from patrol.errors import BadInput
from patrol.model import SchoolTerm
from patrol.platforms import GENERIC, Platform
from patrol.validation import FileRecord, build, read_yaml

_KINDS = Path(__file__).with_name("campaign_kinds.yml")
_TEMPLATE = "campaign_template.toml.j2"
_STAGES = ("primary", "junior", "senior", "preschool")


class Guess(FileRecord):
    """How a vacation usually lies when no school calendar is known: around a festival, or between two days of the year."""

    festival: str = ""
    first: int = 0
    last: int = 0
    month_day: tuple[int, int] | None = None
    last_month_day: tuple[int, int] | None = None
    senior_later: int = 0


class Kind(FileRecord):
    """One template: which days it takes from the calendar, and when its batches are due."""

    id: str = Field(pattern=r"^[a-z][a-z-]*$")
    name: str
    title: str
    basis: str
    vacation: str = ""
    festival: str = ""
    year: bool = False
    standing: bool = False
    before: int = 0
    after: int = 0
    batch_days: tuple[int, ...] = Field(min_length=1)
    summary_before_end: int = Field(ge=0)
    guess: Guess | None = None


class _Kinds(FileRecord):
    kinds: tuple[Kind, ...]


@cache
def kinds() -> tuple[Kind, ...]:
    """Return the templates there are."""
    return build(_Kinds, {"kinds": read_yaml(_KINDS)}, file=_KINDS).kinds


def kind_named(name: str) -> Kind:
    """Return a template by its Chinese name or id; BadInput names those there are."""
    for kind in kinds():
        if name in {kind.name, kind.id}:
            return kind
    raise BadInput(f"没有“{name}”模板；有：{'、'.join(kind.name for kind in kinds())}", field="模板")


@dataclass(frozen=True, slots=True)
class Filled:
    """A filled template: the campaign's id, its text as TOML, and what is still to be asked for."""

    id: str
    text: str
    notes: tuple[str, ...]


def campaign_id(kind: Kind, year: int) -> str:
    """Return the id of a campaign made from a template."""
    return f"{year}-{kind.id}"


def fill(
    kind: Kind,
    *,
    year: int,
    region: str,
    unit: str,
    files: CalendarFiles,
    platforms: Sequence[Platform],
    today: date,
    file_name: str,
) -> Filled:
    """Fill a template for a year and region. Dates without a notice are provisional and say so in the file, which calls itself
    `file_name`."""
    if any(mark in region + unit for mark in '"\\\n'):
        raise BadInput("地区和单位名称里不能有引号、反斜杠或换行", field="--region")
    terms = _terms(kind, year, region, files)
    start, end = _span(kind, year, terms, files)
    batches = [{"number": number, "due": start + timedelta(days=days)} for number, days in enumerate(kind.batch_days, 1)]
    notes = _notes(kind, region, terms, PublicDays(files), start, end)
    identity = campaign_id(kind, year)
    title = kind.title.format(region=region, year=year)
    values = {
        "kind": kind,
        "id": identity,
        "title": title,
        "file_name": file_name,
        "today": today,
        "region": region,
        "unit": unit or f"{region}教育局",
        "start": start,
        "end": end,
        "summary_due": end - timedelta(days=kind.summary_before_end),
        "batches": batches,
        "vacations": terms,
        "sources": _sources(platforms),
        "notes": notes,
    }
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701
    )
    return Filled(identity, environment.get_template(_TEMPLATE).render(values), tuple(notes))


def _terms(kind: Kind, year: int, region: str, files: CalendarFiles) -> list[SchoolTerm]:
    known = [
        term for term in files.terms(region, date(year, 1, 1), date(year, 12, 31)) if year in {term.start.year, term.end.year}
    ]
    if kind.vacation:
        known = [term for term in known if term.name == kind.vacation]
    missing = [stage for stage in _STAGES if stage not in {term.stage for term in known}]
    return known + ([_guessed(kind, kind.guess, year, stage, known) for stage in missing] if kind.guess else [])


def _guessed(kind: Kind, guess: Guess, year: int, stage: str, known: list[SchoolTerm]) -> SchoolTerm:
    primary = next((term for term in known if term.stage == "primary"), None)
    if stage == "preschool" and primary:
        # kindergartens follow the primary schools unless their own notice says otherwise
        return SchoolTerm(
            stage=stage,
            name=kind.vacation,
            start=primary.start,
            end=primary.end,
            source=f"暂按小学：{primary.source}",
            provisional=True,
        )
    if guess.month_day and guess.last_month_day:
        start, end = date(year, *guess.month_day), date(year, *guess.last_month_day)
    else:
        feast = min(day for day, name in statutory_dates(year).items() if guess.festival in name and "除夕" not in name)
        start, end = feast + timedelta(days=guess.first), feast + timedelta(days=guess.last)
    if stage == "senior":
        start += timedelta(days=guess.senior_later)
    return SchoolTerm(
        stage=stage,
        name=kind.vacation,
        start=start,
        end=end,
        source=f"待补：{year}年当地{kind.vacation}校历通知",
        provisional=True,
    )


def _span(kind: Kind, year: int, terms: Sequence[SchoolTerm], files: CalendarFiles) -> tuple[date, date]:
    if kind.year:
        return date(year, 1, 1), date(year, 12, 31)
    if kind.festival:
        notice = files.notice(year)
        statutory = [day for day, name in statutory_dates(year).items() if kind.festival in name]
        days = [day for day, name in notice.rest.items() if kind.festival in name] if notice else statutory
        first, last = min(days), max(days)
    else:
        first, last = min(term.start for term in terms), max(term.end for term in terms)
    return first - timedelta(days=kind.before), last + timedelta(days=kind.after)


def _notes(kind: Kind, region: str, terms: Sequence[SchoolTerm], public: PublicDays, start: date, end: date) -> list[str]:
    notes = [f"批次和总结的报送日期按常规推定（{kind.basis}），请按上级通知改正。"]
    if any(term.provisional for term in terms):
        notes.append(f"没有{region}的{kind.vacation}校历，起止日期为暂定；请向教育局教研或基教科室索取校历通知后导入。")
    unknown = [str(year) for year in range(start.year, end.year + 1) if not public.known(year)]
    if unknown:
        notes.append(f"{'、'.join(unknown)}年国务院办公厅放假调休通知尚未载入，只按法定日期计，调休未知（暂定）。")
    return notes


def _sources(platforms: Sequence[Platform]) -> list[dict[str, object]]:
    useful = [one for one in platforms if one.name != GENERIC and one.kind != "import" and (one.entries or one.search)]
    ordered = sorted(useful, key=lambda one: (one.policy.closed, one.name))
    return [
        {
            "name": one.name,
            "title": one.title,
            "closed": one.policy.closed,
            "note": " ".join(one.policy.note.split()),
            "wanted": local_address(one),
        }
        for one in ordered
    ]
