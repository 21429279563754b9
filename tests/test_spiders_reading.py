"""Every recorded page reads as its `.expected.json` says; new pages are added by dropping two files into fixtures/pages."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from patrol.model import State
from patrol.platforms import load_platform, platform_names
from spiders.entries import Entry
from spiders.reading import Whole, read_whole

PAGES = Path(__file__).parent.parent / "fixtures" / "pages"
CASES = sorted(PAGES.glob("*/*.expected.json"))
CHINA = ZoneInfo("Asia/Shanghai")


def named(path: Path) -> str:
    return f"{path.parent.name}/{path.name.removesuffix('.expected.json')}"


def read(path: Path) -> tuple[Whole, dict[str, Any]]:
    expected = json.loads(path.read_text(encoding="utf-8"))
    stem = path.name.removesuffix(".expected.json")
    [page] = [file for file in path.parent.glob(f"{stem}.*") if file.suffix in {".html", ".json", ".xml"} and file != path]
    fetched_at = datetime.fromisoformat(expected.pop("fetched_at"))
    whole = read_whole(load_platform(path.parent.name), page.read_bytes(), url=expected.pop("url"), fetched_at=fetched_at)
    return whole, expected


def plain(entry: Entry) -> dict[str, Any]:
    at = entry.published_at.astimezone(CHINA).isoformat() if entry.published_at else None
    seen = {
        name: getattr(entry, name) for name in ("url", "title", "text", "snippet", "author", "author_id", "region", "sponsored")
    }
    more = {
        "published_at": at,
        "published_shown": entry.published_shown,
        "images": list(entry.images),
        "contacts": list(entry.contacts),
    }
    return {**seen, **more, "mini_programs": [one.appid for one in entry.mini_programs], **dict(entry.extra)}


def check(found: dict[str, Any], wanted: dict[str, Any]) -> None:
    assert {name: found.get(name) for name in wanted} == wanted


@pytest.mark.parametrize("path", CASES, ids=named)
def test_a_recorded_page_reads_as_expected(path: Path) -> None:
    whole, expected = read(path)
    reading = whole.reading
    states = expected.pop("state_in", None) or [expected.pop("state")]
    assert reading.state.value in states, (reading.missing, reading.reason)
    assert reading.kind == expected.pop("kind", reading.kind)
    assert reading.url == expected.pop("read_url", reading.url)
    assert expected.pop("reason_contains", "") in reading.reason
    assert reading.next_page == expected.pop("next_page", reading.next_page)
    check_entries(whole, expected)
    check_main(whole, expected)


def check_main(whole: Whole, expected: dict[str, Any]) -> None:
    if not expected:
        return
    assert whole.main is not None
    found = plain(whole.main)
    for part in expected.pop("text_contains", []):
        assert part in found["text"]
    for part in expected.pop("text_lacks", []):
        assert part not in found["text"]
    check(found, expected.pop("extra", {}))
    check(found, expected)


def check_entries(whole: Whole, expected: dict[str, Any]) -> None:
    items = [entry for entry in whole.entries if entry.kind not in {"floor", "comment", "answer"}]
    parts = [entry for entry in whole.entries if entry.kind in {"floor", "comment", "answer"}]
    assert len(items) == expected.pop("items", len(items))
    assert len(parts) == expected.pop("parts", len(parts))
    assert len(whole.reading.posts) == expected.pop("posts", len(whole.reading.posts))
    if "first" in expected:
        check(plain(items[0]), expected.pop("first"))
    if "first_part" in expected:
        check(plain(parts[0]), expected.pop("first_part"))
    for title, wanted in expected.pop("titles", {}).items():
        check(next(plain(entry) for entry in items if entry.title == title), wanted)
    if "second_post" in expected:
        post = whole.reading.posts[1]
        wanted = expected.pop("second_post")
        at = post.published_at.astimezone(CHINA).isoformat() if post.published_at else None
        check({"key": post.key, "author": post.author, "text": post.text, "published_at": at}, wanted)


def test_every_platform_has_recorded_pages() -> None:
    recorded = {path.parent.name for path in CASES}
    assert set(platform_names()) - {"wechat_miniprogram"} <= recorded


def test_every_platform_with_walls_or_tombstones_shows_one() -> None:
    shown: dict[str, set[str]] = {}
    for path in CASES:
        expected = json.loads(path.read_text(encoding="utf-8"))
        shown.setdefault(path.parent.name, set()).update(expected.get("state_in") or [expected["state"]])
    for name in platform_names():
        stops = {rule.state for rule in load_platform(name).states} - {State.EMPTY}
        if stops and name != "wechat_miniprogram":
            assert any(state.startswith(("blocked.", "gone.")) for state in shown[name]), name


def test_a_page_behind_a_wall_gives_no_posts() -> None:
    for path in CASES:
        whole, _ = read(path)
        if not whole.reading.state.value.startswith("ok"):
            assert whole.reading.posts == ()
            assert whole.reading.links == ()


def test_posts_are_absolute_and_in_utc() -> None:
    for path in CASES:
        for post in read(path)[0].reading.posts:
            assert post.key
            assert all(link.startswith(("http://", "https://")) for link in (*post.images, *post.links))
            assert post.published_at is None or post.published_at.utcoffset() is not None
