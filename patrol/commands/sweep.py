"""`patrol sweep` and `patrol screen`: live progress on a terminal, a closing table, or JSON in a pipe."""

import hashlib
import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.live import Live
from rich.table import Table

from patrol import settings as settings_module
from patrol.campaigns import china_today, load_campaign
from patrol.commands.tables import folding
from patrol.errors import BadInput
from patrol.intake.saved_pages import find_saved_pages, read_saved_page
from patrol.model import Batch, Campaign, Reading, Run, SourceCoverage, State
from patrol.screening import Screener, judge_of
from patrol.settings import Settings
from patrol.source_names import source_title
from patrol.spider_job import WATCHED
from patrol.store import Store
from patrol.sweeping import Progress, SweepResult, need_browser, pasted, read_urls, sweep, watching
from patrol.vault import Vault
from patrol.watching import watch_addresses

CampaignFile = Annotated[Path | None, typer.Option("--campaign", "-c", help="专项行动文件（TOML）")]
AsJson = Annotated[bool, typer.Option("--json", help="结果以 JSON 输出")]
_SHOWN = 8


def sweep_command(
    campaign: CampaignFile = None,
    source: Annotated[list[str] | None, typer.Option("--source", "-s", help="只巡查这些来源，可写多次")] = None,
    urls: Annotated[Path | None, typer.Option("--urls", help="文本文件，每行一个网址：只查这些网址")] = None,
    watch: Annotated[bool, typer.Option("--watch", help="重点监看：只看已有线索的网页、账号和同一账号的其他信息")] = False,
    as_json: AsJson = False,
) -> None:
    """巡查一次：抓取、识别、比对名单、封存证据。中断后再次运行同一命令会接着做。"""
    settings = settings_module.load()
    if campaign is None and urls is None:
        raise BadInput("请用 --campaign 指定专项行动文件，或用 --urls 指定网址文件")
    chosen = load_campaign(campaign) if campaign else ad_hoc_campaign()
    if urls is not None:
        addresses = read_urls(urls)
        if campaign is None:
            # each list of addresses is counted by itself, and taken up again by itself
            chosen = replace(chosen, id=f"{chosen.id}-{hashlib.sha256(repr(addresses).encode()).hexdigest()[:8]}")
        chosen = pasted(chosen, addresses)
    if watch:
        chosen, source = _watched(chosen, settings), [WATCHED]
    need_browser(settings, [one for one in chosen.sources if not source or one.name in source])
    judge_of(chosen, settings.workspace)
    text = campaign.read_text(encoding="utf-8-sig") if campaign else ""
    with live_progress() as tell:
        result = sweep(chosen, text, settings, sources=source or (), tell=tell)
    print_result(result, as_json=as_json)
    result.raise_if_cut_short()


def _watched(campaign: Campaign, settings: Settings) -> Campaign:
    if not campaign.path:
        raise BadInput("重点监看需要用 --campaign 指定专项行动文件")
    store = Store.open(settings.workspace)
    try:
        return watching(campaign, watch_addresses(store, campaign, settings.workspace))
    finally:
        store.close()


def screen_command(
    html: Annotated[Path, typer.Option("--html", help="保存的网页：一个文件或一个文件夹")],
    campaign: CampaignFile = None,
    platform: Annotated[str, typer.Option("--platform", help="平台名称；不写则自动判断")] = "",
    as_json: AsJson = False,
) -> None:
    """筛查已保存的网页，与巡查走同一流程；读不懂的逐页说明。"""
    settings = settings_module.load()
    chosen = load_campaign(campaign) if campaign else ad_hoc_campaign()
    pages = list(find_saved_pages(html, platform=platform, workspace=settings.workspace))
    if campaign is None:
        typer.echo("提示：没有指定专项行动（--campaign），线索记在“临时巡查”名下，不进任何一份报表", err=True)
    store, now = Store.open(settings.workspace), datetime.now(UTC)
    store.save_campaign(chosen, campaign.read_text(encoding="utf-8-sig") if campaign else "", now)
    run = Run(id=f"saved-{now:%Y%m%d%H%M%S%f}", campaign=chosen.id, source="saved", started_at=now)
    store.start_run(run)
    screener = Screener(
        judge=judge_of(chosen, settings.workspace),
        store=store,
        vault=Vault.of(settings),
        campaign=chosen,
        run=run.id,
        source="saved",
        device="",
        spool=settings.workspace / "spool",
        ocr=settings.flag("ocr"),
    )
    rows = []
    for page in pages:
        result, reading = read_saved_page(page, screener.spool, "saved")
        leads = screener.record_page(result)
        rows.append((page.path, page.platform.name, reading, [lead.number for lead in leads]))
    counts = {"planned": len(pages), "waiting": 0}
    store.end_run(replace(run, ended_at=datetime.now(UTC), outcome="finished", counts=counts))
    screener.close()
    _print_saved(rows, html, as_json=as_json)


def ad_hoc_campaign() -> Campaign:
    """Return the campaign that stands in when an officer checks addresses or pages without a campaign file."""
    today = china_today()
    week = Batch(number=1, start=today, end=today + timedelta(days=365), due=today + timedelta(days=366))
    return Campaign(
        id="ad-hoc",
        title="临时巡查",
        region="",
        start=today,
        end=week.due,
        batches=(week,),
        summary_due=week.due,
        unit="",
        leader="",
        phone="",
    )


