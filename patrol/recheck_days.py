"""When a lead is to be looked at again, by what happened last. Pure but for reading the store: nothing is fetched here."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Protocol, TypeVar

from patrol.campaigns import CHINA
from patrol.handling import Look, Measure
from patrol.model import Campaign, Judgement, Lead
from patrol.store import Store
from patrol.store.console_overview import OverviewBook
from patrol.store.handling import HandlingBook
from patrol.validation import FileRecord, build, read_yaml

_FILE = Path(__file__).with_name("recheck.yml")


class Rhythm(FileRecord):
    """After how many days a lead is looked at again, by what happened last."""

    after_deadline: int
    without_deadline: int
    after_report: int
    standing: int
    gone: tuple[int, ...]
    unseen: int


@cache
def rhythm() -> Rhythm:
    """Return the rhythm; BadInput names the faulty key of `recheck.yml`."""
    return build(Rhythm, read_yaml(_FILE), file=_FILE)


class Judged(Protocol):
    """What of a lead decides when it is looked at again."""

    @property
    def judgement(self) -> Judgement:
        """The standing judgement."""

    @property
    def found_at(self) -> datetime:
        """When it was found."""


def due_day(lead: Judged, campaign: Campaign, looks: Sequence[Look], measures: Sequence[Measure]) -> date | None:
    """Return the day a lead is to be looked at next; None when it is not to be looked at (again). `looks` oldest first."""
    if lead.judgement is Judgement.DISMISSED:
        return None
    times = rhythm()
    if looks:
        last = looks[-1].at.astimezone(CHINA).date()
        if looks[-1].present:
            return last + timedelta(days=times.standing)
        if not looks[-1].gone:
            return last + timedelta(days=times.unseen)
        in_a_row = next((number for number, look in enumerate(reversed(looks)) if not look.gone), len(looks))
        return last + timedelta(days=times.gone[in_a_row - 1]) if in_a_row <= len(times.gone) else None
    days = [
        measure.due + timedelta(days=times.after_deadline) if measure.due else measure.at + timedelta(days=times.without_deadline)
        for measure in measures
    ]
    if lead.judgement in {Judgement.CONFIRMED, Judgement.HANDED_OVER}:
        found = lead.found_at.astimezone(CHINA).date()
        days += [batch.due + timedelta(days=times.after_report) for batch in campaign.batches if found <= batch.end][:1]
    return min(days, default=None)


def due_numbers(store: Store, campaign: Campaign, until: date) -> list[tuple[date, str]]:
    """Return (day, lead number) of the leads to be looked at no later than `until`, the longest overdue first."""
    book = HandlingBook(store)
    looks, measures = _grouped(book.looks(campaign.id)), _grouped(book.measures(campaign.id))
    found = (
        (due_day(one, campaign, looks.get(one.number, ()), measures.get(one.number, ())), one.number)
        for one in OverviewBook(store).handled(campaign.id)
    )
    return sorted((day, number) for day, number in found if day is not None and day <= until)


def due_leads(store: Store, campaign: Campaign, today: date) -> list[Lead]:
    """Return the leads whose day has come, by number."""
    return [store.lead(number) for number in sorted(number for _, number in due_numbers(store, campaign, today))]


Entry = TypeVar("Entry", Look, Measure)


def _grouped(entries: Sequence[Entry]) -> Mapping[str, Sequence[Entry]]:
    found: dict[str, list[Entry]] = {}
    for entry in entries:
        found.setdefault(entry.lead, []).append(entry)
    return found
