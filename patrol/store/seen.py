"""What was seen before: pages with their validators and digests, and posts that say the same as an earlier lead.

Written inside the transaction that keeps the page: what is remembered here is judged and stored.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from patrol.model import Post, Screening, Visit
from patrol.store.rows import POST

STATEMENTS = (
    """CREATE TABLE seen_pages (campaign TEXT NOT NULL, url TEXT NOT NULL, etag TEXT NOT NULL, modified TEXT NOT NULL,
       sha256 TEXT NOT NULL, judged_by TEXT NOT NULL, run TEXT NOT NULL, at TEXT NOT NULL, PRIMARY KEY (campaign, url))
       WITHOUT ROWID""",
    "CREATE TABLE judging (campaign TEXT PRIMARY KEY, judged_by TEXT NOT NULL) WITHOUT ROWID",
    """CREATE TABLE unchanged_visits (run TEXT NOT NULL, url TEXT NOT NULL, campaign TEXT NOT NULL, source TEXT NOT NULL,
       at TEXT NOT NULL, PRIMARY KEY (run, url)) WITHOUT ROWID""",
    "CREATE INDEX unchanged_coverage ON unchanged_visits(campaign, at)",
    """CREATE TABLE twins (campaign TEXT NOT NULL, post_key TEXT NOT NULL, of_key TEXT NOT NULL, source TEXT NOT NULL,
       at TEXT NOT NULL, PRIMARY KEY (campaign, post_key)) WITHOUT ROWID""",
)
_MOST_EARLIER = 200
_EARLIER = """SELECT p.record FROM posts p JOIN leads l ON l.post_key = p.key
  WHERE p.platform = ? AND p.author_id = ? AND l.campaign = ? AND p.author = ? AND p.kind = 'detail' AND p.key <> ?
  ORDER BY l.number DESC LIMIT ?"""


@dataclass(frozen=True, slots=True)
class SeenPage:
    """One page as it was last read in full: its validators, the digest of its bytes, and what it was judged by, in which run."""

    etag: str
    modified: str
    sha256: str
    judged_by: str
    run: str
    at: datetime


class SeenBook:
    """What a campaign has seen, on an open connection; the caller holds the transaction of every writing verb."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def begin(self, campaign: str, judged_by: str) -> None:
        """Note what this campaign's posts are judged by from now on: what was judged by anything else is judged anew."""
        self._db.execute("INSERT OR REPLACE INTO judging VALUES (?, ?)", (campaign, judged_by))

    def in_force(self, campaign: str) -> str:
        """Return what a campaign's posts are judged by now; "" when nothing was noted."""
        row = self._db.execute("SELECT judged_by FROM judging WHERE campaign = ?", (campaign,)).fetchone()
        return str(row[0]) if row else ""

    def page(self, campaign: str, url: str) -> SeenPage | None:
        """Return what is remembered of a page of this campaign."""
        row = self._db.execute(
            "SELECT etag, modified, sha256, judged_by, run, at FROM seen_pages WHERE campaign = ? AND url = ?", (campaign, url)
        ).fetchone()
        if row is None:
            return None
        etag, modified, sha256, judged_by, run, at = map(str, row)
        return SeenPage(etag, modified, sha256, judged_by, run, datetime.fromisoformat(at))

    def remember(self, visit: Visit, run: str, campaign: str, judged_by: str) -> None:
        """Remember a page that was read, or that it is what it was."""
        at = visit.at.isoformat()
        if visit.unchanged:
            row = (run, visit.url, campaign, visit.source, at)
            self._db.execute("INSERT OR IGNORE INTO unchanged_visits VALUES (?, ?, ?, ?, ?)", row)
        if visit.unchanged and visit.status != 304:
            self._db.execute("UPDATE seen_pages SET at = ? WHERE campaign = ? AND url = ?", (at, campaign, visit.final_url))
        elif not visit.unchanged and judged_by and visit.sha256 and visit.final_url and visit.kind != "image":
            if visit.state.covered:
                known = (campaign, visit.final_url, visit.etag, visit.modified, visit.sha256, judged_by, run, at)
                self._db.execute("INSERT OR REPLACE INTO seen_pages VALUES (?, ?, ?, ?, ?, ?, ?, ?)", known)
            else:
                self._db.execute("DELETE FROM seen_pages WHERE campaign = ? AND url = ?", (campaign, visit.final_url))

    def leads_of(self, campaign: str, keys: Sequence[str]) -> list[str]:
        """Return the numbers of the leads that these posts are."""
        marks = ", ".join("?" * len(keys))
        rows = self._db.execute(
            f"SELECT number FROM leads WHERE campaign = ? AND post_key IN ({marks}) ORDER BY number",  # noqa: S608
            (campaign, *keys),
        )
        return [str(row[0]) for row in rows]

    def is_lead(self, campaign: str, key: str) -> bool:
        """Tell whether a post is a lead already."""
        row = self._db.execute("SELECT 1 FROM leads WHERE campaign = ? AND post_key = ?", (campaign, key)).fetchone()
        return row is not None

    def earlier_leads(self, campaign: str, post: Post) -> Iterator[Post]:
        """Yield the posts of the same author on the same platform that are leads, newest first."""
        values = (post.platform, post.author_id, campaign, post.author, post.key, _MOST_EARLIER)
        for row in self._db.execute(_EARLIER, values):
            yield POST.validate_json(row[0])

    def link_twin(self, screening: Screening, campaign: str, source: str) -> None:
        """Keep that a post says what an earlier lead says: it is no second lead."""
        row = (campaign, screening.post.key, screening.twin, source, screening.screened_at.isoformat())
        self._db.execute("INSERT OR IGNORE INTO twins VALUES (?, ?, ?, ?, ?)", row)
