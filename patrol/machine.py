"""What this machine has, what it lacks, and the one line that mends it: the body of `patrol doctor`."""

import importlib.util
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from patrol.browsers import find_browser, look_again
from patrol.errors import NotAvailable
from patrol.settings import Settings

_FONT_FOLDERS = ("/System/Library/Fonts", "C:/Windows/Fonts")
_FONT_NAMES = ("PingFang.ttc", "simsun.ttc", "msyh.ttc", "simhei.ttf")
_EMOJI_NAMES = ("Apple Color Emoji.ttc", "seguiemj.ttf")
_INSTALL_SECONDS = 900
_MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True)
class Part:
    """One thing the product needs: whether it is there, what was found, and how to get it.

    `packages` are Debian's names; `must` marks a part without which a sweep cannot be carried out whole.
    """

    name: str
    present: bool
    found: str
    mend: str = ""
    packages: tuple[str, ...] = ()
    must: bool = True


def inspect(settings: Settings, *, for_tests: bool = False) -> list[Part]:
    """Look at the machine and return its parts; nothing is changed."""
    probes: list[Callable[[Settings], Part]] = [_python, _database, _browser, _chinese_font, _emoji_font, _ocr, _room]
    parts = [probe(settings) for probe in probes]
    return parts + (_test_tools() if for_tests else [])


def mend(parts: Sequence[Part], settings: Settings, say: Callable[[str], None]) -> None:
    """Install what is missing and can be installed without asking: a browser, fonts, tools for the tests.

    As root on a Debian-like system the distribution's packages are used; otherwise only the browser can be fetched. NotAvailable
    names the parts that remain missing and the line that brings them.
    """
    missing = [part for part in parts if not part.present]
    if any(part.name == "浏览器" for part in missing) and not _fetch_browser(say):
        say("浏览器下载不成，改用系统软件包")
    look_again()
    still = [part for part in missing if part.name != "浏览器" or find_browser(settings) is None]
    packages = [package for part in still for package in part.packages]
    if packages and _is_root() and shutil.which("apt-get"):
        say(f"正在安装：{'、'.join(packages)}")
        _apt(packages)
        look_again()
    left = [part for part in inspect(settings, for_tests=True) if not part.present and part.must and part.name in _names(missing)]
    if left:
        raise NotAvailable("；".join(f"缺少{part.name}：{part.mend}" for part in left))


def _names(parts: Sequence[Part]) -> frozenset[str]:
    return frozenset(part.name for part in parts)


def _is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0


def _fetch_browser(say: Callable[[str], None]) -> bool:
    say("正在下载浏览器（约150MB）")
    command = [sys.executable, "-m", "playwright", "install", *(["--with-deps"] if _is_root() else []), "chromium-headless-shell"]
    try:
        done = subprocess.run(command, capture_output=True, timeout=_INSTALL_SECONDS, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def _apt(packages: Sequence[str]) -> None:
    environment = ["env", "DEBIAN_FRONTEND=noninteractive"]
    update = [*environment, "apt-get", "update", "-qq"]
    install = [*environment, "apt-get", "install", "-y", "-qq", "--no-install-recommends", *dict.fromkeys(packages)]
    for command in (update, install):
        done = subprocess.run(command, capture_output=True, text=True, timeout=_INSTALL_SECONDS, check=False)  # noqa: S603
        if done.returncode and command is install:
            last = (done.stderr.strip().splitlines() or ["原因不明"])[-1]
            raise NotAvailable(f"安装 {' '.join(packages)} 失败（{last}）；请检查网络和软件源后运行 patrol doctor --mend")


def _python(_: Settings) -> Part:
    version = ".".join(str(number) for number in sys.version_info[:3])
    return Part("Python", sys.version_info >= (3, 11), version, "请安装 Python 3.11 或更高版本")


def _database(_: Settings) -> Part:
    return Part("SQLite", sqlite3.sqlite_version_info >= (3, 38, 0), sqlite3.sqlite_version, "请安装带 SQLite 3.38 以上的 Python")


def _browser(settings: Settings) -> Part:
    path = find_browser(settings)
    mend_line = '运行 patrol doctor --mend；或安装 Chrome、Edge 后重试；或在 settings.toml 写 browser = "程序路径"'
    return Part("浏览器", path is not None, str(path or "没有找到"), mend_line, ("chromium",))


def _has_font(language: str, names: Sequence[str]) -> str:
    for folder in _FONT_FOLDERS:
        for name in names:
            if (Path(folder) / name).exists():
                return name
    if not shutil.which("fc-list"):
        return ""
    listed = subprocess.run(["fc-list", language, "family"], capture_output=True, text=True, check=False)  # noqa: S603, S607
    return next((line.split(",")[0].strip() for line in sorted(listed.stdout.splitlines()) if line.strip()), "")


def _chinese_font(_: Settings) -> Part:
    found = _has_font(":lang=zh-cn", _FONT_NAMES)
    mend_line = "请管理员运行 apt-get install fonts-noto-cjk（否则截图里的汉字是方框）"
    return Part("中文字体", bool(found), found or "没有找到", mend_line, ("fontconfig", "fonts-noto-cjk"))


def _emoji_font(_: Settings) -> Part:
    found = _has_font(":charset=1f4da", _EMOJI_NAMES)
    mend_line = "请管理员运行 apt-get install fonts-noto-color-emoji（广告里常有表情符号）"
    return Part("表情字体", bool(found), found or "没有找到", mend_line, ("fonts-noto-color-emoji",), must=False)


def _ocr(_: Settings) -> Part:
    missing = [name for name in ("rapidocr", "onnxruntime", "zxingcpp") if importlib.util.find_spec(name) is None]
    found = "已安装" if not missing else f"缺 {'、'.join(missing)}；图片里的文字不识别，报告会注明"
    return Part("图片识别", not missing, found, '运行 pip install "xianshang-patrol[ocr]"', must=False)


def _room(settings: Settings) -> Part:
    folder = settings.workspace
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free // _MEGABYTE
    need = int(settings.number("min_free_mb"))
    return Part("磁盘空间", free >= need, f"剩余 {free} MB", f"请清理磁盘，至少留出 {need} MB")


def _test_tools() -> list[Part]:
    wanted = {
        "redis-server": "redis-server",
        "openssl": "openssl",
        "soffice": "libreoffice-writer",
        "pdftoppm": "poppler-utils",
        "ip": "iproute2",
    }
    parts = [
        Part(f"测试工具 {tool}", bool(shutil.which(tool)), shutil.which(tool) or "缺", f"apt-get install {package}", (package,))
        for tool, package in wanted.items()
    ]
    calc = Part(
        "测试工具 calc",
        Path("/usr/lib/libreoffice/program/libsclo.so").exists(),
        "",
        "apt-get install libreoffice-calc",
        ("libreoffice-calc",),
    )
    return [*parts, calc]
