"""What a walk is about: links to follow, leases of the frontier, the one item that a spider yields."""

from dataclasses import dataclass

from patrol.model.pages import Capture, State, Visit
from patrol.model.posts import Post


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

    @property
    def entries(self) -> int:
        """How many things the page holds: on a list what it leads to, read there or only linked; elsewhere its posts."""
        if self.kind not in {"list", "search"}:
            return len(self.posts)
        return max(len(self.posts), sum(link.kind in {"detail", "external", "account"} for link in self.links))

    @property
    def why(self) -> str:
        """What an officer is told of a page that was not read: never empty for a changed one."""
        wanted = "、".join("或".join(_FIELDS.get(name, name) for name in need.split("|")) for need in self.missing)
        told = "；".join(filter(None, (self.reason, f"未读出：{wanted}" if wanted else "")))
        return told or ("页面与平台规则对不上，没有读出内容" if self.state is State.CHANGED else "")


_FIELDS = {
    "title": "标题",
    "text": "正文",
    "url": "网址",
    "author": "发布者",
    "account_alias": "账号别名",
    "items": "列表条目",
    "images": "图片",
    "licence": "证照",
    "address": "地址",
    "contacts": "联系方式",
    "byline": "署名",
    "tags": "标签",
    "bio": "简介",
}


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
