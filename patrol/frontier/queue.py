"""The frontier of one machine: pages to fetch, given out as leases and acknowledged only once they are stored."""

import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from patrol.addresses import site_of
from patrol.frontier import sites
from patrol.frontier.owners import is_dead, this_owner
from patrol.frontier.records import Closure, Ended, Lane, Planned, Tally
from patrol.frontier.schema import FILE_NAME, connect, immediate
from patrol.model import Lease, State

LEASE_SECONDS = 900.0
MAX_ATTEMPTS = 20
_FOREVER = 1e12
_COLUMNS = "id, url, source, platform, mode, kind, keyword, parent, page, depth, priority, attempts"


class Frontier:
    """One workspace's pages to fetch. `scope` is the id of a run: within it each address stands once, in whatever state.

    A page goes waiting → leased → done or failed; deferred while its site asked for patience. Every verb is one transaction,
    so a kill between any two leaves nothing half-done; what a dead process held is given out again.
    """

    def __init__(
        self, connection: sqlite3.Connection, *, clock: Callable[[], float] = time.time, rest_seconds: float = 0.0
    ) -> None:
        self._db = connection
        self._clock = clock
        self._rest_seconds = rest_seconds
        self._owner = this_owner()

    @classmethod
    def open(cls, workspace: Path, *, clock: Callable[[], float] = time.time, rest_seconds: float = 0.0) -> "Frontier":
        """Open (or make) the frontier of a workspace.

        `rest_seconds`: how long a site that blocked us is left alone across runs at its first trip (0: not at all).
        """
        return cls(connect(workspace / FILE_NAME), clock=clock, rest_seconds=rest_seconds)

    def close(self) -> None:
        """Close the file; leases that are still held stay held until this process ends."""
        self._db.close()

    def add(self, scope: str, pages: Iterable[Planned]) -> int:
        """Plan pages; an address that the run already knows is passed over. Return how many were new."""
        with immediate(self._db):
            return self._add(scope, pages)

    def _add(self, scope: str, pages: Iterable[Planned]) -> int:
        rows = [
            (scope, p.url, p.source, p.platform, p.mode, site_of(p.url), p.kind, p.keyword, p.parent, p.page, p.depth, p.priority)
            + (("deferred", State.BUDGET.value, _FOREVER) if p.aside else ("waiting", "", 0.0))
            for p in pages
        ]
        if not rows:
            return 0
        before = self._db.total_changes
        self._db.executemany(
            """INSERT OR IGNORE INTO pages (scope, url, source, platform, mode, site, kind, keyword, parent, page,
                 depth, priority, state, outcome, not_before)
               VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
            rows,
        )
        new = self._db.total_changes - before
        self._count(scope, "open", new)
        return new

    def _count(self, scope: str, outcome: str, change: int) -> None:
        self._db.execute(
            "INSERT INTO counts VALUES (?, ?, ?) ON CONFLICT (scope, outcome) DO UPDATE SET n = n + excluded.n",
            (scope, outcome, change),
        )

    def lease(
        self, scope: str, mode: str, room: Callable[[Lane], int], *, limit: int = 64, kind: str = "", suspects: bool = False
    ) -> list[Lease]:
        """Take pages to fetch, at most `room(lane)` of a site, best priority first, oldest first within it.

        Sites that are closed, or that asked for patience, are passed over. `kind` takes only pages of that kind,
        `suspects` only those that were taken before and did not come back.
        """
        now = self._clock()
        taken: list[Lease] = []
        with immediate(self._db):
            self._db.execute(
                "UPDATE pages SET state = 'waiting' WHERE scope = ? AND state = 'deferred' AND not_before <= ?", (scope, now)
            )
            shut = sites.shut(self._db, scope, now)
            for lane in self._lanes(scope, mode):
                wanted = 0 if lane.site in shut else min(room(lane), limit - len(taken))
                if wanted > 0:
                    taken += self._take((scope, mode, lane.site, kind, kind, int(suspects), wanted), now)
                if len(taken) >= limit:
                    break
        return taken

    def _lanes(self, scope: str, mode: str) -> Iterator[Lane]:
        # a loose index scan: one probe a site, however many pages wait on it
        site = ""
        while True:
            row = self._db.execute(
                """SELECT site, platform FROM pages WHERE scope = ? AND mode = ? AND state = 'waiting' AND site > ?
                   ORDER BY site, priority DESC, id LIMIT 1""",
                (scope, mode, site),
            ).fetchone()
            if row is None:
                return
            site = row[0]
            yield Lane(site, row[1])

    def _take(self, wanted: tuple[str | int, ...], now: float) -> list[Lease]:
        rows = self._db.execute(
            f"""SELECT {_COLUMNS} FROM pages WHERE scope = ? AND mode = ? AND state = 'waiting' AND site = ?
                AND (? = '' OR kind = ?) AND attempts >= ? ORDER BY priority DESC, id LIMIT ?""",  # noqa: S608
            wanted,
        ).fetchall()
        self._db.executemany(
            "UPDATE pages SET state = 'leased', attempts = attempts + 1, owner = ?, lease_until = ? WHERE id = ?",
            [(self._owner, now + LEASE_SECONDS, row[0]) for row in rows],
        )
        sites.count_requests(self._db, str(wanted[2]), now, len(rows))
        return [_lease(row, attempts=row[11] + 1) for row in rows]

    def finish(self, scope: str, key: str, state: State, follow: Sequence[Planned] = ()) -> int:
        """Acknowledge one page that is stored; see `finish_all`."""
        return self.finish_all(scope, [Ended(key, state, follow)])

    def finish_all(self, scope: str, pages: Iterable[Ended]) -> int:
        """Acknowledge pages that are stored, planning the links they gave in the same transaction; return how many were new.

        A page that was acknowledged before stays as it was, and its links are planned once.
        """
        with immediate(self._db):
            return sum(self._finish(scope, page) for page in pages)

    def _finish(self, scope: str, page: Ended) -> int:
        key, state = int(page.key), page.state
        row = self._db.execute("SELECT state, site FROM pages WHERE id = ? AND scope = ?", (key, scope)).fetchone()
        if row is None or row[0] in {"done", "failed"}:
            return 0
        self._db.execute(
            "UPDATE pages SET state = ?, outcome = ?, owner = '' WHERE id = ?",
            ("done" if state.covered else "failed", state.value, key),
        )
        self._count(scope, "open", -1)
        self._count(scope, state.value, 1)
        if sites.note_outcome(self._db, scope, row[1], state) and self._rest_seconds and state.value.startswith("blocked."):
            sites.rest(self._db, row[1], state, self._clock(), self._rest_seconds)
        return self._add(scope, page.follow)

    def defer(self, scope: str, key: str, seconds: float, *, state: State, whole_site: bool = False) -> None:
        """Put a page back for later: its site asked for patience (`whole_site`: all its pages wait), or it failed for now."""
        until = self._clock() + seconds
        with immediate(self._db):
            row = self._db.execute("SELECT site FROM pages WHERE id = ? AND state = 'leased'", (int(key),)).fetchone()
            if row is None:
                return
            self._db.execute(
                "UPDATE pages SET state = 'deferred', outcome = ?, owner = '', not_before = ? WHERE id = ?",
                (state.value, until, int(key)),
            )
            if whole_site:
                sites.pause(self._db, scope, row[0], until)
            sites.note_outcome(self._db, scope, row[0], state, final=False)

    def close_site(self, scope: str, site: str, state: State) -> None:
        """Fetch no further page of a site in this run."""
        with immediate(self._db):
            sites.close(self._db, scope, site, state)

    def closures(self, scope: str) -> dict[str, Closure]:
        """Return the sites that are closed in this run, or resting since an earlier one, with the reason."""
        return sites.closures(self._db, scope, self._clock())

    def requests_today(self, site: str) -> int:
        """Return how many pages of a site were taken since midnight in China, over all runs."""
        return sites.requests_on(self._db, site, self._clock())

    def place(self, scope: str, key: str, *, platform: str, mode: str) -> None:
        """Put a leased page back under the platform and mode that read it; this attempt does not count."""
        with immediate(self._db):
            self._db.execute(
                """UPDATE pages SET state = 'waiting', owner = '', platform = ?, mode = ?, attempts = attempts - 1
                   WHERE id = ? AND scope = ? AND state = 'leased'""",
                (platform, mode, int(key), scope),
            )

    def release(self, scope: str) -> int:
        """Put back what this process holds of a run (an orderly stop); return how many pages."""
        with immediate(self._db):
            return self._db.execute(
                """UPDATE pages SET state = 'waiting', owner = '', attempts = attempts - 1
                   WHERE scope = ? AND state = 'leased' AND owner = ?""",
                (scope, self._owner),
            ).rowcount

    def reclaim(self, scope: str, *, blame: bool = False) -> int:
        """Put back what dead processes held, at once; where life cannot be known, when the lease ran out. Return how many.

        A page that was taken very often and never came back kills whoever reads it: it is put aside for `leftovers`. So is,
        with `blame`, the only page that a dead process held.
        """
        now = self._clock()
        with immediate(self._db):
            owners = self._db.execute(
                "SELECT DISTINCT owner FROM pages WHERE scope = ? AND state = 'leased'", (scope,)
            ).fetchall()
            gone = [(owner, _FOREVER if is_dead(owner) else now) for (owner,) in owners if is_dead(owner) is not False]
            count = 0
            for owner, latest in gone:
                if blame:
                    self._blame(scope, owner)
                count += self._db.execute(
                    """UPDATE pages SET owner = '', state = iif(attempts < ?, 'waiting', 'deferred'),
                         not_before = iif(attempts < ?, 0, ?)
                       WHERE scope = ? AND state = 'leased' AND owner = ? AND lease_until <= ?""",
                    (MAX_ATTEMPTS, MAX_ATTEMPTS, _FOREVER, scope, owner, latest),
                ).rowcount
            return count

    def _blame(self, scope: str, owner: str) -> None:
        held = self._db.execute(
            "SELECT id FROM pages WHERE scope = ? AND state = 'leased' AND owner = ?", (scope, owner)
        ).fetchall()
        if len(held) == 1:
            self._db.execute(
                "UPDATE pages SET owner = '', state = 'deferred', outcome = ?, not_before = ? WHERE id = ?",
                (State.CHANGED.value, _FOREVER, held[0][0]),
            )

    def due(self, scope: str, mode: str, *, before: float) -> float | None:
        """Return when the next page of a run can be taken (now or earlier: at once), or None when none can before `before`."""
        now = self._clock()
        shut = sites.shut(self._db, scope, now)
        if any(lane.site not in shut for lane in self._lanes(scope, mode)):
            return now
        rows = self._db.execute(
            "SELECT min(not_before), site FROM pages WHERE scope = ? AND mode = ? AND state = 'deferred' GROUP BY site",
            (scope, mode),
        )
        times = [max(at, opens) for at, site in rows if (opens := sites.opens_at(self._db, scope, site, now)) is not None]
        paused = [at for lane in self._lanes(scope, mode) if (at := sites.opens_at(self._db, scope, lane.site, now)) is not None]
        soonest = min([*times, *paused], default=None)
        return soonest if soonest is not None and soonest < before else None

    def has_waiting(self, scope: str, mode: str, kind: str) -> bool:
        """Tell whether a page of a kind waits."""
        row = self._db.execute(
            "SELECT 1 FROM pages WHERE scope = ? AND mode = ? AND state = 'waiting' AND kind = ? LIMIT 1", (scope, mode, kind)
        ).fetchone()
        return row is not None

    def held_by_others(self, scope: str) -> int:
        """Return how many pages of a run other processes hold."""
        row = self._db.execute(
            "SELECT count(*) FROM pages WHERE scope = ? AND state = 'leased' AND owner <> ?", (scope, self._owner)
        ).fetchone()
        return int(row[0])

    def open_modes(self, scope: str) -> dict[str, int]:
        """Return how many pages are not ended, by mode."""
        rows = self._db.execute(
            "SELECT mode, count(*) FROM pages WHERE scope = ? AND state NOT IN ('done', 'failed') GROUP BY mode",
            (scope,),
        )
        return {str(mode): int(n) for mode, n in rows}

    def taken(self, scope: str) -> int:
        """Return how many pages of a run were fetched or given up, pictures not counted."""
        row = self._db.execute(
            "SELECT count(*) FROM pages WHERE scope = ? AND state IN ('done', 'failed') AND kind <> 'image'", (scope,)
        ).fetchone()
        return int(row[0])

    def addresses(self, scope: str) -> list[str]:
        """Return every address a run ever planned, in the order of planning."""
        return [row[0] for row in self._db.execute("SELECT url FROM pages WHERE scope = ? ORDER BY id", (scope,))]

    def tally(self, scope: str) -> Tally:
        """Return how a run stands."""
        counts = {str(k): int(n) for k, n in self._db.execute("SELECT outcome, n FROM counts WHERE scope = ?", (scope,)) if n}
        waiting = counts.pop("open", 0)
        return Tally(waiting, sum(counts.values()), counts)

    def leftovers(self, scope: str, *, limit: int = 500) -> list[tuple[Lease, State, str]]:
        """Return pages that this run will not fetch any more, each with the state and reason to record, a few hundred at a time.

        They are still open: storing and `finish` end them, so that planned = covered + gaps.
        """
        closures = self.closures(scope)
        rows = self._db.execute(
            f"""SELECT {_COLUMNS}, site, outcome FROM pages WHERE scope = ? AND state IN ('waiting', 'deferred')
                ORDER BY id LIMIT ?""",  # noqa: S608
            (scope, limit),
        ).fetchall()
        return [
            (_lease(row, attempts=row[11]), *sites.why_left(closures.get(row[12]), row[13], row[11] >= MAX_ATTEMPTS))
            for row in rows
        ]

    def offer(self, scope: str, job: str) -> None:
        """Do nothing: whoever sees this file takes part."""

    def withdraw(self, scope: str) -> None:
        """Do nothing; see `offer`."""

    def let_go(self, key: str) -> None:
        """Do nothing; see `parcels`."""

    def parcels(self, scope: str, *, limit: int = 16) -> dict[str, str]:  # noqa: ARG002
        """Return nothing: whoever sees this file stores what it fetches."""
        return {}

    def received(self, scope: str, numbers: Iterable[str]) -> None:
        """Do nothing; see `parcels`."""

    def lease_of(self, scope: str, key: str) -> Lease | None:  # noqa: ARG002
        """Return nothing; see `parcels`."""
        return None


def _lease(row: tuple[object, ...], *, attempts: int) -> Lease:
    key, url, source, platform, mode, kind, keyword, parent, page, depth, priority = row[:11]
    return Lease(
        key=str(key),
        url=str(url),
        source=str(source),
        platform=str(platform),
        mode=str(mode),
        kind=str(kind),
        keyword=str(keyword),
        parent=str(parent),
        page=int(str(page)),
        depth=int(str(depth)),
        priority=int(str(priority)),
        attempts=attempts,
    )
