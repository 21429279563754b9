"""Read the words and codes of a fetched picture, where the optional OCR parts are installed."""

from pathlib import Path

from detectors.images import read_image

_SMALLEST_BYTES = 2_000


def read_picture(path: Path) -> str:
    """Return what a picture says, one line a row, codes last; empty when it says nothing or cannot be read.

    Icons and avatars (under 2 kB) are left out: they carry no poster text.
    """
    if not path.is_file() or path.stat().st_size < _SMALLEST_BYTES:
        return ""
    reading = read_image(path.read_bytes())
    lines = [line.text for line in reading.lines]
    codes = [f"二维码内容：{code.payload}" for code in reading.codes]
    marks = ["（图中有小程序码，须人工用手机查看）"] if reading.mini_program_code else []
    return "\n".join([*lines, *codes, *marks])
