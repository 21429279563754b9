"""The journey of one post, in order, readable top to bottom: detect → match → grade → keep → seal.

A page is handed over whole (`Screener.record_page`): each of its posts is screened and kept, leads are sealed, and last the
visit is written. Everything is idempotent, so a page whose process was killed on the way is simply handed over again.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path

from detectors import Detector
from detectors.model import Detection, Document
from patrol.calendar import judge_for, judge_in
from patrol.campaigns import CHINA, china_today
from patrol.licences import Context, Index, best_match, load_lists
from patrol.licences.checking import scope_breaches
from patrol.listing import index_on
from patrol.model import Campaign, Lead, Match, PageResult, Post, Screening, Verdict
from patrol.pictures import read_picture
from patrol.settings import Settings
from patrol.store import Store
from patrol.store.lists import ListStore
from patrol.vault import LeadFacts, Vault

GRADES = {"subject": "疑似学科类违规", "ad": "疑似违规广告（非学科）", "none": "未见线索"}
# entries of lists and results: leads of their own only where the page behind them is not visited
_ENTRIES = frozenset({"snippet", "card"})
_IDENTIFIERS = ("uscc", "permit", "icp", "phone")


@dataclass(frozen=True, slots=True)
class Judge:
    """What a post is judged with: the detector (it knows the region's days), and the list as of today (None: none imported)."""

    detector: Detector
    index: Index | None

    def screen(self, post: Post, at: datetime) -> Screening:
        """Carry one post through detection, matching and grading. Pure: nothing is kept here."""
        detection = self.detector.detect(_document(post))
        match = self._match(post, detection, at)
        return Screening(post=post, detection=detection, match=match, screened_at=at, grade=_grade(detection))

    def _match(self, post: Post, detection: Detection, at: datetime) -> Match:
        names = tuple(dict.fromkeys(name for name in (*detection.institutions, post.author) if name.strip()))
        if self.index is None:
            return Match(query="、".join(names), verdict=Verdict.NO_LIST, why="尚未导入机构名单，无法比对")
        if not names:
            return Match(query="", verdict=Verdict.NO_NAME, why="页面未出现机构名称，无法比对", list_version=self.index.version)
        match = best_match(self.index, names, _context(post, detection))
        return self._with_scope(match, detection, at.astimezone(CHINA).date())

    def _with_scope(self, match: Match, detection: Detection, on: date) -> Match:
        """Add what a licence does not cover: a match is no clearance (双减意见 §14; 教育部令第53号 §19)."""
        entry = next((one for one in self.index.entries if one.row == match.row), None) if self.index and match.row else None
        if entry is None or match.verdict is not Verdict.LICENSED:
            return match
        live = "recorded_or_companion" in detection.categories or any(f.rule.startswith("D-MODE") for f in detection.findings)
        breaches = scope_breaches(entry, subject=detection.violation, live=live, on=on)
        return replace(match, warnings=(*match.warnings, *breaches)) if breaches else match


def _document(post: Post) -> Document:
    return Document(
        text=post.text,
        id=post.key,
        title=post.title,
        platform=post.platform,
        url=post.url,
        author=post.author,
        published_at=post.published_at.astimezone(CHINA).date() if post.published_at else None,
        region=post.region,
        image_texts=post.image_texts,
    )


def _context(post: Post, detection: Detection) -> Context:
    first = {contact.kind: contact.value for contact in reversed(detection.contacts)}
    return Context(region=post.region, source=post.platform, **{kind: first.get(kind, "") for kind in _IDENTIFIERS})


def _grade(detection: Detection) -> str:
    if detection.violation:
        return "subject"
    return "ad" if detection.ad_violation else "none"


class Screener:
    """One run's way into store and vault. Opened once per spider process."""

    def __init__(
        self,
        *,
        judge: Judge,
        store: Store,
        vault: Vault,
        campaign: Campaign,
        run: str,
        source: str,
        device: str,
        spool: Path,
        ocr: bool = True,
    ) -> None:
        self.judge, self.store, self.vault = judge, store, vault
        self.campaign, self.run, self.source, self.device, self.spool, self.ocr = campaign, run, source, device, spool, ocr

    @classmethod
    def open(cls, settings: Settings, campaign: Campaign, *, run: str, source: str, device: str = "desktop") -> "Screener":
        """Open store and vault of the workspace and load rules and list once."""
        return cls(
            judge=judge_of(campaign, settings.workspace),
            store=Store.open(settings.workspace),
            vault=Vault.of(settings),
            campaign=campaign,
            run=run,
            source=source,
            device=device,
            spool=settings.workspace / "spool",
            ocr=settings.flag("ocr"),
        )

    def record_page(self, result: PageResult) -> list[Lead]:
        """Screen and keep every post of one page, seal its leads, then write the visit; return the leads.

        The visit comes last: where it stands, everything before it stands too.
        """
        posts = self._with_picture(result) if result.parent else result.posts
        followed = {link.url for link in result.follow}
        leads = [
            lead for post in posts if not (post.kind in _ENTRIES and post.url in followed) for lead in self._keep(post, result)
        ]
        self.store.record_visit(replace(result.visit, items=len(posts)), run=self.run, campaign=self.campaign.id)
        return leads

    def _keep(self, post: Post, result: PageResult) -> list[Lead]:
        post = _without_surrogates(post)
        screening = self.judge.screen(post, datetime.now(UTC))
        lead = self.store.record_screening(
            screening, run=self.run, campaign=self.campaign, source=self.source, device=self.device
        )
        if lead is None:
            return []
        capture = post.capture or result.capture
        if capture is not None and (self.spool / capture.sha256).is_file():
            self.vault.seal_exchange(
                lead.evidence, capture, self.spool / capture.sha256, lead=lead_facts(lead, screening, self.campaign)
            )
        return [lead]

    def _with_picture(self, result: PageResult) -> tuple[Post, ...]:
        """Return the post that a fetched picture belongs to, with the words of the picture added."""
        parent = self.store.post(result.parent)
        if parent is None or result.capture is None or not self.ocr:
            return ()
        words = read_picture(self.spool / result.capture.sha256)
        if not words or words in parent.image_texts:
            return ()
        return (replace(parent, image_texts=(*parent.image_texts, words)),)

    def close(self) -> None:
        """Close the store; everything recorded is already on disk."""
        self.store.close()


def judge_of(campaign: Campaign, workspace: Path | None = None) -> Judge:
    """Load rules, calendar and lists of a campaign, once per process; the workspace's own files and lists count too.

    The lists are those the campaign file names, else those imported into the workspace, with the officers' answers, as of today.
    """
    if workspace is None:
        return Judge(Detector(judge_day=judge_for(campaign.vacations), senior=campaign.include_senior), _file_index(campaign))
    day = judge_in(workspace, campaign.vacations)
    own_rules = tuple(path for path in (workspace / "rules.yml", *sorted((workspace / "rules").glob("*.yml"))) if path.is_file())
    detector = Detector(judge_day=day, senior=campaign.include_senior, extra_rules=own_rules)
    return Judge(detector, _file_index(campaign) or _imported_index(workspace))


def _file_index(campaign: Campaign) -> Index | None:
    return Index(load_lists([Path(name) for name in campaign.whitelists]), on=china_today()) if campaign.whitelists else None


def _imported_index(workspace: Path) -> Index | None:
    store = Store.open(workspace)
    try:
        return index_on(ListStore(store.database), china_today())
    finally:
        store.close()


def lead_facts(lead: Lead, screening: Screening, campaign: Campaign) -> LeadFacts:
    """Return what the evidence says about its lead, as it stood when it was sealed."""
    post, detection = screening.post, screening.detection
    return LeadFacts(
        lead=lead.number,
        campaign=campaign.id,
        platform=post.platform,
        title=post.title,
        author=post.author,
        author_id=post.author_id,
        published_shown=post.published_shown,
        published_at=post.published_at,
        excerpt=lead.excerpt,
        purpose=detection.why,
        categories=detection.categories,
        clauses=tuple(dict.fromkeys(finding.clause for finding in detection.findings if finding.clause)),
        contacts=tuple(f"{contact.kind}:{contact.value}" for contact in detection.contacts),
        operators=tuple((c.kind, c.value) for c in detection.contacts if c.kind in {"icp", "permit", "uscc"}),
        glossary=detection.glossary,
        image_texts=post.image_texts,
        list_version=screening.match.list_version,
        rules_version=detection.rules_version,
        match=f"{screening.match.verdict.chinese}：{screening.match.why}",
    )


def _without_surrogates(post: Post) -> Post:
    """Return the post with lone surrogates as question marks: one character for one, so offsets stay."""

    def clean(text: str) -> str:
        return text.encode("utf-8", "replace").decode("utf-8")

    return replace(
        post,
        key=clean(post.key),
        url=clean(post.url),
        title=clean(post.title),
        text=clean(post.text),
        author=clean(post.author),
        author_id=clean(post.author_id),
        published_shown=clean(post.published_shown),
        region=clean(post.region),
        images=_each(clean, post.images),
        links=_each(clean, post.links),
        contacts=_each(clean, post.contacts),
        image_texts=_each(clean, post.image_texts),
        extra=tuple((clean(name), clean(value)) for name, value in post.extra),
    )


def _each(change: Callable[[str], str], texts: Sequence[str]) -> tuple[str, ...]:
    return tuple(change(text) for text in texts)
