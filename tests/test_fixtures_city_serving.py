"""The mock city as a process and in a browser: the command, cut bodies, taps, and the list of licensed providers."""

import csv
import http.client
import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest
from openpyxl import load_workbook
from playwright.sync_api import Browser, sync_playwright

import fixtures.city
from fixtures.city import PLATFORMS, City
from fixtures.city.content import entries
from fixtures.city.whitelist import CSV_HEADER, XLSX_HEADER, check_character, rows
from patrol.browsers import find_browser
from patrol.settings import load

FOLDER = Path(fixtures.city.__file__).parent


@pytest.fixture(scope="module")
def city() -> Iterator[City]:
    with fixtures.city.running() as served:
        yield served


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = find_browser(load({}))
    with sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=str(path) if path else None, args=["--no-sandbox"])
        yield opened
        opened.close()


def test_the_command_says_where_it_serves_and_leaves_on_sigterm(tmp_path: Path) -> None:
    ready, truth = tmp_path / "ready.json", tmp_path / "truth.jsonl"
    command = [sys.executable, "-m", "fixtures.city", "--ready-file", str(ready), "--truth-file", str(truth)]
    with subprocess.Popen(command, cwd=FOLDER.parent.parent, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = json.loads(process.stdout.readline())
        try:
            assert json.loads(ready.read_text("utf-8")) == line
            assert set(line["bases"]) == set(PLATFORMS) == set(line["starts"])
            told = [json.loads(row) for row in truth.read_text("utf-8").splitlines()]
            assert {row["platform"] for row in told} == set(PLATFORMS)
            with urlopen(line["starts"]["wuba58"][0], timeout=20) as answer:
                assert "云川" in answer.read().decode("gb18030")
        finally:
            process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 0


def test_a_truncated_body_promises_more_than_it_sends(city: City) -> None:
    for name in PLATFORMS:
        url = urlsplit(next(truth.url for truth in city.sites[name].truths() if truth.trouble == "truncated"))
        connection = http.client.HTTPConnection(url.netloc, timeout=20)
        connection.request("GET", url.path)
        answer = connection.getresponse()
        with pytest.raises(http.client.IncompleteRead) as cut:
            answer.read()
        assert (answer.status, len(cut.value.partial) > 0) == (200, True), name


def test_the_redirect_loop_comes_back_to_its_start(city: City) -> None:
    for name in PLATFORMS:
        start = next(truth.url for truth in city.sites[name].truths() if truth.trouble == "redirect_loop")
        hops, url = [], start
        for _ in range(4):
            parts = urlsplit(url)
            connection = http.client.HTTPConnection(parts.netloc, timeout=20)
            connection.request("GET", f"{parts.path}?{parts.query}" if parts.query else parts.path)
            url = connection.getresponse().headers["Location"]
            hops.append(url)
        assert hops[0] == hops[3], name


def test_requests_in_one_packet_are_answered_in_order(city: City) -> None:
    parts = urlsplit(city.bases["discuz"])
    connection = http.client.HTTPConnection(parts.netloc, timeout=20)
    connection.connect()
    connection.sock.sendall(
        b"GET /robots.txt HTTP/1.1\r\nHost: x\r\n\r\nGET /none HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    )
    told = b""
    while chunk := connection.sock.recv(65_536):
        told += chunk
    assert told.index(b"200 OK") < told.index(b"404 Not Found")


def test_one_plain_client_gets_hundreds_of_pages_a_second(city: City) -> None:
    site = city.sites["wuba58"]
    paths = [truth.path for truth in site.truths() if truth.kind == "detail" and not truth.trouble] * 30
    connection = http.client.HTTPConnection(urlsplit(site.base).netloc, timeout=20)
    started = time.perf_counter()
    for path in paths:
        connection.request("GET", path)
        connection.getresponse().read()
    assert len(paths) / (time.perf_counter() - started) > 150


def test_price_and_timetable_appear_only_after_a_tap(city: City, browser: Browser) -> None:
    site = city.sites["xiaoe"]
    entry = next(entry for entry in entries("xiaoe") if entry.key == "c03")
    page = browser.new_page()
    page.goto(site.base + site.detail_path(entry))
    page.wait_for_selector("#app[data-ready]")
    before = page.inner_text("body")
    page.click("text=目录")
    page.click("text=展开价格")
    page.wait_for_selector(".chapter")
    page.wait_for_selector(".price-note")
    after = page.inner_text("body")
    page.close()
    assert "全学期陪伴" in before
    assert "八年级数学" not in before
    assert "15800" not in before
    assert "八年级数学" in after
    assert "¥15800.00" in after


def test_the_shop_lists_its_courses_by_script(city: City, browser: Browser) -> None:
    page = browser.new_page()
    page.goto(city.starts["xiaoe"][0])
    page.wait_for_selector("#app[data-ready]")
    cards, following = page.locator("a.course-card").count(), page.locator("a.next-page").get_attribute("href")
    page.close()
    assert (cards, following) == (12, "/p/decorate/homepage?page=2")


def test_article_scripts_run_and_show_text_and_posters(city: City, browser: Browser) -> None:
    site = city.sites["wechat_mp"]
    troubles: list[str] = []
    page = browser.new_page()
    page.on("pageerror", lambda error: troubles.append(str(error)))
    for key, wanted in (("w05", "督学老师"), ("w12", "七个不要"), ("w03", "左滑看第二张")):
        entry = next(entry for entry in entries("wechat_mp") if entry.key == key)
        page.goto(site.base + site.detail_path(entry))
        assert wanted in page.inner_text("body")
        decoded = page.evaluate("JSON.stringify(window.cgiDataNew)")
        assert json.loads(decoded)["title"] == entry.title
        assert page.evaluate("Array.from(document.images).every(i => i.complete && i.naturalWidth === 750)")
    page.close()
    assert troubles == []


def test_state_objects_can_be_read_by_a_browser(city: City, browser: Browser) -> None:
    page = browser.new_page()
    video = next(entry for entry in entries("douyin") if entry.key == "d03")
    page.goto(city.bases["douyin"] + city.sites["douyin"].detail_path(video))
    data = page.evaluate("window._ROUTER_DATA.loaderData['video_(id)/page']")
    assert data["videoInfoRes"]["item_list"][0]["desc"] == video.text
    assert [row["text"] for row in data["commentListRes"]["comments"]] == [remark.text for remark in video.remarks]
    room = next(entry for entry in entries("live_room") if entry.key == "l01")
    page.goto(city.bases["live_room"] + city.sites["live_room"].detail_path(room))
    info = page.evaluate("window.__INITIAL_STATE__.room.roomInfo")
    page.close()
    assert (info["title"], len(info["schedule"]), info["goods"][1]["price"]) == (room.title, 4, "239元")


def test_app_store_answers_lookup_and_search(city: City) -> None:
    site = city.sites["app_store"]
    entry = entries("app_store")[0]
    with urlopen(site.base + site.lookup_path(entry), timeout=20) as answer:  # type: ignore[attr-defined]
        found = json.load(answer)
    assert (found["resultCount"], found["results"][0]["trackName"]) == (1, entry.title)
    with urlopen(site.base + "/search?term=%E6%97%A0%E6%AD%A4%E8%AF%8D&entity=software", timeout=20) as answer:
        assert json.load(answer) == {"resultCount": 0, "results": []}


def test_the_files_of_the_whitelist_hold_the_rows() -> None:
    listed = rows()
    with (FOLDER / "whitelist.csv").open(encoding="utf-8-sig", newline="") as handle:
        read = list(csv.reader(handle))
    assert tuple(read[0]) == CSV_HEADER
    assert [row[1:4] for row in read[1:]] == [[row.name, row.uscc, row.permit] for row in listed]
    sheet = load_workbook(FOLDER / "whitelist.xlsx")["白名单"]
    assert tuple(cell.value for cell in sheet[3]) == XLSX_HEADER
    assert [sheet.cell(line, 3).value for line in range(4, sheet.max_row + 1)] == [row.name for row in listed]
    assert len(sheet.merged_cells.ranges) == 2 + len({row.district for row in listed})


def test_the_whitelist_has_about_120_distinct_rows_with_right_codes() -> None:
    listed = rows()
    assert 115 <= len(listed) <= 125
    for name in ("name", "uscc", "permit"):
        assert len({getattr(row, name) for row in listed}) == len(listed)
    assert [row.name for row in listed if check_character(row.uscc[:17]) != row.uscc[17]] == []
    assert check_character("91512081MA62K0260") == "E"


def test_licensed_providers_are_listed_and_others_are_not() -> None:
    names = {row.name for row in rows() if row.status == "正常"}
    told = {(entry.provider, entry.listed) for platform in PLATFORMS for entry in entries(platform) if entry.provider}
    assert {provider for provider, listed in told if listed == "licensed"} <= names
    assert not {provider for provider, listed in told if listed != "licensed"} & {row.name for row in rows()}
    assert {listed for _, listed in told} == {"licensed", "look_alike", "unlisted"}
