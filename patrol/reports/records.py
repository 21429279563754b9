"""What goes into a form and what comes out: plain frozen records, so that every form is a pure function."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone

from patrol.handling import ListChange, Look, ManualPatrol, Measure, Review
from patrol.model import Batch, Campaign, Judgement, Lead, SourceCoverage
from patrol.platforms import PaperKind

CHINA = timezone(timedelta(hours=8), "UTC+8")
BLANK = "〔待填〕"
"""The mark of a fact that nobody recorded: an officer fills it, the software never guesses it."""

Value = str | int | float


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformFace:
    """How a platform is called on paper: its Chinese name, how it is walked (`listing`, `feed` …), and its kind on the forms
    (`short_video`, `classifieds` …; None: by how it is walked)."""

    name: str
    title: str
    kind: str = ""
    paper_kind: PaperKind | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportInput:
    """Everything a form may draw from, read from the store at one moment.

    `leads` are those of `batch` (or of the whole campaign when `batch` is None), `earlier` those of the batches before it.
    `reviews` and `measures` are keyed by lead number, oldest first; `evidence` gives the evidence state of a lead number
    (`sealed`, `partial` …). `calendar_notes` says which dates of the period no published notice confirms (暂定). `chosen` are the
    leads that an officer picked for 典型案例, `edits` the numbers that officers
    changed by hand in the last issue of a paper.
    """

    campaign: Campaign
    made_at: datetime
    batch: Batch | None = None
    leads: tuple[Lead, ...] = ()
    earlier: tuple[Lead, ...] = ()
    coverage: tuple[SourceCoverage, ...] = ()
    looks: tuple[Look, ...] = ()
    reviews: Mapping[str, tuple[Review, ...]] = field(default_factory=dict)
    measures: Mapping[str, tuple[Measure, ...]] = field(default_factory=dict)
    list_changes: tuple[ListChange, ...] = ()
    manual: tuple[ManualPatrol, ...] = ()
    platforms: Mapping[str, PlatformFace] = field(default_factory=dict)
    evidence: Mapping[str, str] = field(default_factory=dict)
    confirmed_only: bool = False
    chosen: tuple[str, ...] = ()
    edits: Mapping[str, str] = field(default_factory=dict)
    runs: int = 0
    rules_version: str = ""
    list_version: str = ""
    calendar_notes: tuple[str, ...] = ()

    @property
    def period(self) -> tuple[date, date]:
        """First and last day that the form speaks of."""
        return (self.batch.start, self.batch.end) if self.batch else (self.campaign.start, self.campaign.end)

    @property
    def reported(self) -> tuple[Lead, ...]:
        """The leads that go on paper: all but those judged 不属实, or with `confirmed_only` those judged 属实 alone."""
        if self.confirmed_only:
            return tuple(lead for lead in self.leads if lead.judgement is Judgement.CONFIRMED)
        return tuple(lead for lead in self.leads if lead.judgement is not Judgement.DISMISSED)

    @property
    def dismissed(self) -> int:
        """How many leads officers judged 不属实; they are counted in the notes, never listed."""
        return sum(1 for lead in self.leads if lead.judgement is Judgement.DISMISSED)

    @property
    def held_back(self) -> int:
        """How many leads are neither dismissed nor on paper: those not yet confirmed, under `confirmed_only`."""
        return len(self.leads) - self.dismissed - len(self.reported)


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a form: `width` in millimetres of paper; `official` is false where the heading is our reconstruction;
    `source` says in Chinese where its values come from."""

    key: str
    heading: str
    width: float
    align: str = "left"
    official: bool = False
    synonyms: tuple[str, ...] = ()
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of a form. `lead` is the 线索编号 the line can be traced to, `others` further ones where a line gathers several;
    `alarm` marks a line that must not look clean."""

    values: tuple[Value, ...]
    lead: str = ""
    alarm: bool = False
    others: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One sheet (xlsx) or section (docx): title, header line, columns, rows, sum row, notes below."""

    name: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    fields: tuple[tuple[str, str], ...] = ()
    total: Row | None = None
    notes: tuple[str, ...] = ()
    empty: str = "本期无数据。"
    paper: str = "A4"

    @property
    def crowded(self) -> bool:
        """Whether its columns are too many for A4 in 10 points: such a table is set in 9 (小五)."""
        return self.paper == "A4" and len(self.columns) > 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One number or date of a paper: its key, its value as counted, and how (口径); `edited` is what an officer wrote instead."""

    key: str
    value: str
    query: str
    edited: str | None = None

    @property
    def shown(self) -> str:
        """What stands in the paper."""
        return self.value if self.edited is None else self.edited


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A piece of a paragraph: plain text, or the printed value of a figure."""

    text: str
    figure: Figure | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One paragraph of a paper. `kind`: text, flush (not indented), heading1…heading4, blank, picture (`image` is PNG)."""

    kind: str
    spans: tuple[Span, ...] = ()
    image: bytes = b""

    @property
    def text(self) -> str:
        """The paragraph as it is read."""
        return "".join(span.text for span in self.spans)


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """An official paper in running text (GB/T 9704-2012). `letter` lays it out as 信函; `pictures` come on pages of their own."""

    title: str
    blocks: tuple[Block, ...]
    unit: str
    signed: date
    recipient: str = ""
    annexes: tuple[str, ...] = ()
    letter: bool = False
    number: str = ""
    pictures: tuple[Block, ...] = ()
    tables_follow: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A whole form as made: its tables in order, and what it was made from."""

    form: str
    title: str
    tables: tuple[Table, ...]
    made_at: datetime
    versions: tuple[tuple[str, str], ...] = ()
    paper: Paper | None = None
