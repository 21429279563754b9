"""`patrol status`, `patrol metrics`, `patrol install-service`."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from patrol import settings
from patrol.campaigns import CHINA
from patrol.commands.tables import folding
from patrol.commands.upkeep import backup_folder
from patrol.errors import PatrolError
from patrol.operation.metrics import metrics_text, write_metrics
from patrol.operation.service_files import systemd, systemd_units, uninstall, windows, windows_tasks, write_files
from patrol.operation.standing import status_of

_WORDS = {"ok": "[green]正常[/]", "warn": "[yellow]注意[/]", "bad": "[red]须处理[/]"}


def status_command(as_json: Annotated[bool, typer.Option("--json", help="以 JSON 输出（供监控系统取用）")] = False) -> None:
    """工作区现状：调度服务、来源、线索、取证、任务、磁盘、备份、提醒、日历；有一项为“须处理”时退出码 1，只有“注意”时为 0。"""
    status = status_of(settings.load())
    if as_json:
        typer.echo(json.dumps(status.as_data(), ensure_ascii=False))
    else:
        table = folding("项目", "状态", "说明", title=f"工作区现状（{status.at.astimezone(CHINA):%Y-%m-%d %H:%M}）")
        for check in status.checks:
            table.add_row(check.name, _WORDS[check.state], check.text)
        Console().print(table)
    if not status.well:
        raise PatrolError("；".join(f"{check.name}：{check.text}" for check in status.checks if check.state == "bad"))


def metrics_command(
    output: Annotated[
        Path | None, typer.Option("--output", help="写入文件（node exporter 的 textfile 文件夹）；不写则输出")
    ] = None,
) -> None:
    """输出 Prometheus 指标：只有编号和数字，没有姓名、网址和内容。"""
    given = settings.load()
    if output is None:
        typer.echo(metrics_text(given), nl=False)
        return
    write_metrics(given, output)


def install_command(
    show: Annotated[bool, typer.Option("--print", help="打印安装内容（本命令只打印，由管理员安装）")] = False,
    for_windows: Annotated[bool, typer.Option("--windows", help="Windows 服务和任务计划程序")] = False,
    remove: Annotated[bool, typer.Option("--uninstall", help="怎样卸载")] = False,
    user: Annotated[str, typer.Option("--user", help="运行服务的系统账户（systemd）")] = "patrol",
    output: Annotated[Path | None, typer.Option("--output", help="把服务文件写进这个文件夹，供管理员安装")] = None,
) -> None:
    """打印把调度服务和控制台装为系统服务的内容和步骤（systemd 或 Windows）；不改动系统。"""
    given = settings.load()
    workspace, backups = given.workspace.absolute(), backup_folder(given).absolute()
    on_windows = for_windows or sys.platform == "win32"
    if output is not None:
        files = windows_tasks(workspace) if on_windows else systemd_units(workspace, backups, user)
        for file in write_files(output, files, encoding="utf-16" if on_windows else "utf-8"):
            typer.echo(str(file))
        return
    if remove:
        typer.echo(uninstall(workspace), nl=False)
    elif on_windows:
        typer.echo(windows(workspace, backups), nl=False)
    else:
        typer.echo(systemd(workspace, backups, user), nl=False)
    if not show:
        typer.echo("以上内容没有安装；请管理员按步骤操作", err=True)
