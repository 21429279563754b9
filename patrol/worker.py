"""`patrol worker`: fetch and read pages for sweeps that another machine runs; that machine, the desk, judges and stores them.

So one workspace holds every lead under one numbering, and one vault all evidence, however many machines fetch. What a worker
holds when it dies is fetched by the others; a page counts as done only when the desk has stored it.
"""

import json
import threading
from collections.abc import Mapping
from dataclasses import replace
from pkgutil import resolve_name
from typing import Annotated, Protocol, cast

import typer

from patrol import settings as settings_module
from patrol.browsers import find_browser
from patrol.crawl import join_run
from patrol.errors import BadInput, NotAvailable
from patrol.settings import Settings
from patrol.spider_job import COURIER, SpiderJob

_LOOK_SECONDS = 1.0


class Offers(Protocol):
    """What a worker asks of the shared frontier."""

    def offers(self) -> Mapping[str, str]:
        """Return the runs that may be joined: the job of each, by scope."""

    def open_modes(self, scope: str) -> Mapping[str, int]:
        """Return how many pages are not ended, by mode."""

    def close(self) -> None:
        """Let go of the connection."""


def worker_command(
    once: Annotated[bool, typer.Option("--once", help="没有可参加的巡查时退出，不再等待")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="每参加完一次输出一行 JSON")] = False,
) -> None:
    """替另一台机器正在进行的巡查抓取网页；筛查、取证、入库都在那台机器上。两边的 frontier_url 设成同一个地址。"""
    settings = settings_module.load()
    offers = open_offers(settings)
    try:
        while True:
            joined = [job for job in joinable(offers, settings) if _join(job, as_json=as_json)]
            if not joined and once:
                return
            threading.Event().wait(_LOOK_SECONDS)
    finally:
        offers.close()


def open_offers(settings: Settings) -> Offers:
    """Reach the shared frontier; BadInput when none is set, NotAvailable when its library is missing."""
    url = settings.text("frontier_url")
    if not url:
        raise BadInput("没有设置共用的待取清单；请在 settings.toml 里写 frontier_url，与巡查主机相同", field="frontier_url")
    try:
        shared = resolve_name("patrol.frontier.shared:SharedFrontier")
    except ModuleNotFoundError as error:
        raise NotAvailable("没有安装 redis 组件，不能参加巡查；请用 pip 安装 redis 后再次运行") from error
    return cast("Offers", shared.open(url))


def joinable(offers: Offers, settings: Settings) -> list[SpiderJob]:
    """Return the runs that have pages this machine can fetch, each as the job of one child, with this machine's own settings."""
    able = {"http", "browser"} if find_browser(settings) else {"http"}
    jobs = []
    for scope, text in offers.offers().items():
        modes = able & {mode for mode, pages in offers.open_modes(scope).items() if pages}
        if modes:
            job = SpiderJob.load(text)
            jobs.append(replace(job, settings=settings, screener=COURIER, mode="http" if "http" in modes else "browser"))
    return jobs


def _join(job: SpiderJob, *, as_json: bool) -> bool:
    """Take part in one run until nothing is left; return whether any page was fetched here."""
    posts = 0

    def told(counts: Mapping[str, int]) -> None:
        nonlocal posts
        posts = counts.get("posts", 0)

    ended_well = join_run(job, told)
    row = {"run": job.run.id, "source": job.choice.name, "posts": posts, "ended": "well" if ended_well else "cut short"}
    typer.echo(json.dumps(row, ensure_ascii=False) if as_json else f"{job.choice.name}：读到 {posts} 条内容，已交回")
    return posts > 0
