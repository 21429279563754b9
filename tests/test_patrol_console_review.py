"""Two officers decide: the rule, its rows, and what the queue makes of it."""

import sqlite3
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patrol.console.people import Role
from patrol.errors import BadInput, Conflict
from patrol.model import Campaign, Judgement
from patrol.settings import Settings
from patrol.store import Store
from patrol.store.console import ConsoleBook, DeskFilter
from patrol.store.console_overview import OverviewBook
from patrol.store.reviewing import ReviewBook, Stage, stand
from tests.patrol_console_cases import Office, fill, open_office, screening

YES, NO, UNSURE, HAND = Judgement.CONFIRMED, Judgement.DISMISSED, Judgement.UNSURE, Judgement.HANDED_OVER
NOW = datetime(2027, 1, 21, tzinfo=UTC)


@pytest.fixture
def office(settings: Settings, campaign_file: Path) -> Iterator[Office]:
    """A console with people and eight leads."""
    yield from open_office(settings, campaign_file)


@pytest.mark.parametrize(
    ("given_", "stage", "official"),
    [
        ([], Stage.NEW, Judgement.UNREVIEWED),
        ([("甲", YES)], Stage.SECOND, Judgement.UNREVIEWED),
        ([("甲", UNSURE)], Stage.PARKED, UNSURE),
        ([("甲", YES), ("乙", YES)], Stage.CONFIRMED, YES),
        ([("甲", NO), ("乙", NO)], Stage.DISMISSED, NO),
        ([("甲", YES), ("乙", NO)], Stage.THIRD, Judgement.UNREVIEWED),
        ([("甲", YES), ("乙", UNSURE)], Stage.THIRD, Judgement.UNREVIEWED),
        ([("甲", YES), ("乙", NO), ("丙", NO)], Stage.DISMISSED, NO),
        ([("甲", YES), ("乙", NO), ("丙", HAND)], Stage.PARKED, HAND),
        ([("甲", UNSURE), ("乙", YES)], Stage.SECOND, Judgement.UNREVIEWED),
        ([("甲", UNSURE), ("甲", YES)], Stage.SECOND, Judgement.UNREVIEWED),
        ([("甲", UNSURE), ("乙", YES), ("丙", YES)], Stage.CONFIRMED, YES),
    ],
)
def test_what_decisions_add_up_to(given_: list[tuple[str, Judgement]], stage: Stage, official: Judgement) -> None:
    standing = stand(given_)
    assert (standing.stage, standing.official) == (stage, official)


@given(st.lists(st.tuples(st.sampled_from("甲乙丙丁"), st.sampled_from([YES, NO, UNSURE, HAND])), max_size=6))
def test_nothing_becomes_official_on_one_officers_word(decisions: list[tuple[str, Judgement]]) -> None:
    standing = stand(decisions)
    if standing.stage in {Stage.CONFIRMED, Stage.DISMISSED}:
        assert len({officer for officer, _ in decisions}) >= 2
        assert standing.official.value == standing.stage.value
    else:
        assert standing.official not in {YES, NO}


