"""The store keeps what was screened once, counts gaps as gaps, and opens yesterday's database."""

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlite_utils import Database

from detectors.model import Detection, Element, Finding
from patrol.errors import BadInput, StoreError
from patrol.model import Campaign, Issue, Judgement, Match, Post, Run, Screening, State, Verdict, Visit
from patrol.store import Store
from patrol.store.migrations import MIGRATIONS

NOON = datetime(2027, 1, 20, 4, tzinfo=UTC)


def screening(
    key: str = "https://a.example/1", *, text: str = "初二数学一对一，每节200元", grade: str = "subject", at: datetime = NOON
) -> Screening:
    finding = Finding(rule="X", clause="双减14", element=Element.SUBJECT, start=2, end=4, quote="数学", weight=1.0)
    detection = Detection(
        violation=grade == "subject",
        score=0.9,
        ad_violation=grade != "none",
        categories=("subject_ad",),
        findings=(finding,),
        rules_version="r1",
    )
    post = Post(key=key, platform="discuz", url=key, text=text, title="标题")
    return Screening(post=post, detection=detection, match=Match(query="", verdict=Verdict.NO_LIST), screened_at=at, grade=grade)


def begin(store: Store, campaign: Campaign, run: str = "r-1", at: datetime = NOON) -> None:
    store.start_run(Run(id=run, campaign=campaign.id, source="discuz", started_at=at))


def keep(store: Store, campaign: Campaign, what: Screening, run: str = "r-1"):  # type: ignore[no-untyped-def]
    return store.record_screening(what, run=run, campaign=campaign, source="discuz", device="desktop")


def visit(url: str, state: State, at: datetime = NOON) -> Visit:
    return Visit(url=url, source="discuz", state=state, at=at)


def test_lead_gets_a_number_and_its_evidence_number(store: Store, campaign: Campaign) -> None:
    begin(store, campaign)
    lead = keep(store, campaign, screening())
    assert (lead.number, lead.evidence) == ("XS2027-000001", "ZJ2027-000001")
    assert store.waiting_captures(campaign.id)[0]["evidence"] == "ZJ2027-000001"


def test_same_screening_twice_is_one_lead(store: Store, campaign: Campaign) -> None:
    begin(store, campaign)
    first, second = keep(store, campaign, screening()), keep(store, campaign, screening())
    assert first.number == second.number
    assert len(list(store.leads(campaign.id))) == 1


def test_clean_post_is_kept_but_no_lead(store: Store, campaign: Campaign) -> None:
    begin(store, campaign)
    assert keep(store, campaign, screening(grade="none")) is None
    assert store.post("https://a.example/1") is not None


def test_lead_comes_back_with_everything_it_was_judged_by(store: Store, campaign: Campaign) -> None:
    begin(store, campaign)
    given = screening()
    keep(store, campaign, given)
    lead = next(store.leads(campaign.id))
    assert lead.screening is not None
    assert lead.screening.detection == given.detection
    assert lead.screening.post == given.post


def test_leads_are_taken_by_the_date_of_finding_in_china(store: Store, campaign: Campaign) -> None:
    begin(store, campaign)
    keep(store, campaign, screening("https://a.example/late", at=datetime(2027, 1, 29, 17, tzinfo=UTC)))  # 30th, 01:00 in China
    assert list(store.leads(campaign.id, until=date(2027, 1, 29))) == []
    assert len(list(store.leads(campaign.id, after=date(2027, 1, 29)))) == 1


def test_blocked_page_is_a_gap_and_never_covered(store: Store, campaign: Campaign) -> None:
    begin(store, campaign)
    store.record_visit(visit("https://a.example/1", State.OK), run="r-1", campaign=campaign.id)
    store.record_visit(visit("https://a.example/2", State.BLOCKED_CAPTCHA), run="r-1", campaign=campaign.id)
    store.record_visit(visit("https://a.example/3", State.GONE_DELETED), run="r-1", campaign=campaign.id)
    row = store.coverage(campaign.id)[0]
    assert (row.planned, row.covered, dict(row.gaps)) == (3, 2, {State.BLOCKED_CAPTCHA: 1})
    assert not row.complete


def test_page_seen_once_counts_as_covered_whatever_came_later(store: Store, campaign: Campaign) -> None:
    begin(store, campaign)
    begin(store, campaign, "r-2", datetime(2027, 1, 21, tzinfo=UTC))
    store.record_visit(visit("https://a.example/1", State.OK), run="r-1", campaign=campaign.id)
    store.record_visit(
        visit("https://a.example/1", State.BLOCKED_LOGIN, datetime(2027, 1, 21, tzinfo=UTC)), run="r-2", campaign=campaign.id
    )
    assert store.coverage(campaign.id)[0].complete


