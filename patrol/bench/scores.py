"""Score detection against labelled posts: how much is found, what is named, where it cries wolf, what it points at."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from patrol.bench.labels import Answer, LabelledPost, Span
from patrol.errors import BadInput

AXES: Final = ("violation", "ad_violation")
_AXIS_WORDS: Final = {"violation": "疑似学科类违规", "ad_violation": "校外培训广告"}
Pairs = tuple[tuple[LabelledPost, Answer], ...]


@dataclass(frozen=True, slots=True)
class AxisScore:
    """How one axis came out, in posts."""

    axis: str
    hits: int
    extra: int
    missed: int
    passed: int

    @property
    def precision(self) -> float:
        return _share(self.hits, self.hits + self.extra)

    @property
    def recall(self) -> float:
        return _share(self.hits, self.hits + self.missed)

    @property
    def f1(self) -> float:
        return _share(2 * self.hits, 2 * self.hits + self.extra + self.missed)


@dataclass(frozen=True, slots=True)
class PartScore:
    """How many of the posts of one trick, category or platform were found on their axis, and which were not."""

    name: str
    found: int
    total: int
    missed: tuple[str, ...]

    @property
    def recall(self) -> float:
        return _share(self.found, self.total)


@dataclass(frozen=True, slots=True)
class CategoryScore:
    """How often a category was due, given, and rightly given; `caught` counts posts flagged at all."""

    name: str
    due: int
    given: int
    named: int
    caught: int


@dataclass(frozen=True, slots=True)
class FalseAlarm:
    """Posts of one kind that were flagged on an axis and should not have been."""

    axis: str
    kind: str
    total: int
    posts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class QuoteScore:
    """How many of the words to be highlighted lie wholly or by half inside findings, beside the share of text lit up.

    `misplaced` counts findings whose quote is not what stands between their start and end.
    """

    whole: int
    half: int
    total: int
    lit: int
    length: int
    misplaced: int


@dataclass(frozen=True, slots=True)
class Scores:
    """Everything the table shows."""

    posts: int
    axes: tuple[AxisScore, ...]
    tricks: tuple[PartScore, ...]
    platforms: tuple[PartScore, ...]
    categories: tuple[CategoryScore, ...]
    false_alarms: tuple[FalseAlarm, ...]
    quotes: QuoteScore


def score(posts: Iterable[LabelledPost], answers: Mapping[str, Answer]) -> Scores:
    """Return the scores; BadInput when a post has no answer."""
    posts = tuple(posts)
    missing = [post.id for post in posts if post.id not in answers]
    if missing:
        raise BadInput(f"{len(missing)} 个帖子没有检测结果，第一个是 {missing[0]}；请用同一份文件重新运行检测")
    pairs = tuple((post, answers[post.id]) for post in posts)
    return Scores(
        posts=len(pairs),
        axes=tuple(_axis(axis, pairs) for axis in AXES),
        tricks=_recall_by(pairs, lambda post: post.tricks),
        platforms=_recall_by(pairs, lambda post: (post.platform,)),
        categories=_categories(pairs),
        false_alarms=tuple(alarm for axis in AXES for alarm in _false_alarms(axis, pairs)),
        quotes=_quotes(pairs),
    )


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def _axis(axis: str, pairs: Pairs) -> AxisScore:
    truth = Counter((bool(getattr(post, axis)), bool(getattr(answer, axis))) for post, answer in pairs)
    return AxisScore(axis, truth[True, True], truth[False, True], truth[True, False], truth[False, False])


def _recall_by(pairs: Pairs, parts_of: Callable[[LabelledPost], tuple[str, ...]]) -> tuple[PartScore, ...]:
    """Return recall on `violation` for each part that its posts have, the most frequent first."""
    total: Counter[str] = Counter()
    missed: dict[str, list[str]] = {}
    for post, answer in pairs:
        if post.violation:
            total.update(parts_of(post))
            for part in parts_of(post):
                missed.setdefault(part, []).extend([] if answer.violation else [post.id])
    return tuple(PartScore(part, count - len(missed[part]), count, tuple(missed[part])) for part, count in total.most_common())


def _categories(pairs: Pairs) -> tuple[CategoryScore, ...]:
    due: Counter[str] = Counter()
    given: Counter[str] = Counter()
    named: Counter[str] = Counter()
    caught: Counter[str] = Counter()
    for post, answer in pairs:
        truth, said = set(post.categories), set(answer.categories)
        due.update(truth)
        given.update(said)
        named.update(truth & said)
        caught.update(truth if answer.violation or answer.ad_violation else ())
    names = sorted(due | given, key=lambda name: (-due[name], name))
    return tuple(CategoryScore(name, due[name], given[name], named[name], caught[name]) for name in names)


def _false_alarms(axis: str, pairs: Pairs) -> Iterator[FalseAlarm]:
    clean = [(post, answer) for post, answer in pairs if not getattr(post, axis)]
    for kind, total in Counter(post.kind for post, _ in clean).most_common():
        wrong = tuple(post.id for post, answer in clean if post.kind == kind and getattr(answer, axis))
        if wrong:
            yield FalseAlarm(axis, kind, total, wrong)


def _occurrences(text: str, part: str) -> Iterator[int]:
    at = text.find(part)
    while at >= 0:
        yield at
        at = text.find(part, at + 1)


def _lit(text: str, findings: tuple[Span, ...]) -> tuple[set[int], int]:
    """Return the positions inside findings, and how many findings do not fit the text; those light up nothing."""
    fitting = [one for one in findings if 0 <= one.start < one.end <= len(text) and text[one.start : one.end] == one.quote]
    return {place for one in fitting for place in range(one.start, one.end)}, len(findings) - len(fitting)


def _quotes(pairs: Pairs) -> QuoteScore:
    whole = half = total = lit = length = misplaced = 0
    for post, answer in pairs:
        inside, wrong = _lit(post.text, answer.findings)
        misplaced += wrong
        if post.must_quote:
            lit, length = lit + len(inside), length + len(post.text)
        for quote in post.must_quote:
            best = max(
                sum(at + step in inside for step in range(len(quote))) / len(quote) for at in _occurrences(post.text, quote)
            )
            total, whole, half = total + 1, whole + (best == 1.0), half + (best >= 0.5)
    return QuoteScore(whole, half, total, lit, length, misplaced)


def table(scores: Scores) -> str:
    """Return the scores as a Markdown table an officer can read, false alarms named post by post."""
    lines = [f"共 {scores.posts} 条", "", "| 判定 | 精确率 | 召回率 | F1 | 命中 | 误报 | 漏报 |", "|---|---|---|---|---|---|---|"]
    lines += [
        f"| {_AXIS_WORDS[one.axis]} | {one.precision:.3f} | {one.recall:.3f} | {one.f1:.3f} "
        f"| {one.hits} | {one.extra} | {one.missed} |"
        for one in scores.axes
    ]
    if not any(one.hits + one.missed for one in scores.axes):
        return "\n".join([*lines, "", *_alarm_lines(scores)])
    for title, parts in (("手法", scores.tricks), ("渠道", scores.platforms)):
        lines += ["", f"| {title} | 召回率 | 找到/应有 |", "|---|---|---|"]
        lines += [f"| {one.name} | {one.recall:.3f} | {one.found}/{one.total} |" for one in parts]
    lines += ["", "| 类别 | 发现 | 点名 | 点名精确率 | 应有 |", "|---|---|---|---|---|"]
    lines += [
        f"| {one.name} | {_share(one.caught, one.due):.3f} | {_share(one.named, one.due):.3f} "
        f"| {_share(one.named, one.given):.3f} | {one.due} |"
        for one in scores.categories
    ]
    quotes = scores.quotes
    lines += ["", f"应引原文 {quotes.total} 处：整句标出 {_share(quotes.whole, quotes.total):.3f}，"
              f"过半标出 {_share(quotes.half, quotes.total):.3f}；标出的字占全文 {_share(quotes.lit, quotes.length):.3f}；"
              f"位置与原文不符 {quotes.misplaced} 处"]  # fmt: skip
    return "\n".join([*lines, "", *_alarm_lines(scores)])


def _alarm_lines(scores: Scores) -> list[str]:
    if not scores.false_alarms:
        return ["误报：无"]
    alarms = scores.false_alarms
    return ["误报："] + [
        f"- {_AXIS_WORDS[one.axis]} · {one.kind} {len(one.posts)}/{one.total}：{' '.join(one.posts)}" for one in alarms
    ]
