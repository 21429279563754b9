"""Read the text lines of a picture with their places: tall screenshots in strips, columns from right to left."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Final

from PIL import Image

from detectors.image_codes import Box

try:
    import numpy as np
except ImportError:
    np = None  # type: ignore[assignment]

# the engine takes a second to load: only a process that meets a picture pays for it
CAN_READ_TEXT: Final = np is not None and find_spec("rapidocr") is not None

_STRIP, _OVERLAP = 1000, 200
_WHOLE_UP_TO: Final = 1400
_WIDEST: Final = 2000
_MOST_STRIPS: Final = 30
_SMALL: Final = 640
_LEAST_CONTRAST: Final = 12
_SMALLEST_SIDE: Final = 12
_COLUMN: Final = 1.6
_SURE_ENOUGH: Final = 0.5


@dataclass(frozen=True, slots=True)
class TextLine:
    """One line or column; `box` are its corners in pixels of the upright picture, clockwise from its beginning.

    `as_read` is what the engine read, kept where a usual misreading was undone in `text`.
    """

    text: str
    box: Box
    confidence: float
    as_read: str = ""

    @property
    def is_column(self) -> bool:
        """Whether the characters stand one below another."""
        wide, high = _extent(self.box)
        return len(self.text) > 1 and high > _COLUMN * wide


def read_lines(image: Image.Image) -> tuple[tuple[TextLine, ...], tuple[str, ...]]:
    """Return the lines in reading order, and notes on what was left out.

    Fed whole, a tall screenshot would be shrunk until nothing can be read; in overlapping strips each line is read at full
    size, and is kept from the strip in whose middle part it lies.
    """
    if not CAN_READ_TEXT or min(image.size) < _SMALLEST_SIDE:
        return (), ()
    scale = 2.0 if max(image.size) < _SMALL else min(1.0, _WIDEST / image.width)
    size = (round(image.width * scale), max(1, round(image.height * scale)))
    work = image if scale == 1.0 else image.resize(size, Image.Resampling.LANCZOS)
    lines: list[TextLine] = []
    for top, bottom, first, last in _strips(work.height):
        for text, corners, confidence in _recognise(work.crop((0, top, work.width, bottom))):
            middle = top + sum(y for _, y in corners) / len(corners)
            if text.strip() and confidence >= _SURE_ENOUGH and first <= middle < last:
                one, two, three, four = ((round(x / scale), round((y + top) / scale)) for x, y in corners)
                lines.append(TextLine(text.strip(), (one, two, three, four), round(confidence, 4)))
    read_to = _last_row(work.height)
    notes = () if read_to >= work.height else (f"图片过长，只识别了上部 {round(read_to / scale)} 像素的文字，其余须人工查看",)
    return tuple(in_reading_order(lines)), notes


def in_reading_order(lines: Iterable[TextLine]) -> Iterator[TextLine]:
    """Yield lines row by row; columns follow the rows above them, from right to left."""
    lines = list(lines)
    columns = sorted((line for line in lines if line.is_column), key=lambda line: -_middle(line)[0])
    rows = sorted((line for line in lines if not line.is_column), key=lambda line: _middle(line)[1])
    columns_at = min((_top(line) for line in columns), default=float("inf"))
    for row in _grouped(rows):
        if columns and min(_top(line) for line in row) > columns_at:
            yield from columns
            columns = []
        yield from row
    yield from columns


def _grouped(rows: list[TextLine]) -> Iterator[list[TextLine]]:
    """Yield lines that stand side by side together, from left to right."""
    group: list[TextLine] = []
    for line in rows:
        if group and _middle(line)[1] - _middle(group[0])[1] > 0.5 * min(_extent(line.box)[1], _extent(group[0].box)[1]):
            yield sorted(group, key=lambda one: _middle(one)[0])
            group = []
        group.append(line)
    if group:
        yield sorted(group, key=lambda one: _middle(one)[0])


def _strips(height: int) -> Iterator[tuple[int, int, float, float]]:
    """Yield top and bottom of each strip, and of the part of it whose lines are kept."""
    if height <= _WHOLE_UP_TO:
        yield 0, height, 0.0, float(height)
        return
    step = _STRIP - _OVERLAP
    last = min(_MOST_STRIPS - 1, max(0, -(-(height - _STRIP) // step)))
    for index in range(last + 1):
        top = index * step
        kept_from = 0.0 if index == 0 else top + _OVERLAP / 2
        bottom = min(top + _STRIP, height)
        yield top, bottom, kept_from, float(bottom) if index == last else top + _STRIP - _OVERLAP / 2


def _last_row(height: int) -> int:
    return max(bottom for _, bottom, _, _ in _strips(height))


def _recognise(image: Image.Image) -> Iterator[tuple[str, list[tuple[float, float]], float]]:
    """Yield text, corners and confidence of each line the engine sees; a plain surface is not shown to it."""
    darkest, brightest = image.convert("L").getextrema()
    if brightest - darkest < _LEAST_CONTRAST:  # type: ignore[operator]
        return
    pixels = np.ascontiguousarray(np.asarray(image.convert("RGB"))[:, :, ::-1])
    seen = _engine()(pixels)
    if seen.boxes is None or seen.txts is None or seen.scores is None:
        return
    for text, corners, confidence in zip(seen.txts, seen.boxes, seen.scores, strict=True):
        yield str(text), [(float(x), float(y)) for x, y in corners], float(confidence)


@cache
def _engine() -> Any:
    """Return the engine with the models that lie in its wheel; one thread, since the patrol runs one process per core."""
    threads = {f"EngineConfig.onnxruntime.{kind}_op_num_threads": 1 for kind in ("intra", "inter")}
    # By default the engine enlarges until the shorter side has 736 pixels: a banner of 120 lines would grow without bound.
    size = {"Det.limit_type": "max", "Det.limit_side_len": _WIDEST}
    return import_module("rapidocr").RapidOCR(params={"Global.log_level": "critical", **threads, **size})


def _extent(box: Box) -> tuple[float, float]:
    (x1, y1), (x2, y2), (x3, y3), (x4, y4) = box
    wide = (abs(x2 - x1) + abs(x3 - x4)) / 2 + (abs(y2 - y1) + abs(y3 - y4)) / 2
    high = (abs(x4 - x1) + abs(x3 - x2)) / 2 + (abs(y4 - y1) + abs(y3 - y2)) / 2
    return wide, high


def _middle(line: TextLine) -> tuple[float, float]:
    return sum(x for x, _ in line.box) / 4, sum(y for _, y in line.box) / 4


def _top(line: TextLine) -> float:
    return float(min(y for _, y in line.box))
