"""How far this machine's clock is off: against a time server where the bureau names one, else against what the website said."""

import socket
import struct
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache

from patrol.vault.model import Check

CLOCK = "系统时钟"
_FINE_SECONDS = 5.0
_WAIT_SECONDS = 2.0
_KEPT_SECONDS = 600
_NTP_EPOCH = 2_208_988_800
_PORT = 123


def clock_check(server: str, at: datetime, headers: Sequence[tuple[str, str]]) -> Check:
    """Return the check of the clock at the moment `at` of an exchange; what could not be held against anything is said so.

    `server` is an NTP server `host[:port]` (asked once in ten minutes), `headers` are those of the website's answer.
    """
    offset, why = _asked(server, int(time.monotonic() // _KEPT_SECONDS)) if server else (None, "未设置时间服务器（ntp_server）")
    if offset is not None:
        return Check(name=CLOCK, result=f"与时间服务器 {server} 相差 {offset:+.2f} 秒（NTP）", fine=abs(offset) <= _FINE_SECONDS)
    seen = _against_site(at, headers)
    if seen is None:
        return Check(name=CLOCK, result=f"没有与外部时间核对：{why}，网站应答也没有可用的 Date；以可信时间戳为准")
    return Check(
        name=CLOCK,
        result=f"与网站应答的 Date 相差约 {seen:+.0f} 秒（以网站时钟为准，精度 1 秒；{why}）",
        fine=abs(seen) <= _FINE_SECONDS,
    )


def _against_site(at: datetime, headers: Sequence[tuple[str, str]]) -> float | None:
    said = next((value for name, value in headers if name.lower() == "date"), "")
    try:
        site = parsedate_to_datetime(said)
    except (ValueError, TypeError):
        return None
    return (at - site.replace(tzinfo=site.tzinfo or UTC)).total_seconds()


@lru_cache(maxsize=4)
def _asked(server: str, _period: int) -> tuple[float | None, str]:
    host, _, port = server.partition(":")
    try:
        return ntp_offset(host, int(port or _PORT)), ""
    except (OSError, ValueError):
        return None, f"时间服务器 {server} 没有应答"


def ntp_offset(host: str, port: int = _PORT) -> float:
    """Return how many seconds this clock is ahead of a time server (SNTP, RFC 4330). Raises OSError or ValueError."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.settimeout(_WAIT_SECONDS)
        asking.connect((host, port))
        sent = time.time()
        asking.send(b"\x23" + bytes(39) + struct.pack("!II", int(sent) + _NTP_EPOCH, 0))
        answer = asking.recv(512)
        came = time.time()
    if len(answer) < 48 or answer[0] & 7 != 4 or not 1 <= answer[1] <= 15:
        raise ValueError("not an answer of a time server")
    received, replied = _moment(answer[32:40]), _moment(answer[40:48])
    return ((sent - received) + (came - replied)) / 2


def _moment(stamp: bytes) -> float:
    return int.from_bytes(stamp[:4], "big") - _NTP_EPOCH + int.from_bytes(stamp[4:], "big") / 2**32
