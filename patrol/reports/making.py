"""Make a form and its files: from the store, into a bureau's own template where one is kept, each file whole or not at all."""

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from patrol import settings
from patrol.calendar import PublicDays, provisional_notes
from patrol.calendar_files import load_calendar
from patrol.campaigns import batch_of, load_campaign
from patrol.errors import BadInput, PatrolError, StorageFull, in_words, no_room
from patrol.handling import Snapshot
from patrol.platforms import Platform, load_platform, platform_names
from patrol.reports.edits import LastIssue, read_last_issue
from patrol.reports.forms import Form
from patrol.reports.gather import gather
from patrol.reports.official import kept
from patrol.reports.official.workbook import losses
from patrol.reports.records import Report, ReportInput
from patrol.reports.snapshots import difference, snapshot, verify
from patrol.reports.to_docx import write_docx
from patrol.reports.to_xlsx import write_xlsx
from patrol.store import Store
from patrol.store.handling import HandlingBook

WRITERS: dict[str, Callable[[Report, Path], None]] = {".xlsx": write_xlsx, ".docx": write_docx}
_KIND = re.compile(r"\.(?=[0-9]*[A-Za-z])[0-9A-Za-z]{1,5}")


@dataclass(frozen=True, slots=True)
class Made:
    """The files of a form as written, and what the officer should know about them."""

    report: Report
    files: tuple[Path, ...]
    notes: tuple[str, ...] = ()


def read_input(form: Form, campaign_file: Path, batch: int, now: datetime, *, confirmed_only: bool = False) -> ReportInput:
    """Read what a form draws from; BadInput when a form of the whole campaign is asked for a part of it."""
    campaign = load_campaign(campaign_file)
    if batch and form.TEMPLATE.whole_campaign:
        raise BadInput(f"“{form.TEMPLATE.name}”按整个专项行动生成；请去掉 --batch", field="--batch")
    if confirmed_only and form.TEMPLATE.whole_campaign:
        raise BadInput(f"“{form.TEMPLATE.name}”须包含全部线索；请去掉 --confirmed", field="--confirmed")
    chosen = batch_of(campaign, batch) if batch else None
    workspace = settings.load().workspace
    store = Store.open(workspace)
    try:
        given = gather(store, campaign, chosen, made_at=now, platforms=_platforms())
        notes = provisional_notes(campaign, PublicDays(load_calendar(workspace)), *given.period)
        return replace(given, confirmed_only=confirmed_only, calendar_notes=tuple(notes))
    finally:
        store.close()


def _platforms() -> list[Platform]:
    """Return the platforms whose file can be read; another's fault must not hold up a report, it is shown by its bare name."""
    found = []
    for name in platform_names():
        try:
            found.append(load_platform(name))
        except BadInput:
            continue
    return found


def make(form: Form, campaign_file: Path, batch: int, output: Path, now: datetime) -> tuple[Path, ...]:
    """Make one form from the store and return its files."""
    return write(form, read_input(form, campaign_file, batch, now), output).files


def write(form: Form, given: ReportInput, output: Path) -> Made:
    """Build a form and write its files; a paper that an officer has edited is never overwritten."""
    files = targets(output, form)
    last = _last_issue(form, files)
    report = form.build(replace(given, edits=last.edits))
    written: list[Path] = []
    notes = [f"人工改过的数字“{key}”保留为“{text}”，已在报告中标出" for key, text in last.edits.items()]
    for file in files:
        target = file
        if file.suffix == ".docx" and report.paper is not None and not last.prose_kept:
            target = _free_name(file)
            notes.append(f"“{file.name}”的文字已由人工修改，未覆盖；新稿写入“{target.name}”")
        template = kept.kept(settings.load().workspace, report.form, file.suffix) if report.paper is None else None
        if template is None:
            whole(target, lambda part: WRITERS[part.suffix](report, part))
            written.append(target)
        else:
            written += _into_template(form, report, template, target, notes)
    return Made(report, tuple(written), tuple(notes))


