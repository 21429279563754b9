"""Fit the wording model: logistic regression over character n-grams (numpy; needed only to train)."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from detectors.fold import fold
from detectors.training.posts import Example
from detectors.wording import grams

_LEAST = 2
_PENALTY = 3e-4
_STEPS = 800
_RATE = 4.0
_TINY = 0.03
Floats = npt.NDArray[np.float64]


def text_of(example: Example) -> str:
    """Return the folded wording of a post, title first."""
    return fold(f"{example.title}\n{example.text}" if example.title else example.text).tight.text


def fit_wording(examples: Sequence[Example]) -> dict[str, tuple[float, float]]:
    """Return the weight pair (subject, other) of every n-gram that matters; the empty n-gram holds the biases."""
    found = [grams(text_of(example)) for example in examples]
    counts = Counter(gram for some in found for gram in some)
    known = sorted(gram for gram, count in counts.items() if count >= _LEAST)
    place = {gram: number for number, gram in enumerate(known)}
    table = np.zeros((len(examples), len(known)), dtype=np.float64)
    for row, some in enumerate(found):
        for gram in some & place.keys():
            table[row, place[gram]] = 1.0
        table[row] /= (len(some) + 1) ** 0.5
    subject = np.array([example.subject for example in examples], dtype=np.float64)
    other = np.array([example.other for example in examples], dtype=np.float64)
    first, first_bias = _descend(table, subject)
    kept = subject == 0
    second, second_bias = _descend(table[kept], other[kept])
    weights = {gram: (round(float(first[at]), 3), round(float(second[at]), 3)) for gram, at in place.items()}
    weights = {gram: pair for gram, pair in weights.items() if max(map(abs, pair)) >= _TINY}
    return {"": (round(first_bias, 3), round(second_bias, 3)), **weights}


def _descend(table: Floats, answers: Floats) -> tuple[Floats, float]:
    weights = np.zeros(table.shape[1])
    bias = 0.0
    for _ in range(_STEPS):
        error = 1 / (1 + np.exp(-(table @ weights + bias))) - answers
        weights -= _RATE * (table.T @ error / len(answers) + _PENALTY * weights)
        bias -= _RATE * 0.1 * float(error.mean())
    return weights, bias
