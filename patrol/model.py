"""The frozen records that travel through the house, from a page to a lead. One word, one meaning (DESIGN: words)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from detectors.model import Detection

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
class MiniProgram:
    """A mini-program that a page points to; it opens only on a phone, so an officer has to look."""

    appid: str
    path: str = ""
    nickname: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """What was published on one page, or one entry of it: the unit that is screened.

    `key` is the natural key: the canonical URL (with `#part` for a floor or a comment that is judged alone).
    `published_shown` is the time as the page writes it, `published_at` its parsed value; `precision` is second, minute, day or
    none.
    """

    key: str
    platform: str
    url: str
    title: str = ""
    text: str = ""
    author: str = ""
    author_id: str = ""
    published_at: datetime | None = None
    published_shown: str = ""
    region: str = ""
    images: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    contacts: tuple[str, ...] = ()
    mini_programs: tuple[MiniProgram, ...] = ()
    image_texts: tuple[str, ...] = ()
    sponsored: bool = False
    kind: str = "detail"
    extra: tuple[tuple[str, str], ...] = ()
    capture: Capture | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One attempt at one page: the row that coverage is counted from. `kind` is list, search, detail, account or feed."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """An address found on a page that the walk may follow. `kind` is what it leads to: detail, list, search, account, external.

    A search result that leads to a closed platform keeps its title and snippet here: they are the public evidence then.
    `next_page` marks the further page of the same list.
    """

    url: str
    kind: str = "detail"
    title: str = ""
    snippet: str = ""
    shown_time: str = ""
    sponsored: bool = False
    platform: str = ""
    parent: str = ""
    next_page: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a page object made of one page's bytes. `kind` is detail, list, search, account, tombstone or wall.

    `posts` holds everything on the page that is screened on its own (an article, each floor of a thread, each snippet);
    `missing` names mandatory fields that were not found (then `state` is `changed`).
    """

    platform: str
    state: State
    kind: str = "detail"
    url: str = ""
    posts: tuple[Post, ...] = ()
    links: tuple[Link, ...] = ()
    next_page: str = ""
    reason: str = ""
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """One page that a spider holds until it is stored: the frontier gives it out and wants exactly one PageResult back.

    `mode` is `http` or `browser`; `attempts` counts this one; `keyword` is the search word that led here; `page` counts the
    pages of one list; `parent` is the post that a picture belongs to.
    """

    key: str
    url: str
    source: str
    platform: str = ""
    mode: str = "http"
    kind: str = "detail"
    keyword: str = ""
    parent: str = ""
    page: int = 1
    depth: int = 0
    priority: int = 0
    attempts: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class PageResult:
    """Everything one leased page gave: the only item a spider yields, stored whole and then acknowledged.

    `lease` is the frontier's key of the page; `follow` are the links that the walk wants fetched next. A picture of a post is
    fetched as a page of kind `image`, with that post's key as `parent`.
    """

    lease: str
    visit: Visit
    posts: tuple[Post, ...] = ()
    follow: tuple[Link, ...] = ()
    capture: Capture | None = None
    parent: str = ""


class Verdict(StrEnum):
    """What the whitelist says of a name. `unlisted` is worded 名单未匹配，待核, never 无证."""

    LICENSED = "licensed"
    REVIEW = "review"
    UNLISTED = "unlisted"
    NO_NAME = "no_name"
    NO_LIST = "no_list"

    @property
    def chinese(self) -> str:
        """The words for reports."""
        return {
            "licensed": "名单内",
            "review": "疑似名单内，待核",
            "unlisted": "名单未匹配，待核",
            "no_name": "页面未见机构名称，待核",
            "no_list": "未导入名单，待核",
        }[self.value]


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One list row that a name may mean; `detail` names each part and whether it agreed."""

    row: int
    name: str
    score: float
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """The whitelist's answer to one name, with the list version that gave it and one Chinese sentence of why."""

    query: str
    verdict: Verdict
    row: int | None = None
    candidates: tuple[Candidate, ...] = ()
    why: str = ""
    list_version: str = ""
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Screening:
    """What we concluded about one post: findings, whitelist answer, and whether officers should see it."""

    post: Post
    detection: Detection
    match: Match
    screened_at: datetime
    grade: str = "none"

    @property
    def is_lead(self) -> bool:
        """Whether this goes to the officers' queue (疑似线索)."""
        return self.grade != "none"


class Judgement(StrEnum):
    """An officer's decision on a lead."""

    UNREVIEWED = "unreviewed"
    CONFIRMED = "confirmed"
    DISMISSED = "dismissed"
    UNSURE = "unsure"
    HANDED_OVER = "handed_over"

    @property
    def chinese(self) -> str:
        """The word on screen and in the ledger."""
        return {
            "unreviewed": "待核",
            "confirmed": "属实",
            "dismissed": "不属实",
            "unsure": "无法核实",
            "handed_over": "转人工",
        }[self.value]


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """One reporting batch (报送批次): rows found from `start` to `end`, due on `due`."""

    number: int
    start: date
    end: date
    due: date


@dataclass(frozen=True, slots=True, kw_only=True)
class SchoolTerm:
    """A vacation of one stage: dates inclusive, with who announced it."""

    stage: str
    name: str
    start: date
    end: date
    source: str = ""
    provisional: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceChoice:
    """A source switched on in a campaign, with what the campaign overrides."""

    name: str
    base: str = ""
    start: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    max_pages: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """A patrol campaign (专项行动) as its file says it. `standing` is the everyday patrol (常态化), at its own slower pace."""

    id: str
    title: str
    region: str
    start: date
    end: date
    batches: tuple[Batch, ...]
    summary_due: date
    unit: str
    leader: str
    phone: str
    officers: tuple[tuple[str, str], ...] = ()
    vacations: tuple[SchoolTerm, ...] = ()
    sources: tuple[SourceChoice, ...] = ()
    whitelists: tuple[str, ...] = ()
    include_senior: bool = True
    standing: bool = False
    path: str = ""
    digest: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lead:
    """A screening that officers should see, as the store keeps it. `number` reads 线索编号 e.g. XS2027-000012."""

    number: str
    post_key: str
    platform: str
    url: str
    title: str
    author: str
    excerpt: str
    categories: tuple[str, ...]
    score: float
    grade: str
    match: Match
    found_at: datetime
    judgement: Judgement = Judgement.UNREVIEWED
    evidence: str = ""
    batch: int | None = None
    screening: Screening | None = None
    source: str = ""
    extra: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceCoverage:
    """What one source gave in one period: the row of the coverage table.

    `planned` counts every URL that entered the frontier, `gaps` each reason with its count; planned = covered + gaps + waiting.
    """

    source: str
    title: str
    planned: int
    covered: int
    waiting: int
    posts: int
    leads: int
    gaps: Mapping[State, int] = field(default_factory=dict)
    first_at: datetime | None = None
    last_at: datetime | None = None
    note: str = ""

    @property
    def complete(self) -> bool:
        """Whether nothing planned was left unseen."""
        return not self.gaps and self.waiting == 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One patrol of one source (一次巡查): what was planned, what came back, how it ended."""

    id: str
    campaign: str
    source: str
    started_at: datetime
    ended_at: datetime | None = None
    outcome: str = "running"
    counts: Mapping[str, int] = field(default_factory=dict)
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """A trouble with a source that a person should know: opens, repeats, closes by itself when mended."""

    source: str
    cause: str
    text: str
    threshold_why: str
    opened_at: datetime
    closed_at: datetime | None = None
    times: int = 1
