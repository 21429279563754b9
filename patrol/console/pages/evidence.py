"""Evidence: screenshots with the findings drawn, sealed pages in the sandbox of another origin, custody, check, export."""

import re
import tempfile
from pathlib import Path

from itsdangerous import URLSafeTimedSerializer
from starlette.background import BackgroundTask
from starlette.responses import FileResponse, Response

from patrol.console.call import Call
from patrol.console.evidence import PAGES, PICTURES, custody_rows, evidence_view, marked_picture, sealed_file
from patrol.console.highlighting import PASSAGE
from patrol.console.lead_view import check_district
from patrol.console.posters import Poster, marks_file, marks_of, picture_bytes, posters_of
from patrol.console.tasks import PICTURE_READER
from patrol.errors import BadInput, Refused
from patrol.model import Lead
from patrol.vault.package import zip_folder
from patrol.vault.replies import pinned_roots
from patrol.vault.verify import verify

_READ_SECONDS = 60
_OF_LEAD = re.compile(r"ZJ(\d{4}-\d{6,})(?:-F\d+)?$")
ACTIONS = {
    "create": "建库",
    "capture": "入库",
    "timestamp": "时间戳",
    "view": "查看",
    "export": "导出",
    "mask": "打码",
    "delete": "删除",
    "restore": "恢复",
    "verify": "核验",
}


def _number(call: Call) -> str:
    """Return the evidence number of the path, when its lead is the officer's to see."""
    number = call.path("number")
    lead = lead_of(number)
    if campaign := call.books.leads.campaign_of(lead):
        call.look_at(campaign)
        check_district(call, call.books.leads.card(lead))
    return number


def lead_of(number: str) -> str:
    """Return the lead of an evidence number, that of a later look (`ZJ2027-000001-F…`) too."""
    found = _OF_LEAD.match(number)
    return f"XS{found[1]}" if found else number


def evidence_page(call: Call) -> Response:
    """Show what an item holds, and its custody rows; the view itself becomes one."""
    number = _number(call)
    view = evidence_view(call.desk.vault, number)
    if view.state == "none":
        raise BadInput(f"没有编号为“{number[:40]}”的证据，或尚未封存")
    call.desk.vault.record("view", number=number, actor=call.who.name, reason="控制台查看")
    call.audit("view_evidence", number)
    return call.page(
        "evidence.html", view=view, lead=lead_of(number), rows=custody_rows(call.desk.vault, number), actions=ACTIONS
    )


def picture_page(call: Call) -> Response:
    """Show a screenshot with the places where the findings' words stand."""
    number, sha256 = _number(call), call.path("sha256")
    manifest, entry = sealed_file(call.desk.vault, number, sha256, PICTURES)
    lead_number = lead_of(number)
    quotes = _quotes(call.books.store.lead(lead_number)) if call.books.leads.campaign_of(lead_number) else []
    picture = marked_picture(call.desk.vault, manifest, entry, quotes)
    call.audit("view_evidence", number, entry.name)
    return call.page("picture.html", number=number, lead=lead_number, entry=entry, picture=picture, manifest=manifest)


def picture_file(call: Call) -> Response:
    """Send a sealed screenshot: PNG, whatever else it may be."""
    number, sha256 = _number(call), call.path("sha256")
    _, entry = sealed_file(call.desk.vault, number, sha256, PICTURES)
    data = call.desk.vault.objects.read(entry.sha256)
    headers = {"Cache-Control": "private, max-age=3600, immutable", "Content-Disposition": "inline"}
    return Response(data, media_type="image/png", headers=headers)


def poster_page(call: Call) -> Response:
    """Show a picture of the lead with the places of its words; read in a child process at the first look."""
    lead, poster = _poster(call)
    marks = marks_of(_marks_file(call, lead, poster))
    call.audit("view_evidence", lead.evidence, poster.title)
    return call.page("poster.html", lead=lead, poster=poster, marks=marks, failed="")


def poster_file(call: Call) -> Response:
    """Send a picture of the lead as what its first bytes say it is."""
    _, poster = _poster(call)
    data, kind = picture_bytes(call, poster)
    headers = {"Cache-Control": "private, max-age=3600", "Content-Disposition": "inline", "Content-Security-Policy": "sandbox"}
    return Response(data, media_type=kind, headers=headers)


