"""Is it still there? Look again at reported leads when their day has come, and record what was seen, whatever it was."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from uuid import uuid4

from patrol.campaigns import CHINA
from patrol.crawl import SpiderJob, run_spider
from patrol.handling import Look
from patrol.model import Campaign, Lead, Run, SourceChoice, State
from patrol.monitors import check_run
from patrol.settings import Settings
from patrol.spider_job import RECHECKED
from patrol.store import Store
from patrol.store.clock import ClockBook
from patrol.store.handling import HandlingBook
from patrol.store.health import HealthBook


@dataclass(frozen=True, slots=True)
class Result:
    """What a recheck saw: each lead with what its page was, and those it did not come to."""

    looks: tuple[Look, ...]
    left: tuple[str, ...]
    run: Run | None = None

    @property
    def sentence(self) -> str:
        """The result in one line; a block is neither present nor gone."""
        present, gone = sum(look.present for look in self.looks), sum(look.gone for look in self.looks)
        unseen = len(self.looks) - present - gone + len(self.left)
        return f"复查{len(self.looks) + len(self.left)}条：仍在{present}条，已消失{gone}条，未能看清{unseen}条"


def recheck(store: Store, campaign: Campaign, settings: Settings, leads: Sequence[Lead]) -> Result:
    """Fetch the pages of leads once more and record what each was. What was not reached gets no look: silence proves nothing."""
    if not leads:
        return Result((), ())
    run = _fetched(store, campaign, settings, leads)
    states = HealthBook(store).page_states(run.id)
    book, looks, left = HandlingBook(store), list[Look](), list[str]()
    for lead in leads:
        seen = states.get(lead.url)
        if seen is None or seen[0] is State.BUDGET:
            left.append(lead.number)
            continue
        look = Look(lead=lead.number, at=seen[1], state=seen[0])
        book.record_look(look)
        looks.append(look)
    result = Result(tuple(looks), tuple(left), run)
    now = datetime.now(UTC)
    ClockBook(store).notice(
        f"{now.astimezone(CHINA):%Y-%m-%d}", f"{campaign.id}:recheck", f"{campaign.title}：{result.sentence}", now
    )
    return result


def _fetched(store: Store, campaign: Campaign, settings: Settings, leads: Sequence[Lead]) -> Run:
    choice = SourceChoice(name=RECHECKED, start=tuple(dict.fromkeys(lead.url for lead in leads)))
    run = store.unfinished_run(campaign.id, RECHECKED) or _begin(store, campaign)
    ended = run_spider(
        SpiderJob(run=run, campaign=replace(campaign, sources=(*campaign.sources, choice)), choice=choice, settings=settings)
    )
    store.end_run(ended)
    check_run(store, campaign, ended)
    return ended


def _begin(store: Store, campaign: Campaign) -> Run:
    now = datetime.now(UTC)
    run = Run(id=f"{RECHECKED}-{now:%Y%m%d%H%M%S}-{uuid4().hex[:6]}", campaign=campaign.id, source=RECHECKED, started_at=now)
    store.start_run(run)
    return run


def told(result: Result, leads: Sequence[Lead]) -> Iterator[str]:
    """Yield one line per lead: number, what its page was, where."""
    urls = {lead.number: lead.url for lead in leads}
    for look in result.looks:
        yield f"{look.lead}\t{look.state.chinese}\t{urls[look.lead]}"
    for number in result.left:
        yield f"{number}\t没有看到，下次再看\t{urls[number]}"
