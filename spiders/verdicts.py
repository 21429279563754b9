"""Why a page brought nothing: the refusals our own middlewares raise, and the state each failure is recorded under."""

from playwright.async_api import Error as PlaywrightError
from playwright.async_api import TimeoutError as PlaywrightTimeout
from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
    IgnoreRequest,
    ResponseDataLossError,
    UnsupportedURLSchemeError,
)

from patrol.errors import UnsafeAddress
from patrol.model import State


class Postponed(IgnoreRequest):
    """The page was put back into the frontier for later: nothing is recorded now."""


class RobotsRefused(IgnoreRequest):
    """robots.txt of the site forbids the page."""


class RedirectLoop(IgnoreRequest):
    """The page led from redirect to redirect without end."""


class TooBig(IgnoreRequest):
    """The body, or what it unpacks to, is larger than allowed."""


class Undecodable(IgnoreRequest):
    """The body's content coding is broken: it was cut short or is not what its header says."""


TRANSIENT = (
    CannotResolveHostError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
    PlaywrightError,
    ResponseDataLossError,
)

_STATES: tuple[tuple[type[BaseException], State, str], ...] = (
    (RobotsRefused, State.BLOCKED_ROBOTS, "robots.txt 不允许抓取本页"),
    (RedirectLoop, State.REDIRECT_LOOP, "跳转次数过多"),
    (TooBig, State.TOO_BIG, "网页超过允许的大小"),
    (DownloadCancelledError, State.TOO_BIG, "网页超过允许的大小"),
    (Undecodable, State.TRUNCATED, "压缩内容损坏或不完整"),
    (ResponseDataLossError, State.TRUNCATED, "连接中途断开"),
    (UnsafeAddress, State.UNSAFE, ""),
    (UnsupportedURLSchemeError, State.UNSAFE, "不是 http 或 https 网址"),
    (DownloadTimeoutError, State.NETWORK, "等待超时"),
    # the browser handler says so when an address is a download
    (RuntimeError, State.CHANGED, "该网址是文件下载，不是网页"),
    (PlaywrightTimeout, State.NETWORK, "等待超时"),
    (CannotResolveHostError, State.NETWORK, "域名无法解析"),
    (DownloadConnectionRefusedError, State.NETWORK, "网站拒绝连接"),
)


def verdict_of(failure: BaseException) -> tuple[State, str]:
    """Return the state and the Chinese reason for a failed fetch; everything unknown counts as the network's failing."""
    for kind, state, reason in _STATES:
        if isinstance(failure, kind):
            return state, reason or str(failure)
    if isinstance(failure, PlaywrightError):
        return _browser_verdict(str(failure))
    return State.NETWORK, f"网络出错（{type(failure).__name__}）"


def _browser_verdict(text: str) -> tuple[State, str]:
    known = {
        "ERR_TOO_MANY_REDIRECTS": (State.REDIRECT_LOOP, "跳转次数过多"),
        "ERR_NAME_NOT_RESOLVED": (State.NETWORK, "域名无法解析"),
        "ERR_CONNECTION_REFUSED": (State.NETWORK, "网站拒绝连接"),
        "ERR_TUNNEL_CONNECTION_FAILED": (State.NETWORK, "无法连接网站"),
        "ERR_INCOMPLETE_CHUNKED_ENCODING": (State.TRUNCATED, "连接中途断开"),
        "ERR_CONTENT_LENGTH_MISMATCH": (State.TRUNCATED, "连接中途断开"),
        "ERR_CONTENT_DECODING_FAILED": (State.TRUNCATED, "压缩内容损坏或不完整"),
        "crashed": (State.NETWORK, "网页使浏览器崩溃"),
    }
    for mark, verdict in known.items():
        if mark in text:
            return verdict
    return State.NETWORK, "浏览器打不开本页"