def test_of_two_officers_at_once_one_is_told(store: Store, campaign: Campaign, workspace: Path) -> None:
    (number,) = fill(store, campaign, [screening(1)])
    outcomes: list[str] = []
    gate = threading.Barrier(2)

    def decide(officer: str) -> None:
        book = ReviewBook(Store.open(workspace))
        gate.wait()
        try:
            book.decide(number, YES, officer=officer, seen=0, reason="", now=NOW, senior=True)
            outcomes.append("kept")
        except Conflict as error:
            outcomes.append(str(error))

    threads = [threading.Thread(target=decide, args=(name,)) for name in ("甲", "乙")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    kept, told = sorted(outcomes, key=lambda text: text != "kept")
    assert kept == "kept"
    assert "尚未保存" in told
    assert len(ReviewBook(store).decisions(number)) == 1


def test_a_second_review_needs_another_officer_and_a_reviewer(store: Store, campaign: Campaign) -> None:
    (number,) = fill(store, campaign, [screening(1)])
    book = ReviewBook(store)
    book.decide(number, YES, officer="甲", seen=0, reason="", now=NOW, senior=True)
    with pytest.raises(BadInput, match="另一名"):
        book.decide(number, YES, officer="甲", seen=1, reason="", now=NOW, senior=True)
    with pytest.raises(BadInput, match="复核员"):
        book.decide(number, YES, officer="乙", seen=1, reason="", now=NOW, senior=False)
    assert book.decide(number, YES, officer="乙", seen=1, reason="", now=NOW, senior=True).stage is Stage.CONFIRMED
    assert store.lead(number).judgement is YES


def test_an_undone_decision_leaves_the_lead_as_it_was(store: Store, campaign: Campaign) -> None:
    (number,) = fill(store, campaign, [screening(1)])
    book = ReviewBook(store)
    book.decide(number, UNSURE, officer="甲", seen=0, reason="", now=NOW, senior=False)
    assert book.undo(number, officer="甲", now=NOW).stage is Stage.NEW
    assert store.lead(number).judgement is Judgement.UNREVIEWED
    assert [one.undone_at is not None for one in book.decisions(number)] == [True]
    with pytest.raises(BadInput, match="撤销"):
        book.undo(number, officer="甲", now=NOW)


def test_only_the_latest_own_and_recent_decision_can_be_undone(store: Store, campaign: Campaign) -> None:
    (number,) = fill(store, campaign, [screening(1)])
    book = ReviewBook(store)
    book.decide(number, YES, officer="甲", seen=0, reason="", now=NOW, senior=False)
    with pytest.raises(BadInput, match="30分钟"):
        book.undo(number, officer="甲", now=NOW + timedelta(minutes=31))
    book.decide(number, NO, officer="乙", seen=1, reason="误", now=NOW, senior=True)
    with pytest.raises(BadInput, match="最后一次"):
        book.undo(number, officer="甲", now=NOW)


def test_what_another_part_judges_shows_on_the_desk(store: Store, campaign: Campaign) -> None:
    (number,) = fill(store, campaign, [screening(1)])
    store.judge(number, YES, officer="甲", role="复核", reason="", at=NOW)
    assert ConsoleBook(store).card(number).stage is Stage.CONFIRMED


def test_the_desk_follows_a_new_screening_and_keeps_its_stage(store: Store, campaign: Campaign) -> None:
    (number,) = fill(store, campaign, [screening(1, title="旧题")])
    ReviewBook(store).decide(number, YES, officer="甲", seen=0, reason="", now=NOW, senior=False)
    fill(store, campaign, [screening(1, title="新题")])
    card = ConsoleBook(store).card(number)
    assert (card.title, card.stage) == ("新题", Stage.SECOND)


def test_leads_that_share_a_phone_or_an_account_are_linked(store: Store, campaign: Campaign) -> None:
    one, two, other = fill(
        store, campaign, [screening(1, phone="19900000001"), screening(2, phone="19900000001"), screening(3, phone="19900000009")]
    )
    book = ConsoleBook(store)
    assert [(card.number, keys) for card, keys in book.linked(one, campaign.id)] == [(two, ("phone:19900000001",))]
    assert book.linked(other, campaign.id) == []
    assert book.provider_sizes(campaign.id, ["phone:19900000001"]) == {"phone:19900000001": 2}


def test_the_queue_pages_without_gap_or_repeat(store: Store, campaign: Campaign) -> None:
    numbers = fill(store, campaign, [screening(number) for number in range(1, 25)])
    book = ConsoleBook(store)
    for order in ("weight", "deadline", "newest"):
        seen: list[str] = []
        after = ""
        while True:
            cards, after = book.queue(DeskFilter(campaign=campaign.id, order=order), after=after, limit=7)
            seen += [card.number for card in cards]
            if not after:
                break
        assert sorted(seen) == sorted(numbers)
        assert len(seen) == len(set(seen))


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"stage": "new"}, 6),
        ({"verdict": "review"}, 2),
        ({"category": "holiday_class"}, 6),
        ({"category": "holiday"}, 0),
        ({"platform": "douyin"}, 0),
        ({"since": "2027-01-21"}, 0),
        ({"until": "2027-01-20"}, 6),
        ({"district": "云川市"}, 6),
        ({"district": "白山市"}, 0),
        ({"numbers": ("XS2027-000002",)}, 1),
    ],
)
def test_filters_of_the_queue(store: Store, campaign: Campaign, wanted: dict[str, str], found: int) -> None:
    fill(store, campaign, [screening(number) for number in range(1, 7)])
    cards, _ = ConsoleBook(store).queue(DeskFilter(campaign=campaign.id, **wanted))  # type: ignore[arg-type]
    assert len(cards) == found


def test_a_lead_goes_from_the_first_review_to_its_official_end(office: Office) -> None:
    number = office.numbers[0]
    inspector, reviewer, admin = (office.sign_in(role) for role in (Role.INSPECTOR, Role.REVIEWER, Role.ADMIN))
    first = {"judgement": "confirmed", "version": "0"}
    assert inspector.post(f"/leads/{number}/decide", data=first).status_code == 303
    assert "复核须由复核员进行" in inspector.get(f"/leads/{number}").text
    against = {"judgement": "dismissed", "version": "1", "reason": "内容识别有误"}
    assert reviewer.post(f"/leads/{number}/decide", data=against).status_code == 303
    assert "两人意见不一" in admin.get(f"/leads/{number}").text
    last = {"judgement": "confirmed", "version": "2"}
    assert admin.post(f"/leads/{number}/decide", data=last).status_code == 303
    assert office.desk.books.store.lead(number).judgement is YES
    assert reviewer.post(f"/leads/{number}/decide", data={**last, "version": "3"}).status_code == 400
    assert admin.post(f"/leads/{number}/reopen", data={"reason": "有新证据"}).status_code == 303
    assert office.desk.books.leads.card(number).stage is Stage.NEW
    actions = [row.action for row in office.desk.books.audit.rows(object=number)]
    assert actions.count("decide") == 3
    assert "reopen" in actions


