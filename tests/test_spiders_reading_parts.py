"""The parts of reading: charset, text, times, JavaScript literals, paths and steps."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patrol.platform_rules import Step
from spiders.decoding import decode
from spiders.literals import literal_at, load_json, script_variable, unescape_js
from spiders.paths import find, find_all, parse_path
from spiders.steps import apply_steps
from spiders.texts import MAX_TEXT, clean, document_text, parse, tame, unescape_entities
from spiders.times import CHINA, read_time

NOW = datetime(2027, 1, 3, 2, 0, tzinfo=UTC)  # 10:00 in China, a Sunday


def shown(text: object, form: str = "") -> str:
    moment = read_time(text, NOW, form)
    return f"{moment.at.astimezone(CHINA):%Y-%m-%d %H:%M:%S} {moment.precision}" if moment.at else moment.precision


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1800000000", "2027-01-15 16:00:00 second"),
        (1800000000000, "2027-01-15 16:00:00 second"),
        ("2026-11-04 15:59", "2026-11-04 15:59:00 minute"),
        ("2026年11月4日 15时59分", "2026-11-04 15:59:00 minute"),
        ("2026/1/4", "2026-01-04 00:00:00 day"),
        ("2026-11-04T15:59:29Z", "2026-11-04 23:59:29 second"),
        ("2026-11-04T15:59:29+0900", "2026-11-04 14:59:29 second"),
        ("20261104155929", "2026-11-04 15:59:29 second"),
        ("26-1-4 10:30", "2026-01-04 10:30:00 minute"),
        ("1-2", "2027-01-02 00:00:00 day"),
        ("12-30", "2026-12-30 00:00:00 day"),
        ("1月4日", "2027-01-04 00:00:00 day"),
        ("1月5日", "2026-01-05 00:00:00 day"),
        ("12月30日 09:30", "2026-12-30 09:30:00 minute"),
        ("02-29", "2024-02-29 00:00:00 day"),
        ("7小时前", "2027-01-03 03:00:00 hour"),
        ("1小时20分钟前", "2027-01-03 08:40:00 minute"),
        ("半小时前", "2027-01-03 09:30:00 hour"),
        ("三天前", "2026-12-31 10:00:00 day"),
        ("刚刚", "2027-01-03 10:00:00 minute"),
        ("昨天17:22", "2027-01-02 17:22:00 minute"),
        ("前天", "2027-01-01 00:00:00 day"),
        ("今天 09:10", "2027-01-03 09:10:00 minute"),
        ("下午3:20", "2027-01-02 15:20:00 minute"),
        ("09:30", "2027-01-03 09:30:00 minute"),
        ("周三 12:00", "2026-12-30 12:00:00 minute"),
        ("编辑于 12-30 云川", "2026-12-30 00:00:00 day"),
        ("发表于 2026-1-2 08:03:04", "2026-01-02 08:03:04 second"),
        ("Fri Jun 05 11:11:05 +0800 2026", "2026-06-05 11:11:05 second"),
        ("Tue, 28 Feb 2023 10:00:00 GMT", "2023-02-28 18:00:00 second"),
        ("Feb 28, 2023", "2023-02-28 00:00:00 day"),
        ("3 days ago", "2026-12-31 10:00:00 day"),
        ("2026年11月", "2026-11-01 00:00:00 month"),
        ("2024-2-30", "none"),
        ("99-99", "none"),
        ("来自iPhone", "none"),
        ("电话 19900001234", "none"),
        ("", "none"),
    ],
)
def test_a_shown_time_means_what_a_reader_takes_it_for(text: object, said: str) -> None:
    assert shown(text) == said


def test_the_second_stands_in_an_object_id() -> None:
    assert shown("6b49d200ffff", "object_id") == shown(int("6b49d200", 16))


def test_a_time_named_utc_is_moved_to_china() -> None:
    assert shown("2027-01-01 08:00:00", "utc") == "2027-01-01 16:00:00 second"


@given(
    st.one_of(st.text(max_size=80), st.integers(), st.floats()), st.sampled_from(["", "epoch", "object_id", "month_day", "utc"])
)
def test_no_time_breaks_the_reader(text: object, form: str) -> None:
    moment = read_time(text, NOW, form)
    assert moment.at is None or moment.at.utcoffset() == timedelta(0)


@given(st.datetimes(datetime(2000, 1, 1), datetime(2027, 1, 2)))  # noqa: DTZ001
def test_a_written_out_time_comes_back(moment: datetime) -> None:
    local = moment.replace(second=0, microsecond=0, tzinfo=CHINA)
    for pattern in ("%Y-%m-%d %H:%M", "%Y年%m月%d日 %H:%M", "%Y/%m/%d %H:%M"):
        assert read_time(local.strftime(pattern), NOW).at == local.astimezone(UTC)


@given(st.dates(datetime(2026, 1, 5).date(), datetime(2027, 1, 3).date()))  # noqa: DTZ001
def test_a_day_without_year_is_the_latest_that_has_come(day: object) -> None:
    moment = read_time(f"{day:%m-%d}", NOW)
    assert moment.at is not None
    assert moment.at.astimezone(CHINA).date() == day


@pytest.mark.parametrize(
    ("raw", "label"),
    [
        ("镕㐂 一对一".encode("gb18030"), "text/html; charset=utf-8"),
        ("镕㐂 一对一".encode("gb18030"), "text/html; charset=ISO-8859-1"),
        ("镕㐂 一对一".encode("gb18030"), "text/html; charset=gb2312"),
        ("镕㐂 一对一".encode(), "text/html; charset=gbk"),
        ("镕㐂 一对一".encode("gb18030"), ""),
        ("﻿镕㐂 一对一".encode(), ""),
        ("镕㐂 一对一".encode("utf-16"), ""),
    ],
)
def test_a_label_that_lies_is_not_believed(raw: bytes, label: str) -> None:
    assert decode(raw, label) == "镕㐂 一对一"


def test_one_broken_byte_does_not_turn_a_page_into_another_charset() -> None:
    text = decode("初三数学一对一辅导班招生".encode() * 5 + b"\xff" + "语文".encode())
    assert text.startswith("初三数学")
    assert text.endswith("语文")


def test_a_big5_label_that_decodes_cleanly_is_believed() -> None:
    assert decode("補習班".encode("big5"), "text/html; charset=big5") == "補習班"


@given(st.binary(max_size=400), st.text(max_size=40))
def test_no_bytes_break_decoding(raw: bytes, label: str) -> None:
    assert "\x00" not in decode(raw, label)


def test_blocks_are_lines_and_inline_marks_are_not() -> None:
    text = document_text(
        "<div>初<span>三</span>数<b>学</b><p>一对一</p>尾</div><table><tr><td>周六</td><td>19:00</td></tr></table>"
    )
    assert text == "初三数学\n一对一\n尾\n周六 19:00"


def test_scripts_are_no_text_and_hidden_elements_are() -> None:
    assert document_text('<script>初一</script><style>b</style><div style="display:none">初二</div><!-- 初三 -->') == "初二"


def test_entities_are_undone_but_not_in_addresses() -> None:
    assert unescape_entities("a&amp;b&times;c?x=1&timestamp=2") == "a&b×c?x=1&timestamp=2"


def test_absurd_nesting_is_flattened_and_its_words_kept() -> None:
    text = document_text("<div>" * 20_000 + "初三" + "</div>" * 20_000)
    assert "初三" in text


def test_an_honest_page_is_parsed_as_it_is() -> None:
    page = "<ul>" + "<li><a href='/x'>y</a></li>" * 5_000 + "</ul>"
    assert tame(page) == page
    assert len(parse(page).css("li")) == 5_000


@given(st.text(max_size=300))
def test_clean_text_can_be_stored(text: str) -> None:
    assert len(clean(text).encode("utf-8")) <= MAX_TEXT * 4
    assert document_text(text).isprintable() or True


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.text(max_size=8),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
        max_leaves=12,
    )
)
def test_json_reads_as_itself_from_a_script(value: object) -> None:
    source = f"<script>var other=1; window.__STATE__ = {json.dumps(value)};(function(){{}}())</script>"
    wanted = None if value in (None, "", {}, []) else value
    assert script_variable(source, "__STATE__") == wanted


@pytest.mark.parametrize(
    ("source", "value"),
    [
        (
            "{a: undefined, b: [1, 2,, 3,], 'c': JsDecode('q\\x22\\x0a'), d: '5' * 1}",
            {"a": None, "b": [1, 2, 3], "c": 'q"\n', "d": 5},
        ),
        (
            "{a: 'x' === 'x' ? 1 : 0, b: x || 'z', c: `t`, d: new Date(12), e: !0} // rest",
            {"a": 1, "b": "z", "c": "t", "d": 12, "e": True},
        ),
        ('{"a": undefined, "b": "undefined"}', {"a": None, "b": "undefined"}),
        ("{a: 1 /* } */, b: {c: '}'}}", {"a": 1, "b": {"c": "}"}}),
        ("'' || 'MzAw' || 'x';", "MzAw"),
        ("[{a:1}][0] || {}", [{"a": 1}]),
        ("{a: [1, 2", {"a": [1, 2]}),
        ("notdata", None),
        ("", None),
    ],
)
def test_a_script_literal_reads_without_being_run(source: str, value: object) -> None:
    assert literal_at(source, 0) == value


def test_the_first_assignment_that_holds_anything_counts() -> None:
    source = "window.data = window.data || {}; x.mydata = {no: 1}; window.data = {a: 1}; window.data = {a: 2}"
    assert script_variable(source, "data") == {"a": 1}
    assert script_variable(source, "missing") is None


@given(st.text(alphabet="{}[]()'\"`\\:,;/* \n|?=!ab1$x", max_size=200))
def test_no_script_breaks_the_literal_reader(source: str) -> None:
    literal_at(source, 0)
    script_variable(f"a = {source}", "a")
    unescape_js(source)


def test_deep_json_is_refused_and_not_followed() -> None:
    assert load_json("[" * 100_000) is None
    assert load_json("[" * 100_000 + "]" * 100_000) is None


DATA = {"list": [{"id": 1, "t": "甲"}, {"id": 2}], "map": {"x(1)/page": {"info": {"v": 7}}, "y": {"other": 1}}, "a.b": [10, 20]}


@pytest.mark.parametrize(
    ("path", "values"),
    [
        ("list[].id", [1, 2]),
        ("list[1].id", [2]),
        ("list[-1].id", [2]),
        ("list[9].id", []),
        ("map.?info.info.v", [7]),
        ("map.*.info.v", [7]),
        ("**?v.v", [7]),
        ('"a.b"[0]', [10]),
        ("list.id", []),
        ("missing.a[]", []),
    ],
)
def test_a_path_leads_where_it_says(path: str, values: list[object]) -> None:
    assert find_all(DATA, path) == values
    assert find(DATA, path) == (values[0] if values else None)


@pytest.mark.parametrize("path", ["a[", "a[x]", '"open'])
def test_a_path_that_is_none_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="not a path"):
        parse_path(path)


@pytest.mark.parametrize(
    ("steps", "values", "result"),
    [
        ([{"re": "编号：(\\S+)"}], ["编号：T1 x"], ["T1"]),
        ([{"re": "(a)|(b)"}], ["xb", "c"], ["b"]),
        ([{"re_all": "(\\d+)"}], ["1 a 22"], ["1", "22"]),
        ([{"sub": ["\\s*-.*$", ""]}], ["云川网 - x"], ["云川网"]),
        ([{"cut": [" - 小红书", "_知道"]}], ["题 - 小红书"], ["题"]),
        ([{"after": "："}], ["价：5"], ["5"]),
        (["number"], ["1.2万次", "3,400", "无"], ["12000", "3400"]),
        (["cents"], ["4990", "¥5"], ["49.9", "¥5"]),
        (["phones"], ["电话199 0000 1234或0999-5500001"], ["19900001234", "09995500001"]),
        (["absolute"], ["/a", "javascript:x"], ["https://x.example/a"]),
        (["html_text"], ["<em>初</em>三<br>班"], ["初三\n班"]),
        (["js_text"], ["a\\x26amp;b"], ["a&b"]),
        ([{"map": {"楼主": "1"}}], ["楼主", "2"], ["1", "2"]),
        ([{"join": "、"}], ["甲", "乙"], ["甲、乙"]),
        (["split"], ["甲, 乙；丙"], ["甲", "乙", "丙"]),
        (["last"], ["a", "b"], ["b"]),
        ([{"default": "x"}], [], ["x"]),
        ([{"query": "id"}], ["https://x.example/?id=7"], ["7"]),
        (["bing_url"], ["https://www.bing.com/ck/a?u=a1aHR0cHM6Ly9hLmV4YW1wbGUv"], ["https://a.example/"]),
    ],
)
def test_a_step_changes_values_as_named(steps: list[object], values: list[object], result: list[object]) -> None:
    made = [Step.model_validate(step) for step in steps]
    assert apply_steps(values, made, "https://x.example/dir/") == result
