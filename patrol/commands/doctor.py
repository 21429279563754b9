"""`patrol doctor`: what is there, what is missing, and the one line that mends it."""

import json
from typing import Annotated

import typer
from rich.console import Console

from patrol import settings as settings_module
from patrol.commands.tables import folding
from patrol.errors import NotAvailable
from patrol.machine import Part, inspect, mend
from patrol.settings import SETTINGS, Settings

_ORIGINS = {"default": "默认", "command line": "命令行"}


def doctor_command(
    mend_it: Annotated[bool, typer.Option("--mend", help="能补的当场补上（浏览器、字体）")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="都齐全时不输出")] = False,
    for_tests: Annotated[bool, typer.Option("--for-tests", help="连同运行测试所需的工具一起检查")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="以 JSON 输出")] = False,
) -> None:
    """检查本机：浏览器、字体、图片识别、磁盘和各项设置，缺什么给出一行补救办法。"""
    settings = settings_module.load()
    parts = inspect(settings, for_tests=for_tests)
    if mend_it and any(not part.present for part in parts):
        mend(parts, settings, say=Console(stderr=True).print)
        parts = inspect(settings, for_tests=for_tests)
    if as_json:
        rows = [{"name": part.name, "present": part.present, "found": part.found, "mend": part.mend} for part in parts]
        typer.echo(json.dumps(rows, ensure_ascii=False))
    elif not (quiet and all(part.present for part in parts)):
        _print(parts, settings, everything=not quiet)
    missing = [part for part in parts if part.must and not part.present]
    if missing:
        raise NotAvailable("；".join(f"缺少{part.name}：{part.mend}" for part in missing))


def _print(parts: list[Part], settings: Settings, *, everything: bool) -> None:
    console = Console()
    table = folding("项目", "状态", "说明", title="本机检查")
    for part in parts:
        state = "[green]有[/]" if part.present else ("[red]缺[/]" if part.must else "[yellow]缺（可选）[/]")
        table.add_row(part.name, state, part.found if part.present else f"{part.found}。{part.mend}")
    console.print(table)
    if not everything:
        return
    values = folding("设置", "当前值", "来自", "说明", title="设置", whole=("设置",))
    for setting in SETTINGS:
        origin = settings.origins[setting.name]
        values.add_row(setting.name, str(settings.values[setting.name]), _ORIGINS.get(origin, origin), setting.help)
    console.print(values)
