"""What officers recorded about leads, and the forms they submitted: rows in, records out."""

from collections.abc import Mapping
from datetime import date, datetime

from patrol.errors import StoreError
from patrol.handling import ListChange, Look, ManualPatrol, Measure, Review, Snapshot
from patrol.model import Judgement, State
from patrol.store.connection import immediate
from patrol.store.store import Store

_LOOKS = "SELECT t.* FROM looks t JOIN leads l ON l.number = t.lead WHERE l.campaign = ? ORDER BY t.at, t.id"
_MEASURES = "SELECT t.* FROM measures t JOIN leads l ON l.number = t.lead WHERE l.campaign = ? ORDER BY t.at, t.id"
_REVIEWS = """SELECT t.* FROM judgements t JOIN leads l ON l.number = t.lead
  WHERE l.campaign = ? AND t.undone_at IS NULL ORDER BY t.at, t.id"""


class HandlingBook:
    """The handling of a workspace's leads, read and written through its store."""

    def __init__(self, store: Store) -> None:
        self._store, self._db = store, store.database

    # what was done

    def record_look(self, look: Look) -> None:
        """Keep one later look at a lead; StoreError when there is no such lead."""
        row = {
            "lead": look.lead,
            "at": look.at.isoformat(),
            "state": look.state.value,
            "note": look.note,
            "evidence": look.evidence,
        }
        self._insert("looks", row, lead=look.lead)

    def looks(self, campaign: str) -> list[Look]:
        """Return all looks at a campaign's leads, oldest first."""
        rows = self._rows(_LOOKS, [campaign])
        return [
            Look(
                lead=str(row["lead"]),
                at=_moment(row["at"]),
                state=State(str(row["state"])),
                note=str(row["note"]),
                evidence=str(row["evidence"]),
            )
            for row in rows
        ]

    def last_seen(self, post_key: str) -> datetime | None:
        """Return when a post was last on a page that was read; None when it is not known."""
        rows = list(self._rows("SELECT last_seen FROM posts WHERE key = ?", [post_key]))
        return _moment(rows[0]["last_seen"]) if rows else None

    def record_measure(self, measure: Measure, *, officer: str, recorded_at: datetime) -> None:
        """Keep one measure; a later row of the same kind, receiver and document tells how it went on."""
        row = {
            "lead": measure.lead,
            "kind": measure.kind,
            "at": measure.at.isoformat(),
            "receiver": measure.to,
            "document": measure.document,
            "state": measure.state,
            "due": measure.due.isoformat() if measure.due else None,
            "done_at": measure.done_at.isoformat() if measure.done_at else None,
            "text": measure.text,
            "officer": officer,
            "recorded_at": recorded_at.isoformat(),
        }
        self._insert("measures", row, lead=measure.lead)

    def measures(self, campaign: str) -> list[Measure]:
        """Return the measures on a campaign's leads, oldest first; of several rows on one step, the latest stands."""
        steps = {
            (one.lead, one.kind, one.to, one.document): one
            for one in (measure_of(row) for row in self._rows(_MEASURES, [campaign]))
        }
        return list(steps.values())

    def reviews(self, campaign: str) -> list[Review]:
        """Return the officers' decisions that stand, oldest first."""
        return [
            Review(
                lead=str(row["lead"]),
                judgement=Judgement(str(row["judgement"])),
                officer=str(row["officer"]),
                role=str(row["role"]),
                at=_moment(row["at"]),
            )
            for row in self._rows(_REVIEWS, [campaign])
        ]

    # lists and hours

    def record_list_change(self, campaign: str, change: ListChange, *, recorded_at: datetime) -> None:
        """Keep one move on the white, grey or black list."""
        names = ("name", "before", "after", "reason", "identifier", "document", "lead", "officer")
        row: dict[str, object] = {name: getattr(change, name) for name in names}
        row |= {"campaign": campaign, "at": change.at.isoformat(), "recorded_at": recorded_at.isoformat()}
        self._insert("list_changes", row)

    def list_changes(self, campaign: str) -> list[ListChange]:
        """Return the list changes of a campaign, oldest first."""
        names = ("name", "before", "after", "reason", "identifier", "document", "lead", "officer")
        rows = self._rows("SELECT * FROM list_changes WHERE campaign = ? ORDER BY at, id", [campaign])
        return [ListChange(at=_day(row["at"]), **{name: str(row[name]) for name in names}) for row in rows]

    def record_hours(self, campaign: str, patrol: ManualPatrol, *, officer: str, recorded_at: datetime) -> None:
        """Keep hours of patrol by hand."""
        row = {
            "campaign": campaign,
            "source": patrol.source,
            "hours": patrol.hours,
            "people": patrol.people,
            "at": (patrol.at or recorded_at.date()).isoformat(),
            "officer": officer,
            "recorded_at": recorded_at.isoformat(),
        }
        self._insert("manual_patrols", row)

    def hours(self, campaign: str) -> list[ManualPatrol]:
        """Return the hours of patrol by hand, oldest first."""
        rows = self._rows("SELECT * FROM manual_patrols WHERE campaign = ? ORDER BY at, id", [campaign])
        return [
            ManualPatrol(
                source=str(row["source"]), hours=float(str(row["hours"])), people=int(str(row["people"])), at=_day(row["at"])
            )
            for row in rows
        ]

    def choose_case(self, campaign: str, lead: str) -> None:
        """Pick a lead for 典型案例."""
        self._store.lead(lead)
        with immediate(self._db):
            self._db.execute("INSERT OR IGNORE INTO case_choices (campaign, lead) VALUES (?, ?)", [campaign, lead])

    def chosen_cases(self, campaign: str) -> list[str]:
        """Return the leads picked for 典型案例."""
        return [
            str(row["lead"]) for row in self._rows("SELECT lead FROM case_choices WHERE campaign = ? ORDER BY lead", [campaign])
        ]

    # submitted forms

    def freeze(self, snapshot: Snapshot) -> None:
        """Keep a submitted form; StoreError when that revision exists already (someone else submitted meanwhile)."""
        row = {name: getattr(snapshot, name) for name in Snapshot.__dataclass_fields__} | {"at": snapshot.at.isoformat()}
        with immediate(self._db):
            if self._snapshot_rows(snapshot.campaign, snapshot.form, snapshot.batch, "AND revision = ?", snapshot.revision):
                raise StoreError(f"第{snapshot.revision}版已由他人报送；请重新生成后再报送")
            self._write("report_snapshots", row)

    def snapshots(self, campaign: str, form: str, batch: int) -> list[Snapshot]:
        """Return the submitted revisions of a form, oldest first."""
        return [_snapshot(row) for row in self._snapshot_rows(campaign, form, batch, "ORDER BY revision")]

    def _snapshot_rows(self, campaign: str, form: str, batch: int, tail: str, *values: object) -> list[dict[str, object]]:
        sql = f"SELECT * FROM report_snapshots WHERE campaign = ? AND form = ? AND batch = ? {tail}"  # noqa: S608
        return self._rows(sql, [campaign, form, batch, *values])

    def _insert(self, table: str, row: Mapping[str, object], *, lead: str = "") -> None:
        with immediate(self._db):
            if lead:
                self._store.lead(lead)
            self._write(table, row)

    def _write(self, table: str, row: Mapping[str, object]) -> None:
        marks = ", ".join("?" * len(row))
        self._db.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", list(row.values()))  # noqa: S608

    def _rows(self, sql: str, values: list[object]) -> list[dict[str, object]]:
        return list(self._db.query(sql, values))


def _moment(value: object) -> datetime:
    return datetime.fromisoformat(str(value))


def _day(value: object) -> date:
    return date.fromisoformat(str(value))


def measure_of(row: Mapping[str, object]) -> Measure:
    return Measure(
        lead=str(row["lead"]),
        kind=str(row["kind"]),
        at=_day(row["at"]),
        to=str(row["receiver"]),
        document=str(row["document"]),
        state=str(row["state"]),
        due=_day(row["due"]) if row["due"] else None,
        done_at=_day(row["done_at"]) if row["done_at"] else None,
        text=str(row["text"]),
    )


def _snapshot(row: Mapping[str, object]) -> Snapshot:
    return Snapshot(
        campaign=str(row["campaign"]),
        form=str(row["form"]),
        batch=int(str(row["batch"])),
        revision=int(str(row["revision"])),
        digest=str(row["digest"]),
        previous=str(row["previous"]),
        reason=str(row["reason"]),
        officer=str(row["officer"]),
        at=_moment(row["at"]),
        content=str(row["content"]),
    )
