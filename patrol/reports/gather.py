"""Read from the store, at one moment, everything that the forms may draw from."""

from collections.abc import Iterable
from datetime import datetime

from patrol.campaigns import batch_period
from patrol.model import Batch, Campaign, Lead
from patrol.platforms import Platform
from patrol.reports.records import PlatformFace, ReportInput
from patrol.store import Store


def gather(
    store: Store, campaign: Campaign, batch: Batch | None, *, made_at: datetime, platforms: Iterable[Platform] = ()
) -> ReportInput:
    """Return the input of a form: of one batch, or of the whole campaign when `batch` is None."""
    after, until = batch_period(campaign, batch) if batch else (None, None)
    leads = tuple(store.leads(campaign.id, after=after, until=until))
    earlier = tuple(store.leads(campaign.id, until=after)) if after else ()
    return ReportInput(
        campaign=campaign,
        batch=batch,
        made_at=made_at,
        leads=leads,
        earlier=earlier,
        coverage=tuple(store.coverage(campaign.id, after=after, until=until)),
        platforms={one.name: PlatformFace(name=one.name, title=one.title, kind=one.kind) for one in platforms},
        rules_version=_versions(leads, rules=True),
        list_version=_versions(leads, rules=False),
        runs=len(store.runs(campaign.id)),
    )


def _versions(leads: Iterable[Lead], *, rules: bool) -> str:
    seen: dict[str, None] = {}
    for lead in leads:
        if lead.screening is not None:
            seen[lead.screening.detection.rules_version if rules else lead.match.list_version] = None
    return "、".join(version for version in seen if version)
