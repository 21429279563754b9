"""`patrol backup` and `patrol restore`."""

from pathlib import Path
from typing import Annotated

import typer

from patrol import backup, settings


def backup_command(to: Annotated[Path, typer.Argument(help="备份到哪个文件夹（须不存在）；建议放在另一块磁盘")]) -> None:
    """备份整个工作区（数据库、证据库、登记、名单、设置），可在巡查进行时使用；备份后自动核验。密钥文件须另行保管。"""
    done = backup.back_up(settings.load(), to)
    typer.echo(f"已备份到 {done.folder}；{done.report.summary}")


def restore_command(
    source: Annotated[Path, typer.Argument(help="备份文件夹")],
    workspace: Annotated[Path | None, typer.Option("--workspace", help="恢复到哪里；不写则为设置中的工作区")] = None,
) -> None:
    """从备份恢复。先核验备份，全部无误后才写入；已有内容的工作区不会被覆盖。"""
    done = backup.restore(source, workspace or settings.load().workspace)
    typer.echo(f"已恢复到 {done.folder}；{done.report.summary}")
