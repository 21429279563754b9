"""The detector: one text in, one explained Detection out."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from detectors.contacts import find_contacts
from detectors.context import speaker
from detectors.decision import Verdict, decide
from detectors.elements import Hit, find_hits
from detectors.explain import finding_of, glossary_of, outermost, passage_finding, passages, sentence
from detectors.facts import money_facts, offer_facts, wording_facts
from detectors.fold import Folded, fold
from detectors.institutions import find_institutions
from detectors.lexicon import load_lexicon
from detectors.limits import load_limits
from detectors.long_texts import detect_long
from detectors.model import Contact, DayJudge, Detection, Document, Finding
from detectors.prices import find_prices
from detectors.rules import Rule, fired, load_rules
from detectors.spans import Spans
from detectors.times import Calendar, time_facts

_STAGES = {
    "preschool": ("audience.preschool",),
    "senior": ("高",),
    "junior": ("初", "七", "八", "九"),
    "primary": ("小", "一", "二", "三", "四", "五", "六"),
}


class Detector:
    """A detector with its rules loaded once; `detect` is pure and may be called from several threads."""

    def __init__(self, *, judge_day: DayJudge | None = None, senior: bool = True, extra_rules: tuple[Path, ...] = ()) -> None:
        self._judge_day = judge_day
        self._senior = senior
        self._lexicon = load_lexicon(extra_rules)
        self._rules = load_rules(extra_rules)
        self._passage = next(rule for rule in self._rules if rule.code == "AD-MINOR")

    def detect(self, document: Document) -> Detection:
        """Return what the text shows, with the words that prove each element; raises nothing on any text."""
        if len(document.text) > load_limits().slice_length:
            return detect_long(document, self._detect)
        return self._detect(document)

    def _detect(self, document: Document) -> Detection:
        text = document.text
        folded = fold(text)
        contacts = find_contacts(folded.plain, text)
        hits = find_hits(folded, self._lexicon, contacts)
        title = self._title_hits(document)
        verdict = decide(folded, hits, title, document.title)
        if not self._senior and verdict.violation and _only_senior([*hits, *title]):
            verdict = verdict.spared()
        who = speaker([*hits, *title])
        if not verdict.ad:
            return self._clean(document, verdict, who, hits, contacts=contacts)
        facts, notes = self._facts(document, folded, hits, contacts=contacts)
        charged = _charged([*hits, *facts], verdict, len(text))
        findings, categories, titles = self._findings(document, verdict, charged, title, notes=notes)
        return Detection(
            violation=verdict.violation,
            score=round(verdict.score, 4),
            ad_violation=True,
            categories=categories,
            findings=findings,
            contacts=contacts[: load_limits().contacts_per_post],
            institutions=find_institutions(document),
            why=sentence(violation=verdict.violation, ad=True, speaker=who, findings=findings, titles=titles, notes=notes),
            speaker="provider" if who == "unknown" else who,
            glossary=glossary_of(findings),
            rules_version=self._lexicon.version,
            notes=tuple(notes),
        )

    def _clean(
        self, document: Document, verdict: Verdict, who: str, hits: Sequence[Hit], *, contacts: tuple[Contact, ...]
    ) -> Detection:
        spans = Spans(verdict.quoted)
        quoted = [hit for hit in hits if spans.hold(hit.start, hit.end)]
        met = {label for hit in quoted for label in hit.labels}
        hinting = any(label.startswith(("subject.", "topic.", "tutor.")) for label in met) and any(
            label.startswith(("offer.", "price.", "audience.")) for label in met
        )
        hints = (
            tuple(
                finding_of(self._passage, hit, document.text, self._lexicon)
                for hit in [hit for hit in quoted if not hit.labels[0].startswith("ctx.")][: load_limits().hints_per_post]
            )
            if hinting
            else ()
        )
        return Detection(
            violation=False,
            score=round(verdict.score, 4),
            ad_violation=False,
            hints=hints,
            contacts=contacts[: load_limits().contacts_per_post],
            why=sentence(violation=False, ad=False, speaker=who, findings=(), titles=(), notes=()),
            speaker=who,
            rules_version=self._lexicon.version,
        )

    def _title_hits(self, document: Document) -> Sequence[Hit]:
        """Return the hits of what stands beside the text: its title, and words recognised in its pictures."""
        found: list[Hit] = []
        for beside in (document.title, *document.image_texts):
            if beside:
                folded = fold(beside)
                found.extend(find_hits(folded, self._lexicon, ()))
        return found

    def _facts(
        self, document: Document, folded: Folded, hits: Sequence[Hit], *, contacts: tuple[Contact, ...]
    ) -> tuple[list[Hit], list[str]]:
        calendar = Calendar(document.published_at, document.stage or _stage(hits), self._judge_day)
        timed, notes = time_facts(folded.plain, document.text, calendar)
        priced = money_facts(folded.plain, find_prices(folded.plain))
        return [*timed, *priced, *offer_facts(hits, contacts), *wording_facts(folded.plain)], notes

    def _findings(
        self, document: Document, verdict: Verdict, charged: Sequence[Hit], title: Sequence[Hit], *, notes: list[str]
    ) -> tuple[tuple[Finding, ...], tuple[str, ...], list[str]]:
        """Return findings, categories and the titles of the breaches; hits in the title choose rules but quote nothing."""
        text = document.text
        outside = [Hit(hit.labels, -1, -1, hit.word) for hit in title]
        if verdict.violation:
            outside.append(Hit(("fact.violation",), -1, -1, ""))
        found: list[tuple[Rule, Hit]] = []
        categories: dict[str, None] = {}
        titles: list[str] = []
        proven = fired(
            self._rules,
            [*charged, *outside],
            violation=verdict.violation,
            ad=verdict.ad,
            day=document.published_at,
            region=document.region,
        )
        left_out = 0
        for rule, hits in proven:
            best = outermost(hits)
            left_out += max(0, len(best) - load_limits().findings_per_rule)
            found.extend((rule, hit) for hit in best[: load_limits().findings_per_rule])
            if rule.category:
                categories[rule.category] = None
            if rule.element.value == "breach" and rule.title not in titles:
                titles.append(rule.title)
        shown = [finding_of(rule, hit, text, self._lexicon) for rule, hit in found]
        stretches = passages(text, charged, verdict.charged)
        left_out += max(0, len(stretches) - load_limits().findings_per_rule)
        shown.extend(passage_finding(self._passage, text, span) for span in stretches[: load_limits().findings_per_rule])
        shown.sort(key=lambda finding: (finding.start, finding.end, finding.rule))
        left_out += max(0, len(shown) - load_limits().findings_per_post)
        if left_out:
            notes.append(f"命中过多，另有 {left_out} 处同类原文未逐一列出")
        return tuple(shown[: load_limits().findings_per_post]), tuple(categories), titles


def _charged(hits: list[Hit], verdict: Verdict, length: int) -> list[Hit]:
    """Return the hits in the stretches that offer, those in quotations of a report left out."""
    if verdict.charged == ((0, length),) and not verdict.quoted:
        return hits
    inside, quoted = Spans(verdict.charged), Spans(verdict.quoted)
    return [hit for hit in hits if inside.hold(hit.start, hit.end) and not quoted.hold(hit.start, hit.end)]


def _stage(hits: Sequence[Hit]) -> str:
    """Guess the stage the text speaks of, for the calendar; empty when several or none."""
    words = [hit.word for hit in hits if hit.labels[0].startswith(("audience.grade", "audience.stage"))]
    if any("audience.preschool" in hit.labels for hit in hits) and not words:
        return "preschool"
    found = {stage for stage in ("senior", "junior", "primary") if any(word.startswith(_STAGES[stage]) for word in words)}
    return found.pop() if len(found) == 1 else ""


def _only_senior(hits: Sequence[Hit]) -> bool:
    words = [hit.word for hit in hits if hit.labels[0].startswith(("audience.grade", "audience.stage"))]
    return bool(words) and all(word.startswith(("高", "g10", "g11", "g12", "准高", "新高", "升高")) for word in words)


@lru_cache(maxsize=8)
def _shared(judge_day: DayJudge | None, senior: bool, extra_rules: tuple[Path, ...]) -> Detector:
    return Detector(judge_day=judge_day, senior=senior, extra_rules=extra_rules)


def detect(
    document: Document, *, judge_day: DayJudge | None = None, senior: bool = True, extra_rules: tuple[Path, ...] = ()
) -> Detection:
    """Detect once; rules are loaded once per process and reused."""
    return _shared(judge_day, senior, extra_rules).detect(document)
