"""What a trial of a source shows, field by field, against what its file expects; and the one thing to do about it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from patrol.model import State
from patrol.platforms import Platform
from patrol.sources.trial import Entry, TriedPage, values_of

_LISTS = frozenset({"list", "search", "feed"})
_KINDS = {
    "detail": "详情页",
    "list": "列表页",
    "search": "搜索结果",
    "account": "账号页",
    "feed": "订阅",
    "tombstone": "已消失",
    "wall": "拦截页",
}
_WHAT_TO_DO = {
    State.BLOCKED_LOGIN: '须登录才能看：改为人工补充，或先 patrol browser open 登录，再写 profile = "officer"',
    State.BLOCKED_CAPTCHA: "网站要求验证：停一段时间再试，并放慢 pace；软件不代为验证",
    State.BLOCKED_RATE: "访问太密：停一段时间再试，并放慢 pace",
    State.BLOCKED_JS: "网站要先运行脚本：把 render 改为 browser 再试",
    State.BLOCKED_CLIENT: "只在手机客户端里打开：改为人工补充（截图或录制）",
    State.BLOCKED_GEO: "只对本地网络开放：换用本地的网络出口",
    State.BLOCKED_ROBOTS: "网站声明不允许抓取：不抓取，改为人工查看",
    State.CHANGED: "页面写法变了：用 patrol record 存下这一页，对照 platform.yml 修改 pages 后再试",
    State.TRUNCATED: "内容没有收全：稍后再试；一直如此请检查网络",
    State.TOO_BIG: "页面太大：如确属正常，调高 max_page_bytes",
    State.REDIRECT_LOOP: "网站循环跳转：换一个入口地址",
    State.SERVER_ERROR: "网站出错：稍后再试",
    State.NETWORK: "连不上：检查网址和本机网络",
    State.UNSAFE: "指向内部地址：换成公开的网址",
    State.BUDGET: "今日额度已用完：明天再试",
}


@dataclass(frozen=True, slots=True)
class Field:
    """One field over the things of a page: how many carry it, the share expected (0: none), and one value."""

    name: str
    found: int
    of: int
    expected: float
    example: str

    @property
    def short(self) -> bool:
        """Whether fewer things carry it than expected."""
        return self.found < self.expected * self.of


@dataclass(frozen=True, slots=True)
class CheckedPage:
    """One page of a trial: what it was, what stood on it, and what is wrong with it."""

    url: str
    kind: str
    state: State
    reason: str
    mode: str
    things: int
    posts: int
    fields: tuple[Field, ...]
    faults: tuple[str, ...]

    @property
    def kind_shown(self) -> str:
        """The word for the kind of page."""
        return _KINDS.get(self.kind, self.kind)


def checked(platform: Platform, pages: Sequence[TriedPage]) -> list[CheckedPage]:
    """Hold each tried page against the platform's expectations."""
    return [_checked(platform, page) for page in pages]


def what_to_do(pages: Sequence[CheckedPage], *, entry: bool = False) -> str:
    """Return the one line of what to do, or "" where all is well; `entry`: the first page is the source's own entry."""
    if entry and pages and pages[0].kind == "tombstone":
        return f"入口{pages[0].state.chinese}：换一个入口地址（专项行动的 start 或 base，或 platform.yml 的 entries）"
    for page in pages:
        if not page.state.covered:
            return _WHAT_TO_DO.get(page.state, "请人工打开这一页查看")
    if faults := [fault for page in pages for fault in page.faults]:
        return f"{faults[0]}：对照网页修改 platform.yml 的 pages，或更正 expect"
    return ""


def _checked(platform: Platform, page: TriedPage) -> CheckedPage:
    visit = page.result.visit
    kind = page.whole.reading.kind if page.whole else visit.kind
    things = _things(page, kind)
    fields = tuple(_fields(platform, things, on_list=kind in _LISTS))
    faults = tuple(_faults(platform, fields, len(things), kind=kind, state=visit.state))
    return CheckedPage(
        url=visit.url,
        kind=kind,
        state=visit.state,
        reason=visit.reason,
        mode=page.result.capture.mode if page.result.capture else "",
        things=len(things),
        posts=len(page.result.posts),
        fields=fields,
        faults=faults,
    )


def _things(page: TriedPage, kind: str) -> list[dict[str, str]]:
    """Return each thing on a page as field and value: the entries of a list, the one thing of any other page.

    What the page's own JSON answers brought is only in the posts.
    """
    whole = page.whole
    entries: tuple[Entry, ...] = () if whole is None else whole.entries if kind in _LISTS else (whole.main,) if whole.main else ()
    things = [dict(values_of(entry)) for entry in entries]
    return things or [
        {"title": post.title, "text": post.text, "author": post.author, "published": post.published_shown, "url": post.url}
        for post in page.result.posts
    ]


def _fields(platform: Platform, things: Sequence[dict[str, str]], *, on_list: bool) -> Iterator[Field]:
    names = dict.fromkeys(name for thing in things for name in thing)
    # a platform of searches expects its fields of the hits, any other of what the hits lead to
    expected = platform.expect.fields if things and on_list is (platform.kind == "search") else {}
    for name in (*names, *(name for name in expected if name not in names)):
        values = [thing[name] for thing in things if thing.get(name)]
        yield Field(name, len(values), len(things), expected.get(name, 0.0), values[0] if values else "")


def _faults(platform: Platform, fields: Sequence[Field], things: int, *, kind: str, state: State) -> Iterator[str]:
    if state is not State.OK:
        return
    least, most = platform.expect.items
    if kind in _LISTS and not least <= things <= most:
        yield f"读出{things}条，应为{least}至{most}条"
    for field in fields:
        if field.short:
            yield f"“{field.name}”只有{field.found}/{field.of}读出，应有{field.expected:.0%}"
