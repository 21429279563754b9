"""The browser walk in a real Chromium: scripts, taps, pop-ups, and pages that try to hold it or lead it inside."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from patrol.browsers import find_browser, launch_arguments
from patrol.crawl import run_spider
from patrol.errors import BadInput
from patrol.settings import load
from tests.crawling import kept_pages, reasons_of, states_of, town_job
from tests.town import Town, TownHandler, cut_short, goes_to, says

ROOT = Path(__file__).parents[1]
SHELL = """<h1>店铺</h1><div id=app></div><button onclick="open_all()">展开课程</button><button onclick="sent()">登录</button>
<script>
document.getElementById('app').innerText = '宽' + screen.width + '触' + navigator.maxTouchPoints;
function open_all() { fetch('/api/goods').then(r => r.json()).then(j => document.getElementById('app').append(j.title));
  window.open('/pop'); }
function sent() { fetch('/sent'); }
</script><img src="/picture"><link rel=stylesheet href="/style.css">"""
PLATFORM = """
render: browser
device: phone
kind: browser
pace: {delay: [0, 0], concurrency: 2}
budget: {pages: 60, depth: 0}
browser: {tap: [展开课程, 登录], scroll: 1, timeout: 6, capture: [/api/goods]}
pages:
  - name: goods
    when: [{is_json: true}]
    data: [{body: true}]
    fields: {title: [{json: title}], text: [{json: about}]}
  - name: any
    fields: {title: [{css: h1}], text: [{css: body}]}
