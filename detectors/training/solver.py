"""Logistic regression with bounds and unequal shrinkage, by accelerated projected descent (numpy; needed only to train)."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

_STEPS = 600
_EIGEN_STEPS = 25
Floats = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Rows:
    """A sparse table: element columns first, then n-gram columns; `row`, `column` and `value` of every number in it."""

    elements: Sequence[str]
    grams: Sequence[str]
    size: int
    row: Whole
    column: Whole
    value: Floats

    @classmethod
    def of(
        cls, seen: Sequence[tuple[Mapping[str, float], Collection[str]]], elements: Sequence[str], grams: Sequence[str]
    ) -> "Rows":
        """Lay out windows; the n-grams of one window share its length by the root, rarer ones than `grams` left out."""
        place = {name: at for at, name in enumerate(elements)}
        gram_place = {gram: len(elements) + at for at, gram in enumerate(grams)}
        cells: list[tuple[int, int, float]] = []
        for at, (values, found) in enumerate(seen):
            cells += [(at, place[name], value) for name, value in sorted(values.items()) if value]
            share = (len(found) + 1) ** -0.5
            cells += [(at, gram_place[gram], share) for gram in sorted(found) if gram in gram_place]
        table: Any = np.array(cells, dtype=np.float64)
        return cls(elements, grams, len(seen), table[:, 0].astype(np.int64), table[:, 1].astype(np.int64), table[:, 2])

    def times(self, weights: Floats) -> Floats:
        """Return the logit of every row."""
        found: Any = np.bincount(self.row, self.value * weights[self.column], minlength=self.size)
        return np.asarray(found, dtype=np.float64)

    def back(self, errors: Floats) -> Floats:
        """Return the slope of every column."""
        width = len(self.elements) + len(self.grams)
        found: Any = np.bincount(self.column, self.value * errors[self.row], minlength=width)
        return np.asarray(found, dtype=np.float64)


def solve(
    rows: Rows,
    answers: Sequence[bool],
    prior: Mapping[str, float],
    bounds: Sequence[tuple[float, float]],
    shrink: tuple[float, float],
) -> tuple[dict[str, float], dict[str, float]]:
    """Return the weights of elements and n-grams that tell the rows apart best while staying near the prior and zero."""
    wide, narrow = len(rows.elements), len(rows.grams)
    pull = np.concatenate([np.full(wide, shrink[0]), np.full(narrow, shrink[1])])
    if "bias" in rows.elements:
        pull[rows.elements.index("bias")] = shrink[0] / 100
    centre = np.concatenate([np.array([prior.get(name, 0.0) for name in rows.elements]), np.zeros(narrow)])
    low = np.concatenate([np.array([low for low, _ in bounds]), np.full(narrow, -np.inf)])
    high = np.concatenate([np.array([high for _, high in bounds]), np.full(narrow, np.inf)])
    found = _descend(rows, np.array(answers, dtype=np.float64), pull, centre, (low, high))
    return dict(zip(rows.elements, found[:wide].tolist(), strict=True)), dict(zip(rows.grams, found[wide:].tolist(), strict=True))


def _descend(rows: Rows, answers: Floats, pull: Floats, centre: Floats, limits: tuple[Floats, Floats]) -> Floats:
    scale = 1 / np.sqrt(pull)
    step = 1 / (0.25 * _steepest(rows, scale) + 1)
    weights = ahead = np.clip(centre, *limits)
    momentum = 1.0
    for _ in range(_STEPS):
        errors = 1 / (1 + np.exp(-rows.times(ahead))) - answers
        slope = rows.back(errors) + pull * (ahead - centre)
        moved = np.clip(ahead - step * scale * scale * slope, *limits)
        faster = (1 + (1 + 4 * momentum * momentum) ** 0.5) / 2
        ahead = moved + (momentum - 1) / faster * (moved - weights)
        weights, momentum = moved, faster
    return weights


def _steepest(rows: Rows, scale: Floats) -> float:
    """Return the largest eigenvalue of the scaled table, by power iteration from all ones."""
    vector = np.ones(len(scale))
    size = 1.0
    for _ in range(_EIGEN_STEPS):
        vector = scale * rows.back(rows.times(scale * (vector / size)))
        size = float(np.linalg.norm(vector))
    return size
