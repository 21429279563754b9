"""Fit both heads by logistic regression drawn towards hand-set weights; elements may only raise, contexts only lower."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp
from pathlib import Path

import yaml

from detectors.contacts import find_contacts
from detectors.decision import HEADS, judged_windows, logit
from detectors.elements import find_hits
from detectors.features import encode, offered
from detectors.fold import fold
from detectors.lexicon import load_lexicon
from detectors.training.posts import Example

_ROUNDS = 4
_STEPS = 300
_RATE = 0.5
_PULL = 0.004
_PRIORS = yaml.safe_load((Path(__file__).parent / "prior.yml").read_text(encoding="utf-8"))
PRIOR: Mapping[str, float] = _PRIORS["prior"]
_LOWERING = (
    "someone",
    "someone+",
    "sparse",
    "goods_only",
    "adult_only",
    "no_offer",
    "no_subject",
    "no_skill",
    "art_only",
    "no_minor",
    "question",
    "question+",
)


@dataclass(frozen=True, slots=True)
class _Post:
    windows: list[dict[str, float]]
    whole: dict[str, float]
    answers: dict[str, bool]


def prepare(example: Example) -> _Post:
    """Turn one post into the counts of its windows, as detection sees them."""
    lexicon = load_lexicon()
    folded, titled = fold(example.text), fold(example.title)
    contacts = find_contacts(folded.plain, example.text)
    hits = find_hits(folded, lexicon, contacts)
    title_hits = find_hits(titled, lexicon, ()) if example.title else []
    found, whole, _ = judged_windows(example.text, hits, title_hits)
    return _Post([local for _, _, local in found], whole, {"subject": example.subject, "other": example.other})


def fit(examples: Sequence[Example]) -> dict[str, dict[str, float]]:
    """Return the weights of both heads; the same examples always give the same weights."""
    posts = [prepare(example) for example in examples]
    return {head: _fit_head(posts, head) for head in HEADS}


def _fit_head(posts: Sequence[_Post], head: str) -> dict[str, float]:
    prior = dict(PRIOR)
    if head == "other":
        prior.update(_PRIORS["other"])
    weights = dict(prior)
    for _ in range(_ROUNDS):
        rows = [_hardest(post, weights, head) for post in posts]
        known = [(row, float(post.answers[head])) for row, post in zip(rows, posts, strict=True) if row is not None]
        weights = _descend(known, weights, prior)
    return {name: round(value, 3) for name, value in sorted(weights.items()) if abs(value) >= 0.005}


def _hardest(post: _Post, weights: Mapping[str, float], head: str) -> dict[str, float] | None:
    """The window that speaks loudest for this head; other-axis windows of subject posts are left out of the other head."""
    if head == "other" and post.answers["subject"]:
        return None
    open_windows = [local for local in post.windows if offered(local, head)]
    if not open_windows:
        return None
    loudest = max(open_windows, key=lambda local: logit(weights, local, post.whole, head))
    return {**encode(loudest, post.whole, head), "bias": 1.0}


def _descend(
    rows: Sequence[tuple[dict[str, float], float]], start: Mapping[str, float], prior: Mapping[str, float]
) -> dict[str, float]:
    weights = dict(start)
    for _, (row, _) in enumerate(rows):
        for name in row:
            weights.setdefault(name, prior.get(name, 0.0))
    size = len(rows)
    for _ in range(_STEPS):
        slope = dict.fromkeys(weights, 0.0)
        for row, answer in rows:
            total = sum(weights[name] * value for name, value in row.items())
            error = 1 / (1 + exp(-max(-30.0, min(30.0, total)))) - answer
            for name, value in row.items():
                slope[name] += error * value
        weights = {
            name: _bounded(name, value - _RATE * (slope[name] / size + _PULL * (value - prior.get(name, 0.0))))
            for name, value in weights.items()
        }
    return weights


def _bounded(name: str, value: float) -> float:
    if name == "bias":
        return value
    if name.startswith(("ctx:", "here:")) or name in _LOWERING:
        return min(0.0, value)
    return value if name.startswith(("art", "nonsubject")) else max(0.0, value)
