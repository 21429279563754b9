"""What officers let pass: only with two of them, only as long as they stand by it, and never out of sight."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from detectors.model import Document
from patrol.allowing import WORDS, load_allowed
from patrol.console.people import Role
from patrol.model import Campaign, Judgement, Screening
from patrol.screening import judge_of
from patrol.settings import Settings
from patrol.store.reviewing import Stage
from tests.patrol_console_cases import NOON, Office, fill, open_office, screening

REASON = "求职、求家教，不是提供者"
TEXT = "本店招收银员，欢迎初二数学满分的学霸来兼职辅导小朋友，每课时120元，电话19900000777"


@pytest.fixture
def office(settings: Settings, campaign_file: Path) -> Iterator[Office]:
    """A console with people and eight leads."""
    yield from open_office(settings, campaign_file)


def dismiss(office: Office, number: str, role: Role, **more: str) -> int:
    """Let a role judge a lead 不属实; return the answer's status."""
    version = str(office.desk.books.leads.card(number).version)
    given = {"judgement": "dismissed", "reason": REASON, "version": version, **more}
    return office.sign_in(role).post(f"/leads/{number}/decide", data=given).status_code


def again(office: Office, campaign: Campaign, one: Screening) -> Screening:
    """Screen a post as a later sweep does."""
    return judge_of(campaign, office.desk.workspace).screen(one.post, NOON + timedelta(days=1))


def advert(office: Office, campaign: Campaign) -> tuple[str, Screening]:
    """Keep a real screening of a text that is a lead; return its number."""
    one = again(office, campaign, screening(90, text=TEXT, title="招聘", author="某店"))
    (number,) = fill(office.desk.books.store, campaign, [one])
    return number, one


def test_an_account_is_let_pass_when_two_officers_agree_and_seen_again_when_taken_back(
    office: Office, campaign: Campaign
) -> None:
    number, one = advert(office, campaign)
    key = f"author:discuz:{one.post.author_id}"
    assert dismiss(office, number, Role.INSPECTOR, allow=key) == 303
    assert again(office, campaign, one).is_lead
    assert dismiss(office, number, Role.REVIEWER) == 303
    held = again(office, campaign, one)
    assert not held.is_lead
    assert "放行规则1" in held.detection.notes[-1]
    assert held.detection.violation == one.detection.violation

    assert fill(office.desk.books.store, campaign, [held]) == []
    client = office.sign_in(Role.REVIEWER)
    page = client.get("/rules").text
    assert "1 条" in page
    assert one.post.title in page
    assert client.post("/rules/allowed/1/undo").status_code == 303
    fresh = again(office, campaign, one)
    assert fresh.is_lead
    assert fresh.detection.rules_version != held.detection.rules_version
    assert "已撤销" in client.get("/rules").text


def test_a_phrase_is_taken_out_of_recognition_and_nothing_else(office: Office, campaign: Campaign) -> None:
    number, one = advert(office, campaign)
    assert dismiss(office, number, Role.INSPECTOR, allow="phrase", allow_words="初二数学满分的学霸来兼职辅导小朋友") == 303
    assert dismiss(office, number, Role.REVIEWER) == 303
    assert not again(office, campaign, one).detection.violation
    other = replace(one, post=replace(one.post, text="初二数学寒假小班招生，老师上门一对一，每课时120元，电话19900000778"))
    assert again(office, campaign, other).detection.violation


def test_a_reopened_lead_suspends_its_rules(office: Office, campaign: Campaign) -> None:
    number, one = advert(office, campaign)
    dismiss(office, number, Role.INSPECTOR, allow="phrase", allow_words="初二数学满分的学霸")
    dismiss(office, number, Role.REVIEWER)
    load_allowed(office.desk.workspace)
    assert (office.desk.workspace / "rules" / WORDS).is_file()
    office.sign_in(Role.ADMIN).post(f"/leads/{number}/reopen", data={"reason": "判错"})
    assert again(office, campaign, one).is_lead
    assert not (office.desk.workspace / "rules" / WORDS).exists()


@pytest.mark.parametrize(
    "wish",
    [
        {"allow": "phrase", "allow_words": ""},
        {"allow": "phrase", "allow_words": "数学"},
        {"allow": "phrase", "allow_words": "不在原文里的话"},
        {"allow": "phrase", "allow_words": "一对一辅导"},
        {"allow": "author:discuz:somebody-else"},
    ],
)
def test_what_would_blind_the_patrol_is_refused_and_nothing_is_decided(
    office: Office, campaign: Campaign, wish: dict[str, str]
) -> None:
    one = again(office, campaign, screening(91, text=f"{TEXT}，一对一辅导", author="某店"))
    (number,) = fill(office.desk.books.store, campaign, [one])
    assert dismiss(office, number, Role.INSPECTOR, **wish) == 400
    assert office.desk.books.leads.card(number).stage is Stage.NEW
    assert office.desk.books.allowing.rules() == []


def test_a_rule_goes_only_with_not_true(office: Office) -> None:
    number = office.numbers[0]
    given = {"judgement": Judgement.CONFIRMED.value, "version": "0", "allow": "phrase", "allow_words": "寒假数学小班"}
    assert office.sign_in(Role.INSPECTOR).post(f"/leads/{number}/decide", data=given).status_code == 303
    assert office.desk.books.allowing.rules() == []


def test_the_console_itself_goes_by_changed_words_at_once(office: Office) -> None:
    own = office.desk.workspace / "rules.yml"
    seen = []
    for words in ("葱姜蒜班", "桃李杏班"):
        own.write_text(f"source: 本单位\ngroups:\n- label: tutor.core\n  words: {words}\n", encoding="utf-8")
        detection = office.desk.detector().detect(Document(text=f"初二数学{words}寒假招生，每课时120元，电话19900000001"))
        seen.append([finding.quote for finding in detection.findings if finding.quote == words])
    assert seen == [["葱姜蒜班"], ["桃李杏班"]]
