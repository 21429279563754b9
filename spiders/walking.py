"""The walk that all spiders share: a leased page becomes one PageResult; where it leads is decided here, by platform.yml."""

import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, datetime

from scrapy import Request, Spider
from scrapy.http import Response
from twisted.python.failure import Failure

from patrol.addresses import site_of
from patrol.model import Capture, Lease, Link, PageResult, Reading, State, Visit
from patrol.platforms import GENERIC, Platform
from patrol.spider_job import WATCHED
from spiders.answers import fold_answers
from spiders.frontier import holder_of
from spiders.reading import read_page
from spiders.settings import user_agent
from spiders.verdicts import Postponed, verdict_of

MOST_PICTURES = 4
_CLIENT_SCHEMES = ("weixin:", "alipays:", "snssdk", "kwai:", "xhsdiscover:", "taobao:", "intent:")


class Walker(Spider):
    """Fetch leased pages and yield exactly one PageResult for each; no Request is ever yielded."""

    mode = "http"

    async def start(self) -> AsyncIterator[PageResult]:
        """Begin with nothing: every page comes from the frontier."""
        nothing: tuple[PageResult, ...] = ()
        for result in nothing:
            yield result

    def request_for(self, lease: Lease) -> Request:
        """Return the request that fetches a leased page."""
        holder = holder_of(self.crawler)
        platform = holder.atlas.named(lease.platform)
        return Request(
            lease.url,
            callback=self.read,
            errback=self.give_up,
            headers={"User-Agent": user_agent(holder.job.settings, platform.device), **platform.headers},
            meta={"lease": lease, **self.extra_meta(lease, platform)},
            dont_filter=True,
        )

    def extra_meta(self, lease: Lease, platform: Platform) -> dict[str, object]:  # noqa: ARG002
        """Return what a kind of fetching needs on its requests."""
        return {}

    def read(self, response: Response) -> Iterator[PageResult]:
        """Turn a fetched page into its result."""
        lease: Lease = response.meta["lease"]
        capture: Capture = response.meta["capture"]
        if lease.kind == "image":
            yield _picture(lease, response, capture)
            return
        holder = holder_of(self.crawler)
        platform = holder.atlas.named(lease.platform)
        if platform.name == GENERIC or site_of(response.url) != site_of(lease.url):
            platform = holder.atlas.of_url(response.url)
        reading = _with_answers(platform, _reading(platform, lease, response, capture), response)
        if reading.state is State.CHANGED and lease.kind in _FOREIGN_KINDS and platform.name != GENERIC:
            platform = holder.atlas.named(GENERIC)
            reading = _reading(platform, lease, response, capture)
        if self._wants_browser(lease, platform, reading):
            holder.place(lease, platform.name, "browser")
            return
        yield self._result(lease, platform, reading, response, capture)

    def _wants_browser(self, lease: Lease, platform: Platform, reading: Reading) -> bool:
        unread = reading.state in {State.CHANGED, State.BLOCKED_JS}
        return self.mode == "http" and lease.mode == "http" and platform.render == "learn" and unread

    def _result(self, lease: Lease, platform: Platform, reading: Reading, response: Response, capture: Capture) -> PageResult:
        posts = tuple(replace(post, capture=post.capture or capture) for post in reading.posts)
        # the pictures of a page that is what it was were looked at when it was read
        pictures = () if response.meta.get("unchanged") else self._pictures(platform, reading)
        follow = (*self._links(lease, platform, reading), *pictures, *self._popups(lease, response))
        visit = Visit(
            url=lease.url,
            source=lease.source,
            state=reading.state,
            at=capture.fetched_at,
            kind=reading.kind if reading.kind in _VISIT_KINDS else lease.kind,
            status=capture.status,
            items=reading.entries,
            reason="；".join(filter(None, (reading.why, response.meta.get("note", "")))),
            sha256=capture.sha256,
            search_word=lease.keyword,
            final_url=capture.final_url,
            etag=_sent(capture, "etag"),
            modified=_sent(capture, "last-modified"),
            unchanged=bool(response.meta.get("unchanged")),
        )
        return PageResult(lease=lease.key, visit=visit, posts=posts, follow=follow, capture=capture)

    def _links(self, lease: Lease, platform: Platform, reading: Reading) -> Iterator[Link]:
        """Yield where the walk goes on: on the source's own platform only, so that a run stays with what it was sent for.

        What a search leads to on other platforms is read and not followed further; pasted addresses are not followed at all. Of a
        watched account, shop or site what its own front page lists is read too.
        """
        holder, rules = holder_of(self.crawler), platform.follow
        atlas, source = holder.atlas, holder.job.choice.name
        if source == WATCHED and lease.depth == 0 and reading.kind in _FRONTS:
            yield from self._listed(lease, platform, reading)
        if platform.name != source:
            return
        if lease.depth < platform.budget.depth:
            for link in reading.links:
                if link.kind not in rules.kinds or not _wanted(link.url, rules.allow, rules.deny):
                    continue
                owner = atlas.named(link.platform) if link.platform else atlas.of_url(link.url)
                at_home = owner.name == platform.name and (owner.name != GENERIC or site_of(link.url) == site_of(lease.url))
                if at_home or rules.external:
                    yield replace(link, platform=owner.name)
        if reading.next_page and rules.next_pages:
            yield Link(url=reading.next_page, kind=lease.kind, platform=platform.name, next_page=True)

    def _listed(self, lease: Lease, platform: Platform, reading: Reading) -> Iterator[Link]:
        atlas = holder_of(self.crawler).atlas
        for link in reading.links[:_MOST_LISTED]:
            at_home = site_of(link.url) == site_of(lease.url) and atlas.of_url(link.url).name == platform.name
            if link.kind == "detail" and at_home and _wanted(link.url, platform.follow.allow, platform.follow.deny):
                yield replace(link, platform=platform.name)

    def _popups(self, lease: Lease, response: Response) -> Iterator[Link]:
        """Yield the windows that a page opened by itself: advertisements of their own, one step far."""
        if lease.kind != "popup":
            for link in response.meta.get("popups", ()):
                yield replace(link, platform=holder_of(self.crawler).atlas.of_url(link.url).name)

    def _pictures(self, platform: Platform, reading: Reading) -> Iterator[Link]:
        if not holder_of(self.crawler).job.settings.flag("ocr"):
            return
        for post in reading.posts:
            if post.kind == "snippet":
                continue
            for url in [image for image in post.images if image.startswith(("http://", "https://"))][:MOST_PICTURES]:
                yield Link(url=url, kind="image", platform=platform.name, parent=post.key)

    def give_up(self, failure: Failure) -> Iterator[PageResult]:
        """Record a page that could not be fetched, with the reason; a postponed one is not ended."""
        request: Request = failure.request  # type: ignore[attr-defined]
        lease: Lease = request.meta["lease"]
        error = failure.value
        if isinstance(error, Postponed) or error is None:
            return
        state, reason = verdict_of(error)
        visit = Visit(
            url=lease.url,
            source=lease.source,
            state=state,
            at=datetime.now(UTC),
            kind=lease.kind,
            reason=reason,
            search_word=lease.keyword,
        )
        yield PageResult(lease=lease.key, visit=visit, parent=lease.parent)


