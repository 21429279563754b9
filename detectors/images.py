"""Read a picture: its text with places, its QR codes, whether a mini-program code is there, and its fingerprint.

Recognition is an optional part. Without it the fingerprint and the size are still given, and `notes` say what was skipped.
Whatever the bytes are, reading them ends with an `ImageReading`; a picture that cannot be read is a note, not an error.
"""

import io
import struct
import warnings
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from PIL import Image, ImageOps

from detectors.image_codes import CAN_READ_CODES, Box, CodeRead, Point, read_codes
from detectors.image_confusions import undo_confusions
from detectors.image_hashes import SAME_PICTURE, fingerprint, similar
from detectors.image_round_codes import CAN_SEE_ROUND_CODES, has_round_code
from detectors.image_text import CAN_READ_TEXT, TextLine, read_lines

__all__ = ["SAME_PICTURE", "Box", "CodeRead", "ImageReading", "TextLine", "boxes_of", "read_image", "similar"]

MOST_BYTES: Final = 40_000_000
MOST_PIXELS: Final = 40_000_000
_LONGEST_SIDE: Final = 60_000
Image.init()
_FORMATS: Final = tuple(name for name in ("PNG", "JPEG", "MPO", "WEBP", "GIF", "BMP", "TIFF", "AVIF") if name in Image.OPEN)
# What the decoders of damaged files are known to raise; a crawled picture is written by whoever is being investigated.
_BROKEN: Final = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    ArithmeticError,
    AttributeError,
    AssertionError,
    RuntimeError,
    EOFError,
    MemoryError,
    struct.error,
    zlib.error,
)
_HOW_TO_INSTALL: Final = '需要时请执行 pip install "xianshang-patrol[ocr]"'

Repair = Callable[[str], str]
"""Undo usual misreadings of a line, character for character: the result must be as long as what it is given."""


@dataclass(frozen=True, slots=True)
class ImageReading:
    """What was seen in a picture. Boxes are in pixels of the upright picture, whose size is `width` × `height`."""

    lines: tuple[TextLine, ...] = ()
    codes: tuple[CodeRead, ...] = ()
    mini_program_code: bool = False
    hashes: tuple[str, ...] = ()
    width: int = 0
    height: int = 0
    notes: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """Return the lines joined by line breaks; `boxes_of` finds a span of it in the picture."""
        return "\n".join(line.text for line in self.lines)


def read_image(data: bytes, *, repair: Repair | None = undo_confusions) -> ImageReading:
    """Return what is seen in the bytes of a picture; `repair` is given each line as read, None leaves it so."""
    opened = _open(data)
    if isinstance(opened, str):
        return ImageReading(notes=(opened,))
    image, notes = opened
    lines, skipped = read_lines(image)
    round_code = has_round_code(image)
    if round_code:
        skipped = (*skipped, "图中有疑似小程序码，须人工用手机查看")
    return ImageReading(
        lines=tuple(_repaired(line, repair) for line in lines) if repair else lines,
        codes=read_codes(image),
        mini_program_code=round_code,
        hashes=fingerprint(image),
        width=image.width,
        height=image.height,
        notes=(*notes, *skipped, *_missing_parts()),
    )


def boxes_of(reading: ImageReading, start: int, end: int) -> tuple[Box, ...]:
    """Return where `reading.text[start:end]` stands in the picture, one box for each line it touches.

    Within a line the place is reckoned from the widths of the characters, wide ones counting double.
    """
    return tuple(_spans(reading, start, end))


def _spans(reading: ImageReading, start: int, end: int) -> Iterator[Box]:
    at = 0
    for line in reading.lines:
        first, last = max(start, at) - at, min(end, at + len(line.text)) - at
        if first < last:
            yield _part_of(line, first, last)
        at += len(line.text) + 1


def _part_of(line: TextLine, first: int, last: int) -> Box:
    widths = [1.0 if line.is_column or ord(one) > 0x2E7F else 0.5 for one in line.text]
    begin, finish = (sum(widths[:place]) / sum(widths) for place in (first, last))
    one, two, three, four = line.box
    if line.is_column:
        return _at(one, four, begin), _at(two, three, begin), _at(two, three, finish), _at(one, four, finish)
    return _at(one, two, begin), _at(one, two, finish), _at(four, three, finish), _at(four, three, begin)


def _at(start: Point, end: Point, share: float) -> Point:
    return round(start[0] + (end[0] - start[0]) * share), round(start[1] + (end[1] - start[1]) * share)


def _repaired(line: TextLine, repair: Repair) -> TextLine:
    text = repair(line.text)
    if text == line.text or len(text) != len(line.text):
        return line
    return replace(line, text=text, as_read=line.text)


def _missing_parts() -> Iterator[str]:
    if not CAN_READ_TEXT:
        yield f"未安装文字识别部件，图片文字未识别；{_HOW_TO_INSTALL}"
    if not CAN_READ_CODES:
        yield f"未安装二维码识别部件，二维码未识别；{_HOW_TO_INSTALL}"
    if not CAN_SEE_ROUND_CODES:
        yield f"未安装图形识别部件，未查找小程序码；{_HOW_TO_INSTALL}"


def _open(data: bytes) -> tuple[Image.Image, tuple[str, ...]] | str:
    """Return the upright picture in RGB with notes, or the reason why there is none."""
    if len(data) > MOST_BYTES:
        return f"图片文件过大（{len(data) // 1_000_000} MB），未识别"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _decode(data)
    except Image.DecompressionBombError:
        return "图片尺寸过大，疑似解压炸弹，未识别"
    except _BROKEN as error:
        return f"图片无法打开（{type(error).__name__}），可能已损坏或不是图片"


def _decode(data: bytes) -> tuple[Image.Image, tuple[str, ...]] | str:
    with Image.open(io.BytesIO(data), formats=_FORMATS) as image:
        notes: tuple[str, ...] = ()
        if image.format in {"JPEG", "MPO"} and MOST_PIXELS < image.width * image.height <= 4 * MOST_PIXELS:
            notes = (f"图片过大（{image.width}×{image.height}），缩小一半识别",)
            image.draft("RGB", (image.width // 2, image.height // 2))
        if image.width * image.height > MOST_PIXELS or max(image.size) > _LONGEST_SIDE:
            return f"图片尺寸过大（{image.width}×{image.height}），未识别"
        frames = getattr(image, "n_frames", 1)
        notes = (*notes, f"图片共 {frames} 帧，只识别第一帧") if frames > 1 else notes
        upright = ImageOps.exif_transpose(image)
        if "A" in upright.getbands() or "transparency" in upright.info:
            upright = upright.convert("RGBA")
            paper = Image.new("RGBA", upright.size, "white")
            return Image.alpha_composite(paper, upright).convert("RGB"), notes
        return upright.convert("RGB"), notes
