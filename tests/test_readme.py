"""The manual says what the code does: its tables are today's, and what it names exists."""

import re
from pathlib import Path

import pytest

from patrol.manual import rewritten, tables

README = Path(__file__).parent.parent / "README.md"
TEXT = README.read_text(encoding="utf-8")


def test_tables_are_those_of_the_code() -> None:
    assert rewritten(TEXT) == TEXT, "运行 python -m patrol.manual README.md"


def test_every_table_has_its_place() -> None:
    assert set(re.findall(r"<!-- /(\w+) -->", TEXT)) == set(tables())


def test_two_commands_come_first() -> None:
    first = TEXT.index("```sh")
    assert TEXT[first:].startswith("```sh\nmake demo")
    assert "make test" in TEXT[first : first + 300]


@pytest.mark.parametrize("path", re.findall(r"\]\(([^)#:]+)\)", TEXT))
def test_linked_files_exist(path: str) -> None:
    assert (README.parent / path).is_file()


def test_every_command_has_help_in_chinese() -> None:
    rows = tables()["commands"].splitlines()[2:]
    assert rows
    assert all(re.search(r"[\u4e00-\u9fff]", row.split("|")[2]) for row in rows)
