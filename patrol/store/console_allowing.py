"""What officers decided to let pass: kept with who, when and from which lead; nothing is deleted, only taken back."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from patrol.errors import BadInput
from patrol.store.connection import immediate
from patrol.store.store import Store

MARK = "+放行"
_SHOWN = 5


class AllowKind(StrEnum):
    """What a rule lets pass: a phrase (its words no longer count), an account, or a contact (their posts are no leads)."""

    PHRASE = "phrase"
    ACCOUNT = "account"
    CONTACT = "contact"

    @property
    def chinese(self) -> str:
        """The word on screen."""
        return {"phrase": "原话", "account": "发布账号", "contact": "联系方式"}[self.value]


@dataclass(frozen=True, slots=True, kw_only=True)
class AllowRule:
    """One rule. `value` is the phrase, `author:platform:id`, or `phone:…`; `state` is force, waiting (the lead it came from is
    not officially 不属实) or undone; `held` counts the posts it kept from the queue."""

    id: int
    kind: AllowKind
    value: str
    reason: str
    lead: str
    officer: str
    at: datetime
    state: str
    undone_by: str = ""
    held: int = 0


_RULES = """SELECT a.*, CASE WHEN a.undone_at IS NOT NULL THEN 'undone' WHEN a.lead = '' OR d.stage = 'dismissed' THEN 'force'
    ELSE 'waiting' END AS state FROM allow_rules a LEFT JOIN lead_desk d ON d.number = a.lead"""


class AllowBook:
    """The rules of one workspace."""

    def __init__(self, store: Store) -> None:
        self._db = store.database

    def add(self, kind: AllowKind, value: str, *, reason: str, lead: str, officer: str, now: datetime) -> None:
        """Keep a rule; the same one that stands already is kept once."""
        with immediate(self._db):
            self._db.execute(
                """INSERT INTO allow_rules (kind, value, reason, lead, officer, at) SELECT ?, ?, ?, ?, ?, ?
                   WHERE NOT EXISTS (SELECT 1 FROM allow_rules
                     WHERE kind = ? AND value = ? AND lead = ? AND undone_at IS NULL)""",
                [kind.value, value, reason, lead, officer, _text(now), kind.value, value, lead],
            )

    def undo(self, number: int, *, officer: str, now: datetime) -> AllowRule:
        """Take a rule back; BadInput when there is none that stands."""
        with immediate(self._db):
            rule = next((one for one in self.rules() if one.id == number and one.state != "undone"), None)
            if rule is None:
                raise BadInput("没有这条放行规则，或已经撤销")
            self._db.execute("UPDATE allow_rules SET undone_at = ?, undone_by = ? WHERE id = ?", [_text(now), officer, number])
        return rule

    def in_force(self) -> list[AllowRule]:
        """Return what screening goes by: not taken back, and the lead it came from officially 不属实."""
        rows = self._db.query(f"{_RULES} WHERE a.undone_at IS NULL ORDER BY a.id")
        return [rule for rule in (_rule(row, {}) for row in rows) if rule.state == "force"]

    def rules(self) -> list[AllowRule]:
        """Return every rule, the newest first."""
        held = self._held()
        return [_rule(row, held) for row in self._db.query(f"{_RULES} ORDER BY a.id DESC")]

    def of_lead(self, number: str) -> list[AllowRule]:
        """Return the rules that came from a lead and were not taken back."""
        rows = self._db.query(f"{_RULES} WHERE a.lead = ? AND a.undone_at IS NULL ORDER BY a.id DESC", [number])
        return [_rule(row, {}) for row in rows]

    def held_posts(self, number: int) -> list[tuple[str, str, str]]:
        """Return the last posts that a rule kept from the queue: address, title, moment."""
        rows = self._db.query(
            """SELECT p.url, p.title, s.screened_at FROM screenings s JOIN posts p ON p.key = s.post_key
               WHERE instr(s.rules_version, '+') > 0 AND s.rules_version LIKE ? ORDER BY s.id DESC LIMIT ?""",
            [f"%{MARK}{number}", _SHOWN],
        )
        return [(str(row["url"]), str(row["title"]), str(row["screened_at"])) for row in rows]

    def _held(self) -> dict[int, int]:
        rows = self._db.query(
            """SELECT rules_version, count(DISTINCT post_key) AS n FROM screenings WHERE instr(rules_version, '+') > 0
               GROUP BY rules_version"""
        )
        found: dict[int, int] = {}
        for row in rows:
            number = str(row["rules_version"]).rpartition(MARK)[2]
            if number.isdigit():
                found[int(number)] = found.get(int(number), 0) + int(str(row["n"]))
        return found


def _rule(row: Mapping[str, object], held: Mapping[int, int]) -> AllowRule:
    return AllowRule(
        id=int(str(row["id"])),
        kind=AllowKind(str(row["kind"])),
        value=str(row["value"]),
        reason=str(row["reason"]),
        lead=str(row["lead"]),
        officer=str(row["officer"]),
        at=datetime.fromisoformat(str(row["at"])),
        state=str(row["state"]),
        undone_by=str(row["undone_by"]),
        held=held.get(int(str(row["id"])), 0),
    )


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")
