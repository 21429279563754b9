"""Keep a captured page from reaching our own network: every request of the browser is judged before it is sent."""

import asyncio
import socket
from urllib.parse import urlsplit

from playwright.async_api import BrowserContext, Route
from playwright.async_api import Error as BrowserError

from patrol.addresses import check_url, why_unsafe
from patrol.errors import UnsafeAddress


async def guard(context: BrowserContext, *, allow_loopback: bool) -> None:
    """Refuse requests of a context that lead to internal addresses, by number or by what a name resolves to."""
    known: dict[str, bool] = {}

    async def judge(route: Route) -> None:
        url = route.request.url
        host = urlsplit(url).hostname or ""
        if host not in known:
            known[host] = await _safe(url, host, allow_loopback=allow_loopback)
        try:
            if known[host]:
                await route.continue_()
            else:
                await route.abort("blockedbyclient")
        except BrowserError:
            return  # the page went away while its request was judged

    await context.route("**/*", judge)


async def _safe(url: str, host: str, *, allow_loopback: bool) -> bool:
    try:
        check_url(url, allow_loopback=allow_loopback)
        found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (UnsafeAddress, OSError):
        return False
    return not any(why_unsafe(str(entry[4][0]), allow_loopback=allow_loopback) for entry in found)
