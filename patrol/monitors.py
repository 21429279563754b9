"""After a run: what was blocked, empty or broken becomes an Issue with its numbers, never silence."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from patrol.model import Campaign, Issue, Run, State
from patrol.store import Store

_BLOCKED_SHARE = 0.3
_CHANGED_SHARE = 0.1
_FAILED_SHARE = 0.3
_FEWEST = 3


def check_run(store: Store, campaign: Campaign, run: Run) -> list[Issue]:
    """Hold a run's counts against what a healthy run gives; open an issue for each trouble, close those that are gone.

    A run that was stopped or failed closes nothing: what it did not reach says nothing.
    """
    now = run.ended_at or datetime.now(UTC)
    issues = list(troubles(run, now))
    for issue in issues:
        store.open_issue(issue, campaign=campaign.id)
    if run.outcome == "finished":
        store.close_issues(campaign.id, run.source, still_open=[issue.cause for issue in issues], at=now)
    return issues


def troubles(run: Run, now: datetime) -> Iterator[Issue]:
    """Yield the troubles that a run's counts show, each with the numbers and the threshold that make it one."""
    counts = run.counts
    fetched = counts.get("fetched", 0)
    if run.outcome != "finished":
        text = run.error or "巡查没有做完"
        yield _issue(run, now, "unfinished", f"{text}；还有{counts.get('waiting', 0)}页未取", "每次巡查都应做完")
        return
    if fetched == 0:
        yield _issue(run, now, "nothing_fetched", "一页也没有取到；请检查网络和该来源的入口地址", "每次巡查至少应取到一页")
        return
    seen = sum(_of(counts, state) for state in State if state.covered)
    if seen and counts.get("posts", 0) == 0:
        yield _issue(run, now, "no_posts", f"读到{seen}页，没有一条帖文；入口可能已改版", "读到的网页应至少含一条帖文")
    yield from _by_share(run, now, fetched)


def _by_share(run: Run, now: datetime, fetched: int) -> Iterator[Issue]:
    groups = (
        (
            "blocked",
            "受阻",
            _BLOCKED_SHARE,
            [s for s in State if s.value.startswith("blocked.") and s is not State.BLOCKED_ROBOTS],
        ),
        ("changed", "改版或未能识别", _CHANGED_SHARE, [State.CHANGED]),
        ("failed", "取不到", _FAILED_SHARE, [s for s in State if s.value.startswith("failed.")]),
    )
    for cause, word, share, states in groups:
        number = sum(_of(run.counts, state) for state in states)
        if number >= _FEWEST and number > share * fetched:
            parts = "、".join(f"{state.chinese}{_of(run.counts, state)}页" for state in states if _of(run.counts, state))
            text = f"{fetched}页中有{number}页{word}（{parts}），这些页不能算作“未发现”"
            yield _issue(run, now, cause, text, f"{word}的网页应不超过{share:.0%}，实际{number / fetched:.0%}")


def _of(counts: Mapping[str, int], state: State) -> int:
    return counts.get(state.value, 0)


def _issue(run: Run, now: datetime, cause: str, text: str, why: str) -> Issue:
    return Issue(source=run.source, cause=cause, text=text, threshold_why=why, opened_at=now)
