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
        row = next(iter(self._db.query("SELECT max(at) AS at FROM clock_events")), None)
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

    def unsent_notices(self) -> list[tuple[int, str, str]]:
        """Return notices that no channel has taken yet: id, cause, text."""
        rows = self._db.query("SELECT id, cause, text FROM notices WHERE sent_at IS NULL ORDER BY id")
        return [(int(str(row["id"])), str(row["cause"]), str(row["text"])) for row in rows]

    def notices(self) -> list[tuple[str, str, str]]:
        """Return all notices: day, cause, text."""
        rows = self._db.query("SELECT day, cause, text FROM notices ORDER BY id")
        return [(str(row["day"]), str(row["cause"]), str(row["text"])) for row in rows]

    def mark_sent(self, numbers: Iterable[int], now: datetime) -> None:
        """Note that notices were sent."""
        with immediate(self._db):
            self._db.conn.executemany("UPDATE notices SET sent_at = ? WHERE id = ?", [(_text(now), number) for number in numbers])

    def _set(self, number: int, state: str, reason: str) -> None:
        self._db.execute("UPDATE occurrences SET state = ?, reason = ? WHERE id = ?", [state, reason, number])

    def _list(self, where: str, *values: str) -> list[Occurrence]:
        sql = f"SELECT * FROM occurrences WHERE {where} ORDER BY due_at, id"  # noqa: S608
        return [_occurrence(row) for row in list(self._db.query(sql, list(values)))]


def _text(moment: datetime) -> str:
    # one spelling for all, so that moments compare as text
    return moment.astimezone(UTC).isoformat(timespec="seconds")


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
