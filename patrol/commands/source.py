"""`patrol source`: which platforms can be patrolled, how each is reached; try one for real, write the file of a new one."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from patrol.campaigns import load_campaign
from patrol.commands.sweep import ad_hoc_campaign
from patrol.commands.tables import folding
from patrol.errors import BadInput
from patrol.places import is_web_address
from patrol.platforms import GENERIC, Platform, load_platform, load_platforms
from patrol.sources.accepting import accept_command
from patrol.sources.checking import CheckedPage, checked, what_to_do
from patrol.sources.recording import keep, reread
from patrol.sources.trial import TriedPage, first_address, trial_settings, try_pages
from patrol.sources.writing import name_of, new_source

app = typer.Typer(help="巡查来源：列出、试取、新增。", no_args_is_help=True)
app.command("accept")(accept_command)
_EXAMPLE = 80
_RENDER = {"http": "直接读取", "browser": "浏览器", "learn": "自动判断"}


@app.command("list")
def list_command(as_json: Annotated[bool, typer.Option("--json", help="以 JSON 输出")] = False) -> None:
    """列出所有来源：名称、怎样读取、能否匿名访问、核实日期。"""
    platforms = load_platforms()
    if as_json or not sys.stdout.isatty():
        typer.echo(json.dumps([_row(platform) for platform in platforms.values()], ensure_ascii=False))
        return
    table = folding("名称", "平台", "怎样读取", "说明", title="巡查来源", whole=("名称", "怎样读取"))
    for name, platform in platforms.items():
        seen = "基本不可见" if platform.policy.closed else "可见"
        how = f"{_RENDER[platform.render]}\n匿名{seen}\n{platform.verified_on} 核实"
        table.add_row(name, platform.title, how, platform.policy.note)
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


@app.command("check")
def check_command(
    name: Annotated[str, typer.Argument(help="来源名称（见 patrol source list）")],
    url: Annotated[str, typer.Option("--url", help="只试这一页；不写则试来源自己的入口或搜索，再试它引向的一页")] = "",
    keyword: Annotated[str, typer.Option("--keyword", help="搜索来源用这个词试")] = "",
    campaign: Annotated[Path | None, typer.Option("--campaign", "-c", help="专项行动文件：用其中的地区、入口和关键词")] = None,
    recorded: Annotated[bool, typer.Option("--recorded", help="不上网：重读 patrol record 存下的样例，看读法有没有变")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="以 JSON 输出")] = False,
) -> None:
    """真实地试取一个来源：逐项列出读到什么、与预期相差多少；受阻或改版时退出码 1，并给出一行处理办法。"""
    platform = load_platform(name)
    if recorded:
        _check_recorded(platform)
        return
    chosen = load_campaign(campaign) if campaign else ad_hoc_campaign()
    address = checked_address(url) if url else first_address(platform, chosen, keyword=keyword)
    pages = checked(platform, try_pages(platform, address, chosen, trial_settings(), pages=1 if url else 2))
    advice = what_to_do(pages, entry=not url)
    if as_json:
        typer.echo(
            json.dumps(
                {"source": name, "well": not advice, "do": advice, "pages": [_as_data(one) for one in pages]}, ensure_ascii=False
            )
        )
    else:
        show_pages(pages)
        typer.echo(f"处理办法：{advice}" if advice else f"来源“{name}”正常")
    if advice:
        raise typer.Exit(1)


def _check_recorded(platform: Platform) -> None:
    kept = list(reread(platform))
    for one in kept:
        typer.echo(f"{one.file.name}  {one.url}  {'与存下时不同：' + '、'.join(one.changed) if one.changed else '一致'}")
    if any(one.changed for one in kept):
        typer.echo("处理办法：如是有意的改动，重新 patrol record 一次；否则改回 platform.yml")
        raise typer.Exit(1)


def record_command(
    url: Annotated[str, typer.Argument(help="要留存的网页")],
    platform: Annotated[str, typer.Option("--platform", help="平台名称（见 patrol source list）")],
) -> None:
    """存下一个网页、响应头和当时读出的内容，作为样例；以后用 patrol source check 名称 --recorded 核对读法有没有变。"""
    chosen, settings = load_platform(platform), trial_settings()
    page, *_ = try_pages(chosen, checked_address(url), ad_hoc_campaign(), settings, pages=1)
    show_pages(checked(chosen, [page]))
    if page.result.capture is None:
        typer.echo("没有取到网页，未存样例")
        raise typer.Exit(1)
    typer.echo(f"已存样例 {keep(chosen, page.body, page.result.capture, settings)}")


def checked_address(url: str) -> str:
    """Return an address an officer gave; BadInput when it is none."""
    if not is_web_address(url):
        raise BadInput(f"“{url[:80]}”不是完整的网址；应以 http:// 或 https:// 开头", field="--url")
    return url


def show_pages(pages: Sequence[CheckedPage]) -> None:
    """Print each page with a table of its fields."""
    console = Console()
    for page in pages:
        how = {"browser": "浏览器", "http": "直接读取"}.get(page.mode, "未取到")
        number = f"，{page.things}条" if page.kind in {"list", "search", "feed"} else ""
        console.print(f"{page.kind_shown}  {escape(page.url)}", soft_wrap=True)
        console.print(
            f"  结果：{page.state.chinese}（{page.state}）{number}，{how}{'；' + escape(page.reason) if page.reason else ''}"
        )
        if page.fields:
            table = folding("字段", "读出", "预期", "例")
            for field in page.fields:
                row = f"[yellow]{field.found}/{field.of}[/]" if field.short else f"{field.found}/{field.of}"
                table.add_row(
                    field.name, row, f"{field.expected:.0%}" if field.expected else "", escape(field.example[:_EXAMPLE])
                )
            console.print(table)
        for fault in page.faults:
            console.print(f"  [yellow]{escape(fault)}[/]")


def _as_data(page: CheckedPage) -> dict[str, object]:
    return {
        "url": page.url,
        "kind": page.kind,
        "state": page.state.value,
        "reason": page.reason,
        "mode": page.mode,
        "things": page.things,
        "posts": page.posts,
        "faults": list(page.faults),
        "fields": [
            {"name": one.name, "found": one.found, "of": one.of, "expected": one.expected, "example": one.example[:_EXAMPLE]}
            for one in page.fields
        ],
    }


@app.command("new")
def new_command(
    url: Annotated[str, typer.Argument(help="新网站的一个列表页（或详情页）的网址")],
    name: Annotated[str, typer.Option("--name", help="来源名称（小写字母）；不写则取自域名")] = "",
) -> None:
    """从一个网址猜写新来源的说明文件（工作区 platforms 文件夹），试读一遍，列出要核对的；不覆盖已有的。"""
    address, settings = checked_address(url), trial_settings()
    made = new_source(address, name or name_of(address), ad_hoc_campaign(), settings)
    if isinstance(made, TriedPage):
        [page] = checked(load_platform(GENERIC), [made])
        show_pages([page])
        typer.echo(f"没有写：{what_to_do([page]) or '网页没有内容'}")
        raise typer.Exit(1)
    for line in made.seen:
        typer.echo(line)
    pages = checked(made.platform, made.pages)
    show_pages(pages)
    typer.echo(f"已写入 {made.file}")
    typer.echo("请核对：上面每一项是否就是网页上的；并把网站撤下、无结果、拦截时的原话补进 states。")
    typer.echo(f"改好后运行 patrol source check {made.platform.name}")