@pytest.mark.parametrize(("source", "title"), [("saved", "人工保存的网页"), ("urls", "粘贴的网址"), ("discuz", "discuz")])
def test_sources_without_a_platform_are_called_by_their_chinese_name(
    store: Store, campaign: Campaign, source: str, title: str
) -> None:
    store.start_run(Run(id="r-9", campaign=campaign.id, source=source, started_at=NOON))
    store.record_visit(replace(visit("https://a.example/1", State.OK), source=source), run="r-9", campaign=campaign.id)
    assert [row.title for row in store.coverage(campaign.id)] == [title]


def test_an_unknown_lead_is_bad_input(store: Store) -> None:
    with pytest.raises(BadInput, match="没有编号为“XS2027-999999”的线索"):
        store.lead("XS2027-999999")


def test_unfetched_pages_of_a_run_are_counted_as_waiting(store: Store, campaign: Campaign) -> None:
    begin(store, campaign)
    store.end_run(
        Run(
            id="r-1",
            campaign=campaign.id,
            source="discuz",
            started_at=NOON,
            ended_at=NOON,
            outcome="interrupted",
            counts={"waiting": 7},
        )
    )
    row = store.coverage(campaign.id)[0]
    assert (row.planned, row.waiting, row.complete) == (7, 7, False)


def test_killed_run_is_found_again(store: Store, campaign: Campaign) -> None:
    begin(store, campaign)
    assert store.unfinished_run(campaign.id, "discuz").id == "r-1"


def test_latest_judgement_stands_and_all_stay(store: Store, campaign: Campaign) -> None:
    begin(store, campaign)
    number = keep(store, campaign, screening()).number
    for judgement in (Judgement.UNSURE, Judgement.CONFIRMED):
        store.judge(number, judgement, officer="王某", role="巡查员", reason="", at=NOON)
    assert store.lead(number).judgement is Judgement.CONFIRMED
    assert store.database.execute("SELECT count(*) FROM judgements").fetchone()[0] == 2


def test_issue_repeats_and_closes_by_itself(store: Store, campaign: Campaign) -> None:
    issue = Issue(source="discuz", cause="blocked.captcha", text="须验证码", threshold_why="一次即报", opened_at=NOON)
    store.open_issue(issue, campaign=campaign.id)
    store.open_issue(issue, campaign=campaign.id)
    assert [found.times for found in store.issues(campaign.id)] == [2]
    store.close_issues(campaign.id, "discuz", still_open=(), at=NOON)
    assert store.issues(campaign.id) == []


def test_database_of_a_newer_version_is_refused(store: Store, workspace: Path) -> None:
    store.database.execute(
        "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('patrol', 'm9999_future', 'x')"
    )
    store.close()
    with pytest.raises(StoreError, match="更新的版本"):
        Store.open(workspace)


def test_foreign_file_is_refused_in_one_line(workspace: Path) -> None:
    workspace.mkdir()
    (workspace / "patrol.db").write_bytes(b"not a database at all, but long enough to be read as one" * 20)
    with pytest.raises(StoreError, match="不是本系统的数据库"):
        Store.open(workspace)


def test_database_of_the_first_version_is_brought_up_to_date_with_its_rows(workspace: Path) -> None:
    workspace.mkdir()
    old = Database(workspace / "patrol.db")
    steps = [step.name for step in MIGRATIONS.pending(old)]
    MIGRATIONS.apply(old, stop_before=steps[1])
    old.execute("INSERT INTO campaigns VALUES ('old', '旧行动', '云川市', '2026-01-15', '2026-02-28', '', '', '2026-01-15')")
    old.close()
    store = Store.open(workspace)
    assert MIGRATIONS.pending(store.database) == []
    assert store.database.execute("SELECT title FROM campaigns").fetchall() == [("旧行动",)]


def test_post_seen_again_with_other_words_before_it_was_indexed(store: Store, campaign: Campaign) -> None:
    begin(store, campaign)
    keep(store, campaign, screening(text="初二数学一对一"))
    keep(store, campaign, screening(text="初三数学一对一，每节200元"))
    assert store.post("https://a.example/1").text == "初三数学一对一，每节200元"


def test_judged_lead_still_shows_the_list_version_it_was_judged_by(store: Store, campaign: Campaign) -> None:
    begin(store, campaign)
    first = screening()
    first = replace(first, match=replace(first.match, list_version="v1"))
    number = keep(store, campaign, first).number
    store.judge(number, Judgement.CONFIRMED, officer="王某", role="巡查员", reason="", at=NOON)
    keep(store, campaign, replace(first, match=replace(first.match, list_version="v2")))
    assert store.lead(number).match.list_version == "v1"
