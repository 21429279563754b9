"""The clock's words for officers: moments, states, reminders, and what deserves a notice."""

from datetime import datetime

from patrol.campaigns import CHINA
from patrol.model import Batch, Campaign
from patrol.store.clock import Occurrence
from schedules.jobs import Job

STATES = {
    "planned": "待运行",
    "running": "运行中",
    "done": "完成",
    "failed": "失败",
    "missed": "错过",
    "merged": "并入补做",
    "cancelled": "取消",
}


def spoken(moment: datetime) -> str:
    """Return a moment in Beijing time as officers write it."""
    return f"{moment.astimezone(CHINA):%m月%d日 %H:%M}"


def batch_ahead(campaign: Campaign, occurrence: Occurrence, job: Job) -> Batch | None:
    """Return the batch that an occurrence comes before by the job's number of days; None when the file has moved it since."""
    day = occurrence.due_at.astimezone(CHINA).date()
    return next((batch for batch in campaign.batches if (batch.due - day).days == job.days_before), None)


def reminder(job: Job, campaign: Campaign, occurrence: Occurrence) -> str:
    """Return the words of a reminder: what is due, when, how many days are left."""
    day = occurrence.due_at.astimezone(CHINA).date()
    if job.before == "summary":
        left, due = (campaign.summary_due - day).days, campaign.summary_due
        return f"{campaign.title}：工作总结应于{due.month}月{due.day}日前报送，还有{left}天"
    batch = batch_ahead(campaign, occurrence, job) if job.before == "batch" else None
    if batch is not None:
        due = batch.due
        return f"{campaign.title}：第{batch.number}批情况表应于{due.month}月{due.day}日前报送，还有{job.days_before}天"
    return f"{campaign.title}：{job.title.removeprefix('提醒：')}"


def announcement(job: Job, campaign: Campaign, occurrence: Occurrence, state: str, reason: str) -> str:
    """Return the notice that an ended occurrence deserves, or nothing: failures, misses, and forms that are ready."""
    if state in {"failed", "missed"}:
        word = {"failed": "未能完成", "missed": "没有运行"}[state]
        return f"{campaign.title}：{job.title}（{spoken(occurrence.due_at)}）{word}：{reason}"
    if state == "done" and job.action == "report":
        batch = batch_ahead(campaign, occurrence, job)
        which = f"第{batch.number}批情况表" if batch else "情况表"
        return f"{campaign.title}：{which}已生成在工作区 reports 文件夹，请复核后报送"
    return ""
