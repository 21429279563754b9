"""What the command line library says in English about a mistyped command, said in one Chinese line; and its help's own words."""

import re

from rich.text import Text
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


_TYPES = {
    "str": "文字",
    "int": "整数",
    "float": "数字",
    "bool": "开关",
    "path": "路径",
    "Path": "路径",
    "file": "文件",
    "directory": "文件夹",
    "datetime": "日期",
    "choice": "选项",
}
_TYPE = re.compile(r"<(?:list\[)?(?P<type>\w+)(?: range)?(?P<many>\])?>")
_RANGES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\[(\S+?)<=x<=(\S+?)\]"), r"[\1 至 \2]"),
    (re.compile(r"\[x>=(\S+?)\]"), r"[不小于 \1]"),
    (re.compile(r"\[x<=(\S+?)\]"), r"[不大于 \1]"),
)
_HELP = {"Show this message and exit.": "显示本说明"}
_USAGE = (("Usage: ", "用法："), ("[OPTIONS]", "[选项]"), ("COMMAND [ARGS]...", "命令 …"))


class ChineseLines(rich_utils.OptionHighlighter):
    """Colour a line of help, say the library's own words in Chinese, and let it fold: Chinese has no spaces to break at."""

    highlights = [*rich_utils.OptionHighlighter.highlights, r"(?P<usage>用法：)"]  # noqa: RUF012

    def __call__(self, text: str | Text) -> Text:
        """Return the coloured line."""
        line = super().__call__(_line(text) if isinstance(text, str) else _renamed(text, _HELP.get(text.plain, text.plain)))
        line.overflow = "fold"
        return line


class ChineseTypes(rich_utils.TypesHighlighter):
    """Colour what an option takes, named in Chinese."""

    def __call__(self, text: str | Text) -> Text:
        """Return the coloured type."""
        given = text if isinstance(text, Text) else Text(text)
        said = _TYPE.sub(
            lambda found: f"<{_TYPES.get(found['type'], found['type'])}{'，可多次' if found['many'] else ''}>", given.plain
        )
        for pattern, chinese in _RANGES:
            said = pattern.sub(chinese, said)
        return super().__call__(_renamed(given, said))


def _line(text: str) -> str:
    if text.startswith("Usage: "):
        for english, chinese in _USAGE:
            text = text.replace(english, chinese, 1)
    return text


def _renamed(text: Text, said: str) -> Text:
    return text if said == text.plain else Text(said, style=text.style, overflow=text.overflow)


def speak_chinese() -> None:
    """Give the headings, types and marks of every help page their Chinese words, and let its lines fold."""
    rich_utils.highlighter = ChineseLines()
    rich_utils.types_highlighter = ChineseTypes()
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
