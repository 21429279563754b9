"""Take one page in a browser: load, scroll, pictures, snapshot, rendered page, and what was loaded on the way.

Everything that looks at the page runs in an isolated world or over the DevTools protocol, where the page's own scripts cannot
change what we see. Each artefact is taken on its own: what fails or runs out of time is named, what was taken stays.
"""

import asyncio
import base64
import hashlib
import json
import mimetypes
from collections.abc import Awaitable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from playwright.async_api import Browser, BrowserContext, CDPSession, Page, Response
from playwright.async_api import Error as BrowserError
from playwright.async_api import TimeoutError as BrowserTimeout

from patrol.guard_proxy import REFUSED_HEADER, GuardProxy
from patrol.vault.model import BrowserFacts, EvidenceState, SubResponse, tidy
from patrol.vault.orders import Limits, Order, Taken, TakenFile
from patrol.vault.textmap import read_text_map

ESSENTIAL = {"full.png": "整页截图", "first-screen.png": "首屏截图", "page.mhtml": "网页快照（MHTML）", "dom.html": "渲染后页面"}
T = TypeVar("T")
_MOST_RESPONSES, _AT_ONCE = 300, 6
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


@dataclass(slots=True)
class _Work:
    """What was taken so far of one order; read also when time runs out."""

    order: Order
    limits: Limits
    folder: Path
    started_at: datetime
    proxy: GuardProxy
    files: list[TakenFile] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    responses: list[tuple[datetime, Response]] = field(default_factory=list)
    kept: list[SubResponse] = field(default_factory=list)
    facts: dict[str, object] = field(default_factory=dict)
    crashed: bool = False

    def keep(self, role: str, name: str, media_type: str, data: bytes) -> None:
        (self.folder / name).write_bytes(data)
        self.files.append(TakenFile(role=role, name=name, media_type=media_type))


async def take(
    browser: Browser, profile: dict[str, object], order: Order, limits: Limits, folder: Path, proxy: GuardProxy
) -> Taken:
    """Take one order into an empty folder within its budget; what a page does never raises: the result says what is missing."""
    work = _Work(order, limits, folder, datetime.now(UTC), proxy)
    work.facts["browser"] = f"Chromium {browser.version}"
    try:
        await asyncio.wait_for(_take_all(browser, profile, work), limits.seconds)
    except TimeoutError:
        work.missing.append(f"超出单页时间额度（{limits.seconds:.0f} 秒）")
    except BrowserError as error:
        work.missing.append(_reason(error))
    work.crashed = work.crashed or not browser.is_connected()
    return _result(work)


async def _take_all(browser: Browser, profile: dict[str, object], work: _Work) -> None:
    def fell(_: Page) -> None:
        work.crashed = True

    def saw(response: Response) -> None:
        work.responses.append((datetime.now(UTC), response))

    context = await browser.new_context(**profile)  # type: ignore[arg-type]
    try:
        page = await context.new_page()
        context.on("page", lambda other: asyncio.ensure_future(_shut(other)))
        page.on("response", saw)
        page.on("crash", fell)
        session = await context.new_cdp_session(page)
        main = await _load(page, work)
        refused = work.proxy.refusal_of(page.url) or work.proxy.refusal_of(work.order.url)
        if refused:
            work.missing.append(f"网址或它跳转到的地址不允许访问：{refused}")
        if refused or main is None or await _not_the_site(main, work):
            return
        await _settle(session, work)
        await _pictures(session, work)
        await _snapshots(page, session, work)
        await _loaded(session, main, work)
    finally:
        await _shut_context(context)


async def _not_the_site(main: Response, work: _Work) -> bool:
    """Tell whether the answer came from the guarding proxy because the site could not be reached."""
    if REFUSED_HEADER.lower() not in (await _attempt(main.all_headers()) or {}):
        return False
    work.missing.append("网站无法连接，没有取得页面")
    return True


async def _load(page: Page, work: _Work) -> Response | None:
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


async def _settle(session: CDPSession, work: _Work) -> None:
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


async def _pictures(session: CDPSession, work: _Work) -> None:
    """Take the full page, and the first screen where it is not the whole page already."""
    height, width = work.facts.get("page_height", 0), work.facts.get("_width", 0)
    seen = work.facts.get("viewport", (0, 0))
    measured = isinstance(height, int) and isinstance(width, int) and height > 0 and width > 0
    if not measured or seen != (width, height):
        first = await _attempt(session.send("Page.captureScreenshot", {"format": "png", "optimizeForSpeed": True}))
        if first:
            work.keep("first_screen", "first-screen.png", "image/png", base64.b64decode(first["data"]))
    if not isinstance(height, int) or not isinstance(width, int) or not measured:
        return
    if height > work.limits.height:
        work.missing.append(f"页面高 {height} 像素，整页截图只到 {work.limits.height} 像素")
    clip = {"x": 0, "y": 0, "width": width, "height": min(height, work.limits.height), "scale": 1}
    how = {"format": "png", "optimizeForSpeed": True, "captureBeyondViewport": seen != (width, height), "clip": clip}
    full = await _attempt(session.send("Page.captureScreenshot", how))
    if not full:
        return
    data = base64.b64decode(full["data"])
    work.keep("full_page", "full.png", "image/png", data)
    if seen == (width, height):
        work.keep("first_screen", "first-screen.png", "image/png", data)


