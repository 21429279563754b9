"""Evidence: screenshots with the findings drawn, sealed pages in the sandbox of another origin, custody, check, export."""

import tempfile
from pathlib import Path

from itsdangerous import URLSafeTimedSerializer
from starlette.background import BackgroundTask
from starlette.responses import FileResponse, RedirectResponse, Response

from patrol.console.call import Call
from patrol.console.evidence import PAGES, PICTURES, custody_rows, evidence_view, marked_picture, sealed_file
from patrol.console.highlighting import PASSAGE
from patrol.console.lead_view import check_district
from patrol.errors import BadInput
from patrol.vault.package import zip_folder
from patrol.vault.replies import pinned_roots
from patrol.vault.verify import verify

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
    lead = f"XS{number.removeprefix('ZJ')}"
    if call.books.leads.campaign_of(lead):
        check_district(call, call.books.leads.card(lead))
    return number


def evidence_page(call: Call) -> Response:
    """Show what an item holds, and its custody rows; the view itself becomes one."""
    number = _number(call)
    view = evidence_view(call.desk.vault, number)
    if view.state == "none":
        raise BadInput(f"没有编号为“{number[:40]}”的证据，或尚未封存")
    call.desk.vault.record("view", number=number, actor=call.who.name, reason="控制台查看")
    call.audit("view_evidence", number)
    return call.page("evidence.html", view=view, rows=custody_rows(call.desk.vault, number), actions=ACTIONS)


def picture_page(call: Call) -> Response:
    """Show a screenshot with the places where the findings' words stand."""
    number, sha256 = _number(call), call.path("sha256")
    manifest, entry = sealed_file(call.desk.vault, number, sha256, PICTURES)
    lead_number = f"XS{number.removeprefix('ZJ')}"
    quotes: list[str] = []
    if call.books.leads.campaign_of(lead_number):
        lead = call.books.store.lead(lead_number)
        findings = lead.screening.detection.findings if lead.screening else ()
        quotes = [finding.quote for finding in findings if finding.meaning != PASSAGE]
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


def to_lead(call: Call) -> Response:
    """Lead from an evidence number to its lead."""
    return RedirectResponse(f"/leads/XS{call.path('number').removeprefix('ZJ')}", status_code=303)
