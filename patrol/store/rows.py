"""How records become rows and rows become records again. Nothing here speaks SQL."""

from collections.abc import Mapping
from datetime import datetime

from pydantic import TypeAdapter

from detectors.model import Detection
from patrol.model import Issue, Judgement, Lead, Match, Post, Run, Screening

POST = TypeAdapter(Post)
DETECTION = TypeAdapter(Detection)
MATCH = TypeAdapter(Match)
COUNTS: TypeAdapter[dict[str, int]] = TypeAdapter(dict[str, int])
WORDS: TypeAdapter[tuple[str, ...]] = TypeAdapter(tuple[str, ...])
_EXCERPT_LENGTH = 300


def clean(text: str) -> str:
    # SQLite stores UTF-8: a lone surrogate from a broken page would refuse the whole page
    if text.isascii():
        return text
    return text.encode("utf-8", "replace").decode("utf-8")


def dump(adapter: TypeAdapter[Post] | TypeAdapter[Detection] | TypeAdapter[Match], value: Post | Detection | Match) -> str:
    return adapter.dump_json(value).decode("utf-8")  # type: ignore[arg-type]


def moment(value: object) -> datetime:
    return datetime.fromisoformat(str(value))


def run_of(row: Mapping[str, object]) -> Run:
    return Run(
        id=str(row["id"]),
        campaign=str(row["campaign"]),
        source=str(row["source"]),
        started_at=moment(row["started_at"]),
        ended_at=moment(row["ended_at"]) if row["ended_at"] else None,
        outcome=str(row["outcome"]),
        counts=COUNTS.validate_json(str(row["counts"])),
        error=str(row["error"]),
    )


def lead_of(row: Mapping[str, object]) -> Lead:
    post = POST.validate_json(str(row["record"]))
    match = MATCH.validate_json(str(row["match"]))
    screening = Screening(
        post=post,
        detection=DETECTION.validate_json(str(row["detection"])),
        match=match,
        screened_at=moment(row["screened_at"]),
        grade=str(row["grade"]),
    )
    return Lead(
        number=str(row["number"]),
        post_key=str(row["post_key"]),
        platform=post.platform,
        url=post.url,
        title=post.title,
        author=post.author,
        excerpt=post.text[:_EXCERPT_LENGTH],
        categories=WORDS.validate_json(str(row["categories"])),
        score=float(str(row["score"])),
        grade=str(row["grade"]),
        match=match,
        found_at=moment(row["found_at"]),
        judgement=Judgement(str(row["judgement"])),
        evidence=str(row["evidence"]),
        screening=screening,
        source=str(row["source"]),
    )


def new_lead(number: str, screening: Screening, source: str) -> Lead:
    post, detection = screening.post, screening.detection
    return Lead(
        number=number,
        post_key=post.key,
        platform=post.platform,
        url=post.url,
        title=post.title,
        author=post.author,
        excerpt=post.text[:_EXCERPT_LENGTH],
        categories=detection.categories,
        score=detection.score,
        grade=screening.grade,
        match=screening.match,
        found_at=screening.screened_at,
        evidence=f"ZJ{number[2:]}",
        screening=screening,
        source=source,
    )


def issue_of(row: Mapping[str, object]) -> Issue:
    return Issue(
        source=str(row["source"]),
        cause=str(row["cause"]),
        text=str(row["text"]),
        threshold_why=str(row["threshold_why"]),
        opened_at=moment(row["opened_at"]),
        closed_at=moment(row["closed_at"]) if row["closed_at"] else None,
        times=int(str(row["times"])),
    )
