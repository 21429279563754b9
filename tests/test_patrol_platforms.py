"""The register of platforms: whole folders read, or refused with file, line and key."""

from pathlib import Path

import pytest

from patrol.errors import BadInput
from patrol.platform_rules import Step
from patrol.platforms import load_platform, load_platforms, platform_names, shipped_folder

SMALL = """title: 小站
kind: listing
base: https://{city}.example
verified_on: 2027-01-01
search:
  - {url: "{base}/s?q={keyword}&p={page}", encoding: gb18030}
paging: {start: 0, step: 10, pages: 3}
pages:
  - name: detail
    kind: detail
    fields:
      title: [{css: h1}]
    require: [title]
"""


def written(folder: Path, text: str, name: str = "xiaozhan") -> Path:
    (folder / name).mkdir()
    (folder / name / "platform.yml").write_text(text, encoding="utf-8")
    return folder


def test_every_shipped_folder_with_a_platform_file_is_a_platform() -> None:
    names = {file.parent.name for file in shipped_folder().glob("*/platform.yml")}
    assert names == set(platform_names())
    assert {name: platform.name for name, platform in load_platforms().items()} == {name: name for name in names}


def test_a_folder_of_the_workspace_adds_a_platform(tmp_path: Path) -> None:
    platform = load_platform("xiaozhan", (written(tmp_path, SMALL),))
    assert platform.title == "小站"
    assert "xiaozhan" in platform_names((tmp_path,))


def test_a_folder_of_the_workspace_wins_over_the_shipped_one(tmp_path: Path) -> None:
    assert load_platform("baixing", (written(tmp_path, SMALL, "baixing"),)).title == "小站"


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    root = written(tmp_path, SMALL)
    first = load_platform("xiaozhan", (root,))
    (root / "xiaozhan" / "platform.yml").write_text(SMALL.replace("小站", "大站！"), encoding="utf-8")
    assert (first.title, load_platform("xiaozhan", (root,)).title) == ("小站", "大站！")


@pytest.mark.parametrize(
    ("old", "new", "field", "words"),
    [
        ("title: 小站", "titel: 小站", "titel", "没有这个键"),
        ("kind: listing", "kind: listing\ncolour: red", "colour", "没有这个键"),
        ("title: [{css: h1}]", "titles: [{css: h1}]", "titles", ""),
        ("[{css: h1}]", "[{css: h1, meta: x, re: '(y)'}]", "title", "须写且只写一个"),
        ("[{css: h1}]", "[{re: '(x'}]", "re", "正则表达式"),
        ("[{css: h1}]", "[{css: h1, do: [shout]}]", "do", ""),
        ("&p={page}", '&p={page}", words: [x]}\n  - {url: "{base}/s', "url", "{keyword}"),
        ("step: 10", "step: ten", "step", "整数"),
        ("2027-01-01", "someday", "verified_on", "日期"),
    ],
)
def test_a_fault_is_refused_with_file_and_key(tmp_path: Path, old: str, new: str, field: str, words: str) -> None:
    assert old in SMALL
    with pytest.raises(BadInput) as refused:
        load_platform("xiaozhan", (written(tmp_path, SMALL.replace(old, new)),))
    assert str(refused.value.file).endswith("platform.yml")
    assert field in str(refused.value.field)
    assert words in str(refused.value)


def test_an_unknown_key_names_its_line(tmp_path: Path) -> None:
    with pytest.raises(BadInput) as refused:
        load_platform("xiaozhan", (written(tmp_path, SMALL.replace("kind: listing", "kind: listing\ncolour: red")),))
    assert refused.value.line == 3


def test_two_pages_of_one_name_are_refused(tmp_path: Path) -> None:
    twice = SMALL + "  - {name: detail, kind: list}\n"
    with pytest.raises(BadInput, match="同名"):
        load_platform("xiaozhan", (written(tmp_path, twice),))


def test_broken_yaml_names_its_line(tmp_path: Path) -> None:
    with pytest.raises(BadInput) as refused:
        load_platform("xiaozhan", (written(tmp_path, SMALL + "  - [\n"),))
    assert refused.value.line


def test_a_list_in_place_of_keys_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="键值"):
        load_platform("xiaozhan", (written(tmp_path, "- a\n"),))


@pytest.mark.parametrize("name", ["nowhere", "../generic", "Generic", ""])
def test_an_unknown_name_lists_the_known_ones(name: str) -> None:
    with pytest.raises(BadInput, match="generic"):
        load_platform(name)


def test_a_search_address_is_filled_in_the_sites_own_encoding(tmp_path: Path) -> None:
    platform = load_platform("xiaozhan", (written(tmp_path, SMALL),))
    url = platform.fill(platform.search[0].url, city="yc", keyword="初三 数学", page=2)
    assert url == "https://yc.example/s?q=%B3%F5%C8%FD%20%CA%FD%D1%A7&p=10"


def test_a_campaign_base_replaces_the_platforms(tmp_path: Path) -> None:
    platform = load_platform("xiaozhan", (written(tmp_path, SMALL),))
    assert platform.fill("{base}/a?p={page}", base="http://127.0.0.1:8000/") == "http://127.0.0.1:8000/a?p=0"


def test_a_placeholder_without_value_is_named(tmp_path: Path) -> None:
    platform = load_platform("xiaozhan", (written(tmp_path, SMALL),))
    with pytest.raises(BadInput, match="city"):
        platform.fill("{base}/a")


def test_a_host_owns_its_sub_domains() -> None:
    platform = load_platform("wuba58")
    assert platform.owns("https://yc.58.com/jiajiao/")
    assert not platform.owns("https://not58.com/jiajiao/")
    assert not platform.owns("https://58.com.example/")


def test_a_step_with_pairs_keeps_them_in_order() -> None:
    step = Step.model_validate({"map": {"楼主": "1", "沙发": "2"}})
    assert step.args == ("楼主", "1", "沙发", "2")