_FOREIGN_KINDS = frozenset({"external", "popup"})
_FRONTS = frozenset({"list", "account", "feed"})
_MOST_LISTED = 30
_VISIT_KINDS = frozenset({"list", "search", "detail", "account", "feed"})


def _sent(capture: Capture, name: str) -> str:
    return next((value for key, value in capture.response_headers if key.lower() == name), "")


def _wanted(url: str, allow: tuple[str, ...], deny: tuple[str, ...]) -> bool:
    if any(re.search(pattern, url) for pattern in deny):
        return False
    return not allow or any(re.search(pattern, url) for pattern in allow)


def _reading(platform: Platform, lease: Lease, response: Response, capture: Capture) -> Reading:
    location = (response.headers.get("Location") or b"").decode("latin-1")
    if 300 <= response.status < 400 and location:
        client = location.lower().startswith(_CLIENT_SCHEMES)
        state = State.BLOCKED_CLIENT if client else State.CHANGED
        return Reading(platform=platform.name, state=state, kind=lease.kind, reason=f"跳转到无法打开的地址：{location[:200]}")
    if "dataloss" in response.flags:
        reason = f"连接中途断开，只收到{capture.size}字节"
        return Reading(platform=platform.name, state=State.TRUNCATED, kind=lease.kind, reason=reason)
    return read_page(
        platform,
        response.body,
        url=lease.url,
        final_url=response.url,
        status=response.status,
        headers=capture.response_headers,
        fetched_at=capture.fetched_at,
    )


def _with_answers(platform: Platform, reading: Reading, response: Response) -> Reading:
    """Return the reading with what the page's own JSON answers said."""
    answers: list[tuple[Capture, bytes]] = response.meta.get("answers", [])
    return fold_answers(reading, [_answered(platform, capture, body) for capture, body in answers])


def _answered(platform: Platform, capture: Capture, body: bytes) -> Reading:
    reading = read_page(
        platform,
        body,
        url=capture.url,
        final_url=capture.final_url,
        status=capture.status,
        headers=capture.response_headers,
        fetched_at=capture.fetched_at,
    )
    return replace(reading, posts=tuple(replace(post, capture=capture) for post in reading.posts))


def _picture(lease: Lease, response: Response, capture: Capture) -> PageResult:
    good = response.status == 200 and capture.content_type.lower().startswith("image/")
    visit = Visit(
        url=lease.url,
        source=lease.source,
        state=State.OK if good else State.GONE_NOT_FOUND if response.status in {404, 410} else State.CHANGED,
        at=capture.fetched_at,
        kind="image",
        status=response.status,
        sha256=capture.sha256,
    )
    return PageResult(lease=lease.key, visit=visit, capture=capture if good else None, parent=lease.parent)
