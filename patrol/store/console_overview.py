"""The numbers of the first page: leads by day, by platform and batch, what is due, straight from indexes."""

from dataclasses import dataclass
from datetime import date, datetime

from patrol.model import Judgement
from patrol.store.store import Store


@dataclass(frozen=True, slots=True)
class DayCount:
    """Leads found on one day (UTC+8), by grade."""

    day: str
    subject: int
    ad: int


@dataclass(frozen=True, slots=True)
class DueStep:
    """A measure that has a deadline and is not done."""

    lead: str
    kind: str
    receiver: str
    document: str
    due: str


@dataclass(frozen=True, slots=True)
class Handled:
    """A lead that something was done about, or that stands as true: what a later look is planned for."""

    number: str
    judgement: Judgement
    found_at: datetime


class OverviewBook:
    """Sums over a campaign."""

    def __init__(self, store: Store) -> None:
        self._db = store.database

    def days(self, campaign: str, since: date, district: str = "") -> list[DayCount]:
        """Return leads by day of finding, oldest first; days without any are left out."""
        rows = self._db.query(
            """SELECT found_day AS day, sum(n * (grade = 'subject')) AS subject, sum(n * (grade = 'ad')) AS ad
               FROM lead_day_counts WHERE campaign = ? AND found_day >= ? AND (? = '' OR region = '' OR instr(region, ?) > 0)
               AND n > 0 GROUP BY found_day ORDER BY found_day""",
            [campaign, since.isoformat(), district, district],
        )
        return [DayCount(str(row["day"]), int(str(row["subject"])), int(str(row["ad"]))) for row in rows]

    def platforms(self, campaign: str, since: str = "", until: str = "", district: str = "") -> list[tuple[str, int]]:
        """Return leads by platform in a span of days, most first."""
        rows = self._db.query(
            """SELECT platform, sum(n) AS n FROM lead_day_counts WHERE campaign = ? AND found_day >= ? AND found_day <= ?
               AND (? = '' OR region = '' OR instr(region, ?) > 0) GROUP BY platform HAVING sum(n) > 0
               ORDER BY 2 DESC, platform""",
            [campaign, since or "0000", until or "9999", district, district],
        )
        return [(str(row["platform"]), int(str(row["n"]))) for row in rows]

    def providers(self, campaign: str, limit: int = 10) -> list[tuple[str, int]]:
        """Return the providers with the most leads (at least two each)."""
        rows = self._db.query(
            """SELECT provider, count(*) AS n FROM lead_desk WHERE campaign = ? GROUP BY provider HAVING n > 1
               ORDER BY n DESC LIMIT ?""",
            [campaign, limit],
        )
        return [(str(row["provider"]), int(str(row["n"]))) for row in rows]

    def steps_due(self, campaign: str, until: date) -> list[DueStep]:
        """Return open measures whose deadline comes no later than `until`: what has to be looked at again."""
        rows = self._db.query(
            # CROSS: from the few measures to their leads, not through the whole campaign
            """SELECT m.lead, m.kind, m.receiver, m.document, m.due FROM measures m CROSS JOIN leads l ON l.number = m.lead
               WHERE l.campaign = ? AND m.due IS NOT NULL AND m.due <= ? AND m.id = (SELECT max(o.id) FROM measures o
                 WHERE o.lead = m.lead AND o.kind = m.kind AND o.receiver = m.receiver AND o.document = m.document)
               AND m.state = 'open' ORDER BY m.due, m.lead LIMIT 100""",
            [campaign, until.isoformat()],
        )
        return [DueStep(*(str(row[name]) for name in ("lead", "kind", "receiver", "document", "due"))) for row in rows]

    def handled(self, campaign: str) -> list[Handled]:
        """Return the leads that may have to be looked at again: confirmed, handed over, or with a measure or a look."""
        rows = self._db.query(
            """SELECT number, judgement, found_at FROM leads INDEXED BY leads_judged
                 WHERE campaign = ? AND judgement IN ('confirmed', 'handed_over')
               UNION SELECT l.number, l.judgement, l.found_at FROM (SELECT lead FROM measures UNION SELECT lead FROM looks) AS few
                 CROSS JOIN leads l ON l.number = few.lead WHERE l.campaign = ? ORDER BY number""",
            [campaign, campaign],
        )
        return [
            Handled(str(row["number"]), Judgement(str(row["judgement"])), datetime.fromisoformat(str(row["found_at"])))
            for row in rows
        ]

    def posts(self) -> int:
        """Return how many posts are known."""
        return int(str(next(iter(self._db.query("SELECT count(*) AS n FROM posts")))["n"]))

    def decided_by(self, officer: str, since: str) -> int:
        """Return how many decisions an officer made since a moment."""
        rows = self._db.query(
            "SELECT count(*) AS n FROM judgements WHERE officer = ? AND at >= ? AND undone_at IS NULL", [officer, since]
        )
        return int(str(next(iter(rows))["n"]))

    def evidence_counts(self, campaign: str) -> dict[str, int]:
        """Return the orders for browser captures by state."""
        rows = self._db.query("SELECT state, count(*) AS n FROM capture_orders WHERE campaign = ? GROUP BY state", [campaign])
        return {str(row["state"]): int(str(row["n"])) for row in rows}
