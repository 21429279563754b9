"""The guard of plain HTTP fetching: before connecting by address, at connecting by number."""

import socket
from pathlib import Path

import pytest
from scrapy import Request

from patrol.crawl import run_spider
from patrol.errors import UnsafeAddress
from spiders.guard import ConnectGuard, GuardMiddleware
from tests.crawling import reasons_of, states_of, town_job
from tests.town import Town


class Reactor:
    """Remember what was dialled."""

    def __init__(self) -> None:
        self.dialled: list[tuple[str, int]] = []

    def connectTCP(self, host: str, port: int, *_: object, **__: object) -> str:  # noqa: N802 - Twisted's name
        self.dialled.append((host, port))
        return "connector"


def test_what_is_dialled_is_judged_at_that_moment() -> None:
    reactor = Reactor()
    ConnectGuard(reactor, allow_loopback=False)
    assert reactor.connectTCP("8.8.8.8", 80) == "connector"
    for host in ("127.0.0.1", "::1", "169.254.169.254", "10.0.0.1", "::ffff:10.0.0.1", "a.example"):
        with pytest.raises(UnsafeAddress):
            reactor.connectTCP(host, 80)
    assert reactor.dialled == [("8.8.8.8", 80)]


def test_an_internal_address_never_becomes_a_request() -> None:
    guard = GuardMiddleware(allow_loopback=False)
    with pytest.raises(UnsafeAddress):
        guard.process_request(Request("http://0x7f.1/"))
    guard.process_request(Request("http://a.example/"))


def test_without_the_setting_this_machine_is_not_visited(tmp_path: Path) -> None:
    with Town(3) as town:
        run_spider(town_job(tmp_path, town.base, allow_loopback=False))
        assert sum(town.hits.values()) == 0
    assert states_of(tmp_path, town.base) == {"/p/0": "failed.unsafe_address"}


def test_a_name_that_resolves_to_this_machine_is_refused_at_connecting(tmp_path: Path) -> None:
    name = socket.gethostname()
    try:
        socket.gethostbyname(name)
    except OSError:
        pytest.skip("this machine does not resolve its own name")
    url = f"http://{name}:9/"
    run_spider(town_job(tmp_path, "http://127.0.0.1:9", start=[url], allow_loopback=False, obey_robots=False))
    assert states_of(tmp_path, "") == {url: "failed.unsafe_address"}
    assert "内部地址不在巡查范围内" in reasons_of(tmp_path, "")[url]
