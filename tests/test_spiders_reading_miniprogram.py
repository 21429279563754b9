"""Recorded mini-program traffic: credentials are gone before anything is read or kept, and what is offered is found."""

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patrol.model import State
from patrol.platforms import load_platform
from spiders.reading import Whole, read_whole
from spiders.wechat_miniprogram.redaction import fingerprint, redact, redact_har, redact_text, redact_url

PLATFORM = load_platform("wechat_miniprogram")
NOW = datetime(2027, 1, 20, 4, 0, tzinfo=UTC)
SECRET = "s3cr3t-9f8e7d"
COURSES = {
    "code": 0,
    "data": {
        "openid": SECRET,
        "list": [
            {
                "id": 11,
                "title": "初三数学寒假冲刺",
                "price": 1999,
                "teacher": {"id": 3, "name": "王老师"},
                "start_time": "2027-01-20 18:30:00",
            },
            {"id": 12, "title": "初二物理小班", "price": "899", "cover": f"https://img.example/a.png?token={SECRET}"},
        ],
        "notice": "寒假班报名进行中，老学员可以带新学员一起来",
    },
}


def har(*entries: dict[str, Any]) -> dict[str, Any]:
    return {"log": {"version": "1.2", "creator": {"name": "Charles", "version": "4.2"}, "entries": list(entries)}}


def entry(
    data: object, *, packed: bool, frame: str = "https://servicewechat.com/wx00000000000000aa/12/page-frame.html"
) -> dict[str, Any]:
    text = json.dumps(data, ensure_ascii=False)
    content = {"mimeType": "application/json", "size": len(text), "text": text}
    if packed:
        content |= {"encoding": "base64", "text": base64.b64encode(text.encode()).decode()}
    secrets = [{"name": name, "value": f"x={SECRET}"} for name in ("Cookie", "Authorization", "X-WX-SKEY")]
    request = {
        "method": "POST",
        "url": f"https://api.example/v1/course/list?page=1&session_key={SECRET}&sign={SECRET}",
        "headers": [{"name": "Referer", "value": frame}, *secrets],
        "cookies": [{"name": "sid", "value": SECRET}],
        "queryString": [{"name": "sign", "value": SECRET}],
        "postData": {"mimeType": "application/json", "text": json.dumps({"token": SECRET, "page": 1})},
    }
    response = {"status": 200, "headers": [{"name": "Set-Cookie", "value": f"a={SECRET}"}], "content": content}
    return {"startedDateTime": "2027-01-18T10:00:00+08:00", "request": request, "response": response, "_token": SECRET}


def read(archive: object) -> Whole:
    return read_whole(PLATFORM, json.dumps(archive).encode(), url="", fetched_at=NOW)


@pytest.mark.parametrize("packed", [True, False], ids=["charles", "devtools"])
def test_what_a_program_offers_is_found(packed: bool) -> None:
    whole = read(har(entry(COURSES, packed=packed)))
    first, second = whole.entries
    assert (first.title, first.author, dict(first.extra)["price"]) == ("初三数学寒假冲刺", "王老师", "1999")
    assert (second.title, dict(second.extra)["price"]) == ("初二物理小班", "899")
    assert whole.reading.state is State.OK
    assert any("老学员可以带新学员" in post.text for post in whole.reading.posts)


def test_the_program_is_named_by_the_referer_alone() -> None:
    whole = read(
        har(
            entry(COURSES, packed=True),
            entry({"a": "没有小程序来源的接口也照样读取出来"}, packed=False, frame="https://x.example/"),
        )
    )
    assert whole.main is not None
    assert [program.appid for program in whole.main.mini_programs] == ["wx00000000000000aa"]
    assert {program.appid for post in whole.reading.posts for program in post.mini_programs} == {"wx00000000000000aa"}


@pytest.mark.parametrize("packed", [True, False], ids=["charles", "devtools"])
def test_no_credential_is_read(packed: bool) -> None:
    assert SECRET not in str(read(har(entry(COURSES, packed=packed))))


@pytest.mark.parametrize("packed", [True, False], ids=["charles", "devtools"])
def test_no_credential_is_left_in_a_working_copy(packed: bool) -> None:
    copy = json.dumps(redact_har(har(entry(COURSES, packed=packed))), ensure_ascii=False)
    assert SECRET not in copy.replace("?token=" + SECRET, "")
    assert "初三数学寒假冲刺" in copy
    assert "servicewechat.com/wx00000000000000aa" in copy


def test_pictures_stay_packed_in_a_working_copy() -> None:
    picture = entry({}, packed=False)
    picture["response"]["content"] = {
        "mimeType": "image/png",
        "encoding": "base64",
        "text": base64.b64encode(b"\x89PNG\xff").decode(),
    }
    copy: Any = redact_har(har(picture))
    assert copy["log"]["entries"][0]["response"]["content"]["encoding"] == "base64"


def test_a_working_copy_reads_like_the_original() -> None:
    archive = har(entry(COURSES, packed=True))
    assert [one.title for one in read(redact_har(archive)).entries] == [one.title for one in read(archive).entries]


@given(st.text(alphabet="abcdefgh0123456789-_", min_size=10, max_size=30))
def test_a_secret_value_never_survives(value: str) -> None:
    for name in (
        "token",
        "access_token",
        "openId",
        "unionid",
        "session_key",
        "signature",
        "Authorization",
        "password",
        "phoneNumber",
    ):
        assert value not in str(redact({"a": [{name: value}]}))
        assert value not in redact_text(json.dumps({name: value}))
        assert value not in redact_url(f"https://a.example/x?{name}={value}&page=1")


def test_ordinary_values_survive() -> None:
    kept = {"title": "初三数学", "price": 5, "list": [{"name": "甲", "desc": None}], "ok": True}
    assert redact(kept) == kept
    assert redact_url("https://a.example/x?page=1") == "https://a.example/x?page=1"


def test_two_recordings_of_one_account_can_be_told_to_belong_together() -> None:
    assert fingerprint("o1", "salt") == fingerprint("o1", "salt") != fingerprint("o1", "pepper")


def test_a_recording_cut_off_gives_what_came_before() -> None:
    whole = json.dumps(har(entry(COURSES, packed=True), entry(COURSES, packed=True)))
    cut = read_whole(PLATFORM, whole[: int(len(whole) * 0.8)].encode(), url="", fetched_at=NOW)
    assert [one.title for one in cut.entries] == ["初三数学寒假冲刺", "初二物理小班"]


def test_a_recording_without_readable_answers_says_so() -> None:
    whole = read(har(entry({}, packed=True)))
    assert whole.reading.state is State.CHANGED
    assert "没有可读的接口数据" in whole.reading.reason


def test_a_url_link_landing_page_names_the_program() -> None:
    page = """<!DOCTYPE html><html><head><title>小程序</title></head><body><p>正在打开小程序</p>
    <script>window.data = {nickname: '河湾课堂',
    path: 'pages/course/index', user_name: 'gh_00000000bbbb', url_scheme: 'weixin://dl/business/?t=AAA'}</script></body></html>"""
    whole = read_whole(PLATFORM, page.encode(), url="https://wxaurl.cn/AbCdEf", fetched_at=NOW)
    assert whole.main is not None
    assert (whole.main.author, whole.main.author_id) == ("河湾课堂", "gh_00000000bbbb")
