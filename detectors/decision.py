"""Weigh the elements and contexts of each window into the two verdicts, with the weights of rules/weights.yml."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from math import exp

import yaml

from detectors.context import LONG, quoted_spans, windows
from detectors.elements import Hit, find_hits
from detectors.errors import RuleError
from detectors.features import encode, offered, window_features, within
from detectors.fold import Folded, fold
from detectors.fold_tables import RULES
from detectors.lexicon import load_lexicon
from detectors.spans import Spans
from detectors.wording import grams, told, wording_of

_TAUGHT = ("subject.", "topic.", "tutor.core", "audience.grade", "audience.stage")
_STOPS = frozenset("，,。！？!?；;\n、")
_DENIED_BEFORE = re.compile(
    r"(?:不|没|无|非|别|未)(?:再|会|是|能|可|用|在)?(?:补|讲|教|涉及|含|包含|搞|管|做|会|开设|提供|卖|送|上|带|参加|报|收|看|安排|组织|布置|学|招|接|收)[^，。]{0,4}$|(?:与|跟|和)[^，。]{0,6}$(?<=无关)"
)
_DENIED_AFTER = re.compile(
    r"[^，。]{0,8}(?:没有?任何?关系|没关系|无关|我们不管|不管|不涉及|不教|不讲|不补|不会|一律不|不含|除外|(?<!有)没有|不接|勿扰|请找|不收|不招|绕道|以下勿)"
)
Weights = Mapping[str, float]
HEADS = ("subject", "other")
THRESHOLD = 0.5
# Beside a stretch that decides, stretches about as likely as not belong to the same offer.
CHARGED = 0.25
_NEVER = -99.0


@dataclass(frozen=True, slots=True)
class Verdict:
    """The verdicts of one text; `charged` are the stretches that offer, `score` is 0..1 with 0.5 as the threshold."""

    violation: bool
    ad: bool
    score: float
    charged: tuple[tuple[int, int], ...]
    quoted: tuple[tuple[int, int], ...]

    def spared(self) -> "Verdict":
        """Return the verdict of a region whose rules leave senior high school out: an ad still, no subject violation."""
        return replace(self, violation=False)


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of a text that is judged on its own; `part` when it is not the whole."""

    start: int
    end: int
    counts: Mapping[str, float]
    part: bool


@dataclass(frozen=True, slots=True)
class Judged:
    """A text cut into windows: the counts of the whole, the hits that are not denied, the quotations that are not charged."""

    windows: Sequence[Window]
    whole: Mapping[str, float]
    hits: Sequence[Hit]
    quotes: tuple[tuple[int, int], ...]


@cache
def load_weights() -> Mapping[str, Weights]:
    """Read the weights of both heads; raises RuleError when a head or its reach is missing.

    `reach` is how much the wording can add at most: a window that even that would not lift is not read letter by letter.
    """
    content = yaml.safe_load((RULES / "weights.yml").read_text(encoding="utf-8"))
    if not isinstance(content, dict) or not all("reach" in content.get(head, {}) for head in HEADS):
        raise RuleError("detectors/rules/weights.yml：缺少 subject 或 other 的权重，请重新运行 python -m detectors.training")
    return {head: content[head] for head in HEADS}


def decide(folded: Folded, hits: Sequence[Hit], title_hits: Sequence[Hit], title: str = "") -> Verdict:
    """Judge every window of a text with the whole text's context, and keep the strongest."""
    weights = load_weights()
    judged = judged_windows(folded.original, hits, title_hits)
    reader: Reader | None = None
    scores = dict.fromkeys(HEADS, 0.0)
    heard: list[tuple[int, int, float]] = []
    for window in judged.windows:
        values = [logit(weights[head], window, judged.whole, head) for head in HEADS]
        if all(value + weights[head]["reach"] < 0 for head, value in zip(HEADS, values, strict=True)):
            continue
        reader = reader or Reader(folded, judged.hits, title)
        here = [sigmoid(value + word) for value, word in zip(values, told(reader.grams(window)), strict=True)]
        scores = {head: max(scores[head], found) for head, found in zip(HEADS, here, strict=True)}
        heard.append((window.start, window.end, max(here)))
    violation, ad = scores["subject"] >= THRESHOLD, max(scores.values()) >= THRESHOLD
    score = scores["subject"] if violation or not ad else scores["other"]
    charged = [(start, end) for start, end, loud in heard if loud >= CHARGED] if ad else []
    return Verdict(violation, ad, score, merged(_narrowed(charged, len(folded.original))), judged.quotes)


