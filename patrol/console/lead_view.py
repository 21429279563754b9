"""Everything that stands on a lead's page, gathered once for the page, the queue's panel and the JSON API."""

from dataclasses import dataclass
from datetime import date, datetime

from detectors.model import DayStatus, Document
from patrol.allowing import account_key
from patrol.calendar import judge_in
from patrol.campaigns import CHINA
from patrol.console.call import Call
from patrol.console.evidence import EvidenceView, evidence_view
from patrol.console.highlighting import Compared, Note, Piece, Shared, compare_names, compare_parts, notes_of, pieces_of
from patrol.console.money import Money, money_of
from patrol.console.posters import Poster, posters_of
from patrol.console.rendering import CONTACTS, ELEMENTS
from patrol.handling import Measure
from patrol.licences import Entry
from patrol.model import Candidate, Lead
from patrol.store.console import Card
from patrol.store.console_allowing import AllowRule
from patrol.store.reviewing import Decision, may_decide

_STAGES = {"primary": "小学", "junior": "初中", "senior": "高中", "preschool": "学前"}


@dataclass(frozen=True, slots=True)
class Beside:
    """One candidate of the list beside the name on the page."""

    candidate: Candidate
    left: list[Shared]
    right: list[Shared]
    parts: list[Compared]


@dataclass(frozen=True, slots=True)
class Day:
    """What the day of publication was for pupils of one stage."""

    stage: str
    status: DayStatus


@dataclass(frozen=True, slots=True)
class Chip:
    """Words that prove a clause, once, with how often and at which places of the findings they stand."""

    element: str
    quote: str
    trick: str
    meaning: str
    count: int
    places: str


@dataclass(frozen=True, slots=True)
class LeadView:
    """A lead for the screen. `refusal` says why the officer may not decide now (empty: they may), `undoable` whether
    the latest decision is their own."""

    card: Card
    lead: Lead
    pieces: list[Piece]
    pictures: list[list[Piece]]
    notes: list[Note]
    beside: list[Beside]
    days: list[Day]
    decisions: list[Decision]
    remarks: list[tuple[datetime, str, str]]
    linked: list[tuple[Card, tuple[str, ...]]]
    evidence: EvidenceView
    capture: tuple[str, str]
    measures: list[Measure]
    allowed: list[tuple[str, str]]
    account_posts: int
    refusal: str
    undoable: bool
    rules: list[AllowRule]
    posters: list[Poster]
    money: Money | None

    @property
    def allowable(self) -> list[tuple[str, str]]:
        """What a rule can let pass later: (key, words), the account first, then what the page can be reached by."""
        screening = self.lead.screening
        if screening is None:
            return []
        account = account_key(screening.post)
        named = [(account, f"该账号（{self.card.author or screening.post.author_id}）")] if account else []
        contacts = dict.fromkeys((one.kind, one.value) for one in screening.detection.contacts)
        return named + [(f"{kind}:{value}", f"{CONTACTS.get(kind, kind)} {value}") for kind, value in contacts][:6]

    @property
    def elements(self) -> list[str]:
        """Which of the five elements the findings prove, in order; words in pictures count."""
        seen = [ELEMENTS[piece.element] for pieces in self.pictures for piece in pieces if piece.element in ELEMENTS]
        return list(dict.fromkeys([*(note.element for note in self.notes), *seen]))

    @property
    def clauses(self) -> list[tuple[str, list[Chip]]]:
        """The words that prove something, by clause."""
        found: dict[str, dict[tuple[str, str, str], list[Note]]] = {}
        for note in self.notes:
            chips = found.setdefault(note.clause or "（未注明条款）", {})
            chips.setdefault((note.element, note.quote, note.trick), []).append(note)
        return [(clause, [_chip(notes) for notes in chips.values()]) for clause, chips in found.items()]


def _chip(notes: list[Note]) -> Chip:
    first = notes[0]
    places = " ".join(str(note.place) for note in notes)
    return Chip(first.element, first.quote, first.trick, first.meaning, len(notes), places)


def lead_view(call: Call, number: str) -> LeadView:
    """Gather a lead; BadInput when there is no such number, or it lies outside the user's district."""
    books = call.books
    card = books.leads.card(number)
    check_district(call, card)
    lead = books.store.lead(number)
    screening = lead.screening
    detection = screening.detection if screening else None
    decisions = books.review.decisions(number)
    campaign = call.desk.books.leads.campaign_of(number)
    call.look_at(campaign)
    post = screening.post if screening else None
    evidence = evidence_view(call.desk.vault, card.evidence)
    return LeadView(
        card=card,
        lead=lead,
        pieces=pieces_of(post.text, detection) if post and detection else [],
        pictures=[_picture_pieces(call, text) for text in post.image_texts] if post else [],
        notes=notes_of(detection) if detection else [],
        beside=_beside(call, lead),
        days=_days(call, lead),
        decisions=decisions,
        remarks=books.review.notes(number),
        linked=books.leads.linked(number, campaign)[:60],
        evidence=evidence,
        posters=posters_of(call, post.images if post else (), campaign, evidence.manifests),
        capture=books.leads.capture_note(card.evidence),
        measures=books.leads.measures(number),
        allowed=books.review.allowed(card.provider),
        account_posts=books.leads.account_posts(card.platform, post.author_id if post else ""),
        undoable=_undoable(call, decisions),
        rules=books.allowing.of_lead(number),
        money=money_of("\n".join((post.text, *post.image_texts))) if post else None,
        refusal=may_decide(card.stage, decisions, call.user.name if call.user else "", senior=call.senior),
    )


def _picture_pieces(call: Call, text: str) -> list[Piece]:
    """Cut the words of a picture at what the rules say of them (a finding's offsets are those of the post's own text)."""
    return pieces_of(text, call.desk.detector().detect(Document(text=text)))


def _undoable(call: Call, decisions: list[Decision]) -> bool:
    standing = [one for one in decisions if one.undone_at is None]
    return bool(standing and call.user and standing[-1].officer == call.user.name)


def check_district(call: Call, card: Card) -> None:
    """Refuse a lead of another district to an officer who has one; a lead without a region is everybody's."""
    if not in_district(call, card):
        call.books.leads.refuse(card.number)


def in_district(call: Call, card: Card) -> bool:
    """Say whether a lead is the user's to see."""
    district = call.user.district if call.user else ""
    return not district or not card.region or district in card.region


def _beside(call: Call, lead: Lead) -> list[Beside]:
    if lead.screening is None:
        return []
    post, detection = lead.screening.post, lead.screening.detection
    rows = []
    for candidate in lead.match.candidates[:4]:
        entry = _entry(call, candidate)
        left, right = compare_names(lead.match.query, candidate.name)
        rows.append(
            Beside(candidate, left, right, compare_parts(detection, post.region, lead.match.query, entry) if entry else [])
        )
    return rows


def _entry(call: Call, candidate: Candidate) -> Entry | None:
    return call.desk.entries().get(candidate.name)


def _days(call: Call, lead: Lead) -> list[Day]:
    published = lead.screening.post.published_at if lead.screening else None
    if published is None:
        return []
    on: date = published.astimezone(CHINA).date()
    judge = judge_in(call.desk.settings.workspace, call.campaign.vacations if call.campaign else ())
    days = [Day(word, judge(on, stage)) for stage, word in _STAGES.items()]
    return days[:1] if len({day.status for day in days}) == 1 else days
