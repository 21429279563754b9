"""What a command is pointed at is refused before anything is begun, in one line."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from patrol.errors import BadInput
from patrol.places import check_result_file, is_web_address
from patrol.sweeping import read_urls


@pytest.mark.parametrize(
    ("text", "fine"),
    [
        ("https://a.example/1", True),
        ("http://a.example:8080", True),
        ("file:///etc/passwd", False),
        ("http://[", False),
        ("http://[::1/", False),
        ("http://a.example:99999/", False),
        ("http://a\x00b/", False),
        ("notaurl", False),
        ("http://", False),
    ],
)
def test_web_addresses_are_told_apart(text: str, fine: bool) -> None:
    assert is_web_address(text) is fine


@pytest.mark.parametrize("line", ["http://[", "http://a.example:99999/"])
def test_broken_address_is_refused_with_its_line(tmp_path: Path, line: str) -> None:
    file = tmp_path / "urls.txt"
    file.write_text(f"https://a.example/\n{line}\n", encoding="utf-8")
    with pytest.raises(BadInput, match="第2行"):
        read_urls(file)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_addresses_are_read_in_the_encodings_of_lists(tmp_path: Path, encoding: str) -> None:
    file = tmp_path / "网址.txt"
    file.write_bytes("# 群众举报的网址\nhttps://a.example/ 家教\n".encode(encoding))
    assert read_urls(file) == ["https://a.example/"]


@pytest.mark.parametrize("body", [b"\x89\x81\xff\x00\xd6", b"\xff\xfe\x00\xd8\x01", b"\xb0\xa1\xb0\xa2"])
def test_bytes_that_are_no_text_are_refused(tmp_path: Path, body: bytes) -> None:
    file = tmp_path / "urls.bin"
    file.write_bytes(body)
    with pytest.raises(BadInput):
        read_urls(file)


def test_folder_of_addresses_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="读不了"):
        read_urls(tmp_path)


def test_result_over_a_folder_or_its_own_input_is_refused(tmp_path: Path) -> None:
    own = tmp_path / "in.jsonl"
    own.write_text("{}", encoding="utf-8")
    for target in (tmp_path, own):
        with pytest.raises(BadInput):
            check_result_file(target, own)
    check_result_file(tmp_path / "new.jsonl", own)


@pytest.mark.parametrize("command", ["detect", "match"])
@pytest.mark.parametrize("line", ["[" * 100_000, '{"id": "a", "n": ' + "9" * 6000 + "}", "nonsense"])
def test_absurd_json_is_one_line_of_refusal(tmp_path: Path, command: str, line: str) -> None:
    given, lists = tmp_path / "in.jsonl", tmp_path / "list.csv"
    given.write_text(line + "\n", encoding="utf-8")
    lists.write_text("序号,机构名称\n1,云川市临江区启明培训学校\n", encoding="utf-8")
    named = ["--input", str(given)] if command == "detect" else ["--whitelist", str(lists), "--queries", str(given)]
    called = [sys.executable, "-m", "patrol", command, *named, "--output", str(tmp_path / "out.jsonl")]
    done = subprocess.run(called, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr[-300:]
    assert "第1行" in done.stderr
    assert not (tmp_path / "out.jsonl").exists()


def test_lone_surrogates_pass_through_matching(tmp_path: Path) -> None:
    given, lists, out = tmp_path / "in.jsonl", tmp_path / "list.csv", tmp_path / "out.jsonl"
    given.write_text('{"id": "\\ud800", "query": "启明\\udc00培训"}\n', encoding="utf-8")
    lists.write_text("序号,机构名称\n1,云川市临江区启明培训学校\n", encoding="utf-8")
    called = [sys.executable, "-m", "patrol", "match", "--whitelist", str(lists), "--queries", str(given), "--output", str(out)]
    assert subprocess.run(called, capture_output=True, timeout=60, check=False).returncode == 0
    assert json.loads(out.read_text(encoding="utf-8"))["decision"] in {"review", "unlisted"}


@pytest.mark.parametrize("text", ["a = " + "[" * 5000, "a = " + "9" * 6000])
def test_absurd_campaign_file_is_one_line_of_refusal(tmp_path: Path, text: str) -> None:
    file = tmp_path / "c.toml"
    file.write_text(text, encoding="utf-8")
    called = [sys.executable, "-m", "patrol", "sweep", "--campaign", str(file)]
    done = subprocess.run(called, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr[-300:]
