"""What a mistyped command says: one Chinese line, exit 2; and an interruption says that what was got is kept."""

import io
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console
from typer import rich_utils
from typer.testing import CliRunner

from patrol.cli import VERBS, command_line
from patrol.commands.tables import folding
from patrol.commands.usage import speak_chinese


def patrol(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "patrol", *words], capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["foo"], "错误：没有“foo”这个命令；用法见 patrol --help"),
        (["sweep", "--nope"], "错误：没有“--nope”这个选项；用法见 patrol sweep --help"),
        (["match", "--whitelist", "a.csv"], "错误：缺少 --queries；用法见 patrol match --help"),
        (["status", "more"], "错误：多出了“more”；用法见 patrol status --help"),
        (["schedule", "next", "--days", "many"], "错误：--days 的写法不对：应为整数；用法见 patrol schedule next --help"),
        (["schedule", "next", "--days"], "错误：--days 后面缺少内容；用法见 patrol --help"),
    ],
)
def test_mistyped_command_is_answered_in_one_chinese_line(words: list[str], line: str) -> None:
    done = patrol(*words)
    assert (done.returncode, done.stderr.strip().replace("python -m patrol", "patrol")) == (2, line)


def test_no_help_page_is_cut_or_speaks_english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr(rich_utils, "highlighter", rich_utils.highlighter)
    monkeypatch.setattr(rich_utils, "types_highlighter", rich_utils.types_highlighter)
    speak_chinese()
    app, runner = command_line(), CliRunner()
    paths = [one.name or "" for one in app.registered_commands]
    for group in app.registered_groups:
        inside = group.typer_instance.registered_commands if group.typer_instance else []
        paths += [group.name or "", *(f"{group.name} {one.name}" for one in inside)]
    for path in ["", *paths]:
        if path.startswith("bench "):
            continue
        page = runner.invoke(app, [*path.split(), "--help"]).output
        assert "用法：" in page, path
        assert not re.search(r"(?<!…)…\s*│", page), page
        assert not re.search(r"Show this|Usage|<(?:path|str|int|bool|list|float)|range", page), page


def test_a_long_help_line_goes_on_in_the_next_line() -> None:
    page = subprocess.run(
        [sys.executable, "-m", "patrol", "takedown", "new", "--help"],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "COLUMNS": "80"},
    ).stdout
    assert "只移送这些线索；不写则取属于该单位职责的全部属实线索" in re.sub(r"[\s│]", "", page)


def test_a_narrow_table_loses_nothing_and_breaks_no_number() -> None:
    written = io.StringIO()
    shown = folding("编号", "说明", whole=("编号",))
    shown.add_row("SUBJECT-OFFER", "面向中小学生有偿提供学科类培训的校外机构和个人")
    Console(width=40, file=written).print(shown)
    lines = [line.split("│")[1:3] for line in written.getvalue().splitlines() if "│" in line]
    assert lines[0][0].strip() == "SUBJECT-OFFER"
    assert "".join(right.strip() for _, right in lines) == "面向中小学生有偿提供学科类培训的校外机构和个人"


def test_every_verb_can_be_called() -> None:
    names = {one.name for one in command_line().registered_commands} | {one.name for one in command_line().registered_groups}
    assert names == set(VERBS)


def test_interrupted_command_says_that_what_was_got_is_kept(tmp_path: Path) -> None:
    run = subprocess.Popen(
        [sys.executable, "-m", "patrol", "detect", "--workers", "1", "--output", str(tmp_path / "out.jsonl")],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert run.stdin is not None
    run.stdin.write('{"id": "1", "text": "周末聚会"}\n' * 2_000)
    run.stdin.flush()
    os.kill(run.pid, signal.SIGINT)
    error = run.communicate(timeout=60)[1]
    assert (run.returncode, error.count("\n")) == (130, 1)
    assert "已中断" in error
