"""Take one page in a browser: load, scroll, pictures, snapshot, rendered page, and what was loaded on the way.

Everything that looks at the page runs in an isolated world or over the DevTools protocol, where the page's own scripts cannot
change what we see. Each artefact is taken on its own: what fails or runs out of time is named, what was taken stays.
"""

import asyncio
import base64
import json
from datetime import UTC, datetime
from pathlib import Path

from playwright.async_api import Browser, BrowserContext, CDPSession, Page, Response
from playwright.async_api import Error as BrowserError
from playwright.async_api import TimeoutError as BrowserTimeout

from patrol.guard_proxy import REFUSED_HEADER, GuardProxy
from patrol.places import is_web_address
from patrol.vault.loaded import keep_loaded
from patrol.vault.model import BrowserFacts, EvidenceState, tidy
from patrol.vault.orders import Limits, Order, Taken
from patrol.vault.recording import Recording
from patrol.vault.textmap import read_text_map
from patrol.vault.work import Work, attempt

ESSENTIAL = {"full.png": "整页截图", "first-screen.png": "首屏截图", "page.mhtml": "网页快照（MHTML）", "dom.html": "渲染后页面"}
_SETTLE = """
async ([limit, height]) => {
  const pause = ms => new Promise(done => setTimeout(done, ms));
  const end = performance.now() + limit;
  const root = document.scrollingElement || document.documentElement;
  let changed = performance.now();
  const watch = new MutationObserver(() => { changed = performance.now(); });
  watch.observe(document, {subtree: true, childList: true, characterData: true});
  const frame = () => Promise.race([new Promise(done => requestAnimationFrame(() => setTimeout(done))), pause(120)]);
  const step = Math.max(400, window.innerHeight);
  for (let y = step; y < Math.min(root.scrollHeight, height) && performance.now() < end; y += step) {
    window.scrollTo(0, y);
    await frame();
  }
  for (const image of document.images) {
    if (image.complete || performance.now() > end) continue;
    image.scrollIntoView();
    await frame();
  }
  window.scrollTo(0, 0);
  const loading = () => [...document.images].some(image => !image.complete && image.getClientRects().length > 0);
  while (performance.now() < end && (loading() || performance.now() - changed < 40)) await pause(15);
  watch.disconnect();
  return {
    late: loading(),
    width: Math.max(root.clientWidth, Math.min(root.scrollWidth, root.clientWidth * 2)),
    height: Math.max(root.scrollHeight, window.innerHeight),
    view: [window.innerWidth, window.innerHeight],
    title: String(document.title).slice(0, 5000),
    agent: navigator.userAgent,
    scale: window.devicePixelRatio
  };
}
"""


async def take(
    browser: Browser,
    profile: dict[str, object],
    order: Order,
    limits: Limits,
    folder: Path,
    proxy: GuardProxy,
    gate: asyncio.Semaphore,
) -> Taken:
    """Take one order into an empty folder within its budget; what a page does never raises: the result says what is missing.

    The gate is held while the page is shown, and given back before its loaded files are gathered.
    """
    await gate.acquire()
    showing = _Showing(gate)
    work = Work(order, limits, folder, datetime.now(UTC), proxy)
    work.facts["browser"] = f"Chromium {browser.version}"
    try:
        await asyncio.wait_for(_take_all(browser, profile, work, showing), limits.seconds)
    except TimeoutError:
        work.missing.append(f"超出单页时间额度（{limits.seconds:.0f} 秒）")
    except BrowserError as error:
        work.missing.append(_reason(error))
    finally:
        showing.end()
    work.crashed = work.crashed or not browser.is_connected()
    return _result(work)


class _Showing:
    """One pass through the gate, given back once."""

    def __init__(self, gate: asyncio.Semaphore) -> None:
        self._gate, self._open = gate, True

    def end(self) -> None:
        """Let the next page be shown."""
        if self._open:
            self._open = False
            self._gate.release()


async def _take_all(browser: Browser, profile: dict[str, object], work: Work, showing: _Showing) -> None:
    def fell(_: Page) -> None:
        work.crashed = True

    def saw(response: Response) -> None:
        work.responses.append((datetime.now(UTC), response))

    if not is_web_address(work.order.url):
        work.missing.append("没有网络地址（导入的文件），不能用浏览器取证")
        return
    context = await browser.new_context(**profile)  # type: ignore[arg-type]
    try:
        page = await context.new_page()
        context.on("page", lambda other: asyncio.ensure_future(_shut(other)))
        page.on("response", saw)
        page.on("crash", fell)
        session = await context.new_cdp_session(page)
        recording = Recording(session, work.limits.recording_frames)
        await recording.start()
        main = await _load(page, work)
        refused = work.proxy.refusal_of(page.url) or work.proxy.refusal_of(work.order.url)
        if refused:
            work.missing.append(f"网址或它跳转到的地址不允许访问：{refused}")
        if refused or main is None or await _not_the_site(main, work):
            return
        await _settle(session, work)
        await _keep_recording(recording, work)
        await _pictures(session, work)
        await _snapshots(page, session, work)
        showing.end()
        await keep_loaded(session, main, work)
    finally:
        await _shut_context(context)


async def _keep_recording(recording: Recording, work: Work) -> None:
    moving = await recording.end()
    if moving:
        work.keep("recording", "recording.webp", "image/webp", moving)
    elif work.limits.recording_frames:
        work.missing.append("录屏（浏览器没有给出画面）")


async def _not_the_site(main: Response, work: Work) -> bool:
    """Tell whether the answer came from the guarding proxy because the site could not be reached."""
    if REFUSED_HEADER.lower() not in (await attempt(main.all_headers()) or {}):
        return False
    work.missing.append("网站无法连接，没有取得页面")
    return True


