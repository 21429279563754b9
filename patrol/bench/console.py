"""Bench of the console: 1,000,000 posts, 100,000 leads, ten officers clicking while a sweep writes.

`python -m patrol.bench.console`. The server runs in a process of its own, bound to one core, and is asked over real sockets.
Printed: the middle, 95th and 99th percentile of each kind of page in milliseconds. `--keep` leaves the workspace for another
round.
"""

import http.client
import multiprocessing
import os
import random
import shutil
import socket
import statistics
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated
from urllib.parse import quote, urlencode

import typer
import uvicorn
from rich.console import Console
from rich.table import Table

from detectors.model import Contact, Detection, Element, Finding
from patrol import settings as settings_module
from patrol.campaigns import load_campaign
from patrol.console.app import console_app
from patrol.console.desk import Desk, Origins
from patrol.console.people import hash_password
from patrol.model import Campaign, Candidate, Match, Post, Run, Screening, Verdict
from patrol.store import Store
from patrol.store.accounts import User
from patrol.store.connection import immediate
from patrol.store.console_overview import OverviewBook
from patrol.store.searching import SearchBook

_PASSWORD = "bench-only-password-0"  # noqa: S105  of a workspace that lives for minutes
_OFFICERS = 10
_BATCH = 2000
_LIMIT_MS = 150.0
# the first clicks after a start read the database from the disk; they are not counted
_WARM_SECONDS = 8.0
_PLATFORMS = ("discuz", "wuba58", "douyin", "xiaohongshu", "wechat_mp", "baidu", "xiaoe", "dianping")
_SUBJECTS = ("数学", "英语", "物理", "语文", "化学", "奥数", "作文")
_PIECES = (
    "寒假小班火热招生",
    "周末一对一辅导",
    "老师上门",
    "名额有限先到先得",
    "加微信咨询",
    "每课时一百二十元",
    "期末冲刺",
    "小区晚托",
    "社区通知停水",
    "二手家具转让",
    "健身房办卡优惠",
    "今天天气很好适合散步",
    "新房装修经验分享",
    "孩子喜欢看动画片",
    "周末去公园划船",
    "餐厅招聘服务员",
    "电动车低价出售",
    "初二学生",
    "五年级家长群",
    "提分班",
    "公益讲座",
    "图书馆开放时间",
    "社保办理指南",
    "旅游攻略",
)
_QUERIES = ("寒假", "数学", "一对一辅导", "名额有限", "奥数 小班", "晚托", "划船", "课", "加微信咨询 物理")
_CAMPAIGN = """
[campaign]
id = "bench"
title = "测速专项行动"
region = "云川市"
start = 2027-01-15
end = 2027-02-28
summary_due = 2027-02-25
[report]
unit = "云川市教育局"
[[batches]]
number = 1
due = 2027-01-30
[[batches]]
number = 2
due = 2027-02-15
"""


def bench_command(
    posts: Annotated[int, typer.Option(help="帖文数")] = 1_000_000,
    leads: Annotated[int, typer.Option(help="线索数")] = 100_000,
    seconds: Annotated[float, typer.Option(help="点击多长时间")] = 60.0,
    workspace: Annotated[Path | None, typer.Option(help="工作区；已建好的会直接使用")] = None,
    keep: Annotated[bool, typer.Option(help="结束后保留工作区")] = False,
) -> None:
    """Fill a workspace, serve it, click, and print how long pages took."""
    console = Console()
    root = workspace or Path(tempfile.mkdtemp(prefix="bench-console-"))
    try:
        campaign = _prepare(root, posts, leads, console)
        timings, errors = _click(root, campaign, seconds, console)
    finally:
        if not keep and workspace is None:
            shutil.rmtree(root, ignore_errors=True)
    slow = _report(timings, errors, console)
    sys.exit(1 if slow or errors else 0)


