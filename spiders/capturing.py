"""Freeze what came back: undo the content coding within limits, digest the bytes once, lay them into the spool."""

import hashlib
import zlib
from datetime import UTC, datetime

from scrapy import Request, Spider
from scrapy.crawler import Crawler
from scrapy.downloadermiddlewares.httpcompression import HttpCompressionMiddleware
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Response
from scrapy.http.headers import Headers as ScrapyHeaders
from twisted.internet.ssl import Certificate

from patrol.model import Capture, Headers, Hop, Lease
from patrol.spider_job import SpiderJob
from patrol.spooling import spool
from spiders.verdicts import TooBig, Undecodable

_NOT_MODIFIED = 304


class CaptureMiddleware(HttpCompressionMiddleware):
    """Make the Capture of each leased page; it travels as `request.meta["capture"]`.

    The response headers are those of the wire, content coding named; the body is what the coding gives, within the size limit
    even for a gzip bomb. Only codings that this machine can undo are asked for.
    """

    def __init__(self, *, crawler: Crawler) -> None:
        super().__init__(crawler=crawler)
        self._spool = SpiderJob.load(crawler.settings["PATROL_JOB"]).workspace / "spool"

    def process_response(self, request: Request, response: Response, spider: Spider | None = None) -> Request | Response:  # noqa: ARG002
        """Return the decoded response; raises TooBig or Undecodable."""
        wire = plain_headers(response.headers)
        try:
            decoded = super().process_response(request, response)
        except IgnoreRequest as limit:
            raise TooBig(str(limit)) from limit
        except (OSError, EOFError, zlib.error, ValueError) as broken:
            raise Undecodable(str(broken)) from broken
        lease = request.meta.get("lease")
        if isinstance(lease, Lease) and isinstance(decoded, Response):
            request.meta["capture"] = capture = freeze(lease, request, decoded, wire)
            spool(self._spool, capture.sha256, decoded.body, sync=False)
        return decoded


def freeze(lease: Lease, request: Request, response: Response, wire: Headers) -> Capture:
    """Return the Capture of a response whose content coding is undone; `wire` are its headers as they came."""
    by_browser = "playwright" in response.flags
    coding = "" if by_browser else next((value for name, value in wire if name.lower() == "content-encoding"), "")
    return Capture(
        url=lease.url,
        final_url=response.url,
        status=_NOT_MODIFIED if request.meta.get("unchanged") else response.status,
        fetched_at=datetime.now(UTC),
        sha256=hashlib.sha256(response.body).hexdigest(),
        size=len(response.body),
        mode="browser" if by_browser else "http",
        content_type=next((value for name, value in wire if name.lower() == "content-type"), ""),
        content_encoding=coding,
        request_headers=plain_headers(request.headers),
        response_headers=wire,
        redirects=hops(request, response.url),
        ip_address=str(request.meta.get("ip_address") or response.ip_address or ""),
        certificate_sha256=_certificate_digest(response.certificate),
        steps=tuple(request.meta.get("steps", ())),
    )


def plain_headers(headers: ScrapyHeaders) -> Headers:
    """Return headers as text pairs, in the order the library kept them; bytes that are not ASCII survive as latin-1."""
    return tuple((name.decode("latin-1"), value.decode("latin-1")) for name, values in headers.items() for value in values)


def hops(request: Request, final_url: str) -> tuple[Hop, ...]:
    """Return the redirects that led to a response, oldest first."""
    urls: list[str] = request.meta.get("redirect_urls", [])
    reasons: list[object] = request.meta.get("redirect_reasons", [])
    targets = [*urls[1:], final_url]
    return tuple(
        Hop(url=url, status=reason if isinstance(reason, int) else 200, location=target)
        for url, reason, target in zip(urls, reasons, targets, strict=False)
    )


def _certificate_digest(certificate: object) -> str:
    if not isinstance(certificate, Certificate):
        return ""
    return hashlib.sha256(certificate.dump()).hexdigest()
