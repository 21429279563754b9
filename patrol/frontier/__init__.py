"""What is still to fetch, as leases that survive a kill: acknowledged only after the page is stored."""

from pkgutil import resolve_name
from typing import cast

from patrol.errors import NotAvailable
from patrol.frontier.contract import Pages
from patrol.frontier.queue import Frontier
from patrol.frontier.records import Closure, Ended, Lane, Planned, Tally
from patrol.settings import Settings

__all__ = ["Closure", "Ended", "Frontier", "Lane", "Pages", "Planned", "Tally", "open_frontier"]


def open_frontier(settings: Settings, *, rest_seconds: float = 0.0) -> Pages:
    """Open the frontier of the workspace, or the shared one where `frontier_url` names a server.

    Raises NotAvailable when the part for it is not installed, StoreError when the file or the server cannot be used.
    """
    url = settings.text("frontier_url")
    if not url:
        return Frontier.open(settings.workspace, rest_seconds=rest_seconds)
    try:
        shared = resolve_name("patrol.frontier.shared:SharedFrontier")  # its library is an extra
    except ModuleNotFoundError as error:
        raise NotAvailable("没有安装 redis 组件，不能使用 frontier_url；请用 pip 安装 redis 后再次运行") from error
    return cast("Pages", shared.open(url, rest_seconds=rest_seconds))
