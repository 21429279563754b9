"""The records of evidence: what a manifest says, what a ledger row says, what comes back from sealing and verifying."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum
from pathlib import Path

from pydantic import BaseModel, ConfigDict, model_validator

from patrol.model import Capture

BEIJING = timezone(timedelta(hours=8), "UTC+8")
FORMAT = "patrol-evidence/1"
TEXT_LIMIT = 2_000


class EvidenceState(StrEnum):
    """Whether a capture holds everything it should."""

    COMPLETE = "complete"
    PARTIAL = "partial"
    FAILED = "failed"

    @property
    def chinese(self) -> str:
        """The word for officers."""
        return {"complete": "完整", "partial": "部分", "failed": "未取得"}[self.value]


class Record(BaseModel):
    """A frozen record that is kept as JSON; an unknown key is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def to_json(record: Record, indent: int | None = None) -> bytes:
    """Return a record as one JSON text in UTF-8 with sorted keys; lone surrogates (pages are hostile) become question marks."""
    text = json.dumps(record.model_dump(mode="json"), ensure_ascii=False, sort_keys=True, indent=indent)
    return (text + "\n").encode("utf-8", "replace")


class Moment(Record):
    """One instant, written twice so that nobody has to convert: UTC and Beijing time (+08:00)."""

    utc: str
    beijing: str

    @model_validator(mode="after")
    def _same_instant(self) -> "Moment":
        both = [datetime.fromisoformat(text) for text in (self.utc, self.beijing)]
        if any(instant.tzinfo is None for instant in both) or both[0] != both[1]:
            raise ValueError("the two spellings are not one instant")
        return self

    @classmethod
    def of(cls, instant: datetime) -> "Moment":
        """Return the two spellings of an aware instant."""
        moment = instant.astimezone(UTC)
        return cls(
            utc=moment.isoformat(timespec="milliseconds"), beijing=moment.astimezone(BEIJING).isoformat(timespec="milliseconds")
        )

    @property
    def instant(self) -> datetime:
        """The instant itself, aware."""
        return datetime.fromisoformat(self.utc)


class Founding(Record):
    """The file `vault.json`: which vault this is. Its digest stands in the ledger's first row."""

    format: str = FORMAT
    id: str
    created: str


class FileEntry(Record):
    """One sealed file. `role` says what it is, `name` what it is called in an export; the bytes lie under `sha256`.

    `sealed_sha256` is that of the encrypted form on the disk, empty where the file is kept in plain.
    """

    role: str
    name: str
    media_type: str
    size: int
    sha256: str
    sm3: str
    sealed_sha256: str = ""


class LeadFacts(Record):
    """What the lead says about the page, as it stood when the evidence was sealed; all but `lead` may be empty.

    `operators` are subject facts the page shows, as (kind, value): icp, permit, uscc, operator, public_security.
    `purpose` is the 证明对象; `glossary` explains slang (暗语, 说明).
    """

    lead: str
    campaign: str = ""
    platform: str = ""
    title: str = ""
    author: str = ""
    author_id: str = ""
    published_shown: str = ""
    published_at: datetime | None = None
    excerpt: str = ""
    purpose: str = ""
    categories: tuple[str, ...] = ()
    clauses: tuple[str, ...] = ()
    contacts: tuple[str, ...] = ()
    operators: tuple[tuple[str, str], ...] = ()
    glossary: tuple[tuple[str, str], ...] = ()
    image_texts: tuple[str, ...] = ()
    list_version: str = ""
    rules_version: str = ""
    match: str = ""


class Person(Record):
    """An officer who took part: 取证人 (operator) or 见证人 (witness), with the law-enforcement licence number."""

    role: str
    name: str
    licence: str = ""


def people_of(officers: Sequence[tuple[str, str]]) -> tuple[Person, ...]:
    """Return officers given as (name, licence) as people: the first takes, the second witnesses, others take part."""
    roles = ("取证人", "见证人")
    return tuple(
        Person(role=roles[place] if place < len(roles) else f"参与人{place - 1}", name=name, licence=licence)
        for place, (name, licence) in enumerate(officers)
        if name.strip()
    )


