"""The committed scores of the shipped rules and weights on the labelled posts of fixtures/detection.

`python -m patrol.bench.scorecard` scores again and writes detection_scores.yml; the manual shows that file, and a test
refuses one that is not what the code gives.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from detectors import Detector
from patrol.bench.labels import Answer, LabelledPost, read_posts
from patrol.bench.scores import Scores, score
from patrol.errors import BadInput

SCORECARD: Final = Path(__file__).parent / "detection_scores.yml"
POSTS: Final = Path(__file__).parents[2] / "fixtures" / "detection"
_SETS: Final = {"blind": "盲测集", "heldout": "留出集"}
_AXES: Final = {"violation": "疑似学科类违规", "ad_violation": "校外培训广告"}
_HEAD: Final = "# 由 python -m patrol.bench.scorecard 写成，不要手改：随包规则和权重在 fixtures/detection 上的成绩，单位为条。\n"
_OUTCOMES: Final = ("hits", "extra", "missed", "passed")
Counts = dict[str, int]


class SetCard(BaseModel):
    """Counts of the posts of one set: by axis and outcome, by trick, by category."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    posts: int
    axes: dict[str, Counts]
    tricks: dict[str, Counts]
    categories: dict[str, Counts]


class Scorecard(BaseModel):
    """The counts of each labelled set by its file's stem, and the alarms on ordinary texts by axis."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    sets: dict[str, SetCard]
    ordinary: int
    ordinary_alarms: Counts


def scored(folder: Path = POSTS) -> Scorecard:
    """Return the scores of detection as it is now; takes seconds."""
    ordinary = _score(read_posts(folder / "ordinary.jsonl"))
    return Scorecard(
        sets={name: _card(_score(read_posts(folder / f"{name}.jsonl"))) for name in _SETS},
        ordinary=ordinary.posts,
        ordinary_alarms={one.axis: one.extra for one in ordinary.axes},
    )


def _card(scores: Scores) -> SetCard:
    return SetCard(
        posts=scores.posts,
        axes={one.axis: {name: getattr(one, name) for name in _OUTCOMES} for one in scores.axes},
        tricks={one.name: {"found": one.found, "total": one.total} for one in scores.tricks},
        categories={one.name: {"due": one.due, "given": one.given, "named": one.named} for one in scores.categories},
    )


def _score(posts: tuple[LabelledPost, ...]) -> Scores:
    detector = Detector()
    return score(posts, {post.id: Answer.of(post.id, detector.detect(post.document())) for post in posts})


def read_scorecard(path: Path = SCORECARD) -> Scorecard:
    """Return the committed scores; BadInput when the file is not one."""
    try:
        return Scorecard.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (OSError, ValidationError, yaml.YAMLError) as error:
        raise BadInput("不是成绩文件；请运行 python -m patrol.bench.scorecard", file=path) from error


def written(card: Scorecard) -> str:
    """Return the text of the committed file."""
    return _HEAD + yaml.safe_dump(card.model_dump(), allow_unicode=True, sort_keys=False)


def shown(card: Scorecard) -> str:
    """Return the tables of the manual, in Markdown."""
    sets = "，".join(f"{name} {card.sets[stem].posts} 条" for stem, name in _SETS.items())
    alarms = "，".join(f"{_AXES[axis]}误报 {count} 条" for axis, count in card.ordinary_alarms.items())
    told = f"{sets}；日常文字 {card.ordinary} 条，其中{alarms}。\n"
    return "\n".join([told, *_axis_lines(card), "", *_trick_lines(card), "", *_category_lines(card), ""])


def _axis_lines(card: Scorecard) -> Iterator[str]:
    yield "| 集 | 判定 | 精确率 | 召回率 | F1 | 命中 | 误报 | 漏报 |\n|---|---|---|---|---|---|---|---|"
    for stem, name in _SETS.items():
        for axis, one in card.sets[stem].axes.items():
            hits, extra, missed = one["hits"], one["extra"], one["missed"]
            rates = (_rate(hits, hits + extra), _rate(hits, hits + missed), _rate(2 * hits, 2 * hits + extra + missed))
            yield f"| {name} | {_AXES[axis]} | {' | '.join(rates)} | {hits} | {extra} | {missed} |"


def _trick_lines(card: Scorecard) -> Iterator[str]:
    yield f"| 手法 | {' | '.join(f'{name}召回率（找到/应有）' for name in _SETS.values())} |\n|---|{'---|' * len(_SETS)}"
    for trick in dict.fromkeys(trick for one in card.sets.values() for trick in one.tricks):
        yield f"| `{trick}` | {' | '.join(_found(card.sets[stem], trick) for stem in _SETS)} |"


def _found(card: SetCard, trick: str) -> str:
    counts = card.tricks.get(trick)
    return f"{_rate(counts['found'], counts['total'])}（{counts['found']}/{counts['total']}）" if counts else "—"


def _category_lines(card: Scorecard) -> Iterator[str]:
    yield f"| 类别 | {' | '.join(f'{name}召回率 | 精确率' for name in _SETS.values())} |\n|---|{'---|---|' * len(_SETS)}"
    for category in dict.fromkeys(category for one in card.sets.values() for category in one.categories):
        yield f"| `{category}` | {' | '.join(_named(card.sets[stem], category) for stem in _SETS)} |"


def _named(card: SetCard, category: str) -> str:
    counts = card.categories.get(category)
    return f"{_rate(counts['named'], counts['due'])} | {_rate(counts['named'], counts['given'])}" if counts else "— | —"


def _rate(part: int, whole: int) -> str:
    return f"{part / whole:.3f}" if whole else "—"


if __name__ == "__main__":
    SCORECARD.write_text(written(scored()), encoding="utf-8")
    sys.stdout.write(shown(read_scorecard()))
