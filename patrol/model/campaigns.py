"""Patrol campaigns (专项行动) as their files say them."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """One reporting batch (报送批次): rows found from `start` to `end`, due on `due`."""

    number: int
    start: date
    end: date
    due: date


@dataclass(frozen=True, slots=True, kw_only=True)
class SchoolTerm:
    """A vacation of one stage: dates inclusive, with who announced it."""

    stage: str
    name: str
    start: date
    end: date
    source: str = ""
    provisional: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceChoice:
    """A source switched on in a campaign, with what the campaign overrides.

    `profile` names the browser profile in which an officer logged in by hand (`patrol browser open`); "": none.
    """

    name: str
    base: str = ""
    start: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    max_pages: int = 0
    profile: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """A patrol campaign (专项行动) as its file says it. `standing` is the everyday patrol (常态化), at its own slower pace."""

    id: str
    title: str
    region: str
    start: date
    end: date
    batches: tuple[Batch, ...]
    summary_due: date
    unit: str
    leader: str
    phone: str
    officers: tuple[tuple[str, str], ...] = ()
    vacations: tuple[SchoolTerm, ...] = ()
    sources: tuple[SourceChoice, ...] = ()
    whitelists: tuple[str, ...] = ()
    include_senior: bool = True
    standing: bool = False
    path: str = ""
    digest: str = ""
