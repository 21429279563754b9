"""The guarding proxy: what a browser may reach through it, and what not, whatever a name resolves to."""

import asyncio
import socket
from collections.abc import Awaitable, Callable

import pytest

from patrol.guard_proxy import REFUSED_HEADER, GuardProxy, GuardProxyThread
from tests.town import Town

Resolver = Callable[[str, int], Awaitable[list[str]]]


def resolving(*turns: str) -> Resolver:
    """Return a resolver that gives another answer at each turn, the last one for ever."""
    left = list(turns)

    async def resolve(_host: str, _port: int) -> list[str]:
        return [left.pop(0) if len(left) > 1 else left[0]]

    return resolve


async def ask(proxy: GuardProxy, request: str) -> str:
    """Send one request through a proxy and return everything that comes back."""
    reader, writer = await asyncio.open_connection("127.0.0.1", int(proxy.url.rpartition(":")[2]))
    writer.write(request.encode())
    answer = await asyncio.wait_for(reader.read(), 10)
    writer.close()
    return answer.decode("utf-8", "replace")


def through(
    request: str, *, allow_loopback: bool = False, resolve: Resolver | None = None, max_bytes: int = 1_000_000
) -> tuple[str, GuardProxy]:
    """Send one request through a fresh proxy; return the answer and the proxy."""

    async def run() -> tuple[str, GuardProxy]:
        proxy = GuardProxy(allow_loopback=allow_loopback, resolve=resolve, max_bytes=max_bytes)
        await proxy.start()
        try:
            return await ask(proxy, request), proxy
        finally:
            await proxy.close()

    return asyncio.run(run())


def test_a_plain_request_is_forwarded() -> None:
    with Town(2) as town:
        answer, proxy = through(
            f"GET {town.base}/p/1 HTTP/1.1\r\nHost: x\r\nProxy-Connection: keep-alive\r\n\r\n", allow_loopback=True
        )
    assert answer.startswith("HTTP/1.1 200")
    assert "第1页" in answer
    assert proxy.address_of("127.0.0.1", int(town.base.rpartition(":")[2])) == "127.0.0.1"


def test_a_tunnel_is_opened() -> None:
    with Town(2) as town:
        host = town.base.removeprefix("http://")
        request = f"CONNECT {host} HTTP/1.1\r\n\r\nGET /p/1 HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
        answer, _ = through(request, allow_loopback=True)
    assert answer.startswith("HTTP/1.1 200 Connection Established")
    assert "第1页" in answer


@pytest.mark.parametrize("method", ["GET http://{}/ HTTP/1.1\r\n\r\n", "CONNECT {}:443 HTTP/1.1\r\n\r\n"])
@pytest.mark.parametrize(
    "host", ["127.0.0.1", "169.254.169.254", "10.0.0.1", "2130706433", "0x7f.1", "[::1]", "[::ffff:169.254.169.254]", "0.0.0.0"]
)
def test_internal_hosts_are_refused(method: str, host: str) -> None:
    answer, proxy = through(method.format(host))
    assert answer.startswith("HTTP/1.1 403")
    assert REFUSED_HEADER in answer
    assert len(proxy.refusals) == 1


def test_a_name_that_resolves_to_an_internal_address_is_refused() -> None:
    answer, proxy = through("GET http://ads.example/ HTTP/1.1\r\n\r\n", resolve=resolving("192.168.0.5"))
    assert answer.startswith("HTTP/1.1 403")
    assert "192.168.0.5（内网地址）" in proxy.refusal_of("http://ads.example/")


def test_a_name_that_resolves_differently_the_second_time_is_refused_then() -> None:
    async def run() -> list[str]:
        proxy = GuardProxy(resolve=resolving("192.0.2.1", "127.0.0.1"))
        proxy._resolve = resolving("8.8.8.8", "127.0.0.1")
        first = await proxy._safe_address("ads.example", 80)
        await proxy.start()
        second = await ask(proxy, "GET http://ads.example/ HTTP/1.1\r\n\r\n")
        await proxy.close()
        return [first, second[:12]]

    assert asyncio.run(run()) == ["8.8.8.8", "HTTP/1.1 403"]


def test_the_name_of_this_machine_is_refused() -> None:
    name = socket.gethostname()
    try:
        address = socket.gethostbyname(name)
    except OSError:
        pytest.skip("this machine does not resolve its own name")
    answer, _ = through(f"GET http://{name}/ HTTP/1.1\r\n\r\n")
    assert answer.startswith("HTTP/1.1 403"), address


def test_a_connection_brings_no_more_than_its_share() -> None:
    with Town(2, {"/big": lambda handler: handler.reply(200, "x" * 3_000_000)}) as town:
        answer, _ = through(f"GET {town.base}/big HTTP/1.1\r\n\r\n", allow_loopback=True, max_bytes=200_000)
    assert 200_000 <= len(answer) < 400_000


@pytest.mark.parametrize(
    "request_text",
    ["nonsense\r\n\r\n", "GET / HTTP/1.1\r\n\r\n", "GET https://a.example/ HTTP/1.1\r\n\r\n", "CONNECT :0 HTTP/1.1\r\n\r\n"],
)
def test_what_is_not_a_proxy_request_is_answered_with_an_error(request_text: str) -> None:
    answer, _ = through(request_text)
    assert answer.startswith("HTTP/1.1 502")


def test_the_proxy_runs_in_a_thread_for_callers_without_a_loop() -> None:
    with Town(2) as town, GuardProxyThread(allow_loopback=True) as proxy:
        answer = asyncio.run(ask(proxy, f"GET {town.base}/p/1 HTTP/1.1\r\nHost: x\r\n\r\n"))
    assert "第1页" in answer
