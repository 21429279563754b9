"""`patrol match`: the batch contract of files, refusal and output."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from patrol.cli import command_line
from patrol.errors import BadInput

LIST = "序号,机构名称,统一社会信用代码,地址\n7,杭州市西湖区青柠檬艺术培训有限公司,91330106MA2TEXT01A,浙江省杭州市西湖区\n"
QUERIES = (
    '{"id": "a", "query": "青柠檬艺术", "context": {"region": "杭州"}}\n'
    '{"id": "b", "query": "云朵教育", "context": null, "kind": "ignored"}\n'
    "\n"
    '{"id": 3, "query": "青柠檬艺术", "context": {"region": "南京", "other": 1}}\n'
)


@pytest.fixture
def whitelist(tmp_path: Path) -> Path:
    """Return a list of one institution."""
    path = tmp_path / "名单.csv"
    path.write_text(LIST, encoding="utf-8")
    return path


def match(whitelist: Path, queries: str | Path, output: str | Path, text: str | None = None) -> Result:
    """Run the command."""
    options = ["match", "--whitelist", str(whitelist), "--queries", str(queries), "--output", str(output)]
    return CliRunner().invoke(command_line(), options, input=text)


def test_answers_every_query_in_order(whitelist: Path, tmp_path: Path) -> None:
    """Writes one line a query, same order, same ids, with the contract's keys and nothing else."""
    queries, output = tmp_path / "问.jsonl", tmp_path / "答.jsonl"
    queries.write_text(QUERIES, encoding="utf-8")
    assert match(whitelist, queries, output).exit_code == 0
    lines = [json.loads(line) for line in output.read_text(encoding="utf-8").splitlines()]
    assert [(line["id"], line["decision"], line["row"]) for line in lines] == [
        ("a", "licensed", 7),
        ("b", "unlisted", None),
        (3, "unlisted", None),
    ]
    assert set(lines[0]) == {"id", "decision", "row", "candidates", "why"}
    assert set(lines[0]["candidates"][0]) == {"row", "name", "score", "detail"}


def test_streams(whitelist: Path) -> None:
    """Reads standard input and writes nothing but data to standard output."""
    found = match(whitelist, "-", "-", QUERIES)
    assert [json.loads(line)["id"] for line in found.stdout.splitlines()] == ["a", "b", 3]


@pytest.mark.parametrize(
    ("line", "place"),
    [
        ("{", "第2行"),
        ("[]", "第2行"),
        ('{"query": "x"}', "字段“id”"),
        ('{"id": "a"}', "字段“query”"),
        ('{"id": "a", "query": 3}', "字段“query”"),
        ('{"id": "a", "query": "x", "context": []  , "c": 1}', ""),
        ('{"id": "a", "query": "x", "context": "杭州"}', "字段“context”"),
        ('{"id": "a", "query": "x", "context": {"region": 3}}', "字段“context.region”"),
    ],
)
def test_bad_line_refuses_the_whole_file(whitelist: Path, tmp_path: Path, line: str, place: str) -> None:
    """Names file, line and field, and writes nothing, not even half; an existing result stays as it was."""
    queries, output = tmp_path / "问.jsonl", tmp_path / "答.jsonl"
    queries.write_text('{"id": "a", "query": "青柠檬"}\n' + line + "\n", encoding="utf-8")
    output.write_text("before", encoding="utf-8")
    found = match(whitelist, queries, output)
    if not place:
        assert found.exit_code == 0
        return
    assert isinstance(found.exception, BadInput)
    assert found.exception.exit_code == 2
    assert "第2行" in str(found.exception)
    assert place in str(found.exception)
    assert output.read_text(encoding="utf-8") == "before"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["名单.csv", "答.jsonl", "问.jsonl"]


def test_not_utf8_is_refused(whitelist: Path, tmp_path: Path) -> None:
    """Names the line that is not UTF-8."""
    queries = tmp_path / "问.jsonl"
    queries.write_bytes('{"id": "a", "query": "青柠檬"}\n'.encode() + '{"id": "b", "query": "青柠檬"}\n'.encode("gbk"))
    found = match(whitelist, queries, tmp_path / "答.jsonl")
    assert isinstance(found.exception, BadInput)
    assert "第2行" in str(found.exception)


def test_missing_files_are_refused(whitelist: Path, tmp_path: Path) -> None:
    """A list or question file that is not there, and an output folder that is not there, are bad input."""
    for arguments in ((tmp_path / "无.csv", tmp_path / "问.jsonl", "-"), (whitelist, tmp_path / "无.jsonl", "-")):
        assert isinstance(match(*arguments).exception, BadInput)
    assert isinstance(match(whitelist, "-", tmp_path / "无" / "答.jsonl", QUERIES).exception, BadInput)


def test_broken_list_is_refused_with_its_row(tmp_path: Path) -> None:
    """A list with an unreadable row is refused whole, naming the row."""
    path = tmp_path / "名单.csv"
    path.write_text(LIST + "8,,91330106MA2TEXT02A,浙江省杭州市西湖区\n", encoding="utf-8")
    found = match(path, "-", "-", QUERIES)
    assert isinstance(found.exception, BadInput)
    assert "第3行" in str(found.exception)


def test_empty_input_says_that_there_was_nothing_to_do(whitelist: Path) -> None:
    """An empty input is no fault: exit 0, nothing on standard output, one line on standard error."""
    found = match(whitelist, "-", "-", "\n")
    assert (found.exit_code, found.stdout, found.stderr) == (0, "", "提示：输入是空的，没有要比对的名称\n")


def test_a_look_up_of_nothing_is_refused(whitelist: Path) -> None:
    """`whitelist lookup ""` is bad input, not a name without a match."""
    found = CliRunner().invoke(command_line(("whitelist", "match")), ["whitelist", "lookup", " ", "--whitelist", str(whitelist)])
    assert isinstance(found.exception, BadInput)
