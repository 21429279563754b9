"""The store's verbs: record a page, list leads, judge, count coverage. Reads give back the records of patrol.model."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path

from sqlite_utils import Database

from patrol.errors import BadInput
from patrol.model import (
    Campaign,
    Issue,
    Judgement,
    Lead,
    Post,
    Run,
    Screening,
    SourceCoverage,
    State,
    Visit,
)
from patrol.store.connection import connect, immediate
from patrol.store.coverage import count_coverage, page_states
from patrol.store.pages import Book, Pages
from patrol.store.rows import COUNTS, POST, issue_of, lead_of, run_of

Judged = tuple[Sequence[Screening], Visit]


class Store:
    """One workspace's database. Open it once per process; every write is one transaction."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._pages = Pages(database.conn)

    @classmethod
    def open(cls, workspace: Path) -> "Store":
        """Open (or make) the database of a workspace, bringing an older one up to date."""
        return cls(connect(workspace / "patrol.db"))

    def close(self) -> None:
        """Close the database; a Store is not used after that."""
        self.database.close()

    # campaigns and runs

    def save_campaign(self, campaign: Campaign, file_text: str, at: datetime) -> None:
        """Keep the campaign as its file says it today; the newest text wins, runs keep pointing to its id."""
        row = {
            "id": campaign.id,
            "title": campaign.title,
            "region": campaign.region,
            "start": campaign.start.isoformat(),
            "end": campaign.end.isoformat(),
            "digest": campaign.digest,
            "file_text": file_text,
            "opened_at": at.isoformat(),
        }
        with immediate(self.database):
            self.database.table("campaigns").upsert(row, pk="id")

    def start_run(self, run: Run) -> None:
        """Record that a run has begun."""
        with immediate(self.database):
            self.database.execute(
                "INSERT INTO runs (id, campaign, source, started_at, outcome) VALUES (?, ?, ?, ?, ?)",
                [run.id, run.campaign, run.source, run.started_at.isoformat(), run.outcome],
            )

    def end_run(self, run: Run) -> None:
        """Record how a run ended, with its counts."""
        with immediate(self.database):
            self.database.execute(
                "UPDATE runs SET ended_at = ?, outcome = ?, counts = ?, error = ? WHERE id = ?",
                [
                    run.ended_at.isoformat() if run.ended_at else None,
                    run.outcome,
                    COUNTS.dump_json(dict(run.counts)).decode(),
                    run.error,
                    run.id,
                ],
            )

    def unfinished_run(self, campaign: str, source: str) -> Run | None:
        """Return the latest run of a source that never ended (a killed sweep), to be picked up where it stopped."""
        rows = self._rows(
            "SELECT * FROM runs WHERE campaign = ? AND source = ? AND ended_at IS NULL ORDER BY started_at DESC LIMIT 1",
            [campaign, source],
        )
        return next((run_of(row) for row in rows), None)

    def runs(self, campaign: str) -> list[Run]:
        """Return all runs of a campaign, oldest first."""
        return [run_of(row) for row in self._rows("SELECT * FROM runs WHERE campaign = ? ORDER BY started_at, id", [campaign])]

    # pages

    def record_visit(self, visit: Visit, *, run: str, campaign: str) -> None:
        """Keep the outcome of one page of a run; the same page again replaces the earlier outcome."""
        with immediate(self.database):
            self._pages.keep_visit(visit, run, campaign)

    def record_screening(self, screening: Screening, *, run: str, campaign: Campaign, source: str, device: str) -> Lead | None:
        """Keep a post and what we concluded; return its lead when it is one.

        Idempotent: the same post with the same words, rules and list adds nothing. A lead keeps its number for the campaign; its
        evidence number and the order for a browser capture are made in the same transaction.
        """
        book = Book(run=run, campaign=campaign, source=source, device=device)
        with immediate(self.database):
            number, made = self._pages.keep_screening(screening, book)
        return made or (self.lead(number) if number else None)

    def record_pages(self, pages: Sequence[Judged], book: Book) -> list[list[tuple[Lead, Screening]]]:
        """Keep several pages, each whole with its visit, in one transaction; return the leads of each page.

        One wait for the disk however many pages: when this returns, all of them survive a cut of power.
        """
        kept: list[list[tuple[str, Lead | None, Screening]]] = []
        with immediate(self.database):
            for screenings, visit in pages:
                kept.append([(*self._pages.keep_screening(one, book), one) for one in screenings])
                self._pages.keep_visit(visit, book.run, book.campaign.id, book.judged_by)
        return [[(made or self.lead(number), one) for number, made, one in page if number] for page in kept]

    def post(self, key: str) -> Post | None:
        """Return a stored post by its natural key."""
        row = next(self._rows("SELECT record FROM posts WHERE key = ?", [key]), None)
        return POST.validate_json(str(row["record"])) if row else None

    # leads

    def lead(self, number: str) -> Lead:
        """Return one lead; BadInput when there is no such number."""
        for lead in self._leads("l.number = ?", [number]):
            return lead
        raise BadInput(f"没有编号为“{number}”的线索；请核对线索编号")

    def leads(self, campaign: str, *, after: date | None = None, until: date | None = None) -> Iterator[Lead]:
        """Yield a campaign's leads by number; `after` is exclusive, `until` inclusive, both dates of finding (UTC+8)."""
        where, values = ["l.campaign = ?"], [campaign]
        if after:
            where.append("date(l.found_at, '+8 hours') > ?")
            values.append(after.isoformat())
        if until:
            where.append("date(l.found_at, '+8 hours') <= ?")
            values.append(until.isoformat())
        yield from self._leads(" AND ".join(where), values)

    def _leads(self, where: str, values: list[str]) -> Iterator[Lead]:
        sql = f"""SELECT l.*, p.record, s.detection, s.match, s.screened_at FROM leads l JOIN posts p ON p.key = l.post_key
                  JOIN screenings s ON s.id = l.screening WHERE {where} ORDER BY l.number"""  # noqa: S608
        for row in self._rows(sql, values):
            yield lead_of(row)

    def judge(self, number: str, judgement: Judgement, *, officer: str, role: str, reason: str, at: datetime) -> None:
        """Keep an officer's decision on a lead; every decision stays on record, the latest one stands."""
        with immediate(self.database):
            self.lead(number)
            self.database.execute(
                "INSERT INTO judgements (lead, judgement, officer, role, reason, at) VALUES (?, ?, ?, ?, ?, ?)",
                [number, judgement.value, officer, role, reason, at.isoformat()],
            )
            self.database.execute("UPDATE leads SET judgement = ? WHERE number = ?", [judgement.value, number])

    # browser captures

    def waiting_captures(self, campaign: str, *, max_attempts: int = 3) -> list[Mapping[str, object]]:
        """Return the orders for browser captures that are not done, oldest first (evidence, lead, url, platform, device)."""
        return list(
            self._rows(
                """SELECT evidence, lead, url, platform, device, attempts FROM capture_orders
                   WHERE campaign = ? AND state <> 'done' AND attempts < ? ORDER BY evidence""",
                [campaign, max_attempts],
            )
        )

    def end_capture(self, evidence: str, *, done: bool, note: str, at: datetime) -> None:
        """Record how a browser capture went; a failed one counts as an attempt and waits for the next."""
        with immediate(self.database):
            self.database.execute(
                "UPDATE capture_orders SET state = ?, attempts = attempts + 1, note = ?, done_at = ? WHERE evidence = ?",
                ["done" if done else "failed", note, at.isoformat(), evidence],
            )

    def capture_states(self, campaign: str) -> dict[str, int]:
        """Return how many capture orders are waiting, done, failed."""
        rows = self._rows("SELECT state, count(*) AS n FROM capture_orders WHERE campaign = ? GROUP BY state", [campaign])
        return {str(row["state"]): int(str(row["n"])) for row in rows}

    # coverage and issues

    def coverage(self, campaign: str, *, after: date | None = None, until: date | None = None) -> list[SourceCoverage]:
        """Return what each source gave in a period (dates as for `leads`); a page counts by the best it ever gave."""
        return count_coverage(self._rows, campaign, after, until)

    def page_states(self, campaign: str) -> dict[str, State]:
        """Return what each visited page of a campaign turned out to be, by address."""
        return page_states(self._rows, campaign)

    def open_issue(self, issue: Issue, *, campaign: str) -> None:
        """Open an issue, or count it once more when the same cause of the same source is open."""
        with immediate(self.database):
            changed = self.database.execute(
                """UPDATE issues SET times = times + 1, last_at = ?, text = ? WHERE campaign = ? AND source = ? AND cause = ?
                   AND closed_at IS NULL""",
                [issue.opened_at.isoformat(), issue.text, campaign, issue.source, issue.cause],
            ).rowcount
            if changed:
                return
            at = issue.opened_at.isoformat()
            self.database.execute(
                """INSERT INTO issues (campaign, source, cause, text, threshold_why, opened_at, last_at)
                   VALUES (?, ?, ?, ?, ?, ?, ?)""",
                [campaign, issue.source, issue.cause, issue.text, issue.threshold_why, at, at],
            )

    def close_issues(self, campaign: str, source: str, *, still_open: Iterable[str], at: datetime) -> None:
        """Close a source's issues whose cause is no longer seen."""
        causes = list(still_open)
        marks = ", ".join("?" * len(causes)) or "''"
        with immediate(self.database):
            self.database.execute(
                f"""UPDATE issues SET closed_at = ? WHERE campaign = ? AND source = ? AND closed_at IS NULL
                    AND cause NOT IN ({marks})""",  # noqa: S608
                [at.isoformat(), campaign, source, *causes],
            )

    def issues(self, campaign: str, *, open_only: bool = True) -> list[Issue]:
        """Return issues of a campaign, newest first."""
        where = "campaign = ?" + (" AND closed_at IS NULL" if open_only else "")
        rows = self._rows(f"SELECT * FROM issues WHERE {where} ORDER BY last_at DESC, id DESC", [campaign])  # noqa: S608
        return [issue_of(row) for row in rows]

    def _rows(self, sql: str, values: list[str] | list[object] | None = None) -> Iterator[dict[str, object]]:
        return iter(list(self.database.query(sql, values or [])))
