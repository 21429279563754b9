"""Masked copies of page pictures: bars over what is personal in the page's text, inside its pictures, and over QR codes.

Text of the page stands in the text map. Words inside pictures are read by OCR where it is installed; what could not be looked at
is said in a note, for a person to check. Faces are never found here: pictures with room for one are flagged.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from types import ModuleType

from PIL import Image, ImageDraw

from patrol.vault.masking import Area, Box, find_secrets, secret_areas

_SMALLEST = 60
_MOST_PICTURES = 12
_MARGIN, _WIDEST_SIDE = 3, 24
_SIDE = 0.4  # of a line's height: places inside a line are reckoned from usual widths of characters


@dataclass(frozen=True, slots=True)
class Hidden:
    """What must be covered on a page's pictures, and what a person has to check by eye."""

    areas: tuple[Area, ...] = ()
    notes: tuple[str, ...] = ()


def find_hidden(full: bytes, boxes: Sequence[Box], names: Sequence[str] = ()) -> Hidden:
    """Return what to cover on the full-page picture of a page; places hold for its first-screen picture too."""
    areas = secret_areas([box for box in boxes if box.kind == "t"], names)
    pictures = [box for box in boxes if box.kind == "i" and min(box.width, box.height) >= _SMALLEST]
    if not pictures:
        return Hidden(tuple(areas))
    page = Image.open(io.BytesIO(full)).convert("RGB")
    notes = ["页面含图片：人像、校名未自动遮盖，请人工核对"]
    largest = sorted(pictures, key=lambda box: -box.width * box.height)
    if len(largest) > _MOST_PICTURES:
        notes.append(f"只识别了最大的 {_MOST_PICTURES} 张图片，另有 {len(largest) - _MOST_PICTURES} 张未识别，请人工核对")
    for box in largest[:_MOST_PICTURES]:
        found, said = _in_picture(page, box, names)
        areas += found
        notes += said
    return Hidden(tuple(areas), tuple(dict.fromkeys(notes)))


def cover(png: bytes, hidden: Hidden) -> bytes:
    """Return a PNG with a black bar over each area; its metadata is left behind."""
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    pen = ImageDraw.Draw(picture)
    for left, top, right, bottom in hidden.areas:
        pen.rectangle((left, top, right, bottom), fill="black")
    target = io.BytesIO()
    picture.save(target, "PNG")
    return target.getvalue()


@cache
def _eyes() -> ModuleType:
    """Load the reading of pictures at its first use: it takes seconds, and every sweep and capture process imports the vault."""
    return import_module("detectors.images")


def _in_picture(page: Image.Image, box: Box, names: Sequence[str]) -> tuple[list[Area], list[str]]:
    """Read one picture as it is shown on the page."""
    left, top = max(0, box.x), max(0, box.y)
    right, bottom = min(page.width, box.x + box.width), min(page.height, box.y + box.height)
    if right - left < _SMALLEST or bottom - top < _SMALLEST:
        return [], []
    part = io.BytesIO()
    page.crop((left, top, right, bottom)).save(part, "PNG")
    eyes = _eyes()
    reading = eyes.read_image(part.getvalue())
    places = [place for s in find_secrets(reading.text, names) for place in eyes.boxes_of(reading, s.start, s.end)]
    places += [code.box for code in reading.codes]
    areas: list[Area] = []
    for corners in places:
        across, down = [point[0] for point in corners], [point[1] for point in corners]
        wide = min(_WIDEST_SIDE, max(_MARGIN, (max(down) - min(down)) * _SIDE))
        areas.append((left + min(across) - wide, top + min(down) - _MARGIN, left + max(across) + wide, top + max(down) + _MARGIN))
    return areas, [f"图片内容：{note}" for note in reading.notes]
