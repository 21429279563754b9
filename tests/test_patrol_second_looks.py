"""A second look is judged by the words on the page: standing, back, changed, elsewhere, gone."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from detectors.model import Detection
from patrol.handling import Look
from patrol.model import Campaign, Lead, Match, Post, Screening, State, Verdict
from patrol.screening import judge_of
from patrol.second_looks import Seen, evidence_number, judged

AT = datetime(2027, 2, 3, 4, 5, 6, tzinfo=UTC)
OFFER = "寒假初二数学一对一线上授课，150元一节，加微信报名，名额有限。每天上午九点开课，连上二十天，讲义随课发放。"
NO_LIST = Match(query="", verdict=Verdict.NO_LIST)
GONE = Look(lead="x", at=AT, state=State.GONE_DELETED)


def post(text: str) -> Post:
    return Post(key="http://a.example/1", platform="generic", url="http://a.example/1", title="寒假班", text=text)


def lead() -> Lead:
    detection = Detection(violation=True, score=0.9, ad_violation=False)
    screening = Screening(post=post(OFFER), detection=detection, match=NO_LIST, screened_at=AT, grade="subject")
    return Lead(
        number="XS2027-000001",
        post_key="http://a.example/1",
        platform="generic",
        url="http://a.example/1",
        title="寒假班",
        author="",
        excerpt="",
        categories=(),
        score=0.9,
        grade="subject",
        match=NO_LIST,
        found_at=AT,
        evidence="ZJ2027-000001",
        screening=screening,
    )


@pytest.mark.parametrize(
    ("state", "now", "before", "words", "present", "gone"),
    [
        (State.OK, OFFER, (), "仍在", True, False),
        (State.OK, f"{OFFER} ", (GONE,), "重新出现", True, False),
        (
            State.OK,
            f"{OFFER}" + "另有初三物理化学同步班，每周六晚八点线上授课，一节一百八十元，私信咨询。",
            (),
            "内容已改，仍疑似违规",
            True,
            False,
        ),
        (State.OK, "本店新到一批毛线，颜色齐全，欢迎选购。", (), "内容已改，未再见疑似违规，待核", True, False),
        (State.OK, "本店新到一批毛线。", (GONE,), "重新出现；内容已改，未再见疑似违规，待核", True, False),
        (State.OK, None, (), "页面能打开，原内容不在，待核", False, False),
        (State.GONE_MOVED, None, (), "已迁移", False, True),
        (State.GONE_VIOLATION, None, (), "已因违规下架", False, True),
        (State.BLOCKED_CAPTCHA, None, (), "须验证码", False, False),
    ],
)
def test_words_of_a_second_look(
    campaign: Campaign, state: State, now: str | None, before: tuple[Look, ...], words: str, *, present: bool, gone: bool
) -> None:
    seen = Seen(lead=lead(), state=state, at=AT, post=post(now) if now is not None else None)
    look = judged(seen, before, judge_of(campaign))
    assert look.words == words
    assert (look.present, look.gone) == (present, gone)


def test_back_again_is_told_by_the_last_look_that_tells(campaign: Campaign) -> None:
    blocked = replace(GONE, state=State.BLOCKED_RATE)
    stood = replace(GONE, state=State.OK)
    seen = Seen(lead=lead(), state=State.OK, at=AT, post=post(OFFER))
    assert judged(seen, (GONE, blocked), judge_of(campaign)).words == "重新出现"
    assert judged(seen, (GONE, stood), judge_of(campaign)).words == "仍在"


def test_evidence_of_a_look_is_numbered_by_its_lead_and_its_time() -> None:
    assert evidence_number(lead(), AT) == "ZJ2027-000001-F20270203120506"
