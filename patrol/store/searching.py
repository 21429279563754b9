"""Full-text search over Chinese posts by character pairs: the index, how it catches up, and what a query finds.

SQLite's own tokenizers see a Chinese sentence as one word. So every run of Chinese characters is indexed as its overlapping
pairs (and its last character), other letters and digits as whole words. A query asks for all its pairs at once; what the index
returns is checked against the text itself, so a hit always holds the words as they were typed.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from patrol.store.connection import immediate
from patrol.store.store import Store

_RUN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]+|[0-9a-z]+")
_LEAD = "xxlead"
_MOST_CHARACTERS = 20_000
_BATCH = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One post that holds what was asked for; `lead` is its number in the campaign when it is one."""

    key: str
    platform: str
    url: str
    title: str
    text: str
    author: str
    published_shown: str
    last_seen: str
    lead: str = ""
    doc: int = 0


def words_of(text: str) -> Iterator[str]:
    """Yield the index words of a text: character pairs of Chinese runs (and their last character), other words whole."""
    for match in _RUN.finditer(text[:_MOST_CHARACTERS].lower()):
        run = match.group()
        if run[0] < "\u3400":
            yield run
            continue
        for at in range(len(run) - 1):
            yield run[at : at + 2]
        yield run[-1]


def expression_of(query: str, *, leads_only: bool = False) -> str:
    """Return the FTS5 expression for what an officer typed; empty when it holds nothing that can be searched for."""
    parts = [part for match in _RUN.finditer(query.lower()) for part in _asked(match.group())]
    if not parts:
        return ""
    return " AND ".join(dict.fromkeys([*([f'"{_LEAD}"'] if leads_only else []), *parts]))


def _asked(run: str) -> list[str]:
    if run[0] < "\u3400" or len(run) == 1:
        return [f'"{run}"*']
    return [f'"{run[at : at + 2]}"' for at in range(len(run) - 1)]


class SearchBook:
    """The search index of a workspace."""

    def __init__(self, store: Store) -> None:
        self._db = store.database

    def pending(self) -> int:
        """Return how many posts are not in the index yet."""
        return int(str(next(iter(self._db.query("SELECT count(*) AS n FROM search_pending")))["n"]))

    def catch_up(self, limit: int = _BATCH) -> int:
        """Index some of the posts that wait; return how many. Short transactions, so that a sweep is not held up."""
        rows = list(
            self._db.query(
                """SELECT w.post, p.title, p.text, p.author, p.record ->> '$.image_texts' AS pictures,
                   EXISTS (SELECT 1 FROM leads l WHERE l.post_key = w.post) AS is_lead
                   FROM search_pending w LEFT JOIN posts p ON p.key = w.post LIMIT ?""",
                [limit],
            )
        )
        prepared = [(str(row["post"]), _indexed(row)) for row in rows]
        if not prepared:
            return 0
        with immediate(self._db):
            for post, words in prepared:
                self._db.conn.execute("DELETE FROM search_docs WHERE post = ?", [post])
                doc = self._next_doc()
                self._db.conn.execute("INSERT INTO search_docs (doc, post) VALUES (?, ?)", [doc, post])
                self._db.conn.execute("INSERT INTO post_words (rowid, words) VALUES (?, ?)", [doc, words])
                self._db.conn.execute("DELETE FROM search_pending WHERE post = ?", [post])
        return len(prepared)

    def _next_doc(self) -> int:
        # numbers are never used twice: an old text of a post stays in the index without a post to point to
        row = self._db.conn.execute(
            """INSERT INTO console_facts (name, value) VALUES ('search_doc', '1')
               ON CONFLICT (name) DO UPDATE SET value = CAST(value AS INTEGER) + 1 RETURNING value"""
        ).fetchone()
        return int(row[0])

    def posts(self, query: str, *, campaign: str = "", platform: str = "", before: int = 0, limit: int = 30) -> list[Found]:
        """Return posts that hold every part of the query, latest indexed first; `before` is the `doc` to go on from."""
        expression = expression_of(query)
        if not expression:
            return []
        where, values = self._literal(query)
        if platform:
            where += " AND p.platform = ?"
            values.append(platform)
        sql = f"""SELECT w.rowid AS doc, p.*, coalesce(l.number, '') AS lead FROM post_words w
            CROSS JOIN search_docs d ON d.doc = w.rowid CROSS JOIN posts p ON p.key = d.post
            LEFT JOIN leads l ON l.campaign = ? AND l.post_key = p.key
            WHERE post_words MATCH ? AND w.rowid < ? {where} ORDER BY w.rowid DESC LIMIT ?"""  # noqa: S608
        rows = self._db.query(sql, [campaign, expression, before or 2**62, *values, limit])
        return [_found(row) for row in rows]

    def lead_numbers(self, query: str, *, campaign: str, limit: int = 500) -> list[str]:
        """Return the numbers of a campaign's leads whose posts hold the query, latest indexed first."""
        expression = expression_of(query, leads_only=True)
        if not expression:
            return []
        where, values = self._literal(query)
        sql = f"""SELECT l.number FROM post_words w CROSS JOIN search_docs d ON d.doc = w.rowid
            CROSS JOIN leads l ON l.campaign = ? AND l.post_key = d.post CROSS JOIN posts p ON p.key = d.post
            WHERE post_words MATCH ? {where} ORDER BY w.rowid DESC LIMIT ?"""  # noqa: S608
        return [str(row["number"]) for row in self._db.query(sql, [campaign, expression, *values, limit])]

    def _literal(self, query: str) -> tuple[str, list[object]]:
        """Return the condition that the text really holds each part (the index knows pairs, not their order)."""
        parts = query.split()
        wanted: Sequence[str] = [part for part in parts if len(part) > 2]
        clause = " AND instr(lower(p.title || ' ' || p.text || ' ' || p.author || p.record), lower(?)) > 0"
        return clause * len(wanted), list(wanted)


def _indexed(row: dict[str, object]) -> str:
    if row["text"] is None:
        return ""
    parts = (row["title"], row["text"], row["author"], row["pictures"] or "")
    words = dict.fromkeys(word for part in parts for word in words_of(str(part)))
    return " ".join([*words, *([_LEAD] if row["is_lead"] else [])])


def _found(row: dict[str, object]) -> Found:
    return Found(
        key=str(row["key"]),
        platform=str(row["platform"]),
        url=str(row["url"]),
        title=str(row["title"]),
        text=str(row["text"]),
        author=str(row["author"]),
        published_shown=str(row["published_shown"]),
        last_seen=str(row["last_seen"]),
        lead=str(row["lead"]),
        doc=int(str(row["doc"])),
    )
