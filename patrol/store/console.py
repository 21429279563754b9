"""The officers' desk: the queue of leads by any filter, one lead with what is linked to it, and the numbers on the tabs."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NoReturn

from patrol.errors import BadInput
from patrol.handling import Look, Measure
from patrol.model import State
from patrol.store.handling import measure_of
from patrol.store.reviewing import Stage
from patrol.store.rows import WORDS
from patrol.store.store import Store

_MOST_LINKED = 200
_CARD = """number, platform, source, grade, score, found_at, found_day, verdict, categories, title, author, region, excerpt, url,
    provider, evidence, stage, first_officer, second_officer, version"""
_ORDERS = {
    "weight": ("score", "DESC", "score DESC, number DESC"),
    "deadline": ("found_at", "ASC", "found_at, number"),
    "newest": ("found_at", "DESC", "found_at DESC, number DESC"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskFilter:
    """What an officer wants to see. Empty fields do not limit; `district` is the officer's own; days are inclusive, UTC+8.

    `numbers` limits to these leads (a text search); `excluding` hides leads that this officer decided first (they wait for
    somebody else).
    """

    campaign: str
    stage: str = ""
    grade: str = ""
    platform: str = ""
    verdict: str = ""
    category: str = ""
    provider: str = ""
    since: str = ""
    until: str = ""
    district: str = ""
    excluding: str = ""
    numbers: tuple[str, ...] | None = None
    order: str = "weight"


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One lead as the queue shows it. `version` counts the changes of its decisions."""

    number: str
    platform: str
    source: str
    grade: str
    score: float
    found_at: datetime
    verdict: str
    categories: tuple[str, ...]
    title: str
    author: str
    region: str
    excerpt: str
    url: str
    provider: str
    evidence: str
    stage: Stage
    first_officer: str
    second_officer: str
    version: int


@dataclass(frozen=True, slots=True)
class Published:
    """One post of an account; `number` is its lead in this campaign, empty when it is none."""

    title: str
    url: str
    published_shown: str
    last_seen: str
    number: str