"""


def goods(handler: TownHandler) -> None:
    handler.raw(200, '{"title": "初三数学一对一 300元", "about": "只写在数据里的说明"}'.encode(), Content_Type="application/json")


TROUBLES = {
    "/shell": says(SHELL),
    "/api/goods": goods,
    "/pop": says("<h1>弹窗广告</h1>"),
    "/loop": says("<h1>圈</h1><script>while(true){}</script>"),
    "/alerts": says("<h1>喊</h1><script>while(true){alert(1)}</script>"),
    "/asks": says("<h1>问</h1><script>confirm('?');prompt('?')</script><p>正文</p>"),
    "/metadata": goes_to("http://169.254.169.254/latest/"),
    "/leads-inside": says("<h1>引</h1><script>location='http://10.1.1.1/'</script>"),
    "/looks-inside": says(
        "<h1>看</h1><script>for (const u of ['http://10.0.0.1/','http://[::ffff:10.0.0.2]/'])fetch(u).catch(e=>0)</script>"
    ),
    "/gone": says("<h1>没有</h1>", 404),
    "/turns": goes_to("/turns"),
    "/cut": cut_short,
}


@pytest.fixture(scope="module")
def run_in_browser(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, dict[str, int]]:
    workspace = tmp_path_factory.mktemp("browse")
    pages = [path for path in TROUBLES if path not in {"/api/goods", "/pop"}]
    with Town(2, dict(TROUBLES)) as town, pytest.MonkeyPatch.context() as environment:
        environment.setenv("TOWN_MARK", f"module-{os.getpid()}")
        job = town_job(workspace, town.base, platform=PLATFORM, start=[f"{town.base}{path}" for path in pages], page_seconds=8)
        run_spider(job)
        return workspace, town.base, dict(town.hits)


def kept(run: tuple[Path, str, dict[str, int]], path: str) -> dict[str, object]:
    workspace, base, _ = run
    return next(dict(page) for page in kept_pages(workspace) if page["url"] == f"{base}{path}")


def test_a_shell_is_rendered_tapped_and_its_data_read(run_in_browser: tuple[Path, str, dict[str, int]]) -> None:
    page = kept(run_in_browser, "/shell")
    assert page["state"] == "ok"
    texts = page["texts"]
    assert isinstance(texts, list)
    assert "宽390触1" in texts[0]
    assert "初三数学一对一 300元" in texts[0]
    assert "只写在数据里的说明" in "".join(texts)
    assert page["steps"] == ["打开网页", "点按“展开课程”", "不点按“登录”（不代为登录、验证或支付）", "下滚一屏"]
    assert page["ip"] == "127.0.0.1"


def test_a_login_button_is_never_pressed_and_pictures_are_not_fetched(run_in_browser: tuple[Path, str, dict[str, int]]) -> None:
    hits = run_in_browser[2]
    assert "/sent" not in hits
    assert "/picture" not in hits
    assert hits["/style.css"] == 1


def test_a_window_that_opens_by_itself_is_a_page_of_its_own(run_in_browser: tuple[Path, str, dict[str, int]]) -> None:
    page = kept(run_in_browser, "/pop")
    assert "弹窗广告" in str(page["texts"])


@pytest.mark.parametrize(
    ("path", "state"),
    [
        ("/loop", "failed.network"),
        ("/alerts", "failed.network"),
        ("/asks", "ok"),
        ("/metadata", "failed.unsafe_address"),
        ("/leads-inside", "failed.unsafe_address"),
        ("/looks-inside", "ok"),
        ("/gone", "gone.not_found"),
        ("/turns", "failed.redirect_loop"),
        ("/cut", "failed.truncated"),
    ],
)
def test_each_trouble_ends_under_its_own_name(run_in_browser: tuple[Path, str, dict[str, int]], path: str, state: str) -> None:
    workspace, base, _ = run_in_browser
    assert states_of(workspace, base)[path] == state, reasons_of(workspace, base)[path]


def test_no_browser_outlives_a_run(run_in_browser: tuple[Path, str, dict[str, int]]) -> None:
    assert run_in_browser
    assert _marked(f"TOWN_MARK=module-{os.getpid()}") == []


SWEEP = "import sys; from patrol.crawl import *; run_spider(SpiderJob.load(sys.stdin.read()))"


def _marked(mark: str) -> list[str]:
    """Return the commands of all processes that inherited a mark in their environment (browsers leave their parent's group)."""
    found = []
    for folder in Path("/proc").iterdir():
        try:
            if folder.name.isdigit() and mark.encode() in (folder / "environ").read_bytes():
                found.append((folder / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:
            continue
    return [command for command in found if command]


def test_killing_the_sweep_takes_its_spider_and_browser_along(tmp_path: Path) -> None:
    mark = f"kill-{os.getpid()}"
    with Town(2, {"/long": says("<h1>长</h1><script>while(true){}</script>")}) as town:
        job = town_job(tmp_path, town.base, platform=PLATFORM, start=[f"{town.base}/long"])
        sweep = subprocess.Popen(
            [sys.executable, "-c", SWEEP],
            stdin=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env={**os.environ, "TOWN_MARK": mark},
        )
        assert sweep.stdin is not None
        sweep.stdin.write(job.dump())
        sweep.stdin.close()
        _wait_until(lambda: town.hits["/long"] > 0)
        assert any("--proxy-server" in command for command in _marked(f"TOWN_MARK={mark}"))
        sweep.kill()
        sweep.wait()
        _wait_until(lambda: not _marked(f"TOWN_MARK={mark}"))


def _wait_until(true: Callable[[], bool]) -> None:
    limit = time.monotonic() + 30
    while not true():
        assert time.monotonic() < limit
        time.sleep(0.05)


def test_a_browser_that_is_named_but_not_there_is_bad_input() -> None:
    with pytest.raises(BadInput, match="没有这个浏览器程序"):
        find_browser(load({"PATROL_BROWSER": "/nowhere/chrome"}))


def test_the_sandbox_is_given_up_for_root_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert "--no-sandbox" not in launch_arguments()
    monkeypatch.setattr("os.geteuid", lambda: 0)
    assert ("--no-sandbox" in launch_arguments()) == sys.platform.startswith("linux")