class Check(Record):
    """One check of the machine before the capture (清洁性检查): hosts file, proxy, DNS, clock …"""

    name: str
    result: str
    fine: bool | None = None


class Environment(Record):
    """On what the evidence was taken: software, system, and the checks made."""

    software: str
    version: str
    configuration_sha256: str = ""
    python: str = ""
    system: str = ""
    machine: str = ""
    checks: tuple[Check, ...] = ()


class SubResponse(Record):
    """One response that the browser received while it built the page; `sha256` is empty when the body was not kept."""

    url: str
    status: int
    kind: str = ""
    media_type: str = ""
    ip_address: str = ""
    size: int = 0
    sha256: str = ""
    request_headers: tuple[tuple[str, str], ...] = ()
    response_headers: tuple[tuple[str, str], ...] = ()
    at: str = ""
    method: str = "GET"


class BrowserFacts(Record):
    """How the page was shown: the browser, its identity and its window, what it ended on, and what it loaded."""

    url: str
    final_url: str
    device: str
    browser: str = ""
    user_agent: str = ""
    viewport: tuple[int, int] = (0, 0)
    scale: float = 1.0
    locale: str = "zh-CN"
    time_zone: str = "Asia/Shanghai"
    logged_in: bool = False
    status: int = 0
    title: str = ""
    page_height: int = 0
    ip_address: str = ""
    certificate: tuple[tuple[str, str], ...] = ()
    steps: tuple[str, ...] = ()
    responses: tuple[SubResponse, ...] = ()


class LedgerPoint(Record):
    """The last ledger row before this was sealed: fixes the order of things, and the rows that came before."""

    row: int
    hash: str


class Manifest(Record):
    """One sealed part of an evidence item; immutable. `previous` is the SHA-256 of the item's manifest before this one."""

    format: str = FORMAT
    number: str
    part: str
    sequence: int
    previous: str = ""
    state: EvidenceState
    missing: tuple[str, ...] = ()
    started: Moment
    finished: Moment
    sealed: Moment
    files: tuple[FileEntry, ...] = ()
    capture: Capture | None = None
    browser: BrowserFacts | None = None
    lead: LeadFacts | None = None
    environment: Environment
    people: tuple[Person, ...] = ()
    ledger: LedgerPoint

    @property
    def name(self) -> str:
        """The manifest's file name inside its item."""
        return f"{self.sequence:04d}-{self.part}.json"

    def to_bytes(self) -> bytes:
        """Return the exact bytes that are hashed, stamped and kept."""
        return to_json(self, indent=1)


class LedgerRow(Record):
    """One row of the custody ledger; `hash` covers every other field, `previous` is the hash of the row before."""

    row: int
    at: Moment
    action: str
    number: str = ""
    actor: str = ""
    reason: str = ""
    detail: Mapping[str, str] = {}
    previous: str = ""
    hash: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFile:
    """A file that waits to be sealed; it is read once and left where it is."""

    role: str
    name: str
    media_type: str
    path: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendering:
    """What the browser brought home for one order; `missing` names in Chinese what could not be taken."""

    number: str
    facts: BrowserFacts
    state: EvidenceState
    started_at: datetime
    finished_at: datetime
    missing: tuple[str, ...] = ()
    files: tuple[SourceFile, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """The receipt of sealing; `added` is False when the same thing lay there already."""

    number: str
    part: str
    sequence: int
    manifest: str
    sha256: str
    sm3: str
    state: EvidenceState
    missing: tuple[str, ...] = ()
    added: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemStatus:
    """What an evidence item holds as a whole; `without_stamp` names the manifests that wait for a time stamp."""

    number: str
    state: EvidenceState
    missing: tuple[str, ...] = ()
    manifests: tuple[str, ...] = ()
    without_stamp: tuple[str, ...] = ()


def tidy(text: str, limit: int = TEXT_LIMIT) -> str:
    """Return text of a page fit for a record: no lone surrogates, no control characters, at most `limit` characters."""
    kept = text[: limit + 1].encode("utf-8", "replace").decode()
    kept = "".join(c for c in kept if c in "\n\t" or c.isprintable() or c == "\u3000")
    return kept if len(text) <= limit else kept[:limit] + "…（已截短）"
