"""Codes first: a valid code decides, unless place or name contradict it (rules 1 and 2)."""

from dataclasses import dataclass

from patrol.licences.codes import CodesSeen
from patrol.licences.deciding import Ruling, full_text
from patrol.licences.divisions import Agreement
from patrol.licences.evidence import Places
from patrol.licences.mentions import Mention
from patrol.licences.scan import Scan
from patrol.licences.table import Table
from patrol.model import Verdict


@dataclass(frozen=True, slots=True)
class Seen:
    """One sighting, read: codes, the scanned text, places, and the listed brands that stand in the text as names."""

    codes: CodesSeen
    scan: Scan
    places: Places
    mentions: list[Mention]


def named_in_full(table: Table, seen: Seen) -> list[int]:
    """Return rows whose registered name stands in the text whole."""
    rows = list(table.by_name.get(seen.scan.folded.between(0, len(seen.scan.text)), ()))
    for mention in seen.mentions:
        rows += table.by_name.get(full_text(seen.scan, mention), ())
    return rows


def decide_code(table: Table, seen: Seen) -> Ruling | None:
    """Return the ruling that a code or a permit number gives; None when none was given that says anything."""
    codes = seen.codes
    if not (codes.uscc or codes.permits or codes.invalid):
        return None
    # a code that fails its check digit proves nothing, unless the list itself carries exactly that code (such exist)
    listed = [row for code in (*codes.uscc, *codes.invalid) for row in table.by_code.get(code, ())]
    permitted = [row for permit in codes.permits for row in table.by_permit.get(permit, ())]
    named = named_in_full(table, seen)
    if not listed and not permitted:
        return _foreign(table, codes, named) if codes.uscc else None
    if codes.uscc and not listed:
        return Ruling(
            Verdict.REVIEW, permitted[0], tuple(permitted), f"办学许可证号在名单内，信用代码{codes.uscc[0]}却不在，两者矛盾，待核"
        )
    label = "信用代码" if listed else "办学许可证号"
    return _listed(table, seen, listed or permitted, permitted, named, label)


def _listed(table: Table, seen: Seen, rows: list[int], permitted: list[int], named: list[int], label: str) -> Ruling:
    row = next((one for one in rows if one in named), rows[0])
    entry = table.entries[row]
    stated = seen.places
    for mention in seen.mentions[:1]:
        stated = stated.with_name(mention.places)
    level, _ = stated.against(table.homes[row])
    if level < Agreement.UNKNOWN:
        why = f"{label}属名单内“{entry.name}”，但{stated.words()}与其登记地不符，疑似借用代码，待核"
        return Ruling(Verdict.REVIEW, row, (row,), why, ("疑似借用他人代码",))
    if len({table.entries[one].uscc or one for one in rows}) > 1:
        return Ruling(Verdict.REVIEW, row, tuple(dict.fromkeys(rows)), "同时出现名单内不止一家机构的代码，待核")
    if named and row not in named:
        why = f"{label}属名单内“{entry.name}”，名称却是名单内另一机构“{table.entries[named[0]].name}”，两者矛盾，待核"
        return Ruling(Verdict.REVIEW, row, (row, named[0]), why)
    if permitted and row not in permitted:
        return Ruling(Verdict.REVIEW, row, (row, permitted[0]), "信用代码与办学许可证号分属名单内两家机构，待核")
    same_name = row in named or any(row in table.rows_of[one.brand] for one in seen.mentions)
    changed = "" if same_name else "，名称与名单不同，可能已更名"
    return Ruling(Verdict.LICENSED, row, (row,), f"{label}与名单第{entry.row}号“{entry.name}”一致{changed}")


def _foreign(table: Table, codes: CodesSeen, named: list[int]) -> Ruling:
    if named:
        entry = table.entries[named[0]]
        why = f"名称与名单内“{entry.name}”完全相同，信用代码{codes.uscc[0]}却不在名单内，疑似冒用名称，待核"
        return Ruling(Verdict.REVIEW, named[0], (named[0],), why, ("疑似冒用名单内机构名称",))
    return Ruling(Verdict.UNLISTED, None, (), f"信用代码{codes.uscc[0]}有效但不在名单内，是另一主体；名单未匹配，待核")
