"""The readers against the mock city, page by page: state, title, author and time as its truth has them."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from fixtures.city import City, Truth
from fixtures.city.extra import WALLS as SEVEN
from fixtures.city.server import Reply, Request
from patrol.model import State
from patrol.platforms import load_platforms
from spiders.reading import Whole, read_whole
from spiders.times import CHINA

NOW = datetime(2027, 1, 20, 4, 0, tzinfo=UTC)
PLATFORMS = ("wuba58", "douyin", "discuz", "wechat_mp", "dianping", "app_store", "live_room", "generic", "baidu")
LOADED = load_platforms(())
FILLED = frozenset(SEVEN)
WALLS = {"captcha", "login", "rate_always", "rate_page", "js_challenge", "client_only", "geo", "not_found", "changed"}


@pytest.fixture(scope="module")
def city() -> City:
    names = (*PLATFORMS, "xiaoe")
    return City({name: f"http://127.0.0.1:{40_000 + number}" for number, name in enumerate(names)}, extra_pages=60)


def answers(city: City, name: str) -> Iterator[tuple[Truth, Reply]]:
    site = city.sites[name]
    for truth in city.truths():
        if truth.platform != name or truth.trouble in {"redirect_loop", "robots", "truncated", "rate_once"}:
            continue
        reply = site.answer(Request("GET", truth.path, {}))
        if not 300 <= reply.status < 400:
            yield truth, reply


def read(truth: Truth, reply: Reply) -> Whole:
    headers = (("Content-Type", reply.content_type),)
    return read_whole(LOADED[truth.platform], reply.body, url=truth.url, status=reply.status, headers=headers, fetched_at=NOW)


@pytest.mark.parametrize("name", PLATFORMS)
def test_every_state_is_the_true_one(city: City, name: str) -> None:
    wrong = [
        (truth.path, truth.state.value, whole.reading.state.value)
        for truth, reply in answers(city, name)
        if (whole := read(truth, reply)).reading.state is not truth.state
    ]
    assert not wrong


@pytest.mark.parametrize("name", PLATFORMS)
def test_title_author_and_time_are_the_true_ones(city: City, name: str) -> None:
    read_pages = 0
    for truth, reply in answers(city, name):
        if truth.kind != "detail" or truth.state is not State.OK:
            continue
        post = read(truth, reply).reading.posts[0]
        at = f"{post.published_at.astimezone(CHINA):%Y-%m-%d %H:%M}" if post.published_at else ""
        wanted = (truth.title or post.title, truth.author or post.author, truth.published[:16] or at)
        assert (post.title, post.author, at) == wanted, truth.path
        read_pages += 1
    assert read_pages > 10


def test_every_wall_is_counted_under_its_kind(city: City) -> None:
    walls: dict[str, set[State]] = {}
    for name in (*PLATFORMS, "xiaoe"):
        for truth, reply in answers(city, name):
            if truth.trouble in WALLS:
                reading = read(truth, reply).reading
                assert reading.state is truth.state, (truth.path, truth.trouble)
                assert not reading.posts
                walls.setdefault(truth.trouble, set()).add(reading.state)
    assert set(walls) == WALLS


def test_of_ten_thousand_pages_every_wall_is_counted_and_no_ordinary_page_is_one() -> None:
    bases = {name: f"http://127.0.0.1:{40_000 + number}" for number, name in enumerate((*PLATFORMS, "xiaoe"))}
    city = City(bases, extra_pages=10_000 // len(PLATFORMS) + 1)
    wanted: Counter[str] = Counter()
    found: Counter[str] = Counter()
    for truth in city.truths():
        if truth.platform == "xiaoe" or truth.kind != "detail" or (truth.trouble and truth.trouble not in FILLED):
            continue
        reply = city.sites[truth.platform].answer(Request("GET", truth.path, {}))
        if 300 <= reply.status < 400:
            continue
        reading = read(truth, reply).reading
        wanted[truth.state.value] += 1
        found[reading.state.value] += 1
        assert reading.state is truth.state, truth.url
        assert bool(reading.posts) is (truth.state is State.OK), truth.url
    assert sum(found.values()) >= 10_000
    assert found == wanted
    walled = {state: number for state, number in found.items() if state == "changed" or state.startswith("blocked.")}
    assert len(walled) == len(FILLED)
    assert 0.04 < sum(walled.values()) / sum(found.values()) < 0.06


@pytest.mark.parametrize("name", ["wuba58", "discuz", "douyin", "dianping", "live_room", "app_store", "wechat_mp", "generic"])
def test_lists_lead_to_every_post_they_show(city: City, name: str) -> None:
    led: set[str] = set()
    for truth, reply in answers(city, name):
        if truth.kind in {"list", "account", "feed"} and truth.state is State.OK:
            led |= {link.url.partition("?")[0] for link in read(truth, reply).reading.links}
    shown = {
        truth.url.partition("?")[0]
        for truth in city.truths()
        if truth.platform == name and truth.kind == "detail" and not truth.also
    }
    assert len(shown & led) >= 0.9 * len(shown)


def test_paid_rows_and_results_are_marked(city: City) -> None:
    for name in ("wuba58", "baidu"):
        marked = [entry.sponsored for truth, reply in answers(city, name) for entry in read(truth, reply).entries]
        assert True in marked
        assert False in marked
