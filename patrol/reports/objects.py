"""Patrolled objects: the leads of one institution or account gathered under its name, as lists of objects need them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from detectors.model import Element
from patrol.model import Judgement, Lead, Verdict
from patrol.reports import wording
from patrol.reports.cells import clean
from patrol.reports.records import BLANK


@dataclass(frozen=True, slots=True)
class Patrolled:
    """One object with its leads, oldest first; never empty."""

    name: str
    leads: tuple[Lead, ...]

    @property
    def first_at(self) -> datetime:
        """When it was first found."""
        return self.leads[0].found_at

    @property
    def last_at(self) -> datetime:
        """When it was last found."""
        return self.leads[-1].found_at

    @property
    def confirmed(self) -> int:
        """How many of its leads two officers confirmed."""
        return sum(1 for lead in self.leads if lead.judgement is Judgement.CONFIRMED)

    @property
    def licence(self) -> str:
        """What the list says; the answer of the latest lead."""
        return wording.licence_answer(self.leads[-1])

    @property
    def further(self) -> tuple[str, ...]:
        """The numbers of its leads after the first."""
        return tuple(lead.number for lead in self.leads[1:])

    @property
    def numbers(self) -> str:
        """The numbers of its leads, the first three by name, one a line."""
        shown = "\n".join(lead.number for lead in self.leads[:3])
        return shown if len(self.leads) <= 3 else f"{shown}\n等{len(self.leads)}条"

    def shown(self, kind: str) -> str:
        """Return what its pages show of a kind of identifier (icp, uscc, permit), or a marked blank."""
        contacts = (contact for lead in self.leads if lead.screening for contact in lead.screening.detection.contacts)
        found = dict.fromkeys(clean(contact.value, 60) for contact in contacts if contact.kind == kind)
        return "\n".join(list(found)[:3]) + ("（页面所示，待核）" if found else "") or BLANK

    def words(self, element: Element, limit: int = 4) -> str:
        """Return the distinct words of its pages that prove an element, or a marked blank."""
        quotes = (quote for lead in self.leads if lead.screening for quote in lead.screening.detection.quotes(element))
        return "、".join(list(dict.fromkeys(clean(quote, 12) for quote in quotes))[:limit]) or BLANK

    def stages(self) -> str:
        """Return the school stages of its pages."""
        return "、".join(dict.fromkeys(wording.stage(lead) for lead in self.leads))

    def districts(self) -> str:
        """Return the districts its pages show."""
        return "、".join(dict.fromkeys(wording.district(lead) for lead in self.leads))

    def categories(self) -> dict[str, int]:
        """Count its leads by category; a lead counts under each of its own."""
        counted: dict[str, int] = {}
        for lead in self.leads:
            for code in lead.categories:
                counted[code] = counted.get(code, 0) + 1
        return counted


def patrolled(leads: Iterable[Lead]) -> tuple[Patrolled, ...]:
    """Gather leads by object: by list row where the list knows the name, else by name; nameless ones by their address."""
    groups: dict[tuple[str, str], list[Lead]] = {}
    for lead in sorted(leads, key=lambda one: (one.found_at, one.number)):
        groups.setdefault(_identity(lead), []).append(lead)
    return tuple(Patrolled(wording.object_name(group[-1]), tuple(group)) for group in groups.values())


def _identity(lead: Lead) -> tuple[str, str]:
    if lead.match.verdict is Verdict.LICENSED and lead.match.row is not None:
        return ("row", str(lead.match.row))
    name = wording.object_name(lead)
    if lead.match.verdict in {Verdict.NO_NAME, Verdict.NO_LIST}:
        account = lead.screening.post.author_id if lead.screening else ""
        return (lead.platform, account or lead.author or lead.url)
    return ("name", name)
