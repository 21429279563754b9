"""Seen before: a page that is what it was costs one conditional request and no judging; the same words twice are one lead."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from scrapy import Request

from patrol.crawl import run_spider
from patrol.errors import PatrolError
from patrol.model import Campaign, Lease, PageResult, Post, Run, SourceChoice, State, Visit
from patrol.repeating import judged_by, twin_among
from patrol.screening import Screener
from patrol.seen_pages import TRUST_DAYS, SeenMiddleware, is_trusted
from patrol.settings import Settings
from patrol.store import Store
from patrol.store.seen import SeenBook, SeenPage
from patrol.sweeping import SweepResult, sweep
from tests.crawling import town_job
from tests.town import Town, TownHandler

NOW = datetime(2027, 1, 20, 4, 0, tzinfo=UTC)
AD = "寒假初三数学一对一，1月25日开课，每次两小时，每节300元，名额有限，加微信 kebiao_demo 报名试听，老师上门授课。"
PLAIN = "社区图书馆假期照常开放，欢迎居民前来阅读，也欢迎参加周末的手工活动和读书分享会，具体安排见馆内公告。"
PLATFORM = "budget: {pages: 20, depth: 2}\npages: [{name: any, fields: {title: [{css: h1}], text: [{css: p}]}}]"


class Validated:
    """Answer with validators; count who asked conditionally and was told that nothing changed."""

    def __init__(self) -> None:
        self.spared: Counter[str] = Counter()
        self.full: Counter[str] = Counter()

    def page(self, path: str, text: str, **headers: str) -> "Answer":
        def answer(handler: TownHandler) -> None:
            asked = handler.headers.get("If-None-Match") or handler.headers.get("If-Modified-Since")
            if asked and asked in headers.values():
                self.spared[path] += 1
                handler.raw(304, b"", **headers)
            else:
                self.full[path] += 1
                handler.reply(200, text, **headers)

        return Answer(answer)


class Answer:
    """An answer of the town that may be exchanged while it is open."""

    def __init__(self, answer: object) -> None:
        self.answer = answer

    def __call__(self, handler: TownHandler) -> None:
        self.answer(handler)  # type: ignore[operator]


def test_a_second_run_asks_only_what_changed_and_judges_nothing_again(workspace: Path, campaign: Campaign) -> None:
    site = Validated()
    answers = {
        "/p/0": site.page(
            "/", '<h1>目录</h1><p>本站目录</p><a href="/tag">一</a><a href="/dated">二</a><a href="/bare">三</a>', ETag='"0"'
        ),
        "/tag": site.page("/tag", f"<h1>招生</h1><p>{AD}</p>", ETag='"t1"'),
        "/dated": site.page("/dated", f"<h1>通知</h1><p>{PLAIN}</p>", Last_Modified="Mon, 18 Jan 2027 00:00:00 GMT"),
        "/bare": site.page("/bare", f"<h1>公告</h1><p>{PLAIN}再说一遍。</p>"),
    }
    with Town(2, dict(answers)) as town:
        store = Store.open(workspace)
        first = judged(store, campaign, workspace, town.base, "first")
        leads, seen_at = [lead.number for lead in store.leads(campaign.id)], last_seen(store)
        second = judged(store, campaign, workspace, town.base, "second")
        assert (first.counts["leads"], second.counts["leads"], len(leads)) == (1, 1, 1)
        assert (first.counts["ok"], second.counts["ok"]) == (4, 4)
        assert site.spared == {"/": 1, "/tag": 1, "/dated": 1}
        assert site.full == {"/": 1, "/tag": 1, "/dated": 1, "/bare": 2}
        assert last_seen(store) == seen_at
        [row] = store.coverage(campaign.id)
        assert (row.covered, row.unchanged, row.leads) == (4, 4, 1)
        assert asked(workspace, town.base, "/tag") == {"If-None-Match": '"t1"'}
        SeenBook(store.database.conn).begin(campaign.id, "other rules")
        store.database.conn.commit()
        assert asked(workspace, town.base, "/tag") == {}


def asked(workspace: Path, base: str, path: str) -> dict[str, str]:
    """Return the validators that a later run of the same campaign would send for a page."""
    job = town_job(workspace, base, run="later")
    job = replace(job, campaign=replace(job.campaign, id="test-winter"))
    request = Request(base + path, meta={"lease": Lease(key="1", url=base + path, source="town")})
    SeenMiddleware(job).process_request(request)
    return {name.decode(): values[0].decode() for name, values in request.headers.items()}


def judged(store: Store, campaign: Campaign, workspace: Path, base: str, name: str) -> Run:
    plain = town_job(workspace, base, run=name, platform=PLATFORM, start=[f"{base}/p/0"])
    chosen = replace(campaign, sources=(plain.choice,))
    job = replace(plain, campaign=chosen, screener="patrol.screening:Screener", run=replace(plain.run, campaign=campaign.id))
    store.save_campaign(chosen, "", NOW)
    store.start_run(job.run)
    ended = run_spider(job)
    assert ended.outcome == "finished", ended.error
    store.end_run(ended)
    return ended


def last_seen(store: Store) -> dict[str, str]:
    return {str(row["key"]): str(row["last_seen"]) for row in store.database.query("SELECT key, last_seen FROM posts")}


@pytest.mark.parametrize(("days", "etag", "trusted"), [(1, '"x"', True), (TRUST_DAYS + 1, '"x"', False), (1, "", False)])
def test_validators_are_believed_for_a_week(days: int, etag: str, trusted: bool) -> None:
    seen = SeenPage(etag=etag, modified="", sha256="0" * 64, judged_by="j", run="r", at=NOW - timedelta(days=days))
    assert is_trusted(seen, NOW) is trusted


def test_what_is_judged_by_changes_with_everything_a_judgement_depends_on(campaign: Campaign) -> None:
    known = {judged_by(campaign, "1", "rules", "list"), judged_by(campaign, "1", "rules", "list")}
    others = {
        judged_by(campaign, "1", "rules", "list-2"),
        judged_by(campaign, "1", "rules-2", "list"),
        judged_by(replace(campaign, digest="other"), "1", "rules", "list"),
    }
    assert len(known) == 1
    assert len(others - known) == 3


def a_post(number: int, text: str = AD, author: str = "明理工作室", platform: str = "wuba58") -> Post:
    url = f"https://yc.58.com/jiajiao/{number}x.shtml"
    return Post(key=url, platform=platform, url=url, title="初三数学", text=text, author=author)


def test_the_same_words_of_the_same_author_are_a_twin() -> None:
    earlier = [a_post(1)]
    assert twin_among(a_post(2, AD.replace("300元", "320元")), earlier) == earlier[0].key
    assert twin_among(a_post(2, author="另一家"), earlier) == ""
    assert twin_among(a_post(2, platform="baixing"), earlier) == ""
    assert twin_among(a_post(2, PLAIN), earlier) == ""
    assert twin_among(a_post(1), earlier) == ""
    assert twin_among(a_post(2, "数学补课"), [a_post(1, "数学补课")]) == ""
    assert twin_among(a_post(2, author=""), [a_post(1, author="")]) == ""


def test_a_repeated_advertisement_is_linked_and_no_second_lead(settings: Settings, campaign: Campaign, store: Store) -> None:
    store.start_run(Run(id="r", campaign=campaign.id, source="wuba58", started_at=NOW))
    screener = Screener.open(settings, campaign, run="r", source="wuba58")
    posts = [a_post(1), a_post(2), a_post(3, author="另一家")]
    leads = [lead.post_key for post in posts for lead in screener.record_page(page_of(post))]
    again = [lead.post_key for post in posts for lead in screener.record_page(page_of(post))]
    screener.close()
    assert leads == again == [posts[0].key, posts[2].key]
    [row] = store.coverage(campaign.id)
    assert (row.leads, row.repeated, row.posts) == (2, 1, 3)
    twins = list(store.database.query("SELECT post_key, of_key FROM twins"))
    assert twins == [{"post_key": posts[1].key, "of_key": posts[0].key}]


def page_of(post: Post) -> PageResult:
    visit = Visit(url=post.url, source="wuba58", state=State.OK, at=NOW, final_url=post.url, sha256="0" * 64)
    return PageResult(lease="1", visit=visit, posts=(post,))


def test_a_page_that_was_not_seen_is_forgotten(store: Store, campaign: Campaign) -> None:
    book = SeenBook(store.database.conn)
    visit = Visit(url="u", source="s", state=State.OK, at=NOW, final_url="u", etag='"1"', sha256="1")
    book.remember(visit, "r1", campaign.id, "j")
    assert book.page(campaign.id, "u") == SeenPage('"1"', "", "1", "j", "r1", NOW)
    book.remember(replace(visit, state=State.BLOCKED_CAPTCHA, sha256="2"), "r2", campaign.id, "j")
    assert book.page(campaign.id, "u") is None


def swept(campaign: Campaign, settings: Settings, *choices: SourceChoice) -> SweepResult:
    return sweep(replace(campaign, sources=choices), "", settings, tell=lambda _: None)


def test_a_source_without_an_address_says_so_and_is_not_complete(campaign: Campaign, settings: Settings) -> None:
    result = swept(campaign, settings, SourceChoice(name="discuz"), SourceChoice(name="youzan"), SourceChoice(name="dianping"))
    assert {(run.source, run.outcome) for run in result.runs} == {
        ("discuz", "failed"),
        ("youzan", "failed"),
        ("dianping", "failed"),
    }
    assert all("没有入口地址" in row.note and not row.gaps for row in result.coverage)
    assert not result.complete
    with pytest.raises(PatrolError, match="没有入口地址"):
        result.raise_if_cut_short()


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        ({"planned": 2, "failed.network": 1, "blocked.login": 1}, r"一页也没有看到.*须登录1页，网络不通1页"),
        ({"planned": 2, "empty": 1, "blocked.login": 1}, ""),
        ({"planned": 0}, ""),
    ],
)
def test_a_sweep_that_saw_nothing_is_not_complete(counts: dict[str, int], words: str) -> None:
    run = Run(id="r", campaign="c", source="wuba58", started_at=NOW, ended_at=NOW, outcome="finished", counts=counts)
    result = SweepResult((run,), ())
    assert result.complete is not bool(words)
    if words:
        with pytest.raises(PatrolError, match=words):
            result.raise_if_cut_short()
    else:
        result.raise_if_cut_short()
