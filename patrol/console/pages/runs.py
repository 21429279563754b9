"""巡查: start a sweep, watch it live, stop it, look at what each run saw; and the log of everything started here."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse

from patrol.console.call import Call
from patrol.console.desk import Desk
from patrol.console.rendering import clock
from patrol.errors import BadInput, Refused
from patrol.model import Run, State
from patrol.store.console_work import Task

_SILENT = timedelta(minutes=5)
_LONGEST_LIVE = 3600
_LOG_BYTES = 12_000


def runs_page(call: Call) -> Response:
    """Show the runs of the campaign and the form to start one."""
    if not call.campaign_id:
        return call.page("no_campaign.html", title="巡查")
    runs = call.books.work.latest_runs(call.campaign_id)
    tasks = call.books.work.tasks(("sweep", "urls", "saved", "pictures", "recheck", "source"), 12)
    return call.page(
        "runs.html",
        runs=[(run, _figures(call.desk, run)) for run in runs],
        tasks=[(task, call.desk.tasks.runs(task)) for task in tasks],
        campaign=call.campaign,
    )


def _figures(desk: Desk, run: Run) -> dict[str, str]:
    """Return what a run did so far, as it stands on the page; a finished run's own counts stand."""
    work = desk.books.work
    running = run.ended_at is None
    states = work.run_states(run.id) if running else {}
    seen = sum(states.values()) if running else run.counts.get("fetched", 0)
    gaps = states if running else {name: n for name, n in run.counts.items() if name in _GAPS}
    posts, leads = found_of(desk, run)
    latest = next(iter(work.run_pages(run.id, limit=1)), None) if running else None
    return {
        "seen": str(seen),
        "gaps": str(sum(count for name, count in gaps.items() if name in _GAPS)),
        "posts": str(posts),
        "leads": str(leads),
        "latest": f"{clock(latest.at)} {latest.url}"[:120] if latest else "",
    }


def found_of(desk: Desk, run: Run) -> tuple[int, int]:
    """Return the posts and leads that a run brought, each once; those of an ended run change no more."""
    if run.ended_at is None:
        return desk.books.work.run_found(run.id)
    return desk.remembered(f"found:{run.id}", 3600, lambda: desk.books.work.run_found(run.id))


_GAPS = frozenset(state.value for state in State if not state.covered)


def start(call: Call) -> Response:
    """Start a sweep of the chosen sources (all when none is chosen) in a child process."""
    campaign = call.need_campaign()
    if any(task.kind == "sweep" and call.desk.tasks.runs(task) for task in call.books.work.open_tasks()):
        raise BadInput("已有一次巡查正在进行；请等它结束，或先停止它")
    known = {choice.name for choice in campaign.sources}
    chosen = [name for name in call.texts("source") if name in known]
    if not known:
        raise BadInput("专项行动文件里没有开启任何来源；请在“专项行动”页加上 [[sources]]")
    arguments = ["sweep", "--campaign", campaign.path, "--json", *(part for name in chosen for part in ("--source", name))]
    names = "、".join(call.desk.platform_title(name) for name in chosen) or "全部来源"
    number = call.desk.tasks.start("sweep", f"巡查：{names}", arguments, name=call.who.name)
    call.audit("sweep", campaign.id, names)
    return call.go("/runs", said=f"巡查已开始（{names}），任务{number}")


def stop(call: Call) -> Response:
    """Ask a task to end; what it stored stays."""
    task = _task(call)
    if not call.desk.tasks.stop(task.id):
        raise BadInput("这项任务已经结束，或不是由本控制台启动的")
    call.audit("stop", f"任务{task.id}", task.title)
    return call.go("/runs", said="已要求停止；已取得的内容都保留，再次开始会接着做")


def _task(call: Call) -> Task:
    task = call.books.work.task(call.number("number"))
    if task is None:
        raise Refused(404, "没有这项任务")
    return task


def task_page(call: Call) -> Response:
    """Show what became of a task; htmx asks again while it runs."""
    task = _task(call)
    template = "_task.html" if call.fragment else "task.html"
    running, log = call.desk.tasks.runs(task), call.desk.tasks.log_of(task.id)
    if task.kind == "source" and not running:
        call.desk.forget("platforms")
    return call.page(template, task=task, running=running, log=log, found=_found(task), looked=_looked(task))


def _looked(task: Task) -> list[str]:
    """Return the leads that a recheck was asked to look at; empty for all that were due."""
    return [after for before, after in pairwise(task.command) if before == "--lead"] if task.kind == "recheck" else []


def _found(task: Task) -> list[str]:
    """Return the leads that a finished task of clues tells of."""
    leads: list[str] = []
    for line in task.result.splitlines():
        try:
            data = json.loads(line)
        except json.JSONDecodeError:
            continue
        if isinstance(data, dict) and isinstance(data.get("leads"), list):
            leads += [str(number) for number in data["leads"]]
    return leads


def run_page(call: Call) -> Response:
    """Show what one run saw, page by page, gaps first when asked."""
    run = call.books.work.run(call.path("run"))
    if run is None:
        raise Refused(404, "没有这次巡查")
    states = call.books.work.run_states(run.id)
    log = call.desk.workspace / "logs" / f"{Path(run.id).name}.log"
    text = log.read_bytes()[-_LOG_BYTES:].decode("utf-8", "replace") if log.is_file() else ""
    gaps_only = call.query("gaps") == "1"
    pages = call.books.work.run_pages(run.id, gaps_only=gaps_only, limit=200)
    return call.page(
        "run.html", run=run, states=states, pages=pages, gaps_only=gaps_only, log=text, figures=_figures(call.desk, run)
    )


def live(call: Call) -> Response:
    """Tell the page about running runs, once a second, as server-sent events."""
    desk, campaign = call.desk, call.campaign_id
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(_events(desk, campaign, call), media_type="text/event-stream", headers=headers)


async def _events(desk: Desk, campaign: str, call: Call) -> AsyncIterator[str]:
    before: dict[str, str] | None = None
    was_running = False
    for _ in range(_LONGEST_LIVE):
        if await call.request.is_disconnected():
            return
        values, running = await run_in_threadpool(_live_values, desk, campaign)
        if values != before or was_running != running:
            again = was_running and not running
            yield f"event: rows\ndata: {json.dumps({'values': values, 'again': again}, ensure_ascii=False)}\n\n"
            if again:
                return
        elif _ % 15 == 0:
            yield ": still here\n\n"
        before, was_running = values, running
        await asyncio.sleep(1)


def _live_values(desk: Desk, campaign: str) -> tuple[dict[str, str], bool]:
    values: dict[str, str] = {}
    for run in desk.books.work.latest_runs(campaign, 12):
        if run.ended_at is None:
            values |= {f"{name}-{run.id}": value for name, value in _figures(desk, run).items()}
    return values, any(desk.tasks.runs(task) for task in desk.books.work.open_tasks())
