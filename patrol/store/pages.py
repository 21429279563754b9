"""How a fetched page is written: its posts, what was concluded of them, its leads, its visit. The caller holds the transaction.

Written with the plain connection: every page of a sweep comes through here, and sqlite-utils guards each read with a savepoint.
"""

import hashlib
import sqlite3
from dataclasses import dataclass

from patrol.model import Campaign, Lead, Post, Screening, Visit
from patrol.store.rows import DETECTION, MATCH, POST, WORDS, clean, dump, new_lead
from patrol.store.seen import SeenBook

_VISIT = """INSERT OR REPLACE INTO visits (run, campaign, url, source, state, kind, status, items, reason, sha256, search_word,
    at)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""
_POST = """INSERT INTO posts (key, platform, url, title, text, author, author_id, published_at, published_shown, region, kind,
    content_digest, record, first_seen, last_seen) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (key) DO UPDATE SET title = excluded.title, text = excluded.text, author = excluded.author,
    author_id = excluded.author_id, published_at = excluded.published_at, published_shown = excluded.published_shown,
    content_digest = excluded.content_digest, record = excluded.record, last_seen = excluded.last_seen"""
_SCREENING = """INSERT OR IGNORE INTO screenings (post_key, campaign, content_digest, rules_version, list_version, run,
    screened_at, violation, ad_violation, score, grade, detection, match) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""
_SCREENING_ID = """SELECT id FROM screenings WHERE post_key = ? AND campaign = ? AND content_digest = ? AND rules_version = ?
  AND list_version = ?"""
# what officers judged stays as they saw it: with the words, rules and list version of that day
_LEAD_AGAIN = """UPDATE leads SET screening = ?, grade = ?, score = ?, categories = ?
  WHERE number = ? AND judgement = 'unreviewed'"""
_LEAD = """INSERT INTO leads (number, campaign, post_key, screening, source, found_at, grade, score, categories, evidence)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""
_ORDER = """INSERT OR IGNORE INTO capture_orders (evidence, lead, campaign, url, platform, device, ordered_at)
  VALUES (?, ?, ?, ?, ?, ?, ?)"""


def content_digest(post: Post) -> str:
    """Return the digest of what a post says: a change of words, title or picture text makes a new screening."""
    parts = (post.title, post.text, post.author, *post.image_texts)
    return hashlib.sha256("\x1f".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """Where pages are entered: the run, the campaign, the source, and the device that browser captures are ordered for.

    `judged_by` is a digest of what posts are judged by; "" remembers nothing.
    """

    run: str
    campaign: Campaign
    source: str
    device: str
    judged_by: str = ""


class Pages:
    """The writing of pages on an open connection."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db, self._seen = connection, SeenBook(connection)

    def keep_visit(self, visit: Visit, run: str, campaign: str, judged_by: str = "") -> None:
        """Keep the outcome of one page of a run; the same page again replaces the earlier outcome."""
        self._db.execute(
            _VISIT,
            (
                run,
                campaign,
                visit.url,
                visit.source,
                visit.state.value,
                visit.kind,
                visit.status,
                visit.items,
                visit.reason,
                visit.sha256,
                visit.search_word,
                visit.at.isoformat(),
            ),
        )
        self._seen.remember(visit, run, campaign, judged_by)

    def keep_screening(self, screening: Screening, book: Book) -> tuple[str, Lead | None]:
        """Keep a post and what we concluded.

        Return the number of its lead (empty: none), and the lead itself when it is new; a known one may have been judged and is
        for the caller to read.
        """
        digest = content_digest(screening.post)
        self._keep_post(screening, digest)
        screening_id = self._keep_conclusion(screening, digest, book)
        if screening.twin:
            self._seen.link_twin(screening, book.campaign.id, book.source)
        if not screening.is_lead:
            return "", None
        known = self._db.execute(
            "SELECT number FROM leads WHERE campaign = ? AND post_key = ?", (book.campaign.id, screening.post.key)
        ).fetchone()
        if known is None:
            made = self._new_lead(screening, screening_id, book)
            number = made.number
        else:
            made, number = None, str(known[0])
            words = WORDS.dump_json(screening.detection.categories).decode()
            self._db.execute(_LEAD_AGAIN, (screening_id, screening.grade, screening.detection.score, words, number))
        if book.device:
            self._order_capture(number, screening, book)
        return number, made

    def _keep_post(self, screening: Screening, digest: str) -> None:
        post, at = screening.post, screening.screened_at.isoformat()
        self._db.execute(
            _POST,
            (
                post.key,
                post.platform,
                clean(post.url),
                clean(post.title),
                clean(post.text),
                clean(post.author),
                clean(post.author_id),
                post.published_at.isoformat() if post.published_at else None,
                clean(post.published_shown),
                clean(post.region),
                post.kind,
                digest,
                dump(POST, post),
                at,
                at,
            ),
        )

    def _keep_conclusion(self, screening: Screening, digest: str, book: Book) -> int:
        detection, match = screening.detection, screening.match
        key = (screening.post.key, book.campaign.id, digest, detection.rules_version, match.list_version)
        made = self._db.execute(
            _SCREENING,
            (
                *key,
                book.run,
                screening.screened_at.isoformat(),
                detection.violation,
                detection.ad_violation,
                detection.score,
                screening.grade,
                dump(DETECTION, detection),
                dump(MATCH, match),
            ),
        )
        if made.rowcount == 1:
            return int(made.lastrowid or 0)
        return int(self._db.execute(_SCREENING_ID, key).fetchone()[0])

    def _new_lead(self, screening: Screening, screening_id: int, book: Book) -> Lead:
        lead = new_lead(self._next_number(book.campaign.start.year), screening, book.source)
        self._db.execute(
            _LEAD,
            (
                lead.number,
                book.campaign.id,
                lead.post_key,
                screening_id,
                lead.source,
                lead.found_at.isoformat(),
                lead.grade,
                lead.score,
                WORDS.dump_json(lead.categories).decode(),
                lead.evidence,
            ),
        )
        return lead

    def _next_number(self, year: int) -> str:
        prefix = f"XS{year}-"
        # a range, not LIKE: the newest is found at the end of the index however many there are
        row = self._db.execute(
            "SELECT number FROM leads WHERE number > ? AND number < ? ORDER BY number DESC LIMIT 1", (prefix, f"XS{year}.")
        ).fetchone()
        last = int(row[0][len(prefix) :]) if row else 0
        return f"{prefix}{last + 1:06d}"

    def _order_capture(self, number: str, screening: Screening, book: Book) -> None:
        post = screening.post
        order = (f"ZJ{number[2:]}", number, book.campaign.id, post.url, post.platform, book.device)
        self._db.execute(_ORDER, (*order, screening.screened_at.isoformat()))
