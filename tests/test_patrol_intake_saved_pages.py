"""Where a saved page came from: what it says itself, else the file's name, never a path of this machine."""

from pathlib import Path

import pytest

from patrol.intake.saved_pages import find_saved_pages
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