async def _load(page: Page, work: Work) -> Response | None:
    work.facts["url"] = work.order.url
    try:
        main = await page.goto(work.order.url, wait_until="load", timeout=work.limits.load_seconds * 1000)
    except BrowserTimeout:
        work.missing.append(f"页面未在 {work.limits.load_seconds:.0f} 秒内加载完，以下为当时所见")
        main = next((r for _, r in work.responses if r.frame == page.main_frame and r.request.is_navigation_request()), None)
    except BrowserError as error:
        work.missing.append(_reason(error))
        return None
    work.facts["final_url"] = page.url
    return main


async def _settle(session: CDPSession, work: Work) -> None:
    """Scroll through the page (lazy images), wait until it holds still, and measure it, in a world of our own."""
    limit = [work.limits.settle_seconds * 1000, work.limits.height]
    seen = await _in_own_world(session, f"({_SETTLE})({json.dumps(limit)})")
    if not isinstance(seen, dict):
        work.missing.append("页面未能滚动到底（延迟加载的图片可能不全）")
        return
    if seen.get("late"):
        work.missing.append(f"部分图片未在 {work.limits.settle_seconds:.0f} 秒内加载完")
    view = seen["view"]
    work.facts.update(
        title=tidy(str(seen["title"])),
        user_agent=str(seen["agent"])[:500],
        scale=float(seen["scale"]),
        viewport=(int(view[0]), int(view[1])),
        page_height=int(seen["height"]),
    )
    work.facts["_width"] = int(seen["width"])


async def _in_own_world(session: CDPSession, expression: str) -> object:
    tree = await session.send("Page.getFrameTree")
    frame = tree["frameTree"]["frame"]["id"]
    world = await session.send("Page.createIsolatedWorld", {"frameId": frame, "worldName": "evidence"})
    answer = await session.send(
        "Runtime.evaluate",
        {
            "expression": expression,
            "contextId": world["executionContextId"],
            "awaitPromise": True,
            "returnByValue": True,
        },
    )
    return answer.get("result", {}).get("value")


async def _pictures(session: CDPSession, work: Work) -> None:
    """Take the full page, and the first screen where it is not the whole page already."""
    height, width = work.facts.get("page_height", 0), work.facts.get("_width", 0)
    seen = work.facts.get("viewport", (0, 0))
    measured = isinstance(height, int) and isinstance(width, int) and height > 0 and width > 0
    if not measured or seen != (width, height):
        first = await attempt(session.send("Page.captureScreenshot", {"format": "png", "optimizeForSpeed": True}))
        if first:
            work.keep("first_screen", "first-screen.png", "image/png", base64.b64decode(first["data"]))
    if not isinstance(height, int) or not isinstance(width, int) or not measured:
        return
    if height > work.limits.height:
        work.missing.append(f"页面高 {height} 像素，整页截图只到 {work.limits.height} 像素")
    clip = {"x": 0, "y": 0, "width": width, "height": min(height, work.limits.height), "scale": 1}
    how = {"format": "png", "optimizeForSpeed": True, "captureBeyondViewport": seen != (width, height), "clip": clip}
    full = await attempt(session.send("Page.captureScreenshot", how))
    if not full:
        return
    data = base64.b64decode(full["data"])
    work.keep("full_page", "full.png", "image/png", data)
    if seen == (width, height):
        work.keep("first_screen", "first-screen.png", "image/png", data)


async def _snapshots(page: Page, session: CDPSession, work: Work) -> None:
    snapshot = await attempt(session.send("Page.captureSnapshot", {"format": "mhtml"}))
    if snapshot:
        work.keep("mhtml", "page.mhtml", "multipart/related", snapshot["data"].encode("utf-8", "replace"))
    dom = await attempt(page.content())
    if dom:
        work.keep("dom", "dom.html", "text/html; charset=utf-8", dom.encode("utf-8", "replace"))
    layout = await attempt(session.send("DOMSnapshot.captureSnapshot", {"computedStyles": []}))
    if layout:
        work.keep("text_map", "text-map.json", "application/json", read_text_map(layout))


async def _shut(page: Page) -> None:
    await attempt(page.close())


async def _shut_context(context: BrowserContext) -> None:
    await attempt(context.close())


def _reason(error: BrowserError) -> str:
    text = str(error).splitlines()[0] if str(error) else ""
    if "crash" in text.lower() or "closed" in text.lower():
        return "浏览器在取证途中崩溃或被关闭"
    if "ERR_NAME_NOT_RESOLVED" in text:
        return "网址的域名无法解析"
    if "ERR_TUNNEL" in text or "ERR_CONNECTION" in text:
        return "网站无法连接，没有取得页面"
    return f"浏览器未能打开页面（{tidy(text, 160)}）"


def _result(work: Work) -> Taken:
    names = {file.name for file in work.files}
    missing = [word for name, word in ESSENTIAL.items() if name not in names] + work.missing
    state = EvidenceState.PARTIAL if missing else EvidenceState.COMPLETE
    if not names:
        state = EvidenceState.FAILED
    facts = {name: value for name, value in work.facts.items() if not name.startswith("_")}
    facts.setdefault("url", work.order.url)
    facts.setdefault("final_url", "")
    filled = BrowserFacts.model_validate(
        {**facts, "device": work.order.device, "steps": work.order.steps, "responses": tuple(work.kept)}
    )
    return Taken(
        order=work.order,
        folder=str(work.folder),
        state=state,
        missing=tuple(dict.fromkeys(missing)),
        files=tuple(work.files),
        facts=filled,
        started_at=work.started_at,
        finished_at=datetime.now(UTC),
        crashed=work.crashed,
    )
