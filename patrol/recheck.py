"""Is it still there? Look again at reported leads when their day has come, and record what was seen, whatever it was."""

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from uuid import uuid4

from patrol.campaigns import CHINA
from patrol.crawl import SpiderJob, run_spider
from patrol.handling import Look
from patrol.model import Campaign, Lead, Run, SourceChoice, State
from patrol.monitors import check_run
from patrol.screening import judge_of
from patrol.second_looks import Seen, judged, take_evidence
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
    book = HandlingBook(store)
    resumed = store.unfinished_run(campaign.id, RECHECKED)
    before = {lead.post_key: None if resumed else book.last_seen(lead.post_key) for lead in leads}
    run = _fetched(store, campaign, settings, leads)
    seen = {key for key, last in before.items() if _seen_again(book.last_seen(key), last, run)}
    looks, left = _judged(store, campaign, settings, leads, run, seen)
    taken = take_evidence(looks, {lead.number: lead for lead in leads}, campaign, settings)
    looks = [replace(look, evidence=taken.get(look.lead, "")) for look in looks]
    for look in looks:
        book.record_look(look)
    result = Result(tuple(looks), tuple(left), run)
    now = datetime.now(UTC)
    ClockBook(store).notice(
        f"{now.astimezone(CHINA):%Y-%m-%d}", f"{campaign.id}:recheck", f"{campaign.title}：{result.sentence}", now
    )
    return result


def _judged(
    store: Store, campaign: Campaign, settings: Settings, leads: Sequence[Lead], run: Run, seen: AbstractSet[str]
) -> tuple[list[Look], list[str]]:
    """Return the looks judged by content, and the leads that were not come to."""
    states, book, judge = HealthBook(store).page_states(run.id), HandlingBook(store), judge_of(campaign, settings.workspace)
    before: dict[str, list[Look]] = {}
    for look in book.looks(campaign.id):
        before.setdefault(look.lead, []).append(look)
    looks, left = list[Look](), list[str]()
    for lead in leads:
        state, at = states.get(lead.url, (State.BUDGET, run.started_at))
        if state is State.BUDGET:
            left.append(lead.number)
            continue
        post = store.post(lead.post_key) if lead.post_key in seen else None
        looks.append(judged(Seen(lead=lead, state=state, at=at, post=post), before.get(lead.number, ()), judge))
    return looks, left


def _seen_again(now: datetime | None, before: datetime | None, run: Run) -> bool:
    """Tell whether a post was on a page of this run; `before` is None for a run that was taken up again."""
    return now is not None and (now >= run.started_at if before is None else now != before)


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
        yield f"{look.lead}\t{look.words}\t{urls[look.lead]}\t{look.evidence or '没有截图'}"
    for number in result.left:
        yield f"{number}\t没有看到，下次再看\t{urls[number]}"
