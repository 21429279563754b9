"""See whether a picture holds a round mini-program code. No public decoder exists: an officer opens it with a telephone.

Such a code has three round eyes (a dot in a ring) at three corners of a square, and strokes that run outwards from the middle.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Final

from PIL import Image

try:
    import cv2
    import numpy as np
except ImportError:
    cv2 = np = None  # type: ignore[assignment]

CAN_SEE_ROUND_CODES: Final = cv2 is not None

_LONGEST_SIDE: Final = 1600
_SHORTEST_SIDE: Final = 900
_SMALLEST_EYE: Final = 8.0
_MOST_EYES: Final = 40
_ROUNDNESS: Final = (0.66, 0.88)  # area over smallest turned rectangle: a circle has π/4 = 0.785, a square 1
_SAMPLES: Final = 720
_RADII: Final = (0.62, 0.68, 0.74, 0.80, 0.86, 0.92)
_EYE_SECTOR: Final = 24.0


@dataclass(frozen=True, slots=True)
class _Eye:
    x: float
    y: float
    radius: float


def has_round_code(image: Image.Image) -> bool:
    """Return whether a round code is in the picture, at any angle, from about 90 pixels across."""
    if cv2 is None:
        return False
    grey = image.convert("L")
    scale = min(1.0, _LONGEST_SIDE / max(grey.size))
    if max(grey.size) < _SHORTEST_SIDE:
        scale = _SHORTEST_SIDE / max(grey.size)
    size = (max(1, round(grey.width * scale)), max(1, round(grey.height * scale)))
    pixels = np.asarray(grey.resize(size, Image.Resampling.BICUBIC))
    return any(_has_rays(pixels, middle, reach, eyes) for middle, reach, eyes in _squares(_eyes(pixels)))


def _eyes(pixels: Any) -> list[_Eye]:
    """Return the rings that hold a dot, the largest first."""
    eyes: list[_Eye] = []
    for dark in _thresholds(pixels):
        contours, tree = cv2.findContours(dark, cv2.RETR_TREE, cv2.CHAIN_APPROX_NONE)
        if tree is None:
            continue
        for index, contour in enumerate(contours):
            hole = tree[0][index][2]
            dot = tree[0][hole][2] if hole >= 0 else -1
            if dot < 0:
                continue
            eye = _as_eye(contour, contours[hole], contours[dot])
            if eye and not any(math.hypot(eye.x - one.x, eye.y - one.y) < one.radius for one in eyes):
                eyes.append(eye)
    return sorted(eyes, key=lambda eye: -eye.radius)[:_MOST_EYES]


def _thresholds(pixels: Any) -> Iterator[Any]:
    """Yield pictures where dark is 255: by the surroundings, then by one level for all."""
    smooth = cv2.GaussianBlur(pixels, (3, 3), 0)
    yield cv2.adaptiveThreshold(smooth, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV, 51, 8)
    yield cv2.threshold(smooth, 0, 255, cv2.THRESH_BINARY_INV + cv2.THRESH_OTSU)[1]


def _as_eye(ring: Any, hole: Any, dot: Any) -> _Eye | None:
    areas = [cv2.contourArea(contour) for contour in (ring, hole, dot)]
    if (
        areas[0] < math.pi * (_SMALLEST_EYE / 2) ** 2
        or not 0.25 < areas[1] / areas[0] < 0.95
        or not 0.06 < areas[2] / areas[0] < 0.8
    ):
        return None
    if not (_is_round(ring, areas[0]) and _is_round(dot, areas[2])):
        return None
    (x, y), radius = cv2.minEnclosingCircle(ring)
    (inner_x, inner_y), _ = cv2.minEnclosingCircle(dot)
    if math.hypot(x - inner_x, y - inner_y) > 0.25 * radius:
        return None
    return _Eye(x, y, radius)


def _is_round(contour: Any, area: float) -> bool:
    (_, (wide, high), _) = cv2.minAreaRect(contour)
    if not wide or not high or not 0.7 < wide / high < 1.43:
        return False
    low, top = _ROUNDNESS
    return low < area / (wide * high) < top or wide < 9


def _squares(eyes: list[_Eye]) -> Iterator[tuple[tuple[float, float], float, tuple[_Eye, _Eye, _Eye]]]:
    """Yield middle, distance of the eyes from it, and the eyes, for eyes at three corners of a square."""
    for three in combinations(eyes, 3):
        radii = sorted(eye.radius for eye in three)
        if radii[2] > 1.4 * radii[0]:
            continue
        sides = sorted(math.hypot(one.x - two.x, one.y - two.y) for one, two in combinations(three, 2))
        legs_alike, right_angle = sides[1] < 1.12 * sides[0], abs(sides[2] / sides[1] - math.sqrt(2)) < 0.12
        if legs_alike and right_angle and 2.2 < sides[0] / (2 * radii[1]) < 9:
            ends = next(
                pair for pair in combinations(three, 2) if math.hypot(pair[0].x - pair[1].x, pair[0].y - pair[1].y) == sides[2]
            )
            yield ((ends[0].x + ends[1].x) / 2, (ends[0].y + ends[1].y) / 2), sides[2] / 2, three


def _has_rays(pixels: Any, middle: tuple[float, float], reach: float, eyes: tuple[_Eye, _Eye, _Eye]) -> bool:
    """Return whether strokes run outwards: circles around the middle cross many of them, at angles that stay the same."""
    angles = np.linspace(0, 2 * math.pi, _SAMPLES, endpoint=False)
    free = np.ones(_SAMPLES, dtype=bool)
    for eye in eyes:
        towards = math.atan2(eye.y - middle[1], eye.x - middle[0])
        for direction in (towards, towards + math.pi):
            away = np.abs((angles - direction + math.pi) % (2 * math.pi) - math.pi)
            free &= away > math.radians(_EYE_SECTOR)
    rings = []
    for share in _RADII:
        xs = np.clip(np.rint(middle[0] + share * reach * np.cos(angles)), 0, pixels.shape[1] - 1).astype(int)
        ys = np.clip(np.rint(middle[1] + share * reach * np.sin(angles)), 0, pixels.shape[0] - 1).astype(int)
        rings.append(pixels[ys, xs].astype(float))
    around = np.stack(rings)
    dark = around < (around[:, free].min() + around[:, free].max()) / 2
    crossings = [int(np.count_nonzero(ring[1:] != ring[:-1])) for ring in dark[:, free]]
    steady = float(np.mean(dark[1:, free] == dark[:-1, free]))
    return float(np.median(crossings)) >= 14 and steady > 0.68
