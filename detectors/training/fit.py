"""Fit both heads by logistic regression drawn towards hand-set weights; elements may only raise, contexts only lower."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp

from detectors.contacts import find_contacts
from detectors.decision import HEADS, judged_windows, logit
from detectors.elements import find_hits
from detectors.features import encode, offered
from detectors.fold import fold
from detectors.lexicon import load_lexicon
from detectors.prices import find_prices
from detectors.training.posts import Example

_ROUNDS = 4
_STEPS = 300
_RATE = 0.5
_PULL = 0.004
PRIOR: Mapping[str, float] = {
    "bias": -5.0, "subject": 2.0, "subject+": 0.6, "topic": 1.2, "topic+": 0.5, "exam": 0.6, "material": 0.6, "method": 0.9, "coded": 1.3, "core": 1.6,
    "core+": 0.5, "grade": 1.2, "stage": 1.0, "preschool": 1.1, "aged": 0.8, "child": 0.5, "child+": 0.1, "price": 1.0, "price+": 0.2, "price_lesson": 1.6, "price_lesson+": 0.3, "lesson&minor": 0.4, "close": 0.5, "goods_only": -1.0, "adult_only": -1.5, "price_bare": 0.5,
    "price_word": 0.4, "price_word+": 0.2, "enrol": 0.9, "enrol+": 0.4, "trial": 1.1, "contact_word": 0.7, "contact_word+": 0.2, "contact_id": 0.7,
    "slot": 0.5, "slot+": 0.2, "format": 0.9, "format+": 0.2, "time.vacation": 0.4, "time.restday": 0.5, "time.holiday": 0.3, "time.date": 0.1,
    "place.home": 0.8, "place.hidden": 0.3, "pool": 1.0, "pool+": 0.4, "recruit": 0.7, "recruit+": 0.2, "agent": 0.8, "agent+": 0.3, "promise": 0.8, "promise+": 0.3, "denial": 0.9, "unlicensed.hide": 0.8,
    "mode.recorded": 0.5, "disguised": 0.3, "provider.teacher": 0.4, "provider.teacher+": 0.1, "provider.agency": 0.4, "provider.inservice": 0.6,
    "price.prepaid": 0.3, "trick:split_char": 2.2, "trick:split_char+": 0.8, "trick:homophone": 1.3, "trick:homophone+": 0.5, "trick:pinyin": 1.2, "trick:pinyin+": 0.5, "trick:zero_width": 1.2, "trick:zero_width+": 0.4, "trick:inserted_symbols": 1.1, "trick:inserted_symbols+": 0.4, "trick:lookalike": 1.2, "trick:lookalike+": 0.5, "trick:initials": 0.8, "trick:initials+": 0.4, "trick:emoji": 0.8, "trick:emoji+": 0.4, "trick:leetspeak_digits": 0.8, "trick:leetspeak_digits+": 0.3, "minor&price": 0.4, "minor&enrol": 0.3, "minor&reach": 0.2, "taught&price": 0.4,
    "taught&reach": 0.4, "taught&slot": 0.2, "taught&minor": 0.4, "price&slot": 0.3, "nonsubject": 1.5, "nonsubject+": 0.3, "no_offer": -2.0, "someone": -0.5, "someone+": -0.4, "sparse": -0.6, "training": 0.4,
    "art_only": -2.5, "no_minor": -1.5, "no_subject": -2.0, "no_skill": -1.5, "question": -0.6, "question+": -0.4, "ctx:strong.gov": -1.8, "ctx:gov": -0.5, "ctx:news": -0.8, "ctx:school": -0.6,
    "ctx:welfare": -0.9, "ctx:adult": -1.1, "ctx:fitness": -0.9, "ctx:goods": -0.6, "ctx:rental": -0.7, "ctx:job": -0.5, "ctx:ask": -0.7, "ctx:chat": -0.5,
    "ctx:refuse": -1.2, "ctx:story": -0.4, "ctx:policy": -0.7, "ctx:infant": -1.0, "ctx:disclosure": -0.7, "here:disclosure": -0.2, "here:strong.gov": -0.6, "here:gov": -0.2, "here:news": -0.2,
    "here:school": -0.3, "here:welfare": -0.3, "here:adult": -0.4, "here:goods": -0.3, "here:refuse": -0.3, "here:ask": -0.3, "here:chat": -0.2,
}  # fmt: skip
_LOWERING = ("someone", "someone+", "sparse", "goods_only", "adult_only", "no_offer", "no_subject", "no_skill", "art_only", "no_minor", "question", "question+")


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
    hits = find_hits(folded, lexicon, find_prices(folded.plain), contacts)
    title_hits = find_hits(titled, lexicon, find_prices(titled.plain), ()) if example.title else []
    found, whole, _ = judged_windows(example.text, hits, title_hits)
    return _Post([local for _, _, local in found], whole, {"subject": example.subject, "other": example.other})


def fit(examples: Sequence[Example]) -> dict[str, dict[str, float]]:
    """Return the weights of both heads; the same examples always give the same weights."""
    posts = [prepare(example) for example in examples]
    return {head: _fit_head(posts, head) for head in HEADS}


def _fit_head(posts: Sequence[_Post], head: str) -> dict[str, float]:
    prior = dict(PRIOR)
    if head == "other":
        prior.update({"subject": 0.0, "topic": 0.0, "core": 0.3, "coded": 0.0, "art_only": 0.5, "taught&price": 0.0, "taught&reach": 0.0, "taught&slot": 0.0, "taught&minor": 0.0, "method": 0.0, "exam": 0.0, "material": 0.0})
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


def _descend(rows: Sequence[tuple[dict[str, float], float]], start: Mapping[str, float], prior: Mapping[str, float]) -> dict[str, float]:
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
        for name in weights:
            pull = _PULL * (weights[name] - prior.get(name, 0.0))
            weights[name] = _bounded(name, weights[name] - _RATE * (slope[name] / size + pull))
    return weights


def _bounded(name: str, value: float) -> float:
    if name == "bias":
        return value
    if name.startswith(("ctx:", "here:")) or name in _LOWERING:
        return min(0.0, value)
    return value if name.startswith(("art", "nonsubject")) else max(0.0, value)
