"""The clauses that leads touch, written out for a paper: full name, words, rank, dates. Facts of the documents in `laws.yml`."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from detectors.model import Element
from patrol.model import Lead
from patrol.reports import wording
from patrol.reports.cells import clean
from patrol.validation import FileRecord, build, read_yaml

_FILE = Path(__file__).with_name("laws.yml")
_MOST_POLICIES = 3
_RANKS = ("法律", "行政法规", "部门规章", "规范性文件")


class Law(FileRecord):
    """One document: how rules call it, its full name, rank (效力层级) and dates; an empty date was not obtained."""

    begins: tuple[str, ...]
    title: str
    rank: str
    published: str
    effective: str

    @property
    def local(self) -> bool:
        """Whether it holds in one place only, and is named there alone."""
        return self.rank.startswith("地方")

    @property
    def binding(self) -> bool:
        """Whether a penalty can rest on it."""
        return self.rank in _RANKS[:3]

    @property
    def order(self) -> int:
        """Its place when documents are cited: law first, local plans last."""
        return _RANKS.index(self.rank) if self.rank in _RANKS else len(_RANKS)


class _Laws(FileRecord):
    laws: tuple[Law, ...]


@dataclass(frozen=True, slots=True)
class Quotation:
    """One clause as it is cited: by its short name, with its words (empty: not in the rules), and the leads it was met in."""

    clause: str
    text: str
    law: Law | None
    leads: tuple[int, ...]

    @property
    def name(self) -> str:
        """The full name with the article, or the short name where the document is not known."""
        if self.law is None:
            return self.clause
        return f"{self.law.title}{self.article}"

    @property
    def article(self) -> str:
        """The article alone (第18条第一项); empty where a whole document is named."""
        begins = self.law.begins if self.law else ()
        rest = next((self.clause.removeprefix(begin) for begin in begins if self.clause.startswith(begin)), "")
        return rest if rest.startswith("第") else ""

    @property
    def dates(self) -> str:
        """When it was published and came into force, as far as known."""
        if self.law is None:
            return ""
        parts = ((self.law.published, "公布"), (self.law.effective, "施行"))
        return "，".join(f"{day}{word}" for day, word in parts if day)


@cache
def laws() -> tuple[Law, ...]:
    """Return the documents by rank; BadInput names the faulty key of `laws.yml`."""
    return tuple(sorted(build(_Laws, read_yaml(_FILE), file=_FILE).laws, key=lambda law: law.order))


def law_of(clause: str) -> Law | None:
    """Return the document that a clause's short name begins with."""
    return next((law for law in laws() if any(clause.startswith(begin) for begin in law.begins)), None)


def cited(quoted: Iterable[Quotation]) -> tuple[str, ...]:
    """Return the documents to cite with their articles, by rank: all that bind, the first policies; the rest is in the annex."""
    articles: dict[str, dict[str, None]] = {}
    policies: set[str] = set()
    for one in quoted:
        title = one.law.title if one.law else one.clause
        if one.law and not one.law.binding:
            policies.add(title)
        if (one.law and one.law.local) or (title in policies and title not in articles and len(policies) > _MOST_POLICIES):
            continue
        articles.setdefault(title, {})[one.article] = None
    return tuple(title + "、".join(article for article in found if article) for title, found in articles.items())


def quotations(leads: Iterable[Lead]) -> tuple[Quotation, ...]:
    """Return the clauses that leads touch with their words, by rank; `leads` are numbered from 1 in their order."""
    met: dict[tuple[str, str], list[int]] = {}
    for place, lead in enumerate(leads, 1):
        rules = {rule.clause: rule.text for rule in wording.rules_of(lead)}
        # whom an offer is made to is a condition, not a breach
        found = [
            one for one in (lead.screening.detection.findings if lead.screening else ()) if one.element is not Element.AUDIENCE
        ]
        for clause in dict.fromkeys(finding.clause for finding in found if finding.clause):
            for part in clause.split("；"):
                if part.strip():
                    met.setdefault((clean(part, 80), clean(rules.get(clause, ""), 400)), []).append(place)
    made = [Quotation(clause, text, law_of(clause), tuple(dict.fromkeys(places))) for (clause, text), places in met.items()]
    return tuple(sorted(made, key=lambda one: (laws().index(one.law) if one.law else len(laws()), one.clause)))
