"""Read from the store, at one moment, everything that the forms may draw from."""

from collections.abc import Iterable
from datetime import date, datetime
from sys import maxsize
from typing import TypeVar

from patrol.campaigns import batch_period
from patrol.handling import ManualPatrol, Measure, Review
from patrol.model import Batch, Campaign, Lead
from patrol.platforms import Platform
from patrol.reports.records import CHINA, PlatformFace, ReportInput
from patrol.store import Store
from patrol.store.handling import HandlingBook


def gather(
    store: Store, campaign: Campaign, batch: Batch | None, *, made_at: datetime, platforms: Iterable[Platform] = ()
) -> ReportInput:
    """Return the input of a form: of one batch, or of the whole campaign when `batch` is None.

    A lead found after the last batch closed belongs to none: it is in the whole campaign alone.
    """
    after, until = batch_period(campaign, batch) if batch else (None, None)
    book = HandlingBook(store)
    leads = tuple(store.leads(campaign.id, after=after, until=until))
    return ReportInput(
        campaign=campaign,
        batch=batch,
        made_at=made_at,
        leads=leads,
        earlier=tuple(store.leads(campaign.id, until=after)) if after else (),
        coverage=tuple(store.coverage(campaign.id, after=after, until=until)),
        looks=tuple(look for look in book.looks(campaign.id) if until is None or _day(look.at) <= until),
        reviews=_by_lead(book.reviews(campaign.id)),
        measures=_by_lead(book.measures(campaign.id)),
        list_changes=tuple(book.list_changes(campaign.id)),
        manual=tuple(entry for entry in book.hours(campaign.id) if _within(entry, after, until)),
        platforms={
            one.name: PlatformFace(name=one.name, title=one.title, kind=one.kind, paper_kind=one.paper_kind) for one in platforms
        },
        evidence=_evidence_states(store, campaign, leads),
        chosen=tuple(book.chosen_cases(campaign.id)),
        rules_version=_versions(leads, rules=True),
        list_version=_versions(leads, rules=False),
        runs=sum(1 for run in store.runs(campaign.id) if until is None or (after or date.min) < _day(run.started_at) <= until),
    )


def _day(at: datetime) -> date:
    return at.astimezone(CHINA).date()


Recorded = TypeVar("Recorded", Measure, Review)


def _by_lead(entries: Iterable[Recorded]) -> dict[str, tuple[Recorded, ...]]:
    grouped: dict[str, list[Recorded]] = {}
    for entry in entries:
        grouped.setdefault(entry.lead, []).append(entry)
    return {lead: tuple(found) for lead, found in grouped.items()}


def _within(entry: ManualPatrol, after: date | None, until: date | None) -> bool:
    return until is None or entry.at is None or (after or date.min) < entry.at <= until


def _evidence_states(store: Store, campaign: Campaign, leads: Iterable[Lead]) -> dict[str, str]:
    waiting = {str(order["lead"]) for order in store.waiting_captures(campaign.id, max_attempts=maxsize)}
    return {lead.number: "partial" if lead.number in waiting else "sealed" for lead in leads if lead.evidence}


def _versions(leads: Iterable[Lead], *, rules: bool) -> str:
    seen: dict[str, None] = {}
    for lead in leads:
        if lead.screening is not None:
            seen[lead.screening.detection.rules_version if rules else lead.match.list_version] = None
    return "、".join(version for version in seen if version)
