"""What has no words, or words nobody can read, is never counted as a page that was seen."""

import random
import zlib
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from patrol.model import Reading, State
from patrol.platforms import load_platform
from spiders.decoding import decode
from spiders.legible import is_binary, is_garbled
from spiders.reading import read_page

NOW = datetime(2027, 1, 20, 4, 0, tzinfo=UTC)
WORDS = (
    "寒假将至，学校提醒家长合理安排孩子的作息时间，多到户外运动，少看手机。"
    "图书馆在假期照常开放，欢迎同学们前去阅读，也可以参加社区组织的活动。"
)
PAGE = f"<html><head><title>假期提醒</title></head><body><h1>假期提醒</h1><p>{WORDS}</p></body></html>"


def generic(body: bytes, content_type: str = "text/html") -> Reading:
    headers = (("Content-Type", content_type),)
    return read_page(load_platform("generic", ()), body, url="https://a.example/x", headers=headers, fetched_at=NOW)


@pytest.mark.parametrize("seed", range(20))
def test_random_bytes_are_no_page(seed: int) -> None:
    reading = generic(random.Random(seed).randbytes(40 + seed * 997))
    assert (reading.state, bool(reading.reason), reading.posts) == (State.CHANGED, True, ())


@pytest.mark.parametrize(
    "body",
    [
        b"%PDF-1.7\n1 0 obj << /Type /Catalog >> endobj trailer",
        b"PK\x03\x04word/document.xml",
        b"\xff\xd8\xff\xe0JFIF" + bytes(range(256)),
        zlib.compress(WORDS.encode() * 9),
        b"MZ\x90\x00This program cannot be run in DOS mode.",
    ],
)
def test_a_file_is_named_as_one(body: bytes) -> None:
    reading = generic(body, "application/octet-stream")
    assert reading.state is State.CHANGED
    assert "不是网页" in reading.reason


@pytest.mark.parametrize(
    ("written", "read"),
    [("utf-8", "gb18030"), ("utf-8", "latin-1"), ("utf-8", "cp1252"), ("gb18030", "latin-1"), ("gbk", "big5"), ("gbk", "euc_kr")],
)
def test_words_decoded_by_the_wrong_table_are_garbled(written: str, read: str) -> None:
    wrong = PAGE.encode(written).decode(read, "replace").encode()
    reading = generic(wrong)
    assert (reading.state, "乱码" in reading.reason, reading.posts) == (State.CHANGED, True, ())
    assert not is_garbled(WORDS)


@pytest.mark.parametrize("label", ["big5", "euc-kr", "shift_jis", "utf-8", "iso-8859-1", "gb2312", ""])
def test_a_lying_label_does_not_spoil_the_words(label: str) -> None:
    body = PAGE.encode("gb18030")
    assert WORDS in decode(body, f"text/html; charset={label}" if label else "text/html")
    assert generic(body, f"text/html; charset={label}").state is State.OK


def test_an_almost_empty_page_is_not_read_and_says_why() -> None:
    reading = generic(b"<html><body><p>OK</p></body></html>")
    assert (reading.state, "几乎没有文字" in reading.reason) == (State.CHANGED, True)


def test_a_page_of_pictures_is_a_gap_whose_pictures_are_looked_at() -> None:
    reading = generic("<html><body><h1>招生</h1><img src='/poster.jpg'></body></html>".encode())
    assert (reading.state, "图片" in reading.reason) == (State.CHANGED, True)
    assert reading.posts[0].images == ("https://a.example/poster.jpg",)


@given(st.text(alphabet="初高小一二三数学英语物理化寒假班课时报名老师每周元电话微信级补习", min_size=60, max_size=400))
@settings(max_examples=100, deadline=None)
def test_advertising_words_are_not_garbled(text: str) -> None:
    assert not is_garbled(text)


@given(st.text(max_size=400))
@settings(max_examples=100, deadline=None)
def test_written_text_is_no_file(text: str) -> None:
    printable = "".join(letter for letter in text if letter.isprintable())
    assert not is_binary(f"<p>{printable}</p>".encode("utf-8", "replace"))
