"""What we concluded about a post, and the leads that officers see."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from detectors.model import Detection
from patrol.model.matches import Match
from patrol.model.posts import Post


@dataclass(frozen=True, slots=True, kw_only=True)
class Screening:
    """What we concluded about one post: findings, whitelist answer, and whether officers should see it.

    `twin` is the key of an earlier lead of the same author that says the same: then this is no second one.
    """

    post: Post
    detection: Detection
    match: Match
    screened_at: datetime
    grade: str = "none"
    twin: str = ""

    @property
    def is_lead(self) -> bool:
        """Whether this goes to the officers' queue (疑似线索)."""
        return self.grade != "none" and not self.twin


class Judgement(StrEnum):
    """An officer's decision on a lead."""

    UNREVIEWED = "unreviewed"
    CONFIRMED = "confirmed"
    DISMISSED = "dismissed"
    UNSURE = "unsure"
    HANDED_OVER = "handed_over"

    @property
    def chinese(self) -> str:
        """The word on screen and in the ledger."""
        return {
            "unreviewed": "待核",
            "confirmed": "属实",
            "dismissed": "不属实",
            "unsure": "无法核实",
            "handed_over": "转人工",
        }[self.value]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lead:
    """A screening that officers should see, as the store keeps it. `number` reads 线索编号 e.g. XS2027-000012."""

    number: str
    post_key: str
    platform: str
    url: str
    title: str
    author: str
    excerpt: str
    categories: tuple[str, ...]
    score: float
    grade: str
    match: Match
    found_at: datetime
    judgement: Judgement = Judgement.UNREVIEWED
    evidence: str = ""
    batch: int | None = None
    screening: Screening | None = None
    source: str = ""
    extra: Mapping[str, str] = field(default_factory=dict)
