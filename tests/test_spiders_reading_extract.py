"""`patrol extract` on a saved file: JSON with the agreed keys, and nothing else on standard output."""

import json
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from patrol.commands.extract import extract_command
from patrol.errors import BadInput

PAGES = Path(__file__).parent.parent / "fixtures" / "pages"
KEYS = {"platform", "state", "url", "title", "text", "author", "author_id", "published_at", "published_shown"}
KEYS |= {"contacts", "images", "links", "mini_programs"}
app = typer.Typer()
app.command()(extract_command)


def extracted(platform: str, file: str, *more: str) -> dict[str, Any]:
    result = CliRunner().invoke(app, ["--platform", platform, str(PAGES / platform / file), *more])
    assert result.exit_code == 0, result.exception
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def test_a_detail_page_has_every_agreed_key() -> None:
    found = extracted("wechat_mp", "article.html")
    assert set(found) >= KEYS
    assert (found["state"], found["author"], found["published_at"]) == ("ok", "河湾成长营", "2027-01-15T16:00:00+08:00")
    assert found["mini_programs"] == [{"appid": "wx00000000000000aa", "path": "pages/course/index?id=7", "nickname": "河湾课堂"}]


def test_a_search_page_lists_its_items() -> None:
    found = extracted("baidu", "news.html", "--fetched-at", "2027-01-20T12:00")
    [item] = found["items"]
    assert (item["title"], item["source"], item["published_at"]) == ("云川发布寒假通知", "云川日报", "2027-01-20T05:00:00+08:00")
    assert set(found) >= KEYS


def test_a_tombstone_gives_its_notice_as_text() -> None:
    found = extracted("wechat_mp", "violation.html")
    assert (found["state"], found["kind"]) == ("gone.violation", "tombstone")
    assert "因违规无法查看" in found["text"]
    assert set(found) >= KEYS


def test_a_wall_keeps_its_title() -> None:
    assert extracted("xiaohongshu", "verify.html")["title"] == "Security Verification"


def test_floors_are_listed_as_posts() -> None:
    found = extracted("discuz", "thread.html", "--url", "https://bbs.example/thread-77-1-1.html")
    assert [post["author"] for post in found["posts"]] == ["云妈", "路过"]


def test_a_page_is_read_from_standard_input() -> None:
    body = (PAGES / "bilibili" / "view.json").read_bytes()
    result = CliRunner().invoke(app, ["--platform", "bilibili", "-"], input=body)
    assert json.loads(result.stdout)["author"] == "数学阿远"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--platform", "nowhere", str(PAGES / "bilibili" / "view.json")], "没有名为"),
        (["--platform", "bilibili", "missing.json"], "无法读取"),
        (["--platform", "bilibili", str(PAGES / "bilibili" / "view.json"), "--fetched-at", "昨天"], "不是时间"),
    ],
)
def test_bad_input_is_refused_with_a_reason(arguments: list[str], words: str) -> None:
    result = CliRunner().invoke(app, arguments)
    assert isinstance(result.exception, BadInput)
    assert words in str(result.exception)
    assert result.stdout == ""
