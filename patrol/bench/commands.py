"""`patrol bench`: every measurement of speed under one verb, each in a process of its own, so that memory counts are its own."""

import subprocess
import sys
from collections.abc import Callable

import typer

_BENCHES = {
    "detect": "检测：单核每秒多少条 200 字的帖子，与逐条正则相比。",
    "match": "名单比对：每秒多少次查询，与逐行扫描相比。",
    "crawl": "抓取：整个流程与最简 Scrapy 爬虫相比（在模拟城市上）。",
    "vault": "取证：与同样内容的最简浏览器脚本相比。",
    "report": "报表：一万行巡查情况表的用时和内存。",
    "images": "图片：每秒识别多少张海报，错字率。",
    "console": "控制台：百万帖文时各页面的用时。",
}

app = typer.Typer(no_args_is_help=True, help="测速：各部分的速度，与最简写法在同一次运行里比较。参数原样交给各项测速。")


def _runner(name: str) -> Callable[[typer.Context], None]:
    def run(context: typer.Context) -> None:
        command = [sys.executable, "-m", f"patrol.bench.{name}", *context.args]
        raise typer.Exit(subprocess.run(command, check=False).returncode)  # noqa: S603 - our own module, asked by name

    run.__doc__ = _BENCHES[name]
    return run


for _name in _BENCHES:
    app.command(_name, add_help_option=False, context_settings={"allow_extra_args": True, "ignore_unknown_options": True})(
        _runner(_name)
    )
