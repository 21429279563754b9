"""A file that people wrote and got wrong is refused in Chinese, whatever the fault."""

from datetime import time
from pathlib import Path
from typing import Literal

import pytest
from pydantic import Field

from patrol.campaigns import load_campaign
from patrol.errors import BadInput
from patrol.validation import FileRecord, build, read_toml


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


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("due = 2027-13-40", "没有 2027-13-40 这一天"),
        ("due = 2027-02-30", "没有 2027-02-30 这一天"),
        ("due = 2027-1-5", "日期“2027-1-5”应写作 2027-01-05"),
        ('title = "2027-13-40" x', "一行里多写了内容"),
    ],
)
def test_a_date_that_toml_does_not_take_is_told_with_its_line(tmp_path: Path, written: str, said: str) -> None:
    file = tmp_path / "campaign.toml"
    file.write_text(f"[campaign]\n{written}\n", encoding="utf-8")
    with pytest.raises(BadInput, match=f"第2行：.*{said}"):
        read_toml(file)


@pytest.mark.parametrize("text", ["", "# 寒假\n"])
def test_an_empty_campaign_file_is_told_so(tmp_path: Path, text: str) -> None:
    file = tmp_path / "campaign.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(BadInput, match="文件是空的；请用 patrol campaign new 新建一份"):
        load_campaign(file)
