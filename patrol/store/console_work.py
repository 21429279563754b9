"""What the console keeps for itself: what it started, which campaign files it knows, saved filters; and what it shows of runs."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from patrol.model import Run
from patrol.store.connection import immediate
from patrol.store.rows import run_of
from patrol.store.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A command that an officer started in a child process. `code` is its exit code, None while it runs."""

    id: int
    kind: str
    title: str
    command: tuple[str, ...]
    name: str
    started_at: datetime
    pid: int | None = None
    log: str = ""
    ended_at: datetime | None = None
    code: int | None = None
    result: str = ""


@dataclass(frozen=True, slots=True)
class Seen:
    """One page of a run as it came in."""

    url: str
    state: str
    kind: str
    reason: str
    items: int
    at: str
    sha256: str = ""
    source: str = ""


class WorkBook:
    """Tasks, campaign files, facts, saved filters, runs."""

    def __init__(self, store: Store) -> None:
        self._db = store.database

    # what was started

    def start_task(self, kind: str, title: str, command: Sequence[str], *, name: str, log: str, now: datetime) -> int:
        """Write down a task before it is begun; return its number."""
        with immediate(self._db):
            cursor = self._db.conn.execute(
                "INSERT INTO console_tasks (kind, title, command, name, started_at, log) VALUES (?, ?, ?, ?, ?, ?)",
                [kind, title, json.dumps(list(command), ensure_ascii=False), name, _text(now), log],
            )
            return int(cursor.lastrowid or 0)

    def note_pid(self, number: int, pid: int) -> None:
        """Note the process of a task."""
        with immediate(self._db):
            self._db.execute("UPDATE console_tasks SET pid = ? WHERE id = ?", [pid, number])

    def end_task(self, number: int, *, code: int, result: str, now: datetime) -> None:
        """Write down how a task ended; the first word stands."""
        with immediate(self._db):
            self._db.execute(
                "UPDATE console_tasks SET ended_at = ?, code = ?, result = ? WHERE id = ? AND ended_at IS NULL",
                [_text(now), code, result[:20_000], number],
            )

    def open_tasks(self) -> list[Task]:
        """Return tasks that have not ended."""
        return self._tasks("ended_at IS NULL ORDER BY id", [])

    def tasks(self, kinds: Sequence[str], limit: int = 20) -> list[Task]:
        """Return the latest tasks of some kinds, newest first."""
        return self._tasks("kind IN (SELECT value FROM json_each(?)) ORDER BY id DESC LIMIT ?", [json.dumps(list(kinds)), limit])

    def task(self, number: int) -> Task | None:
        """Return a task."""
        return next(iter(self._tasks("id = ?", [number])), None)

    def _tasks(self, where: str, values: list[object]) -> list[Task]:
        return [_task(row) for row in self._db.query(f"SELECT * FROM console_tasks WHERE {where}", values)]  # noqa: S608

    # campaigns and facts

    def remember_campaign(self, identity: str, path: str, title: str, now: datetime) -> None:
        """Remember where a campaign's file lies."""
        with immediate(self._db):
            self._db.execute("INSERT OR REPLACE INTO console_campaigns VALUES (?, ?, ?, ?)", [identity, path, title, _text(now)])

    def campaign_files(self) -> dict[str, str]:
        """Return the known campaign files by campaign, latest first."""
        rows = self._db.query("SELECT id, path FROM console_campaigns ORDER BY used_at DESC")
        return {str(row["id"]): str(row["path"]) for row in rows}

    def campaigns(self) -> list[tuple[str, str]]:
        """Return every campaign of the store: (id, title), the latest used first."""
        rows = self._db.query("SELECT id, title FROM campaigns ORDER BY opened_at DESC")
        return [(str(row["id"]), str(row["title"])) for row in rows]

    def fact(self, name: str) -> str:
        """Return something the console keeps for itself; empty when it does not."""
        rows = self._db.query("SELECT value FROM console_facts WHERE name = ?", [name])
        return next((str(row["value"]) for row in rows), "")

    def keep_fact(self, name: str, value: str) -> str:
        """Keep a fact unless there is one; return the one that stands."""
        with immediate(self._db):
            self._db.execute("INSERT OR IGNORE INTO console_facts VALUES (?, ?)", [name, value])
        return self.fact(name)

    # saved filters

    def save_filter(self, user: int, name: str, query: str) -> None:
        """Keep a filter of the queue under a name."""
        with immediate(self._db):
            self._db.execute("INSERT OR REPLACE INTO saved_filters (user, name, query) VALUES (?, ?, ?)", [user, name, query])

    def drop_filter(self, user: int, number: int) -> None:
        """Forget a filter."""
        with immediate(self._db):
            self._db.execute("DELETE FROM saved_filters WHERE user = ? AND id = ?", [user, number])

    def filters(self, user: int) -> list[tuple[int, str, str]]:
        """Return a user's filters: id, name, query string."""
        rows = self._db.query("SELECT id, name, query FROM saved_filters WHERE user = ? ORDER BY name", [user])
        return [(int(str(row["id"])), str(row["name"]), str(row["query"])) for row in rows]

    # runs

    def latest_runs(self, campaign: str, limit: int = 30) -> list[Run]:
        """Return the latest runs of a campaign, newest first."""
        rows = self._db.query("SELECT * FROM runs WHERE campaign = ? ORDER BY started_at DESC LIMIT ?", [campaign, limit])
        return [run_of(row) for row in rows]

    def run(self, identity: str) -> Run | None:
        """Return one run."""
        return next((run_of(row) for row in self._db.query("SELECT * FROM runs WHERE id = ?", [identity])), None)

    def run_states(self, run: str) -> dict[str, int]:
        """Return how the pages of a run came in so far, by state."""
        rows = self._db.query("SELECT state, count(*) AS n FROM visits WHERE run = ? GROUP BY state", [run])
        return {str(row["state"]): int(str(row["n"])) for row in rows}

    def run_found(self, run: str) -> tuple[int, int]:
        """Return how many posts a run screened so far (new ones and changed ones) and how many of them are leads."""
        rows = self._db.query(
            """SELECT count(DISTINCT post_key) AS n, count(DISTINCT CASE WHEN grade <> 'none' THEN post_key END) AS leads
               FROM screenings WHERE run = ?""",
            [run],
        )
        row = next(iter(rows))
        return int(str(row["n"])), int(str(row["leads"]))

    def run_pages(self, run: str, *, gaps_only: bool = False, limit: int = 50) -> list[Seen]:
        """Return the latest pages of a run."""
        gaps = "AND state NOT IN ('ok', 'empty') AND state NOT LIKE 'gone.%'" if gaps_only else ""
        rows = self._db.query(f"SELECT * FROM visits WHERE run = ? {gaps} ORDER BY at DESC LIMIT ?", [run, limit])  # noqa: S608
        return [_seen(row) for row in rows]

    def walls(self, campaign: str, source: str, limit: int = 10) -> list[Seen]:
        """Return the latest pages of a source that were a wall (blocked) or had changed shape."""
        rows = self._db.query(
            """SELECT * FROM visits WHERE campaign = ? AND source = ? AND (state LIKE 'blocked.%' OR state = 'changed')
               ORDER BY at DESC LIMIT ?""",
            [campaign, source, limit],
        )
        return [_seen(row) for row in rows]

    def picture_digests(self, campaign: str, addresses: Sequence[str]) -> list[str]:
        """Return the digests of pictures that were fetched, in the order of their addresses."""
        rows = self._db.query(
            """SELECT wanted.key AS place, v.sha256, max(v.at) AS at FROM json_each(?) AS wanted CROSS JOIN visits v
               ON v.url = wanted.value AND v.kind = 'image' WHERE v.campaign = ? AND v.sha256 <> '' GROUP BY wanted.key
               ORDER BY wanted.key""",
            [json.dumps(list(addresses)), campaign],
        )
        return list(dict.fromkeys(str(row["sha256"]) for row in rows))

    def visit_mark(self, campaign: str) -> str:
        """Return a mark that changes whenever a page of the campaign came in."""
        rows = self._db.query(
            "SELECT max(at) AS at FROM (SELECT max(at) AS at FROM visits WHERE campaign = ? GROUP BY source)", [campaign]
        )
        return str(next(iter(rows))["at"])

    def last_texts(self, limit: int) -> list[tuple[str, str]]:
        """Return the records of the posts seen last: (key, JSON of the post), newest first."""
        rows = self._db.query("SELECT key, record FROM posts ORDER BY rowid DESC LIMIT ?", [limit])
        return [(str(row["key"]), str(row["record"])) for row in rows]


def _task(row: Mapping[str, object]) -> Task:
    return Task(
        id=int(str(row["id"])),
        kind=str(row["kind"]),
        title=str(row["title"]),
        command=tuple(json.loads(str(row["command"]))),
        name=str(row["name"]),
        started_at=datetime.fromisoformat(str(row["started_at"])),
        pid=int(str(row["pid"])) if row["pid"] is not None else None,
        log=str(row["log"]),
        ended_at=datetime.fromisoformat(str(row["ended_at"])) if row["ended_at"] else None,
        code=int(str(row["code"])) if row["code"] is not None else None,
        result=str(row["result"]),
    )


def _seen(row: Mapping[str, object]) -> Seen:
    return Seen(
        url=str(row["url"]),
        state=str(row["state"]),
        kind=str(row["kind"]),
        reason=str(row["reason"]),
        items=int(str(row["items"])),
        at=str(row["at"]),
        sha256=str(row["sha256"]),
        source=str(row["source"]),
    )


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")
