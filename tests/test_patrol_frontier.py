"""The frontier: each address once, acknowledged once, nothing lost whoever dies. In a file and on Redis, the same."""

import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from patrol.errors import BadInput, StoreError
from patrol.frontier import Frontier, Lane, Planned, open_frontier
from patrol.frontier.shared import SharedFrontier
from patrol.model import State
from patrol.settings import load
from tests.redis_server import emptied, redis_server

RUN = "run-1"
Either = Frontier | SharedFrontier


class Clock:
    """A clock that moves when told."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with redis_server(tmp_path_factory.mktemp("redis")) as url:
        yield url


@pytest.fixture
def file_frontier(tmp_path: Path, clock: Clock) -> Iterator[Frontier]:
    opened = Frontier.open(tmp_path, clock=clock, rest_seconds=900)
    yield opened
    opened.close()


@pytest.fixture
def shared_frontier(server: str, clock: Clock) -> Iterator[SharedFrontier]:
    opened = SharedFrontier.open(emptied(server), clock=clock, rest_seconds=900)
    yield opened
    opened.close()


@pytest.fixture(params=["file_frontier", "shared_frontier"])
def frontier(request: pytest.FixtureRequest) -> Frontier | SharedFrontier:
    chosen: Frontier | SharedFrontier = request.getfixturevalue(request.param)
    return chosen


def page(number: int, host: str = "a.example", **more: object) -> Planned:
    return Planned(url=f"http://{host}/{number}", source="s", **more)  # type: ignore[arg-type]


def at_most(number: int) -> Callable[[Lane], int]:
    return lambda _: number


anything = at_most(100)


def test_an_address_is_planned_once_in_a_run(frontier: Either) -> None:
    assert frontier.add(RUN, [page(1), page(2), page(1)]) == 2
    assert frontier.add(RUN, [page(2), page(3)]) == 1
    assert frontier.add("another", [page(1)]) == 1
    assert frontier.tally(RUN).planned == 3


def test_a_leased_page_is_not_given_out_again(frontier: Either) -> None:
    frontier.add(RUN, [page(1)])
    assert [lease.url for lease in frontier.lease(RUN, "http", anything)] == ["http://a.example/1"]
    assert frontier.lease(RUN, "http", anything) == []


def test_better_priority_comes_first_then_the_older_page(frontier: Either) -> None:
    frontier.add(RUN, [page(1, priority=1), page(2, priority=9), page(3, priority=9)])
    assert [lease.url[-1] for lease in frontier.lease(RUN, "http", anything)] == ["2", "3", "1"]


def test_a_slow_site_does_not_hold_up_the_others(frontier: Either) -> None:
    frontier.add(RUN, [page(n, "slow.example") for n in range(50)] + [page(1, "quick.example")])
    urls = {lease.url for lease in frontier.lease(RUN, "http", at_most(2))}
    assert urls == {"http://slow.example/0", "http://slow.example/1", "http://quick.example/1"}


def test_acknowledging_plans_the_links_in_the_same_step(frontier: Either) -> None:
    frontier.add(RUN, [page(1)])
    (lease,) = frontier.lease(RUN, "http", anything)
    assert frontier.finish(RUN, lease.key, State.OK, [page(2), page(1)]) == 1
    assert frontier.tally(RUN).open == 1
    assert frontier.tally(RUN).states == {"ok": 1}


def test_acknowledging_twice_changes_nothing(frontier: Either) -> None:
    frontier.add(RUN, [page(1)])
    (lease,) = frontier.lease(RUN, "http", anything)
    frontier.finish(RUN, lease.key, State.OK)
    assert frontier.finish(RUN, lease.key, State.NETWORK, [page(9)]) == 0
    assert frontier.tally(RUN).states == {"ok": 1}
    assert frontier.tally(RUN).planned == 1


def test_a_deferred_page_waits_its_time(frontier: Either, clock: Clock) -> None:
    frontier.add(RUN, [page(1)])
    (lease,) = frontier.lease(RUN, "http", anything)
    frontier.defer(RUN, lease.key, 30, state=State.NETWORK)
    assert frontier.lease(RUN, "http", anything) == []
    assert frontier.due(RUN, "http", before=clock.now + 60) == pytest.approx(clock.now + 30)
    assert frontier.due(RUN, "http", before=clock.now + 10) is None
    clock.now += 31
    assert [again.attempts for again in frontier.lease(RUN, "http", anything)] == [2]


def test_retry_after_holds_every_page_of_the_site_and_no_other(frontier: Either, clock: Clock) -> None:
    frontier.add(RUN, [page(1), page(2), page(1, "b.example")])
    (first,) = frontier.lease(RUN, "http", lambda lane: lane.site == "a.example")
    frontier.defer(RUN, first.key, 20, state=State.BLOCKED_RATE, whole_site=True)
    assert [lease.url for lease in frontier.lease(RUN, "http", anything)] == ["http://b.example/1"]
    clock.now += 21
    assert len(frontier.lease(RUN, "http", anything)) == 2


def test_a_site_that_blocks_five_pages_in_a_row_is_closed_and_its_rest_named(frontier: Either) -> None:
    frontier.add(RUN, [page(n) for n in range(20)])
    for lease in frontier.lease(RUN, "http", at_most(5)):
        frontier.finish(RUN, lease.key, State.BLOCKED_CAPTCHA)
    assert frontier.lease(RUN, "http", anything) == []
    assert frontier.due(RUN, "http", before=float("inf")) is None
    left = frontier.leftovers(RUN)
    assert len(left) == 15
    assert {(state, reason) for _, state, reason in left} == {(State.BLOCKED_CAPTCHA, "该网站连续多页“须验证码”，已停止访问")}


def test_a_good_page_between_walls_keeps_the_site_open(frontier: Either) -> None:
    frontier.add(RUN, [page(n) for n in range(20)])
    for turn in range(16):
        (lease,) = frontier.lease(RUN, "http", at_most(1))
        frontier.finish(RUN, lease.key, State.OK if turn % 4 == 3 else State.BLOCKED_LOGIN)
    assert frontier.lease(RUN, "http", anything)


def test_refusals_by_robots_never_close_a_site(frontier: Either) -> None:
    frontier.add(RUN, [page(n) for n in range(20)])
    for lease in frontier.lease(RUN, "http", at_most(10)):
        frontier.finish(RUN, lease.key, State.BLOCKED_ROBOTS)
    assert frontier.lease(RUN, "http", anything)


def test_a_site_that_blocked_rests_across_runs_and_longer_the_second_time(frontier: Either, clock: Clock) -> None:
    def trip(run: str) -> None:
        frontier.add(run, [page(n) for n in range(6)])
        for lease in frontier.lease(run, "http", at_most(5)):
            frontier.finish(run, lease.key, State.BLOCKED_RATE)

    trip("monday")
    frontier.add("tuesday", [page(1)])
    assert frontier.lease("tuesday", "http", anything) == []
    assert [reason for *_, reason in frontier.leftovers("tuesday")] == [
        "该网站在此前的巡查中连续多页“访问受限（频率）”，已停止访问"
    ]
    clock.now += 901
    trip("wednesday")
    clock.now += 901
    frontier.add("thursday", [page(1)])
    assert frontier.lease("thursday", "http", anything) == []
    clock.now += 2700
    assert frontier.lease("thursday", "http", anything)


def test_pages_over_the_budget_are_left_with_their_reason(frontier: Either) -> None:
    frontier.add(RUN, [page(1)])
    assert [(state, reason) for _, state, reason in frontier.leftovers(RUN)] == [(State.BUDGET, "超出本次额度或时间，未取")]


def test_requests_of_a_day_are_counted_over_runs_until_midnight_in_china(frontier: Either, clock: Clock) -> None:
    clock.now = 1_800_028_740.0  # 23:59 in China
    frontier.add(RUN, [page(n) for n in range(3)])
    frontier.lease(RUN, "http", anything)
    assert frontier.requests_today("a.example") == 3
    clock.now += 120
    assert frontier.requests_today("a.example") == 0


def test_a_page_can_be_handed_to_the_browser(frontier: Either) -> None:
    frontier.add(RUN, [page(1)])
    (lease,) = frontier.lease(RUN, "http", anything)
    frontier.place(RUN, lease.key, platform="xiaoe", mode="browser")
    assert frontier.lease(RUN, "http", anything) == []
    (again,) = frontier.lease(RUN, "browser", anything)
    assert (again.platform, again.attempts) == ("xiaoe", 1)


HOLDER = textwrap.dedent("""
    import sys
    from patrol.frontier import open_frontier
    from patrol.settings import load
    held = open_frontier(load({}, workspace=sys.argv[1], frontier_url=sys.argv[2])).lease("run-1", "http", lambda _: 3)
    print(len(held), flush=True)
    sys.stdin.read()
