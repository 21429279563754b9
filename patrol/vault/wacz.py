"""A WACZ file of one evidence item, made from what was sealed: the same item gives the same bytes, always.

Bodies were kept with their content coding undone, so Content-Encoding and Transfer-Encoding move to `X-Archive-Orig-…`
headers; otherwise a replay would try to undo them again.
"""

import hashlib
import io
import json
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from urllib.parse import quote, urlsplit
from uuid import NAMESPACE_URL, uuid5

from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from patrol.vault.environment import software_version
from patrol.vault.model import Manifest, SubResponse
from patrol.vault.objects import ObjectStore
from patrol.vault.surts import surt_key

WARC_NAME = "archive/data.warc.gz"
_ENCODED = {"content-encoding", "transfer-encoding", "content-length"}
_VIEWS = {"full_page": "urn:fullPage:", "first_screen": "urn:view:", "mhtml": "urn:mhtml:", "dom": "urn:dom:"}
_ZIP_TIME = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class _Exchange:
    """One request and its response, ready to be written."""

    url: str
    at: datetime
    method: str
    request: Sequence[tuple[str, str]]
    status: int
    response: Sequence[tuple[str, str]]
    body: bytes
    ip_address: str = ""


class _Sha256:
    """The digest form of our records: `sha256:` and hex."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()

    def update(self, data: bytes) -> None:
        self._hash.update(data)

    def __str__(self) -> str:
        return f"sha256:{self._hash.hexdigest()}"


class _Writer(WARCWriter):  # type: ignore[misc]
    """A WARC 1.1 writer with SHA-256 digests and record ids that depend on the evidence alone."""

    def __init__(self, target: io.BytesIO, name: str) -> None:
        super().__init__(target, gzip=True, warc_version="1.1")
        self._name, self._count = name, 0

    @staticmethod
    def _create_digester() -> _Sha256:
        return _Sha256()

    def next_id(self) -> dict[str, str]:
        self._count += 1
        return {"WARC-Record-ID": f"<urn:uuid:{uuid5(NAMESPACE_URL, f'{self._name}/{self._count}')}>"}


def make_wacz(manifests: Sequence[Manifest], objects: ObjectStore) -> bytes:
    """Return the WACZ of an item. Raises EvidenceBroken when a sealed file is gone or changed."""
    newest = max(manifest.sealed.instant for manifest in manifests)
    target = io.BytesIO()
    writer = _Writer(target, f"{manifests[0].number}/{manifests[-1].sequence}")
    lines: list[str] = []
    _write_info(writer, newest)
    for manifest in manifests:
        lines.extend(_write_exchange(writer, target, exchange) for exchange in _exchanges(manifest, objects))
        lines.extend(_write_views(writer, target, manifest, objects))
    pages = list(_pages(manifests))
    return _package(target.getvalue(), sorted(lines), pages, newest, manifests[0].number)


def _exchanges(manifest: Manifest, objects: ObjectStore) -> Iterator[_Exchange]:
    capture = manifest.capture
    if capture is not None:
        at = capture.fetched_at
        for hop in capture.redirects:
            yield _Exchange(hop.url, at, "GET", capture.request_headers, hop.status, (("Location", hop.location),), b"")
        body = objects.read(capture.sha256)
        headers = capture.response_headers or (("Content-Type", capture.content_type),)
        address = capture.ip_address
        url = capture.final_url or capture.url
        yield _Exchange(url, at, "GET", capture.request_headers, capture.status, headers, body, address)
    if manifest.browser is None:
        return
    kept = {entry.sha256 for entry in manifest.files}
    for response in manifest.browser.responses:
        if response.url.startswith(("http://", "https://")) and (response.sha256 in kept or not response.size):
            yield _of_response(response, objects)


def _of_response(response: SubResponse, objects: ObjectStore) -> _Exchange:
    return _Exchange(
        url=response.url,
        at=datetime.fromisoformat(response.at),
        method=response.method,
        request=response.request_headers,
        status=response.status,
        response=response.response_headers,
        body=objects.read(response.sha256) if response.sha256 else b"",
        ip_address=response.ip_address,
    )


def _write_info(writer: _Writer, at: datetime) -> None:
    fields = {"software": f"xianshang-patrol {software_version()}", "format": "WARC File Format 1.1"}
    text = "".join(f"{name}: {value}\r\n" for name, value in fields.items()).encode()
    record = writer.create_warc_record(
        "", "warcinfo", payload=io.BytesIO(text), length=len(text), warc_content_type="application/warc-fields",
        warc_headers_dict={**writer.next_id(), "WARC-Date": _iso(at)},
    )  # fmt: skip
    writer.write_record(record)


def _write_exchange(writer: _Writer, target: io.BytesIO, exchange: _Exchange) -> str:
    url = _ascii(exchange.url)
    common = {"WARC-Date": _iso(exchange.at)}
    if exchange.ip_address:
        common["WARC-IP-Address"] = exchange.ip_address
    head = StatusAndHeaders(_status_line(exchange.status), _replayable(exchange), protocol="HTTP/1.1")
    response_id = writer.next_id()
    response = writer.create_warc_record(
        url, "response", payload=io.BytesIO(exchange.body), length=len(exchange.body), http_headers=head,
        warc_headers_dict={**common, **response_id},
    )  # fmt: skip
    start = target.tell()
    writer.write_record(response)
    length = target.tell() - start
    parts = urlsplit(url)
    path = f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"
    asked = StatusAndHeaders(f"{exchange.method} {path} HTTP/1.1", _clean(exchange.request), is_http_request=True)
    request = writer.create_warc_record(
        url, "request", payload=io.BytesIO(b""), length=0, http_headers=asked,
        warc_headers_dict={**common, **writer.next_id(), "WARC-Concurrent-To": response_id["WARC-Record-ID"]},
    )  # fmt: skip
    writer.write_record(request)
    media_type = next((value for name, value in exchange.response if name.lower() == "content-type"), "unk")
    mime = media_type.split(";")[0].strip().lower() or "unk"
    return _index_line(url, exchange.at, mime, exchange.status, exchange.body, start, length)


def _write_views(writer: _Writer, target: io.BytesIO, manifest: Manifest, objects: ObjectStore) -> Iterator[str]:
    if manifest.browser is None:
        return
    for entry in manifest.files:
        prefix = _VIEWS.get(entry.role)
        if prefix is None:
            continue
        body = objects.read(entry.sha256)
        url = prefix + _ascii(manifest.browser.final_url or manifest.browser.url)
        at = manifest.finished.instant
        record = writer.create_warc_record(
            url, "resource", payload=io.BytesIO(body), length=len(body), warc_content_type=entry.media_type,
            warc_headers_dict={**writer.next_id(), "WARC-Date": _iso(at)},
        )  # fmt: skip
        start = target.tell()
        writer.write_record(record)
        yield _index_line(url, at, entry.media_type.split(";")[0], 200, body, start, target.tell() - start)


def _index_line(url: str, at: datetime, mime: str, status: int, body: bytes, start: int, length: int) -> str:
    facts = {
        "url": url,
        "mime": mime,
        "status": str(status),
        "digest": f"sha256:{hashlib.sha256(body).hexdigest()}",
        "length": str(length),
        "offset": str(start),
        "filename": WARC_NAME.rpartition("/")[2],
    }
    return f"{surt_key(url)} {at.astimezone(UTC):%Y%m%d%H%M%S} {json.dumps(facts)}"


def _pages(manifests: Sequence[Manifest]) -> Iterator[dict[str, str]]:
    """Yield the pages to open, newest view first; `ts` equals the record's WARC-Date to the second."""
    for manifest in reversed(manifests):
        if manifest.browser is not None:
            main = next(
                (r for r in manifest.browser.responses if r.kind == "document" and 200 <= r.status < 300 and r.sha256), None
            )
            if main is not None:
                at = datetime.fromisoformat(main.at)
                yield {
                    "url": _ascii(main.url),
                    "ts": _iso(at),
                    "title": manifest.browser.title or main.url,
                    "device": manifest.browser.device,
                }
        if manifest.capture is not None:
            url = _ascii(manifest.capture.final_url or manifest.capture.url)
            title = manifest.lead.title if manifest.lead else ""
            yield {"url": url, "ts": _iso(manifest.capture.fetched_at), "title": title or url}


