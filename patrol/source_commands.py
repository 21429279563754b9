"""`patrol source`: which platforms can be patrolled, how each is reached, and what is known not to be reachable."""

import json
import sys
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from patrol.platforms import Platform, load_platforms

app = typer.Typer(help="巡查来源：列出、试取、新增。", no_args_is_help=True)
_RENDER = {"http": "直接读取", "browser": "浏览器", "learn": "自动判断"}


@app.command("list")
def list_command(as_json: Annotated[bool, typer.Option("--json", help="以 JSON 输出")] = False) -> None:
    """列出所有来源：名称、怎样读取、能否匿名访问、核实日期。"""
    platforms = load_platforms()
    if as_json or not sys.stdout.isatty():
        typer.echo(json.dumps([_row(platform) for platform in platforms.values()], ensure_ascii=False))
        return
    table = Table("名称", "平台", "读取方式", "匿名可见", "核实于", "说明", title="巡查来源")
    for name, platform in platforms.items():
        seen = "基本不可见" if platform.policy.closed else "可见"
        table.add_row(name, platform.title, _RENDER[platform.render], seen, str(platform.verified_on), platform.policy.note)
    Console().print(table)


def _row(platform: Platform) -> dict[str, object]:
    return {
        "name": platform.name,
        "title": platform.title,
        "render": platform.render,
        "closed": platform.policy.closed,
        "verified_on": platform.verified_on.isoformat(),
        "note": platform.policy.note,
    }
