"""Carry notices to people: mail, webhook, WeCom robot. All off until set; quiet hours and a daily digest hold them back.

A notice is text of ours (campaign, source, numbers), never what a page said. Each channel keeps its own account of what it took,
so that one that is down loses nothing and the others do not tell twice.
"""

import json
import smtplib
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Protocol

from patrol.campaigns import CHINA
from patrol.errors import BadInput, in_words
from patrol.operation.logs import masked
from patrol.settings import Settings
from patrol.store.clock import ClockBook, Notice

SECONDS = 15.0
RETRY = timedelta(minutes=10)
OLDEST = timedelta(days=2)
MOST_TRIES = 30
_WECOM_BYTES = 2000
_FAILURES = (OSError, smtplib.SMTPException, ssl.SSLError, ValueError, urllib.error.URLError)


class Channel(Protocol):
    """A way to reach people. `send` raises one of the failures of its protocol when the message was not taken."""

    @property
    def name(self) -> str:
        """Under which its deliveries are kept."""

    def send(self, subject: str, lines: Sequence[str]) -> None:
        """Hand over one message."""


@dataclass(frozen=True, slots=True)
class Mail:
    """Mail through the bureau's own server."""

    host: str
    port: int
    security: str
    user: str
    password: str
    sender: str
    receivers: tuple[str, ...]
    name: str = "邮件"

    def send(self, subject: str, lines: Sequence[str]) -> None:
        """Send one mail to all receivers."""
        message = EmailMessage()
        message["Subject"], message["From"], message["To"] = subject, self.sender, "、".join(self.receivers).replace("、", ", ")
        message.set_content("\n".join(lines) + "\n\n本邮件由线上巡查系统自动发出，所述均为疑似或待核，请登录系统查看。\n")
        context = ssl.create_default_context()
        if self.security == "ssl":
            server: smtplib.SMTP = smtplib.SMTP_SSL(self.host, self.port, timeout=SECONDS, context=context)
        else:
            server = smtplib.SMTP(self.host, self.port, timeout=SECONDS)
        with server:
            if self.security == "starttls":
                server.starttls(context=context)
            if self.user:
                server.login(self.user, self.password)
            server.send_message(message)


@dataclass(frozen=True, slots=True)
class Webhook:
    """A JSON post to an address of the bureau: {"subject", "lines", "at"}."""

    address: str
    name: str = "webhook"

    def send(self, subject: str, lines: Sequence[str]) -> None:
        """Post one message; any answer but 2xx is a failure."""
        _post(self.address, {"subject": subject, "lines": list(lines), "at": datetime.now(CHINA).isoformat(timespec="seconds")})


