"""A classifieds site that nobody has written code for: one YAML file, and lists, details, walls and tombstones are read."""

from datetime import UTC, datetime
from pathlib import Path
from textwrap import dedent

import pytest

from patrol.model import State
from patrol.platforms import Platform, load_platform
from spiders.reading import read_page

NOW = datetime(2027, 1, 20, 4, 0, tzinfo=UTC)
SITE = "https://www.xinshi.example"
SPEC = """
title: 新市分类网
kind: listing
base: https://www.xinshi.example
hosts: [xinshi.example]
verified_on: 2027-01-01
entries:
  - {url: "{base}/c/jiajiao?p={page}", kind: list}
search:
  - {url: "{base}/find?w={keyword}", words: ["{subject} 家教"]}
addresses:
  - {pattern: '^/item/(?P<id>\\d+)', kind: detail, canonical: '{root}/item/{id}'}
  - {pattern: '^/c/', kind: list, keep: [p]}
states:
  - state: gone.deleted
    any: [{text: [这条信息已经撤下]}]
pages:
  - name: list
    kind: list
    when: [{css: .rows}]
    items:
      - css: .rows .row
        fields:
          title: [{css: .name}]
          url: [{css: a, attr: href}]
          published: [{css: .when}]
        sponsored: {text: [推广]}
        require: [title, url]
    next_page: [{css: a.more, attr: href}]
    empty: [{text: [没有信息]}]
    require: [items]
  - name: item
    kind: detail
    when: [{css: .item}]
    fields:
      title: [{css: .item h1}]
      text: [{css: .item .words}]
      author: [{label: [联系人]}]
      published: [{label: [发布]}]
      contacts: [{css: .phone, do: [phones]}]
      images: [{css: '.item img', attr: src, all: true}]
    require: [title, text]
"""
LIST = """<html><body><div class="rows"><div class="row"><a href="/item/7?from=list"><b class="name">初三数学小班</b></a>
<i class="when">昨天</i></div><div class="row"><a href="/item/8"><b class="name">一对一英语</b></a>
<i class="when">3天前</i><u>推广</u></div></div>
<a class="more" href="/c/jiajiao?p=2">更多</a></body></html>"""
ITEM = """<html><body><div class="item"><h1>初三数学小班</h1><ul><li>联系人：林老师</li><li>发布：1月18日 09:30</li></ul>
<p class="words">八人开班</p><span class="phone">199 0000 5555</span><img src="/i/1.png"></div></body></html>"""


MANUAL = Path(__file__).parent.parent / "README.md"


def test_the_file_that_the_manual_shows_reads_the_same_site(tmp_path: Path) -> None:
    shown = MANUAL.read_text(encoding="utf-8").split("## 新增一个来源")[1].split("```yaml\n")[1].split("```")[0]
    (tmp_path / "xinshi").mkdir()
    (tmp_path / "xinshi" / "platform.yml").write_text(dedent(shown), encoding="utf-8")
    platform = load_platform("xinshi", (tmp_path,))
    listed = read_page(platform, LIST.encode(), url=f"{SITE}/c/jiajiao?p=1", fetched_at=NOW)
    assert [(link.title, link.kind) for link in listed.links] == [("初三数学小班", "detail"), ("一对一英语", "detail")]
    assert listed.next_page == f"{SITE}/c/jiajiao?p=2"
    [post] = read_page(platform, ITEM.encode(), url=f"{SITE}/item/7", fetched_at=NOW).posts
    assert (post.key, post.title, post.author, post.text) == (f"{SITE}/item/7", "初三数学小班", "林老师", "八人开班")
    gone = read_page(platform, "<p>这条信息已经撤下</p>".encode(), url=f"{SITE}/item/9", fetched_at=NOW)
    assert gone.state is State.GONE_DELETED


@pytest.fixture
def platform(tmp_path: Path) -> Platform:
    (tmp_path / "xinshi").mkdir()
    (tmp_path / "xinshi" / "platform.yml").write_text(SPEC, encoding="utf-8")
    return load_platform("xinshi", (tmp_path,))


def test_its_list_leads_to_its_items(platform: Platform) -> None:
    reading = read_page(platform, LIST.encode(), url=f"{SITE}/c/jiajiao?p=1", fetched_at=NOW)
    assert (reading.state, reading.kind, reading.next_page) == (State.OK, "list", f"{SITE}/c/jiajiao?p=2")
    assert [(link.title, link.kind, link.sponsored) for link in reading.links] == [
        ("初三数学小班", "detail", False),
        ("一对一英语", "detail", True),
    ]


def test_its_item_is_a_post(platform: Platform) -> None:
    reading = read_page(platform, ITEM.encode("gb18030"), url=f"{SITE}/item/7?from=list", fetched_at=NOW)
    [post] = reading.posts
    assert post.key == f"{SITE}/item/7"
    assert (post.title, post.text, post.author, post.contacts) == ("初三数学小班", "八人开班", "林老师", ("19900005555",))
    assert post.published_at == datetime(2027, 1, 18, 1, 30, tzinfo=UTC)
    assert post.images == (f"{SITE}/i/1.png",)


@pytest.mark.parametrize(
    ("page", "state"),
    [
        ("<div class=rows>没有信息</div>", State.EMPTY),
        ("<p>这条信息已经撤下</p>", State.GONE_DELETED),
        ("<title>安全验证</title><p>请按住滑块，拖动到最右边</p>", State.BLOCKED_CAPTCHA),
        ("<p>您的访问过于频繁</p>", State.BLOCKED_RATE),
        ("<h2>请先登录</h2>", State.BLOCKED_LOGIN),
        ("<div class=item><h2>换了写法的标题</h2></div>", State.CHANGED),
    ],
)
def test_what_is_no_post_is_told_apart(platform: Platform, page: str, state: State) -> None:
    reading = read_page(platform, page.encode(), url=f"{SITE}/item/9", fetched_at=NOW)
    assert reading.state is state
    assert reading.posts == ()


@pytest.mark.parametrize(
    ("status", "state"),
    [
        (404, State.GONE_NOT_FOUND),
        (410, State.GONE_DELETED),
        (429, State.BLOCKED_RATE),
        (401, State.BLOCKED_LOGIN),
        (403, State.BLOCKED_RATE),
        (503, State.SERVER_ERROR),
    ],
)
def test_a_refusal_by_status_is_believed(platform: Platform, status: int, state: State) -> None:
    assert read_page(platform, ITEM.encode(), url=f"{SITE}/item/9", status=status, fetched_at=NOW).state is state


def test_missing_fields_are_named(platform: Platform) -> None:
    reading = read_page(platform, b"<div class=item><h1>x</h1></div>", url=f"{SITE}/item/9", fetched_at=NOW)
    assert reading.missing == ("text",)
