"""Fingerprints of pictures that survive recompression, rescaling, a frame, and a crop of up to a fifth of a side."""

import base64
import binascii
import heapq
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from typing import Final

from PIL import Image

Region = tuple[int, int, int, int]
Window = tuple[float, float, float, float]

SAME_PICTURE: Final = 0.66
"""Two pictures at least this similar are the same poster, or one cut out of the other; `patrol.bench.images` measures it."""

_CELLS: Final = 10
_STEP: Final = 5  # a step in brightness, of 255, that counts as an edge
_SKETCH: Final = 96
_SKETCH_MARK: Final = "sketch:"
_TRIM_SIDE: Final = 800
_FLAT: Final = 16
_LEAST_CONTRAST: Final = 24
_WORTH_FITTING: Final = 0.38
_CANDIDATES: Final = 3
_SHIFTS: Final = (3.0, 1.5, 3.0, 1.5, 0.75)  # in pixels of the sketch
_CUTS: Final = tuple((before, after) for before, after in product((0.0, 0.08, 0.16, 0.24), repeat=2) if before + after < 0.25)


def fingerprint(image: Image.Image) -> tuple[str, ...]:
    """Return three hashes in hex (whole, without its frame, without margins) and a grey sketch of 96 × 96.

    The sketch is what windows of the picture are taken from when it is compared; text cannot be read in it. Empty for a
    picture without contrast, which would resemble every other one.
    """
    grey = image.convert("L")
    grey.thumbnail((_TRIM_SIDE, _TRIM_SIDE), Image.Resampling.BOX, reducing_gap=2.0)
    pixels = grey.tobytes()
    if max(pixels) - min(pixels) < _LEAST_CONTRAST:
        return ()
    sketch = grey.resize((_SKETCH, _SKETCH), Image.Resampling.BOX)
    regions = [
        tuple(edge * _SKETCH / side for edge, side in zip(region, grey.size * 2, strict=True)) for region in _regions(grey)
    ]
    words = ";".join(",".join(f"{edge:.2f}" for edge in region) for region in regions)
    packed = base64.b85encode(zlib.compress(sketch.tobytes(), 9)).decode("ascii")
    text = f"{_SKETCH_MARK}{words}:{packed}"
    return (*(f"{_hash(sketch, window):0{_CELLS * _CELLS}x}" for window in _unpack(text)[1]), text)


def similar(one: Sequence[str], other: Sequence[str]) -> float:
    """Return how alike two fingerprints are, 0 to 1: the best fit of either picture to a window of the other."""
    if not one or not other:
        return 0.0
    ours, theirs = _expanded(one[-1]), _expanded(other[-1])
    return max(_best_fit(ours, theirs), _best_fit(theirs, ours))


@dataclass(frozen=True, slots=True)
class _Expanded:
    """A fingerprint made ready to compare: the hashes of its three wholes, and the windows of the first and last of them."""

    sketch: Image.Image
    wholes: tuple[int, ...]
    windows: tuple[tuple[Window, int], ...]


@lru_cache(maxsize=2048)
def _expanded(text: str) -> _Expanded:
    sketch, regions = _unpack(text)
    windows = tuple((window, _hash(sketch, window)) for region in (regions[0], regions[-1]) for window in _windows(region))
    return _Expanded(sketch, tuple(_hash(sketch, region) for region in regions), windows)


def _best_fit(part: _Expanded, whole: _Expanded) -> float:
    """Return how well one picture fits the best window of the other, whose edges are then moved until it fits best."""
    fits = ((_alike(one, hash_), window, one) for one in part.wholes for window, hash_ in whole.windows)
    promising = heapq.nlargest(_CANDIDATES, fits, key=lambda found: found[0])
    return max(_settled(whole.sketch, *found) if found[0] >= _WORTH_FITTING else found[0] for found in promising)


def _settled(sketch: Image.Image, fit: float, window: Window, hash_: int) -> float:
    """Return the fit that moving the edges of a window, one after another, leads to."""
    for shift in _SHIFTS:
        for edge in (0, 1, 2, 3):
            for moved in (_moved(window, edge, shift), _moved(window, edge, -shift)):
                better = _alike(hash_, _hash(sketch, moved))
                if better > fit:
                    fit, window = better, moved
    return fit


def _moved(window: Window, edge: int, shift: float) -> Window:
    edges = list(window)
    edges[edge] = min(max(edges[edge] + shift, 0.0), float(_SKETCH))
    left, top, right, bottom = edges
    return (left, top, right, bottom) if right - left > _CELLS and bottom - top > _CELLS else window


def _unpack(text: str) -> tuple[Image.Image, list[Window]]:
    """Return sketch and regions; a text that is none gives a ValueError."""
    words, _, packed = text.removeprefix(_SKETCH_MARK).partition(":")
    try:
        pixels = zlib.decompress(base64.b85decode(packed))
        regions: list[Window] = []
        for group in words.split(";"):
            left, top, right, bottom = (float(edge) for edge in group.split(","))
            regions.append((left, top, right, bottom))
        return Image.frombytes("L", (_SKETCH, _SKETCH), pixels), regions
    except (ValueError, zlib.error, binascii.Error) as error:
        raise ValueError("not a fingerprint of this module") from error


def _windows(region: Window) -> Iterator[Window]:
    left, top, right, bottom = region
    wide, high = right - left, bottom - top
    for (west, east), (north, south) in product(_CUTS, _CUTS):
        yield left + west * wide, top + north * high, right - east * wide, bottom - south * high


def _alike(one: int, other: int) -> float:
    """Return the edges that both have over the edges that either has: flat paper counts for nothing."""
    either = (one | other).bit_count()
    return (one & other).bit_count() / either if either else 0.0


def _hash(sketch: Image.Image, window: Window) -> int:
    """Return four bits a cell: whether it grows brighter or darker to the right, and downwards."""
    side = _CELLS + 1
    cells = sketch.resize((side, side), Image.Resampling.BOX, box=window).tobytes()
    bits = 0
    for row, column in product(range(_CELLS), range(_CELLS)):
        at = row * side + column
        right, down = cells[at + 1] - cells[at], cells[at + side] - cells[at]
        bits = bits << 4 | (right > _STEP) << 3 | (right < -_STEP) << 2 | (down > _STEP) << 1 | (down < -_STEP)
    return bits


def _regions(grey: Image.Image) -> Iterator[Region]:
    """Yield the whole picture, what lies in its outermost frame, and what lies within all plain margins."""
    whole = (0, 0, grey.width, grey.height)
    framed = last = _without_border(grey, whole)
    for _ in range(4):
        inner = _without_border(grey, last)
        if inner == last:
            break
        last = inner
    yield whole
    for region in (framed, last):
        large = (region[2] - region[0]) * 5 >= grey.width and (region[3] - region[1]) * 5 >= grey.height
        yield region if large else whole


def _without_border(grey: Image.Image, region: Region) -> Region:
    left, top, right, bottom = region
    while top < bottom - 1 and _is_flat(grey, (left, top, right, top + 1)):
        top += 1
    while bottom - 1 > top and _is_flat(grey, (left, bottom - 1, right, bottom)):
        bottom -= 1
    while left < right - 1 and _is_flat(grey, (left, top, left + 1, bottom)):
        left += 1
    while right - 1 > left and _is_flat(grey, (right - 1, top, right, bottom)):
        right -= 1
    return left, top, right, bottom


def _is_flat(grey: Image.Image, line: Region) -> bool:
    pixels = grey.crop(line).tobytes()
    return max(pixels) - min(pixels) <= _FLAT