class live_progress:  # noqa: N801
    """Show one line per source while a sweep runs; silent when standard error is not a terminal."""

    def __init__(self) -> None:
        self._console = Console(stderr=True)
        self._rows: dict[str, Progress] = {}
        self._live = Live(console=self._console, refresh_per_second=4) if self._console.is_terminal else None

    def __enter__(self) -> Callable[[Progress], None]:
        if self._live:
            self._live.start()
        return self._tell

    def __exit__(self, *_: object) -> None:
        if self._live:
            self._live.stop()

    def _tell(self, progress: Progress) -> None:
        self._rows[source_title(progress.source)] = progress
        if self._live:
            self._live.update(_progress_table(self._rows))


def _progress_table(rows: Mapping[str, Progress]) -> Table:
    table = folding("来源", "计划", "已取", "未覆盖", "帖文", "线索", "状态", title="巡查进度")
    for name, progress in rows.items():
        counts, state = progress.counts, {"running": "进行中", "finished": "完成"}.get(progress.outcome, progress.outcome)
        if progress.stage == "capture":
            done = counts.get("done", 0) + counts.get("partial", 0)
            table.add_row(name, str(counts.get("planned", 0)), str(done), str(counts.get("failed", 0)), "", "", state)
            continue
        gaps = sum(count for key, count in counts.items() if key in _GAPS)
        shown = (
            [counts.get(key, 0) for key in ("planned", "fetched")] + [gaps] + [counts.get(key, 0) for key in ("posts", "leads")]
        )
        table.add_row(name, *(str(number) for number in shown), state)
    return table


_GAPS = frozenset(state.value for state in State if not state.covered)


def print_result(result: SweepResult, *, as_json: bool) -> None:
    """Print the closing table of a sweep, gaps by their reason; or one JSON object."""
    if as_json or not sys.stdout.isatty():
        typer.echo(json.dumps(_as_data(result), ensure_ascii=False, indent=None if as_json else 1))
        return
    console = Console()
    console.print(coverage_table(result.coverage))
    for run in result.runs:
        if run.outcome != "finished":
            why = run.error or "再次运行同一命令会接着做"
            console.print(f"[yellow]来源 {source_title(run.source)} 未做完（{run.outcome}）：{why}[/]")
    states = result.captures
    done, failed = states.get("done", 0), states.get("failed", 0)
    console.print(f"取证：完成 {done}，未成 {failed}，等待 {states.get('waiting', 0)}。{result.capture_note}")


def coverage_table(coverage: tuple[SourceCoverage, ...]) -> Table:
    """Return the coverage of each source as a table; a gap is always shown with its reason."""
    table = folding("来源", "计划页", "已覆盖", "其中未变", "未覆盖（原因）", "未取", "帖文", "线索", title="巡查覆盖情况")
    for row in coverage:
        reasons = "，".join(f"{state.chinese} {count}" for state, count in sorted(row.gaps.items(), key=lambda item: -item[1]))
        name = row.title if row.complete and not row.note else f"[yellow]{row.title}[/]"
        leads = f"{row.leads}（另有{row.repeated}条重复）" if row.repeated else str(row.leads)
        gaps = "；".join(filter(None, (reasons, row.note))) or "无"
        numbers = (str(row.planned), str(row.covered), str(row.unchanged), gaps, str(row.waiting), str(row.posts), leads)
        table.add_row(name, *numbers)
    return table


def _as_data(result: SweepResult) -> dict[str, object]:
    return {
        "complete": result.complete,
        "sources": [
            {
                "source": row.source,
                "planned": row.planned,
                "covered": row.covered,
                "waiting": row.waiting,
                "posts": row.posts,
                "leads": row.leads,
                "unchanged": row.unchanged,
                "repeated": row.repeated,
                "gaps": {state.value: count for state, count in row.gaps.items()},
                "note": row.note,
            }
            for row in result.coverage
        ],
        "runs": [{"id": run.id, "source": run.source, "outcome": run.outcome, "error": run.error} for run in result.runs],
        "captures": dict(result.captures),
        "capture_note": result.capture_note,
    }


def _print_saved(rows: list[tuple[Path, str, Reading, list[str]]], root: Path, *, as_json: bool) -> None:
    if as_json or not sys.stdout.isatty():
        for path, platform, reading, leads in rows:
            data = {
                "file": str(path),
                "platform": platform,
                "state": reading.state.value,
                "kind": reading.kind,
                "posts": len(reading.posts),
                "leads": leads,
                "reason": reading.why,
                "missing": list(reading.missing),
            }
            typer.echo(json.dumps(data, ensure_ascii=False))
        return
    table = folding("文件", "平台", "结果", "帖文", "线索", "说明", title="已保存网页的筛查结果")
    base = root if root.is_dir() else root.parent
    for path, platform, reading, leads in rows:
        shown = "、".join(leads[:_SHOWN])
        table.add_row(str(path.relative_to(base)), platform, reading.state.chinese, str(len(reading.posts)), shown, reading.why)
    Console().print(table)
