"""What a licensed name does not excuse: a lapsed licence, foreign contacts (impersonation), teaching beyond the scope."""

import re
from datetime import date

from patrol.licences.codes import permit_digits
from patrol.licences.entries import Context, Entry, ListKind

_ENDED = re.compile(r"注销|吊销|撤销|终止|停办|过期|失效|不合格")
_SUBJECT_ONLY_NOT = re.compile(r"非学科")
_STAGES = {"primary": "小学", "junior": "初中", "senior": "高中", "preschool": "学前"}


def lapsed(entry: Entry, on: date | None) -> str:
    """Return why a row no longer licenses anything on a day, in Chinese; empty while it does."""
    if entry.list_kind in {ListKind.WARNING, ListKind.GREY, ListKind.CANCELLED}:
        return f"名单列为{entry.list_kind.chinese}"
    if _ENDED.search(entry.status):
        return f"名单状态为“{entry.status}”"
    if on and entry.valid_to and entry.valid_to < on:
        return f"许可有效期至{entry.valid_to.isoformat()}，已过"
    if on and entry.valid_from and entry.valid_from > on:
        return f"许可自{entry.valid_from.isoformat()}起有效，尚未开始"
    return ""


def _same_number(seen: str, listed: str) -> bool:
    """Compare two numbers, of which the seen one may be masked with stars."""
    one = re.sub(r"[^0-9*]", "", seen).removeprefix("86")
    other = re.sub(r"[^0-9*]", "", listed).removeprefix("86")
    if len(one) != len(other):
        return one.endswith(other) or other.endswith(one) if min(len(one), len(other)) >= 7 else False
    return all(left == right or "*" in (left, right) for left, right in zip(one, other, strict=True))


def _icp_subject(icp: str) -> str:
    return re.sub(r"-\d+.*$", "", icp.replace(" ", "")).upper()


def impersonation(entry: Entry, context: Context) -> tuple[str, ...]:
    """Return what speaks for somebody else using a listed name: contacts that are not the listed ones (only where listed)."""
    found = []
    if context.phone and entry.phones and not any(_same_number(context.phone, phone) for phone in entry.phones):
        found.append(f"联系电话{context.phone}与名单登记的{'、'.join(entry.phones)}不同，疑似冒用名义")
    if context.icp and entry.icp and "*" not in context.icp and _icp_subject(context.icp) != _icp_subject(entry.icp):
        found.append(f"网站备案号{context.icp}与名单登记的{entry.icp}不同，疑似冒用名义")
    return tuple(found)


def permit_conflict(entry: Entry, permits: tuple[str, ...]) -> str:
    """Return why a given permit number contradicts the row; empty when it does not."""
    listed = permit_digits(entry.permit)
    if listed and permits and listed not in permits:
        return f"办学许可证号{permits[0]}与名单登记的{entry.permit}不同"
    return ""


def scope_breaches(
    entry: Entry, *, subject: bool, live: bool = False, stage: str = "", on: date | None = None
) -> tuple[str, ...]:
    """Return how the teaching seen goes beyond a row's licence, in Chinese (双减意见 §14; 教育部令第53号 §19).

    `subject` whether subject tutoring was seen, `live` whether it was online, `stage` primary, junior, senior or preschool.
    Silence of the list is no breach: only what the row itself says is held against it.
    """
    found = []
    kind = f"{entry.kind}{entry.scope}"
    if subject and _SUBJECT_ONLY_NOT.search(kind):
        found.append(f"名单登记为“{entry.kind or entry.scope}”，页面为学科类培训，疑似超范围")
    if subject and entry.list_kind is ListKind.AFTER_SCHOOL:
        found.append("只在校内课后服务名单上，该名单不是办学许可")
    if live and "线下" in kind and "线上" not in kind:
        found.append(f"名单登记为“{entry.kind or entry.scope}”，页面为线上授课，疑似超范围")
    word = _STAGES.get(stage, "")
    stages = [one for one in ("学前", "小学", "初中", "高中") if one in kind]
    compulsory = "义务教育" in kind
    if subject and word and (stages or compulsory) and word not in stages and not (compulsory and word in {"小学", "初中"}):
        found.append(f"名单登记学段为“{entry.kind or entry.scope}”，页面面向{word}，疑似超范围")
    ended = lapsed(entry, on)
    if ended:
        found.append(ended)
    return tuple(found)
