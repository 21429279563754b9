"""How the workspace stands: clock, sources, queue, captures, backups, disk; as checks that say what to do."""

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from patrol.calendar import PublicDays
from patrol.calendar_files import load_calendar
from patrol.campaigns import CHINA
from patrol.commands.upkeep import backups
from patrol.errors import BadInput
from patrol.operation.notices import channels
from patrol.settings import Settings
from patrol.store import Store
from patrol.store.clock import ClockBook
from patrol.store.health import HealthBook, Numbers

SILENT = timedelta(minutes=5)
_BACKUP_DAYS = 2
_MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at: `state` is `ok`, `warn` or `bad`; `text` says what was found and what to do."""

    name: str
    state: str
    text: str


@dataclass(frozen=True, slots=True)
class Status:
    """The checks and the numbers of a workspace at one moment."""

    at: datetime
    checks: tuple[Check, ...]
    numbers: Numbers

    @property
    def well(self) -> bool:
        """Whether nothing is bad."""
        return all(check.state != "bad" for check in self.checks)

    def as_data(self) -> dict[str, object]:
        """Return the status as the health end point gives it: no names, no addresses."""
        checks = [{"name": check.name, "state": check.state, "text": check.text} for check in self.checks]
        return {
            "at": self.at.isoformat(timespec="seconds"),
            "well": self.well,
            "checks": checks,
            "numbers": self.numbers.as_data(),
        }


def status_of(given: Settings, now: datetime | None = None) -> Status:
    """Look at everything once. Opens the store; raises StoreError when that fails."""
    now = now or datetime.now(UTC)
    store = Store.open(given.workspace)
    try:
        book, numbers = ClockBook(store), HealthBook(store).numbers()
        checks = (
            _clock(given, book, now),
            *_queue(numbers),
            _missed(book, now),
            _disk(given),
            _backup(given, now),
            _telling(given, book, now),
            _calendar(given, now),
        )
        return Status(now, checks, numbers)
    finally:
        store.close()


def clock_alive(given: Settings, book: ClockBook, now: datetime) -> bool:
    """Say whether the clock process has given a sign of life lately."""
    sign = book.last_sign()
    return (given.workspace / "clock.json").is_file() and sign is not None and abs(now - sign) < SILENT


def _clock(given: Settings, book: ClockBook, now: datetime) -> Check:
    sign = book.last_sign()
    if clock_alive(given, book, now):
        return Check("调度服务", "ok", f"运行中（进程 {_pid(given)}）")
    if sign is None:
        return Check("调度服务", "warn", "还没有启动过；用 patrol schedule start，或 patrol install-service --print 装为系统服务")
    return Check(
        "调度服务", "bad", f"没有运行（最后一次在 {sign.astimezone(CHINA):%m月%d日 %H:%M}）；请启动 patrol schedule start"
    )


def _pid(given: Settings) -> str:
    try:
        return str(json.loads((given.workspace / "clock.json").read_text(encoding="utf-8"))["pid"])
    except (OSError, ValueError, KeyError):
        return "不明"


def _queue(numbers: Numbers) -> Sequence[Check]:
    issues = sum(numbers.open_issues.values())
    waiting = numbers.captures.get("waiting", 0) + numbers.captures.get("failed", 0)
    return (
        Check("来源", "warn" if issues else "ok", f"{issues}个未恢复的问题" if issues else "没有未恢复的问题"),
        Check("线索", "ok", f"共{sum(numbers.leads.values())}条，待核{numbers.leads.get('unreviewed', 0)}条"),
        Check("取证", "warn" if waiting else "ok", f"{waiting}条线索的网页取证未完成" if waiting else "网页取证均已完成"),
    )


def _missed(book: ClockBook, now: datetime) -> Check:
    rows = book.between(now - timedelta(days=1), now)
    missed = [row for row in rows if row.state in {"missed", "failed"}]
    if missed:
        return Check("任务", "warn", f"最近一天有{len(missed)}次任务错过或失败；原因见 patrol schedule list")
    return Check("任务", "ok", f"最近一天{len(rows)}次任务，没有错过或失败")


def _disk(given: Settings) -> Check:
    free, need = shutil.disk_usage(given.workspace).free // _MEGABYTE, int(given.number("min_free_mb"))
    if free < need:
        return Check("磁盘", "bad", f"剩余 {free} MB，低于 {need} MB，已停止巡查和取证；请清理磁盘")
    state = "warn" if free < 3 * need else "ok"
    return Check("磁盘", state, f"剩余 {free} MB" + ("，快不够了，请清理或扩容" if state == "warn" else ""))


def _backup(given: Settings, now: datetime) -> Check:
    known = backups(given)
    if not known:
        return Check("备份", "warn", "还没有备份；调度服务每天备份一次，也可运行 patrol upkeep backup")
    made = datetime.strptime(known[-1].name, "patrol-%Y%m%d-%H%M%S").replace(tzinfo=CHINA)
    old = now - made > timedelta(days=_BACKUP_DAYS)
    return Check("备份", "warn" if old else "ok", f"最近一份 {made:%m月%d日 %H:%M}" + ("，已超过两天" if old else ""))


def _telling(given: Settings, book: ClockBook, now: datetime) -> Check:
    try:
        names = [channel.name for channel in channels(given)]
    except BadInput as error:
        return Check("提醒", "bad", f"设置有误：{error}")
    errors = book.delivery_errors(now - timedelta(days=1))
    if errors:
        return Check("提醒", "warn", "；".join(f"{channel}发不出（{error}）" for channel, error in errors))
    return Check("提醒", "ok", "、".join(names) if names else "未设置外发；提醒见 patrol schedule events 和控制台")


def _calendar(given: Settings, now: datetime) -> Check:
    try:
        public = PublicDays(load_calendar(given.workspace))
    except BadInput as error:
        return Check("日历", "bad", str(error))
    today = now.astimezone(CHINA).date()
    years = [year for year in (today.year, today.year + (today.month >= 11)) if not public.known(year)]
    wrong = [text for year in {today.year, today.year + 1} for text in public.disagreements(year)]
    if wrong:
        return Check("日历", "warn", wrong[0])
    if years:
        return Check("日历", "warn", f"{years[0]}年放假调休通知尚未载入，相关日期为暂定；公布后用 patrol calendar notice 载入")
    return Check("日历", "ok", f"{today.year}年放假调休通知已载入")