def _narrowed(charged: Sequence[tuple[int, int]], length: int) -> Sequence[tuple[int, int]]:
    """Leave a long text as a whole out where parts of it offer by themselves."""
    parts = [span for span in charged if span[1] - span[0] < length]
    return parts if parts and length > LONG else charged


class Reader:
    """Reads windows of one text as n-grams, its title before each."""

    def __init__(self, folded: Folded, hits: Sequence[Hit], title: str) -> None:
        self._wording = wording_of(folded, hits)
        self._title = ("", "")
        if title:
            titled = fold(title)
            heading = wording_of(titled, find_hits(titled, load_lexicon(), ()))
            self._title = (heading.letters + "\n", heading.signs + "\n")

    def grams(self, window: Window) -> set[str]:
        """Return the n-grams of a window."""
        letters, signs = self._wording.between(window.start, window.end)
        return grams(self._title[0] + letters, self._title[1] + signs)


def merged(spans: Sequence[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Return spans in order with the overlapping ones made one."""
    found: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return tuple(found)


def judged_windows(text: str, hits: Sequence[Hit], title_hits: Sequence[Hit]) -> Judged:
    """Cut a text into its windows and count the elements of each, denials left out and quotations of a report not charged."""
    hits = [hit for hit in hits if not (_teaches(hit.labels) and denied(hit, text))]
    whole = window_features([*hits, *title_hits], text)
    quotes = tuple(quoted_spans(text)) if reported(whole) else ()
    quoted = Spans(quotes)
    spoken = [hit for hit in hits if not quoted.hold(hit.start, hit.end)] if quotes else hits
    found = []
    for start, end in windows(text):
        part = end - start < len(text)
        own = part or quotes
        counts = window_features([*within(spoken, start, end), *title_hits], text[start:end]) if own else whole
        found.append(Window(start, end, counts, part))
    return Judged(found, whole, hits, quotes)


@cache
def _teaches(labels: tuple[str, ...]) -> bool:
    return any(label.startswith(_TAUGHT) for label in labels)


def denied(hit: Hit, text: str) -> bool:
    """Whether school content is named only to say that it is not taught here (文化课我们不管, 跟功课没有关系)."""
    left, right = hit.start, hit.end
    while left > 0 and text[left - 1] not in _STOPS and hit.start - left < 16:
        left -= 1
    while right < len(text) and text[right] not in _STOPS and right - hit.end < 16:
        right += 1
    return _DENIED_BEFORE.search(text[left : hit.start]) is not None or _DENIED_AFTER.match(text[hit.end : right]) is not None


def reported(whole: Mapping[str, float]) -> bool:
    """Whether the text as a whole reports on others, so that its quotations are not its own offers."""
    return (
        whole.get("news", 0) >= 2
        or whole.get("strong.gov", 0) >= 1
        or whole.get("gov", 0) >= 3
        or whole.get("policy", 0) >= 2
        or whole.get("platform_rule", 0) >= 1
        or whole.get("refuse", 0) >= 1
        or whole.get("ask", 0) >= 1
    )


def logit(weights: Weights, window: Window, whole: Mapping[str, float], head: str) -> float:
    """Return one head's weighed elements for one window; far below zero where a necessary element is missing."""
    if not offered(window.counts, head):
        return _NEVER
    total = weights.get("bias", 0.0)
    for name, value in numbers(window, whole, head).items():
        total += weights.get(name, 0.0) * value
    return total


def numbers(window: Window, whole: Mapping[str, float], head: str) -> dict[str, float]:
    """Return the numbers that the weights of one head are multiplied with."""
    values = encode(window.counts, whole, head)
    if window.part:
        values["part"] = 1.0
    return values


def sigmoid(value: float) -> float:
    """Return the probability of a logit."""
    return 1 / (1 + exp(-value))
