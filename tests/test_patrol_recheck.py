"""Leads are looked at again at their days; what is gone, standing or not seen is told apart; watch sweeps visit accounts."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from detectors.model import Detection
from patrol import settings as settings_module
from patrol.campaigns import load_campaign
from patrol.cli import command_line
from patrol.handling import Look, Measure
from patrol.model import Campaign, Judgement, Lead, Match, Post, Screening, SourceChoice, State, Verdict
from patrol.recheck import recheck
from patrol.recheck_days import due_day, due_leads
from patrol.settings import Settings
from patrol.spider_job import atlas_of
from patrol.store import Store
from patrol.store.clock import ClockBook
from patrol.store.handling import HandlingBook
from patrol.vault import Vault, verify
from patrol.watching import watch_addresses
from tests.crawling import town_job
from tests.town import Town, goes_to, says

PATHS = ("/p/1", "/gone", "/wall", "/away")
FOUND = datetime(2027, 1, 20, 4, tzinfo=UTC)
WHOLE = Detection(violation=True, score=0.9, ad_violation=False, categories=("subject_ad",), rules_version="v1")
CONFIRMED, UNREVIEWED = Judgement.CONFIRMED, Judgement.UNREVIEWED


def lead_of(store: Store, campaign: Campaign, url: str, *, author: str = "u1", links: tuple[str, ...] = ()) -> Lead:
    post = Post(key=url, platform="town", url=url, title="数学", text=f"寒假数学一对一 {url}", author_id=author, links=links)
    screening = Screening(
        post=post, detection=WHOLE, match=Match(query="", verdict=Verdict.NO_LIST), screened_at=FOUND, grade="subject"
    )
    lead = store.record_screening(screening, run="r", campaign=campaign, source="town", device="")
    assert lead is not None
    return lead


def judged(store: Store, lead: Lead, judgement: Judgement) -> Lead:
    store.judge(lead.number, judgement, officer="王某", role="first", reason="", at=FOUND)
    return store.lead(lead.number)


@pytest.fixture
def open_store(store: Store) -> Iterator[Store]:
    yield store
    store.close()


def look(state: State, day: int) -> Look:
    return Look(lead="x", at=datetime(2027, 2, day, 4, tzinfo=UTC), state=state)


def referred(due: date | None) -> Measure:
    return Measure(lead="x", kind="refer", at=date(2027, 2, 1), due=due)


@pytest.mark.parametrize(
    ("judgement", "looks", "measures", "day"),
    [
        (UNREVIEWED, [], [], None),
        (CONFIRMED, [], [], date(2027, 2, 2)),  # three days after its batch is due
        (UNREVIEWED, [], [referred(date(2027, 2, 10))], date(2027, 2, 11)),
        (UNREVIEWED, [], [referred(None)], date(2027, 2, 8)),
        (CONFIRMED, [look(State.OK, 3)], [], date(2027, 2, 10)),
        (CONFIRMED, [look(State.BLOCKED_CAPTCHA, 3)], [], date(2027, 2, 4)),
        (CONFIRMED, [look(State.GONE_DELETED, 3)], [], date(2027, 2, 6)),
        (CONFIRMED, [look(State.GONE_DELETED, 3), look(State.GONE_DELETED, 6)], [], date(2027, 3, 8)),
        (CONFIRMED, [look(State.GONE_DELETED, d) for d in (3, 6, 28)], [], None),
        (CONFIRMED, [look(State.GONE_DELETED, 3), look(State.OK, 6)], [], date(2027, 2, 13)),
        (Judgement.DISMISSED, [], [referred(None)], None),
    ],
)
def test_the_day_of_the_next_look(
    open_store: Store, campaign: Campaign, judgement: Judgement, looks: list[Look], measures: list[Measure], day: date | None
) -> None:
    lead = replace(lead_of(open_store, campaign, "http://a.example/1"), judgement=judgement)
    assert due_day(lead, campaign, looks, measures) == day


def town_settings(workspace: Path, base: str) -> Settings:
    return town_job(workspace, base, ocr=False, min_free_mb=1).settings


def test_looks_tell_standing_gone_and_blocked_apart(workspace: Path, campaign: Campaign, open_store: Store) -> None:
    answers = {"/gone": says("没有这个网页", 404), "/wall": says("请稍后再试", 429), "/away": goes_to("/p/0")}
    with Town(3, answers) as town:
        given = town_settings(workspace, town.base)
        moved = replace(campaign, sources=(SourceChoice(name="town", base=town.base),))
        leads = [judged(open_store, lead_of(open_store, moved, f"{town.base}{path}"), CONFIRMED) for path in PATHS]
        assert [lead.number for lead in due_leads(open_store, moved, date(2027, 2, 2))] == [lead.number for lead in leads]
        result = recheck(open_store, moved, given, leads)
        assert town.hits["/p/2"] == 0  # a second look goes no further than the page itself
    looks = {one.lead: one for one in HandlingBook(open_store).looks(campaign.id)}
    assert looks[leads[0].number].present
    assert looks[leads[1].number].gone
    wall = looks.get(leads[2].number)
    assert wall is None or not (wall.present or wall.gone)
    assert looks[leads[3].number].words == "页面能打开，原内容不在，待核"
    assert result.sentence == "复查4条：仍在1条，已消失1条，未能看清2条"
    assert any(result.sentence in text for _, _, text in ClockBook(open_store).notices())
    today = datetime.now(UTC).date()
    assert leads[0].number not in {lead.number for lead in due_leads(open_store, moved, today + timedelta(days=2))}
    check_evidence(Vault.of(given), looks, leads)


def check_evidence(vault: Vault, looks: dict[str, Look], leads: list[Lead]) -> None:
    """What was seen, standing or gone, has a picture of its own day; a wall has none."""
    if not vault.numbers():
        pytest.skip("no browser on this machine; `patrol doctor --mend` brings one")
    for lead, status in zip(leads[:2], (200, 404), strict=True):
        number = looks[lead.number].evidence
        assert number.startswith(f"{lead.evidence}-F")
        (manifest,) = vault.manifests(number)
        assert manifest.browser is not None
        assert manifest.browser.status == status
        assert "full_page" in {entry.role for entry in manifest.files}
        rows = [row for row in vault.ledger.rows() if row.number == lead.evidence and row.action == "recheck"]
        assert [row.detail["evidence"] for row in rows] == [number]
    assert leads[2].number not in looks or looks[leads[2].number].evidence == ""
    assert verify(vault.root).ok


def test_watch_visits_pages_accounts_and_what_else_they_published(workspace: Path, campaign: Campaign, open_store: Store) -> None:
    town_job(workspace, "http://a.example")
    first = lead_of(open_store, campaign, "http://a.example/1")
    quiet = Post(key="http://a.example/2", platform="town", url="http://a.example/2", text="其他", author_id="u1")
    screening = Screening(
        post=quiet,
        detection=Detection(violation=False, score=0, ad_violation=False),
        match=Match(query="", verdict=Verdict.NO_LIST),
        screened_at=FOUND,
    )
    open_store.record_screening(screening, run="r", campaign=campaign, source="town", device="")
    judged(open_store, lead_of(open_store, campaign, "http://a.example/3", author="u3"), Judgement.DISMISSED)
    link = "https://tieba.baidu.com/home/main?id=abc"
    lead_of(open_store, campaign, "https://tieba.baidu.com/p/77", author="u4", links=(link, "https://tieba.baidu.com/p/78"))
    found = watch_addresses(open_store, campaign, workspace)
    assert {first.url, "http://a.example/2", "https://tieba.baidu.com/p/77", link} == set(found)


def test_watch_visits_the_site_and_the_shop_that_a_lead_led_to(workspace: Path, campaign: Campaign, open_store: Store) -> None:
    course, page = "https://app1.h5.xiaoeknow.com/p/course/video/v_1", "https://www.qiming.example/zhaosheng/7.html"
    lead_of(open_store, campaign, course)
    lead_of(open_store, campaign, page)
    found = watch_addresses(open_store, campaign, workspace)
    assert set(found) == {course, page, "https://app1.h5.xiaoeknow.com/p/decorate/homepage", "https://www.qiming.example/"}


def test_watch_sweep_runs_from_the_command(
    workspace: Path, campaign_file: Path, open_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings_module, "_CHOSEN", {})
    monkeypatch.setenv("PATROL_ALLOW_LOOPBACK", "1")
    monkeypatch.setenv("PATROL_PACE_FACTOR", "0")
    monkeypatch.setenv("PATROL_MIN_FREE_MB", "1")
    with Town(1) as town:
        town_job(workspace, town.base)
        lead_of(open_store, load_campaign(campaign_file), f"{town.base}/p/0")
        command = ["--workspace", str(workspace), "sweep", "--campaign", str(campaign_file), "--watch", "--json"]
        done = CliRunner().invoke(command_line(), command)
        assert done.exit_code == 0, done.output
        assert town.hits["/p/0"] == 1
    told = json.loads(done.stdout)
    assert [(one["source"], one["covered"]) for one in told["sources"]] == [("watch", 1)]


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://tieba.baidu.com/p/77", "tieba"),
        ("https://www.baidu.com/s?wd=a", "baidu"),
        ("https://weixin.sogou.com/weixin?query=a", "sogou_weixin"),
        ("https://nobody.example/", "generic"),
    ],
)
def test_an_address_belongs_to_the_platform_with_the_longest_host(
    workspace: Path, campaign: Campaign, url: str, name: str
) -> None:
    assert atlas_of(campaign, workspace).of_url(url).name == name
