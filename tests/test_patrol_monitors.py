"""A run's counts become issues: blocked, broken and empty sources are named, and closed when they mend."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from patrol.model import Batch, Campaign, Run
from patrol.monitors import check_run, troubles
from patrol.store import Store

NOW = datetime(2027, 1, 20, 8, tzinfo=UTC)


def run_of(counts: Mapping[str, int], outcome: str = "finished", error: str = "") -> Run:
    return Run(
        id="r1", campaign="winter", source="wuba58", started_at=NOW, ended_at=NOW, outcome=outcome, counts=counts, error=error
    )


def causes(counts: Mapping[str, int], outcome: str = "finished") -> list[str]:
    return [issue.cause for issue in troubles(run_of(counts, outcome), NOW)]


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ({"fetched": 60, "posts": 50, "ok": 55, "blocked.captcha": 2, "blocked.robots": 3}, []),
        ({"fetched": 60, "posts": 20, "ok": 30, "blocked.captcha": 20, "blocked.login": 10}, ["blocked"]),
        ({"fetched": 60, "posts": 20, "ok": 50, "changed": 10}, ["changed"]),
        ({"fetched": 60, "posts": 20, "ok": 30, "failed.network": 20, "failed.server": 10}, ["failed"]),
        ({"fetched": 12, "posts": 0, "ok": 12}, ["no_posts"]),
        ({"fetched": 2, "posts": 1, "ok": 1, "blocked.login": 1}, []),
        ({"fetched": 0, "planned": 9, "skipped.budget": 9}, ["nothing_fetched"]),
        ({}, ["nothing_fetched"]),
    ],
)
def test_troubles_are_told_from_counts(counts: Mapping[str, int], expected: list[str]) -> None:
    assert causes(counts) == expected


def test_robots_alone_is_no_trouble_of_the_source() -> None:
    assert causes({"fetched": 10, "posts": 1, "ok": 1, "blocked.robots": 9}) == []


def test_a_run_that_did_not_end_says_so_with_its_error() -> None:
    (issue,) = troubles(run_of({"waiting": 7}, "failed", "磁盘空间不足"), NOW)
    assert (issue.cause, issue.text) == ("unfinished", "磁盘空间不足；还有7页未取")


def test_an_issue_names_its_numbers_and_its_threshold() -> None:
    (issue,) = troubles(run_of({"fetched": 10, "posts": 3, "ok": 5, "blocked.captcha": 3, "blocked.login": 2}), NOW)
    assert issue.text == "10页中有5页受阻（须登录2页、须验证码3页），这些页不能算作“未发现”"
    assert issue.threshold_why == "受阻的网页应不超过30%，实际50%"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store.open(tmp_path)
    yield opened
    opened.close()


def test_an_issue_repeats_once_and_closes_when_the_source_is_well(store: Store) -> None:
    batch = Batch(number=1, start=date(2027, 1, 15), end=date(2027, 1, 29), due=date(2027, 1, 30))
    campaign = Campaign(
        id="winter",
        title="寒假",
        region="云川市",
        start=batch.start,
        end=batch.end,
        batches=(batch,),
        summary_due=batch.due,
        unit="",
        leader="",
        phone="",
    )
    store.save_campaign(campaign, "", NOW)
    bad = run_of({"fetched": 10, "posts": 3, "ok": 5, "blocked.captcha": 5})
    check_run(store, campaign, bad)
    check_run(store, campaign, bad)
    assert [(issue.cause, issue.times) for issue in store.issues("winter")] == [("blocked", 2)]
    check_run(store, campaign, replace(bad, outcome="stopped", counts={"waiting": 3}))
    assert {issue.cause for issue in store.issues("winter")} == {"blocked", "unfinished"}
    check_run(store, campaign, run_of({"fetched": 10, "posts": 9, "ok": 10}))
    assert store.issues("winter") == []
