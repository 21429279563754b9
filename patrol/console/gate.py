"""The one way in: who asks, may they, does the form come from us; and the one place where an error becomes a page."""

import logging
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import cast
from urllib.parse import quote, urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from patrol.console import limits
from patrol.console.call import Call
from patrol.console.desk import Desk
from patrol.console.people import Role, digest_of, lower_role
from patrol.console.rendering import render
from patrol.console.resuming import resume_of
from patrol.errors import BadInput, Conflict, EvidenceError, NotAvailable, PatrolError, Refused, StoreError

SESSION_COOKIE = "patrol_session"
MOST_BYTES = 80_000_000
_WRITES = {"POST", "PUT", "PATCH", "DELETE"}
_log = logging.getLogger("patrol.console")

Endpoint = Callable[[Call], Response]


@dataclass(frozen=True, slots=True)
class Door:
    """One address of the console. `roles` may pass; None opens it to everybody (and needs a reason: `open_why`)."""

    method: str
    path: str
    endpoint: Endpoint | Callable[..., object]
    roles: frozenset[Role] | None
    api: bool = False
    open_why: str = ""


def handler(door: Door, desk: Desk) -> Callable[[Request], Awaitable[Response]]:
    """Return the ASGI endpoint of a page's door."""

    async def handle(request: Request) -> Response:
        return await answer(request, door, desk)

    return handle


async def answer(request: Request, door: Door, desk: Desk) -> Response:
    """Let a request through its door, run the page in a thread, and turn errors into pages."""
    try:
        call = await run_in_threadpool(admit, request, door, desk)
        if request.method in _WRITES:
            await _read_form(call, door)
        return await run_in_threadpool(cast("Endpoint", door.endpoint), call)
    except PatrolError as error:
        return await refuse(request, error, desk)


async def refuse(request: Request, error: PatrolError, desk: Desk) -> Response:
    """Answer an error as a page, a notice for htmx, or JSON, with a number to quote; no session leads to the login page."""
    status = status_of(error)
    number = secrets.token_hex(3).upper()
    _log.warning("error %s: %s %s -> %s %s", number, request.method, request.url.path, status, error)
    headers = {"Retry-After": str(error.wait)} if isinstance(error, Refused) and error.wait else {}
    if request.url.path.startswith("/api/"):
        return JSONResponse({"error": str(error), "number": number}, status_code=status, headers=headers)
    if status == HTTPStatus.UNAUTHORIZED:
        return await _to_login(request, desk)
    values = {"text": str(error), "number": number, "status": status, "title": _title(status), "theme": ""}
    fragment = request.headers.get("hx-request") == "true"
    return HTMLResponse(render("_notice.html" if fragment else "error.html", values), status_code=status, headers=headers)


def status_of(error: PatrolError) -> int:
    """Return the HTTP status that fits an error."""
    if isinstance(error, Refused):
        return error.status
    by_kind: tuple[tuple[type[PatrolError], HTTPStatus], ...] = (
        (BadInput, HTTPStatus.BAD_REQUEST),
        (Conflict, HTTPStatus.CONFLICT),
        (NotAvailable, HTTPStatus.NOT_IMPLEMENTED),
        (EvidenceError, HTTPStatus.UNPROCESSABLE_ENTITY),
        (StoreError, HTTPStatus.SERVICE_UNAVAILABLE),
    )
    return next((status for kind, status in by_kind if isinstance(error, kind)), HTTPStatus.INTERNAL_SERVER_ERROR)


def _title(status: int) -> str:
    return {
        400: "填写的内容有问题",
        403: "没有权限",
        404: "没有这一页",
        409: "刚刚被他人更改",
        413: "文件过大",
        422: "证据无法读取",
        429: "操作过于频繁",
        501: "本机缺少所需程序",
        503: "数据库正忙",
    }.get(status, "出错了")


async def _to_login(request: Request, desk: Desk) -> Response:
    """Send to the login page; what stood in a form goes along, sealed, and is offered again after login."""
    target = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    if request.method not in _WRITES:
        if request.headers.get("hx-request") == "true":
            return Response(status_code=204, headers={"HX-Redirect": f"/login?next={quote(_current(request))}"})
        return RedirectResponse(f"/login?next={quote(target)}", status_code=303)
    resume = await resume_of(request, desk.secret)
    values = {"next": _current(request), "resume": resume, "error": "", "theme": "", "login": ""}
    headers = {"HX-Retarget": "body", "HX-Reswap": "innerHTML"} if request.headers.get("hx-request") == "true" else {}
    status = HTTPStatus.OK if headers else HTTPStatus.UNAUTHORIZED
    return HTMLResponse(render("login.html", values), status_code=status, headers=headers)


