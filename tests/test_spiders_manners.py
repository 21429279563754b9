"""Manners and limits on a town that misbehaves: every trouble ends under its own name and harms nothing else."""

import time
from pathlib import Path

import pytest

from patrol import settings as settings_module
from patrol.crawl import run_spider
from patrol.manners import back_off, manners_of, pace_factor, retry_after
from patrol.platforms import Pace
from tests.crawling import kept_pages, reasons_of, states_of, town_job
from tests.town import (
    Town,
    broken_gzip,
    cut_short,
    drips,
    endless,
    goes_to,
    gzip_bomb,
    many_links,
    now_and_then,
    says,
)

TROUBLES = {
    "/loop": goes_to("/loop"),
    "/cut": cut_short,
    "/bomb": gzip_bomb,
    "/broken": broken_gzip,
    "/endless": endless,
    "/app": goes_to("weixin://dl/business/?t=abc"),
    "/gone": says("没有", 404),
    "/fails": says("出错", 500),
    "/moved": goes_to("/p/1"),
    "/many": many_links(10_000),
    "/metadata": goes_to("http://169.254.169.254/latest/meta-data/"),
    "/private": goes_to("http://10.1.2.3/"),
    "/zero": goes_to("http://0.0.0.0:8000/"),
    "/decimal": goes_to("http://2886729729/"),
    "/mapped": goes_to("http://[::ffff:10.0.0.1]/"),
    "/file": goes_to("file:///etc/passwd"),
}


@pytest.fixture(scope="module")
def hostile_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, str], dict[str, str], float, Path]:
    """Visit every trouble and three ordinary pages in one run."""
    workspace = tmp_path_factory.mktemp("hostile")
    began = time.monotonic()
    with Town(3, dict(TROUBLES)) as town:
        start = [f"{town.base}{path}" for path in [*TROUBLES, "/p/0", "/p/2"]]
        run_spider(town_job(workspace, town.base, start=start, platform="budget: {pages: 100, depth: 0}", ocr=False))
    return states_of(workspace, town.base), reasons_of(workspace, town.base), time.monotonic() - began, workspace


@pytest.mark.parametrize(
    ("path", "state"),
    [
        ("/loop", "failed.redirect_loop"),
        ("/cut", "failed.truncated"),
        ("/bomb", "failed.too_big"),
        ("/broken", "failed.truncated"),
        ("/endless", "failed.too_big"),
        ("/app", "blocked.client_only"),
        ("/gone", "gone.not_found"),
        ("/fails", "failed.server"),
        ("/moved", "ok"),
        ("/many", "ok"),
        ("/metadata", "failed.unsafe_address"),
        ("/private", "failed.unsafe_address"),
        ("/zero", "failed.unsafe_address"),
        ("/decimal", "failed.unsafe_address"),
        ("/mapped", "failed.unsafe_address"),
        ("/file", "changed"),
        ("/p/0", "ok"),
        ("/p/2", "ok"),
    ],
)
def test_each_trouble_ends_under_its_own_name(
    hostile_run: tuple[dict[str, str], dict[str, str], float, Path], path: str, state: str
) -> None:
    states, reasons, _, _ = hostile_run
    assert states[path] == state, reasons[path]


def test_a_hostile_town_does_not_hold_the_run_up(hostile_run: tuple[dict[str, str], dict[str, str], float, Path]) -> None:
    assert hostile_run[2] < 60


def test_a_redirected_page_keeps_its_way_and_its_own_address(
    hostile_run: tuple[dict[str, str], dict[str, str], float, Path],
) -> None:
    (moved,) = [page for page in kept_pages(hostile_run[3]) if str(page["url"]).endswith("/moved")]
    assert [str(url).rpartition("/")[2] for url in moved["redirects"]] == ["moved"]  # type: ignore[attr-defined]


def test_a_slow_drip_ends_at_the_time_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Town(3, {"/drip": drips}) as town:
        job = town_job(tmp_path, town.base, start=[f"{town.base}/drip"], platform="budget: {pages: 9, depth: 0}", page_seconds=2)
        run_spider(job)
    assert states_of(tmp_path, town.base) == {"/drip": "failed.network"}
    assert reasons_of(tmp_path, town.base) == {"/drip": "等待超时"}


def test_robots_txt_is_obeyed_and_named(tmp_path: Path) -> None:
    rules = says("", 200)

    def robots(handler: object) -> None:
        handler.raw(200, b"User-agent: *\nDisallow: /p/2\n", Content_Type="text/plain")  # type: ignore[attr-defined]

    with Town(7, {"/robots.txt": robots, "/x": rules}) as town:
        run_spider(town_job(tmp_path, town.base))
        assert town.hits["/p/2"] == 0
        assert town.hits["/robots.txt"] == 1
    states = states_of(tmp_path, town.base)
    assert states["/p/2"] == "blocked.robots"
    assert states["/p/1"] == "ok"


