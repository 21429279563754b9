"""The register of packages: what was made, sent, answered. Records are written once; events form a hash-chained ledger."""

from datetime import UTC, date, datetime
from pathlib import Path

from pydantic import ValidationError

from patrol.errors import BadInput, EvidenceBroken
from patrol.vault import files
from patrol.vault.ledger import Ledger
from patrol.vault.model import LedgerRow, Moment, Record, to_json

EVENTS = {"new": "拟制", "export": "导出", "sent": "发出", "reply": "反馈"}


class Takedown(Record):
    """One package for one body. `number` is ours (CZ2027-0001), `document` the 文号; `ledger_row` fixes the vault's state."""

    number: str
    campaign: str
    recipient: str
    addressee: str
    platform: str = ""
    document: str = ""
    leads: tuple[str, ...]
    officer: str
    contact: str = ""
    phone: str = ""
    unit: str
    due: date | None = None
    made: Moment
    ledger_row: int


class Register:
    """The folder `takedowns/` of a workspace."""

    def __init__(self, workspace: Path) -> None:
        self.root = workspace / "takedowns"
        self.ledger = Ledger(self.root)

    def add(self, draft: Takedown) -> Takedown:
        """Number a draft and keep it. Raises BadInput when its 文号 is taken."""
        files.make_folder(self.root)
        with self.ledger.locked():
            others = self.all()
            if draft.document and any(other.document == draft.document for other in others):
                raise BadInput(f"文号“{draft.document}”已经用过；请换一个文号", field="document")
            year = draft.made.beijing[:4]
            count = sum(1 for other in others if other.number.startswith(f"CZ{year}-"))
            takedown = draft.model_copy(update={"number": f"CZ{year}-{count + 1:04d}"})
            files.write_once(self.root / f"{takedown.number}.json", to_json(takedown, indent=1))
            self.ledger.append("new", number=takedown.number, actor=takedown.officer)
        return takedown

    def get(self, number: str) -> Takedown:
        """Return one package's record. Raises BadInput when there is none, EvidenceBroken when it was changed by hand."""
        known = {path.stem: path for path in self.root.glob("CZ*.json")} if self.root.is_dir() else {}
        if number not in known:
            raise BadInput(f"没有编号为“{number[:40]}”的处置材料；用 patrol takedown list 查看", field="number")
        try:
            return Takedown.model_validate_json(known[number].read_bytes())
        except ValidationError as error:
            raise EvidenceBroken(f"处置材料登记 {number}.json 被改动，无法读取；请用备份恢复") from error

    def all(self) -> list[Takedown]:
        """Return every package's record, oldest first."""
        return [self.get(path.stem) for path in sorted(self.root.glob("CZ*.json"))] if self.root.is_dir() else []

    def note(self, event: str, number: str, *, officer: str, reason: str = "", detail: dict[str, str] | None = None) -> None:
        """Write what happened to a package."""
        self.get(number)
        with self.ledger.locked():
            self.ledger.append(event, number=number, actor=officer, reason=reason, detail=detail)

    def events(self, number: str) -> list[LedgerRow]:
        """Return what happened to a package, oldest first."""
        return [row for row in self.ledger.rows() if row.number == number]

    def state(self, takedown: Takedown, today: date | None = None) -> str:
        """Return how a package stands, in Chinese: 拟制, 已发出, 逾期未反馈, 已反馈."""
        happened = {row.action for row in self.events(takedown.number)}
        if "reply" in happened:
            return "已反馈"
        if "sent" not in happened:
            return "拟制"
        late = takedown.due is not None and (today or datetime.now(UTC).date()) > takedown.due
        return "逾期未反馈" if late else "已发出"
