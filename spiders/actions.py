"""What the browser does on a page, as platform.yml says: close notices, tap words, scroll, wait; record each step."""

import contextlib
import hashlib
import re
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from playwright.async_api import Dialog, Page
from playwright.async_api import Error as PlaywrightError
from playwright.async_api import Request as BrowserRequest
from playwright.async_api import Response as BrowserResponse
from scrapy import Request
from scrapy_playwright.page import PageMethod

from patrol.model import Capture, Link
from patrol.platforms import Actions
from patrol.spooling import spool

_SETTLE_MS = 1_500
_TAP_MS = 1_500
_POPUP_MS = 3_000
_WEB = re.compile(r"^https?://")
_CUT = ("ERR_CONTENT_LENGTH_MISMATCH", "ERR_INCOMPLETE_CHUNKED_ENCODING", "ERR_CONTENT_DECODING_FAILED")
_BROKEN = ("ERR_CONNECTION_RESET", "ERR_CONNECTION_CLOSED", "ERR_EMPTY_RESPONSE", "ERR_TUNNEL_CONNECTION_FAILED")
_MOST_TAPS = 5
_MOST_POPUPS = 10
_MOST_ANSWERS = 20
_MOST_ANSWER_BYTES = 4_000_000
# never pressed, whatever a platform.yml says: a patrol does not log in and solves no captcha
_FORBIDDEN = re.compile(r"登录|登陆|注册|验证码|安全验证|滑块|授权|支付|付款|下单|立即购买|拨打|发送")


async def prepare(page: Page, request: Request, *, folder: Path) -> None:
    """Attach the listeners of a fresh page: dialogs are dismissed, pop-ups noted and closed, wanted JSON answers kept."""
    popups: list[Link] = request.meta.setdefault("popups", [])
    page.on("dialog", _dismiss)
    page.on("popup", partial(_note_popup, popups))
    page.on("response", partial(_note_answer, request))
    page.on("requestfailed", partial(_note_cut, page, request))
    actions: Actions = request.meta["actions"]
    if actions.capture:
        request.meta["pending"] = pending = []
        page.on("response", lambda answer: pending.append(answer) if _wanted(answer, actions) else None)
    request.meta["spool"] = folder


def _note_answer(request: Request, answer: BrowserResponse) -> None:
    if answer.request.is_navigation_request() and answer.frame.parent_frame is None:
        request.meta["answered"] = answer.url


async def _note_cut(page: Page, request: Request, failed: BrowserRequest) -> None:
    """Note a document that broke off while it came, and stop waiting for its end: it never comes.

    A connection that breaks before any answer is the network's failing, not the document's.
    """
    reason = failed.failure or ""
    marks = (*_CUT, *_BROKEN) if "answered" in request.meta else _CUT
    if not any(mark in reason for mark in marks) or not failed.is_navigation_request() or failed.frame.parent_frame is not None:
        return
    request.meta["cut"] = reason
    with contextlib.suppress(PlaywrightError):
        await page.goto("about:blank")


async def _dismiss(dialog: Dialog) -> None:
    with contextlib.suppress(PlaywrightError):
        await dialog.dismiss()


async def _note_popup(popups: list[Link], popup: Page) -> None:
    with contextlib.suppress(PlaywrightError):
        await popup.wait_for_url(_WEB, wait_until="commit", timeout=_POPUP_MS)
        if len(popups) < _MOST_POPUPS:
            popups.append(Link(url=popup.url, kind="popup"))
    with contextlib.suppress(PlaywrightError):
        await popup.close()


def _wanted(answer: BrowserResponse, actions: Actions) -> bool:
    return any(re.search(pattern, answer.url) for pattern in actions.capture)


def page_methods(request: Request) -> list[PageMethod]:
    """Return what is to be done on a page once it is loaded."""
    return [PageMethod(partial(act, request=request))]


async def act(page: Page, *, request: Request) -> None:
    """Do what the platform's `browser` part says; a step that finds nothing is passed over, and noted."""
    actions: Actions = request.meta["actions"]
    steps: list[str] = request.meta.setdefault("steps", ["打开网页"])
    if actions.wait_for:
        await _try(steps, f"等待“{actions.wait_for}”", page.wait_for_selector(actions.wait_for, timeout=actions.timeout * 1000))
    else:
        await _try(steps, "", page.wait_for_load_state("networkidle", timeout=_SETTLE_MS))
    for word in (*actions.close, *actions.tap):
        await _tap(page, word, steps)
    for _ in range(actions.scroll):
        await _try(steps, "下滚一屏", page.evaluate("window.scrollBy(0, window.innerHeight)"))
        await _try(steps, "", page.wait_for_load_state("networkidle", timeout=_SETTLE_MS))
    await _keep_answers(request)


async def _try(steps: list[str], step: str, doing: Any) -> None:
    try:
        await doing
    except PlaywrightError:
        if step:
            steps.append(f"{step}（未成）")
        return
    if step:
        steps.append(step)


async def _tap(page: Page, word: str, steps: list[str]) -> None:
    if _FORBIDDEN.search(word):
        steps.append(f"不点按“{word}”（不代为登录、验证或支付）")
        return
    found = page.get_by_text(word, exact=True)
    try:
        number = min(await found.count(), _MOST_TAPS)
    except PlaywrightError:
        return
    for place in range(number):
        one = found.nth(place)
        with contextlib.suppress(PlaywrightError):
            if await one.is_visible():
                await one.click(timeout=_TAP_MS)
                steps.append(f"点按“{word}”")
                await page.wait_for_load_state("networkidle", timeout=_SETTLE_MS)


async def _keep_answers(request: Request) -> None:
    """Freeze the JSON answers that the page fetched for itself: each is read as a page of its own."""
    kept: list[tuple[Capture, bytes]] = request.meta.setdefault("answers", [])
    for answer in request.meta.get("pending", ())[:_MOST_ANSWERS]:
        with contextlib.suppress(PlaywrightError):
            body = await answer.body()
            if len(body) <= _MOST_ANSWER_BYTES:
                kept.append((await _freeze(answer, body), body))
                spool(request.meta["spool"], kept[-1][0].sha256, body, sync=False)


async def _freeze(answer: BrowserResponse, body: bytes) -> Capture:
    headers = await answer.headers_array()
    return Capture(
        url=answer.url,
        final_url=answer.url,
        status=answer.status,
        fetched_at=datetime.now(UTC),
        sha256=hashlib.sha256(body).hexdigest(),
        size=len(body),
        mode="browser",
        content_type=answer.headers.get("content-type", ""),
        response_headers=tuple((header["name"], header["value"]) for header in headers),
        steps=("网页自身请求的数据",),
    )
