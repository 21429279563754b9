"""The journey of one post, in order, readable top to bottom: detect → match → grade → keep → seal.

Pages are handed over whole (`Screener.record_pages`), a few at a time: each of their posts is screened, posts, conclusions, leads
and visits are written in one transaction, then the leads are sealed, and only then the frontier hears that the pages are done.
Everything is idempotent, so a page whose process was killed on the way is simply handed over again.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from itertools import chain
from pathlib import Path

from detectors import Detector
from detectors.model import Detection, Document
from patrol.allowing import Allowed, load_allowed, rule_files
from patrol.calendar import judge_for, judge_in
from patrol.campaigns import CHINA, china_today
from patrol.intake.pictures import read_picture
from patrol.licences import Context, Index, best_match, load_lists
from patrol.licences.checking import scope_breaches
from patrol.listing import index_on
from patrol.model import Campaign, Lead, Match, PageResult, Post, Screening, Verdict, Visit
from patrol.repeating import judged_by, twin_among
from patrol.settings import Settings
from patrol.spider_job import RECHECKED
from patrol.store import Book, Store
from patrol.store.lists import ListStore
from patrol.store.seen import SeenBook
from patrol.vault import LeadFacts, Vault
from patrol.vault.environment import software_version

GRADES = {"subject": "疑似学科类违规", "ad": "疑似违规广告（非学科）", "none": "未见线索"}
# entries of lists and results: leads of their own only where the page behind them is not visited
_ENTRIES = frozenset({"snippet", "card"})
_MOST_NEW = 200
_IDENTIFIERS = ("uscc", "permit", "icp", "phone")


@dataclass(frozen=True, slots=True)
class Judge:
    """What a post is judged with: the detector (it knows the region's days), and the list as of today (None: none imported)."""

    detector: Detector
    index: Index | None
    allowed: Allowed = field(default_factory=Allowed)

    @property
    def versions(self) -> tuple[str, ...]:
        """What a judgement depends on besides the campaign: the rules, the list, what officers let pass."""
        rules = self.detector.detect(Document(text="")).rules_version
        return rules, self.index.version if self.index else "", repr(self.allowed)

    def screen(self, post: Post, at: datetime) -> Screening:
        """Carry one post through detection, matching and grading. Pure: nothing is kept here."""
        detection = self.detector.detect(_document(post))
        match = self._match(post, detection, at)
        return self.allowed.let_pass(
            Screening(post=post, detection=detection, match=match, screened_at=at, grade=_grade(detection))
        )

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
        self.campaign, self.spool, self.ocr = campaign, spool, ocr
        self._seen, self._new_leads = SeenBook(store.database.conn), deque[Post](maxlen=_MOST_NEW)
        known = judged_by(campaign, software_version(), *judge.versions)
        with store.database.conn:
            self._seen.begin(campaign.id, known)
        self.book = Book(run=run, campaign=campaign, source=source, device=device, judged_by=known)

    @classmethod
    def open(cls, settings: Settings, campaign: Campaign, *, run: str, source: str, device: str = "desktop") -> "Screener":
        """Open store and vault of the workspace and load rules and list once."""
        return cls(
            judge=judge_of(campaign, settings.workspace),
            store=Store.open(settings.workspace),
            vault=Vault.of(settings, officers=campaign.officers),
            campaign=campaign,
            run=run,
            source=source,
            device=device,
            spool=settings.workspace / "spool",
            ocr=settings.flag("ocr"),
        )

    def record_page(self, result: PageResult) -> list[Lead]:
        """Screen and keep one page, as `record_pages` does."""
        return self.record_pages([result])[0]

    def record_pages(self, results: Sequence[PageResult]) -> list[list[Lead]]:
        """Screen every post of some pages, keep the pages in one transaction, then seal their leads; return each page's leads.

        When this returns, all of it survives a kill and a cut of power. Of two pictures of one post the second would not see the
        words of the first: they are handed over apart.
        """
        judged = [self._judged(result) for result in results]
        kept = self.store.record_pages(judged, self.book)
        for leads, result in zip(kept, results, strict=True):
            for lead, screening in leads:
                self._seal(lead, screening, result)
        return [
            self._known_leads(result) if visit.unchanged else [lead for lead, _ in leads]
            for leads, (_, visit), result in zip(kept, judged, results, strict=True)
        ]

    def _is_unchanged(self, visit: Visit) -> bool:
        """Tell whether a page is what it was when it was judged, by what is in force, in an earlier run: its leads are sealed."""
        if not visit.state.covered or not visit.final_url or self.book.source == RECHECKED:
            return False
        seen = self._seen.page(self.campaign.id, visit.final_url)
        same = seen is not None and (seen.sha256, seen.judged_by) == (visit.sha256, self.book.judged_by)
        return same and seen is not None and seen.run != self.book.run

    def _known_leads(self, result: PageResult) -> list[Lead]:
        return [self.store.lead(number) for number in self._seen.leads_of(self.campaign.id, [post.key for post in result.posts])]

    def _with_twin(self, screening: Screening) -> Screening:
        """Return a screening that names the earlier lead of the same author with the same words, where there is one."""
        post = screening.post
        if not screening.is_lead or post.kind != "detail" or self._seen.is_lead(self.campaign.id, post.key):
            return screening
        twin = twin_among(post, chain(self._new_leads, self._seen.earlier_leads(self.campaign.id, post)))
        if not twin:
            self._new_leads.append(post)
        return replace(screening, twin=twin)

    def _judged(self, result: PageResult) -> tuple[list[Screening], Visit]:
        if self._is_unchanged(result.visit):
            return [], replace(result.visit, unchanged=True)
        posts = self._with_picture(result) if result.parent else result.posts
        followed = {link.url for link in result.follow}
        screenings = [
            self._with_twin(self.judge.screen(_without_surrogates(post), datetime.now(UTC)))
            for post in posts
            if not (post.kind in _ENTRIES and post.url in followed)
        ]
        return screenings, replace(result.visit, unchanged=False)

    def _seal(self, lead: Lead, screening: Screening, result: PageResult) -> None:
        capture = screening.post.capture or result.capture
        if capture is not None and (self.spool / capture.sha256).is_file():
            self.vault.seal_exchange(
                lead.evidence, capture, self.spool / capture.sha256, lead=lead_facts(lead, screening, self.campaign)
            )

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
    day, allowed = judge_in(workspace, campaign.vacations), load_allowed(workspace)
    detector = Detector(judge_day=day, senior=campaign.include_senior, extra_rules=rule_files(workspace))
    return Judge(detector, _file_index(campaign) or _imported_index(workspace), allowed)


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
    written = (post.key, post.url, post.title, post.text, post.author, post.author_id, post.published_shown, post.region)
    told = (name for pair in post.extra for name in pair)
    try:
        "".join((*written, *post.images, *post.links, *post.contacts, *post.image_texts, *told)).encode("utf-8")
    except UnicodeEncodeError:
        return _mended(post)
    return post


def _mended(post: Post) -> Post:

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
