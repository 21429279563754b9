"""What a mistyped command says: one Chinese line, exit 2; and an interruption says that what was got is kept."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from patrol.cli import VERBS, command_line


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
