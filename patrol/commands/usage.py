"""What the command line library says in English about a mistyped command, said in one Chinese line; and its help's own words."""

import re

from typer import rich_utils
from typer.exceptions import TyperException

_CHOICES = re.compile(r"(?P<shown>'[^']*'|\S+) is not one of (?P<known>.+?)\.?$")
_SAID: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"No such command '(?P<what>.+?)'"), "没有“{what}”这个命令"),
    (re.compile(r"No such option: (?P<what>\S+)"), "没有“{what}”这个选项"),
    (re.compile(r"Missing command"), "后面缺少子命令"),
    (re.compile(r"Missing (?:option|argument|parameter) '?(?P<what>[^'.]+)'?"), "缺少 {what}"),
    (re.compile(r"Option '?(?P<what>[^' ]+)'? requires"), "{what} 后面缺少内容"),
    (re.compile(r"Option '?(?P<what>[^' ]+)'? does not take a value"), "{what} 后面不应再写内容"),
    (re.compile(r"Got unexpected extra argument(?:\(s\)|s)? \((?P<what>.+)\)"), "多出了“{what}”"),
    (re.compile(r"Invalid value for '?(?P<what>[^':]+)'?: (?P<rest>.*)", re.DOTALL), "{what} 的写法不对{rest}"),
)
_VALUES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"does not exist"), "：找不到这个文件或文件夹"),
    (re.compile(r"is a directory"), "：这是文件夹，应为文件"),
    (re.compile(r"is a file"), "：这是文件，应为文件夹"),
    (re.compile(r"is not readable|is not writable"), "：没有读写权限"),
    (re.compile(r"not in the range (?P<range>.+?)\.?$"), "：超出范围 {range}"),
    (re.compile(r"integer"), "：应为整数"),
    (re.compile(r"float|number"), "：应为数字"),
    (re.compile(r"date|time|formats"), "：应为日期，如 2027-01-15"),
)


def speak_chinese() -> None:
    """Give the headings and marks of every help page their Chinese words."""
    rich_utils.OPTIONS_PANEL_TITLE = "选项"
    rich_utils.ARGUMENTS_PANEL_TITLE = "参数"
    rich_utils.COMMANDS_PANEL_TITLE = "命令"
    rich_utils.DEFAULT_STRING = "[默认：{}]"
    rich_utils.REQUIRED_LONG_STRING = "[必填]"


def usage_line(error: TyperException) -> str:
    """Return what was mistyped and where to look it up, in one line; empty where the library has shown the help instead."""
    said = error.format_message().strip()
    if not said:
        return ""
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "patrol"
    return f"{_translated(said)}；用法见 {path} --help"


def _translated(said: str) -> str:
    for pattern, chinese in _SAID:
        if found := pattern.match(said):
            parts = found.groupdict()
            if "rest" in parts:
                parts["rest"] = _value(parts["rest"])
            return chinese.format(**parts)
    return f"命令写法不对（{' '.join(said.split())}）"


def _value(said: str) -> str:
    if found := _CHOICES.search(said):
        return f"：{found['shown']} 不在可选范围 {found['known']} 之内"
    for pattern, chinese in _VALUES:
        if found := pattern.search(said):
            return chinese.format(**found.groupdict())
    return ""
