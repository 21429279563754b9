"""What every list file is read into: sheets of text cells with the line numbers that officers see."""

import re
from dataclasses import dataclass
from pathlib import Path

from patrol.errors import BadInput

Row = tuple[int, list[str]]
UNSTORED = "（公式没有存下结果）"
"""Stands in a cell whose formula was never calculated: the file holds no value for it."""


@dataclass(frozen=True, slots=True)
class Grid:
    """One sheet or table: `title` tells officers which; each row carries the line number they see in their own program.

    `heading` is what stands above or around the table, from which the kind of list can be told.
    """

    title: str
    rows: list[Row]
    heading: str = ""


def text_of(value: object) -> str:
    """Return a cell as text: whole numbers without a trailing .0, dates as YYYY-MM-DD, wrapped lines joined."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if hasattr(value, "strftime"):
        return str(value.strftime("%Y-%m-%d"))
    return re.sub(r"(?<=[^\x00-\x7f])\s*\n\s*|\s*\n\s*(?=[^\x00-\x7f])", "", str(value)).replace("\n", " ").strip()


def decode(body: bytes, path: Path) -> str:
    """Return the text of a Chinese file: UTF-8 when it is, else GB18030. Raises BadInput with the line that is neither."""
    if body.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            return body.decode("utf-16")
        except UnicodeDecodeError as error:
            raise BadInput("不是完整的文本文件；请打开后另存为 UTF-8 编码（表格软件里选“CSV UTF-8”）", file=path) from error
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    try:
        return body.decode("gb18030")
    except UnicodeDecodeError as error:
        line = body[: error.start].count(b"\n") + 1
        raise BadInput(
            "既不是 UTF-8 也不是 GB18030 编码；请打开后另存为 UTF-8 编码（表格软件里选“CSV UTF-8”）", file=path, line=line
        ) from error
