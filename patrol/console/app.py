"""The application: every door of the table behind the gate, security headers on every answer, plain pages for every error."""

import logging
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from http import HTTPStatus

from fastapi import Depends, FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from patrol.console.catching_up import CatchingUp
from patrol.console.desk import Desk
from patrol.console.doors import DOORS
from patrol.console.gate import Door, admit, handler, refuse
from patrol.console.rendering import render
from patrol.errors import PatrolError, Refused

_log = logging.getLogger("patrol.console")
_PAGE_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=()",
}


def policy(desk: Desk) -> str:
    """Return the Content-Security-Policy of the console's own pages: our files, nothing inline, nothing from elsewhere."""
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self';"
        f" frame-src {desk.origins.evidence}; frame-ancestors 'none'; base-uri 'none'; report-uri /csp-report"
    )


def console_app(desk: Desk) -> FastAPI:
    """Return the console of a desk; its search index catches up while it runs."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        catching_up = CatchingUp(desk)
        catching_up.start()
        yield
        await run_in_threadpool(catching_up.stop)
        await run_in_threadpool(desk.close)

    app = FastAPI(
        title="校外培训线上巡查 接口",
        version="1",
        description="线索、决定、报表、名单。用“人员”页发放的令牌调用：Authorization: Bearer 令牌。",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        lifespan=lifespan,
        redirect_slashes=False,
    )
    app.state.desk = desk
    app.state.api_doors = tuple(door for door in DOORS if door.api)
    for door in DOORS:
        _hang(app, door, desk)
    _catch(app, desk)
    _protect(app, desk)
    return app


def _hang(app: FastAPI, door: Door, desk: Desk) -> None:
    if not door.api:
        app.add_route(door.path, handler(door, desk), methods=[door.method], include_in_schema=False)
        return

    async def guard(request: Request) -> None:
        request.state.call = await run_in_threadpool(admit, request, door, desk)
        call = request.state.call
        own = request.headers.get("x-csrf-token", "")
        if request.method != "GET" and call.session and not secrets.compare_digest(own.encode(), call.csrf.encode()):
            raise Refused(403, "请用令牌调用接口")

    app.add_api_route(door.path, door.endpoint, methods=[door.method], dependencies=[Depends(guard)])


def _catch(app: FastAPI, desk: Desk) -> None:
    async def ours(request: Request, error: Exception) -> Response:
        return await refuse(request, error if isinstance(error, PatrolError) else PatrolError(str(error)), desk)

    async def by_http(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        text = {404: "没有这一页；请检查网址，或从菜单进入", 405: "这一页不能这样访问"}.get(status, "请求不正确")
        return await refuse(request, Refused(status, text), desk)

    async def invalid(request: Request, error: Exception) -> Response:
        found = error.errors()[0] if isinstance(error, RequestValidationError) else {"loc": (), "msg": str(error)}
        where = ".".join(str(part) for part in found["loc"])
        return await refuse(request, Refused(400, f"字段“{where}”：{found['msg']}"), desk)

    async def unforeseen(request: Request, error: Exception) -> Response:
        number = secrets.token_hex(3).upper()
        _log.error("error %s: %s %s", number, request.method, request.url.path, exc_info=error)
        text = "程序出错，您的操作可能没有保存；请刷新后查看。如再次出现，请把错误编号告知技术人员（详情在 logs/console.log）"
        if request.url.path.startswith("/api/"):
            return JSONResponse({"error": text, "number": number}, status_code=HTTPStatus.INTERNAL_SERVER_ERROR)
        template = "_notice.html" if request.headers.get("hx-request") == "true" else "error.html"
        page = render(template, {"title": "程序出错", "text": text, "number": number, "status": 500, "theme": ""})
        return HTMLResponse(page, status_code=HTTPStatus.INTERNAL_SERVER_ERROR)

    app.add_exception_handler(PatrolError, ours)
    app.add_exception_handler(HTTPException, by_http)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(Exception, unforeseen)


def _protect(app: FastAPI, desk: Desk) -> None:
    own_policy = policy(desk)

    @app.middleware("http")
    async def headers(request: Request, following: Callable[[Request], Awaitable[Response]]) -> Response:
        response = await following(request)
        response.headers.setdefault("Content-Security-Policy", own_policy)
        for name, value in _PAGE_HEADERS.items():
            response.headers.setdefault(name, value)
        response.headers.setdefault("Cache-Control", "no-store")
        if desk.origins.console.startswith("https:"):
            response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
        return response
