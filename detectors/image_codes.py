"""Read the QR codes of a picture, small, turned and pale ones too."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from PIL import Image, ImageOps

try:
    import zxingcpp
except ImportError:
    zxingcpp = None  # type: ignore[assignment]

Point = tuple[int, int]
Box = tuple[Point, Point, Point, Point]

CAN_READ_CODES: Final = zxingcpp is not None

_STRIP, _OVERLAP = 1000, 220
_LARGEST_SIDE: Final = 6000
_MOST_HARD_TRIES: Final = 3
_SMALLEST_PART, _LARGEST_PART, _LARGEST_ENLARGED = 20, 500, 1000
_HARD_TRIES: Final = tuple((scale, angle) for scale in (3, 4, 2) for angle in (0, 15, 30, 45, 60, 75))


@dataclass(frozen=True, slots=True)
class CodeRead:
    """A code that was read; `box` are its corners in pixels of the upright picture, clockwise."""

    kind: str
    payload: str
    box: Box


def read_codes(image: Image.Image) -> tuple[CodeRead, ...]:
    """Return the QR codes of a picture, each once, top to bottom.

    Codes down to about 80 pixels are read at any angle: after a first look the picture is looked at again enlarged, and a
    code that was seen but not read is cut out, enlarged and turned until it can be.
    """
    if zxingcpp is None:
        return ()
    grey = image.convert("L")
    found: dict[tuple[str, str], CodeRead] = {}
    unread: list[Box] = []
    for scale, top, strip in _looks(grey):
        for barcode in _scan(strip):
            box = _corners(barcode.position, scale, top)
            if barcode.valid and barcode.text:
                found.setdefault(_key(barcode), CodeRead("qr", barcode.text, box))
            elif not any(_overlap(box, seen) for seen in unread):
                unread.append(box)
    for box in unread[:_MOST_HARD_TRIES]:
        if not any(_overlap(box, code.box) for code in found.values()):
            for barcode in _try_hard(grey, box):
                found.setdefault(_key(barcode), CodeRead("qr", barcode.text, box))
    return tuple(sorted(found.values(), key=lambda code: (code.box[0][1], code.box[0][0])))


def _looks(grey: Image.Image) -> Iterator[tuple[float, int, Image.Image]]:
    """Yield the scale, the top and the pixels of each look: the whole picture, then its strips at twice the size."""
    whole = grey
    if max(grey.size) > _LARGEST_SIDE:
        whole = grey.copy()
        whole.thumbnail((_LARGEST_SIDE, _LARGEST_SIDE))
    yield whole.width / grey.width, 0, whole
    for top in range(0, max(1, grey.height - _OVERLAP), _STRIP - _OVERLAP):
        strip = grey.crop((0, top, grey.width, min(top + _STRIP, grey.height)))
        if strip.width <= 2 * _STRIP:
            yield 2.0, top, strip.resize((strip.width * 2, strip.height * 2), Image.Resampling.BICUBIC)


def _scan(grey: Image.Image, *, global_threshold: bool = False) -> Iterator[Any]:
    binarizer = zxingcpp.Binarizer.GlobalHistogram if global_threshold else zxingcpp.Binarizer.LocalAverage
    formats = zxingcpp.barcode_formats_from_str("QRCode")
    yield from zxingcpp.read_barcodes(grey, formats=formats, binarizer=binarizer, return_errors=True)


def _key(barcode: Any) -> tuple[str, str]:
    return "qr", str(barcode.text)


def _try_hard(grey: Image.Image, box: Box) -> list[Any]:
    """Return what can be read of a code that was seen at `box` and not understood; empty when nothing can."""
    xs, ys = [x for x, _ in box], [y for _, y in box]
    margin = max(max(xs) - min(xs), max(ys) - min(ys), 20) // 3
    left, top = max(0, min(xs) - margin), max(0, min(ys) - margin)
    right, bottom = min(grey.width, max(xs) + margin), min(grey.height, max(ys) + margin)
    if right - left < _SMALLEST_PART or bottom - top < _SMALLEST_PART:
        return []
    part = grey.crop((left, top, right, bottom))
    part.thumbnail((_LARGEST_PART, _LARGEST_PART))
    part = ImageOps.autocontrast(part, cutoff=1)
    for scale, angle in _HARD_TRIES:
        if max(part.size) * scale > _LARGEST_ENLARGED:
            continue
        larger = part.resize((part.width * scale, part.height * scale), Image.Resampling.LANCZOS)
        turned = larger.rotate(angle, expand=True, resample=Image.Resampling.BICUBIC, fillcolor=255) if angle else larger
        for global_threshold in (False, True):
            read = [one for one in _scan(turned, global_threshold=global_threshold) if one.valid and one.text]
            if read:
                return read
    return []


def _corners(position: Any, scale: float, top: int) -> Box:
    corners = (position.top_left, position.top_right, position.bottom_right, position.bottom_left)
    one, two, three, four = ((round(corner.x / scale), round(corner.y / scale) + top) for corner in corners)
    return one, two, three, four


def _overlap(one: Box, other: Box) -> bool:
    def reach(box: Box, axis: int) -> tuple[int, int]:
        return min(point[axis] for point in box), max(point[axis] for point in box)

    spans = [(reach(one, axis), reach(other, axis)) for axis in (0, 1)]
    return all(ours[0] < theirs[1] and theirs[0] < ours[1] for ours, theirs in spans)