""")


@pytest.mark.parametrize("shared", [False, True])
def test_what_a_killed_process_held_is_given_out_again_at_once(tmp_path: Path, server: str, shared: bool) -> None:
    url = emptied(server) if shared else ""
    frontier = open_frontier(load({}, workspace=str(tmp_path), frontier_url=url))
    frontier.add(RUN, [page(n) for n in range(5)])
    command = [sys.executable, "-c", HOLDER, str(tmp_path), url]
    holder = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "3\n"
    assert frontier.reclaim(RUN) == 0
    # a shared site is visited by one holder at a time
    assert len(frontier.lease(RUN, "http", anything)) == (0 if shared else 2)
    assert frontier.held_by_others(RUN) == 3
    holder.kill()
    holder.wait()
    assert frontier.reclaim(RUN) == 3
    assert len(frontier.lease(RUN, "http", anything)) == (5 if shared else 3)
    frontier.close()


def test_a_shared_frontier_that_cannot_be_reached_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="frontier_url"):
        open_frontier(load({}, workspace=str(tmp_path), frontier_url="redis://127.0.0.1:9/0"))


def test_an_address_that_is_no_server_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="redis://"):
        open_frontier(load({}, workspace=str(tmp_path), frontier_url="待取清单"))


def test_a_page_that_kills_its_reader_again_and_again_is_put_aside(
    file_frontier: Frontier, monkeypatch: pytest.MonkeyPatch
) -> None:
    frontier = file_frontier
    frontier.add(RUN, [page(1)])
    monkeypatch.setattr("patrol.frontier.queue.is_dead", lambda _: True)
    for _ in range(20):
        frontier.lease(RUN, "http", anything)
        frontier.reclaim(RUN)
    assert frontier.lease(RUN, "http", anything) == []
    assert [reason for *_, reason in frontier.leftovers(RUN)] == ["多次读取均未完成，已放弃"]


def test_a_file_that_is_not_ours_is_refused(tmp_path: Path) -> None:
    (tmp_path / "frontier.db").write_bytes(b"not a database" * 100)
    with pytest.raises(StoreError, match="已损坏"):
        Frontier.open(tmp_path)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from(["lease", "finish", "defer", "reclaim", "add", "place"]), max_size=40))
def test_planned_is_always_ended_plus_open(steps: list[str]) -> None:
    clock = Clock()
    with tempfile.TemporaryDirectory() as folder:
        frontier = Frontier.open(Path(folder), clock=clock)
        held: list[str] = []
        for number, step in enumerate(steps):
            clock.now += 10
            if step == "add":
                frontier.add(RUN, [page(number % 7), page(number % 5, "b.example")])
            elif step == "lease":
                held += [lease.key for lease in frontier.lease(RUN, "http", at_most(2))]
            elif step == "finish" and held:
                frontier.finish(RUN, held.pop(), State.OK if number % 2 else State.NETWORK, [page(number)])
            elif step == "defer" and held:
                frontier.defer(RUN, held.pop(), 5, state=State.NETWORK)
            elif step == "place" and held:
                frontier.place(RUN, held.pop(), platform="x", mode="http")
            else:
                frontier.reclaim(RUN)
            tally = frontier.tally(RUN)
            open_pages = sum(frontier.open_modes(RUN).values())
            assert tally.open == open_pages
        frontier.close()
