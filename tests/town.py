"""A small town on loopback for tests of crawling: a binary tree of pages, and one address for each kind of trouble."""

import gzip
import threading
import time
from collections import Counter
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from urllib.parse import urlsplit

Answer = Callable[["TownHandler"], None]


class TownHandler(BaseHTTPRequestHandler):
    """Answer from the town's table of troubles, else a page of the tree."""

    protocol_version = "HTTP/1.1"
    server: "TownServer"

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        with self.server.lock:
            self.server.hits[path] += 1
            self.server.agents.add(self.headers.get("User-Agent", ""))
        trouble = self.server.answers.get(path)
        if trouble is not None:
            trouble(self)
        elif path.startswith("/p/"):
            self.page(int(path.removeprefix("/p/")))
        else:
            self.reply(404, "没有这个网页")

    def page(self, number: int) -> None:
        children = [child for child in (2 * number + 1, 2 * number + 2, number // 2) if child < self.server.size]
        links = "".join(f'<a href="/p/{child}">第{child}页</a>' for child in children)
        self.reply(200, f"<h1>第{number}页</h1><p>小镇第{number}页的正文，足够长，像一篇普通的文章。</p>{links}")

    def reply(self, status: int, text: str, **headers: str) -> None:
        body = f"<html><head><title>小镇</title></head><body>{text}</body></html>".encode()
        self.raw(status, body, **{"Content-Type": "text/html; charset=utf-8", **headers})

    def raw(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": headers.get("Content_Length", str(len(body)))}.items():
            if name != "Content_Length":
                self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class TownServer(ThreadingHTTPServer):
    """The town's server; `hits` counts requests by path."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, size: int, answers: dict[str, Answer]) -> None:
        super().__init__(("127.0.0.1", 0), TownHandler)
        self.size, self.answers = size, answers
        self.hits: Counter[str] = Counter()
        self.agents: set[str] = set()
        self.lock = threading.Lock()


class Town:
    """`with Town(300, {"/loop": loop}) as town:` serves until the block ends; `town.base` is its address."""

    def __init__(self, size: int, answers: dict[str, Answer] | None = None) -> None:
        self.server = TownServer(size, answers or {})
        self.base = f"http://127.0.0.1:{self.server.server_address[1]}"
        self._thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    @property
    def hits(self) -> Counter[str]:
        return self.server.hits

    def __enter__(self) -> "Town":
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        self.server.shutdown()
        self.server.server_close()


def goes_to(target: str) -> Answer:
    """Redirect to another address."""
    return lambda handler: handler.raw(302, b"", Location=target)


def says(text: str, status: int = 200, **headers: str) -> Answer:
    """Answer with a page of these words."""
    return lambda handler: handler.reply(status, text, **headers)


def cut_short(handler: TownHandler) -> None:
    """Promise more bytes than come."""
    handler.raw(200, b"<html><body><p>half a page", Content_Type="text/html", Content_Length="5000")
    handler.close_connection = True


def gzip_bomb(handler: TownHandler) -> None:
    """Send little that unpacks to much."""
    handler.raw(200, gzip.compress(b"0" * 40_000_000), Content_Type="text/html", Content_Encoding="gzip")


def broken_gzip(handler: TownHandler) -> None:
    """Send a content coding that is none."""
    handler.raw(200, b"\x1f\x8b\x08\x00garbage that is no deflate stream", Content_Type="text/html", Content_Encoding="gzip")


def drips(handler: TownHandler) -> None:
    """Send a byte now and then, without end."""
    handler.send_response(200)
    handler.send_header("Content-Type", "text/html")
    handler.end_headers()
    for _ in range(600):
        handler.wfile.write(b".")
        time.sleep(0.1)


def endless(handler: TownHandler) -> None:
    """Send without end, as fast as it is taken."""
    handler.send_response(200)
    handler.send_header("Content-Type", "text/html")
    handler.end_headers()
    for _ in range(4096):
        handler.wfile.write(b"<p>" + b"x" * 65_536)


def many_links(number: int) -> Answer:
    """Answer with a page full of links."""
    return lambda handler: handler.reply(200, "".join(f'<a href="/l/{n}">{n}</a>' for n in range(number)))


def now_and_then(status: int, times: int, **headers: str) -> Answer:
    """Fail a number of times, then answer well."""
    left = [times]

    def answer(handler: TownHandler) -> None:
        with handler.server.lock:
            left[0] -= 1
            failing = left[0] >= 0
        if failing:
            handler.reply(status, "请稍后再试", **headers)
        else:
            handler.reply(200, "<h1>好了</h1><p>这一次给出了正文，像一篇普通的文章。</p>")

    return answer
