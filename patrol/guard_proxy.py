"""A guarding proxy on loopback: the only door through which a browser of ours reaches the network.

A browser resolves names and follows redirects by itself; through this door every name is resolved here, judged by
`patrol.addresses`, and the very address that was judged is dialled. What is refused is remembered for the record.
"""

import asyncio
import contextlib
import threading
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

from patrol.addresses import numeric_address, why_unsafe
from patrol.errors import CrawlError, UnsafeAddress

REFUSED_HEADER = "X-Patrol-Guard"
_HEAD_BYTES = 65_536
_HEAD_SECONDS = 15.0
_DIAL_SECONDS = 15.0
_TUNNEL_SECONDS = 180.0
_TUNNEL_BYTES = 64_000_000
_CHUNK = 65_536
_MOST_REMEMBERED = 4096

Resolver = Callable[[str, int], Awaitable[list[str]]]


@dataclass(frozen=True, slots=True)
class Refusal:
    """A connection that was asked for and not made."""

    host: str
    port: int
    reason: str


class GuardProxy:
    """An HTTP proxy (CONNECT and plain requests) for one asyncio loop. `max_bytes` bounds what one connection may bring."""

    def __init__(self, *, allow_loopback: bool = False, max_bytes: int = _TUNNEL_BYTES, resolve: Resolver | None = None) -> None:
        self._allow_loopback, self._max_bytes = allow_loopback, max_bytes
        self._resolve = resolve or _resolve
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._dialled: dict[tuple[str, int], str] = {}
        self.refusals: list[Refusal] = []

    @property
    def url(self) -> str:
        """The address to give a browser as its proxy."""
        if self._server is None:
            raise CrawlError("浏览器代理没有启动")
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def start(self) -> None:
        """Listen on a free port of this machine."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=_HEAD_BYTES)

    async def close(self) -> None:
        """Stop listening and end every connection."""
        if self._server is not None:
            self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def address_of(self, host: str, port: int) -> str:
        """Return the numeric address that was dialled last for a host, or an empty text."""
        return self._dialled.get((host.lower(), port), "")

    def refusal_of(self, url: str) -> str:
        """Return why the host of an address was refused, or an empty text."""
        parts = urlsplit(url)
        host = (parts.hostname or "").lower()
        port = parts.port or (443 if parts.scheme == "https" else 80)
        return next((r.reason for r in reversed(self.refusals) if (r.host, r.port) == (host, port)), "")

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        with contextlib.suppress(OSError, TimeoutError, EOFError, asyncio.LimitOverrunError, asyncio.CancelledError):
            try:
                await self._handle(reader, writer)
            except UnsafeAddress as refused:
                await _answer(writer, "403 Forbidden", str(refused))
            except CrawlError as failed:
                await _answer(writer, "502 Bad Gateway", str(failed))
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()

    async def _handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with asyncio.timeout(_HEAD_SECONDS):
            head = await reader.readuntil(b"\r\n\r\n")
        line, _, rest = head.partition(b"\r\n")
        words = line.decode("latin-1").split(" ")
        if len(words) != 3:
            raise CrawlError("request line not understood")
        method, target, version = words
        host, port, path = _target(method, target)
        there_reader, there_writer = await self._dial(host, port)
        try:
            if method == "CONNECT":
                writer.write(b"HTTP/1.1 200 Connection Established\r\n\r\n")
            else:
                there_writer.write(f"{method} {path} {version}\r\n".encode("latin-1") + _forwarded(rest))
            async with asyncio.timeout(_TUNNEL_SECONDS):
                await self._both_ways(reader, writer, there_reader, there_writer)
        finally:
            there_writer.close()

    async def _dial(self, host: str, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        address = await self._safe_address(host, port)
        try:
            async with asyncio.timeout(_DIAL_SECONDS):
                streams = await asyncio.open_connection(address, port)
        except (OSError, TimeoutError) as error:
            raise CrawlError(f"cannot connect ({type(error).__name__})") from error
        if len(self._dialled) < _MOST_REMEMBERED:
            self._dialled[host.lower(), port] = address
        return streams

    async def _safe_address(self, host: str, port: int) -> str:
        numeric = numeric_address(host)
        try:
            found = [str(numeric)] if numeric is not None else await self._resolve(host, port)
        except OSError as error:
            raise CrawlError("name not resolved") from error
        reasons = {address: why_unsafe(address, allow_loopback=self._allow_loopback) for address in found}
        safe = next((address for address, reason in reasons.items() if not reason), None)
        if safe is not None:
            return safe
        address, reason = next(iter(reasons.items()), ("", "没有地址"))
        if len(self.refusals) < _MOST_REMEMBERED:
            self.refusals.append(Refusal(host.lower(), port, f"“{host}”指向{address}（{reason}），已拒绝连接"))
        raise UnsafeAddress("address refused")

    async def _both_ways(
        self,
        here: asyncio.StreamReader,
        back: asyncio.StreamWriter,
        there: asyncio.StreamReader,
        forth: asyncio.StreamWriter,
    ) -> None:
        up = asyncio.ensure_future(_pour(here, forth, self._max_bytes))
        try:
            await _pour(there, back, self._max_bytes)
        finally:
            up.cancel()
            with contextlib.suppress(OSError, asyncio.CancelledError):
                await up


def _target(method: str, target: str) -> tuple[str, int, str]:
    """Return host, port and path of a proxy request."""
    try:
        parts = urlsplit(f"//{target}" if method == "CONNECT" else target)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise CrawlError("target not understood") from error
    if not host or (method != "CONNECT" and parts.scheme != "http"):
        raise CrawlError("target not understood")
    path = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
    return host, port or (443 if method == "CONNECT" else 80), path


def _forwarded(head: bytes) -> bytes:
    """Return request headers for the origin: one request a connection, nothing addressed to the proxy."""
    lines = [line for line in head.split(b"\r\n") if line]
    kept = [line for line in lines if not line.lower().startswith((b"proxy-", b"connection:", b"keep-alive:"))]
    return b"\r\n".join([*kept, b"Connection: close", b"", b""])


async def _pour(source: asyncio.StreamReader, sink: asyncio.StreamWriter, most: int) -> None:
    left = most
    while left > 0 and (chunk := await source.read(_CHUNK)):
        left -= len(chunk)
        sink.write(chunk)
        await sink.drain()


async def _answer(writer: asyncio.StreamWriter, status: str, reason: str) -> None:
    body = f"{reason}\n".encode()
    guard = f"{REFUSED_HEADER}: {'refused' if status.startswith('403') else 'failed'}\r\n"
    head = f"HTTP/1.1 {status}\r\n{guard}Content-Type: text/plain\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    writer.write(head.encode("latin-1") + body)
    await writer.drain()


async def _resolve(host: str, port: int) -> list[str]:
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=1)
    return [str(entry[4][0]) for entry in found]


class GuardProxyThread:
    """The same proxy in a thread of its own, for callers without an asyncio loop: `with GuardProxyThread() as proxy:`."""

    def __init__(self, *, allow_loopback: bool = False, max_bytes: int = _TUNNEL_BYTES) -> None:
        self._proxy = GuardProxy(allow_loopback=allow_loopback, max_bytes=max_bytes)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="guard-proxy", daemon=True)

    def __enter__(self) -> GuardProxy:
        self._thread.start()
        self._await(self._proxy.start())
        return self._proxy

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        self._await(self._proxy.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _await(self, coroutine: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(timeout=30)
