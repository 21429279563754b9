"""Read a campaign file (专项行动文件, TOML) into a Campaign, or refuse it with file, line, key and reason."""

import hashlib
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Literal

from pydantic import Field

from patrol.errors import BadInput
from patrol.model import Batch, Campaign, SchoolTerm, SourceChoice
from patrol.validation import FileRecord, build, read_toml

CHINA = timezone(timedelta(hours=8))
Stage = Literal["preschool", "primary", "junior", "senior"]
_LONGEST_DAYS = 400


class _Head(FileRecord):
    id: str = Field(min_length=1, pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")
    title: str = Field(min_length=1)
    region: str = Field(min_length=1)
    start: date
    end: date
    summary_due: date
    include_senior: bool = True
    standing: bool = False


class _Reporting(FileRecord):
    unit: str = Field(min_length=1)
    leader: str = ""
    phone: str = ""


class _Officer(FileRecord):
    name: str = Field(min_length=1)
    licence: str = ""


class _Batch(FileRecord):
    number: int = Field(ge=1)
    due: date
    until: date | None = None


class _Vacation(FileRecord):
    stage: Stage
    name: str = Field(min_length=1)
    start: date
    end: date
    source: str = ""
    provisional: bool = False


class _Source(FileRecord):
    name: str = Field(min_length=1)
    base: str = ""
    start: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    max_pages: int = Field(default=0, ge=0)
    profile: str = Field(default="", pattern=r"^[a-z][a-z0-9_]*$|^$")


class _Lists(FileRecord):
    files: tuple[str, ...] = ()


class _CampaignFile(FileRecord):
    campaign: _Head
    report: _Reporting
    batches: tuple[_Batch, ...] = Field(min_length=1)
    officers: tuple[_Officer, ...] = ()
    vacations: tuple[_Vacation, ...] = ()
    sources: tuple[_Source, ...] = ()
    whitelist: _Lists = _Lists()


def load_campaign(path: Path) -> Campaign:
    """Return the campaign that a file describes; BadInput when a key is unknown or a date impossible.

    Batches follow one another: the first takes in everything found up to its last day, each later one what was found after
    the batch before it. The last day is the day before the due date unless `until` says otherwise.
    """
    table = read_toml(path)
    if not table:
        raise BadInput("文件是空的；请用 patrol campaign new 新建一份", file=path)
    read = build(_CampaignFile, table, file=path)
    _check_dates(read, path)
    head = read.campaign
    return Campaign(
        id=head.id,
        title=head.title,
        region=head.region,
        start=head.start,
        end=head.end,
        batches=_batches(read),
        summary_due=head.summary_due,
        unit=read.report.unit,
        leader=read.report.leader,
        phone=read.report.phone,
        officers=tuple((officer.name, officer.licence) for officer in read.officers),
        vacations=tuple(SchoolTerm(**vacation.model_dump()) for vacation in read.vacations),
        sources=tuple(SourceChoice(**source.model_dump()) for source in read.sources),
        whitelists=tuple(str((path.parent / name).resolve()) for name in read.whitelist.files),
        include_senior=head.include_senior,
        standing=head.standing,
        path=str(path),
        digest=hashlib.sha256(path.read_bytes()).hexdigest(),
    )


def _batches(read: _CampaignFile) -> tuple[Batch, ...]:
    start, batches = read.campaign.start, []
    for batch in read.batches:
        end = batch.until or batch.due - timedelta(days=1)
        batches.append(Batch(number=batch.number, start=start, end=end, due=batch.due))
        start = end + timedelta(days=1)
    return tuple(batches)


def _check_dates(read: _CampaignFile, path: Path) -> None:
    head = read.campaign
    if head.end < head.start:
        raise BadInput(f"结束日期 {head.end} 早于开始日期 {head.start}；请改正", file=path, field="campaign.end")
    if (head.end - head.start).days > _LONGEST_DAYS:
        raise BadInput("专项行动超过400天；请检查年份", file=path, field="campaign.end")
    if head.summary_due < head.start:
        raise BadInput(f"总结报送日期 {head.summary_due} 早于专项行动开始；请改正", file=path, field="campaign.summary_due")
    _check_batches(read, path)
    for vacation in read.vacations:
        if vacation.end < vacation.start:
            raise BadInput(f"{vacation.name}的结束日期早于开始日期", file=path, field="vacations.end")
    names = [source.name for source in read.sources]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        raise BadInput(f"来源“{twice}”写了两次；请合并", file=path, field="sources.name")


def _check_batches(read: _CampaignFile, path: Path) -> None:
    last: date | None = None
    for place, batch in enumerate(read.batches, 1):
        if batch.number != place:
            raise BadInput(f"批次应从1起依次编号，第{place}个写成了{batch.number}", file=path, field="batches.number")
        if batch.due < read.campaign.start or (last and batch.due <= last):
            raise BadInput(f"第{place}批报送日期 {batch.due} 应晚于专项行动开始和上一批", file=path, field="batches.due")
        if batch.until and (batch.until > batch.due or (last and batch.until <= last)):
            raise BadInput(f"第{place}批截止日期 {batch.until} 应不晚于报送日期且晚于上一批", file=path, field="batches.until")
        last = batch.until or batch.due - timedelta(days=1)


def batch_of(campaign: Campaign, number: int) -> Batch:
    """Return a campaign's batch by its number; BadInput names those there are."""
    for batch in campaign.batches:
        if batch.number == number:
            return batch
    known = "、".join(str(batch.number) for batch in campaign.batches)
    raise BadInput(f"没有第{number}批；本专项行动有第{known}批", file=campaign.path, field="batches")


def batch_period(campaign: Campaign, batch: Batch) -> tuple[date | None, date]:
    """Return (after, until) of the leads that belong to a batch: `after` exclusive and None for the first, `until` inclusive.

    What was found before the campaign began goes into the first batch, so that nothing found falls between two batches.
    """
    earlier = [other.end for other in campaign.batches if other.number < batch.number]
    return (max(earlier, default=None), batch.end)


def china_today(now: datetime | None = None) -> date:
    """Return today's date in China (UTC+8)."""
    return (now or datetime.now(UTC)).astimezone(CHINA).date()
