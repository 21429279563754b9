"""Pages written to break a reader: any bytes give a Reading with a state, in time that grows with size."""

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from patrol.model import Reading, State
from patrol.platforms import load_platforms
from spiders.reading import read_page

PLATFORMS = load_platforms()
NOW = datetime(2027, 1, 20, 4, 0, tzinfo=UTC)
HEAVY = ("wechat_mp", "wuba58", "generic", "tieba", "wechat_miniprogram")
BITS = """<div>|</div>|<li logr=1>|<a href=/x>|</a>|<table>|<script>window.__INITIAL_STATE__=|{a: JsDecode('
undefined|<code><!--|-->
<div id=js_content class=rich_media_content>|<h1 id=activity-name>|<ul class=news-list>|<ul class=house-list-wrap>
发布时间：|<p|{"data":
{"log":{"entries":[|[{|}]|<?xml version="1.0"?>|<rss><item>|<![CDATA[|\x00|\ufeff|\u202e|&#0;
&amp|2027-01-01|登录|请完成验证|"|</script>"""
MARKUP = st.lists(st.sampled_from(BITS.replace("\n", "|").split("|")) | st.text(max_size=6), max_size=60).map("".join)


def read(name: str, body: bytes) -> Reading:
    return read_page(PLATFORMS[name], body, url="https://site.example/question/1/answer/2", fetched_at=NOW)


def check(reading: Reading) -> None:
    assert isinstance(reading.state, State)
    assert reading.kind in {"detail", "list", "search", "account", "feed", "tombstone", "wall"}
    for post in reading.posts:
        for text in (post.title, post.text, post.author, post.region, *post.images, *post.contacts):
            text.encode("utf-8")
            assert "\x00" not in text
    assert reading.state is not State.OK or reading.posts or reading.links


@given(st.sampled_from(sorted(PLATFORMS)), st.binary(max_size=600))
@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_any_bytes_give_a_state(name: str, body: bytes) -> None:
    check(read(name, body))


@given(st.sampled_from(sorted(PLATFORMS)), MARKUP)
@settings(max_examples=400, suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_any_markup_gives_a_state(name: str, markup: str) -> None:
    check(read(name, markup.encode("utf-8", "replace")))


@given(
    st.sampled_from(sorted(PLATFORMS)),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    [
                        "data",
                        "list",
                        "item",
                        "title",
                        "result",
                        "results",
                        "cards",
                        "mblog",
                        "user",
                        "log",
                        "entries",
                        "code",
                        "ok",
                    ]
                ),
                inner,
                max_size=4,
            )
        ),
        max_leaves=15,
    ),
)
@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_any_json_gives_a_state(name: str, value: object) -> None:
    check(read(name, json.dumps(value).encode()))


GROWING: dict[str, Callable[[int], bytes]] = {
    "nested": lambda size: b"<div>" * (size // 5),
    "lists": lambda size: b"<ul><li>" * (size // 8),
    "open quote": lambda size: b'<a "' * (size // 4),
    "comments": lambda size: b"<!--" * (size // 4),
    "hidden lists": lambda size: b"<code><!--" * (size // 10),
    "json": lambda size: b"[" * size,
    "json objects": lambda size: b'{"a":' * (size // 5),
    "assignments": lambda size: b"<script>window.cgiDataNew = " * (size // 28),
    "literals": lambda size: b"<script>window.cgiDataNew = {a: JsDecode('" * (size // 42),
    "escapes": lambda size: b"content_noencode: JsDecode('" + b"\\x22" * (size // 4),
    "labels": lambda size: "<li>发布时间：".encode() * (size // 19),
    "rows": lambda size: b'<li logr="1"><h2 class=title><a href="/x">y</a></h2></li>' * (size // 56),
    "digits": lambda size: b"1" * size,
    "dates": lambda size: b"2027-01-01 " * (size // 11),
    "feed": lambda size: b'<?xml version="1.0"?><rss>' + b"<item><title>" * (size // 13),
    "right to left": lambda size: "\u202e\u2066<p>初\u202d".encode() * (size // 16),
    "nothing": lambda size: b"\x00" * size,
}


@pytest.mark.parametrize("name", HEAVY)
@pytest.mark.parametrize("shape", sorted(GROWING))
def test_reading_takes_time_in_proportion(name: str, shape: str) -> None:
    spent = []
    for size in (100_000, 400_000):
        body = GROWING[shape](size)
        started = time.process_time()
        check(read(name, body))
        spent.append(time.process_time() - started)
    assert spent[1] < 16 * spent[0] + 0.5, spent


def test_five_megabytes_are_read() -> None:
    page = "<html><body>" + "<p>初三数学一对一，寒假班。</p>" * 110_000 + "</body></html>"
    reading = read("generic", page.encode())
    assert reading.state is State.OK
    assert "初三数学" in reading.posts[0].text


def test_entities_of_a_feed_are_not_expanded() -> None:
    bomb = (
        '<!DOCTYPE l [<!ENTITY a "初">'
        + "".join(f'<!ENTITY {chr(98 + i)} "{"&" + chr(97 + i) + ";"}{"&" + chr(97 + i) + ";"}">' for i in range(12))
        + "]>"
    )
    body = (
        f'<?xml version="1.0"?>{bomb}<rss><channel><item><title>&m;</title><link>https://a.example/</link></item></channel></rss>'
    )
    reading = read("generic", body.encode())
    assert all(len(post.title) < 100 for post in reading.posts)


def test_a_feed_names_no_local_file() -> None:
    body = '<?xml version="1.0"?><!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><rss><item><title>甲&x;</title><link>https://a.example/</link></item></rss>'
    assert "root:" not in str(read("generic", body.encode()))


def test_half_a_surrogate_is_left_out() -> None:
    body = b'{"data":{"bvid":"BV1","title":"\\ud800\xe7\x94\xb2\\u0000","owner":{"name":"\\udc00\xe4\xb9\x99"}}}'
    [post] = read("bilibili", body).posts
    assert (post.title, post.author) == ("甲", "乙")
