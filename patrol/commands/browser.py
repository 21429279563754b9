"""`patrol browser`: an officer's own browser window, to log in by hand; sweeps never log in by themselves."""

import re
import subprocess
from typing import Annotated

import typer

from patrol import settings as settings_module
from patrol.browser_profiles import ARGUMENTS, DEFAULT, is_open, make_folder
from patrol.browsers import find_browser, launch_arguments
from patrol.commands.source import checked_address
from patrol.errors import BadInput, NotAvailable

app = typer.Typer(help="工作人员自己的浏览器窗口。", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Keep `open` a verb of its own though it is the only one."""


@app.command("open")
def open_command(
    url: Annotated[str, typer.Argument(help="打开哪个网站；不写则打开空白页")] = "",
    profile: Annotated[str, typer.Option("--profile", help="浏览器身份的名称，登录状态保存在工作区的 profiles 文件夹")] = DEFAULT,
) -> None:
    """打开一个有界面的浏览器窗口，由工作人员亲自登录；只有写明 profile 的来源巡查时才用它，软件从不代为登录。"""
    settings = settings_module.load()
    if not re.fullmatch(r"[a-z][a-z0-9_]*", profile):
        raise BadInput(f"“{profile}”不能作名称；请用小写字母开头，只含小写字母、数字和下划线", field="--profile")
    address = checked_address(url) if url else "about:blank"
    if not settings_module.has_display():
        raise NotAvailable("本机没有图形界面，打不开浏览器窗口；请在有桌面的电脑上运行，再把工作区的 profiles 文件夹复制过来")
    browser = find_browser(settings)
    if browser is None:
        raise NotAvailable("没有找到浏览器；请运行 patrol doctor --mend，或安装 Chrome 后重试")
    folder = make_folder(settings.workspace, profile)
    if is_open(folder):
        raise NotAvailable(f"浏览器身份“{profile}”的窗口已经开着")
    typer.echo(f"请在窗口里亲自登录，完成后关闭窗口。登录状态保存在 {folder}")
    sandbox = [one for one in launch_arguments() if one == "--no-sandbox"]
    subprocess.run([str(browser), f"--user-data-dir={folder}", *ARGUMENTS, *sandbox, address], check=False)  # noqa: S603
    typer.echo(f'窗口已关闭。要让某个来源用它，在专项行动文件的 [[sources]] 里写 profile = "{profile}"')
