"""Turn what a person wrote in a TOML or YAML file into a frozen record, or refuse it with file, line, field and reason."""

import re
import tomllib
from datetime import date
from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from patrol.errors import BadInput, in_words


class FileRecord(BaseModel):
    """A record that people write in a file: frozen, and any key it does not know is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


Record = TypeVar("Record", bound=BaseModel)

_DAY_SHAPED = re.compile(r"(?<![\d-])(\d{4})-(\d{1,2})-(\d{1,2})(?![\d-])")
_QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'|#.*")

_REASONS = {
    "extra_forbidden": "没有这个键；请检查拼写，或参照手册删去",
    "missing": "缺少这个键",
    "date_from_datetime_parsing": "不是有效的日期，应写作 2027-01-15",
    "date_parsing": "不是有效的日期，应写作 2027-01-15",
    "date_type": "不是有效的日期，应写作 2027-01-15（不加引号）",
    "int_parsing": "应为整数",
    "int_type": "应为整数",
    "float_parsing": "应为数字",
    "bool_parsing": "应为 true 或 false",
    "bool_type": "应为 true 或 false",
    "string_type": "应为文字（加引号）",
    "string_too_short": "不能为空，也不能少于 {min_length} 个字",
    "list_type": '应为列表，如 ["甲", "乙"]',
    "tuple_type": '应为列表，如 ["甲", "乙"]',
    "dict_type": "应为一组键值",
    "model_type": "应为一组键值",
    "model_attributes_type": "应为一组键值",
    "int_from_float": "应为整数",
    "float_type": "应为数字",
    "finite_number": "应为有限的数字",
    "date_from_datetime_inexact": "应只写日期，如 2027-01-15",
    "time_parsing": "不是有效的时间，应写作 19:00",
    "time_type": "不是有效的时间，应写作 19:00",
    "time_delta_parsing": "不是有效的时长",
    "literal_error": "只能写作：{expected}",
    "enum": "只能写作：{expected}",
    "greater_than": "应大于 {gt}",
    "greater_than_equal": "不能小于 {ge}",
    "less_than": "应小于 {lt}",
    "less_than_equal": "不能大于 {le}",
    "too_short": "至少要有 {min_length} 项",
    "too_long": "最多 {max_length} 项",
    "string_too_long": "最多 {max_length} 个字",
    "string_pattern_mismatch": "写法不合规定（{pattern}）",
    "string_unicode": "含有无法识别的字符",
    "invalid_key": "键应为文字",
    "union_tag_invalid": "只能写作：{expected_tags}",
    "union_tag_not_found": "缺少说明种类的键",
}


def read_toml(path: Path) -> dict[str, object]:
    """Return the table of a TOML file; BadInput names the line where it breaks."""
    text = _read(path)
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"at line (\d+)", str(error))
        line = int(found.group(1)) if found else None
        wrong_day = _wrong_day(text.split("\n")[line - 1]) if line else ""
        reason = wrong_day or f"不是有效的 TOML（{_toml_reason(str(error))}）；请对照样例修改这一行"
        raise BadInput(reason, file=path, line=line) from error
    except (ValueError, RecursionError) as error:
        raise BadInput("不是有效的 TOML（有过长的数字或过深的嵌套）；请对照样例修改", file=path) from error


def read_yaml(path: Path) -> object:
    """Return what a YAML file holds; BadInput names the line where it breaks."""
    try:
        # libyaml reads five times faster than the loader in Python, where it is there
        return yaml.load(_read(path), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else None
        raise BadInput(f"不是有效的 YAML（{error.problem}）", file=path, line=line) from error
    except yaml.YAMLError as error:
        raise BadInput(f"不是有效的 YAML（{error}）", file=path) from error


def build(kind: type[Record], data: object, *, file: Path) -> Record:
    """Return `data` as a record of `kind`, or refuse it whole with its first fault.

    The line is that of the first place where the key stands in the file; it is left out where the key is missing.
    """
    try:
        return kind.model_validate(data)
    except ValidationError as error:
        faults = error.errors(include_url=False)
        # a misspelt key is both unknown and missing: the unknown one shows where it stands
        fault = next((one for one in faults if one["type"] == "extra_forbidden"), faults[0])
        keys = [str(part) if isinstance(part, str) else f"第{part + 1}项" for part in fault["loc"]]
        key = next((part for part in reversed(fault["loc"]) if isinstance(part, str)), "")
        reason = _reason(fault)
        shown = fault["input"]
        if fault["type"] not in {"missing", "extra_forbidden"} and isinstance(shown, str | int | float):
            reason = f"{reason}；实际为“{shown}”"
        line = None if fault["type"] == "missing" else _line_of(key, file)
        raise BadInput(reason, file=file, line=line, field=".".join(keys) or None) from error


def _reason(fault: ErrorDetails) -> str:
    known = fault.get("ctx", {})
    said = _REASONS.get(fault["type"])
    if said is None:
        return str(known.get("error", "")) or fault["msg"]
    return said.format(**known).replace("' or '", "、").replace("', '", "、").replace("'", "")


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise BadInput("找不到这个文件；请检查路径", file=path) from error
    except UnicodeDecodeError as error:
        raise BadInput("不是 UTF-8 编码；请用“另存为”选择 UTF-8 后重试", file=path) from error
    except OSError as error:
        raise BadInput(f"无法读取（{in_words(error)}）", file=path) from error


def _line_of(key: str, file: Path) -> int | None:
    if not key:
        return None
    pattern = re.compile(rf"^\s*-?\s*\[*\s*[\"']?{re.escape(key)}[\"']?\s*[=:\]]")
    for number, line in enumerate(_read(file).splitlines(), 1):
        if pattern.match(line):
            return number
    return None


def _wrong_day(line: str) -> str:
    """Say what is wrong with the first date outside quotes that TOML does not take; nothing when all are right."""
    for year, month, day in _DAY_SHAPED.findall(_QUOTED.sub("", line)):
        written = f"{year}-{month}-{day}"
        try:
            meant = date(int(year), int(month), int(day)).isoformat()
        except ValueError:
            return f"没有 {written} 这一天；请改正日期，写作 2027-01-15"
        if meant != written:
            return f"日期“{written}”应写作 {meant}"
    return ""


def _toml_reason(text: str) -> str:
    known = {
        "Invalid value": "值的写法不对",
        "Expected '=' after a key": "键后面缺少等号",
        "Cannot overwrite a value": "同一个键写了两次",
        "Unclosed": "引号或括号没有成对",
        "Invalid date": "日期不存在",
        "Illegal character": "有不允许的字符",
        "Unterminated": "引号没有成对",
        "Expected newline or end of document": "一行里多写了内容",
        "Invalid statement": "应写作 键 = 值",
        "Invalid initial character": "应写作 键 = 值",
        "Expected ']'": "方括号没有成对",
        "Cannot declare": "同一个表写了两次",
        "Cannot mutate": "同一个表写了两次",
        "Duplicate inline table key": "同一个键写了两次",
        "Unescaped": "反斜杠写法不对",
    }
    return next((chinese for english, chinese in known.items() if english in text), text)
