"""`patrol source accept`: an officer looked, and a source truly brings less than before: that is its normal from now on."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from patrol import settings
from patrol.campaigns import CHINA
from patrol.errors import BadInput
from patrol.model import Run, State
from patrol.monitors import ACCEPTABLE
from patrol.platforms import load_platform
from patrol.store import Store
from patrol.store.health import FIELDS, HealthBook

_FIELD_WORDS = {"title": "标题", "text": "正文", "author": "发布者", "published": "发布时间", "url": "网址"}


def accept_command(
    name: Annotated[str, typer.Argument(help="来源名称（见 patrol source list）")],
    officer: Annotated[str, typer.Option("--officer", help="确认人姓名，记入台账")],
    reason: Annotated[str, typer.Option("--reason", help="怎样核实的，如“人工打开了10页，版块确已缩减”")] = "",
    undo: Annotated[bool, typer.Option("--undo", help="撤回最近一次确认，恢复按原来的水平核对")] = False,
) -> None:
    """确认一个来源的新常态：人工核实确实变少后，以最近一次巡查为今后的正常水平，并关闭相应的问题。"""
    title = load_platform(name).title
    store = Store.open(settings.load().workspace)
    try:
        book, now = HealthBook(store), datetime.now(UTC)
        if undo:
            if not book.withdraw_normal(name, now):
                raise BadInput(f"“{title}”没有可撤回的确认", field="--undo")
            typer.echo(f"已撤回：{title}仍按原来的水平核对")
            return
        if not reason.strip() or not officer.strip():
            raise BadInput("请写明确认人和怎样核实的；没有人工看过的页面不能算正常", field="--reason")
        run = acceptable_run(book, name, title)
        closed = book.accept_normal(run, ACCEPTABLE, officer=officer.strip(), reason=reason.strip(), now=now)
    finally:
        store.close()
    typer.echo(f"{title}：今后以{run.started_at.astimezone(CHINA):%Y-%m-%d %H:%M}的巡查为正常水平（{described(run)}）")
    for text in closed:
        typer.echo(f"已关闭：{text}")


def acceptable_run(book: HealthBook, name: str, title: str) -> Run:
    """Return the latest finished run of a source; BadInput when it saw too little to be called normal by anyone."""
    run = book.latest_finished(name)
    if run is None:
        raise BadInput(f"“{title}”还没有做完的巡查；请先运行 patrol sweep --source {name}", field="NAME")
    fetched = run.counts.get("fetched", 0)
    seen = sum(run.counts.get(state.value, 0) for state in State if state.covered)
    if not fetched or seen * 2 < fetched or not run.counts.get("posts", 0):
        raise BadInput(
            f"“{title}”最近一次巡查取了{fetched}页、看到{seen}页，看不到的不能确认为正常；请先解决受阻或改版", field="NAME"
        )
    return run


def described(run: Run) -> str:
    """Say what a run brought: pages, entries a list page, leads, fields."""
    counts = run.counts
    parts = [f"取到{counts.get('fetched', 0)}页"]
    if counts.get("list_pages"):
        parts.append(f"每个列表页{counts.get('items', 0) / counts['list_pages']:.1f}条")
    parts.append(f"线索{counts.get('leads', 0)}条")
    if seen := counts.get("seen", 0):
        parts += [f"{_FIELD_WORDS[field]}{counts.get(f'field.{field}', 0) / seen:.0%}" for field in FIELDS]
    return "，".join(parts)
