"""A file that people wrote and got wrong is refused in Chinese, whatever the fault."""

from datetime import time
from pathlib import Path
from typing import Literal

import pytest
from pydantic import Field

from patrol.errors import BadInput
from patrol.validation import FileRecord, build


class Settled(FileRecord):
    render: Literal["http", "browser"] = "http"
    pages: int = Field(default=1, ge=1, le=5)
    words: tuple[str, ...] = Field(default=("数学",), min_length=1)
    code: str = Field(default="ab", pattern=r"^[a-z]+$", min_length=2)
    at: time = time(19, 0)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"render": "phone"}, "只能写作：http、browser；实际为“phone”"),
        ({"pages": 0}, "不能小于 1；实际为“0”"),
        ({"pages": 9}, "不能大于 5；实际为“9”"),
        ({"pages": "many"}, "应为整数；实际为“many”"),
        ({"words": []}, "至少要有 1 项"),
        ({"code": "AB"}, "写法不合规定"),
        ({"code": "a"}, "不能为空，也不能少于 2 个字"),
        ({"at": "25:99"}, "不是有效的时间，应写作 19:00"),
        ({"colour": "red"}, "没有这个键"),
    ],
)
def test_fault_is_named_in_chinese_with_its_key(tmp_path: Path, data: dict[str, object], said: str) -> None:
    file = tmp_path / "settled.yml"
    file.write_text("".join(f"{key}: {value}\n" for key, value in data.items()), encoding="utf-8")
    with pytest.raises(BadInput) as caught:
        build(Settled, data, file=file)
    assert f"settled.yml 第1行 字段“{next(iter(data))}”：{said}" in str(caught.value)
