"""One patrol of one source: how it went, what it covered, what troubled it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from patrol.model.pages import State


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceCoverage:
    """What one source gave in one period: the row of the coverage table.

    `planned` counts every URL that entered the frontier, `gaps` each reason with its count; planned = covered + gaps + waiting.
    Of the covered pages `unchanged` were what they were; `repeated` posts said what an earlier lead of the same author says.
    """

    source: str
    title: str
    planned: int
    covered: int
    waiting: int
    posts: int
    leads: int
    gaps: Mapping[State, int] = field(default_factory=dict)
    first_at: datetime | None = None
    last_at: datetime | None = None
    note: str = ""
    unchanged: int = 0
    repeated: int = 0

    @property
    def complete(self) -> bool:
        """Whether nothing planned was left unseen."""
        return not self.gaps and self.waiting == 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One patrol of one source (一次巡查): what was planned, what came back, how it ended."""

    id: str
    campaign: str
    source: str
    started_at: datetime
    ended_at: datetime | None = None
    outcome: str = "running"
    counts: Mapping[str, int] = field(default_factory=dict)
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """A trouble with a source that a person should know: opens, repeats, closes by itself when mended."""

    source: str
    cause: str
    text: str
    threshold_why: str
    opened_at: datetime
    closed_at: datetime | None = None
    times: int = 1
