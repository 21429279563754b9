"""What words would change on the last posts: detected without and with them. `python -m patrol.console.trying`, JSON out."""

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from pydantic import TypeAdapter

from detectors import Detector
from detectors.model import Detection, Document
from patrol.calendar import judge_in
from patrol.campaigns import CHINA, load_campaign
from patrol.errors import PatrolError
from patrol.model import Post
from patrol.store import Store
from patrol.store.console_work import WorkBook

_POST = TypeAdapter(Post)
_SHOWN = 60
_EXCERPT = 120


@dataclass(frozen=True, slots=True)
class Change:
    """A post that would be judged otherwise."""

    key: str
    title: str
    excerpt: str
    before: str
    after: str


def grade(detection: Detection) -> str:
    """Return what a detection makes of a post, in Chinese."""
    if detection.violation:
        return "疑似学科类"
    return "疑似广告" if detection.ad_violation else "未见"


def try_command(
    workspace: Annotated[Path, typer.Option("--workspace")],
    rules: Annotated[list[Path], typer.Option("--rules")],
    before: Annotated[list[Path] | None, typer.Option("--before")] = None,
    posts: Annotated[int, typer.Option("--posts")] = 10_000,
    campaign: Annotated[Path | None, typer.Option("--campaign")] = None,
) -> None:
    """Print how many of the last posts would be judged otherwise, and which."""
    read = load_campaign(campaign) if campaign else None
    judge = judge_in(workspace, read.vacations if read else ())
    senior = read.include_senior if read else True
    old = Detector(judge_day=judge, senior=senior, extra_rules=tuple(before or ()))
    new = Detector(judge_day=judge, senior=senior, extra_rules=tuple(rules))
    store = Store.open(workspace)
    changes: list[Change] = []
    seen = more = less = again = 0
    for post in _posts(store, posts):
        seen += 1
        document = _document(post)
        one, other = old.detect(document), new.detect(document)
        again += len(one.findings) != len(other.findings)
        if grade(one) == grade(other):
            continue
        more += _rank(other) > _rank(one)
        less += _rank(other) < _rank(one)
        if len(changes) < _SHOWN:
            changes.append(Change(post.key, post.title, post.text[:_EXCERPT], grade(one), grade(other)))
    store.close()
    rows = [{"key": c.key, "title": c.title, "excerpt": c.excerpt, "before": c.before, "after": c.after} for c in changes]
    typer.echo(json.dumps({"posts": seen, "more": more, "less": less, "touched": again, "rows": rows}, ensure_ascii=False))


def _rank(detection: Detection) -> int:
    return 2 if detection.violation else int(detection.ad_violation)


def _posts(store: Store, limit: int) -> Iterator[Post]:
    for _, record in WorkBook(store).last_texts(limit):
        yield _POST.validate_json(record)


def _document(post: Post) -> Document:
    return Document(
        text=post.text,
        id=post.key,
        title=post.title,
        platform=post.platform,
        url=post.url,
        author=post.author,
        published_at=post.published_at.astimezone(CHINA).date() if post.published_at else None,
        region=post.region,
        image_texts=post.image_texts,
    )


if __name__ == "__main__":
    try:
        typer.run(try_command)
    except PatrolError as error:
        sys.stderr.write(f"错误：{error}\n")
        sys.exit(error.exit_code)
