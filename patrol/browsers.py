"""Find a browser on this machine, and say how it must be started so that it behaves."""

import os
import shutil
import sys
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from patrol.errors import BadInput
from patrol.settings import Settings

_NAMES = (
    "google-chrome-stable",
    "google-chrome",
    "microsoft-edge-stable",
    "microsoft-edge",
    "chromium",
    "chromium-browser",
    "chrome",
    "msedge",
)
_PLACES = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "C:/Program Files/Google/Chrome/Application/chrome.exe",
    "C:/Program Files (x86)/Google/Chrome/Application/chrome.exe",
    "C:/Program Files/Microsoft/Edge/Application/msedge.exe",
    "C:/Program Files (x86)/Microsoft/Edge/Application/msedge.exe",
)
_PLAYWRIGHT_FOLDERS = ("~/.cache/ms-playwright", "~/Library/Caches/ms-playwright", "~/AppData/Local/ms-playwright")
_PLAYWRIGHT_PROGRAMS = (
    "chromium-*/chrome-linux*/chrome",
    "chromium-*/chrome-mac*/Chromium.app/Contents/MacOS/Chromium",
    "chromium-*/chrome-win*/chrome.exe",
    "chromium_headless_shell-*/chrome-*/*headless*shell*",
)
_QUIET = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-domain-reliability",
    "--disable-sync",
    "--disable-breakpad",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-quic",
    "--dns-prefetch-disable",
    "--metrics-recording-only",
    "--mute-audio",
    "--no-first-run",
    "--no-pings",
    "--safebrowsing-disable-auto-update",
    "--disable-features=Translate,OptimizationHints,MediaRouter,AutofillServerCommunication,CertificateTransparencyComponentUpdater",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
    # everything goes through the guarding proxy, which resolves names itself; the browser must not look up any on its own
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
)


def find_browser(settings: Settings) -> Path | None:
    """Return the browser to use: the one the settings name, else an installed Chrome, Edge or Chromium, else Playwright's own.

    BadInput when the settings name a file that is not there.
    """
    named = settings.text("browser")
    if not named:
        return _installed()
    path = Path(named).expanduser()
    if not path.is_file():
        raise BadInput("没有这个浏览器程序；请改正路径，或留空以自动寻找", file=settings.origins.get("browser"), field="browser")
    return path


@lru_cache(maxsize=1)
def _installed() -> Path | None:
    return next((path for path in _candidates() if path.is_file()), None)


def _candidates() -> Iterator[Path]:
    for name in _NAMES:
        found = shutil.which(name)
        if found:
            yield Path(found)
    yield from (Path(place) for place in _PLACES)
    for folder in _PLAYWRIGHT_FOLDERS:
        for pattern in _PLAYWRIGHT_PROGRAMS:
            yield from sorted(Path(folder).expanduser().glob(pattern), reverse=True)


def launch_arguments() -> tuple[str, ...]:
    """Return the switches a browser is started with: no traffic of its own, and no sandbox only where the system forbids one.

    Chromium refuses to start its sandbox for the root user of Linux.
    """
    root = sys.platform.startswith("linux") and os.geteuid() == 0
    return (*_QUIET, "--no-sandbox") if root else _QUIET


def look_again() -> None:
    """Forget what was found: a browser may just have been installed."""
    _installed.cache_clear()