def test_robots_txt_that_fails_closes_the_site(tmp_path: Path) -> None:
    with Town(7, {"/robots.txt": says("", 500)}) as town:
        run_spider(town_job(tmp_path, town.base))
        assert town.hits["/p/0"] == 0
    assert states_of(tmp_path, town.base) == {"/p/0": "blocked.robots"}


def test_robots_txt_is_only_noted_where_the_authority_decided_so(tmp_path: Path) -> None:
    def robots(handler: object) -> None:
        handler.raw(200, b"User-agent: *\nDisallow: /\n", Content_Type="text/plain")  # type: ignore[attr-defined]

    with Town(1, {"/robots.txt": robots}) as town:
        run_spider(town_job(tmp_path, town.base, platform="policy: {robots: record_only}"))
    assert states_of(tmp_path, town.base) == {"/p/0": "ok"}
    assert "仅作记录" in reasons_of(tmp_path, town.base)["/p/0"]


def test_retry_after_is_waited_for_and_the_page_is_read_then(tmp_path: Path) -> None:
    began = time.monotonic()
    with Town(3, {"/busy": now_and_then(429, 1, Retry_After="2")}) as town:
        run = run_spider(town_job(tmp_path, town.base, start=[f"{town.base}/busy"], platform="budget: {pages: 9, depth: 0}"))
        assert town.hits["/busy"] == 2
    assert run.counts["ok"] == 1
    assert time.monotonic() - began >= 2


def test_a_wait_longer_than_the_run_is_a_gap(tmp_path: Path) -> None:
    with Town(3, {"/busy": now_and_then(429, 9, Retry_After="7200")}) as town:
        run_spider(town_job(tmp_path, town.base, start=[f"{town.base}/busy"], platform="budget: {pages: 9, depth: 0}"))
        assert town.hits["/busy"] == 1
    assert states_of(tmp_path, town.base) == {"/busy": "blocked.rate"}


def test_a_failing_page_is_tried_three_times(tmp_path: Path) -> None:
    with Town(3, {"/ill": says("出错", 502)}) as town:
        run_spider(town_job(tmp_path, town.base, start=[f"{town.base}/ill"], platform="budget: {pages: 9, depth: 0}"))
        assert town.hits["/ill"] == 3
    assert states_of(tmp_path, town.base) == {"/ill": "failed.server"}


def test_a_site_of_walls_is_left_alone_and_its_rest_recorded(tmp_path: Path) -> None:
    walls = {f"/p/{n}": says("请先登录", 401) for n in range(1, 40)}
    with Town(40, {**walls, "/p/0": many_links(0)}) as town:
        start = [f"{town.base}/p/{n}" for n in range(1, 40)]
        run = run_spider(
            town_job(
                tmp_path, town.base, start=start, platform="budget: {pages: 99, depth: 0}\npace: {delay: [0, 0], concurrency: 1}"
            )
        )
        asked = sum(town.hits[f"/p/{n}"] for n in range(1, 40))
    assert asked <= 5 + 2 * 8
    assert run.counts["blocked.login"] == 39
    assert "已停止访问" in reasons_of(tmp_path, town.base)["/p/39"]


def test_we_introduce_ourselves(tmp_path: Path) -> None:
    with Town(1) as town:
        run_spider(town_job(tmp_path, town.base, contact="0571-19900000000"))
        assert all("XianshangPatrol" in agent and "0571-19900000000" in agent for agent in town.server.agents)


def test_waiting_times_are_shortened_on_this_machine_alone() -> None:
    knobs = settings_module.load({}, pace_factor=0.0)
    assert pace_factor(knobs, "127.0.0.1:8000") == 0
    assert pace_factor(knobs, "58.com") == 1
    assert pace_factor(settings_module.load({}, pace_factor=3.0), "58.com") == 3
    assert manners_of(Pace(delay=(2, 6), concurrency=2), knobs, "58.com").delay == 4


def test_a_crawl_delay_slows_us_down() -> None:
    kept = manners_of(Pace(delay=(1, 1), concurrency=4), settings_module.load({}), "a.example", crawl_delay=20)
    assert (kept.delay, kept.concurrency) == (20, 1)


def test_waits_grow_fourfold() -> None:
    knobs = settings_module.load({})
    assert [back_off(knobs, "a.example", attempt) for attempt in (1, 2, 3)] == [20, 80, 320]


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("120", 120.0), (" 5 ", 5.0), ("Thu, 01 Jan 1970 00:01:40 GMT", 90.0), ("", None), ("soon", None), ("-3", None)],
)
def test_retry_after_is_a_number_or_a_date(header: str, seconds: float | None) -> None:
    assert retry_after(header, 10.0) == seconds
