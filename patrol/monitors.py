"""After a run: what was blocked, empty or broken becomes an Issue with its numbers, never silence.

A run is held against three measures: fixed limits, what the platform's file expects, and the source's own well runs before. An
issue repeats while its trouble is seen, and closes only when a run saw enough to say that it is gone. One notice a day and cause.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from math import exp, sqrt
from pathlib import Path
from statistics import median

from patrol.campaigns import CHINA
from patrol.errors import BadInput
from patrol.model import Campaign, Issue, Run, State
from patrol.platforms import Expect, Platform, load_platform
from patrol.source_names import source_title
from patrol.store import Store
from patrol.store.clock import ClockBook
from patrol.store.health import HealthBook
from patrol.validation import FileRecord, build, read_yaml

_FILE = Path(__file__).with_suffix(".yml")
_FIELD_NAMES = {"title": "标题", "text": "正文", "author": "发布者", "published": "发布时间", "url": "网址"}
ACCEPTABLE = frozenset({"items", "fields", "pages", "slow", "no_leads"})
"""Causes that an officer may declare normal: a source may truly bring less. A wall, an error or a changed layout never is."""
_NEEDS_SIGHT = frozenset({"changed", "no_posts", "items", "fields", "pages", "no_leads", "slow"})


class Limit(FileRecord):
    """One threshold with the reason for it."""

    value: float
    why: str


class _Limits(FileRecord):
    blocked_share: Limit
    changed_share: Limit
    failed_share: Limit
    fewest_pages: Limit
    history_runs: Limit
    history_least: Limit
    items_drop: Limit
    pages_drop: Limit
    field_drop: Limit
    field_least: Limit
    field_margin: Limit
    slow_times: Limit
    silence_chance: Limit


@cache
def limits() -> _Limits:
    """Return the thresholds; BadInput names the faulty key of `monitors.yml`."""
    return build(_Limits, read_yaml(_FILE), file=_FILE)


def check_run(store: Store, campaign: Campaign, run: Run) -> list[Issue]:
    """Hold a run against limits, expectations and history; open, repeat and close issues, write notices; return what is wrong.

    A run that was stopped or failed closes nothing: what it did not reach says nothing.
    """
    now, book = run.ended_at or datetime.now(UTC), HealthBook(store)
    measured = replace(run, counts={**run.counts, **book.measure(run, now)})
    platform = _platform(run.source)
    past, platform = _usual(book, run, platform)
    issues = list(troubles(measured, now, past=past, platform=platform))
    book.keep(run, {**measured.counts, "issues": len(issues)})
    before = {issue.cause: issue for issue in store.issues(campaign.id) if issue.source == run.source}
    for issue in issues:
        store.open_issue(issue, campaign=campaign.id)
    seen = {issue.cause for issue in issues}
    if run.outcome == "finished":
        unjudged = {cause for cause in before if cause not in seen and not _can_judge(cause, measured)}
        store.close_issues(campaign.id, run.source, still_open=[*seen, *unjudged], at=now)
        mended = [issue for cause, issue in before.items() if cause not in seen | unjudged]
    else:
        mended = []
    _notify(store, campaign, run.source, issues, mended, now)
    return issues


def _usual(book: HealthBook, run: Run, platform: Platform | None) -> tuple[list[Run], Platform | None]:
    """Return what a run is held against: the well runs before it and the platform's expectations, or, where an officer accepted
    a new normal, the accepted run and the well runs since then alone."""
    most, least = int(limits().history_runs.value), int(limits().history_least.value)
    if platform is None:
        # pasted addresses and re-visits differ each time: their history says nothing
        return [], None
    normal = book.normal(run.source)
    if normal is None:
        return book.well_before(run, most), platform
    since = book.well_before(run, most, since=normal.run.started_at)
    # the accepted run alone stands for as many as a comparison needs, until enough have followed it
    return [*since, *[normal.run] * max(1, least - len(since))], platform.model_copy(update={"expect": Expect(items=(0, 1000))})


def _platform(source: str) -> Platform | None:
    try:
        return load_platform(source)
    except BadInput:
        # pasted addresses and a bureau's own platforms have no expectations here
        return None


def _can_judge(cause: str, run: Run) -> bool:
    """Say whether a finished run saw enough to call a trouble gone: behind a wall nobody sees whether a layout was mended."""
    fetched = run.counts.get("fetched", 0)
    if cause not in _NEEDS_SIGHT:
        return cause == "unfinished" or fetched > 0
    if cause == "fields" and run.counts.get("seen", 0) < limits().field_least.value:
        return False
    return _seen(run.counts) * 2 >= fetched > 0


def _notify(
    store: Store, campaign: Campaign, source: str, issues: Iterable[Issue], mended: Iterable[Issue], now: datetime
) -> None:
    book, day = ClockBook(store), f"{now.astimezone(CHINA):%Y-%m-%d}"
    platform = _platform(source)
    title = platform.title if platform else source_title(source)
    for issue in issues:
        accept = f"；人工核实确实如此的，运行 patrol source accept {source}" if platform and issue.cause in ACCEPTABLE else ""
        text = f"{campaign.title}·{title}：{issue.text}。界限：{issue.threshold_why}{accept}"
        book.notice(day, f"{campaign.id}:{source}:{issue.cause}", text, now)
    for issue in mended:
        since = f"{issue.opened_at.astimezone(CHINA):%m月%d日}"
        text = f"{campaign.title}·{title}：{since}起的问题已恢复（{issue.text[:40]}）"
        book.notice(day, f"{campaign.id}:{source}:{issue.cause}", text, now)


def troubles(run: Run, now: datetime, *, past: Sequence[Run] = (), platform: Platform | None = None) -> Iterator[Issue]:
    """Yield the troubles that a run shows, each with the numbers and the threshold that make it one.

    `past` are the same source's runs without issues; fewer than a handful say nothing.
    """
    counts = run.counts
    fetched = counts.get("fetched", 0)
    if run.outcome != "finished":
        text = run.error or "巡查没有做完"
        yield _issue(run, now, "unfinished", f"{text}；还有{counts.get('waiting', 0)}页未取", "每次巡查都应做完")
        return
    if fetched == 0:
        yield _issue(run, now, "nothing_fetched", "一页也没有取到；请检查网络和该来源的入口地址", "每次巡查至少应取到一页")
        return
    had_posts = any(one.counts.get("posts", 0) for one in past)
    if _seen(counts) and counts.get("posts", 0) == 0 and (had_posts or not _only_empty(counts)):
        yield _issue(run, now, "no_posts", f"读到{_seen(counts)}页，没有一条帖文；入口可能已改版", "读到的网页应至少含一条帖文")
    yield from _by_share(run, now, fetched, platform)
    if _seen(counts) * 2 >= fetched:
        yield from _by_sight(run, now, list(past), platform)


def _seen(counts: Mapping[str, int]) -> int:
    return sum(_of(counts, state) for state in State if state.covered)


def _only_empty(counts: Mapping[str, int]) -> bool:
    # every search answered "nothing found", or everything is gone: seen, and truly without posts
    return _of(counts, State.OK) == 0


def _by_share(run: Run, now: datetime, fetched: int, platform: Platform | None) -> Iterator[Issue]:
    walls: list[State] = [s for s in State if s.value.startswith("blocked.") and s is not State.BLOCKED_ROBOTS]
    # what is known to be closed to visitors without login is a gap of the coverage table, not news every day
    groups: list[tuple[str, str, Limit, list[State]]] = []
    if not (platform and platform.policy.closed):
        groups.append(("blocked", "受阻", limits().blocked_share, walls))
    groups += [
        ("changed", "改版或未能识别", limits().changed_share, [State.CHANGED]),
        ("failed", "取不到", limits().failed_share, [s for s in State if s.value.startswith("failed.")]),
    ]
    for cause, word, limit, states in groups:
        number = sum(_of(run.counts, state) for state in states)
        enough = number >= limits().fewest_pages.value or number == fetched
        if enough and number > limit.value * fetched:
            parts = "、".join(f"{state.chinese}{_of(run.counts, state)}页" for state in states if _of(run.counts, state))
            text = f"{fetched}页中有{number}页{word}（{parts}），这些页不能算作“未发现”"
            yield _issue(run, now, cause, text, f"{word}的网页应不超过{limit.value:.0%}，实际{number / fetched:.0%}：{limit.why}")


def _by_sight(run: Run, now: datetime, past: list[Run], platform: Platform | None) -> Iterator[Issue]:
    """Yield what only a run that saw most of its pages can show."""
    yield from _few_items(run, now, past, platform)
    yield from _poor_fields(run, now, past, platform)
    if len(past) >= limits().history_least.value:
        yield from _few_pages(run, now, past)
        yield from _slow(run, now, past)
        yield from _silent(run, now, past)


def _few_items(run: Run, now: datetime, past: list[Run], platform: Platform | None) -> Iterator[Issue]:
    pages, items = run.counts.get("list_pages", 0), run.counts.get("items", 0)
    if not pages:
        return
    usual = [one.counts["items"] / one.counts["list_pages"] for one in past if one.counts.get("list_pages")]
    least = float(platform.expect.items[0]) if platform else 0.0
    why = f"来源说明里每个列表页至少{least:.0f}条" if least else ""
    limit = limits().items_drop
    if len(usual) >= limits().history_least.value and median(usual) * limit.value > least:
        least, why = median(usual) * limit.value, f"平时每个列表页{median(usual):.1f}条的{limit.value:.0%}：{limit.why}"
    if items / pages < least:
        text = f"{pages}个列表页共{items}条，平均每页{items / pages:.1f}条；列表可能已改版或检索词失效"
        yield _issue(run, now, "items", text, f"应不少于{least:.1f}条（{why}）")


def _poor_fields(run: Run, now: datetime, past: list[Run], platform: Platform | None) -> Iterator[Issue]:
    seen, least = run.counts.get("seen", 0), limits().field_least.value
    if seen < least:
        return
    found: list[tuple[str, str]] = []
    for name, word in _FIELD_NAMES.items():
        actual = run.counts.get(f"field.{name}", 0) / seen
        usual = [one.counts[f"field.{name}"] / one.counts["seen"] for one in past if one.counts.get("seen", 0) >= least]
        bounds = []
        if platform and name in platform.expect.fields:
            share = platform.expect.fields[name]
            margin = limits().field_margin.value * sqrt(max(share * (1 - share), 0.01) / seen)
            bounds.append((share - margin, f"来源说明{share:.0%}，容许波动{margin:.0%}"))
        if len(usual) >= limits().history_least.value:
            bounds.append((median(usual) - limits().field_drop.value, f"平时{median(usual):.0%}，{limits().field_drop.why}"))
        low, why = max(bounds, default=(0.0, ""))
        if actual < low:
            found.append((f"{word}只有{actual:.0%}读出", f"{word}应不低于{low:.0%}（{why}）"))
    if found:
        text = f"{seen}条帖文中" + "、".join(part for part, _ in found) + "；详情页可能已改版"
        yield _issue(run, now, "fields", text, "；".join(why for _, why in found))


def _few_pages(run: Run, now: datetime, past: list[Run]) -> Iterator[Issue]:
    usual, fetched, limit = (
        median(one.counts.get("fetched", 0) for one in past),
        run.counts.get("fetched", 0),
        limits().pages_drop,
    )
    if fetched < usual * limit.value:
        text = f"只取到{fetched}页，平时{usual:.0f}页；入口、翻页或检索可能失效"
        yield _issue(run, now, "pages", text, f"应不少于平时的{limit.value:.0%}：{limit.why}")


def _slow(run: Run, now: datetime, past: list[Run]) -> Iterator[Issue]:
    spent, usual = _seconds_a_page(run), [value for one in past if (value := _seconds_a_page(one)) is not None]
    if spent is None or len(usual) < limits().history_least.value:
        return
    limit = limits().slow_times
    if spent > max(limit.value * median(usual), 1.0):
        text = f"平均每页{spent:.1f}秒，平时{median(usual):.1f}秒；网站可能限速或线路异常"
        yield _issue(run, now, "slow", text, f"应不超过平时的{limit.value:.0f}倍：{limit.why}")


def _seconds_a_page(run: Run) -> float | None:
    fetched = run.counts.get("fetched", 0)
    if run.ended_at is None or fetched < limits().fewest_pages.value:
        return None
    return max((run.ended_at - run.started_at).total_seconds(), 0.0) / fetched


def _silent(run: Run, now: datetime, past: list[Run]) -> Iterator[Issue]:
    """Tell a source that has truly nothing from one whose leads are no longer seen: by how likely its silence is."""
    if run.counts.get("leads", 0):
        return
    quiet = 1 + next((number for number, one in enumerate(past) if one.counts.get("leads", 0)), len(past))
    before = past[quiet - 1 :]
    if len(before) < limits().history_least.value:
        return
    usual, limit = sum(one.counts.get("leads", 0) for one in before) / len(before), limits().silence_chance
    chance = exp(-usual * quiet)
    if chance < limit.value:
        text = f"网页都已看到，但连续{quiet}次没有一条线索，平时每次{usual:.1f}条；请人工抽查几页，确认是真的没有还是没有认出"
        yield _issue(run, now, "no_leads", text, f"这样的机会应不小于{limit.value:.1%}，实际{chance:.2%}：{limit.why}")


def standing(run: Run, issues: Sequence[Issue]) -> str:
    """Say in a few words how a run stands: a source without leads is told from one that was not seen."""
    if issues:
        return "有问题：" + "；".join(issue.text for issue in issues)
    leads = run.counts.get("leads", 0)
    return f"正常，线索{leads}条" if leads else "正常，看到的网页中没有线索"


def _of(counts: Mapping[str, int], state: State) -> int:
    return counts.get(state.value, 0)


def _issue(run: Run, now: datetime, cause: str, text: str, why: str) -> Issue:
    return Issue(source=run.source, cause=cause, text=text, threshold_why=why, opened_at=now)
