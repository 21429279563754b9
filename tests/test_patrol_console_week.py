"""An officer's week in a real Chromium, from the first start to the recheck, with a real sweep of a small site in the middle."""

import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from patrol.commands.serve import first_address
from patrol.model import Judgement
from patrol.settings import Settings
from patrol.store.console import DeskFilter
from patrol.store.reviewing import Stage
from tests.conftest import CAMPAIGN_TEXT
from tests.patrol_console_browsing import Served, chromium, decided, serving
from tests.patrol_console_cases import PASSWORD
from tests.town import Town, says

_LISTED = ["序号,机构名称,统一社会信用代码,办学许可证号,培训类型"] + [
    f"{n},云川市临江区晨光{n}号学科培训学校,,教民1990001710000{n:02d}号,学科类" for n in range(1, 6)
]
_ADVERT = (
    "<article><h1>初二数学寒假小班招生</h1><p>初二数学寒假一对一补课，每节课120元，名额有限，报名电话19900000{n:03d}，"
    "1月20日开课，老师上门辅导，周末也上课。</p></article>"
)
_BY_HAND, _SWEPT = 28, 2


@pytest.fixture
def town() -> Iterator[Town]:
    """A site with two adverts and a list that leads to them."""
    answers = {f"/t/{n}": says(_ADVERT.format(n=n)) for n in range(_SWEPT)}
    answers["/list"] = says("".join(f'<a href="/t/{n}">初二数学寒假小班第{n}期招生，名额有限</a>' for n in range(_SWEPT)))
    answers["/robots.txt"] = says("User-agent: *\nAllow: /\n", Content_Type="text/plain")
    with Town(0, answers) as one:
        yield one


@pytest.fixture
def week(
    settings: Settings, campaign_file: Path, town: Town, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Browser, Served]]:
    """A browser, and a console that nobody has used yet."""
    monkeypatch.setenv("PATROL_ALLOW_LOOPBACK", "1")
    monkeypatch.setenv("PATROL_PACE_FACTOR", "0")
    monkeypatch.setenv("PATROL_OCR", "0")
    pages = ", ".join(f'"{town.base}/t/{n}"' for n in range(_SWEPT))
    source = f'\n[[sources]]\nname = "generic"\nbase = "{town.base}"\nstart = [{pages}]\nmax_pages = 4\n'
    campaign_file.write_text(CAMPAIGN_TEXT + source, encoding="utf-8")
    with chromium() as browser, serving(settings, campaign_file, leads=_BY_HAND) as served:
        yield browser, served


def _page(browser: Browser) -> Page:
    page = browser.new_context(viewport={"width": 1366, "height": 768}, locale="zh-CN", accept_downloads=True).new_page()
    page.set_default_timeout(90_000)
    return page


def _set_up(page: Page, served: Served) -> None:
    page.goto(first_address(served.desk))
    for name, value in (("login", "first"), ("name", "首位"), ("password", PASSWORD), ("again", PASSWORD)):
        page.fill(f"input[name={name}]", value)
    page.click("button.main")
    page.wait_for_url(f"{served.base}/welcome")
    assert first_address(served.desk) == served.base


def _hire(page: Page, served: Served, login: str, name: str, role: str) -> str:
    """Add a person and return the first password, shown once."""
    page.goto(f"{served.base}/people")
    form = page.locator("form[action='/people']")
    form.locator("input[name=login]").fill(login)
    form.locator("input[name=name]").fill(name)
    form.locator("select[name=role]").select_option(role)
    form.locator("button").click()
    return page.locator(".care b").inner_text()


def _begin(browser: Browser, served: Served, login: str, first: str) -> Page:
    """Sign in for the first time and change the password."""
    page, own = _page(browser), f"{PASSWORD}-自己的"
    page.goto(f"{served.base}/login")
    page.fill("input[name=login]", login)
    page.fill("input[name=password]", first)
    page.press("input[name=password]", "Enter")
    page.wait_for_selector("text=这是管理员给您的初始密码")
    for name, value in (("old", first), ("password", own), ("again", own)):
        page.locator("form[action='/me/password']").locator(f"input[name={name}]").fill(value)
    page.locator("form[action='/me/password'] button").click()
    page.wait_for_selector(".said")
    return page


def _import_list(page: Page, served: Served, folder: Path) -> None:
    file = folder / "名单.csv"
    file.write_text("\n".join(_LISTED) + "\n", encoding="utf-8")
    page.goto(f"{served.base}/lists")
    page.set_input_files("input[name=file]", str(file))
    page.get_by_role("button", name="先预览").click()
    page.wait_for_selector("h1:has-text('预览：名单.csv')")
    assert "读出 5 家" in page.inner_text("main")
    page.get_by_role("button", name="导入为新的一版").click()
    page.wait_for_selector(".said:has-text('已导入')")
    page.fill("input[name=name]", "云川市临江区晨光3号学科培训学校")
    page.get_by_role("button", name="查", exact=True).click()
    page.wait_for_selector(".tag:has-text('名单内')")