def _prepare(root: Path, posts: int, leads: int, console: Console) -> Campaign:
    root.mkdir(parents=True, exist_ok=True)
    file = root / "campaign.toml"
    file.write_text(_CAMPAIGN, encoding="utf-8")
    campaign = load_campaign(file)
    store, now = Store.open(root), datetime.now(UTC)
    store.save_campaign(campaign, _CAMPAIGN, now)
    if not store.runs(campaign.id):
        store.start_run(Run(id="bench", campaign=campaign.id, source="discuz", started_at=now))
    began = time.monotonic()
    done = OverviewBook(store).posts()
    for start in range(done, posts, _BATCH):
        with immediate(store.database):
            for number in range(start, min(start + _BATCH, posts)):
                one = make(number, lead=number % max(1, posts // leads) == 0)
                store.record_screening(one, run="bench", campaign=campaign, source=one.post.platform, device="")
        if start // _BATCH % 25 == 0:
            console.print(f"入库 {start:,}，{time.monotonic() - began:.0f} 秒")
    book, began = SearchBook(store), time.monotonic()
    while count := book.catch_up(_BATCH):
        if random.random() < 0.02:
            console.print(f"编入检索，还有 {book.pending():,}（本次 {count}），{time.monotonic() - began:.0f} 秒")
    store.close()
    return campaign


def make(number: int, *, lead: bool) -> Screening:
    """Return the screening of one made-up post; the same number gives the same post."""
    dice = random.Random(number)
    subject = dice.choice(_SUBJECTS)
    text = "，".join([f"第{number}号", subject if lead else "", *dice.choices(_PIECES, k=8)])
    at = text.find(subject)
    phone = f"1990000{dice.randrange(10_000):04d}"
    finding = Finding(
        rule="T-HOLIDAY",
        clause="双减意见第14条",
        element=Element.SUBJECT,
        start=max(at, 0),
        end=max(at, 0) + len(subject),
        quote=subject,
        weight=0.3,
    )
    detection = Detection(
        violation=lead,
        score=round(dice.random(), 4),
        ad_violation=lead,
        categories=("subject_ad", "holiday_class") if lead else (),
        findings=(finding,) if lead else (),
        contacts=(Contact(kind="phone", value=phone, start=0, end=0, quote=""),) if lead else (),
        why="疑似学科类违规培训",
        rules_version="bench",
    )
    match = Match(
        query=f"云川市启明{number % 997}学校",
        verdict=(Verdict.UNLISTED, Verdict.REVIEW, Verdict.NO_NAME)[number % 3],
        candidates=(Candidate(row=1, name="云川市启明星培训学校", score=0.5, detail=""),),
        why="待核",
        list_version="bench",
    )
    platform = _PLATFORMS[number % len(_PLATFORMS)]
    url = f"https://{platform}.example/p/{number}"
    post = Post(
        key=url,
        platform=platform,
        url=url,
        title=f"{subject}小班 {number}" if lead else f"帖子 {number}",
        text=text,
        author=f"发布者{number % 5000}",
        author_id=f"u{number % 50_000}",
        published_shown="2027-01-20",
    )
    found = datetime(2027, 1, 15, tzinfo=UTC) + timedelta(seconds=number)
    grade = ("subject" if number % 4 else "ad") if lead else "none"
    return Screening(post=post, detection=detection, match=match, screened_at=found, grade=grade)


@dataclass(frozen=True, slots=True)
class Officer:
    """A signed-in clicker."""

    port: int
    cookie: str
    csrf: str

    def ask(self, path: str, body: dict[str, str] | None = None) -> tuple[int, bytes, float]:
        """Ask for a page; return status, body and milliseconds until it was whole."""
        headers = {"Cookie": self.cookie, "Host": f"127.0.0.1:{self.port}"}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        began = time.perf_counter()
        if body is None:
            connection.request("GET", path, headers=headers)
        else:
            headers |= {"X-CSRF-Token": self.csrf, "HX-Request": "true", "Content-Type": "application/x-www-form-urlencoded"}
            connection.request("POST", path, urlencode(body), headers)
        answer = connection.getresponse()
        content = answer.read()
        spent = (time.perf_counter() - began) * 1000
        connection.close()
        return answer.status, content, spent


def _serve(root: Path, port: int, ready: "multiprocessing.synchronize.Event") -> None:
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    settings_module.choose(workspace=str(root), min_free_mb=1)
    desk = Desk(settings_module.load(), Origins(f"http://127.0.0.1:{port}", f"http://127.0.0.1:{port + 1}"))
    desk.register_campaign(root / "campaign.toml")
    for place in range(_OFFICERS):
        if desk.books.accounts.user(f"bench{place}") is None:
            user = User(id=0, login=f"bench{place}", name=f"测速{place}", role="reviewer", password=hash_password(_PASSWORD))
            desk.books.accounts.add(user, datetime.now(UTC))
    config = uvicorn.Config(console_app(desk), host="127.0.0.1", port=port, log_level="warning", access_log=False)
    server = uvicorn.Server(config)
    threading.Thread(target=_tell_ready, args=(server, ready), daemon=True).start()
    server.run()


def _tell_ready(server: uvicorn.Server, ready: "multiprocessing.synchronize.Event") -> None:
    while not server.started:
        time.sleep(0.05)
    ready.set()


def _sweep(root: Path, campaign: Campaign, stopping: "multiprocessing.synchronize.Event") -> None:
    """Write posts as a sweep does, about fifty a second."""
    store, number = Store.open(root), 10_000_000 + int(time.time())
    while not stopping.is_set():
        number += 1
        store.record_screening(make(number, lead=number % 10 == 0), run="bench", campaign=campaign, source="discuz", device="")
        time.sleep(0.02)
    store.close()


def _click(root: Path, campaign: Campaign, seconds: float, console: Console) -> tuple[dict[str, list[float]], list[str]]:
    context = multiprocessing.get_context("spawn")
    ready, stopping = context.Event(), context.Event()
    port = _free_port()
    server = context.Process(target=_serve, args=(root, port, ready))
    writer = context.Process(target=_sweep, args=(root, campaign, stopping))
    server.start()
    try:
        if not ready.wait(120):
            console.print("[red]控制台没有启动[/]")
            sys.exit(1)
        officers = [_sign_in(port, place) for place in range(_OFFICERS)]
        writer.start()
        return _all_clicking(officers, seconds)
    finally:
        stopping.set()
        if writer.pid:
            writer.join(30)
        server.terminate()
        server.join(30)


def _all_clicking(officers: list[Officer], seconds: float) -> tuple[dict[str, list[float]], list[str]]:
    timings: dict[str, list[float]] = defaultdict(list)
    errors: list[str] = []
    _together(officers, _WARM_SECONDS, defaultdict(list), [])
    _together(officers, seconds, timings, errors)
    return dict(timings), errors


def _together(officers: list[Officer], seconds: float, timings: dict[str, list[float]], errors: list[str]) -> None:
    until = time.monotonic() + seconds
    threads = [threading.Thread(target=_one, args=(officer, until, timings, errors)) for officer in officers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _sign_in(port: int, place: int) -> Officer:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    body = urlencode({"login": f"bench{place}", "password": _PASSWORD})
    connection.request("POST", "/login", body, {"Content-Type": "application/x-www-form-urlencoded"})
    answer = connection.getresponse()
    answer.read()
    cookie = (answer.getheader("Set-Cookie") or "").split(";")[0]
    page = Officer(port, cookie, "").ask("/me")[1].decode()
    return Officer(port, cookie, page.split('X-CSRF-Token": "')[1].split('"')[0])


def _one(officer: Officer, until: float, timings: dict[str, list[float]], errors: list[str]) -> None:
    dice = random.Random(officer.csrf)
    numbers: list[str] = []
    clicks: list[tuple[str, Callable[[], tuple[int, bytes, float]]]] = [
        ("队列", lambda: officer.ask("/leads")),
        ("队列（筛选）", lambda: officer.ask(f"/leads?stage=new&platform={dice.choice(_PLATFORMS)}&verdict=review")),
        ("队列（按期限）", lambda: officer.ask("/leads?stage=new&order=deadline&category=holiday_class")),
        ("线索内检索", lambda: officer.ask(f"/leads?stage=all&q={quote(dice.choice(_QUERIES))}")),
        ("全文检索", lambda: officer.ask(f"/search?q={quote(dice.choice(_QUERIES))}")),
        ("线索页", lambda: officer.ask(f"/leads/{dice.choice(numbers)}")),
        ("队列面板", lambda: officer.ask(f"/leads/{dice.choice(numbers)}/panel")),
        ("今日", lambda: officer.ask("/")),
    ]
    numbers += _numbers(officer.ask("/leads")[1])
    while time.monotonic() < until:
        name, click = dice.choice(clicks)
        status, content, spent = click()
        timings[name].append(spent)
        if status != 200:
            errors.append(f"{name} {status}")
        if name.startswith("队列") and (found := _numbers(content)):
            numbers[:] = found
        # a person looks at a page before the next click
        time.sleep(dice.uniform(0.3, 0.9))


def _numbers(page: bytes) -> list[str]:
    return [piece.split('"')[0] for piece in page.decode().split('data-number="')[1:]]


def _report(timings: dict[str, list[float]], errors: list[str], console: Console) -> bool:
    table = Table("页面", "次数", "p50", "p95", "p99", "最长", title="毫秒，服务器一核，10人点击，同时有巡查写入")
    slow = False
    for name, spent in sorted(timings.items()):
        cuts = statistics.quantiles(spent, n=100) if len(spent) > 1 else [spent[0]] * 99
        over = cuts[94] > _LIMIT_MS
        slow = slow or over
        row = (
            str(len(spent)),
            f"{cuts[49]:.0f}",
            f"{'[red]' if over else ''}{cuts[94]:.0f}",
            f"{cuts[98]:.0f}",
            f"{max(spent):.0f}",
        )
        table.add_row(name, *row)
    console.print(table)
    for error in sorted(set(errors)):
        console.print(f"[red]{error}（{errors.count(error)} 次）[/]")
    return slow


if __name__ == "__main__":
    typer.run(bench_command)
