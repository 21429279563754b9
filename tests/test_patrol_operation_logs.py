"""Logs tell what happened to which record, and nothing of people."""

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from patrol.operation.logs import FILE_NAME, masked, open_log


@pytest.fixture
def lines(tmp_path: Path) -> Iterator[Path]:
    before = list(logging.getLogger().handlers)
    yield tmp_path / "logs" / FILE_NAME
    root = logging.getLogger()
    for handler in [one for one in root.handlers if one not in before]:
        root.removeHandler(handler)
        handler.close()


def test_events_are_lines_of_json_without_people(tmp_path: Path, lines: Path) -> None:
    log = open_log(tmp_path, "INFO")
    log.info("lead kept", number="XS2027-000001", author="王老师", phone="19900001234", note="加微信 19900001234")
    logging.getLogger("apscheduler").warning("failed for https://site.example/p?token=abc and wang@mail.example")
    first, second = (json.loads(line) for line in lines.read_text(encoding="utf-8").splitlines())
    assert (first["event"], first["number"], first["level"]) == ("lead kept", "XS2027-000001", "info")
    assert (first["author"], first["note"]) == ("〔略〕", "加微信 〔手机号〕")
    assert second["event"] == "failed for https://site.example/p?… and 〔邮箱〕"


def test_an_exception_is_masked_too(tmp_path: Path, lines: Path) -> None:
    log = open_log(tmp_path, "INFO")
    try:
        raise ValueError("call 19900001234")
    except ValueError:
        log.exception("broke")
    text = lines.read_text(encoding="utf-8")
    assert "19900001234" not in text
    assert "ValueError" in text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("身份证 11010119900307123X", "身份证 〔证件号〕"),
        ("XS2027-000001 12345678901", "XS2027-000001 12345678901"),
        ("1990000123", "1990000123"),
    ],
)
def test_only_what_is_personal_is_masked(text: str, shown: str) -> None:
    assert masked(text) == shown