def targets(output: Path, form: Form) -> tuple[Path, ...]:
    """Return the files to write: the one named, or one per kind of the form when it names no kind of file.

    BadInput for a kind that the form does not have (.ods, .pdf); “第1.5稿” is a name, not a kind.
    """
    kinds = tuple(f".{kind}" for kind in form.TEMPLATE.kinds)
    if output.suffix.lower() in kinds:
        return (output.with_suffix(output.suffix.lower()),)
    if _KIND.fullmatch(output.suffix):
        raise BadInput(f"{form.TEMPLATE.name}只能保存为{'、'.join(kinds)}；请改文件名，或不写后缀", file=output)
    if output.is_dir():
        output = output / form.TEMPLATE.name
    return tuple(output.with_name(output.name + kind) for kind in kinds)


def whole(file: Path, writer: Callable[[Path], object]) -> None:
    """Write beside the target and rename, so that a full disk or a kill leaves no half file."""
    part = file.with_name(f".{file.stem}.part{file.suffix}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        writer(part)
        part.replace(file)
    except OSError as error:
        if no_room(error):
            raise StorageFull(f"磁盘空间不足，“{file.name}”没有生成；请清理磁盘后重新运行") from error
        raise PatrolError(f"{file}：无法写入（{in_words(error)}）；请检查路径和权限，或关闭正打开它的程序") from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def submit(form: Form, given: ReportInput, report: Report, *, officer: str, reason: str) -> Snapshot:
    """Freeze a form as submitted; from the second revision on a reason is required (更正理由)."""
    batch = given.batch.number if given.batch else 0
    store = Store.open(settings.load().workspace)
    try:
        book = HandlingBook(store)
        earlier = book.snapshots(given.campaign.id, form.TEMPLATE.id, batch)
        verify(earlier)
        if earlier and not reason:
            raise BadInput(f"已报送过第{len(earlier)}版；更正须写明理由（--reason）", field="--reason")
        frozen = snapshot(
            report, earlier, campaign=given.campaign.id, batch=batch, officer=officer, reason=reason, at=given.made_at
        )
        book.freeze(frozen)
        return frozen
    finally:
        store.close()


def history(form: Form, campaign_file: Path, batch: int) -> tuple[Snapshot, ...]:
    """Return the submitted revisions of a form, verified; EvidenceBroken when one is not what was submitted."""
    campaign = load_campaign(campaign_file)
    store = Store.open(settings.load().workspace)
    try:
        chain = tuple(HandlingBook(store).snapshots(campaign.id, form.TEMPLATE.id, batch))
    finally:
        store.close()
    verify(chain)
    return chain


def write_difference(before: Snapshot, after: Snapshot, title: str, output: Path) -> Path:
    """Write the difference list of two revisions as a workbook beside the form; return its path."""
    table = difference(before, after)
    report = Report(form=after.form, title=f"{title}更正对照表", tables=(table,), made_at=after.at)
    file = output.with_name(f"{output.stem}-更正对照（第{before.revision}版至第{after.revision}版）.xlsx")
    whole(file, lambda part: write_xlsx(report, part))
    return file


def _last_issue(form: Form, files: tuple[Path, ...]) -> LastIssue:
    paper = next((file for file in files if file.suffix == ".docx"), None)
    if paper is None and files and form.TEMPLATE.whole_campaign:
        paper = files[0].with_suffix(".docx")
    return read_last_issue(paper) if paper is not None and form.TEMPLATE.whole_campaign else LastIssue()


def _free_name(file: Path) -> Path:
    names = (file.with_name(f"{file.stem}-新稿{number or ''}{file.suffix}") for number in (0, *range(2, 1000)))
    return next(name for name in names if not name.exists())


def _into_template(form: Form, report: Report, template: kept.KeptTemplate, target: Path, notes: list[str]) -> list[Path]:
    matches: list[str] = []

    def fill(part: Path) -> None:
        found = kept.fill(template, report.tables[0], form.TEMPLATE.name, part)
        matches.extend(match.heading for match in found if not match.key)

    whole(target, fill)
    if matches:
        notes.append(f"表样中没有对应内容、已留空的列：{'、'.join(matches)}")
    notes += [
        f"表样中的{what}不能带到填好的表里，请打开核对" for what in losses(template.file) if template.file.suffix == ".xlsx"
    ]
    annex = target.with_name(f"{target.stem}-附表{target.suffix}")
    rest = replace(report, tables=report.tables[1:])
    if not rest.tables:
        return [target]
    whole(annex, lambda part: WRITERS[part.suffix](rest, part))
    return [target, annex]
