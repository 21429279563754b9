"""Pages that a person saved to disk go the same way as fetched ones: read, screened, sealed, counted."""

import hashlib
import mimetypes
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Protocol

from patrol.errors import BadInput
from patrol.model import Capture, PageResult, Post, Reading, State, Visit
from patrol.places import imported_address
from patrol.platforms import Platform, load_platforms
from patrol.spooling import spool

_ENDINGS = {".html", ".htm", ".xhtml", ".mht", ".mhtml", ".json", ".xml"}
# what the software itself wrote is no clue that somebody brought; `clues` holds what the console was given
_OWN_FOLDERS = ("vault", "spool", "reports", "takedowns", "lists", "platforms", "upgrades", "logs")
_HEAD = 200_000
_MOST_BYTES = 50_000_000
# browsers write where a page was saved from; pages themselves name their own address, in whatever order of attributes
_SAVED_FROM = re.compile(
    rb"saved from url=\(\d+\)(\S+)|^Snapshot-Content-Location:[ \t]*(\S+)|Page saved with SingleFile\s+url:[ \t]*(\S+)",
    re.MULTILINE,
)
_CANONICAL = re.compile(
    rb"""<link(?=[^>]*\srel=["']?canonical["'\s>])[^>]*?\shref=["']?([^"'\s>]+)"""
    rb"""|<meta(?=[^>]*\sproperty=["']?og:url["'\s>])[^>]*?\scontent=["']?([^"'\s>]+)""",
    re.IGNORECASE,
)


class PageReader(Protocol):
    """`spiders.reading.read_page`, found by name: patrol does not import spiders."""

    def __call__(
        self,
        platform: Platform,
        body: bytes,
        *,
        url: str,
        final_url: str,
        status: int,
        headers: Sequence[tuple[str, str]],
        fetched_at: datetime,
    ) -> Reading:
        """Turn bytes into a Reading; never raises on what a page holds."""


def page_reader() -> PageReader:
    """Return the page reader of the spiders package."""
    reader: PageReader = import_module("spiders.reading").read_page
    return reader


@dataclass(frozen=True, slots=True)
class SavedPage:
    """One saved file: where it lies, the address it was saved from (or its name as an imported file), and whose page it is."""

    path: Path
    url: str
    platform: Platform
    body: bytes


def find_saved_pages(folder: Path, *, platform: str = "", workspace: Path | None = None) -> Iterator[SavedPage]:
    """Yield the saved pages under a folder in a steady order, none of those that the software keeps in the workspace.

    The platform is the one asked for, else a folder's name on the way, else the owner of the page's host, else generic.
    """
    if not folder.exists():
        raise BadInput("找不到这个文件夹；请检查路径", file=folder)
    known = load_platforms()
    if platform and platform not in known:
        raise BadInput(f"没有名为“{platform}”的平台；可用的有：{'、'.join(known)}")
    files = [folder] if folder.is_file() else list(_brought(folder, workspace))
    if not files:
        raise BadInput(f"没有找到网页文件（{'、'.join(sorted(_ENDINGS))}）", file=folder)
    for path in files:
        if path.stat().st_size > _MOST_BYTES:
            raise BadInput(f"文件超过 {_MOST_BYTES // 1_000_000} MB；请拆分后重试", file=path)
        body = path.read_bytes()
        url = _address(body) or imported_address(path.name, hashlib.sha256(body).hexdigest())
        yield SavedPage(path, url, known[platform or _guess(path, url, known)], body)


def _brought(folder: Path, workspace: Path | None) -> Iterator[Path]:
    own = [(workspace / name).resolve() for name in _OWN_FOLDERS] if workspace else []
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in _ENDINGS and path.is_file() and not any(path.resolve().is_relative_to(one) for one in own):
            yield path


def _address(body: bytes) -> str:
    head = body[:_HEAD]
    found = _SAVED_FROM.search(head) or _CANONICAL.search(head)
    if not found:
        return ""
    address = next(group for group in found.groups() if group).decode("utf-8", "replace").replace("&amp;", "&")
    address = f"https:{address}" if address.startswith("//") else address
    return address if re.match(r"https?://[^/\s]+", address) else ""


def _under_file(post: Post, door: str, file: str) -> Post:
    own = post.url.rstrip("/") != door.rstrip("/")
    return post if own else replace(post, key=post.key.replace(post.url, file, 1), url=file)


def _guess(path: Path, url: str, known: Mapping[str, Platform]) -> str:
    named = next((part for part in reversed(path.parts[:-1]) if part in known), "")
    if named:
        return named
    # tieba.baidu.com is Tieba's before it is Baidu's: the longest host decides
    owners = [(max(len(host) for host in one.hosts), name) for name, one in known.items() if one.owns(url)]
    return max(owners)[1] if owners else "generic"


def read_saved_page(page: SavedPage, spool_folder: Path, source: str) -> tuple[PageResult, Reading]:
    """Read one saved page and put its bytes into the spool; the capture says that a person brought it (`import`)."""
    saved_at = datetime.fromtimestamp(page.path.stat().st_mtime, UTC)
    # a page that does not say where it was saved is read as if from its platform's front door, and kept under its file
    read_as = page.url if page.url.startswith("http") or not page.platform.hosts else f"https://{page.platform.hosts[0]}/"
    reading = page_reader()(page.platform, page.body, url=read_as, final_url=read_as, status=200, headers=(), fetched_at=saved_at)
    if read_as != page.url:
        reading = replace(reading, posts=tuple(_under_file(post, read_as, page.url) for post in reading.posts))
    digest = hashlib.sha256(page.body).hexdigest()
    spool(spool_folder, digest, page.body)
    capture = Capture(
        url=page.url,
        final_url=page.url,
        status=0,
        fetched_at=saved_at,
        sha256=digest,
        size=len(page.body),
        mode="import",
        content_type=mimetypes.guess_type(page.path.name)[0] or "",
        steps=(f"工作人员提供的已保存网页：{page.path.name}",),
    )
    visit = Visit(
        url=page.path.resolve().as_uri(),
        source=source,
        state=reading.state,
        at=datetime.now(UTC),
        kind=reading.kind,
        items=reading.entries,
        reason=reading.why,
        sha256=digest,
    )
    posts = reading.posts if reading.state in {State.OK, State.EMPTY} else ()
    return PageResult(lease=page.url, visit=visit, posts=posts, capture=capture), reading