class ConsoleBook:
    """What the console reads of leads."""

    def __init__(self, store: Store) -> None:
        self._db = store.database

    def queue(self, wanted: DeskFilter, *, after: str = "", limit: int = 50) -> tuple[list[Card], str]:
        """Return a page of the queue and the cursor of the next page (empty: no more)."""
        column, way, order = _ORDERS.get(wanted.order, _ORDERS["weight"])
        where, values = _conditions(wanted)
        if after:
            mark, _, number = after.partition("~")
            sign = "<" if way == "DESC" else ">"
            where += f" AND ({column}, number) {sign} (?, ?)"
            values += [float(mark) if column == "score" and _is_number(mark) else mark, number]
        sql = f"SELECT {_CARD} FROM lead_desk WHERE {where} ORDER BY {order} LIMIT ?"  # noqa: S608
        cards = [_card(row) for row in self._db.query(sql, [*values, limit + 1])]
        if len(cards) <= limit:
            return cards, ""
        last = cards[limit - 1]
        return cards[:limit], f"{last.score if column == 'score' else last.found_at.isoformat()}~{last.number}"

    def card(self, number: str) -> Card:
        """Return one lead's row; BadInput when there is no such number."""
        for row in self._db.query(f"SELECT {_CARD} FROM lead_desk WHERE number = ?", [number]):  # noqa: S608
            return _card(row)
        return self.refuse(number)

    def campaign_of(self, number: str) -> str:
        """Return the campaign of a lead; empty when there is no such number."""
        return next(
            (str(row["campaign"]) for row in self._db.query("SELECT campaign FROM lead_desk WHERE number = ?", [number])), ""
        )

    def stages(self, campaign: str, district: str = "") -> dict[Stage, int]:
        """Return how many leads stand in each stage."""
        rows = self._db.query(
            """SELECT stage, sum(n) AS n FROM lead_stage_counts WHERE campaign = ?
               AND (? = '' OR region = '' OR instr(region, ?) > 0) GROUP BY stage""",
            [campaign, district, district],
        )
        found = {Stage(str(row["stage"])): int(str(row["n"])) for row in rows}
        return {stage: found.get(stage, 0) for stage in Stage}

    def waiting(self, district: str = "") -> dict[str, int]:
        """Return how many leads wait for a first review, by campaign; campaigns where none waits are left out."""
        rows = self._db.query(
            """SELECT campaign, sum(n) AS n FROM lead_stage_counts WHERE stage = ?
               AND (? = '' OR region = '' OR instr(region, ?) > 0) GROUP BY campaign HAVING sum(n) > 0""",
            [Stage.NEW.value, district, district],
        )
        return {str(row["campaign"]): int(str(row["n"])) for row in rows}

    def facet(self, wanted: DeskFilter, column: str) -> list[tuple[str, int]]:
        """Return how many leads each value of a column has under a filter, most first. `column`: platform, verdict or grade."""
        if column not in {"platform", "verdict", "grade"}:
            raise BadInput(f"不能按“{column}”统计")
        where, values = _conditions(wanted)
        sql = f"SELECT {column} AS value, count(*) AS n FROM lead_desk WHERE {where} GROUP BY {column} ORDER BY n DESC"  # noqa: S608
        return [(str(row["value"]), int(str(row["n"]))) for row in self._db.query(sql, values)]

    def linked(self, number: str, campaign: str) -> list[tuple[Card, tuple[str, ...]]]:
        """Return other leads of the campaign that share a contact or an account with this one, and what they share.

        What more than 200 leads share (a platform's own hotline) links nothing.
        """
        keys = self.keys(number)
        shared: dict[str, list[str]] = {}
        for key in keys:
            rows = list(self._db.query("SELECT number FROM lead_keys WHERE key = ? LIMIT ?", [key, _MOST_LINKED + 1]))
            if len(rows) > _MOST_LINKED:
                continue
            for row in rows:
                if row["number"] != number:
                    shared.setdefault(str(row["number"]), []).append(key)
        if not shared:
            return []
        # the order of the join is fixed: from the few numbers to their rows, not through the whole campaign
        sql = f"""SELECT {_CARD} FROM json_each(?) AS wanted CROSS JOIN lead_desk ON number = wanted.value
            WHERE campaign = ? ORDER BY found_at"""  # noqa: S608
        rows = list(self._db.query(sql, [json.dumps(list(shared)), campaign]))
        return [(card, tuple(shared[card.number])) for card in (_card(row) for row in rows)]

    def measures(self, number: str) -> list[Measure]:
        """Return the measures on one lead, oldest first; of several rows on one step, the latest stands."""
        rows = self._db.query("SELECT * FROM measures WHERE lead = ? ORDER BY at, id", [number])
        steps = {(one.kind, one.to, one.document): one for one in (measure_of(row) for row in rows)}
        return list(steps.values())

    def refuse(self, number: str) -> NoReturn:
        """Answer for a lead that is not this officer's as for one that does not exist."""
        raise BadInput(f"没有编号为“{number[:40]}”的线索；请核对线索编号")

    def keys(self, number: str) -> list[str]:
        """Return what a lead can be linked by (`phone:…`, `author:platform:…`)."""
        return [str(row["key"]) for row in self._db.query("SELECT key FROM lead_keys WHERE number = ? ORDER BY key", [number])]

    def account_posts(self, platform: str, author_id: str) -> int:
        """Return how many posts of one account are known."""
        if not author_id:
            return 0
        rows = self._db.query("SELECT count(*) AS n FROM posts WHERE platform = ? AND author_id = ?", [platform, author_id])
        return int(str(next(iter(rows))["n"]))

    def looks(self, number: str) -> list[Look]:
        """Return the later looks at one lead, oldest first."""
        rows = self._db.query("SELECT * FROM looks WHERE lead = ? ORDER BY at, id", [number])
        return [
            Look(
                lead=str(row["lead"]),
                at=datetime.fromisoformat(str(row["at"])),
                state=State(str(row["state"])),
                note=str(row["note"]),
                evidence=str(row["evidence"]),
            )
            for row in rows
        ]

    def account_history(self, platform: str, author_id: str, campaign: str, limit: int = 12) -> list[Published]:
        """Return what an account published, as far as it is known, the latest seen first."""
        if not author_id:
            return []
        rows = self._db.query(
            """SELECT p.title, p.url, p.published_shown, p.last_seen, coalesce(l.number, '') AS number FROM posts p
               LEFT JOIN leads l ON l.post_key = p.key AND l.campaign = ?
               WHERE p.platform = ? AND p.author_id = ? ORDER BY p.last_seen DESC LIMIT ?""",
            [campaign, platform, author_id, limit],
        )
        names = ("title", "url", "published_shown", "last_seen", "number")
        return [Published(*(str(row[name]) for name in names)) for row in rows]

    def provider_sizes(self, campaign: str, providers: Sequence[str]) -> dict[str, int]:
        """Return how many leads of the campaign each provider has."""
        sql = """SELECT provider, count(*) AS n FROM lead_desk WHERE campaign = ? AND provider IN (SELECT value FROM json_each(?))
                 GROUP BY provider"""
        rows = self._db.query(sql, [campaign, json.dumps(list(dict.fromkeys(providers)))])
        return {str(row["provider"]): int(str(row["n"])) for row in rows}

    def capture_note(self, evidence: str) -> tuple[str, str]:
        """Return the state of a lead's order for a browser capture and its note; ('', '') when none was given."""
        rows = self._db.query("SELECT state, note FROM capture_orders WHERE evidence = ?", [evidence])
        return next(((str(row["state"]), str(row["note"])) for row in rows), ("", ""))

    def screenings_of(self, post_key: str) -> list[tuple[str, str, float, str, str]]:
        """Return how a post was judged over time: (moment, grade, score, rules version, list version), oldest first."""
        rows = self._db.query(
            """SELECT screened_at, grade, score, rules_version, list_version FROM screenings WHERE post_key = ? ORDER BY id""",
            [post_key],
        )
        return [
            (str(r["screened_at"]), str(r["grade"]), float(str(r["score"])), str(r["rules_version"]), str(r["list_version"]))
            for r in rows
        ]


