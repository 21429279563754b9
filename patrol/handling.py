"""What people did about leads: looks, reviews, measures, list changes, hours. Recorded by officers, never guessed."""

from dataclasses import dataclass
from datetime import date, datetime

from patrol.model import Judgement, State


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One later look at a lead (复查): what the page was then. `state` tells gone from blocked.

    `note` says in Chinese what the words on the page were (仍在, 内容已改 …), `evidence` is the number of what was sealed of it.
    """

    lead: str
    at: datetime
    state: State
    note: str = ""
    evidence: str = ""

    @property
    def words(self) -> str:
        """What was seen, in Chinese."""
        return self.note or self.state.chinese

    @property
    def present(self) -> bool:
        """Whether the content was seen standing."""
        return self.state is State.OK

    @property
    def gone(self) -> bool:
        """Whether the content was seen to be gone; a block is neither present nor gone."""
        return self.state.value.startswith("gone.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """One officer's standing decision on a lead (初审, 复核)."""

    lead: str
    judgement: Judgement
    officer: str
    role: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One step that an officer recorded on a lead (措施).

    `kind` is a code of the reports' `wording.yml` measures (rectify 责令整改, refer 移送 …); `to` the receiving body, `document`
    its number, `state` is `open`, `done` or `refused`, `due` the deadline.
    """

    lead: str
    kind: str
    at: date
    to: str = ""
    document: str = ""
    state: str = "open"
    due: date | None = None
    done_at: date | None = None
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListChange:
    """One entry on the white, grey or black list that moved: `before` and `after` are states of the list change form."""

    name: str
    before: str
    after: str
    at: date
    reason: str
    identifier: str = ""
    document: str = ""
    lead: str = ""
    officer: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ManualPatrol:
    """Hours that people spent looking at a source by hand (人工巡查)."""

    source: str
    hours: float
    people: int = 1
    at: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """One submitted issue of a form, frozen: `content` is its canonical JSON, `digest` the SHA-256 of it.

    `batch` is 0 for a form of the whole campaign; `revision` counts from 1; `previous` is the digest of the revision before.
    """

    campaign: str
    form: str
    batch: int
    revision: int
    digest: str
    previous: str
    reason: str
    officer: str
    at: datetime
    content: str
