"""Write the reference tables of the manual from the code itself, so that the README cannot say what is not so.

`python -m patrol.manual` prints the tables; `python -m patrol.manual README.md` writes them between their markers.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol, cast

import typer

from patrol.bench.scorecard import read_scorecard, shown
from patrol.cli import command_line
from patrol.model import State
from patrol.platforms import load_platforms
from patrol.reports.forms import forms
from patrol.settings import SETTINGS

_MARK = re.compile(r"(<!-- (?P<name>[a-z]+) -->\n).*?(<!-- /(?P=name) -->)", re.DOTALL)
_RENDER = {"http": "直接读取", "browser": "浏览器", "learn": "自动判断"}


def tables() -> dict[str, str]:
    """Return each reference table in Markdown by the name of its marker."""
    return {
        "commands": _table(("命令", "作用"), _commands()),
        "settings": _table(("设置", "默认", "说明"), ((f"`{s.name}`", f"`{s.default}`", s.help) for s in SETTINGS)),
        "platforms": _table(("名称", "平台", "读取方式", "匿名可见", "核实于"), _platforms()),
        "states": _table(("代码", "报表用词", "算已覆盖"), ((f"`{s}`", s.chinese, "是" if s.covered else "否") for s in State)),
        "scores": shown(read_scorecard()),
        "forms": _table(("名称", "表名"), ((f"`{form.TEMPLATE.id}`", form.TEMPLATE.name) for form in forms().values())),
    }


def rewritten(text: str) -> str:
    """Return a manual with each marked table replaced by today's."""
    made = tables()
    return _MARK.sub(lambda found: f"{found[1]}\n{made[found['name']]}\n{found[3]}", text)


def _table(head: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> str:
    lines = [f"| {' | '.join(head)} |", f"|{' --- |' * len(head)}"]
    lines += [f"| {' | '.join(cell.replace('|', '／').replace(chr(10), ' ') for cell in row)} |" for row in rows]
    return "\n".join(lines) + "\n"


def _commands() -> Iterator[tuple[str, str]]:
    yield from _walk(cast("_Verb", typer.main.get_command(command_line())), "patrol")


class _Verb(Protocol):
    """A command as the command line library keeps it; a group also has `commands`."""

    help: str | None
    hidden: bool


def _walk(verb: _Verb, path: str) -> Iterator[tuple[str, str]]:
    children: dict[str, _Verb] | None = getattr(verb, "commands", None)
    if children is None:
        yield (f"`{path}`", (verb.help or "").strip().split("\n")[0])
        return
    for name, child in children.items():
        if not child.hidden:
            yield from _walk(child, f"{path} {name}")


def _platforms() -> Iterator[tuple[str, ...]]:
    for name, platform in load_platforms().items():
        seen = "基本不可见" if platform.policy.closed else "可见"
        yield (f"`{name}`", platform.title, _RENDER[platform.render], seen, platform.verified_on.isoformat())


if __name__ == "__main__":
    if len(sys.argv) > 1:
        manual = Path(sys.argv[1])
        manual.write_text(rewritten(manual.read_text(encoding="utf-8")), encoding="utf-8")
    else:
        sys.stdout.write("\n".join(tables().values()))
