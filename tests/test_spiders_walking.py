"""Where the walk goes on, and where it stops: scope, paging, foreign pages, pages that need a browser."""

from dataclasses import replace
from pathlib import Path

import pytest

from patrol.crawl import run_spider
from patrol.model import SourceChoice
from patrol.spider_job import PASTED, WATCHED, atlas_of, entry_pages
from tests.crawling import kept_pages, reasons_of, states_of, town_job
from tests.town import Town, goes_to, says

LISTS = """
entries: [{url: "{base}/list/1", kind: list}]
follow: {kinds: [detail]}
paging: {pages: 2}
addresses: [{pattern: "^/p/", kind: detail}]
pages:
  - name: list
    kind: list
    when: [{css: "ul"}]
    items: [{css: li, leads_to: detail, fields: {url: [{css: a, attr: href}], title: [{css: a}]}}]
    next_page: [{css: a.next, attr: href}]
  - name: page
    fields: {title: [{css: h1}], text: [{css: body}]}
"""


def listing(number: int) -> str:
    return f'<ul><li><a href="/p/{number}">第{number}条</a></li></ul><a class=next href="/list/{number + 1}">下一页</a>'


def test_pages_beyond_the_budget_of_a_list_are_recorded(tmp_path: Path) -> None:
    lists = {f"/list/{n}": says(listing(n)) for n in range(1, 6)}
    with Town(1, lists) as town:
        run_spider(town_job(tmp_path, town.base, platform=LISTS))
        assert town.hits["/list/3"] == 0
    states = states_of(tmp_path, town.base)
    assert states["/list/1"] == states["/list/2"] == states["/p/2"] == "ok" or "/p/2" in states
    assert states["/list/3"] == "skipped.budget"
    assert "翻页额度" in reasons_of(tmp_path, town.base)["/list/3"]


def test_a_search_reads_what_it_leads_to_and_goes_no_further(tmp_path: Path) -> None:
    with Town(30) as other, Town(1, {"/go": goes_to(f"{other.base}/p/2")}) as town:
        hits = f'<h1>结果</h1><a href="{other.base}/p/1">一</a><a href="/go">二</a>'
        town.server.answers["/s"] = says(hits)
        job = town_job(
            tmp_path,
            town.base,
            start=[f"{town.base}/s"],
            platform="""
follow: {kinds: [detail, external], external: true}
budget: {pages: 90, depth: 1}
""",
        )
        run_spider(job)
        read = {path for path in other.hits if path.startswith("/p/")}
    assert read == {"/p/1", "/p/2"}
    assert {str(page["state"]) for page in kept_pages(tmp_path)} == {"ok"}


def test_a_site_is_not_left_unless_its_platform_says_so(tmp_path: Path) -> None:
    with Town(3) as other, Town(1) as town:
        town.server.answers["/s"] = says(f'<h1>页</h1><a href="{other.base}/p/1">外</a><a href="/p/0">内</a>')
        run_spider(town_job(tmp_path, town.base, start=[f"{town.base}/s"], platform="follow: {kinds: [detail, external]}"))
        assert sum(other.hits.values()) == 0
        assert town.hits["/p/0"] == 1


def test_pasted_addresses_are_read_and_not_followed(tmp_path: Path) -> None:
    with Town(9) as town:
        job = town_job(tmp_path, town.base)
        choice = SourceChoice(name=PASTED, start=(f"{town.base}/p/0", f"{town.base}/p/4"))
        job = replace(job, choice=choice, run=replace(job.run, source=PASTED))
        run_spider(job)
        assert {path for path in town.hits if path.startswith("/p/")} == {"/p/0", "/p/4"}
    assert states_of(tmp_path, town.base) == {"/p/0": "ok", "/p/4": "ok"}


PAPER = """
title: 公众号样式
kind: listing
hosts: [paper.example]
verified_on: 2026-11-01
pages: [{name: article, fields: {title: [{css: h1}], text: [{css: "#words"}]}, require: [text]}]
"""


def test_a_search_hit_is_read_by_the_rules_of_its_own_platform(tmp_path: Path) -> None:
    article = '<h1>文章</h1><div id="words">正文在这里</div><p>推荐阅读</p><a href="/s/2">下一篇</a>'
    with Town(1, {"/s/1": says(article)}) as paper, Town(1) as town:
        town.server.answers["/s"] = says(f'<h1>结果</h1><a href="{paper.base}/s/1">文章</a>')
        external = "follow: {kinds: [external], external: true}\nbudget: {pages: 9, depth: 1}"
        job = town_job(tmp_path, town.base, start=[f"{town.base}/s"], platform=external)
        (tmp_path / "platforms" / "paper").mkdir()
        (tmp_path / "platforms" / "paper" / "platform.yml").write_text(PAPER, encoding="utf-8")
        sources = (*job.campaign.sources, SourceChoice(name="paper", base=paper.base))
        run_spider(replace(job, campaign=replace(job.campaign, sources=sources)))
        assert paper.hits["/s/2"] == 0
    read = {str(page["url"]): page["texts"] for page in kept_pages(tmp_path)}
    assert read[f"{paper.base}/s/1"] == ["正文在这里"]


def test_what_a_watched_front_page_lists_is_read_one_step_far(tmp_path: Path) -> None:
    with Town(9, {"/front": says(listing(3))}) as town:
        job = town_job(tmp_path, town.base, platform=LISTS)
        choice = SourceChoice(name=WATCHED, start=(f"{town.base}/front",))
        run_spider(replace(job, choice=choice, run=replace(job.run, source=WATCHED)))
        assert {path for path in town.hits if path != "/robots.txt"} == {"/front", "/p/3"}


def test_a_page_that_plain_http_cannot_read_is_opened_in_a_browser(tmp_path: Path) -> None:
    shell = "<div id=a></div><script>document.getElementById('a').innerHTML='<h1>由脚本写出</h1>'</script>"
    with Town(1, {"/shell": says(shell), "/plain": says("<h1>直接写出</h1>")}) as town:
        platform = """
render: learn
follow: {kinds: [detail]}
pages:
  - name: page
    fields: {title: [{css: h1}], text: [{css: body}]}
    require: [title]
"""
        run = run_spider(town_job(tmp_path, town.base, start=[f"{town.base}/shell", f"{town.base}/plain"], platform=platform))
        assert town.hits["/shell"] == 2
        assert town.hits["/plain"] == 1
    assert run.counts["ok"] == run.counts["planned"] == 2
    texts = {str(page["url"]).rpartition("/")[2]: str(page["texts"]) for page in kept_pages(tmp_path)}
    assert "由脚本写出" in texts["shell"]


def test_without_a_browser_its_pages_are_a_gap_that_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.setenv("HOME", str(tmp_path))
    with Town(2) as town:
        run = run_spider(town_job(tmp_path, town.base, platform="render: browser"))
    assert run.outcome == "finished"
    assert reasons_of(tmp_path, town.base) == {"/p/0": "本页须用浏览器打开，本机没有找到浏览器"}


def test_a_campaigns_keywords_become_searches(tmp_path: Path) -> None:
    job = town_job(
        tmp_path,
        "http://127.0.0.1:9",
        platform="""
search: [{url: "{base}/s?q={keyword}", words: ["{region} 家教"], encoding: gb18030}]
""",
    )
    job = replace(job, choice=replace(job.choice, keywords=("数学",)))
    urls = [page.url for page in entry_pages(job, atlas_of(job.campaign, job.workspace))]
    assert urls[0] == "http://127.0.0.1:9/p/0"
    assert urls[1] == "http://127.0.0.1:9/s?q=%CA%FD%D1%A7"
    assert len(urls) == 3
