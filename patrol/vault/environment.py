"""What can be said about the machine on which evidence is taken: software, system, hosts file, proxy, clock (清洁性检查)."""

import hashlib
import locale
import platform
import sys
import urllib.request
from functools import cache
from importlib import metadata
from pathlib import Path

from patrol.errors import in_words
from patrol.settings import Settings
from patrol.vault.model import Check, Environment

_HOSTS = Path(r"C:\Windows\System32\drivers\etc\hosts") if sys.platform == "win32" else Path("/etc/hosts")
_RESOLV = Path("/etc/resolv.conf")
_LOCAL_NAMES = {"localhost", "localhost.localdomain", "ip6-localhost", "ip6-loopback", "broadcasthost"}
_NAME = "xianshang-patrol"


def configuration_digest(settings: Settings) -> str:
    """Return the SHA-256 of every setting in force, name by name."""
    text = "\n".join(f"{name}={settings.values[name]!r}" for name in sorted(settings.values))
    return hashlib.sha256(text.encode()).hexdigest()


@cache
def software_version() -> str:
    """Return the installed version of this software, or `unpackaged` when it runs from a checkout."""
    try:
        return metadata.version(_NAME)
    except metadata.PackageNotFoundError:
        return "unpackaged"


def environment(settings: Settings | None = None) -> Environment:
    """Return the facts of this machine now; what cannot be checked is said so, never assumed."""
    return Environment(
        software=_NAME,
        version=software_version(),
        configuration_sha256=configuration_digest(settings) if settings else "",
        python=platform.python_version(),
        system=f"{platform.system()} {platform.release()}",
        machine=platform.machine(),
        checks=(_hosts_check(), _proxy_check(), _resolver_check(), _locale_check()),
    )


def _hosts_check() -> Check:
    try:
        lines = _HOSTS.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError as error:
        return Check(name="hosts 文件", result=f"未能读取（{in_words(error)}）")
    entries = [line.split("#", 1)[0].split() for line in lines]
    names = {name for entry in entries if len(entry) > 1 for name in entry[1:]}
    own = {platform.node(), platform.node().split(".")[0]}
    foreign = sorted(name for name in names - _LOCAL_NAMES - own if not name.startswith("ip6-"))
    if not foreign:
        return Check(name="hosts 文件", result="只有本机名，无改向", fine=True)
    return Check(name="hosts 文件", result=f"含 {len(foreign)} 个改向条目：{'、'.join(foreign[:5])}", fine=False)


def _proxy_check() -> Check:
    proxies = urllib.request.getproxies()
    kinds = sorted(kind for kind in proxies if kind in {"http", "https", "all"})
    if not kinds:
        return Check(name="系统代理", result="未设置", fine=True)
    return Check(name="系统代理", result=f"已设置（{'、'.join(kinds)}）", fine=False)


def _resolver_check() -> Check:
    try:
        lines = _RESOLV.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return Check(name="域名解析服务器", result="未能读取系统设置")
    servers = [line.split()[1] for line in lines if line.startswith("nameserver") and len(line.split()) > 1]
    return Check(name="域名解析服务器", result="、".join(servers) or "未见设置")


def _locale_check() -> Check:
    return Check(name="系统语言与编码", result=f"{locale.getlocale()[0] or '未设置'} / {sys.getfilesystemencoding()}")
