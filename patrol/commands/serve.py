"""`patrol serve`: the console on one port, captured pages on the next, on this machine unless told otherwise; and the clock."""

import asyncio
import logging
import socket
import ssl
import webbrowser
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Annotated

import typer
import uvicorn
from fastapi import FastAPI
from starlette.applications import Starlette

from patrol import settings as settings_module
from patrol.console.app import console_app
from patrol.console.desk import Desk, Origins
from patrol.console.evidence_site import evidence_app
from patrol.errors import BadInput, NotAvailable, in_words
from patrol.operation.clock_child import ClockChild
from patrol.settings import Settings

_LOCAL = {"127.0.0.1", "localhost", "::1"}
_LOG_BYTES = 5_000_000
_LOOK_SECONDS = 0.1
_LAST_PORT = 65534
_log = logging.getLogger("patrol.console")


def serve_command(
    campaign: Annotated[list[Path] | None, typer.Option("--campaign", "-c", help="专项行动文件（TOML），可写多次")] = None,
    host: Annotated[str, typer.Option("--host", help="监听地址；不写则用设置 console_host")] = "",
    port: Annotated[int, typer.Option("--port", help="端口；不写则用设置 console_port")] = 0,
    browser: Annotated[bool, typer.Option("--open/--no-open", help="启动后打开浏览器")] = True,
    schedule: Annotated[bool, typer.Option("--schedule/--no-schedule", help="同时运行调度服务（自动巡查、复查、备份）")] = True,
) -> None:
    """启动控制台和调度服务：审核线索、巡查、名单、报表、移送。首次启动时显示一次性的设置网址。"""
    settings = settings_module.load()
    place = place_of(settings, host, port)
    check_free(place)
    desk = Desk(settings, place.origins)
    for file in campaign or ():
        desk.prefer_campaign(file)
    _log_to(settings.workspace / "logs" / "console.log", settings.text("log_level"))
    address = first_address(desk)
    typer.echo(f"控制台：{address}")
    if "/setup" in address:
        typer.echo("首次使用：请在本机浏览器打开上面的网址建立管理员（只能用一次，重启后更换）。")
    typer.echo("按 Ctrl+C 停止。")
    show = partial(webbrowser.open, address) if browser and place.host in _LOCAL and settings_module.has_desktop() else None
    clock = ClockChild(settings.workspace, _tell_of_clock) if schedule else None
    try:
        asyncio.run(run_both(console_app(desk), evidence_app(desk), place, began=partial(_began, clock, show)))
    finally:
        if clock is not None:
            clock.stop()


def _began(clock: ClockChild | None, show: Callable[[], object] | None) -> None:
    if clock is not None:
        clock.start()
    if show is not None:
        show()


def _tell_of_clock(line: str) -> None:
    typer.echo(f"调度：{line}", err=True)
    _log.info("clock: %s", line)


@dataclass(frozen=True, slots=True)
class Place:
    """Where the console listens; the evidence viewer takes the next port."""

    host: str
    port: int
    certificate: str = ""
    key: str = ""

    @property
    def origins(self) -> Origins:
        """The two origins as a browser writes them."""
        scheme = "https" if self.certificate else "http"
        name = f"[{self.host}]" if ":" in self.host else self.host
        return Origins(f"{scheme}://{name}:{self.port}", f"{scheme}://{name}:{self.port + 1}")


def place_of(settings: Settings, host: str = "", port: int = 0) -> Place:
    """Return where to listen; BadInput when the console would be open to the network without TLS, or a file is missing."""
    place = Place(
        host or settings.text("console_host"),
        port or int(settings.number("console_port")),
        settings.text("console_certificate"),
        settings.text("console_key"),
    )
    if not 1 <= place.port <= _LAST_PORT:
        raise BadInput(f"端口应在 1 至 {_LAST_PORT} 之间（证据查看用下一个端口），实际为 {place.port}", field="--port")
    if place.host not in _LOCAL and not place.certificate:
        raise BadInput("监听本机以外的地址须启用 TLS：请在 settings.toml 写 console_certificate 和 console_key", field="--host")
    for name, file in (("console_certificate", place.certificate), ("console_key", place.key)):
        if file and not Path(file).is_file():
            raise BadInput("找不到这个文件", file=file, field=name)
    return place


def check_free(place: Place) -> None:
    """Raise NotAvailable when one of the two ports cannot be listened on, before anything is begun or shown."""
    family = socket.AF_INET6 if ":" in place.host else socket.AF_INET
    for port in (place.port, place.port + 1):
        try:
            socket.create_server((place.host, port), family=family).close()
        except socket.gaierror as error:
            raise BadInput(f"没有“{place.host}”这个地址；请写本机的地址，如 127.0.0.1", field="--host") from error
        except OSError as error:
            raise NotAvailable(
                f"端口 {port} 不能用（{in_words(error)}）；请用 --port 换一个，或关闭占用它的程序（也许是另一个控制台）"
            ) from error


def first_address(desk: Desk) -> str:
    """Return the address to open: the one-time set-up page as long as there is no administrator."""
    if desk.books.accounts.count():
        return desk.origins.console
    return f"{desk.origins.console}/setup?token={desk.setup_token}"


async def run_both(console: FastAPI, evidence: Starlette, place: Place, *, began: Callable[[], None] = lambda: None) -> None:
    """Run both servers until they are stopped; `began` is called once both listen. NotAvailable when a port is taken."""
    both = servers(console, evidence, place)
    await asyncio.gather(*(_run(server, both) for server in both), _when_listening(both, began))


async def _when_listening(both: list[uvicorn.Server], began: Callable[[], None]) -> None:
    while not all(server.started for server in both):
        if any(server.should_exit for server in both):
            return
        await asyncio.sleep(_LOOK_SECONDS)
    await asyncio.to_thread(began)


def servers(console: FastAPI, evidence: Starlette, place: Place) -> list[uvicorn.Server]:
    """Return the two servers, not started yet."""
    return [_server(console, place, place.port), _server(evidence, place, place.port + 1)]


async def _run(server: uvicorn.Server, both: list[uvicorn.Server]) -> None:
    try:
        await server.serve()
    except (SystemExit, OSError) as error:
        raise NotAvailable(f"端口 {server.config.port} 已被占用；请用 --port 换一个，或关闭另一个控制台") from error
    finally:
        # one without the other is of no use: they end together
        for other in both:
            other.should_exit = True


def _server(app: FastAPI | Starlette, place: Place, port: int) -> uvicorn.Server:
    config = uvicorn.Config(
        app,
        host=place.host,
        port=port,
        ssl_certfile=place.certificate or None,
        ssl_keyfile=place.key or None,
        ssl_version=ssl.PROTOCOL_TLS_SERVER,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=5,
    )
    return uvicorn.Server(config)


def _log_to(path: Path, level: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handler = RotatingFileHandler(path, maxBytes=_LOG_BYTES, backupCount=3, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    for name in ("patrol.console", "uvicorn.error"):
        logger = logging.getLogger(name)
        logger.addHandler(handler)
        logger.setLevel("INFO" if level == "WARNING" else level)
        logger.propagate = False
