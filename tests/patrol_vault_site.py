"""A small site on loopback for captures: kind pages, hostile pages, and pages that bring the browser down."""

import http.server
import io
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from PIL import Image


def picture(colour: str) -> bytes:
    target = io.BytesIO()
    Image.new("RGB", (300, 200), colour).save(target, "PNG")
    return target.getvalue()


def html(body: str, head: str = "") -> bytes:
    start = '<!doctype html><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    return f"{start}{head}<title>寒假班</title><body>{body}".encode()


LAZY = "".join(
    f'<div style="height:900px">第{n}节</div><img loading="lazy" src="/pic/{n}.png" width="300" height="200">' for n in range(9)
)
PAGES: dict[str, bytes] = {
    "/plain": html("<h1>数学一对一</h1><p>王小明老师 电话 19900001234</p>" + "<p>寒假课表</p>" * 60),
    "/lazy": html(LAZY),
    "/late": html('<div id="a">加载中</div><script>setTimeout(() => { a.textContent = "价格 2000 元"; }, 40)</script>'),
    "/lies": html(
        "<p>原文</p>",
        "<script>window.scrollTo = window.requestAnimationFrame = () => { throw 1 };"
        "window.MutationObserver = window.Promise = undefined; Object.defineProperty(document, 'images', {get() { throw 2 }});"
        "Document.prototype.getElementById = null; JSON.stringify = () => 'x'; Element.prototype.scrollIntoView = null;</script>",
    ),
    "/alerts": html("<p>弹窗</p><script>alert(1); confirm(2); window.open('/plain'); onbeforeunload = () => 'stay';</script>"),
    "/busy": html("<p>忙</p><script>for (;;) {}</script>"),
    "/endless": html(
        '<div id="z"></div><script>onscroll = () => { for (let i = 0; i < 50; i++) z.append(document.createElement("p")); '
        'z.append("更多".repeat(200)) };for (let i = 0; i < 300; i++) z.append(document.createElement("hr"))</script>'
    ),
    "/tall": html('<div style="height:90000px;background:linear-gradient(red,blue)">高</div>'),
    "/download": b"",
    "/inside": html('<p>内部</p><img src="http://169.254.169.254/latest/meta-data"><iframe src="http://10.0.0.1/"></iframe>'),
    "/frame": html('<p>外</p><iframe srcdoc="<p>内层电话 19900005678</p>" style="border:0;margin:50px"></iframe>'),
    "/title": html("<p>长</p>", f"<title>{'=cmd' * 300_000}\u202egnp.exe</title>"),
}


class Site:
    """The site's address, what was asked of it, and how often a page may still bring the browser down."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.asked: list[str] = []
        self.agents: list[str] = []
        self.kills = 0
        self.victim: Callable[[str], bool] = is_browser


def is_browser(command: str) -> bool:
    return "chrom" in command and "--type=" not in command and "--remote-debugging-pipe" in command


def is_capture_process(command: str) -> bool:
    return "patrol.vault.serving" in command


def kill_descendants(matches: Callable[[str], bool]) -> None:
    """Kill those processes below this one whose command line matches."""
    parents: dict[int, int] = {}
    commands: dict[int, str] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with suppress(OSError):
                parents[int(folder.name)] = int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1])
                commands[int(folder.name)] = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
    for pid, command in commands.items():
        above = pid
        while above in parents and above != os.getpid():
            above = parents[above]
        if above == os.getpid() and pid != os.getpid() and matches(command):
            os.kill(pid, signal.SIGKILL)


@contextmanager
def serving_site() -> Iterator[Site]:
    """Serve the pages on loopback."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            site.asked.append(self.path)
            site.agents.append(self.headers.get("User-Agent", ""))
            if self.path == "/killer" and site.kills:
                site.kills -= 1
                kill_descendants(site.victim)
                return
            if self.path == "/silent":
                with suppress(OSError):
                    self.connection.settimeout(30)
                    self.rfile.read(1)
                return
            self._answer(*answer(self.path))

        def _answer(self, status: int, kind: str, body: bytes, more: tuple[tuple[str, str], ...] = ()) -> None:
            with suppress(OSError):
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                for name, value in more:
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            return

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    site = Site(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def answer(path: str) -> tuple[int, str, bytes, tuple[tuple[str, str], ...]]:
    if path.startswith("/pic/"):
        return 200, "image/png", picture(("red", "green", "blue")[len(path) % 3]), ()
    if path == "/away":
        return 302, "text/plain", b"", (("Location", "http://192.168.0.1/"),)
    if path == "/moved":
        return 302, "text/plain", b"", (("Location", "/plain"),)
    if path == "/download":
        return 200, "application/octet-stream", b"MZ" * 100, (("Content-Disposition", "attachment; filename=a.exe"),)
    if path == "/gone":
        return 404, "text/html; charset=utf-8", html("<p>内容已删除</p>"), ()
    return 200, "text/html; charset=utf-8", PAGES.get(path, html("<p>页</p>")), ()


def nothing_listens() -> str:
    """Return an address on loopback where nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}/"