def read_poster(call: Call) -> Response:
    """Read where the words of a picture stand (a child process, some seconds), and show them."""
    lead, poster = _poster(call)
    target = _marks_file(call, lead, poster)
    failed = ""
    if marks_of(target) is None:
        quotes = _quotes(lead)
        arguments = ["mark", poster.sha256, "--output", str(target), *(part for quote in quotes for part in ("--quote", quote))]
        number = call.desk.tasks.start("ocr", f"读图 {lead.number}", arguments, name=call.who.name, module=PICTURE_READER)
        call.desk.tasks.wait(number, _READ_SECONDS)
        task = call.books.work.task(number)
        failed = "" if task and task.code == 0 else task.result if task and task.result else "没有在一分钟内读完，请稍后再试"
    template = "_poster.html" if call.fragment else "poster.html"
    return call.page(template, lead=lead, poster=poster, marks=marks_of(target), failed=failed)


def _poster(call: Call) -> tuple[Lead, Poster]:
    number, sha256 = call.path("number"), call.path("sha256")
    check_district(call, call.books.leads.card(number))
    lead = call.books.store.lead(number)
    images = lead.screening.post.images if lead.screening else ()
    manifests = evidence_view(call.desk.vault, lead.evidence).manifests
    known = posters_of(call, images, call.books.leads.campaign_of(number), manifests)
    poster = next((one for one in known if one.sha256 == sha256), None)
    if poster is None:
        raise Refused(404, "没有这张图片；抓取缓存到期后会自动清除")
    return lead, poster


def _marks_file(call: Call, lead: Lead, poster: Poster) -> Path:
    version = lead.screening.detection.rules_version if lead.screening else ""
    return marks_file(call.desk.workspace, poster.sha256, version)


def _quotes(lead: Lead) -> list[str]:
    findings = lead.screening.detection.findings if lead.screening else ()
    return list(dict.fromkeys(finding.quote for finding in findings if finding.meaning != PASSAGE and len(finding.quote) <= 16))


def sandbox(call: Call) -> Response:
    """Show a sealed page in a frame of the evidence origin."""
    number, sha256 = _number(call), call.path("sha256")
    _, entry = sealed_file(call.desk.vault, number, sha256, PAGES)
    call.desk.vault.record("view", number=number, actor=call.who.name, reason=f"查看网页原文 {entry.name}")
    call.audit("view_evidence", number, entry.name)
    ticket = URLSafeTimedSerializer(call.desk.secret, salt="evidence").dumps([number, sha256])
    return call.page("sandbox.html", number=number, entry=entry, frame=f"{call.desk.origins.evidence}/page?ticket={ticket}")


def check(call: Call) -> Response:
    """Check an item against what was sealed."""
    number = _number(call)
    desk = call.desk
    report = verify(desk.vault.root / "items" / number, roots=pinned_roots(desk.settings))
    desk.vault.record("verify", number=number, actor=call.who.name, reason=report.summary[:200])
    call.audit("verify", number, report.summary)
    return call.page("verify.html", number=number, report=report)


def export(call: Call) -> Response:
    """Send an item as a zip that anyone can check; originals only with a reason. The export goes into both logs."""
    number, reason = _number(call), call.text("reason", most=500)
    original = call.text("original") == "1"
    if original and not reason:
        raise BadInput("导出未打码的原件必须写明事由", field="事由")
    folder = Path(tempfile.mkdtemp(dir=_exports(call)))
    call.desk.vault.export(number, folder / number, masked=not original, actor=call.who.name, reason=reason or "控制台导出")
    target = folder / f"{number}.zip"
    zip_folder(folder / number, target, root=number)
    call.audit("export", number, f"{'原件' if original else '打码件'}：{reason}")
    return FileResponse(target, filename=target.name, background=BackgroundTask(_remove, folder))


def _exports(call: Call) -> Path:
    folder = call.desk.workspace / "exports"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _remove(folder: Path) -> None:
    for path in sorted(folder.rglob("*"), reverse=True):
        path.chmod(0o700) if path.is_dir() else path.chmod(0o600)
        path.rmdir() if path.is_dir() else path.unlink()
    folder.rmdir()
