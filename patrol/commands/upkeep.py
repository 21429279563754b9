"""`patrol upkeep …`: what the clock does to keep a workspace well: daily backups in rotation, caches and logs cleared."""

import re
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import typer

from patrol import backup, settings
from patrol.campaigns import CHINA
from patrol.settings import Settings
from patrol.store import Store
from patrol.store.clock import ClockBook
from patrol.store.console_work import WorkBook
from patrol.vault import Vault, retention

app = typer.Typer(help="维护：定时备份、清理（平时由调度服务运行）", no_args_is_help=True)
_NAME = re.compile(r"patrol-\d{8}-\d{6}")
_ROTATING = re.compile(r"patrol\.log(?:\.\d+)?")


@app.command("backup")
def backup_command() -> None:
    """备份一次到 backup_folder，并只保留最近若干份。"""
    given, now = settings.load(), datetime.now(UTC)
    done = backup.back_up(given, backup_folder(given) / f"patrol-{now.astimezone(CHINA):%Y%m%d-%H%M%S}")
    dropped = list(drop_old_backups(given))
    typer.echo(f"已备份到 {done.folder}；{done.report.summary}" + (f"；已删去旧备份{len(dropped)}份" if dropped else ""))


def backup_folder(given: Settings) -> Path:
    """Return where daily backups lie: as set, else beside the workspace."""
    chosen = given.text("backup_folder")
    return Path(chosen).expanduser() if chosen else given.workspace.parent / f"{given.workspace.name}-backups"


def backups(given: Settings) -> list[Path]:
    """Return the finished daily backups, oldest first."""
    folder = backup_folder(given)
    if not folder.is_dir():
        return []
    return sorted(one for one in folder.iterdir() if _NAME.fullmatch(one.name) and (one / backup.RECORD).is_file())


def drop_old_backups(given: Settings) -> Iterator[Path]:
    """Remove the oldest daily backups over the number to keep (never the last one); yield what was removed."""
    keep = max(1, int(given.number("backups_kept")))
    for old in backups(given)[:-keep]:
        shutil.rmtree(old)
        yield old


@app.command("tidy")
def tidy_command() -> None:
    """清除过期的抓取缓存和运行日志；列出保存期满的证据（销毁须两人办理，不会自动销毁）。"""
    given, now = settings.load(), datetime.now(UTC)
    removed = list(clear_old_files(given, now))
    typer.echo(f"已清除{len(removed)}个过期缓存和日志文件")
    due = overdue_evidence(given, now)
    if due:
        text = f"{due}份证据已过保存期限；请用 patrol evidence purge 核对，由经办人和批准人办理销毁"
        typer.echo(text)
        store = Store.open(given.workspace)
        try:
            ClockBook(store).notice(f"{now.astimezone(CHINA):%Y-%m-%d}", "retention", text, now)
        finally:
            store.close()


def clear_old_files(given: Settings, now: datetime) -> Iterator[Path]:
    """Remove spooled bodies and run logs older than the set number of days; yield them. Rotating logs look after themselves."""
    limit = (now - timedelta(days=max(1.0, given.number("spool_days")))).timestamp()
    for folder in (given.workspace / "spool", given.workspace / "logs"):
        for file in folder.glob("*") if folder.is_dir() else ():
            if file.is_file() and not _ROTATING.fullmatch(file.name) and file.stat().st_mtime < limit:
                file.unlink()
                yield file


def overdue_evidence(given: Settings, now: datetime) -> int:
    """Count the evidence whose period is over, by the judgements of all campaigns."""
    store = Store.open(given.workspace)
    try:
        judgements = {
            lead.evidence: lead.judgement.value for campaign, _ in WorkBook(store).campaigns() for lead in store.leads(campaign)
        }
    finally:
        store.close()
    return len(retention.overdue(Vault.of(given), judgements, now)) if judgements else 0
