"""Where a saved page came from: what it says itself, else the file's name, never a path of this machine."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from patrol import settings
from patrol.cli import command_line
from patrol.intake.saved_pages import find_saved_pages
from patrol.model import Reading, State
from patrol.places import imported_address, shown_address

REAL = "https://ershou.example/jiajiao/77.shtml?from=list"


@pytest.mark.parametrize(
    "head",
    [
        f"<!-- saved from url=(0049){REAL} -->",
        f'<link rel="canonical" href="{REAL}">',
        f'<link href="{REAL}" rel="canonical">',
        f"<LINK REL=canonical HREF={REAL}>",
        f'<meta property="og:url" content="{REAL}"/>',
        f"<meta data-x=1 content='{REAL}' property='og:url'>",
        f"<!--\n Page saved with SingleFile \n url: {REAL} \n-->",
        f"From: <Saved by Blink>\nSnapshot-Content-Location: {REAL}\nSubject: x\n",
        f'<link rel="stylesheet" href="https://other.example/a.css"><link rel="canonical" href="{REAL}">',
    ],
)
def test_address_that_the_page_tells_is_taken(tmp_path: Path, head: str) -> None:
    (tmp_path / "页面.html").write_text(f"{head}<p>寒假班</p>", encoding="utf-8")
    (found,) = find_saved_pages(tmp_path)
    assert found.url == REAL


@pytest.mark.parametrize(
    "head", ["", '<link rel="canonical" href="/jiajiao/77.shtml">', '<link rel="icon" href="https://a.example/x">']
)
def test_page_that_tells_none_is_called_by_its_name_and_digest(tmp_path: Path, head: str) -> None:
    for folder in ("甲", "乙"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "页\u202e面.html").write_text(f"{head}<p>{folder}</p>", encoding="utf-8")
    urls = {page.url for page in find_saved_pages(tmp_path)}
    assert len(urls) == 2
    assert all(url.startswith("本机导入文件：页面.html（") and str(tmp_path) not in url for url in urls)


def test_paths_of_this_machine_are_not_shown() -> None:
    assert shown_address("file:///home/wang/%E9%A1%B5%20%E9%9D%A2.html") == "本机导入文件：页 面.html"
    assert shown_address(REAL) == REAL
    assert len(imported_address("长" * 500)) < 100


def test_what_the_software_keeps_in_the_workspace_is_not_taken_for_a_clue(tmp_path: Path) -> None:
    for name in ("workspace/vault/objects", "workspace/spool", "workspace/reports", "workspace/clues", "收到的"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "页面.html").write_text("<p>寒假班</p>", encoding="utf-8")
    found = {page.path.parent.name for page in find_saved_pages(tmp_path, workspace=tmp_path / "workspace")}
    assert found == {"clues", "收到的"}


@pytest.mark.parametrize(
    ("reading", "said"),
    [
        (Reading(platform="a", state=State.CHANGED, missing=("title", "text|images")), "未读出：标题、正文或图片"),
        (Reading(platform="a", state=State.CHANGED), "页面与平台规则对不上，没有读出内容"),
        (Reading(platform="a", state=State.OK), ""),
    ],
)
def test_a_changed_page_always_has_its_reason(reading: Reading, said: str) -> None:
    assert reading.why == said


def test_screening_tells_the_reason_of_a_page_that_was_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "_CHOSEN", {})
    page = tmp_path / "wuba58" / "空.html"
    page.parent.mkdir()
    page.write_text("<title>x</title><p>hi</p>", encoding="utf-8")
    called = ["-w", str(tmp_path / "ws"), "screen", "--html", str(page), "--json"]
    done = CliRunner().invoke(command_line(("screen", "match")), called)
    assert json.loads(done.stdout)["reason"] == "未读出：标题、正文"
