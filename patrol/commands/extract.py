"""`patrol extract`: read one saved page the way a patrol would, and print what was found as JSON (DESIGN §5)."""

import importlib
import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Protocol, cast
from zoneinfo import ZoneInfo

import typer

from patrol.errors import BadInput, in_words
from patrol.model import MiniProgram, Reading
from patrol.platforms import Platform, load_platform
from patrol.settings import load as load_settings

CHINA = ZoneInfo("Asia/Shanghai")
READER = "spiders.reading"
_PARTS = frozenset({"floor", "comment", "answer"})


class Entry(Protocol):
    """One thing read from a page, as the reader gives it."""

    kind: str
    url: str
    title: str
    text: str
    snippet: str
    author: str
    author_id: str
    published_at: datetime | None
    published_shown: str
    region: str
    images: tuple[str, ...]
    links: tuple[str, ...]
    contacts: tuple[str, ...]
    mini_programs: tuple[MiniProgram, ...]
    sponsored: bool
    extra: tuple[tuple[str, str], ...]


class Whole(Protocol):
    """A page read in full."""

    reading: Reading
    main: Entry | None
    entries: tuple[Entry, ...]
    title: str


def extract_command(
    file: Annotated[str, typer.Argument(help="保存下来的网页或 JSON 文件；- 为标准输入")],
    platform: Annotated[str, typer.Option("--platform", help="平台名（spiders 下的文件夹名）")],
    url: Annotated[str, typer.Option("--url", help="网页原来的地址；不写则取网页自己写明的地址")] = "",
    fetched_at: Annotated[
        str, typer.Option("--fetched-at", help="取得网页的时间，用来换算“7小时前”一类时间；不写则用文件的修改时间")
    ] = "",
) -> None:
    """读取一个保存的网页，打印提取到的内容（JSON）。"""
    chosen = load_platform(platform, (load_settings().workspace / "platforms",))
    body, modified = _body(file)
    result = extract(chosen, body, url=url, fetched_at=_moment(fetched_at) or modified)
    typer.echo(json.dumps(result, ensure_ascii=False, indent=1))


def extract(platform: Platform, body: bytes, *, url: str = "", fetched_at: datetime) -> dict[str, object]:
    """Return everything read from one page as plain JSON values; times are ISO in Asia/Shanghai."""
    read_whole = cast("Callable[..., Whole]", importlib.import_module(READER).read_whole)
    whole = read_whole(platform, body, url=url, fetched_at=fetched_at)
    reading = whole.reading
    result: dict[str, object] = {
        "platform": platform.name,
        "state": reading.state.value,
        "kind": reading.kind,
        "url": reading.url,
        "reason": reading.reason,
        "missing": list(reading.missing),
        **_content(whole, reading),
    }
    items = [entry for entry in whole.entries if entry.kind not in _PARTS]
    if items or reading.kind in {"list", "search", "feed"}:
        result["items"] = [_item(entry) for entry in items]
        result["next_page"] = reading.next_page
    parts = [entry for entry in whole.entries if entry.kind in _PARTS]
    if parts:
        result["posts"] = [{"kind": entry.kind, **_item(entry), "text": entry.text} for entry in parts]
    return result


def _content(whole: Whole, reading: Reading) -> dict[str, object]:
    main = whole.main
    if main is None:
        text = reading.reason if reading.kind == "tombstone" else _listed(whole)
        empty: dict[str, object] = dict.fromkeys(("author", "account", "author_id", "published_shown", "region"), "")
        nothing: dict[str, object] = {"published_at": None, "contacts": [], "images": [], "links": [], "mini_programs": []}
        return {"title": whole.title, **empty, "text": text, **nothing}
    return {
        "title": main.title or (whole.title if reading.kind != "detail" else ""),
        "text": main.text or main.snippet or _listed(whole),
        "author": main.author,
        "account": main.author,
        "author_id": main.author_id,
        "published_at": _shown(main.published_at),
        "published_shown": main.published_shown,
        "region": main.region,
        "contacts": list(main.contacts),
        "images": list(main.images),
        "links": list(main.links),
        "mini_programs": [
            {"appid": program.appid, "path": program.path, "nickname": program.nickname} for program in main.mini_programs
        ],
        **dict(main.extra),
    }


def _listed(whole: Whole) -> str:
    """Return what a page of entries says: each one's title and words."""
    return "\n".join(line for entry in whole.entries for line in (entry.title, entry.snippet or entry.text) if line)


def _item(entry: Entry) -> dict[str, object]:
    return {
        "title": entry.title,
        "url": entry.url,
        "author": entry.author,
        "source": entry.author,
        "author_id": entry.author_id,
        "published_shown": entry.published_shown,
        "published_at": _shown(entry.published_at),
        "snippet": entry.snippet or entry.text,
        "sponsored": entry.sponsored,
        "images": list(entry.images),
        "contacts": list(entry.contacts),
        **dict(entry.extra),
    }


def _shown(moment: datetime | None) -> str | None:
    return moment.astimezone(CHINA).isoformat() if moment else None


def _body(file: str) -> tuple[bytes, datetime]:
    if file == "-":
        return sys.stdin.buffer.read(), datetime.now(UTC)
    path = Path(file)
    try:
        return path.read_bytes(), datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except OSError as error:
        raise BadInput(f"无法读取（{in_words(error)}）；请检查路径", file=path) from error


def _moment(text: str) -> datetime | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise BadInput(f"“{text}”不是时间，应写作 2027-01-20T09:30", field="--fetched-at") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=CHINA)
