"""Keep evidence no longer than needed, never destroy what is on hold, and leave a certificate of every destruction."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

from patrol.errors import BadInput, EvidenceError
from patrol.validation import FileRecord, build, read_yaml
from patrol.vault.vault import Vault

_FILE = Path(__file__).with_name("retention.yml")


class Period(FileRecord):
    """How long one kind of evidence is kept after sealing; 0 days: until the case file goes."""

    days: int
    title: str
    basis: str


class _Periods(FileRecord):
    dismissed: Period
    unreviewed: Period
    unsure: Period
    confirmed: Period
    handed_over: Period


@dataclass(frozen=True, slots=True)
class Certificate:
    """What was destroyed: the item, how many files and bytes, and the digests of its manifests (销毁证明)."""

    number: str
    row: int
    files: int
    size: int
    manifests: tuple[tuple[str, str], ...]
    kept: int


@cache
def periods() -> Mapping[str, Period]:
    """Return the periods by judgement code; BadInput names the faulty key of `retention.yml`."""
    read = build(_Periods, read_yaml(_FILE), file=_FILE)
    return {name: getattr(read, name) for name in _Periods.model_fields}


def holds(vault: Vault) -> dict[str, str]:
    """Return the items on legal hold with the reason."""
    held: dict[str, str] = {}
    for row in vault.ledger.rows():
        if row.action == "hold":
            held[row.number] = row.reason
        elif row.action == "release":
            held.pop(row.number, None)
    return held


def hold(vault: Vault, number: str, *, officer: str, reason: str) -> None:
    """Put an item on hold: nothing destroys it until it is released. Raises BadInput when there is no such item."""
    vault.manifests(number)
    if not reason.strip():
        raise BadInput("请写明封存（暂停销毁）的事由", field="reason")
    vault.record("hold", number=number, actor=officer, reason=reason)


def release(vault: Vault, number: str, *, officer: str, reason: str) -> None:
    """End a hold. Raises BadInput when there is none."""
    if number not in holds(vault):
        raise BadInput(f"证据 {number} 没有处于封存状态", field="number")
    vault.record("release", number=number, actor=officer, reason=reason)


def overdue(vault: Vault, judgements: Mapping[str, str], now: datetime) -> list[tuple[str, Period]]:
    """Return the items whose period is over, with it; held items and those of unknown judgement are left out."""
    held, known = holds(vault), periods()
    due: list[tuple[str, Period]] = []
    for number in vault.numbers():
        # what a later look sealed goes with the lead's own evidence
        period = known.get(judgements.get(number) or judgements.get(number.rpartition("-F")[0], ""))
        if period is None or not period.days or number in held:
            continue
        last = max(manifest.sealed.instant for manifest in vault.manifests(number))
        if last + timedelta(days=period.days) < now:
            due.append((number, period))
    return due


def destroy(vault: Vault, number: str, *, officer: str, approver: str, reason: str) -> Certificate:
    """Destroy one item: first the certificate in the ledger, then the files; a kill in between is finished at the next opening.

    Files that other items share stay. Two different people must answer for it. Raises BadInput, or EvidenceError on a hold.
    """
    if not officer.strip() or not approver.strip() or officer.strip() == approver.strip():
        raise BadInput("销毁须由经办人和批准人两人负责，且不能是同一人", field="approver")
    if not reason.strip():
        raise BadInput("请写明销毁的事由和依据", field="reason")
    if number in holds(vault):
        raise EvidenceError(f"证据 {number} 已封存（{holds(vault)[number]}），不能销毁；解除封存后再办")
    sealed = list(vault.items.sealed(number))
    if not sealed:
        raise BadInput(f"没有编号为“{number[:64]}”的证据；请核对证据编号")
    row = vault.destroy_item(number, officer=officer.strip(), approver=approver.strip(), reason=reason)
    own = {entry.sha256 for manifest, _ in sealed for entry in manifest.files}
    doomed = json.loads(row.detail["objects"])
    listed = tuple((manifest.name, receipt.sha256) for manifest, receipt in sealed)
    return Certificate(number, row.row, len(doomed), int(row.detail["size"]), listed, len(own) - len(doomed))
