"""A whole sweep: one run per source, then browser captures for the leads, then the monitors. Picks up where it was killed."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from patrol.browser_profiles import check_profiles
from patrol.browsers import find_browser
from patrol.crawl import SpiderJob, run_spider
from patrol.errors import BadInput, NotAvailable, PatrolError, in_words
from patrol.licences.cells import decode
from patrol.model import Campaign, Run, SourceChoice, SourceCoverage, State
from patrol.monitors import check_run
from patrol.places import is_web_address
from patrol.platforms import load_platform
from patrol.settings import Settings
from patrol.source_names import source_title
from patrol.spider_job import BY_ADDRESS, PASTED, WATCHED
from patrol.store import Store
from patrol.vault import EvidenceState, Vault
from patrol.vault.browser import seal_pages
from patrol.vault.orders import Order

Counts = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Progress:
    """What a sweep is doing: `stage` is `crawl` or `capture`; `counts` are those of the source (or of the captures) so far."""

    source: str
    stage: str
    counts: Counts
    outcome: str = "running"


@dataclass(frozen=True, slots=True)
class SweepResult:
    """How a sweep ended: its runs, what each source gave, and what was captured."""

    runs: tuple[Run, ...]
    coverage: tuple[SourceCoverage, ...]
    captures: Counts = field(default_factory=dict)
    capture_note: str = ""

    @property
    def complete(self) -> bool:
        """Whether every run ended by itself, and anything was seen at all."""
        return all(run.outcome == "finished" for run in self.runs) and not self.blind

    @property
    def blind(self) -> bool:
        """Whether pages were planned and not a single one was seen."""
        planned = sum(run.counts.get("planned", 0) for run in self.runs)
        return planned > 0 and not any(run.counts.get(state.value, 0) for run in self.runs for state in State if state.covered)

    def raise_if_cut_short(self) -> None:
        """Raise PatrolError naming the sources whose run did not come to its end, and why; or that nothing was seen."""
        cut = [f"{source_title(run.source)}（{run.error or '被中止'}）" for run in self.runs if run.outcome != "finished"]
        if cut:
            raise PatrolError(f"没有巡查完：{'；'.join(cut)}。已取得的都已保存，再次运行同一命令会接着做")
        if self.blind:
            raise PatrolError(f"一页也没有看到，不能算作“未发现”：{'；'.join(map(_why_blind, self.runs))}")


def _why_blind(run: Run) -> str:
    reasons = [f"{state.chinese}{run.counts[state.value]}页" for state in State if run.counts.get(state.value, 0)]
    return f"{source_title(run.source)}（{'，'.join(reasons) or run.error or '没有取到网页'}）"


Teller = Callable[[Progress], None]


def sweep(campaign: Campaign, file_text: str, settings: Settings, *, sources: Sequence[str] = (), tell: Teller) -> SweepResult:
    """Sweep a campaign's sources (all, or those named), capture the leads, check the runs.

    Two sources at a time, each in a child process of its own. A run that was killed is taken up again. BadInput when a named
    source is not in the campaign.
    """
    choices = _choose(campaign, sources)
    store = Store.open(settings.workspace)
    try:
        store.save_campaign(campaign, file_text, datetime.now(UTC))
        runs = list(_run_all(choices, campaign, settings, store, tell))
        for run in runs:
            check_run(store, campaign, run)
        captures, note = _capture_leads(campaign, settings, store, tell)
        return SweepResult(tuple(runs), tuple(store.coverage(campaign.id)), captures, note)
    finally:
        store.close()


def pasted(campaign: Campaign, urls: Sequence[str]) -> Campaign:
    """Return the campaign with one source that holds the addresses an officer pasted."""
    return replace(campaign, sources=(SourceChoice(name=PASTED, start=tuple(dict.fromkeys(urls))),))


def watching(campaign: Campaign, urls: Sequence[str]) -> Campaign:
    """Return the campaign with one more source: the addresses of its leads and their accounts. The others keep their bases."""
    return replace(campaign, sources=(*campaign.sources, SourceChoice(name=WATCHED, start=tuple(dict.fromkeys(urls)))))


def _choose(campaign: Campaign, names: Sequence[str]) -> list[SourceChoice]:
    known = {choice.name: choice for choice in campaign.sources}
    for name in names:
        if name not in known:
            raise BadInput(f"专项行动文件里没有来源“{name}”；已开启的有：{'、'.join(known) or '（无）'}", file=campaign.path)
    if not known:
        raise BadInput("没有开启任何来源；请在文件里加上 [[sources]]", file=campaign.path, field="sources")
    chosen = [known[name] for name in names] or list(known.values())
    for choice in chosen:
        if choice.name not in BY_ADDRESS:
            load_platform(choice.name)
    return chosen


def _run_all(
    choices: Sequence[SourceChoice], campaign: Campaign, settings: Settings, store: Store, tell: Teller
) -> Iterator[Run]:
    workers = max(1, int(settings.number("parallel_sources")))
    with ThreadPoolExecutor(workers, thread_name_prefix="source") as pool:
        open_runs: dict[Future[Run], str] = {}
        for choice in choices:
            run = store.unfinished_run(campaign.id, choice.name) or _begin(store, campaign, choice)
            job = SpiderJob(run=run, campaign=campaign, choice=choice, settings=settings)
            told = _teller(tell, choice.name)
            open_runs[pool.submit(run_spider, job, told)] = choice.name
        while open_runs:
            done, _ = wait(open_runs, return_when=FIRST_COMPLETED)
            for future in done:
                name = open_runs.pop(future)
                run = future.result()
                store.end_run(run)
                tell(Progress(name, "crawl", run.counts, run.outcome))
                yield run


def _teller(tell: Teller, source: str) -> Callable[[Counts], None]:
    def told(counts: Counts) -> None:
        tell(Progress(source, "crawl", counts))

    return told


def _begin(store: Store, campaign: Campaign, choice: SourceChoice) -> Run:
    now = datetime.now(UTC)
    run = Run(id=f"{choice.name}-{now:%Y%m%d%H%M%S}-{uuid4().hex[:6]}", campaign=campaign.id, source=choice.name, started_at=now)
    store.start_run(run)
    return run


def _capture_leads(campaign: Campaign, settings: Settings, store: Store, tell: Teller) -> tuple[Counts, str]:
    waiting = store.waiting_captures(campaign.id)
    if not waiting:
        return store.capture_states(campaign.id), ""
    browser = find_browser(settings)
    if browser is None:
        note = "没有找到浏览器，线索尚无截图和网页快照；请运行 patrol doctor --mend 后再次运行同一命令"
        return store.capture_states(campaign.id), note
    vault = Vault.of(settings, officers=campaign.officers)
    orders = list(_open_orders(waiting, vault, store))
    counts = {"planned": len(orders), "done": 0, "partial": 0, "failed": 0}
    tell(Progress("取证", "capture", dict(counts)))
    for sealed in seal_pages(orders, vault, settings, browser=str(browser)):
        counts[{"complete": "done"}.get(sealed.state.value, sealed.state.value)] += 1
        store.end_capture(
            sealed.number,
            done=sealed.state is not EvidenceState.FAILED,
            note="；".join(sealed.missing),
            at=datetime.now(UTC),
        )
        tell(Progress("取证", "capture", dict(counts)))
    tell(Progress("取证", "capture", dict(counts), "finished"))
    return store.capture_states(campaign.id), ""


def _open_orders(waiting: Sequence[Mapping[str, object]], vault: Vault, store: Store) -> Iterator[Order]:
    """Yield the orders that are not carried out yet; one that was sealed just before a kill is only noted as done."""
    known = set(vault.numbers())
    for row in waiting:
        number = str(row["evidence"])
        parts = vault.manifests(number) if number in known else ()
        sealed = [one for one in parts if one.part == "rendering" and one.state is not EvidenceState.FAILED]
        if sealed:
            store.end_capture(number, done=True, note="；".join(sealed[-1].missing), at=datetime.now(UTC))
            continue
        if not is_web_address(str(row["url"])):
            note = "办案人员导入的文件没有网络地址，没有浏览器取证"
            store.end_capture(number, done=True, note=note, at=datetime.now(UTC))
            continue
        yield Order(number=number, url=str(row["url"]), platform=str(row["platform"]), device=str(row["device"]))


def read_urls(path: Path) -> list[str]:
    """Return the addresses in a text file, one or more a line, in order, each once; BadInput names the first line without one."""
    try:
        text = decode(path.read_bytes(), path)
    except FileNotFoundError as error:
        raise BadInput("找不到这个文件；请检查路径", file=path) from error
    except OSError as error:
        raise BadInput(f"读不了这个文件（{in_words(error)}）；请检查路径", file=path) from error
    urls: dict[str, None] = {}
    for number, line in enumerate(text.splitlines(), 1):
        words = [word for word in line.split() if word.startswith(("http://", "https://"))]
        if line.strip() and not line.lstrip().startswith("#") and not words:
            raise BadInput("这一行没有网址（应以 http:// 或 https:// 开头）", file=path, line=number)
        broken = next((word for word in words if not is_web_address(word)), None)
        if broken is not None:
            raise BadInput(f"“{broken[:80]}”不是完整的网址；请改正或删去这一行", file=path, line=number)
        urls.update(dict.fromkeys(words))
    if not urls:
        raise BadInput("文件里没有网址", file=path)
    return list(urls)


def need_browser(settings: Settings, sources: Sequence[SourceChoice]) -> None:
    """Refuse before anything is begun when a source can only be read in a browser and there is none, or in a missing profile."""
    own = [choice for choice in sources if choice.name not in BY_ADDRESS]
    profiles = {choice.name: choice.profile or load_platform(choice.name).profile for choice in own}
    check_profiles(settings.workspace, [name for name in profiles.values() if name])
    if find_browser(settings) is not None:
        return
    needing = [name for name, profile in profiles.items() if profile or load_platform(name).render == "browser"]
    if needing:
        raise NotAvailable(f"来源 {'、'.join(needing)} 需要浏览器，本机没有；请运行 patrol doctor --mend，或安装 Chrome 后重试")
