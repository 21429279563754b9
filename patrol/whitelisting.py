"""`patrol whitelist`: bring lists in, look at them, compare versions, look names up, keep officers' answers."""

from pathlib import Path
from typing import Annotated

import typer

from patrol.licences import Index, load_list

app = typer.Typer(help="机构名单：导入、查看、比较版本、查名称、保存人工结论。", no_args_is_help=True)


@app.command("lookup")
def lookup_command(
    name: Annotated[str, typer.Argument(help="要查的名称")],
    whitelist: Annotated[Path, typer.Option("--whitelist", help="名单文件")],
) -> None:
    """在名单里查一个名称。"""
    typer.echo(Index(load_list(whitelist)).match(name).why)


@app.callback()
def _group() -> None:
    """机构名单。"""