def _conditions(wanted: DeskFilter) -> tuple[str, list[object]]:
    # with a few numbers given, a + keeps SQLite from walking a whole stage in order
    plain = "+" if wanted.numbers is not None else ""
    where, values = [f"{plain}campaign = ?"], [wanted.campaign]
    extra: list[object] = []
    for column in ("stage", "grade", "platform", "verdict", "provider"):
        if value := getattr(wanted, column):
            where.append(f"{plain}{column} = ?")
            extra.append(value)
    conditions = (
        ("instr(categories, ?) > 0", f'"{wanted.category}"' if wanted.category else ""),
        ("found_day >= ?", wanted.since),
        ("found_day <= ?", wanted.until),
        ("(region = '' OR instr(region, ?) > 0)", wanted.district),
        ("first_officer <> ?", wanted.excluding),
        ("second_officer <> ?", wanted.excluding),
    )
    for clause, value in conditions:
        if value:
            where.append(clause)
            extra.append(value)
    if wanted.numbers is not None:
        where.append("number IN (SELECT value FROM json_each(?))")
        extra.append(json.dumps(wanted.numbers))
    return " AND ".join(where), [*values, *extra]


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _card(row: Mapping[str, object]) -> Card:
    return Card(
        number=str(row["number"]),
        platform=str(row["platform"]),
        source=str(row["source"]),
        grade=str(row["grade"]),
        score=float(str(row["score"])),
        found_at=datetime.fromisoformat(str(row["found_at"])),
        verdict=str(row["verdict"]),
        categories=WORDS.validate_json(str(row["categories"])),
        title=str(row["title"]),
        author=str(row["author"]),
        region=str(row["region"]),
        excerpt=str(row["excerpt"]),
        url=str(row["url"]),
        provider=str(row["provider"]),
        evidence=str(row["evidence"]),
        stage=Stage(str(row["stage"])),
        first_officer=str(row["first_officer"]),
        second_officer=str(row["second_officer"]),
        version=int(str(row["version"])),
    )
