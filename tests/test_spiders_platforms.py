"""What holds for every shipped platform.yml, and for the table that tells links apart."""

from typing import get_args
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from patrol.links import classify, host_table
from patrol.platform_rules import Fields, PageRule, Pick, StepName, Test
from patrol.platforms import Platform, load_platforms, platform_names
from spiders.addresses import absolute, address_kind, canonical, unwrapped
from spiders.paths import parse_path
from spiders.steps import STEPS

PLATFORMS = load_platforms()
REQUIRED = (
    "wechat_mp sogou_weixin douyin xiaohongshu bilibili weibo tieba zhihu baidu sogou tutor_directory bing so360 kuaishou "
    "toutiao discuz wuba58 baixing goofish dianping yellow_pages app_store xiaoe youzan weidian wechat_miniprogram live_room "
    "generic"
)
EMPTY = LexborHTMLParser("<p></p>")


def picks_of(rule: PageRule) -> list[Pick]:
    sources: list[Fields] = [rule.fields, *(parts.fields for parts in rule.items)]
    found = [pick for fields in sources for picks in fields.values() for pick in picks]
    return [*found, *rule.next_page]


def conditions_of(platform: Platform) -> list[Test]:
    rules = [test for rule in platform.states for test in (*rule.any, *rule.unless)]
    pages = [test for rule in platform.pages for test in (*rule.when, *rule.unless, *rule.empty)]
    return rules + pages


def selectors_of(platform: Platform) -> list[str]:
    tests = [css for test in conditions_of(platform) for css in (test.css, test.no_css)]
    parts = [css for rule in platform.pages for part in rule.items for css in (part.css, part.skip)]
    picks = [pick.css for rule in platform.pages for pick in picks_of(rule)]
    more = [rule.shown for rule in platform.states] + [css for rule in platform.pages for css in (rule.region, rule.aside)]
    return [css for css in (*tests, *parts, *picks, *more) if css and css != "."]


def paths_of(platform: Platform) -> list[str]:
    tests = [test.json_path for test in conditions_of(platform)]
    parts = [part.json_path for rule in platform.pages for part in rule.items]
    picks = [pick.json_path for rule in platform.pages for pick in picks_of(rule)]
    carriers = [carrier.at for rule in platform.pages for carrier in rule.data]
    return [path for path in (*tests, *parts, *picks, *carriers) if path]


def test_all_required_platforms_are_there() -> None:
    assert set(REQUIRED.split()) == set(platform_names())


def test_every_step_that_may_be_written_exists() -> None:
    assert set(STEPS) | {"absolute"} == set(get_args(StepName))


@pytest.mark.parametrize("name", platform_names())
def test_every_selector_is_one_that_the_parser_takes(name: str) -> None:
    for css in selectors_of(PLATFORMS[name]):
        EMPTY.css(css)


@pytest.mark.parametrize("name", platform_names())
def test_every_path_is_one_that_the_engine_takes(name: str) -> None:
    for path in paths_of(PLATFORMS[name]):
        assert parse_path(path)


@pytest.mark.parametrize("name", platform_names())
def test_every_page_kind_says_what_it_must_have(name: str) -> None:
    for rule in PLATFORMS[name].pages:
        assert rule.require, rule.name


@pytest.mark.parametrize("name", platform_names())
def test_a_closed_platform_says_what_is_done_instead(name: str) -> None:
    policy = PLATFORMS[name].policy
    assert policy.note or not policy.closed


@pytest.mark.parametrize("name", platform_names())
def test_no_button_of_a_login_or_captcha_may_be_pressed(name: str) -> None:
    actions = PLATFORMS[name].browser
    pressed = " ".join((*actions.tap, *actions.close))
    assert not any(word in pressed for word in ("登录", "验证", "注册", "滑块", "授权"))


@pytest.mark.parametrize("name", platform_names())
def test_canonical_is_a_fixed_point(name: str) -> None:
    platform = PLATFORMS[name]
    host = platform.hosts[0] if platform.hosts else "site.example"
    paths = (
        "/",
        "/p/9001?fr=x",
        "/s/AbCdEfGhIjKlMnOpQrStUv?scene=1",
        "/jiajiao/12345678901234x.shtml?psid=1",
        "/video/BV1xx411c7mD?p=2",
    )
    more = (
        "/thread-7-2-9.html",
        "/explore/67a000000000000000000001?xsec_token=A%2B",
        "/s?wd=%E5%88%9D&pn=10",
        "/app/id9?uo=4",
        "/a#/b?c=1",
    )
    for path in (*paths, *more):
        once = canonical(platform, f"https://{host}{path}")
        assert canonical(platform, once) == once


@pytest.mark.parametrize(
    ("url", "platform", "kind"),
    [
        ("https://mp.weixin.qq.com/s/AbC", "wechat_mp", "detail"),
        ("https://wxaurl.cn/AbCdEf", "wechat_miniprogram", "mini_program"),
        ("https://v.douyin.com/abc/", "douyin", "short"),
        ("https://live.douyin.com/990001", "live_room", "live"),
        ("https://appabc.h5.xiaoeknow.com/p/course/video/v_1", "xiaoe", "course"),
        ("https://white.label.example/p/course/alive/l_1", "xiaoe", "course"),
        ("https://any.example/kpv2p/co1/#/homePage/course/video?courseId=1", "ckjr", "course"),
        ("https://shop1.youzan.com/wscvis/course/detail/a", "youzan", "shop"),
        ("https://meeting.tencent.com/dm/abc", "tencent_meeting", "meeting"),
        ("https://www.wjx.cn/vm/abc.aspx", "form", "form"),
        ("https://weidian.com.example/", "", ""),
        ("http://[::1", "", ""),
        ("https://unknown.example/", "", ""),
    ],
)
def test_a_link_is_told_by_host_and_path(url: str, platform: str, kind: str) -> None:
    assert classify(url) == (platform, kind)


def test_every_shipped_platform_with_hosts_is_recognised_by_its_own_hosts() -> None:
    for platform in PLATFORMS.values():
        for host in platform.hosts:
            assert classify(f"https://{host}/")[0] in {platform.name, ""}, host
    assert len(host_table().rules) > 40


@pytest.mark.parametrize(
    ("href", "made"),
    [
        ("/a b", "https://x.example/ab"),
        ("//y.example/z", "https://y.example/z"),
        ("javascript:alert(1)", ""),
        ("data:text/html,x", ""),
        ("#top", ""),
        ("http://[bad", ""),
        ("http://host:port/", ""),
        ("mailto:a@b.example", ""),
        ("?page=2", "https://x.example/dir/p?page=2"),
    ],
)
def test_a_link_is_absolute_and_http_or_nothing(href: str, made: str) -> None:
    assert absolute("https://x.example/dir/p", href) == made


@given(st.text(max_size=200))
def test_no_text_breaks_the_address_functions(text: str) -> None:
    for url in (text, f"https://x.example/{text}", f"//{text}"):
        made = absolute("https://x.example/", url)
        assert made == "" or urlsplit(made).scheme in {"http", "https"}
        canonical(PLATFORMS["wuba58"], url)
        address_kind(PLATFORMS["zhihu"], url)
        classify(url)
        unwrapped(url)
