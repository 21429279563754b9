"""A run's counts become issues: blocked, broken and empty sources are named, and closed when they mend."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from detectors.model import Detection
from patrol.commands.source import app
from patrol.model import Batch, Campaign, Issue, Link, Match, Post, Reading, Run, Screening, State, Verdict, Visit
from patrol.monitors import check_run, standing, troubles
from patrol.platforms import load_platform
from patrol.store import Store
from patrol.store.clock import ClockBook
from patrol.store.health import FIELDS

NOW = datetime(2027, 1, 20, 8, tzinfo=UTC)
QUIET = Detection(violation=False, score=0.0, ad_violation=False, rules_version="v1")
NO_LIST = Match(query="", verdict=Verdict.NO_LIST)


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
    assert issue.threshold_why.startswith("受阻的网页应不超过30%，实际50%：")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store.open(tmp_path)
    yield opened
    opened.close()


def test_an_issue_repeats_once_and_closes_when_the_source_is_well(store: Store) -> None:
    campaign = winter_campaign()
    store.save_campaign(campaign, "", NOW)
    bad = run_of({"fetched": 10, "posts": 3, "ok": 5, "blocked.captcha": 5})
    check_run(store, campaign, bad)
    check_run(store, campaign, bad)
    assert [(issue.cause, issue.times) for issue in store.issues("winter")] == [("blocked", 2)]
    check_run(store, campaign, replace(bad, outcome="stopped", counts={"waiting": 3}))
    assert {issue.cause for issue in store.issues("winter")} == {"blocked", "unfinished"}
    check_run(store, campaign, run_of({"fetched": 10, "posts": 9, "ok": 10}))
    assert store.issues("winter") == []


def winter_campaign() -> Campaign:
    batch = Batch(number=1, start=date(2027, 1, 15), end=date(2027, 1, 29), due=date(2027, 1, 30))
    return Campaign(
        id="winter",
        title="寒假巡查",
        region="云川市",
        start=batch.start,
        end=batch.end,
        batches=(batch,),
        summary_due=batch.due,
        unit="",
        leader="",
        phone="",
    )


WELL = {"ok": 20, "fetched": 20, "posts": 18, "leads": 4, "list_pages": 2, "items": 40, "seen": 18} | {
    f"field.{name}": 18 for name in FIELDS
}


def days(number: int, **changed: int) -> list[Run]:
    """Return runs of the days before NOW, the newest first."""
    return [
        Run(
            id=f"p{day}",
            campaign="winter",
            source="wuba58",
            started_at=NOW - timedelta(days=day),
            ended_at=NOW - timedelta(days=day) + timedelta(minutes=2),
            outcome="finished",
            counts={**WELL, **changed},
        )
        for day in range(1, number + 1)
    ]


def seen_against_history(past: list[Run], *, minutes: float = 2, **changed: int) -> dict[str, Issue]:
    run = replace(run_of({**WELL, **changed}), ended_at=NOW + timedelta(minutes=minutes))
    return {issue.cause: issue for issue in troubles(run, NOW, past=past, platform=load_platform("wuba58"))}


@pytest.mark.parametrize(
    ("changed", "minutes", "cause", "word"),
    [
        ({"items": 4}, 2, "items", "平时每个列表页20.0条"),
        ({"field.published": 3}, 2, "fields", "发布时间只有17%读出"),
        ({"ok": 4, "fetched": 4, "posts": 4, "seen": 4}, 0.4, "pages", "只取到4页，平时20页"),
        ({}, 8, "slow", "平均每页24.0秒，平时6.0秒"),
        ({"leads": 0}, 2, "", ""),
    ],
)
def test_a_run_is_held_against_its_own_history(changed: dict[str, int], minutes: float, cause: str, word: str) -> None:
    found = seen_against_history(days(6), minutes=minutes, **changed)
    assert list(found) == ([cause] if cause else [])
    if cause:
        assert word in found[cause].text + found[cause].threshold_why
        assert "：" in found[cause].threshold_why or "（" in found[cause].threshold_why


def test_few_runs_are_no_history() -> None:
    assert seen_against_history(days(2), items=4, leads=0) == {}


def test_silence_is_a_trouble_only_when_it_can_hardly_be_chance() -> None:
    quiet, usual = days(3, leads=0), [replace(run, id=f"u{run.id}") for run in days(5, leads=2)]
    assert seen_against_history(quiet[:1] + usual, leads=0) == {}
    found = seen_against_history(quiet + usual, leads=0)
    assert list(found) == ["no_leads"]
    assert "连续4次没有一条线索" in found["no_leads"].text


def test_a_quiet_source_is_told_from_a_blocked_one() -> None:
    assert standing(run_of(WELL | {"leads": 0}), []) == "正常，看到的网页中没有线索"
    blocked = run_of({"fetched": 9, "blocked.captcha": 9})
    assert standing(blocked, list(troubles(blocked, NOW))).startswith("有问题：9页中有9页受阻")


def test_platform_known_to_be_closed_is_not_news_every_day() -> None:
    closed = load_platform("xiaohongshu")
    assert closed.policy.closed
    assert list(troubles(run_of({"fetched": 9, "posts": 1, "ok": 1, "blocked.login": 8}), NOW, platform=closed)) == []


class Source:
    """A source that is patrolled once a day; its days are told by their counts."""

    def __init__(self, store: Store) -> None:
        self.store, self.campaign = store, winter_campaign()
        store.save_campaign(self.campaign, "", NOW)
        store.database.execute("PRAGMA synchronous=OFF")

    def day(self, number: int, *, posts: int = 14, dated: bool = True, entries: tuple[int, ...] = (), **states: int) -> None:
        start = datetime(2027, 1, 14, 18, tzinfo=UTC) + timedelta(days=number)
        fetched = sum(states.values())
        run = Run(id=f"day{number}", campaign="winter", source="wuba58", started_at=start)
        self.store.start_run(run)
        for index in range(posts):
            shown = "01月16日" if dated else ""
            post = Post(
                key=f"https://wuba.example/{index}",
                platform="wuba58",
                url=f"https://wuba.example/{index}",
                title="数学提高",
                text=f"第{index}条：寒假数学提高，一对一",
                author=f"老师{index}",
                published_shown=shown,
            )
            screening = Screening(post=post, detection=QUIET, match=NO_LIST, screened_at=start + timedelta(seconds=index))
            self.store.record_screening(screening, run=run.id, campaign=self.campaign, source="wuba58", device="")
        for page, items in enumerate(entries):
            visit = Visit(
                url=f"https://wuba.example/list/{page}", source="wuba58", state=State.OK, at=start, kind="list", items=items
            )
            self.store.record_visit(visit, run=run.id, campaign="winter")
        counts = {"fetched": fetched, "posts": posts, **{name.replace("__", "."): count for name, count in states.items()}}
        ended = replace(run, ended_at=start + timedelta(seconds=30 * fetched), outcome="finished", counts=counts)
        self.store.end_run(ended)
        check_run(self.store, self.campaign, ended)

    def open_causes(self) -> set[str]:
        return {issue.cause for issue in self.store.issues("winter")}


def test_a_source_that_changes_is_blocked_and_recovers_is_told_day_by_day(store: Store) -> None:
    source, told = Source(store), dict[int, set[str]]()
    for day in range(1, 13):
        states: dict[str, Any] = {"ok": 20}
        if 3 <= day < 5:
            states = {"ok": 14, "changed": 6}
        elif 5 <= day < 9:
            states = {"ok": 2, "blocked__captcha": 18}
        source.day(day, posts=1 if 5 <= day < 9 else 14, dated=not 3 <= day < 5, **states)
        told[day] = source.open_causes()
    assert told[2] == set()
    assert told[3] == told[4] == {"changed", "fields"}
    # behind a wall nobody sees whether the layout was mended
    assert told[5] == told[8] == {"changed", "fields", "blocked"}
    assert told[9] == told[12] == set()
    assert len(store.issues("winter", open_only=False)) == 3
    assert all(issue.closed_at for issue in store.issues("winter", open_only=False))
    notices = Counter((day, cause) for day, cause, _ in ClockBook(store).notices())
    assert set(notices.values()) == {1}
    causes_of = {
        day: {cause.split(":")[-1] for at, cause in notices if at == f"2027-01-{14 + day + 1:02d}"} for day in (3, 5, 8, 9, 10)
    }
    assert causes_of[3] == {"changed", "fields"}
    assert causes_of[5] == causes_of[8] == {"blocked"}
    assert causes_of[9] == {"changed", "fields", "blocked"}
    assert causes_of[10] == set()
    mended = [text for day, _, text in ClockBook(store).notices() if day == "2027-01-24"]
    assert all("已恢复" in text for text in mended)


def test_a_second_run_of_a_day_repeats_the_issue_but_not_the_notice(store: Store) -> None:
    campaign = winter_campaign()
    store.save_campaign(campaign, "", NOW)
    bad = run_of({"fetched": 10, "posts": 3, "ok": 5, "blocked.captcha": 5})
    check_run(store, campaign, bad)
    check_run(store, campaign, bad)
    assert len(ClockBook(store).notices()) == 1
    assert store.issues("winter")[0].times == 2


def test_fewer_entries_accepted_by_an_officer_are_the_normal_from_then_on(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = Source(store)
    for day in range(1, 6):
        source.day(day, posts=20, dated=True, ok=20, entries=(20, 20))
    source.day(6, posts=4, dated=True, ok=5, entries=(2, 2))
    assert source.open_causes() == {"items", "pages"}
    monkeypatch.setenv("PATROL_WORKSPACE", str(tmp_path))
    accept = ["accept", "wuba58", "--officer", "王某", "--reason", "人工打开4页，版块确已缩减"]
    done = CliRunner().invoke(app, accept)
    assert done.exit_code == 0, done.output
    assert "每个列表页2.0条" in done.output
    assert done.output.count("已关闭：") == 2
    assert source.open_causes() == set()
    source.day(7, posts=4, dated=True, ok=5, entries=(2, 2))
    assert source.open_causes() == set()
    # what falls far below the new normal is told again
    source.day(8, posts=1, dated=True, ok=5, entries=(1, 0))
    assert source.open_causes() == {"items"}
    assert CliRunner().invoke(app, ["accept", "wuba58", "--officer", "王某", "--undo"]).exit_code == 0
    source.day(9, posts=4, dated=True, ok=5, entries=(2, 2))
    assert "pages" in source.open_causes()


def test_a_wall_is_never_accepted_as_normal(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = Source(store)
    monkeypatch.setenv("PATROL_WORKSPACE", str(tmp_path))
    accept = ["accept", "wuba58", "--officer", "王某"]
    assert "还没有做完的巡查" in str(CliRunner().invoke(app, [*accept, "--reason", "看过"]).exception)
    source.day(1, posts=1, dated=True, ok=2, blocked__captcha=18)
    assert "看不到的不能确认为正常" in str(CliRunner().invoke(app, [*accept, "--reason", "看过"]).exception)
    assert "怎样核实" in str(CliRunner().invoke(app, accept).exception)
    assert "没有可撤回的确认" in str(CliRunner().invoke(app, [*accept, "--undo"]).exception)
    assert source.open_causes() == {"blocked"}


@pytest.mark.parametrize(("kind", "entries"), [("list", 3), ("search", 3), ("detail", 0)])
def test_a_list_holds_what_it_leads_to_though_nothing_is_read_on_it(kind: str, entries: int) -> None:
    leads_to = ("detail", "detail", "account", "list", "image")
    links = tuple(Link(url=f"https://wuba.example/{at}", kind=to) for at, to in enumerate(leads_to))
    assert Reading(platform="wuba58", state=State.OK, kind=kind, links=links).entries == entries
