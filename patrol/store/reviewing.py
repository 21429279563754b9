"""Two officers decide, a third where they disagree: the rule itself, and its rows.

属实 and 不属实 become official when two officers agree; 无法核实 and 转人工 park a lead until somebody knows more. Where two
officers disagree, a third who is neither decides. Every decision stays on record, an undone one with the moment of undoing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from patrol.errors import BadInput, Conflict
from patrol.model import Judgement
from patrol.store.connection import immediate
from patrol.store.store import Store

UNDO_MINUTES = 30
_PARKING = {Judgement.UNSURE, Judgement.HANDED_OVER}


class Stage(StrEnum):
    """Where a lead stands on the officers' desk."""

    NEW = "new"
    SECOND = "second"
    THIRD = "third"
    PARKED = "parked"
    CONFIRMED = "confirmed"
    DISMISSED = "dismissed"

    @property
    def chinese(self) -> str:
        """The word on the tab."""
        return _STAGE_WORDS[self]

    @property
    def open(self) -> bool:
        """Whether officers still have to decide."""
        return self in {Stage.NEW, Stage.SECOND, Stage.THIRD}


_STAGE_WORDS = {
    Stage.NEW: "待初审",
    Stage.SECOND: "待复核",
    Stage.THIRD: "意见不一",
    Stage.PARKED: "待人工核实",
    Stage.CONFIRMED: "属实",
    Stage.DISMISSED: "不属实",
}
_ROLE_WORDS = {Stage.NEW: "初审", Stage.SECOND: "复核", Stage.THIRD: "第三人复核", Stage.PARKED: "再核"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """One officer's decision as it stands on record."""

    id: int
    lead: str
    judgement: Judgement
    officer: str
    role: str
    reason: str
    at: datetime
    undone_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """What the decisions on a lead add up to: its stage, and the judgement that may go on paper."""

    stage: Stage
    official: Judgement


def stand(decisions: Sequence[tuple[str, Judgement]]) -> Standing:
    """Return what decisions (officer, judgement; oldest first, none undone) add up to. Pure.

    Of several decisions of one officer the latest counts.
    """
    latest: dict[str, Judgement] = {}
    for officer, judgement in decisions:
        latest.pop(officer, None)
        latest[officer] = judgement
    given = list(latest.values())
    while len(given) > 1 and given[0] in _PARKING:
        # who could not tell does not count against those who can
        given = given[1:]
    if not given:
        return Standing(Stage.NEW, Judgement.UNREVIEWED)
    last = given[-1]
    if len(given) == 1:
        return _parked(last) if last in _PARKING else Standing(Stage.SECOND, Judgement.UNREVIEWED)
    if len(given) == 2 and given[0] is not last:
        return Standing(Stage.THIRD, Judgement.UNREVIEWED)
    return _parked(last) if last in _PARKING else _final(last)


def _parked(judgement: Judgement) -> Standing:
    return Standing(Stage.PARKED, judgement)


def _final(judgement: Judgement) -> Standing:
    return Standing(Stage(judgement.value), judgement)


class ReviewBook:
    """The officers' decisions and notes on leads."""

    def __init__(self, store: Store) -> None:
        self._store, self._db = store, store.database

    def decide(
        self, number: str, judgement: Judgement, *, officer: str, seen: int, reason: str, now: datetime, senior: bool
    ) -> Standing:
        """Keep a decision made on version `seen` of the lead.

        Conflict when somebody decided meanwhile. BadInput when this officer may not decide now: a second or third decision
        needs a reviewer (`senior`) who has not decided before, and what is official must be reopened first.
        """
        with immediate(self._db):
            version, stage = self._state(number)
            decisions = self._standing(number)
            if version != seen:
                raise Conflict(_who_decided(decisions))
            _check_right(stage, decisions, officer, senior=senior)
            self._insert(number, judgement, officer, _ROLE_WORDS[stage], reason, now)
            return self._settle(number, now)

    def undo(self, number: str, *, officer: str, now: datetime) -> Standing:
        """Take back one's own latest decision on a lead; BadInput when it is not the latest, or older than half an hour."""
        with immediate(self._db):
            self._state(number)
            decisions = self._standing(number)
            if not decisions or decisions[-1].officer != officer:
                raise BadInput("只能撤销自己对该线索的最后一次决定；此后已有他人决定或没有可撤销的决定")
            if now - decisions[-1].at > timedelta(minutes=UNDO_MINUTES):
                raise BadInput(f"超过{UNDO_MINUTES}分钟不能撤销；请由管理员重新打开")
            self._db.execute("UPDATE judgements SET undone_at = ? WHERE id = ?", [_text(now), decisions[-1].id])
            return self._settle(number, now)

    def reopen(self, number: str, *, now: datetime) -> Standing:
        """Set aside all decisions on a lead, so that it is reviewed anew; they stay on record as undone."""
        with immediate(self._db):
            self._state(number)
            self._db.execute("UPDATE judgements SET undone_at = ? WHERE lead = ? AND undone_at IS NULL", [_text(now), number])
            return self._settle(number, now)

    def decisions(self, number: str) -> list[Decision]:
        """Return every decision on a lead, oldest first, undone ones too."""
        return [_decision(row) for row in self._rows("SELECT * FROM judgements WHERE lead = ? ORDER BY id", [number])]

    def add_note(self, number: str, text: str, *, name: str, now: datetime) -> None:
        """Keep a note on a lead."""
        with immediate(self._db):
            self._state(number)
            self._db.execute(
                "INSERT INTO lead_notes (lead, name, at, text) VALUES (?, ?, ?, ?)", [number, name, _text(now), text]
            )

    def notes(self, number: str) -> list[tuple[datetime, str, str]]:
        """Return the notes on a lead: when, who, what."""
        rows = self._rows("SELECT at, name, text FROM lead_notes WHERE lead = ? ORDER BY id", [number])
        return [(datetime.fromisoformat(str(row["at"])), str(row["name"]), str(row["text"])) for row in rows]

    def allow(self, key: str, *, reason: str, lead: str, name: str, now: datetime) -> None:
        """Remember that a provider was judged 不属实 and why (the allow list that later screening may draw on)."""
        with immediate(self._db):
            self._db.execute(
                "INSERT INTO allow_entries (key, reason, lead, name, at) VALUES (?, ?, ?, ?, ?)",
                [key, reason, lead, name, _text(now)],
            )

    def allowed(self, key: str) -> list[tuple[str, str]]:
        """Return earlier reasons why a provider was judged 不属实: (reason, lead)."""
        rows = self._rows("SELECT reason, lead FROM allow_entries WHERE key = ? ORDER BY id DESC LIMIT 5", [key])
        return [(str(row["reason"]), str(row["lead"])) for row in rows]

    def last_own(self, officer: str, now: datetime) -> str | None:
        """Return the lead that this officer decided last and may still undo."""
        since = _text(now - timedelta(minutes=UNDO_MINUTES))
        rows = self._rows(
            "SELECT lead FROM judgements WHERE officer = ? AND undone_at IS NULL AND at >= ? ORDER BY id DESC LIMIT 1",
            [officer, since],
        )
        return next((str(row["lead"]) for row in rows), None)

    def _state(self, number: str) -> tuple[int, Stage]:
        row = next(iter(self._rows("SELECT version, stage FROM lead_desk WHERE number = ?", [number])), None)
        if row is None:
            raise BadInput(f"没有编号为“{number}”的线索；请核对线索编号")
        return int(str(row["version"])), Stage(str(row["stage"]))

    def _standing(self, number: str) -> list[Decision]:
        return [one for one in self.decisions(number) if one.undone_at is None]

    def _insert(self, number: str, judgement: Judgement, officer: str, role: str, reason: str, now: datetime) -> None:
        self._db.execute(
            "INSERT INTO judgements (lead, judgement, officer, role, reason, at) VALUES (?, ?, ?, ?, ?, ?)",
            [number, judgement.value, officer, role, reason, _text(now)],
        )

    def _settle(self, number: str, now: datetime) -> Standing:
        decisions = self._standing(number)
        standing = stand([(one.officer, one.judgement) for one in decisions])
        officers = list(dict.fromkeys(one.officer for one in decisions))
        first, second = [*officers, "", ""][:2]
        self._db.execute(
            """UPDATE lead_desk SET stage = ?, first_officer = ?, second_officer = ?, decided_at = ?, version = version + 1
               WHERE number = ?""",
            [standing.stage.value, first, second, _text(now), number],
        )
        self._db.execute("UPDATE leads SET judgement = ? WHERE number = ?", [standing.official.value, number])
        return standing

    def _rows(self, sql: str, values: list[object]) -> list[dict[str, object]]:
        return list(self._db.query(sql, values))


def may_decide(stage: Stage, decisions: Sequence[Decision], officer: str, *, senior: bool) -> str:
    """Return why this officer may not decide now, in one Chinese sentence; empty when they may."""
    if stage in {Stage.CONFIRMED, Stage.DISMISSED}:
        return "该线索已有正式结论；如需更改，请由管理员重新打开"
    earlier = {one.officer for one in decisions if one.undone_at is None}
    if stage in {Stage.SECOND, Stage.THIRD}:
        if not senior:
            return "复核须由复核员进行"
        if officer in earlier:
            return "您已对该线索作过决定，须由另一名工作人员复核"
    return ""


def _check_right(stage: Stage, decisions: Sequence[Decision], officer: str, *, senior: bool) -> None:
    why = may_decide(stage, decisions, officer, senior=senior)
    if why:
        raise BadInput(why)


def _who_decided(decisions: Sequence[Decision]) -> str:
    if not decisions:
        return "该线索刚刚被撤销或重新打开；请查看最新情况后再决定，您的选择尚未保存"
    last = decisions[-1]
    return f"{last.officer} 刚刚对该线索作出“{last.judgement.chinese}”的{last.role}决定；您的选择尚未保存，请查看后再决定"


def _decision(row: Mapping[str, object]) -> Decision:
    return Decision(
        id=int(str(row["id"])),
        lead=str(row["lead"]),
        judgement=Judgement(str(row["judgement"])),
        officer=str(row["officer"]),
        role=str(row["role"]),
        reason=str(row["reason"]),
        at=datetime.fromisoformat(str(row["at"])),
        undone_at=datetime.fromisoformat(str(row["undone_at"])) if row["undone_at"] else None,
    )


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")
