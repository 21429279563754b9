"""The clock's rows: each planned occurrence of a job, what became of it, and why. Nothing planned ever disappears."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from patrol.store.connection import immediate
from patrol.store.store import Store

OPEN = ("planned", "running")


@dataclass(frozen=True, slots=True, kw_only=True)
class Occurrence:
    """One planned occurrence of a job.

    `state`: planned, running, done, failed (ran and could not), missed (never ran; `reason` says why), merged (made up for by a
    later one), cancelled (the campaign or the job no longer plans it).
    """

    id: int
    campaign: str
    job: str
    due_at: datetime
    state: str = "planned"
    reason: str = ""
    started_at: datetime | None = None
    ended_at: datetime | None = None
    owner: str = ""
    attempts: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One thing that people should know; one a day and cause."""

    id: int
    day: str
    cause: str
    text: str
    at: datetime


class ClockBook:
    """The occurrences of a workspace, read and written through its store."""

    def __init__(self, store: Store) -> None:
        self._db = store.database

    def plan(self, campaign: str, job: str, moments: Iterable[datetime]) -> int:
        """Write occurrences that are not planned yet; return how many were new. Moments are aware."""
        rows = [(campaign, job, _text(moment)) for moment in moments]
        with immediate(self._db):
            before = self._db.conn.total_changes
            self._db.conn.executemany("INSERT OR IGNORE INTO occurrences (campaign, job, due_at) VALUES (?, ?, ?)", rows)
            return int(self._db.conn.total_changes - before)

    def cancel_unplanned(self, campaign: str, job: str, *, after: datetime, wanted: Iterable[datetime], reason: str) -> None:
        """Cancel occurrences still to come that the campaign file no longer asks for, with the reason."""
        keep = {_text(moment) for moment in wanted}
        with immediate(self._db):
            for occurrence in self._list(
                "campaign = ? AND job = ? AND state = 'planned' AND due_at > ?", campaign, job, _text(after)
            ):
                if _text(occurrence.due_at) not in keep:
                    self._set(occurrence.id, "cancelled", reason)

    def knows(self, campaign: str) -> bool:
        """Whether anything was ever planned for a campaign."""
        return any(self._db.query("SELECT 1 FROM occurrences WHERE campaign = ? LIMIT 1", [campaign]))

    def cancel_strangers(self, keep: Iterable[tuple[str, str]], *, reason: str) -> None:
        """Cancel planned occurrences of all campaigns and jobs but those to `keep` (campaign and job), with the reason."""
        known = set(keep)
        with immediate(self._db):
            for occurrence in self._list("state = 'planned'"):
                if (occurrence.campaign, occurrence.job) not in known:
                    self._set(occurrence.id, "cancelled", reason)

    def due(self, now: datetime) -> list[Occurrence]:
        """Return planned occurrences whose moment has come, oldest first."""
        return self._list("state = 'planned' AND due_at <= ?", _text(now))

    def running(self) -> list[Occurrence]:
        """Return occurrences that are under way (or were when their process died)."""
        return self._list("state = 'running'")

    def start(self, occurrence: Occurrence, *, owner: str, now: datetime) -> bool:
        """Take an occurrence to run it; False when another process took it or it is no longer planned."""
        with immediate(self._db):
            changed = self._db.execute(
                "UPDATE occurrences SET state = 'running', started_at = ?, owner = ?, attempts = attempts + 1"
                " WHERE id = ? AND state = 'planned'",
                [_text(now), owner, occurrence.id],
            ).rowcount
        return bool(changed)

    def put_back(self, occurrence: Occurrence, reason: str) -> None:
        """Return a running occurrence whose process died to the planned ones, so that it is taken up again."""
        with immediate(self._db):
            self._set(occurrence.id, "planned", reason)

    def end(self, occurrence: Occurrence, *, state: str, reason: str, now: datetime) -> None:
        """Write what became of an occurrence."""
        with immediate(self._db):
            self._db.execute(
                "UPDATE occurrences SET state = ?, reason = ?, ended_at = ? WHERE id = ?",
                [state, reason, _text(now), occurrence.id],
            )

    def between(self, first: datetime, last: datetime, *, campaign: str = "") -> list[Occurrence]:
        """Return all occurrences due in a span, in order."""
        if campaign:
            return self._list("campaign = ? AND due_at >= ? AND due_at <= ?", campaign, _text(first), _text(last))
        return self._list("due_at >= ? AND due_at <= ?", _text(first), _text(last))

    def pause(self, campaign: str, job: str, *, officer: str, now: datetime) -> None:
        """Pause a job of a campaign: its occurrences are recorded as missed, with who paused it."""
        with immediate(self._db):
            self._db.execute("INSERT OR REPLACE INTO paused_jobs VALUES (?, ?, ?, ?)", [campaign, job, _text(now), officer])

    def resume(self, campaign: str, job: str) -> None:
        """Let a paused job run again."""
        with immediate(self._db):
            self._db.execute("DELETE FROM paused_jobs WHERE campaign = ? AND job = ?", [campaign, job])

    def paused(self, campaign: str) -> dict[str, str]:
        """Return the paused jobs of a campaign with who paused each and since when."""
        rows = self._db.query("SELECT job, at, officer FROM paused_jobs WHERE campaign = ?", [campaign])
        return {str(row["job"]): f"{row['officer']}，{row['at']}" for row in rows}

    def note_event(self, kind: str, text: str, now: datetime) -> None:
        """Write down something that happened to the clock itself: start, stop, sleep, jump."""
        with immediate(self._db):
            self._db.execute("INSERT INTO clock_events (at, kind, text) VALUES (?, ?, ?)", [_text(now), kind, text])

    def sign(self, now: datetime) -> None:
        """Leave a sign of life; one row, always the latest."""
        with immediate(self._db):
            self._db.execute("DELETE FROM clock_events WHERE kind = 'sign'")
            self._db.execute("INSERT INTO clock_events (at, kind, text) VALUES (?, 'sign', '')", [_text(now)])

    def last_sign(self) -> datetime | None:
        """Return when the clock was last seen alive; None when it never ran."""
        row = next(iter(self._db.query("SELECT max(at) AS at FROM clock_events WHERE kind IN ('sign', 'start', 'stop')")), None)
        return datetime.fromisoformat(str(row["at"])) if row and row["at"] else None

    def events(self) -> list[tuple[datetime, str, str]]:
        """Return what happened to the clock, oldest first."""
        rows = self._db.query("SELECT at, kind, text FROM clock_events WHERE kind <> 'sign' ORDER BY id")
        return [(datetime.fromisoformat(str(row["at"])), str(row["kind"]), str(row["text"])) for row in rows]

    def notice(self, day: str, cause: str, text: str, now: datetime) -> bool:
        """Write a notice; False when the same cause was already noticed that day."""
        with immediate(self._db):
            changed = self._db.execute(
                "INSERT OR IGNORE INTO notices (day, cause, text, at) VALUES (?, ?, ?, ?)", [day, cause, text, _text(now)]
            ).rowcount
        return changed == 1

    def undelivered(self, channel: str, *, since: datetime, retry_before: datetime, most: int) -> list[Notice]:
        """Return notices written since a moment that a channel has not taken, oldest first.

        Left out: those it was tried with after `retry_before`, or `most` times already.
        """
        rows = self._db.query(
            """SELECT n.id, n.day, n.cause, n.text, n.at FROM notices n
               LEFT JOIN notice_deliveries d ON d.notice = n.id AND d.channel = ?
               WHERE n.at >= ? AND (d.notice IS NULL OR (d.sent_at IS NULL AND d.tried_at < ? AND d.attempts < ?))
               ORDER BY n.id""",
            [channel, _text(since), _text(retry_before), most],
        )
        return [_notice(row) for row in rows]

    def note_delivery(self, numbers: Iterable[int], channel: str, *, error: str, now: datetime) -> None:
        """Note that a channel took notices, or (with an error) would not."""
        sent = None if error else _text(now)
        with immediate(self._db):
            self._db.conn.executemany(
                """INSERT INTO notice_deliveries VALUES (?, ?, ?, ?, 1, ?) ON CONFLICT (notice, channel) DO UPDATE
                   SET sent_at = excluded.sent_at, tried_at = excluded.tried_at, attempts = attempts + 1,
                     error = excluded.error""",
                [(number, channel, sent, _text(now), error[:300]) for number in numbers],
            )

    def delivery_errors(self, since: datetime) -> list[tuple[str, str]]:
        """Return the channels whose latest try failed since a moment, with the reason."""
        rows = self._db.query(
            "SELECT channel, error, max(tried_at) AS at FROM notice_deliveries WHERE tried_at >= ? GROUP BY channel",
            [_text(since)],
        )
        return [(str(row["channel"]), str(row["error"])) for row in rows if row["error"]]

    def close_campaign(self, campaign: str, *, officer: str, note: str, now: datetime) -> None:
        """Close a campaign: nothing of it is planned any more."""
        with immediate(self._db):
            self._db.execute(
                "INSERT OR REPLACE INTO campaign_closures VALUES (?, ?, ?, ?)", [campaign, _text(now), officer, note]
            )

    def reopen_campaign(self, campaign: str) -> None:
        """Take a closure back."""
        with immediate(self._db):
            self._db.execute("DELETE FROM campaign_closures WHERE campaign = ?", [campaign])

    def closed_campaigns(self) -> dict[str, str]:
        """Return the closed campaigns with who closed each and when."""
        rows = self._db.query("SELECT campaign, at, officer FROM campaign_closures")
        return {str(row["campaign"]): f"{row['officer']}，{row['at']}" for row in rows}

    def notices(self) -> list[tuple[str, str, str]]:
        """Return all notices: day, cause, text."""
        rows = self._db.query("SELECT day, cause, text FROM notices ORDER BY id")
        return [(str(row["day"]), str(row["cause"]), str(row["text"])) for row in rows]

    def _set(self, number: int, state: str, reason: str) -> None:
        self._db.execute("UPDATE occurrences SET state = ?, reason = ? WHERE id = ?", [state, reason, number])

    def _list(self, where: str, *values: str) -> list[Occurrence]:
        sql = f"SELECT * FROM occurrences WHERE {where} ORDER BY due_at, id"  # noqa: S608
        return [_occurrence(row) for row in list(self._db.query(sql, list(values)))]


def _text(moment: datetime) -> str:
    # one spelling for all, so that moments compare as text
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def _notice(row: Mapping[str, object]) -> Notice:
    return Notice(
        id=int(str(row["id"])),
        day=str(row["day"]),
        cause=str(row["cause"]),
        text=str(row["text"]),
        at=datetime.fromisoformat(str(row["at"])),
    )


def _occurrence(row: Mapping[str, object]) -> Occurrence:
    return Occurrence(
        id=int(str(row["id"])),
        campaign=str(row["campaign"]),
        job=str(row["job"]),
        due_at=datetime.fromisoformat(str(row["due_at"])),
        state=str(row["state"]),
        reason=str(row["reason"]),
        started_at=datetime.fromisoformat(str(row["started_at"])) if row["started_at"] else None,
        ended_at=datetime.fromisoformat(str(row["ended_at"])) if row["ended_at"] else None,
        owner=str(row["owner"]),
        attempts=int(str(row["attempts"])),
    )
