"""What a run remembers of each site: failures in a row, patience asked for, requests of the day, rests across runs.

Functions on an open connection; the caller holds the transaction.
"""

import sqlite3
from datetime import UTC, datetime, timedelta, timezone

from patrol.frontier.records import Closure
from patrol.model import State

FINAL_WEIGHT = 3
WEIGHT_TO_CLOSE = 15  # five pages given up in a row, or fifteen attempts
REST_FACTOR = 4
LONGEST_REST = 86_400.0
_CHINA = timezone(timedelta(hours=8))
# a refusal that says nothing about the next page of the same site
_HARMLESS = frozenset(
    {State.BLOCKED_ROBOTS, State.UNSAFE, State.BUDGET, State.CHANGED, State.TOO_BIG, State.TRUNCATED, State.REDIRECT_LOOP}
)


def weight_of(state: State, *, final: bool) -> int:
    """Return how much an outcome counts towards closing its site: 0 nothing, negative: begin to count again."""
    if state in _HARMLESS:
        return 0
    if state.covered:
        return -1
    return FINAL_WEIGHT if final else 1


def note_outcome(db: sqlite3.Connection, scope: str, site: str, state: State, *, final: bool = True) -> bool:
    """Count a failure in a row, or begin again after a page that was seen; return whether this closed the site for the run.

    A page that will be tried again (`final` false) counts for less than one that was given up.
    """
    weight = weight_of(state, final=final)
    if not weight:
        return False
    if weight < 0:
        db.execute("UPDATE sites SET failures = 0 WHERE scope = ? AND site = ? AND failures > 0", (scope, site))
        return False
    db.execute(
        """INSERT INTO sites (scope, site, failures) VALUES (?, ?, ?)
           ON CONFLICT (scope, site) DO UPDATE SET failures = failures + excluded.failures""",
        (scope, site, weight),
    )
    return bool(
        db.execute(
            "UPDATE sites SET closed = ? WHERE scope = ? AND site = ? AND closed = '' AND failures >= ?",
            (state.value, scope, site, WEIGHT_TO_CLOSE),
        ).rowcount
    )


def close(db: sqlite3.Connection, scope: str, site: str, state: State) -> None:
    """Close a site for the run."""
    db.execute(
        """INSERT INTO sites (scope, site, closed) VALUES (?, ?, ?)
           ON CONFLICT (scope, site) DO UPDATE SET closed = excluded.closed""",
        (scope, site, state.value),
    )


def pause(db: sqlite3.Connection, scope: str, site: str, until: float) -> None:
    """Let all pages of a site wait until a time (it sent Retry-After)."""
    db.execute(
        """INSERT INTO sites (scope, site, paused_until) VALUES (?, ?, ?)
           ON CONFLICT (scope, site) DO UPDATE SET paused_until = max(paused_until, excluded.paused_until)""",
        (scope, site, until),
    )


def rest(db: sqlite3.Connection, site: str, state: State, now: float, first_seconds: float) -> None:
    """Leave a site alone across runs, longer at each trip."""
    row = db.execute("SELECT until, trips FROM rests WHERE site = ?", (site,)).fetchone()
    if row and row[0] > now:
        return
    trips = int(row[1]) + 1 if row and now - row[0] < LONGEST_REST else 1
    seconds = min(first_seconds * REST_FACTOR ** (trips - 1), LONGEST_REST)
    db.execute("INSERT OR REPLACE INTO rests VALUES (?, ?, ?, ?)", (site, now + seconds, trips, state.value))


def shut(db: sqlite3.Connection, scope: str, now: float) -> frozenset[str]:
    """Return the sites from which nothing is taken at this moment."""
    rows = db.execute(
        """SELECT site FROM sites WHERE scope = ? AND (closed <> '' OR paused_until > ?)
           UNION SELECT site FROM rests WHERE until > ?""",
        (scope, now, now),
    )
    return frozenset(row[0] for row in rows)


def opens_at(db: sqlite3.Connection, scope: str, site: str, now: float) -> float | None:
    """Return when a shut site may be visited again in this run; None when not at all."""
    if db.execute("SELECT 1 FROM rests WHERE site = ? AND until > ?", (site, now)).fetchone():
        return None
    row = db.execute("SELECT closed, paused_until FROM sites WHERE scope = ? AND site = ?", (scope, site)).fetchone()
    if row is None:
        return now
    return None if row[0] else max(now, row[1])


def closures(db: sqlite3.Connection, scope: str, now: float) -> dict[str, Closure]:
    """Return the sites that are closed in this run or resting since an earlier one."""
    rows = db.execute(
        """SELECT site, state, 'rest' FROM rests WHERE until > ?
           UNION ALL SELECT site, closed, 'run' FROM sites WHERE scope = ? AND closed <> ''""",
        (now, scope),
    )
    return {site: Closure(site, State(state), now_closed=where == "run") for site, state, where in rows}


def count_requests(db: sqlite3.Connection, site: str, now: float, n: int) -> None:
    """Count pages taken from a site today."""
    if n:
        db.execute(
            "INSERT INTO days VALUES (?, ?, ?) ON CONFLICT (site, day) DO UPDATE SET requests = requests + excluded.requests",
            (site, china_day(now), n),
        )


def requests_on(db: sqlite3.Connection, site: str, now: float) -> int:
    """Return how many pages of a site were taken on the day of `now`, in China's time."""
    row = db.execute("SELECT requests FROM days WHERE site = ? AND day = ?", (site, china_day(now))).fetchone()
    return int(row[0]) if row else 0


def china_day(now: float) -> str:
    """Return the date in China of a moment (seconds since the epoch)."""
    return datetime.fromtimestamp(now, UTC).astimezone(_CHINA).date().isoformat()


_LEFT: dict[str, tuple[State, str]] = {
    State.CHANGED: (State.CHANGED, "读取本页时程序崩溃或失去响应，已跳过；请把该网址报告给维护人员"),
    State.BUDGET: (State.BUDGET, "超出本平台每个列表的翻页额度，未取"),
    "": (State.BUDGET, "超出本次额度或时间，未取"),
}


def why_left(closure: Closure | None, outcome: str, worn_out: bool) -> tuple[State, str]:
    """Return the state and reason to record for a page that is not fetched any more in this run."""
    if closure is not None and closure.state is State.BUDGET:
        return State.BUDGET, "该网站今日的访问额度已用完"
    if closure is not None:
        when = "连续多页" if closure.now_closed else "在此前的巡查中连续多页"
        return closure.state, f"该网站{when}“{closure.state.chinese}”，已停止访问"
    if worn_out:
        return State.NETWORK, "多次读取均未完成，已放弃"
    return _LEFT.get(outcome) or (State(outcome), "网站要求稍后再来，本次巡查时间内未能等到")
