"""The console in a real Chromium: an officer's round by keyboard, hostile content, other widths, accessibility."""

import hashlib
import http.server
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Dialog

from patrol.console.people import Role
from patrol.model import Capture, Judgement, State, Visit
from patrol.settings import Settings
from patrol.store.reviewing import Stage
from patrol.vault.model import LeadFacts
from tests.patrol_console_browsing import Served, chromium, decided, enter, hire, serving
from tests.patrol_console_cases import NOON, fill, screening

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
    "/status",
    "/sources/discuz",
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One Chromium for the module."""
    with chromium() as started:
        yield started


@pytest.fixture
def served(settings: Settings, campaign_file: Path) -> Iterator[Served]:
    """A console with twelve leads, served on loopback."""
    with serving(settings, campaign_file, leads=12) as one:
        yield one


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
    # an open stream would hold the server back at its end
    page.close()


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
    violations: list[str] = []

    def note_dialog(dialog: Dialog) -> None:
        dialogs.append(dialog.message)
        dialog.dismiss()

    def note_message(message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text:
            violations.append(message.text)

    page.on("dialog", note_dialog)
    page.on("console", note_message)
    for number in numbers:
        page.goto(f"{served.base}/leads/{number}")
        page.locator("mark").first.hover()
    for path in (
        "/leads",
        "/leads?stage=all&order=newest",
        "/search?q=script",
        "/",
        "/reports/patrol_table?batch=1",
        "/rules",
        "/audit",
    ):
        page.goto(f"{served.base}{path}")
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
        page.goto(f"{served.base}{path}")
        if path == "/leads" and width > 1000:
            page.wait_for_selector("#deciding")
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
