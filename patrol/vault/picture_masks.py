"""Masked copies of page pictures: bars over what is personal in the page's text, inside its pictures, and over QR codes.

Text of the page stands in the text map. Words inside pictures are read by OCR where it is installed; what could not be looked at
is said in a note, for a person to check. No face detector is at hand that works offline, so each picture is flagged with its
place; an officer covers faces and school names by naming the area (`patrol evidence mask`), which the ledger keeps.
"""

import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from types import ModuleType

from PIL import Image, ImageDraw, ImageFilter

from detectors.image_codes import read_codes
from patrol.vault.masking import Area, Box, find_secrets, secret_areas
from patrol.vault.model import LedgerRow

_SMALLEST = 60
_BLUR, _MOST_ROUNDS = 14, 6
_MOST_PICTURES = 12
_MARGIN, _WIDEST_SIDE = 3, 24
_SIDE = 0.4  # of a line's height: places inside a line are reckoned from usual widths of characters


@dataclass(frozen=True, slots=True)
class Hidden:
    """What must be covered on a page's pictures, and what a person has to check by eye."""

    areas: tuple[Area, ...] = ()
    notes: tuple[str, ...] = ()


def find_hidden(full: bytes, boxes: Sequence[Box], known: Sequence[str] = ()) -> Hidden:
    """Return what to cover on the full-page picture of a page; places hold for its first-screen picture too."""
    areas = secret_areas([box for box in boxes if box.kind == "t"], known)
    page = Image.open(io.BytesIO(full)).convert("RGB")
    areas += _codes(page)
    pictures = [box for box in boxes if box.kind == "i" and min(box.width, box.height) >= _SMALLEST]
    if not pictures:
        return Hidden(tuple(areas))
    places = "；".join(f"{box.x},{box.y},{box.width},{box.height}" for box in pictures[:_MOST_PICTURES])
    notes = [f"页面含 {len(pictures)} 张图片，人像、校名未自动遮盖，请人工核对（位置 左,上,宽,高：{places}）"]
    largest = sorted(pictures, key=lambda box: -box.width * box.height)
    if len(largest) > _MOST_PICTURES:
        notes.append(f"只识别了最大的 {_MOST_PICTURES} 张图片，另有 {len(largest) - _MOST_PICTURES} 张未识别，请人工核对")
    for box in largest[:_MOST_PICTURES]:
        found, said = _in_picture(page, box, known)
        areas += found
        notes += said
    return Hidden(tuple(areas), tuple(dict.fromkeys(notes)))


def cover(png: bytes, hidden: Hidden, blurred: Sequence[Area] = ()) -> bytes:
    """Return a PNG with a black bar over each area, and what an officer named blurred; its metadata is left behind."""
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    pen = ImageDraw.Draw(picture)
    for left, top, right, bottom in hidden.areas:
        pen.rectangle((left, top, right, bottom), fill="black")
    for area in blurred:
        _blur(picture, area)
    target = io.BytesIO()
    picture.save(target, "PNG")
    return target.getvalue()


def manual_areas(rows: Iterable[LedgerRow]) -> Mapping[str, tuple[Area, ...]]:
    """Return what officers had covered by hand, by manifest, as the ledger has it."""
    found: dict[str, tuple[Area, ...]] = {}
    for row in rows:
        if row.action == "mask":
            left, top, width, height = json.loads(row.detail["area"])
            name = row.detail["manifest"]
            found[name] = (*found.get(name, ()), (left, top, left + width, top + height))
    return found


def _blur(picture: Image.Image, area: Area) -> None:
    """Make an area unrecognisable for good: a few coarse squares, blurred."""
    left, top, right, bottom = (round(edge) for edge in area)
    box = (max(0, left), max(0, top), min(picture.width, right), min(picture.height, bottom))
    if box[0] >= box[2] or box[1] >= box[3]:
        return
    size = (box[2] - box[0], box[3] - box[1])
    coarse = picture.crop(box).resize((max(1, size[0] // 24), max(1, size[1] // 24)), Image.Resampling.BOX)
    picture.paste(coarse.resize(size, Image.Resampling.NEAREST).filter(ImageFilter.GaussianBlur(_BLUR)), box)


def _codes(page: Image.Image) -> list[Area]:
    """Return where QR codes stand anywhere on the page (drawn, in backgrounds, in frames).

    The reader names a payload once, so the page is read again with what was found painted over.
    """
    areas: list[Area] = []
    left = page.convert("L")
    for _ in range(_MOST_ROUNDS):
        codes = read_codes(left)
        for code in codes:
            across, down = [point[0] for point in code.box], [point[1] for point in code.box]
            areas.append((min(across) - _MARGIN, min(down) - _MARGIN, max(across) + _MARGIN, max(down) + _MARGIN))
            ImageDraw.Draw(left).rectangle(areas[-1], fill=0)
        if not codes:
            break
    return areas


@cache
def _eyes() -> ModuleType:
    """Load the reading of pictures at its first use: it takes seconds, and every sweep and capture process imports the vault."""
    return import_module("detectors.images")


def _in_picture(page: Image.Image, box: Box, known: Sequence[str]) -> tuple[list[Area], list[str]]:
    """Read one picture as it is shown on the page."""
    left, top = max(0, box.x), max(0, box.y)
    right, bottom = min(page.width, box.x + box.width), min(page.height, box.y + box.height)
    if right - left < _SMALLEST or bottom - top < _SMALLEST:
        return [], []
    part = io.BytesIO()
    page.crop((left, top, right, bottom)).save(part, "PNG")
    eyes = _eyes()
    reading = eyes.read_image(part.getvalue())
    places = [place for s in find_secrets(reading.text, known) for place in eyes.boxes_of(reading, s.start, s.end)]
    areas: list[Area] = []
    for corners in places:
        across, down = [point[0] for point in corners], [point[1] for point in corners]
        wide = min(_WIDEST_SIDE, max(_MARGIN, (max(down) - min(down)) * _SIDE))
        areas.append((left + min(across) - wide, top + min(down) - _MARGIN, left + max(across) + wide, top + max(down) + _MARGIN))
    return areas, [f"图片内容：{note}" for note in reading.notes]
