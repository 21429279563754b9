"""Weigh the elements and contexts of each window into the two verdicts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp

from detectors.context import quoted_spans, windows
from detectors.elements import Hit
from detectors.features import window_features, within

_GAIN: Mapping[str, tuple[float, float]] = {
    "grade": (1.5, 0.2), "stage": (1.3, 0.2), "preschool": (1.3, 0.2), "aged": (1.0, 0.0), "child": (0.7, 0.2),
    "price": (1.6, 0.4), "price_bare": (0.6, 0.2), "price_word": (0.5, 0.3), "enrol": (1.1, 0.4), "trial": (1.3, 0.2), "contact_word": (0.9, 0.3),
    "contact_id": (0.9, 0.1), "slot": (0.6, 0.3), "format": (1.0, 0.3), "core": (1.3, 0.5), "time.vacation": (0.5, 0.1), "time.restday": (0.6, 0.1),
    "time.holiday": (0.4, 0.1), "time.date": (0.2, 0.1), "place.home": (0.9, 0.3), "place.hidden": (0.4, 0.1), "broker": (1.2, 0.4), "promise": (0.9, 0.4),
    "denial": (1.0, 0.2), "unlicensed.hide": (1.0, 0.3), "mode.recorded": (0.6, 0.2), "name.disguised": (0.5, 0.2), "provider.teacher": (0.5, 0.2),
    "provider.agency": (0.5, 0.2), "provider.inservice": (0.7, 0.2), "price.prepaid": (0.4, 0.1), "tricked": (1.2, 0.4),
}  # fmt: skip
_LOSS: Mapping[str, float] = {
    "strong.gov": 2.2, "gov": 0.6, "news": 0.9, "school": 0.9, "welfare": 1.2, "adult": 1.6, "fitness": 1.2, "goods": 0.9, "rental": 1.0, "job": 0.7,
    "ask": 1.0, "chat": 0.8, "refuse": 1.6, "story": 0.6, "policy": 0.9, "infant": 1.0,
}  # fmt: skip
_THRESHOLD = 5.0


@dataclass(frozen=True, slots=True)
class Verdict:
    """The verdicts of one text; `start`/`end` bound the window that decided, `score` is the calibrated 0..1."""

    violation: bool
    ad: bool
    score: float
    start: int
    end: int
    quoted: tuple[tuple[int, int], ...]


def decide(text: str, hits: Sequence[Hit], title_hits: Sequence[Hit]) -> Verdict:
    """Judge every window of a text with the whole text's context, and keep the strongest."""
    whole = window_features([*hits, *title_hits])
    quotes = tuple(quoted_spans(text)) if _reported(whole) else ()
    spoken = [hit for hit in hits if not any(hit.start >= left and hit.end <= right for left, right in quotes)]
    best = (-99.0, -99.0, 0, len(text))
    for start, end in windows(text):
        local = window_features([*within(spoken, start, end), *title_hits])
        subject, other = _points(local, whole)
        if max(subject, other) > max(best[0], best[1]):
            best = (max(best[0], subject), max(best[1], other), start, end)
    violation, ad = best[0] >= _THRESHOLD, max(best[0], best[1]) >= _THRESHOLD
    return Verdict(violation, ad, 1 / (1 + exp(-(max(best[0], best[1] - (0 if violation else 0)) - _THRESHOLD))), best[2], best[3], quotes)


def _reported(whole: Mapping[str, float]) -> bool:
    return whole.get("news", 0) >= 2 or whole.get("strong.gov", 0) >= 1 or whole.get("gov", 0) >= 3 or whole.get("policy", 0) >= 2


def _points(local: Mapping[str, float], whole: Mapping[str, float]) -> tuple[float, float]:
    subject = _subject(local)
    gain = sum(first + more * (local[name] - 1) for name, (first, more) in _GAIN.items() if local.get(name))
    loss = sum(weight * whole[name] for name, weight in _LOSS.items() if whole.get(name))
    minor = any(local.get(name) for name in ("grade", "stage", "preschool", "aged", "child"))
    offer = any(local.get(name) for name in ("price", "enrol", "trial", "contact_word", "broker", "slot", "core", "price_bare", "format", "promise"))
    taught = subject + gain - loss if subject >= 1 and offer else -99.0
    other = 1.5 + 0.5 * local.get("nonsubject", 0) + gain - loss if local.get("nonsubject") and minor and offer else -99.0
    return taught, other


def _subject(local: Mapping[str, float]) -> float:
    points = 0.0
    if local.get("subject"):
        points += 2.0 + 0.7 * (local["subject"] - 1)
    if local.get("topic"):
        points += 1.2 + 0.6 * (local["topic"] - 1)
    points += 0.8 * min(1, local.get("exam", 0)) + 0.8 * min(1, local.get("material", 0)) + min(1, local.get("method", 0)) + 1.5 * min(1, local.get("coded", 0))
    if local.get("core"):
        points += 0.8
    return min(points, 4.5)
