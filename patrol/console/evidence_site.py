"""The evidence origin: a second port that serves one thing, a sealed page behind a ticket, under a policy that lets nothing run.

It knows no session and sets no cookie. Scripts, forms, frames, connections and every address outside are forbidden by policy,
and the frame that shows it is sandboxed besides.
"""

import re

from itsdangerous import BadSignature, URLSafeTimedSerializer
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from patrol.console.desk import Desk
from patrol.console.evidence import PAGES, sealed_file
from patrol.errors import BadInput, EvidenceError

TICKET_SECONDS = 900
_DIGEST = re.compile(r"[0-9a-f]{64}")
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([A-Za-z0-9_.:-]{1,40})", re.IGNORECASE)


def policy(console: str) -> str:
    """Return the Content-Security-Policy of captured pages."""
    return (
        "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; base-uri 'none';"
        f" form-action 'none'; frame-ancestors {console}"
    )


def evidence_app(desk: Desk) -> Starlette:
    """Return the application of the evidence origin."""

    async def page(request: Request) -> Response:
        return await run_in_threadpool(_page, desk, request)

    async def sample(request: Request) -> Response:
        return await run_in_threadpool(_sample, desk, request)

    return Starlette(routes=[Route("/page", page, methods=["GET"]), Route("/sample", sample, methods=["GET"])])


def _headers(desk: Desk) -> dict[str, str]:
    return {
        "Content-Security-Policy": policy(desk.origins.console),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-store",
        "Cross-Origin-Resource-Policy": "cross-origin",
    }


def _sample(desk: Desk, request: Request) -> Response:
    """Send a page that was no evidence (a wall) from the spool, behind a ticket of its own."""
    headers = _headers(desk)
    try:
        sealer = URLSafeTimedSerializer(desk.secret, salt="sample")
        sha256 = str(sealer.loads(request.query_params.get("ticket", ""), max_age=TICKET_SECONDS))
    except BadSignature:
        return PlainTextResponse("链接已失效，请回到控制台重新打开", status_code=403, headers=headers)
    file = desk.workspace / "spool" / sha256
    if not _DIGEST.fullmatch(sha256) or not file.is_file():
        return PlainTextResponse("抓取缓存已清除", status_code=404, headers=headers)
    return Response(file.read_bytes(), headers={**headers, "Content-Type": "text/html"})


def _page(desk: Desk, request: Request) -> Response:
    headers = _headers(desk)
    try:
        sealer = URLSafeTimedSerializer(desk.secret, salt="evidence")
        number, sha256 = sealer.loads(request.query_params.get("ticket", ""), max_age=TICKET_SECONDS)
        manifest, entry = sealed_file(desk.vault, str(number), str(sha256), PAGES)
        body = desk.vault.objects.read(entry.sha256)
    except BadSignature:
        return PlainTextResponse("链接已失效，请回到控制台重新打开", status_code=403, headers=headers)
    except (BadInput, EvidenceError) as error:
        return PlainTextResponse(str(error), status_code=404, headers=headers)
    declared = manifest.capture.content_type if manifest.capture else entry.media_type
    media = "text/html" if entry.role == "dom" or "html" in declared.lower() else "text/plain"
    charset = _CHARSET.search(declared)
    kind = f"{media}; charset={charset.group(1)}" if charset else ("text/html; charset=utf-8" if entry.role == "dom" else media)
    return Response(body, headers={**headers, "Content-Type": kind})
