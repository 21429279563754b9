"""What was fetched and what a page turned out to be: states, captures, visits."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

Headers = tuple[tuple[str, str], ...]


class State(StrEnum):
    """What a fetched page turned out to be. HTTP 200 is not success.

    Only `ok` and `empty` count as covered; `gone.*` is covered and is evidence of its own; all else is a gap with its reason.
    """

    OK = "ok"
    EMPTY = "empty"
    GONE_DELETED = "gone.deleted"
    GONE_VIOLATION = "gone.violation"
    GONE_EXPIRED = "gone.expired"
    GONE_MOVED = "gone.moved"
    GONE_NOT_FOUND = "gone.not_found"
    BLOCKED_LOGIN = "blocked.login"
    BLOCKED_CAPTCHA = "blocked.captcha"
    BLOCKED_RATE = "blocked.rate"
    BLOCKED_JS = "blocked.js_challenge"
    BLOCKED_CLIENT = "blocked.client_only"
    BLOCKED_GEO = "blocked.geo"
    BLOCKED_ROBOTS = "blocked.robots"
    CHANGED = "changed"
    TRUNCATED = "failed.truncated"
    TOO_BIG = "failed.too_big"
    REDIRECT_LOOP = "failed.redirect_loop"
    SERVER_ERROR = "failed.server"
    NETWORK = "failed.network"
    UNSAFE = "failed.unsafe_address"
    BUDGET = "skipped.budget"

    @property
    def covered(self) -> bool:
        """Whether the page was really seen (read, empty, or gone); the opposite is a gap to report."""
        return self in {State.OK, State.EMPTY} or self.value.startswith("gone.")

    @property
    def chinese(self) -> str:
        """The word for the coverage table."""
        return _STATE_WORDS[self]


_STATE_WORDS: Mapping[State, str] = {
    State.OK: "正常",
    State.EMPTY: "无结果",
    State.GONE_DELETED: "已被发布者删除",
    State.GONE_VIOLATION: "已因违规下架",
    State.GONE_EXPIRED: "链接已过期",
    State.GONE_MOVED: "已迁移",
    State.GONE_NOT_FOUND: "页面不存在",
    State.BLOCKED_LOGIN: "须登录",
    State.BLOCKED_CAPTCHA: "须验证码",
    State.BLOCKED_RATE: "访问受限（频率）",
    State.BLOCKED_JS: "浏览器质询",
    State.BLOCKED_CLIENT: "须在指定客户端打开",
    State.BLOCKED_GEO: "地区限制",
    State.BLOCKED_ROBOTS: "网站声明禁止抓取",
    State.CHANGED: "页面改版，未能识别",
    State.TRUNCATED: "内容不完整",
    State.TOO_BIG: "页面过大",
    State.REDIRECT_LOOP: "循环跳转",
    State.SERVER_ERROR: "网站出错",
    State.NETWORK: "网络不通",
    State.UNSAFE: "指向内部地址，已拒绝",
    State.BUDGET: "超出本次额度，未取",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Hop:
    """One redirect on the way to a page."""

    url: str
    status: int
    location: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Capture:
    """The frozen bytes of one fetched page, digested once, at the moment they arrived.

    The body lies in the spool as a file named by `sha256` (hex of the exact bytes received, content coding undone where
    `content_encoding` says so). Times are aware, in UTC. `mode` is `http`, `browser` or `import`.
    """

    url: str
    final_url: str
    status: int
    fetched_at: datetime
    sha256: str
    size: int
    mode: str = "http"
    content_type: str = ""
    content_encoding: str = ""
    request_headers: Headers = ()
    response_headers: Headers = ()
    redirects: tuple[Hop, ...] = ()
    ip_address: str = ""
    certificate_sha256: str = ""
    steps: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One attempt at one page: the row that coverage is counted from. `kind` is list, search, detail, account or feed.

    `final_url` is where the bytes came from, `etag` and `modified` are the validators it sent; `unchanged`: it is what it was.
    """

    url: str
    source: str
    state: State
    at: datetime
    kind: str = "detail"
    status: int = 0
    items: int = 0
    reason: str = ""
    sha256: str = ""
    search_word: str = ""
    final_url: str = ""
    etag: str = ""
    modified: str = ""
    unchanged: bool = False