def _current(request: Request) -> str:
    shown = urlsplit(request.headers.get("hx-current-url", "") or request.headers.get("referer", ""))
    return shown.path + (f"?{shown.query}" if shown.query else "") if shown.path.startswith("/") else "/"


def admit(request: Request, door: Door, desk: Desk) -> Call:
    """Return the call of a request that may pass; raises Refused (401, 403, 413, 429)."""
    _check_host(request, desk)
    call = _who(request, desk)
    who = call.user.login if call.user else f"@{call.address}"
    writing = request.method in _WRITES
    wait = desk.limits.take(f"{'w' if writing else 'r'}:{who}", limits.WRITE if writing else limits.READ)
    if wait:
        raise Refused(429, f"操作过于频繁，请{int(wait) + 1}秒后再试", wait=int(wait) + 1)
    if int(request.headers.get("content-length", "0") or 0) > MOST_BYTES:
        raise Refused(413, f"一次最多上传{MOST_BYTES // 1_000_000} MB；请分几次")
    if door.roles is None:
        return call
    if call.user is None or call.role is None:
        raise Refused(401, "请先登录")
    if call.user.must_change and not door.path.startswith("/me"):
        raise Refused(403, "请先在“我的账号”修改初始密码：/me")
    if call.role not in door.roles:
        call.audit("refused", request.url.path, f"{call.role.chinese}无此权限")
        raise Refused(403, f"您的角色是“{call.role.chinese}”，不能进行这项操作；请联系管理员")
    if writing and call.session:
        _check_origin(request)
    return call


def _who(request: Request, desk: Desk) -> Call:
    """Return the call with its user: by API key on /api/, by session cookie otherwise; without one the user is None."""
    call = Call(request=request, desk=desk, user=None, role=None)
    key = request.headers.get("authorization", "")
    if key.lower().startswith("bearer ") and request.url.path.startswith("/api/"):
        found = desk.books.accounts.token_user(digest_of(key[7:].strip()), call.now)
        if found is not None:
            call.user, call.role = found[0], lower_role(Role(found[1]), Role(found[0].role))
        return call
    cookie = request.cookies.get(SESSION_COOKIE, "")
    session = desk.books.accounts.session(digest_of(cookie), call.now) if cookie else None
    if session is not None:
        call.user, call.role, call.csrf, call.session = session.user, Role(session.user.role), session.csrf, session.token
    return call


def _check_host(request: Request, desk: Desk) -> None:
    """Refuse a foreign host name on a console that listens to this machine alone (DNS rebinding)."""
    own = urlsplit(desk.origins.console).hostname or ""
    local = {"127.0.0.1", "localhost", "::1"}
    asked = urlsplit(f"//{request.headers.get('host', '')}").hostname or ""
    if own in local and asked not in local:
        raise Refused(403, "请用启动时显示的网址打开本系统")


def _check_origin(request: Request) -> None:
    origin = request.headers.get("origin", "")
    if origin and origin != "null" and urlsplit(origin).netloc != request.headers.get("host", ""):
        raise Refused(403, "这次提交不是从本系统的页面发出的，已拒绝")
    if request.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        raise Refused(403, "这次提交不是从本系统的页面发出的，已拒绝")


async def _read_form(call: Call, door: Door) -> None:
    """Read the form and hold it against the session's secret; an API key needs none, JSON is read by its endpoint."""
    if door.api:
        if call.session and not secrets.compare_digest(call.request.headers.get("x-csrf-token", ""), call.csrf):
            raise Refused(403, "缺少校验码；接口请用令牌调用")
        return
    if call.request.headers.get("content-type", "").startswith(("multipart/form-data", "application/x-www-form-urlencoded")):
        call.form = await call.request.form(max_files=50, max_fields=2000, max_part_size=MOST_BYTES)
    if door.roles is None:
        return
    given = call.request.headers.get("x-csrf-token", "") or call.text("csrf")
    if not secrets.compare_digest(given.encode(), call.csrf.encode()):
        raise Refused(403, "页面已过期（校验码不符）；请返回上一页刷新后重新提交，您填写的内容仍在上一页")
