"""What a run's rows say beyond its counts: entries on lists, fields of posts, and what the same source gave before."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from patrol.model import Run, State
from patrol.store.connection import immediate
from patrol.store.rows import COUNTS, run_of
from patrol.store.store import Store

FIELDS = ("title", "text", "author", "published", "url")
_LISTS = """SELECT count(*) AS pages, coalesce(sum(items), 0) AS items FROM visits
  WHERE run = ? AND kind IN ('list', 'search', 'feed') AND state = 'ok'"""
_POSTS = """SELECT count(*) AS seen, sum(title <> '') AS title, sum(text <> '') AS text, sum(author <> '') AS author,
  sum(published_shown <> '' OR published_at IS NOT NULL) AS published, sum(url <> '') AS url
  FROM posts WHERE platform = ? AND kind = 'detail' AND last_seen >= ? AND last_seen <= ?"""

_LATEST = """SELECT r.* FROM runs r WHERE ended_at IS NOT NULL
  AND started_at = (SELECT max(started_at) FROM runs WHERE source = r.source AND ended_at IS NOT NULL) GROUP BY source"""


@dataclass(frozen=True, slots=True)
class Normal:
    """A run that an officer declared to be a source's normal: who, when, why."""

    run: Run
    at: datetime
    officer: str
    reason: str


@dataclass(frozen=True, slots=True)
class Numbers:
    """A workspace in numbers: leads by judgement, captures by state, open issues by source, occurrences by state, and the latest
    ended run of each source with its pages by state."""

    leads: Mapping[str, int]
    captures: Mapping[str, int]
    open_issues: Mapping[str, int]
    occurrences: Mapping[str, int]
    pages: Mapping[str, Mapping[str, int]]
    last_runs: Mapping[str, datetime]

    def as_data(self) -> dict[str, object]:
        """Return the numbers as plain data."""
        ended = {source: at.isoformat() for source, at in self.last_runs.items()}
        return {
            "leads": dict(self.leads),
            "captures": dict(self.captures),
            "open_issues": dict(self.open_issues),
            "occurrences": dict(self.occurrences),
            "last_runs": ended,
        }


class HealthBook:
    """Measures of runs, read from a store; the measures are kept with the run's counts."""

    def __init__(self, store: Store) -> None:
        self._db = store.database

    def measure(self, run: Run, until: datetime) -> dict[str, int]:
        """Return `list_pages`, `items` on them, `seen` posts, and per field `field.<name>`: how many of those carry it.

        Only a page's own post counts: floors, comments and snippets have no title to be read.
        """
        lists = next(iter(self._db.query(_LISTS, [run.id])))
        posts = next(iter(self._db.query(_POSTS, [run.source, run.started_at.isoformat(), until.isoformat()])))
        counts = {"list_pages": _int(lists["pages"]), "items": _int(lists["items"]), "seen": _int(posts["seen"])}
        return counts | {f"field.{name}": _int(posts[name]) for name in FIELDS}

    def page_states(self, run: str) -> dict[str, tuple[State, datetime]]:
        """Return what each page of one run was, and when, by its address."""
        rows = self._db.query("SELECT url, state, at FROM visits WHERE run = ?", [run])
        return {str(row["url"]): (State(str(row["state"])), datetime.fromisoformat(str(row["at"]))) for row in rows}

    def numbers(self) -> Numbers:
        """Count the workspace once, over all campaigns."""
        latest = [run_of(row) for row in self._db.query(_LATEST)]
        states = {state.value for state in State}
        return Numbers(
            leads=self._counted("SELECT judgement AS name, count(*) AS n FROM leads GROUP BY judgement"),
            captures=self._counted("SELECT state AS name, count(*) AS n FROM capture_orders GROUP BY state"),
            open_issues=self._counted("SELECT source AS name, count(*) AS n FROM issues WHERE closed_at IS NULL GROUP BY source"),
            occurrences=self._counted("SELECT state AS name, count(*) AS n FROM occurrences GROUP BY state"),
            pages={run.source: {name: n for name, n in run.counts.items() if name in states} for run in latest},
            last_runs={run.source: run.ended_at for run in latest if run.ended_at},
        )

    def _counted(self, sql: str) -> dict[str, int]:
        return {str(row["name"]): _int(row["n"]) for row in self._db.query(sql)}

    def keep(self, run: Run, counts: Mapping[str, int]) -> None:
        """Keep a run's counts with its measures."""
        with immediate(self._db):
            self._db.execute("UPDATE runs SET counts = ? WHERE id = ?", [COUNTS.dump_json(dict(counts)).decode(), run.id])

    def well_before(self, run: Run, limit: int, *, since: datetime | None = None) -> list[Run]:
        """Return the latest runs of the same source that ended without any issue before this one, newest first; with `since`
        only those that began later."""
        rows = self._db.query(
            """SELECT * FROM runs WHERE source = ? AND outcome = 'finished' AND started_at < ? AND started_at > ?
               AND coalesce(counts ->> '$.issues', 0) = 0 ORDER BY started_at DESC LIMIT ?""",
            [run.source, run.started_at.isoformat(), since.isoformat() if since else "", limit],
        )
        return [run_of(row) for row in rows]

    def latest_finished(self, source: str) -> Run | None:
        """Return the latest run of a source that came to its end, over all campaigns."""
        rows = self._db.query(
            "SELECT * FROM runs WHERE source = ? AND outcome = 'finished' ORDER BY started_at DESC LIMIT 1", [source]
        )
        return next((run_of(row) for row in rows), None)

    def normal(self, source: str) -> Normal | None:
        """Return what an officer last declared to be a source's normal, unless it was withdrawn."""
        rows = self._db.query(
            """SELECT r.*, n.at AS accepted_at, n.officer, n.reason FROM accepted_normals n JOIN runs r ON r.id = n.run
               WHERE n.source = ? AND n.withdrawn_at IS NULL ORDER BY n.at DESC LIMIT 1""",
            [source],
        )
        row = next(iter(rows), None)
        if row is None:
            return None
        return Normal(run_of(row), datetime.fromisoformat(str(row["accepted_at"])), str(row["officer"]), str(row["reason"]))

    def accept_normal(self, run: Run, causes: Iterable[str], *, officer: str, reason: str, now: datetime) -> list[str]:
        """Declare a run to be its source's normal and close the issues of these causes in all campaigns; return their texts."""
        chosen = list(causes)
        marks = ", ".join("?" * len(chosen))
        where = f"source = ? AND closed_at IS NULL AND cause IN ({marks})"
        with immediate(self._db):
            texts = [str(row["text"]) for row in self._db.query(f"SELECT text FROM issues WHERE {where}", [run.source, *chosen])]  # noqa: S608
            self._db.execute(
                "INSERT INTO accepted_normals (source, run, at, officer, reason) VALUES (?, ?, ?, ?, ?)",
                [run.source, run.id, now.isoformat(), officer, reason],
            )
            self._db.execute(f"UPDATE issues SET closed_at = ? WHERE {where}", [now.isoformat(), run.source, *chosen])  # noqa: S608
        return texts

    def withdraw_normal(self, source: str, now: datetime) -> bool:
        """Take the last declaration back; False when there is none."""
        with immediate(self._db):
            changed = self._db.execute(
                """UPDATE accepted_normals SET withdrawn_at = ? WHERE source = ? AND withdrawn_at IS NULL
                   AND at = (SELECT max(at) FROM accepted_normals WHERE source = ? AND withdrawn_at IS NULL)""",
                [now.isoformat(), source, source],
            ).rowcount
        return bool(changed)


def _int(value: object) -> int:
    return int(str(value or 0))