def _package(warc: bytes, lines: Sequence[str], pages: Sequence[dict[str, str]], created: datetime, number: str) -> bytes:
    listed = [{"id": uuid5(NAMESPACE_URL, f"{number}/{page['ts']}/{page['url']}").hex, **page} for page in pages]
    head = {"format": "json-pages-1.0", "id": "pages", "title": "All Pages"}
    files = {
        WARC_NAME: warc,
        "indexes/index.cdx": "".join(f"{line}\n" for line in lines).encode(),
        "pages/pages.jsonl": "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in (head, *listed)).encode(
            "utf-8", "replace"
        ),
    }
    description: dict[str, object] = {
        "profile": "data-package",
        "wacz_version": "1.1.1",
        "software": f"xianshang-patrol {software_version()}",
        "created": _iso(created),
        "title": f"evidence {number}",
        "resources": [
            {
                "name": path.rpartition("/")[2],
                "path": path,
                "hash": f"sha256:{hashlib.sha256(data).hexdigest()}",
                "bytes": len(data),
            }
            for path, data in files.items()
        ],
    }
    if pages:
        description |= {"mainPageUrl": pages[0]["url"], "mainPageDate": pages[0]["ts"]}
    files["datapackage.json"] = json.dumps(description, indent=2, ensure_ascii=False).encode("utf-8", "replace")
    digest = {"path": "datapackage.json", "hash": f"sha256:{hashlib.sha256(files['datapackage.json']).hexdigest()}"}
    files["datapackage-digest.json"] = json.dumps(digest, indent=2).encode()
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for path, data in files.items():
            info = zipfile.ZipInfo(path, _ZIP_TIME)
            info.external_attr, info.create_system = 0o100644 << 16, 3
            archive.writestr(info, data)
    return target.getvalue()


def _replayable(exchange: _Exchange) -> list[tuple[str, str]]:
    kept = [(f"X-Archive-Orig-{n}" if n.lower() in _ENCODED else n, v) for n, v in _clean(exchange.response)]
    return [*kept, ("Content-Length", str(len(exchange.body)))]


def _clean(headers: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return headers fit for one line each."""
    return [(name, " ".join(value.split())) for name, value in headers if name and not name.startswith(":")]


def _status_line(status: int) -> str:
    known = {member.value: member.phrase for member in HTTPStatus}
    return f"{status} {known.get(status, 'Unknown')}"


def _ascii(url: str) -> str:
    """Return an address in ASCII, as it went over the wire."""
    return quote(url.encode("utf-8", "replace"), safe="%/:=&?~#+!$,;'@()*[]")


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
