"""Count what each source gave: planned, seen, and every gap by its reason. Nothing blocked can come out as clean."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, datetime

from patrol.model import SourceCoverage, State
from patrol.source_names import source_title

Rows = Callable[..., Iterator[dict[str, object]]]

_VISITS = """SELECT source, url, state, at FROM visits WHERE campaign = ? AND kind <> 'image'
  AND date(at, '+8 hours') > ? AND date(at, '+8 hours') <= ? ORDER BY at"""
_WAITING = """SELECT source, counts ->> '$.waiting' AS waiting, outcome, error FROM runs r WHERE campaign = ?
  AND date(started_at, '+8 hours') > ? AND date(started_at, '+8 hours') <= ?
  AND started_at = (SELECT max(started_at) FROM runs WHERE campaign = r.campaign AND source = r.source
    AND date(started_at, '+8 hours') > ? AND date(started_at, '+8 hours') <= ?)"""
_LEADS = """SELECT source, count(*) AS n FROM leads WHERE campaign = ? AND date(found_at, '+8 hours') > ?
  AND date(found_at, '+8 hours') <= ? GROUP BY source"""
_POSTS = """SELECT r.source AS source, count(DISTINCT s.post_key) AS n FROM screenings s JOIN runs r ON r.id = s.run
  WHERE s.campaign = ? AND date(s.screened_at, '+8 hours') > ? AND date(s.screened_at, '+8 hours') <= ? GROUP BY r.source"""
_UNCHANGED = """SELECT source, count(DISTINCT url) AS n FROM unchanged_visits WHERE campaign = ?
  AND date(at, '+8 hours') > ? AND date(at, '+8 hours') <= ? GROUP BY source"""
_REPEATED = """SELECT source, count(*) AS n FROM twins WHERE campaign = ? AND date(at, '+8 hours') > ?
  AND date(at, '+8 hours') <= ? GROUP BY source"""


def count_coverage(rows: Rows, campaign: str, after: date | None, until: date | None) -> list[SourceCoverage]:
    """Return one row per source that ran in the period.

    A page that was seen at least once counts as covered; otherwise its last outcome is the reason of the gap. A run that ended
    badly or was cut short leaves its unfetched pages in `waiting`, and its error in `note`.
    """
    period = [campaign, after.isoformat() if after else "0000-01-01", until.isoformat() if until else "9999-12-31"]
    best, times = _best(rows, period)
    runs = {str(row["source"]): row for row in rows(_WAITING, [*period, period[1], period[2]])}
    leads, posts, unchanged, repeated = (
        {str(row["source"]): int(str(row["n"])) for row in rows(sql, period)} for sql in (_LEADS, _POSTS, _UNCHANGED, _REPEATED)
    )
    return [
        replace(
            _one(source, best.get(source, {}), times.get(source, []), runs.get(source), leads, posts),
            unchanged=unchanged.get(source, 0),
            repeated=repeated.get(source, 0),
        )
        for source in sorted(set(best) | set(runs))
    ]


def page_states(rows: Rows, campaign: str) -> dict[str, State]:
    """Return what each visited page of a campaign turned out to be, by its address, over all sources and runs."""
    best, _ = _best(rows, [campaign, "0000-01-01", "9999-12-31"])
    return {url: state for pages in best.values() for url, state in pages.items()}


def _best(rows: Rows, period: list[str]) -> tuple[dict[str, dict[str, State]], dict[str, list[datetime]]]:
    best: dict[str, dict[str, State]] = defaultdict(dict)
    times: dict[str, list[datetime]] = defaultdict(list)
    for row in rows(_VISITS, period):
        source, url, state = str(row["source"]), str(row["url"]), State(str(row["state"]))
        times[source].append(datetime.fromisoformat(str(row["at"])))
        known = best[source].get(url)
        if known is None or not known.covered or state.covered:
            best[source][url] = state
    return best, times


def _one(
    source: str,
    pages: dict[str, State],
    times: list[datetime],
    run: dict[str, object] | None,
    leads: dict[str, int],
    posts: dict[str, int],
) -> SourceCoverage:
    waiting = int(str(run["waiting"] or 0)) if run else 0
    outcome = str(run["outcome"]) if run else ""
    covered = sum(state.covered for state in pages.values())
    note = str(run["error"]) if run and run["error"] else ""
    if outcome == "running" and not note:
        note = "本次巡查尚未结束"
    return SourceCoverage(
        source=source,
        title=source_title(source),
        planned=len(pages) + waiting,
        covered=covered,
        waiting=waiting,
        posts=posts.get(source, 0),
        leads=leads.get(source, 0),
        gaps=Counter(state for state in pages.values() if not state.covered),
        first_at=min(times, default=None),
        last_at=max(times, default=None),
        note=note,
    )
