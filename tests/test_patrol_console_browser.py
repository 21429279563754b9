"""The console in a real Chromium: an officer's round by keyboard, hostile content, other widths, accessibility."""

import asyncio
import hashlib
import http.server
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from patrol.browsers import find_browser
from patrol.campaigns import load_campaign
from patrol.console.app import console_app
from patrol.console.desk import Desk
from patrol.console.evidence_site import evidence_app
from patrol.console.people import Role
from patrol.model import Campaign, Capture, Judgement, State, Visit
from patrol.serving import Place, first_address, servers
from patrol.settings import Settings, load
from patrol.store.accounts import User
from patrol.store.reviewing import Stage
from patrol.store.searching import SearchBook
from patrol.vault.model import LeadFacts
from tests.patrol_console_cases import HASHED, NOON, PASSWORD, PEOPLE, fill, forget_choices, free_ports, screening

_GRAVE = {"serious", "critical"}
AXE = Path(__file__).with_name("vendored") / "axe.min.js"
PAGES = (
    "/",
    "/leads",
    "/search?q=数学",
    "/campaigns",
    "/sources",
    "/runs",
    "/clues",
    "/lists?name=启明",
    "/rules",
    "/reports",
    "/reports/patrol_table?batch=1",
    "/takedowns",
    "/people",
    "/audit",
    "/me",
    "/api",
)


