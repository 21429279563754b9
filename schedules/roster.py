"""What the clock goes by: campaign files, the job table, calendar files. Read again when one changes; a broken one is told."""

from dataclasses import dataclass
from pathlib import Path

from patrol.calendar import PublicDays
from patrol.calendar_files import FOLDER, load_calendar
from patrol.campaigns import load_campaign
from patrol.errors import BadInput
from patrol.model import Campaign
from patrol.store import Store
from patrol.store.clock import ClockBook
from patrol.store.console_work import WorkBook
from schedules.jobs import Job, jobs_of

CAMPAIGNS = "campaigns"
Signature = tuple[tuple[str, int, int], ...]


@dataclass(frozen=True, slots=True)
class Roster:
    """The open campaigns with jobs and calendar as they stand; `faults` names what could not be read and is kept as it was."""

    campaigns: tuple[Campaign, ...]
    jobs: tuple[Job, ...]
    public: PublicDays
    faults: tuple[str, ...] = ()

    def campaign(self, identity: str) -> Campaign:
        """Return a campaign by its id; BadInput names those there are."""
        for campaign in self.campaigns:
            if campaign.id == identity:
                return campaign
        known = "、".join(campaign.id for campaign in self.campaigns)
        raise BadInput(f"没有编号为“{identity}”的在办专项行动；在办的有：{known or '（无）'}")


def campaign_files(workspace: Path, store: Store) -> list[Path]:
    """Return the campaign files of a workspace: those in its `campaigns` folder, then those registered from elsewhere."""
    own = sorted((workspace / CAMPAIGNS).glob("*.toml"))
    registered = [Path(path) for path in WorkBook(store).campaign_files().values()]
    return list(dict.fromkeys(path.resolve() for path in (*own, *registered) if path.is_file()))


def signature(workspace: Path, store: Store) -> Signature:
    """Return a value that changes when any file the clock goes by, or the list of closed campaigns, does."""
    files = [*campaign_files(workspace, store), workspace / "jobs.yml", *sorted((workspace / FOLDER).glob("*.yml"))]
    stats = [(str(path), path.stat().st_mtime_ns, path.stat().st_size) for path in files if path.is_file()]
    return (*stats, *((closed, 0, 0) for closed in sorted(ClockBook(store).closed_campaigns())))


def load_roster(workspace: Path, store: Store, before: Roster | None = None) -> Roster:
    """Read everything. With an earlier roster a broken file is a fault and what it said before stays; without, BadInput."""
    faults: list[str] = []
    campaigns = _campaigns(workspace, store, before, faults)
    try:
        jobs, public = jobs_of(workspace), PublicDays(load_calendar(workspace))
    except BadInput as error:
        if before is None:
            raise
        faults.append(str(error))
        jobs, public = before.jobs, before.public
    return Roster(campaigns, jobs, public, tuple(faults))


def _campaigns(workspace: Path, store: Store, before: Roster | None, faults: list[str]) -> tuple[Campaign, ...]:
    closed, found = ClockBook(store).closed_campaigns(), dict[str, Campaign]()
    for path in campaign_files(workspace, store):
        try:
            campaign = load_campaign(path)
        except BadInput as error:
            if before is None:
                raise
            faults.append(str(error))
            kept = next((one for one in before.campaigns if one.path == str(path)), None)
            if kept is None:
                continue
            campaign = kept
        known = found.setdefault(campaign.id, campaign)
        if known is not campaign:
            faults.append(f"专项行动编号“{campaign.id}”有两个文件：{known.path}、{campaign.path}；只用前一个")
    return tuple(one for one in found.values() if one.id not in closed)
