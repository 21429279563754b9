"""Read labelled posts, and answers to score against them; JSON Lines, refused whole at the first fault.

The labels follow one rule: `violation` when lessons in a school subject are offered, sought or brokered for pupils or for
children from three years up, whatever the name; `ad_violation` when any off-campus training is advertised for minors; neither
when someone reports, regulates, asks, complains, teaches for free, sells goods or trains adults.
"""

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Final, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from detectors.model import Detection, Document
from patrol.errors import BadInput, in_words

CATEGORIES: Final = (
    "subject_ad",
    "holiday_class",
    "unlicensed_claim",
    "matchmaking",
    "disguised_name",
    "false_promise",
    "preschool_subject",
    "home_teacher",
    "recorded_or_companion",
    "price_violation",
    "inservice_teacher",
)
TRICKS: Final = (
    "homophone",
    "pinyin",
    "initials",
    "emoji",
    "split_char",
    "inserted_symbols",
    "zero_width",
    "fullwidth",
    "traditional",
    "lookalike",
    "leetspeak_digits",
    "vague_euphemism",
    "denial",
    "image_text",
    "coded_time",
    "coded_contact",
    "none",
)
# An advertisement for other training may breach these two as well; the rest are breaches of subject tutoring only.
_AD_ONLY_CATEGORIES: Final = frozenset({"price_violation", "false_promise"})


class LabelledPost(BaseModel):
    """A post and what is true of it; `must_quote` are the words that a good explanation highlights."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=False)

    id: str
    text: str
    title: str = ""
    platform: str = ""
    published_at: date | None = None
    region: str = ""
    violation: bool
    ad_violation: bool
    categories: tuple[str, ...]
    tricks: tuple[str, ...]
    must_quote: tuple[str, ...]
    note: str

    @property
    def kind(self) -> str:
        """Return the part of the note that groups clean posts."""
        return self.note.split(":")[0].strip()

    def document(self) -> Document:
        """Return the post as a detector sees it: without its labels."""
        return Document(
            id=self.id,
            text=self.text,
            title=self.title,
            platform=self.platform,
            published_at=self.published_at,
            region=self.region,
        )


class Span(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    start: int
    end: int
    quote: str


class Answer(BaseModel):
    """What detection said of one post, as far as it is scored."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    id: str
    violation: bool
    ad_violation: bool
    categories: tuple[str, ...]
    findings: tuple[Span, ...] = ()

    @classmethod
    def of(cls, post_id: str, detection: Detection) -> "Answer":
        """Return the answer that a detection gives for a post."""
        spans = tuple(Span(start=one.start, end=one.end, quote=one.quote) for one in detection.findings)
        return cls(
            id=post_id,
            violation=detection.violation,
            ad_violation=detection.ad_violation,
            categories=detection.categories,
            findings=spans,
        )


Labelled = TypeVar("Labelled", bound=BaseModel)


def read_posts(path: Path) -> tuple[LabelledPost, ...]:
    """Return the labelled posts of a file, or refuse it whole at the first label that contradicts the rule."""
    posts: dict[str, LabelledPost] = {}
    for number, line in _lines(path):
        post = _record(LabelledPost, line, path, number)
        if post.id in posts:
            raise BadInput(f"编号 {post.id} 重复", file=path, line=number, field="id")
        for field, reason in _contradictions(post):
            raise BadInput(reason, file=path, line=number, field=field)
        posts[post.id] = post
    if not posts:
        raise BadInput("文件里没有任何帖子", file=path)
    return tuple(posts.values())


def read_answers(path: Path) -> dict[str, Answer]:
    """Return the answers of a file by post id."""
    answers: dict[str, Answer] = {}
    for number, line in _lines(path):
        answer = _record(Answer, line, path, number)
        if answer.id in answers:
            raise BadInput(f"编号 {answer.id} 重复", file=path, line=number, field="id")
        answers[answer.id] = answer
    return answers


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    try:
        with path.open(encoding="utf-8") as lines:
            yield from ((number, line) for number, line in enumerate(lines, 1) if line.strip())
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"无法读取（{in_words(error)}）；请检查路径和编码（应为 UTF-8）", file=path) from error


def _record(kind: type[Labelled], line: str, path: Path, number: int) -> Labelled:
    try:
        return kind.model_validate(json.loads(line))
    except ValueError as error:
        fault = error.errors(include_url=False)[0] if isinstance(error, ValidationError) else None
        field = ".".join(str(part) for part in fault["loc"]) if fault else None
        raise BadInput(f"不是有效的记录（{fault['msg'] if fault else error}）", file=path, line=number, field=field) from error


def _contradictions(post: LabelledPost) -> Iterator[tuple[str, str]]:
    """Yield field and reason for each label that breaks the labelling rule."""
    yield from (("must_quote", f"“{quote}”不在正文里") for quote in post.must_quote if not quote or quote not in post.text)
    yield from (("tricks", f"没有“{trick}”这种手法") for trick in post.tricks if trick not in TRICKS)
    yield from (("categories", f"没有“{name}”这个类别") for name in post.categories if name not in CATEGORIES)
    if not post.tricks or ("none" in post.tricks and len(post.tricks) > 1):
        yield "tricks", "没有手法时写 none，有手法时不写 none"
    if post.violation and not (post.ad_violation and post.categories and post.must_quote):
        yield "violation", "学科类违规同时是广告违规，且须有类别和引文"
    if not post.violation and not _AD_ONLY_CATEGORIES.issuperset(post.categories):
        yield "categories", f"非学科类帖子只能有类别 {'、'.join(sorted(_AD_ONLY_CATEGORIES))}"
    if not post.ad_violation and (post.categories or post.must_quote):
        yield "ad_violation", "无违规的帖子不能有类别或引文"
