"""Sums that many pages show: read from the store's own counts, or counted now and then, not at every click."""

from datetime import timedelta

from patrol.campaigns import china_today
from patrol.console.desk import Desk
from patrol.model import SourceCoverage
from patrol.store.console_overview import DayCount
from patrol.store.reviewing import Stage

_SHOWN_DAYS = 60


def stages(desk: Desk, campaign: str, district: str) -> dict[Stage, int]:
    """Return how many leads stand in each stage."""
    return desk.books.leads.stages(campaign, district)


def days(desk: Desk, campaign: str, district: str) -> list[DayCount]:
    """Return leads by day over the last two months."""
    since = china_today() - timedelta(days=_SHOWN_DAYS)
    return desk.books.overview.days(campaign, since, district)


def platforms(desk: Desk, campaign: str, district: str) -> list[tuple[str, int]]:
    """Return leads by platform."""
    return desk.books.overview.platforms(campaign, district=district)


def spans(desk: Desk, campaign: str, since: str, until: str, district: str) -> list[tuple[str, int]]:
    """Return leads by platform found in a span of days."""
    return desk.books.overview.platforms(campaign, since, until, district)


def providers(desk: Desk, campaign: str) -> list[tuple[str, int]]:
    """Return the providers with the most leads."""
    return desk.remembered(f"providers:{campaign}", 120, lambda: desk.books.overview.providers(campaign))


def captures(desk: Desk, campaign: str) -> dict[str, int]:
    """Return the orders for browser captures by state."""
    return desk.remembered(f"captures:{campaign}", 10, lambda: desk.books.overview.evidence_counts(campaign))


def coverage(desk: Desk, campaign: str) -> list[SourceCoverage]:
    """Return the coverage of a campaign as the reports count it; counted at most once a minute."""
    return desk.remembered(f"coverage:{campaign}", 60, lambda: desk.books.store.coverage(campaign))


def warm(desk: Desk, campaign: str) -> None:
    """Count what the first officer would wait for."""
    coverage(desk, campaign)
    captures(desk, campaign)
    providers(desk, campaign)