def _sweep(page: Page, served: Served) -> None:
    """Start a sweep and watch it end without touching the page."""
    page.goto(f"{served.base}/runs")
    page.get_by_role("button", name="开始巡查").click()
    page.wait_for_selector(".said:has-text('巡查已开始')")
    page.wait_for_selector("td:has-text('一般网站') ~ td .tag.good:has-text('完成')")
    page.wait_for_selector("td:has-text('巡查：全部来源') ~ td .tag.good:has-text('完成')")


def _review(page: Page, served: Served, query: str, times: int, word: str) -> list[str]:
    page.goto(f"{served.base}/leads?{query}")
    page.wait_for_selector("#deciding")
    seen = []
    for _ in range(times):
        seen.append(page.locator('.lead-row[aria-current="true"]').get_attribute("data-number") or "")
        decided(page, "1", word)
    return seen


def _report(page: Page, served: Served, folder: Path) -> None:
    page.goto(f"{served.base}/reports")
    page.locator("summary", has_text="人工巡查时数").click()
    page.fill("input[name=hours]", "1.5")
    page.get_by_role("button", name="记录", exact=True).click()
    page.wait_for_selector(".said:has-text('时数已记录')")
    page.goto(f"{served.base}/reports/patrol_table?batch=1")
    assert page.locator(".form-table tbody tr").count() >= _BY_HAND
    page.get_by_role("button", name="报送存档…").click()
    page.get_by_role("button", name="确认报送存档").click()
    page.wait_for_selector(".timeline:has-text('第1版')")
    page.goto(f"{served.base}/reports")
    with page.expect_download() as download:
        page.locator("a", has_text="线上巡查情况表-第1批.xlsx").click()
    download.value.save_as(folder / "table.xlsx")
    assert zipfile.ZipFile(folder / "table.xlsx").testzip() is None


def _take_down(page: Page, served: Served, number: str, folder: Path) -> None:
    page.goto(f"{served.base}/takedowns")
    page.fill("input[name=leads]", number)
    page.get_by_role("button", name="拟制").click()
    page.wait_for_selector(".said:has-text('已拟制')")
    page.get_by_role("button", name="导出").click()
    page.wait_for_selector(".said:has-text('已导出')")
    with page.expect_download() as download:
        page.locator("a.button", has_text=".zip").first.click()
    download.value.save_as(folder / "package.zip")
    assert any(number.replace("XS", "ZJ") in name for name in zipfile.ZipFile(folder / "package.zip").namelist())
    page.get_by_role("button", name="登记发出").click()
    page.wait_for_selector(".said:has-text('已登记发出')")


def _look_again(page: Page, served: Served, number: str) -> None:
    page.goto(f"{served.base}/leads/{number}")
    page.get_by_role("button", name="现在复查").click()
    page.get_by_role("link", name=f"看线索 {number}").click()
    page.wait_for_selector(".tag:has-text('仍在')")


def test_an_officers_week(week: tuple[Browser, Served], tmp_path: Path) -> None:
    browser, served = week
    admin = _page(browser)
    _set_up(admin, served)
    first = _hire(admin, served, "chu", "巡查员甲", "inspector")
    second = _hire(admin, served, "fu", "复核员乙", "reviewer")
    _import_list(admin, served, tmp_path)

    inspector = _begin(browser, served, "chu", first)
    _sweep(inspector, served)
    assert len(_review(inspector, served, "", _BY_HAND + _SWEPT, "待复核")) == 30
    assert served.desk.books.leads.stages(served.campaign.id)[Stage.NEW] == 0

    reviewer = _begin(browser, served, "fu", second)
    _review(reviewer, served, "stage=second&mine=1&platform=generic", _SWEPT, "属实")
    cards, _ = served.desk.books.leads.queue(DeskFilter(campaign=served.campaign.id, stage="confirmed"))
    assert [card.platform for card in cards] == ["generic"] * _SWEPT
    assert {one.officer for one in served.desk.books.review.decisions(cards[0].number)} == {"巡查员甲", "复核员乙"}
    _report(reviewer, served, tmp_path)
    _take_down(reviewer, served, cards[0].number, tmp_path)
    _look_again(inspector, served, cards[0].number)

    actions = {str(row.action) for row in served.desk.books.audit.rows(limit=500)}
    assert actions >= {"setup", "people", "import_list", "sweep", "decide", "hours", "submit_report", "export", "recheck"}
    assert served.desk.books.store.lead(cards[0].number).judgement is Judgement.CONFIRMED