def test_a_stale_page_is_told_who_decided(office: Office) -> None:
    number = office.numbers[0]
    inspector, reviewer = office.sign_in(Role.INSPECTOR), office.sign_in(Role.REVIEWER)
    inspector.post(f"/leads/{number}/decide", data={"judgement": "confirmed", "version": "0"})
    answer = reviewer.post(
        f"/leads/{number}/decide", data={"judgement": "confirmed", "version": "0"}, headers={"HX-Request": "true"}
    )
    assert answer.status_code == 409
    assert "巡查员丙 刚刚" in answer.text


def test_not_true_needs_a_reason_that_is_remembered_for_the_provider(office: Office) -> None:
    number = office.numbers[0]
    client = office.sign_in(Role.REVIEWER)
    assert client.post(f"/leads/{number}/decide", data={"judgement": "dismissed", "version": "0"}).status_code == 400
    given_ = {"judgement": "dismissed", "version": "0", "reason": "求职、求家教，不是提供者"}
    client.post(f"/leads/{number}/decide", data=given_)
    same = next(card for card, _ in office.desk.books.leads.linked(number, office.campaign.id))
    assert "此前曾判不属实" in client.get(f"/leads/{same.number}").text


def test_many_leads_are_decided_at_once_and_refusals_are_named(office: Office) -> None:
    client = office.sign_in(Role.REVIEWER)
    client.post(f"/leads/{office.numbers[0]}/decide", data={"judgement": "confirmed", "version": "0"})
    chosen = [f"{number}:0" for number in office.numbers[:3]]
    answer = client.post("/leads/bulk", data={"lead": chosen, "judgement": "handed_over"})
    assert "已保存 2 条，未保存 1 条" in answer.text
    stages = office.desk.books.leads.stages(office.campaign.id)
    assert (stages[Stage.PARKED], stages[Stage.SECOND]) == (2, 1)


def test_undo_of_the_last_decision_from_the_queue(office: Office) -> None:
    client = office.sign_in(Role.INSPECTOR)
    client.post(f"/leads/{office.numbers[2]}/decide", data={"judgement": "unsure", "version": "0"})
    answer = client.post("/leads/last/undo", data={"panel": "1"}, headers={"HX-Request": "true"})
    assert '"undone"' in answer.headers["hx-trigger"]
    assert office.desk.books.leads.card(office.numbers[2]).stage is Stage.NEW


def test_a_locked_database_is_said_so_and_nothing_is_lost(
    settings: Settings, campaign_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("patrol.store.connection.BUSY_SECONDS", 0)
    for office in open_office(settings, campaign_file):
        client, number = office.sign_in(Role.INSPECTOR), office.numbers[0]
        other = sqlite3.connect(settings.workspace / "patrol.db")
        other.execute("BEGIN IMMEDIATE")
        given_ = {"judgement": "confirmed", "version": "0"}
        answer = client.post(f"/leads/{number}/decide", data=given_)
        assert answer.status_code == 503
        assert "稍后重试" in answer.text
        other.rollback()
        assert client.post(f"/leads/{number}/decide", data=given_).status_code == 303
        assert len(office.desk.books.review.decisions(number)) == 1


def test_the_counts_of_the_first_page_follow_every_change(store: Store, campaign: Campaign) -> None:
    regions = ("云川市", "", "临江区")
    numbers = fill(store, campaign, [screening(number, region=regions[number % 3]) for number in range(1, 10)])
    review, leads, overview = ReviewBook(store), ConsoleBook(store), OverviewBook(store)
    for number in numbers[:4]:
        review.decide(number, YES, officer="甲", seen=0, reason="", now=NOW, senior=False)
    review.decide(numbers[0], NO, officer="乙", seen=1, reason="", now=NOW, senior=True)
    review.undo(numbers[1], officer="甲", now=NOW)
    fill(store, campaign, [screening(5, title="新题", region="临江区")])
    store.database.execute("DELETE FROM leads WHERE number = ?", [numbers[8]])
    for district in ("", "临江区"):
        wanted = DeskFilter(campaign=campaign.id, district=district)
        counted = {stage: len(leads.queue(replace(wanted, stage=stage.value))[0]) for stage in Stage}
        assert leads.stages(campaign.id, district) == counted
        shown = leads.queue(wanted)[0]
        assert sum(day.subject + day.ad for day in overview.days(campaign.id, NOW.date().replace(day=1), district)) == len(shown)
        assert overview.platforms(campaign.id, district=district) == [("discuz", len(shown))]
