"""Once a day: what was asked of others and is due. A notice for people, written whether or not any channel carries it out."""

from datetime import date, datetime, timedelta
from pathlib import Path

from patrol.campaigns import china_today
from patrol.model import Campaign
from patrol.store import Store
from patrol.store.clock import ClockBook
from patrol.store.console_overview import OverviewBook
from patrol.takedown.register import Register

AHEAD = timedelta(days=3)
_OVERDUE = "逾期未反馈"


def remind_of_deadlines(store: Store, campaign: Campaign, workspace: Path, now: datetime) -> str:
    """Write today's notice of measures and letters that are due within three days or overdue; return its words, or nothing."""
    today = china_today(now)
    parts = [*_measures(store, campaign, today), *_letters(campaign, workspace, today)]
    if not parts:
        return ""
    text = f"{campaign.title}：{'；'.join(parts)}"
    ClockBook(store).notice(f"{today:%Y-%m-%d}", f"{campaign.id}:deadlines", text, now)
    return text


def _measures(store: Store, campaign: Campaign, today: date) -> list[str]:
    due = OverviewBook(store).steps_due(campaign.id, today + AHEAD)
    if not due:
        return []
    late = sum(step.due < today.isoformat() for step in due)
    first = date.fromisoformat(due[0].due)
    return [f"{len(due)}项处置三日内到期（其中{late}项已过期），最早{first.month}月{first.day}日，线索{due[0].lead}"]


def _letters(campaign: Campaign, workspace: Path, today: date) -> list[str]:
    register = Register(workspace)
    late = [one.number for one in register.all() if one.campaign == campaign.id and register.state(one, today) == _OVERDUE]
    return [f"{len(late)}份移送材料逾期未反馈（{'、'.join(late[:5])}）"] if late else []