@dataclass(frozen=True)
class Served:
    """A console on real ports."""

    desk: Desk
    campaign: Campaign
    numbers: list[str]
    place: Place

    @property
    def base(self) -> str:
        """The console's address."""
        return self.place.origins.console


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One Chromium for the module."""
    path = find_browser(load({}))
    if path is None:
        pytest.skip("no browser")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=str(path), args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture
def served(settings: Settings, campaign_file: Path) -> Iterator[Served]:
    """A console with people and twelve leads, served on loopback."""
    place = Place("127.0.0.1", free_ports())
    desk = Desk(settings, place.origins)
    desk.register_campaign(campaign_file)
    campaign = load_campaign(campaign_file)
    numbers = fill(desk.books.store, campaign, [screening(number) for number in range(1, 13)])
    while SearchBook(desk.books.store).catch_up():
        pass
    running = servers(console_app(desk), evidence_app(desk), place)
    threads = [threading.Thread(target=lambda one=one: asyncio.run(one.serve()), daemon=True) for one in running]
    for thread in threads:
        thread.start()
    while not all(one.started for one in running):
        threads[0].join(0.02)
    yield Served(desk, campaign, numbers, place)
    for one in running:
        one.should_exit = True
    for thread in threads:
        thread.join(20)
    forget_choices()


def hire(served: Served) -> None:
    """Add a person of every role."""
    for role, (login, name) in PEOPLE.items():
        served.desk.books.accounts.add(User(id=0, login=login, name=name, role=role.value, password=HASHED), NOON)


def enter(browser: Browser, served: Served, role: Role, *, width: int = 1366, height: int = 768) -> Page:
    """Return a page signed in as a role; what goes wrong in it fails the test."""
    context: BrowserContext = browser.new_context(viewport={"width": width, "height": height}, locale="zh-CN")
    page = context.new_page()
    page.set_default_timeout(20_000)
    page.goto(f"{served.base}/login")
    page.fill("input[name=login]", PEOPLE[role][0])
    page.fill("input[name=password]", PASSWORD)
    page.press("input[name=password]", "Enter")
    page.wait_for_url(f"{served.base}/")
    return page


def decided(page: Page, key: str, word: str) -> None:
    """Press a key and wait until the console says that the decision is kept."""
    number = page.locator('.lead-row[aria-current="true"]').get_attribute("data-number")
    page.wait_for_selector(f'#deciding[action="/leads/{number}/decide"]')
    page.keyboard.press(key)
    page.wait_for_selector(f'.lead-row.done[data-number="{number}"] .verdict:has-text("{word}")')


def test_the_first_start_makes_the_administrator(browser: Browser, served: Served) -> None:
    page = browser.new_page()
    page.goto(first_address(served.desk))
    for name, value in (("login", "first"), ("name", "首位"), ("password", PASSWORD), ("again", PASSWORD)):
        page.fill(f"input[name={name}]", value)
    page.click("button.main")
    page.wait_for_url(f"{served.base}/welcome")
    assert page.locator("h1").inner_text() == "管理员已建立，接下来"
    assert first_address(served.desk) == served.base


def test_a_round_of_review_with_the_keyboard_alone(browser: Browser, served: Served) -> None:
    hire(served)
    page = enter(browser, served, Role.INSPECTOR)
    page.goto(f"{served.base}/leads")
    page.wait_for_selector("#deciding")
    order = [row.get_attribute("data-number") or "" for row in page.locator(".lead-row").all()]
    decided(page, "1", "待复核")
    decided(page, "3", "待人工核实")
    page.wait_for_selector(f'#deciding[action="/leads/{order[2]}/decide"]')
    page.keyboard.press("2")
    page.wait_for_selector("#deciding .reasons:not([hidden])")
    page.keyboard.press("3")
    page.wait_for_selector(f'.lead-row.done[data-number="{order[2]}"]')
    decided(page, "4", "待人工核实")
    page.keyboard.press("u")
    page.wait_for_selector(f'.lead-row:not(.done)[data-number="{order[3]}"]')
    book = served.desk.books.review
    assert [one.judgement for number in order[:3] for one in book.decisions(number)] == [
        Judgement.CONFIRMED,
        Judgement.UNSURE,
        Judgement.DISMISSED,
    ]
    assert book.decisions(order[2])[0].reason == "非学科类（体育、艺术、科技等）"
    assert served.desk.books.leads.card(order[3]).stage is Stage.NEW

    second = enter(browser, served, Role.REVIEWER)
    second.goto(f"{served.base}/leads?stage=second&mine=1")
    second.wait_for_selector("#deciding")
    waiting = [row.get_attribute("data-number") or "" for row in second.locator(".lead-row").all()]
    assert sorted(waiting) == sorted([order[0], order[2]])
    decided(second, "1", "属实" if waiting[0] == order[0] else "意见不一")
    assert served.desk.books.leads.stages(served.campaign.id)[Stage.SECOND] == 1


def test_a_second_officer_with_an_old_page_is_told_and_keeps_the_choice_open(browser: Browser, served: Served) -> None:
    hire(served)
    page = enter(browser, served, Role.REVIEWER)
    page.goto(f"{served.base}/leads/{served.numbers[0]}")
    served.desk.books.review.decide(
        served.numbers[0],
        Judgement.CONFIRMED,
        officer="巡查员丙",
        seen=0,
        reason="",
        now=datetime.now(UTC),
        senior=False,
    )
    page.keyboard.press("1")
    page.wait_for_selector("#toast:has-text('巡查员丙 刚刚')")
    assert len(served.desk.books.review.decisions(served.numbers[0])) == 1


def test_a_list_is_previewed_imported_and_asked(browser: Browser, served: Served, tmp_path: Path) -> None:
    hire(served)
    rows = ["序号,机构名称,统一社会信用代码,办学许可证号,培训类型"]
    rows += [f"{n},云川市临江区晨光{n}号学科培训学校,,教民1990001710000{n:02d}号,学科类" for n in range(1, 6)]
    file = tmp_path / "名单.csv"
    file.write_text("\n".join(rows) + "\n", encoding="utf-8")
    page = enter(browser, served, Role.REVIEWER)
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


def test_a_report_is_looked_at_made_and_frozen(browser: Browser, served: Served) -> None:
    hire(served)
    page = enter(browser, served, Role.REVIEWER)
    page.goto(f"{served.base}/reports/patrol_table?batch=1")
    assert page.locator(".form-table tbody tr").count() >= len(served.numbers)
    page.get_by_role("button", name="报送存档…").click()
    page.get_by_role("button", name="确认报送存档").click()
    page.wait_for_selector(".timeline:has-text('第1版')")
    page.goto(f"{served.base}/reports")
    with page.expect_download() as download:
        page.locator("a", has_text="线上巡查情况表-第1批.xlsx").click()
    assert Path(download.value.path()).read_bytes()[:2] == b"PK"


def test_a_run_is_watched_while_it_goes_on(browser: Browser, served: Served) -> None:
    hire(served)
    page = enter(browser, served, Role.VIEWER)
    page.goto(f"{served.base}/runs")
    assert page.locator("#seen-run-1").inner_text() == "0"
    for number in range(3):
        state = State.OK if number else State.BLOCKED_CAPTCHA
        visit = Visit(url=f"https://forum.example/{number}", source="discuz", state=state, at=NOON)
        served.desk.books.store.record_visit(visit, run="run-1", campaign=served.campaign.id)
    page.wait_for_selector("#seen-run-1:text-is('3')")
    assert page.locator("#gaps-run-1").inner_text() == "1"


class Canary(http.server.BaseHTTPRequestHandler):
    """Remembers every address that was asked for."""

    asked: list[str] = []  # noqa: RUF012  shared by design

    def do_GET(self) -> None:
        """Answer and remember."""
        self.asked.append(self.path)
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def canary() -> Iterator[str]:
    """A server that must never be asked."""
    Canary.asked.clear()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Canary)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def hostile(canary: str) -> list[str]:
    """Return words that would run if any page let them."""
    return [
        f"<script>fetch('{canary}/s')</script>",
        f'"><img src=x onerror="fetch(\'{canary}/i\')">',
        f"<svg onload=fetch('{canary}/v')><animate onbegin=fetch('{canary}/b')>",
        f"javascript:fetch('{canary}/j')",
        f"</textarea></title></style><script>fetch('{canary}/t')</script>",
        f"<style>@import '{canary}/c';</style><link rel=stylesheet href='{canary}/l'>",
        "\\3c script\\3e \u202e{{7*7}}{% include 'x' %}",
        f"' onmouseover='fetch(\"{canary}/m\")",
    ]


def test_hostile_words_never_run_anywhere(browser: Browser, served: Served, canary: str, tmp_path: Path) -> None:
    hire(served)
    words = hostile(canary)
    bad = []
    for place, word in enumerate(words, 100):
        one = screening(place, text=f"初二数学寒假 {word}", title=f"标题{word}", author=f"账号{word}")
        post = one.post.__class__(
            **{
                **{name: getattr(one.post, name) for name in one.post.__dataclass_fields__},
                "url": words[3] if place % 2 else one.post.url + word,
                "image_texts": (word,),
                "published_shown": word,
                "region": word,
                "author_id": word,
            }
        )
        match = one.match.__class__(
            **{
                **{name: getattr(one.match, name) for name in one.match.__dataclass_fields__},
                "query": word,
                "why": word,
                "warnings": (word,),
            }
        )
        bad.append(one.__class__(post=post, detection=one.detection, match=match, screened_at=one.screened_at, grade="subject"))
    numbers = fill(served.desk.books.store, served.campaign, bad)
    while served.desk.books.search.catch_up():
        pass
    evidence = _seal(served, numbers[0], "".join(words).encode(), tmp_path)
    page = enter(browser, served, Role.ADMIN)
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    violations: list[str] = []
    page.on("console", lambda message: violations.append(message.text) if "Content Security Policy" in message.text else None)
    for number in numbers:
        page.goto(f"{served.base}/leads/{number}", wait_until="networkidle")
        page.locator("mark").first.hover()
    for path in ("/leads", "/leads?stage=all&order=newest", "/search?q=script", "/", "/reports/patrol_table?batch=1", "/audit"):
        page.goto(f"{served.base}{path}", wait_until="networkidle")
    assert page.locator("a[href^='javascript']").count() == 0
    assert violations == []
    page.goto(f"{served.base}/evidence/ZJ{numbers[0][2:]}/page/{evidence}", wait_until="networkidle")
    frame = next(frame for frame in page.frames if urlsplit(frame.url).port == served.place.port + 1)
    assert '">' in frame.locator("body").inner_text()
    assert Canary.asked == []
    assert dialogs == []
    assert served.desk.books.audit.rows(action="csp") == []


def _seal(served: Served, number: str, body: bytes, folder: Path) -> str:
    file = folder / "body"
    file.write_bytes(body)
    digest = hashlib.sha256(body).hexdigest()
    capture = Capture(
        url="https://forum.example/",
        final_url="https://forum.example/",
        status=200,
        fetched_at=NOON,
        sha256=digest,
        size=len(body),
        content_type="text/html; charset=utf-8",
    )
    served.desk.vault.seal_exchange(f"ZJ{number[2:]}", capture, file, lead=LeadFacts(lead=number))
    return digest


def test_captured_pages_are_shown_only_with_a_ticket(browser: Browser, served: Served, tmp_path: Path) -> None:
    hire(served)
    digest = _seal(served, served.numbers[0], b"<p>captured</p>", tmp_path)
    page = enter(browser, served, Role.VIEWER)
    answer = page.request.get(f"{served.place.origins.evidence}/page?ticket=guess")
    assert answer.status == 403
    page.goto(f"{served.base}/evidence/ZJ{served.numbers[0][2:]}/page/{digest}")
    source = page.locator("iframe").get_attribute("src") or ""
    shown = page.request.get(source)
    assert "sandbox" in shown.headers["content-security-policy"]
    assert "set-cookie" not in shown.headers
    assert page.locator("iframe").get_attribute("sandbox") == ""


@pytest.mark.parametrize(("width", "height"), [(1366, 768), (390, 844)])
def test_no_page_is_cut_and_none_has_a_serious_fault(browser: Browser, served: Served, width: int, height: int) -> None:
    hire(served)
    page = enter(browser, served, Role.ADMIN, width=width, height=height)
    faults: list[str] = []
    for path in (*PAGES, f"/leads/{served.numbers[0]}"):
        page.goto(f"{served.base}{path}", wait_until="networkidle")
        if page.evaluate("document.documentElement.scrollWidth > window.innerWidth + 1"):
            faults.append(f"{path} is wider than {width}")
        if width > 1000:
            # the page's own policy forbids injected script elements; evaluate() is the browser's, not the page's
            page.evaluate(AXE.read_text(encoding="utf-8"))
            found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
            faults += [
                f"{path} {one['id']} {one['nodes'][0]['html'][:400]}" for one in found if one["impact"] in {"serious", "critical"}
            ]
    assert faults == []
