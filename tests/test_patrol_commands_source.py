"""The source commands on the mock city: a source is tried for real, a new one is written from an address, a page is recorded."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from fixtures import city as mock_city
from fixtures.city import City
from patrol.browser_profiles import check_profiles, is_open, make_folder
from patrol.cli import command_line
from patrol.commands.sweep import ad_hoc_campaign
from patrol.crawl import run_spider
from patrol.errors import BadInput, NotAvailable, PatrolError
from patrol.model import PageResult, State, Visit
from patrol.platforms import Expect, Platform, load_platform, load_platforms
from patrol.settings import has_display
from patrol.sources.checking import CheckedPage, checked, what_to_do
from patrol.sources.trial import TriedPage, first_address
from patrol.sources.writing import name_of
from spiders.guessing import address_rule, guess_detail, guess_page
from spiders.reading import read_page, read_whole
from tests.crawling import kept_pages, town_job
from tests.town import Town, TownHandler

NOW = datetime(2027, 1, 20, 4, 0, tzinfo=UTC)
SITE = "https://www.linjie.example"
Ask = Callable[..., Result]


@pytest.fixture(scope="module")
def city() -> Iterator[City]:
    with mock_city.running() as running:
        yield running


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("office")
    with pytest.MonkeyPatch.context() as environment:
        for name, value in (("WORKSPACE", str(folder)), ("ALLOW_LOOPBACK", "1"), ("PACE_FACTOR", "0")):
            environment.setenv(f"PATROL_{name}", value)
        yield folder


def ask(*arguments: str) -> Result:
    return CliRunner().invoke(command_line(["source", "record", "browser"]), list(arguments))


def test_a_well_source_is_shown_field_by_field(city: City, office: Path) -> None:
    done = ask("source", "check", "wuba58", "--url", city.starts["wuba58"][0], "--json")
    told = json.loads(done.stdout)
    assert (done.exit_code, told["well"], told["do"]) == (0, True, "")
    [page] = told["pages"]
    fields = {one["name"]: (one["found"], one["of"]) for one in page["fields"]}
    assert (page["kind"], page["state"], page["things"]) == ("list", "ok", 12)
    assert fields["title"] == fields["url"] == fields["published"] == (12, 12)


@pytest.mark.parametrize(("trouble", "words"), [("blocked.captcha", "软件不代为验证")])
def test_a_blocked_source_fails_with_one_thing_to_do(city: City, office: Path, trouble: str, words: str) -> None:
    address = next(t.url for t in city.truths() if t.platform == "wuba58" and t.trouble and t.state.value == trouble)
    done = ask("source", "check", "wuba58", "--url", address)
    assert done.exit_code == 1
    [line] = [line for line in done.stdout.splitlines() if line.startswith("处理办法：")]
    assert words in line


@pytest.mark.parametrize(("entry", "words"), [(True, "换一个入口地址"), (False, "")])
def test_an_entry_that_is_gone_is_no_well_source(entry: bool, words: str) -> None:
    gone = CheckedPage(
        url=SITE, kind="tombstone", state=State.GONE_NOT_FOUND, reason="", mode="http", things=0, posts=0, fields=(), faults=()
    )
    advice = what_to_do([gone], entry=entry)
    assert words in advice
    assert bool(advice) is entry


def test_every_gap_has_one_thing_to_do() -> None:
    for state in State:
        page = CheckedPage(url=SITE, kind="wall", state=state, reason="", mode="", things=0, posts=0, fields=(), faults=())
        assert bool(what_to_do([page])) is not state.covered


def test_too_few_rows_and_missing_fields_are_told(tmp_path: Path) -> None:
    platform = guessed(DETAIL, f"{SITE}/xx/77.html", tmp_path).model_copy(
        update={"expect": Expect(items=(3, 40), fields={"author": 1.0, "price": 0.5})}
    )
    page = tried(platform, DETAIL, f"{SITE}/xx/77.html")
    [found] = checked(platform, [page])
    assert {field.name: (field.found, field.of, field.expected) for field in found.fields}["price"] == (0, 1, 0.5)
    assert [fault for fault in found.faults if "price" in fault]
    assert "platform.yml" in what_to_do([found])


def tried(platform: Platform, body: str, url: str) -> TriedPage:
    whole: Any = read_whole(platform, body.encode(), url=url, fetched_at=NOW)
    visit = Visit(url=url, source=platform.name, state=whole.reading.state, at=NOW)
    return TriedPage(PageResult(lease="1", visit=visit, posts=whole.reading.posts), body.encode(), whole)


def test_a_source_without_an_address_of_its_own_asks_for_one() -> None:
    with pytest.raises(BadInput, match=r"没有入口地址.*--url"):
        first_address(load_platform("discuz", ()), ad_hoc_campaign())


def test_every_shipped_source_with_an_entry_or_a_search_has_a_first_address() -> None:
    platforms = [p for p in load_platforms(()).values() if p.base and (p.search or p.entries)]
    platforms = [platform for platform in platforms if "{city}" not in f"{platform.base}{platform.entries}"]
    addresses = [first_address(platform, ad_hoc_campaign(), keyword="初三数学") for platform in platforms]
    assert len(addresses) >= 12
    assert all(address.startswith("https://") and "{" not in address for address in addresses)


def test_a_new_source_is_written_from_an_address_and_reads_the_site(city: City, office: Path) -> None:
    done = ask("source", "new", city.starts["wuba58"][0], "--name", "fenlei")
    assert done.exit_code == 0, done.output
    platform = load_platform("fenlei", (office / "platforms",))
    assert platform.entries[0].url == "{base}/jiajiao/pn1/"
    assert [rule.kind for rule in platform.pages] == ["list", "detail"]
    assert "12条" in done.stdout
    assert "改好后运行 patrol source check fenlei" in done.stdout
    written = (office / "platforms" / "fenlei" / "platform.yml").read_bytes()
    again = ask("source", "new", city.starts["wuba58"][0], "--name", "fenlei")
    assert isinstance(again.exception, BadInput)
    assert (office / "platforms" / "fenlei" / "platform.yml").read_bytes() == written


def test_no_source_is_written_from_a_page_that_is_not_seen(city: City, office: Path) -> None:
    wall = next(t.url for t in city.truths() if t.platform == "wuba58" and t.trouble and t.state.value == "blocked.captcha")
    done = ask("source", "new", wall, "--name", "wall")
    assert (done.exit_code, "没有写：" in done.stdout) == (1, True)
    assert not (office / "platforms" / "wall").exists()


@pytest.mark.parametrize("name", ["baidu", "generic", "Big", "../up", "1st"])
def test_a_name_that_is_taken_or_no_name_is_refused(office: Path, name: str) -> None:
    assert isinstance(ask("source", "new", SITE, "--name", name).exception, BadInput)


@pytest.mark.parametrize("command", [("source", "new"), ("source", "check", "baidu", "--url"), ("record", "--platform", "baidu")])
def test_what_is_no_address_is_refused(office: Path, command: Sequence[str]) -> None:
    assert isinstance(ask(*command, "nowhere").exception, BadInput)


def test_a_recorded_page_shows_when_its_reading_changes(city: City, office: Path) -> None:
    done = ask("record", city.starts["discuz"][0], "--platform", "discuz")
    assert done.exit_code == 0, done.output
    assert ask("source", "check", "discuz", "--recorded").exit_code == 0
    [expected] = (office / "platforms" / "discuz" / "recorded").glob("*.expected")
    read = json.loads(expected.read_text(encoding="utf-8"))
    assert (read["state"], read["kind"]) == ("ok", "list")
    headers = json.loads(expected.with_suffix(".headers").read_text(encoding="utf-8"))
    assert headers["url"] == city.starts["discuz"][0]
    expected.write_text(json.dumps({**read, "title": "另一个论坛"}), encoding="utf-8")
    changed = ask("source", "check", "discuz", "--recorded")
    assert (changed.exit_code, "title" in changed.stdout) == (1, True)


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://www.xinshi.example/c/1", "xinshi"),
        ("http://m.jia-jiao.com.cn/", "jia_jiao"),
        ("http://127.0.0.1:80/", "site_127_0_0_1"),
        ("https://58.com/x", "site_58_com"),
    ],
)
def test_a_name_is_made_from_the_host(url: str, name: str) -> None:
    assert name_of(url) == name


DETAIL = """<html><head><title>高二物理小班招生 - 邻街网</title></head><body><div class=nav><a href=/>首页</a></div>
<h1 class=biaoti>高二物理小班招生</h1><ul><li>联系人：周老师</li><li>发布时间：2027-01-12</li></ul>
<div class="neirong"><p>寒假开小班，每周三次，一次两小时，在家里上课。</p><img src="/a.png"><p>电话 19900003333。</p></div>
</body></html>"""
DATA = """<html><head><title>x</title></head><body><div id=app></div><script>window.__PAGE__ = {"ok": 1, "item": {"info":
{"title": "钢琴陪练课", "desc": "一对一陪练", "author": {"nickname": "小曲"}, "createTime": 1800000000}}};
</script></body></html>"""


def guessed(body: str, url: str, folder: Path) -> Platform:
    guess = guess_detail(body.encode(), url=url, fetched_at=NOW)
    spec = {
        "title": "邻街网",
        "kind": "listing",
        "verified_on": "2027-01-01",
        "addresses": [dict(guess.address)],
        "pages": [dict(guess.rule)],
    }
    (folder / "linjie").mkdir()
    (folder / "linjie" / "platform.yml").write_text(yaml.safe_dump(spec, allow_unicode=True), encoding="utf-8")
    return load_platform("linjie", (folder,))


def test_a_detail_page_is_guessed_by_its_shape(tmp_path: Path) -> None:
    platform = guessed(DETAIL, f"{SITE}/xx/77.html", tmp_path)
    [post] = read_page(platform, DETAIL.encode(), url=f"{SITE}/xx/77.html", fetched_at=NOW).posts
    assert (post.title, post.author, post.published_shown) == ("高二物理小班招生", "周老师", "2027-01-12")
    assert post.text.startswith("寒假开小班")
    assert post.images == (f"{SITE}/a.png",)


def test_a_page_that_keeps_its_words_in_a_script_is_guessed_by_its_data(tmp_path: Path) -> None:
    platform = guessed(DATA, f"{SITE}/k/9", tmp_path)
    [post] = read_page(platform, DATA.encode(), url=f"{SITE}/k/9", fetched_at=NOW).posts
    assert (post.title, post.text, post.author) == ("钢琴陪练课", "一对一陪练", "小曲")
    assert post.published_at == datetime.fromtimestamp(1_800_000_000, UTC)


def test_addresses_become_shapes() -> None:
    assert address_rule(f"{SITE}/c/a-b/77.html?p=2&from=x", "detail") == {
        "pattern": "^/c/a-b/(?P<id>\\d+)\\.html",
        "kind": "detail",
        "keep": ["p"],
    }


@given(st.text(max_size=300))
@hypothesis_settings(max_examples=60, deadline=None)
def test_guessing_never_fails(text: str) -> None:
    guess = guess_page(
        f"<body><ul><li><a href=/1>{text}</a></ul>{text}</body>".encode("utf-8", "replace"), url=SITE, fetched_at=NOW
    )
    assert guess.rule["require"]


def test_a_machine_without_a_display_says_so_in_one_line(office: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    error = ask("browser", "open").exception
    assert isinstance(error, NotAvailable)
    assert "\n" not in str(error)
    assert not (office / "profiles").exists()
    assert has_display({"DISPLAY": ":0"})


def test_the_browser_window_is_the_officers_own(office: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "browser"
    program.write_text('#!/bin/sh\necho "$@" > "$0.called"\n')
    program.chmod(0o755)
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setenv("PATROL_BROWSER", str(program))
    done = ask("browser", "open", SITE, "--profile", "clerk")
    called = (tmp_path / "browser.called").read_text()
    folder = office / "profiles" / "clerk"
    assert (done.exit_code, f"--user-data-dir={folder}" in called, SITE in called) == (0, True, True)
    assert "headless" not in called
    assert folder.stat().st_mode & 0o077 == 0


def test_a_sweep_wants_the_profile_to_be_there_and_closed(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="patrol browser open --profile clerk"):
        check_profiles(tmp_path, ["clerk"])
    folder = make_folder(tmp_path, "clerk")
    check_profiles(tmp_path, ["clerk"])
    (folder / "SingletonLock").symlink_to("desk-1")
    assert is_open(folder)
    with pytest.raises(PatrolError, match="关闭窗口"):
        check_profiles(tmp_path, ["clerk"])


def test_no_shipped_source_uses_a_profile_by_itself() -> None:
    assert {platform.profile for platform in load_platforms(()).values()} == {""}


def members_only(handler: TownHandler) -> None:
    known = "member=yes" in (handler.headers.get("Cookie") or "")
    handler.reply(200, "<h1>登录后的正文</h1>" if known else "<h1>请先登录</h1>")


def log_in(handler: TownHandler) -> None:
    handler.reply(200, "<h1>已登录</h1>", Set_Cookie="member=yes; Max-Age=86400; Path=/")


def test_only_a_source_that_says_so_is_opened_with_the_officers_login(tmp_path: Path) -> None:
    folder, shown = make_folder(tmp_path, "clerk"), []
    with Town(2, {"/members": members_only, "/login": log_in}) as town:
        # the first stands for the officer, who logs in by hand in the window of that profile
        for run, path, profile in (("by-hand", "/login", "clerk"), ("with", "/members", "clerk"), ("without", "/members", "")):
            job = town_job(tmp_path, town.base, run=run, start=[town.base + path])
            choice = replace(job.choice, profile=profile)
            run_spider(replace(job, choice=choice, campaign=replace(job.campaign, sources=(choice,))))
            shown.append([page["texts"] for page in kept_pages(tmp_path)][-1])
    assert shown == [["已登录"], ["登录后的正文"], ["请先登录"]]
    assert (folder / "Default" / "Cookies").is_file()
