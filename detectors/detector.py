"""The detector: one text in, one explained Detection out."""

from collections.abc import Sequence
from pathlib import Path

from detectors.contacts import find_contacts
from detectors.context import sentences, speaker
from detectors.decision import Verdict, decide
from detectors.elements import Hit, find_hits
from detectors.fold import fold
from detectors.lexicon import Lexicon, load_lexicon
from detectors.model import Contact, DayJudge, Detection, Document, Element, Finding
from detectors.prices import find_prices

_CHARGED = ("price.", "contact.")


class Detector:
    """A detector with its rules loaded once; `detect` is pure and may be called from several threads."""

    def __init__(self, *, judge_day: DayJudge | None = None, senior: bool = True, extra_rules: tuple[Path, ...] = ()) -> None:
        self._judge_day = judge_day
        self._senior = senior
        self._lexicon = load_lexicon(extra_rules)

    def detect(self, document: Document) -> Detection:
        """Return what the text shows, with the words that prove each element; raises nothing on any text."""
        text = document.text
        folded = fold(text)
        contacts = find_contacts(folded.plain, text)
        prices = find_prices(folded.plain)
        hits = find_hits(folded, self._lexicon, prices, contacts)
        verdict = decide(text, hits, self._title_hits(document))
        findings = self._findings(text, hits, verdict) if verdict.ad else ()
        return Detection(
            violation=verdict.violation,
            score=round(verdict.score, 4),
            ad_violation=verdict.ad,
            categories=("subject_ad",) if verdict.violation else (),
            findings=findings,
            contacts=contacts,
            why="",
            speaker=speaker(hits),
            rules_version=self._lexicon.version,
        )

    def _title_hits(self, document: Document) -> Sequence[Hit]:
        if not document.title:
            return ()
        folded = fold(document.title)
        return find_hits(folded, self._lexicon, find_prices(folded.plain), ())

    def _findings(self, text: str, hits: Sequence[Hit], verdict: Verdict) -> tuple[Finding, ...]:
        found = []
        for hit in hits:
            if hit.start < verdict.start or hit.end > verdict.end:
                continue
            group = next((self._lexicon.groups[label] for label in hit.labels if label in self._lexicon.groups), None)
            element = group.element if group else Element.PAID
            if element is None:
                continue
            weight = group.weight if group else 0.3
            found.append(Finding(rule="AD-MINOR", clause="", element=element, start=hit.start, end=hit.end, quote=text[hit.start : hit.end], weight=weight, trick=hit.trick))
        return tuple(found)


def detect(
    document: Document, *, judge_day: DayJudge | None = None, senior: bool = True, extra_rules: tuple[Path, ...] = ()
) -> Detection:
    """Detect once; rules are loaded once per process and reused."""
    return Detector(judge_day=judge_day, senior=senior, extra_rules=extra_rules).detect(document)
