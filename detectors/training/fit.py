"""Fit both heads: elements drawn towards hand-set weights and n-grams drawn towards nothing, together, by logistic regression.

Elements may only raise and contexts only lower. A text counts by its loudest window, found anew in each round.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from detectors.contacts import find_contacts
from detectors.decision import HEADS, Reader, Window, judged_windows, numbers
from detectors.elements import find_hits
from detectors.features import offered
from detectors.fold import fold
from detectors.lexicon import load_lexicon
from detectors.training.made import MADE
from detectors.training.posts import Example
from detectors.training.solver import Rows, solve

_ROUNDS = 3
_SHRINK_ELEMENTS = 4.0
_SHRINK_GRAMS = 1 / 64
_LEAST = 2
_TINY = 0.02
_SPARE = 0.5
# A false accusation costs more than a miss: on posts that took no part in fitting, 0.2 to 0.3 spared most for what it lost.
_CAUTION = 0.2
_PRIORS = yaml.safe_load((Path(__file__).parent / "prior.yml").read_text(encoding="utf-8"))
_PRIOR_SHARE: float = _PRIORS["share"]
_LOWERING = frozenset(_PRIORS["lowering"])
_FREE = ("art", "nonsubject", "part", "bias")
Elements = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Heads:
    """What was fitted: the weights of the elements of each head, and the pair of weights of each n-gram."""

    elements: Mapping[str, Elements]
    grams: Mapping[str, tuple[float, float]]


@dataclass(frozen=True, slots=True)
class _Seen:
    """One window as a head sees it: its numbers and its n-grams."""

    values: Elements
    grams: frozenset[str]


@dataclass(frozen=True, slots=True)
class Post:
    """One post cut into windows, as detection sees it."""

    windows: Sequence[tuple[Window, frozenset[str]]]
    whole: Mapping[str, float]
    subject: bool
    other: bool
    written: bool


def prepare(example: Example) -> Post:
    """Cut one post into windows with their counts and n-grams."""
    lexicon = load_lexicon()
    folded, titled = fold(example.text), fold(example.title)
    hits = find_hits(folded, lexicon, find_contacts(folded.plain, example.text))
    title_hits = find_hits(titled, lexicon, ()) if example.title else []
    judged = judged_windows(example.text, hits, title_hits)
    reader = Reader(folded, judged.hits, example.title)
    speaking = [window for window in judged.windows if any(offered(window.counts, head) for head in HEADS)]
    read = [(window, frozenset(reader.grams(window))) for window in speaking]
    return Post(read, judged.whole, example.subject, example.other, example.kind != MADE)


def fit(posts: Sequence[Post]) -> Heads:
    """Return the weights of both heads; the same posts always give the same weights."""
    counts = Counter(gram for post in posts if post.written for gram in {gram for _, found in post.windows for gram in found})
    known = frozenset(gram for gram, count in counts.items() if count >= _LEAST)
    fitted = {head: _fit_head(posts, head, known) for head in HEADS}
    elements = {
        head: {name: round(value, 3) for name, value in sorted(found.items()) if abs(value) >= 0.005}
        for head, (found, _) in fitted.items()
    }
    names = sorted({gram for _, found in fitted.values() for gram in found})
    pairs = {gram: tuple(round(fitted[head][1].get(gram, 0.0), 2) for head in HEADS) for gram in names}
    return Heads(elements, {gram: (pair[0], pair[1]) for gram, pair in pairs.items() if max(map(abs, pair)) >= _TINY})


def _fit_head(posts: Sequence[Post], head: str, grams: frozenset[str]) -> tuple[dict[str, float], dict[str, float]]:
    """Fit one head; subject posts are left out of the other head, which only tells the rest from clean texts."""
    known = [(seen, post.subject if head == "subject" else post.other) for post in posts if (seen := _seen(post, head))]
    answers = [answer for _, answer in known]
    loudest = [seen[0] for seen, _ in known]
    prior = _prior(head)
    weights: dict[str, float] = dict(prior)
    worded: dict[str, float] = {}
    for _ in range(_ROUNDS):
        rows = _rows(loudest, grams)
        weights, worded = solve(rows, answers, prior, _bounds(rows.elements), (_SHRINK_ELEMENTS, _SHRINK_GRAMS))
        again = [max(seen, key=lambda one: loudness(one.values, one.grams, weights, worded)) for seen, _ in known]
        if again == loudest:
            break
        loudest = again
    weights["bias"] -= _CAUTION
    weights["reach"] = _reach(loudest, weights, worded)
    return weights, worded


def _reach(loudest: Sequence[_Seen], weights: Elements, worded: Mapping[str, float]) -> float:
    """How far below zero elements stood that the wording still lifted above it, with something to spare."""
    alone = [(loudness(seen.values, frozenset(), weights, {}), _told(seen.grams, worded)) for seen in loudest]
    return _SPARE + max(-element for element, word in alone if element + word > 0)


def _seen(post: Post, head: str) -> list[_Seen]:
    if head == "other" and post.subject:
        return []
    windows = [(window, found) for window, found in post.windows if offered(window.counts, head)]
    return [_Seen({**numbers(window, post.whole, head), "bias": 1.0}, found) for window, found in windows]


def loudness(values: Elements, found: frozenset[str], weights: Elements, worded: Mapping[str, float]) -> float:
    """Return the logit of one window."""
    return sum(weights.get(name, 0.0) * value for name, value in values.items()) + _told(found, worded)


def _told(found: frozenset[str], worded: Mapping[str, float]) -> float:
    added: float = sum(worded.get(gram, 0.0) for gram in sorted(found))
    return added / float((len(found) + 1) ** 0.5)


def _rows(loudest: Sequence[_Seen], known: frozenset[str]) -> Rows:
    grams = sorted({gram for seen in loudest for gram in seen.grams} & known)
    elements = sorted({name for seen in loudest for name in seen.values})
    return Rows.of([(seen.values, seen.grams) for seen in loudest], elements, grams)


def _prior(head: str) -> dict[str, float]:
    prior: dict[str, float] = dict(_PRIORS["prior"])
    if head == "other":
        prior.update(_PRIORS["other"])
    return {name: value * _PRIOR_SHARE for name, value in prior.items()}


def _bounds(names: Sequence[str]) -> list[tuple[float, float]]:
    free, up, down = (-99.0, 99.0), (0.0, 99.0), (-99.0, 0.0)
    lowering = [name.startswith(("ctx:", "here:")) or name in _LOWERING for name in names]
    return [down if lowers else free if name.startswith(_FREE) else up for name, lowers in zip(names, lowering, strict=True)]
