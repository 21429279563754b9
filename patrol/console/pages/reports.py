"""报表: make a form, look at it, freeze it as submitted, fetch its files."""

import re
from pathlib import Path

from starlette.responses import FileResponse, Response

from patrol.campaigns import china_today
from patrol.console.call import Call
from patrol.errors import BadInput, Refused
from patrol.handling import ManualPatrol
from patrol.reports.forms import Form, forms
from patrol.reports.making import history, read_input, submit, write, write_difference
from patrol.reports.records import BLANK

_TYPES = {
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".pdf": "application/pdf",
}
_SHOWN_ROWS = 200
_HOURS = re.compile(r"\d{1,2}(\.\d{1,2})?", re.ASCII)


def reports_page(call: Call) -> Response:
    """Show every form with its batches, and the files made so far."""
    campaign = call.campaign
    files = [(path, path.stat().st_mtime) for path in _folder(call).rglob("*") if path.suffix in _TYPES and path.name[0] != "."]
    files.sort(key=lambda item: -item[1])
    return call.page(
        "reports.html",
        forms=[one.TEMPLATE for one in forms().values()],
        campaign=campaign,
        files=[(path.relative_to(_folder(call)).as_posix(), path.stat()) for path, _ in files[:60]],
    )


def _folder(call: Call) -> Path:
    folder = call.desk.workspace / "reports"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _form(call: Call) -> Form:
    found = forms().get(call.path("form"))
    if found is None:
        raise Refused(404, "没有这种表单")
    return found


def _batch(call: Call, form: Form) -> int:
    text = call.query("batch") or call.text("batch")
    number = int(text) if text.isdigit() else 0
    return 0 if form.TEMPLATE.whole_campaign else number


def form_page(call: Call) -> Response:
    """Show a form as it would be made now, with its earlier issues."""
    form, campaign = _form(call), call.need_campaign()
    batch = _batch(call, form)
    given = read_input(form, Path(campaign.path), batch, call.now)
    report = form.build(given)
    call.audit("view_report", form.TEMPLATE.name, f"第{batch}批" if batch else "整个专项行动")
    return call.page(
        "report.html",
        form=form.TEMPLATE,
        report=report,
        batch=batch,
        campaign=campaign,
        earlier=history(form, Path(campaign.path), batch),
        blank=BLANK,
        most=_SHOWN_ROWS,
        blanks=sum(str(value).count(BLANK) for table in report.tables for row in table.rows for value in row.values),
    )


def make(call: Call) -> Response:
    """Make a form's files."""
    form, campaign = _form(call), call.need_campaign()
    batch = _batch(call, form)
    made = write(form, read_input(form, Path(campaign.path), batch, call.now), _output(call, form, batch))
    names = "、".join(path.name for path in made.files)
    call.audit("make_report", form.TEMPLATE.name, names)
    notes = f"；{'；'.join(made.notes)}" if made.notes else ""
    return call.go("/reports", said=f"已生成 {names}{notes}")


def _output(call: Call, form: Form, batch: int) -> Path:
    campaign = call.need_campaign()
    return _folder(call) / campaign.id / f"{form.TEMPLATE.name}{f'-第{batch}批' if batch else ''}"


def freeze(call: Call) -> Response:
    """Freeze a form as submitted; from the second issue on with a reason, and a list of what changed."""
    form, campaign = _form(call), call.need_campaign()
    batch, reason = _batch(call, form), call.text("reason", most=500)
    before = history(form, Path(campaign.path), batch)
    if before and not reason:
        raise BadInput(f"已报送过第{len(before)}版；更正须写明理由", field="理由")
    given = read_input(form, Path(campaign.path), batch, call.now)
    made = write(form, given, _output(call, form, batch))
    frozen = submit(form, given, made.report, officer=call.who.name, reason=reason)
    if before:
        write_difference(before[-1], frozen, form.TEMPLATE.name, made.files[0])
    call.audit("submit_report", form.TEMPLATE.name, f"第{frozen.revision}版 {frozen.digest}")
    return call.go(f"/reports/{form.TEMPLATE.id}?batch={batch}", said=f"已存档第{frozen.revision}版，校验值 {frozen.digest[:16]}")


def download(call: Call) -> Response:
    """Send a made file."""
    folder = _folder(call).resolve()
    path = (folder / call.path("file")).resolve()
    if not path.is_relative_to(folder) or not path.is_file() or path.suffix not in _TYPES:
        raise Refused(404, "没有这个文件")
    call.audit("download", path.name)
    return FileResponse(path, media_type=_TYPES[path.suffix], filename=path.name)


def to_pdf(call: Call) -> Response:
    """Print a made file to PDF in a child process (LibreOffice)."""
    folder = _folder(call).resolve()
    path = (folder / call.text("file", most=300)).resolve()
    if not path.is_relative_to(folder) or path.suffix not in {".docx", ".xlsx"} or not path.is_file():
        raise Refused(404, "没有这个文件")
    number = call.desk.tasks.start("report", f"PDF 预览：{path.name}", ["report", "pdf", str(path)], name=call.who.name)
    call.audit("pdf", path.name)
    return call.go(f"/tasks/{number}")


def record_hours(call: Call) -> Response:
    """Record hours that people looked at a source by hand: what no machine knows, and the coverage table leaves blank."""
    campaign = call.need_campaign()
    source, hours, people = call.text("source"), call.need("hours", "每人小时数"), call.text("people") or "1"
    if source not in {choice.name for choice in campaign.sources}:
        raise BadInput("请选择专项行动里的来源", field="来源")
    if not _HOURS.fullmatch(hours) or not 0 < float(hours) <= 24 or not people.isascii() or not people.isdigit():
        raise BadInput("小时数应为0到24的数，人数应为整数", field="小时数")
    at = call.day("at", "日期") or china_today(call.now)
    patrol = ManualPatrol(source=source, hours=float(hours), people=max(1, min(int(people), 500)), at=at)
    call.books.handling.record_hours(campaign.id, patrol, officer=call.who.name, recorded_at=call.now)
    call.audit("hours", source, f"{patrol.people}人，每人{patrol.hours:g}小时")
    return call.go("/reports", said="人工巡查时数已记录，生成表单时填入")