async def _snapshots(page: Page, session: CDPSession, work: _Work) -> None:
    snapshot = await _attempt(session.send("Page.captureSnapshot", {"format": "mhtml"}))
    if snapshot:
        work.keep("mhtml", "page.mhtml", "multipart/related", snapshot["data"].encode("utf-8", "replace"))
    dom = await _attempt(page.content())
    if dom:
        work.keep("dom", "dom.html", "text/html; charset=utf-8", dom.encode("utf-8", "replace"))
    layout = await _attempt(session.send("DOMSnapshot.captureSnapshot", {"computedStyles": []}))
    if layout:
        work.keep("text_map", "text-map.json", "application/json", read_text_map(layout))


async def _loaded(session: CDPSession, main: Response | None, work: _Work) -> None:
    if main is not None:
        await _main_facts(session, main, work)
    came = work.responses[:_MOST_RESPONSES]
    room = work.limits.total_bytes
    for start in range(0, len(came), _AT_ONCE):
        some = await asyncio.gather(*(_response(response, at, work) for at, response in came[start : start + _AT_ONCE]))
        for index, (record, body) in enumerate(some, start + 1):
            if body and len(body) <= room:
                room -= len(body)
                kept = record.model_copy(update={"sha256": hashlib.sha256(body).hexdigest()})
                work.keep("resource", f"resource-{index:03d}{_suffix(record.media_type)}", record.media_type, body)
                work.kept.append(kept)
            else:
                work.kept.append(record)
    dropped = sum(1 for r in work.kept if r.size and not r.sha256) + max(0, len(work.responses) - _MOST_RESPONSES)
    if dropped:
        work.missing.append(f"{dropped} 个页面所载文件过大或过多，只记录未保留")


async def _main_facts(session: CDPSession, main: Response, work: _Work) -> None:
    work.facts["status"] = main.status
    work.facts["ip_address"] = _address(work.proxy, main.url)
    parts = urlsplit(main.url)
    if parts.scheme != "https":
        return
    details = await _attempt(main.security_details())
    pairs = [(str(name), str(value)) for name, value in (details or {}).items()]
    found = await _attempt(session.send("Network.getCertificate", {"origin": f"{parts.scheme}://{parts.netloc}"}))
    for place, encoded in enumerate((found or {}).get("tableNames", [])):
        pairs.append((f"certificate_{place}_sha256", hashlib.sha256(base64.b64decode(encoded)).hexdigest()))
    work.facts["certificate"] = tuple(pairs)


async def _response(response: Response, at: datetime, work: _Work) -> tuple[SubResponse, bytes]:
    request = response.request
    sent = await _attempt(request.headers_array()) or []
    came = await _attempt(response.headers_array()) or []
    media_type = next((h["value"] for h in came if h["name"].lower() == "content-type"), "")
    body = await _attempt(response.body()) or b"" if response.status not in {204, 301, 302, 303, 304, 307, 308} else b""
    record = SubResponse(
        url=response.url[:4000] if not response.url.startswith("data:") else "data:",
        status=response.status,
        method=request.method,
        kind=request.resource_type,
        media_type=media_type.split(";")[0].strip().lower()[:100],
        ip_address=_address(work.proxy, response.url),
        size=len(body),
        request_headers=tuple((h["name"], h["value"]) for h in sent),
        response_headers=tuple((h["name"], h["value"]) for h in came),
        at=at.isoformat(timespec="milliseconds"),
    )
    return record, body if len(body) <= work.limits.resource_bytes else b""


def _address(proxy: GuardProxy, url: str) -> str:
    """Return the server address that the guarding proxy dialled for a response."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"}:
        return ""
    return proxy.address_of(parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80))


async def _attempt(awaitable: Awaitable[T]) -> T | None:
    """Return None for what the browser refuses; the result then lists the artefact as missing."""
    try:
        return await awaitable
    except BrowserError:
        return None


async def _shut(page: Page) -> None:
    await _attempt(page.close())


async def _shut_context(context: BrowserContext) -> None:
    await _attempt(context.close())


def _suffix(media_type: str) -> str:
    return mimetypes.guess_extension(media_type) or ".bin"


def _reason(error: BrowserError) -> str:
    text = str(error).splitlines()[0] if str(error) else ""
    if "crash" in text.lower() or "closed" in text.lower():
        return "浏览器在取证途中崩溃或被关闭"
    if "ERR_NAME_NOT_RESOLVED" in text:
        return "网址的域名无法解析"
    if "ERR_TUNNEL" in text or "ERR_CONNECTION" in text:
        return "网站无法连接，没有取得页面"
    return f"浏览器未能打开页面（{tidy(text, 160)}）"


def _result(work: _Work) -> Taken:
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
