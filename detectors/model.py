"""The frozen records of detection: what goes in, what was found, what was concluded."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum


class Element(StrEnum):
    """The five elements of a violation (要件), as the provincial forms and 教育部令第53号 §18 ask for them."""

    AUDIENCE = "audience"
    SUBJECT = "subject"
    PAID = "paid"
    PROVIDER = "provider"
    BREACH = "breach"


@dataclass(frozen=True, slots=True)
class DayStatus:
    """What a day is for pupils of one stage in one region.

    `kind` is `vacation`, `holiday`, `rest_day`, `make_up_workday`, `school_day` or `unknown`; `source` names who says so;
    `provisional` is true where only the statutory minimum is known and the yearly notice is not.
    """

    kind: str
    name: str
    source: str
    provisional: bool = False

    @property
    def forbidden(self) -> bool:
        """Whether subject tutoring may not be held on this day (双减意见 第14条)."""
        return self.kind in {"vacation", "holiday", "rest_day"}


DayJudge = Callable[[date, str | None], DayStatus]
"""Ask what a day is for a stage (`primary`, `junior`, `senior`, `preschool` or None); given by the caller."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One published text as a detector sees it; only `text` is required. Offsets of findings index `text`."""

    text: str
    id: str = ""
    title: str = ""
    platform: str = ""
    url: str = ""
    author: str = ""
    published_at: date | None = None
    stage: str = ""
    region: str = ""
    image_texts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One rule's hit. `text[start:end] == quote` holds for the original text, in characters.

    `trick` names the disguise that was undone to see it (empty when written openly); `weight` is its share in the score.
    """

    rule: str
    clause: str
    element: Element
    start: int
    end: int
    quote: str
    weight: float
    trick: str = ""
    meaning: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """A way to reach the provider. `kind`: phone, wechat, qq, group, account, icp, uscc, permit, url, short_link, email, qr."""

    kind: str
    value: str
    start: int
    end: int
    quote: str
    warning: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Detection:
    """What detection concluded about one document; DESIGN §5 `patrol detect` prints exactly this.

    `hints` are findings that stand in quoted or reported speech: kept for officers, not charged to the page.
    `glossary` explains each slang word met (暗语 → 说明), as 刑诉解释 §115 asks.
    """

    violation: bool
    score: float
    ad_violation: bool
    categories: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    hints: tuple[Finding, ...] = ()
    contacts: tuple[Contact, ...] = ()
    institutions: tuple[str, ...] = ()
    why: str = ""
    speaker: str = "unknown"
    glossary: tuple[tuple[str, str], ...] = ()
    rules_version: str = ""
    notes: tuple[str, ...] = field(default=())

    def quotes(self, element: Element) -> tuple[str, ...]:
        """Return the distinct words that prove an element, in the order of the text."""
        return tuple(dict.fromkeys(f.quote for f in self.findings if f.element is element))
