"""What a page loaded: every response with its headers and, within the budget, its bytes; and the facts of the main one."""

import asyncio
import base64
import hashlib
import mimetypes
from datetime import datetime
from urllib.parse import urlsplit

from playwright.async_api import CDPSession, Response

from patrol.guard_proxy import GuardProxy
from patrol.vault.model import SubResponse
from patrol.vault.work import Work, attempt

_MOST_RESPONSES, _AT_ONCE = 300, 6


async def keep_loaded(session: CDPSession, main: Response | None, work: Work) -> None:
    """Record what came over the network, in the order it came; bodies beyond the budget are named as not kept."""
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


async def _main_facts(session: CDPSession, main: Response, work: Work) -> None:
    work.facts["status"] = main.status
    work.facts["ip_address"] = _address(work.proxy, main.url)
    parts = urlsplit(main.url)
    if parts.scheme != "https":
        return
    details = await attempt(main.security_details())
    pairs = [(str(name), str(value)) for name, value in (details or {}).items()]
    found = await attempt(session.send("Network.getCertificate", {"origin": f"{parts.scheme}://{parts.netloc}"}))
    for place, encoded in enumerate((found or {}).get("tableNames", [])):
        pairs.append((f"certificate_{place}_sha256", hashlib.sha256(base64.b64decode(encoded)).hexdigest()))
    work.facts["certificate"] = tuple(pairs)


async def _response(response: Response, at: datetime, work: Work) -> tuple[SubResponse, bytes]:
    request = response.request
    sent = await attempt(request.headers_array()) or []
    came = await attempt(response.headers_array()) or []
    media_type = next((h["value"] for h in came if h["name"].lower() == "content-type"), "")
    body = await attempt(response.body()) or b"" if response.status not in {204, 301, 302, 303, 304, 307, 308} else b""
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


def _suffix(media_type: str) -> str:
    return mimetypes.guess_extension(media_type) or ".bin"