@dataclass(frozen=True, slots=True)
class WeCom:
    """A robot of a WeCom group (企业微信群机器人): text messages of at most 2048 bytes."""

    address: str
    name: str = "企业微信"

    def send(self, subject: str, lines: Sequence[str]) -> None:
        """Post one text message; the answer's errcode must be 0."""
        body = _post(self.address, {"msgtype": "text", "text": {"content": _shortened(subject, lines, _WECOM_BYTES)}})
        answer = json.loads(body or "{}")
        if not isinstance(answer, dict) or answer.get("errcode", 0) != 0:
            raise ValueError(f"企业微信拒收（errcode {answer.get('errcode') if isinstance(answer, dict) else '不明'}）")


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A message goes to the address that was set, nowhere else."""

    def redirect_request(self, *_: object, **__: object) -> None:
        """Follow nothing."""


def _post(address: str, message: dict[str, object]) -> str:
    data = json.dumps(message, ensure_ascii=False).encode()
    request = urllib.request.Request(address, data, {"Content-Type": "application/json; charset=utf-8"})  # noqa: S310
    opener = urllib.request.build_opener(_NoRedirect())
    with closing(opener.open(request, timeout=SECONDS)) as answer:
        return str(answer.read(65_536).decode("utf-8", "replace"))


def _shortened(subject: str, lines: Sequence[str], most: int) -> str:
    kept: list[str] = [subject]
    for number, line in enumerate(lines):
        rest = f"……另有{len(lines) - number}条，请登录系统查看"
        if len("\n".join([*kept, line, rest]).encode()) > most:
            return "\n".join([*kept, rest])
        kept.append(line)
    return "\n".join(kept)


def channels(settings: Settings) -> list[Channel]:
    """Return the channels that are set; BadInput names a setting that cannot work."""
    found: list[Channel] = []
    if settings.text("notice_mail_to"):
        found.append(_mail(settings))
    for name, kind in (("notice_webhook", Webhook), ("notice_wecom", WeCom)):
        address = _secret(settings.text(name), name)
        if address:
            if not address.startswith(("https://", "http://")):
                raise BadInput("应为 https:// 开头的地址，或存有该地址的文件", field=name)
            found.append(kind(address))
    return found


def _mail(settings: Settings) -> Mail:
    receivers = tuple(part.strip() for part in settings.text("notice_mail_to").replace("，", ",").split(",") if part.strip())
    host, security = settings.text("smtp_host"), settings.text("smtp_security")
    if not host or any("@" not in one for one in receivers):
        raise BadInput("发邮件需要 smtp_host 和有效的收件地址（多个用逗号分隔）", field="notice_mail_to")
    if security not in {"ssl", "starttls", "none"}:
        raise BadInput("只能是 ssl、starttls 或 none", field="smtp_security")
    user = settings.text("smtp_user")
    password = _secret(settings.text("smtp_password_file"), "smtp_password_file", always_file=True)
    return Mail(host, int(settings.number("smtp_port")), security, user, password, settings.text("smtp_from") or user, receivers)


def _secret(value: str, name: str, *, always_file: bool = False) -> str:
    """Return a secret: what is written in the file that the setting names, or the address itself."""
    if not value or (not always_file and "://" in value):
        return value
    try:
        return Path(value).expanduser().read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"读不出文件“{value}”（{in_words(error)}）", field=name) from error


@dataclass(frozen=True, slots=True)
class Hours:
    """When notices may go out: not in the quiet hours; with a digest time, once a day at that time."""

    quiet_from: time | None = None
    quiet_until: time | None = None
    digest: time | None = None

    @classmethod
    def of(cls, settings: Settings) -> "Hours":
        """Read the two settings; BadInput when one is not written as hours."""
        quiet, digest = settings.text("notice_quiet").strip(), settings.text("notice_digest").strip()
        begin, end = (None, None) if not quiet else _span(quiet)
        return cls(begin, end, _hour(digest, "notice_digest") if digest else None)

    def quiet(self, now: datetime) -> bool:
        """Whether a moment lies in the quiet hours (which may go over midnight)."""
        if self.quiet_from is None or self.quiet_until is None:
            return False
        at = now.astimezone(CHINA).time()
        if self.quiet_from <= self.quiet_until:
            return self.quiet_from <= at < self.quiet_until
        return at >= self.quiet_from or at < self.quiet_until

    def sendable(self, notices: Sequence[Notice], now: datetime) -> list[Notice]:
        """Return the notices that may go out now."""
        if self.quiet(now):
            return []
        if self.digest is None:
            return list(notices)
        today = datetime.combine(now.astimezone(CHINA).date(), self.digest, CHINA)
        latest = today if now >= today else today - timedelta(days=1)
        return [notice for notice in notices if notice.at < latest]


def _span(text: str) -> tuple[time, time]:
    first, mark, last = text.partition("-")
    if not mark:
        raise BadInput(f"应写作 22:00-07:30，实际为“{text}”", field="notice_quiet")
    return _hour(first, "notice_quiet"), _hour(last, "notice_quiet")


def _hour(text: str, field: str) -> time:
    try:
        return time.fromisoformat(text.strip())
    except ValueError as error:
        raise BadInput(f"钟点应写作 08:30，实际为“{text}”", field=field) from error


def deliver(book: ClockBook, settings: Settings, now: datetime) -> Iterator[str]:
    """Send what waits through every channel that is set; yield one log line per channel that was used."""
    hours = Hours.of(settings)
    for channel in channels(settings):
        waiting = book.undelivered(channel.name, since=now - OLDEST, retry_before=now - RETRY, most=MOST_TRIES)
        due = hours.sendable(waiting, now)
        if not due:
            continue
        error = _tried(channel, [notice.text for notice in due])
        book.note_delivery([notice.id for notice in due], channel.name, error=error, now=now)
        yield f"{channel.name} {len(due)}" + (f" failed: {error}" if error else " sent")


def try_channels(settings: Settings, text: str) -> list[tuple[str, str]]:
    """Send one line through every channel that is set, at any hour; return (channel, what went wrong or nothing)."""
    return [(channel.name, _tried(channel, [text])) for channel in channels(settings)]


def _tried(channel: Channel, lines: Sequence[str]) -> str:
    try:
        channel.send(f"线上巡查提醒（{len(lines)}条）", [masked(line) for line in lines])
    except _FAILURES as error:
        return masked(f"{type(error).__name__}：{error}")[:200]
    return ""
