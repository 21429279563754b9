"""Make text written by strangers safe to print, and measure it: crawled pages are written by the people under investigation."""

import re
import unicodedata
from datetime import date, datetime

from patrol.reports.records import CHINA

CUT_MARK = "……〔已截断，全文见证据〕"

# Not allowed in XML 1.0, or invisible and able to reorder or hide what an officer reads (bidi controls, zero width, tags).
_FORBIDDEN = re.compile(
    "[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u00ad\u061c\u115f\u1160\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff"
    "\ufff0-\uffff\ud800-\udfff\U000e0000-\U000e0fff]"
)
_NONCHARACTERS = re.compile("[" + "".join(chr(plane << 16 | tail) for plane in range(1, 17) for tail in (0xFFFE, 0xFFFF)) + "]")
_SPACE = re.compile(r"[ \t\u00a0\u2000-\u200a\u3000]+")
_LINES = re.compile(r"\s*[\r\n]+\s*")
_MARKS = "\u0300-\u036f\u0483-\u0489\u0e31\u0e34-\u0e3a\u0e47-\u0e4e\u20d0-\u20f0"
_STACKED = re.compile(f"([{_MARKS}]{{3}})[{_MARKS}]+")


def clean(text: str, limit: int = 0) -> str:
    """Return `text` fit for a cell: no control, bidi or invisible characters, one line, cut at `limit` with a mark.

    The original stays whole in the sealed evidence; a form is a copy to read.
    """
    flat = _LINES.sub(" ", text)
    flat = _NONCHARACTERS.sub("", _FORBIDDEN.sub("", flat))
    flat = _STACKED.sub(r"\1", _SPACE.sub(" ", flat)).strip()
    return cut(flat, limit) if limit else flat


def cut(text: str, limit: int) -> str:
    """Return at most `limit` characters of `text`, ending in a visible mark when something was left out."""
    if len(text) <= limit:
        return text
    mark = CUT_MARK if limit >= 3 * len(CUT_MARK) else "……"
    return text[: max(0, limit - len(mark))] + mark


def columns_of(character: str) -> float:
    """Return the width of one character in full-width units (a Chinese character is 1)."""
    if unicodedata.east_asian_width(character) in "WFA":
        return 1.0
    if unicodedata.combining(character):
        return 0.0
    return 0.62 if character.isupper() or character in "@%&mwMW" else 0.55


def lines_needed(text: str, width: float) -> int:
    """Return how many lines `text` takes in `width` full-width units, broken as Excel and Word break.

    A run of Latin letters moves whole to the next line when it fits there, and is broken anywhere when it does not.
    """
    return sum(_wrapped(part, max(width, 1.0)) for part in text.split("\n"))


_RUN = re.compile(r"[!-~]+|[^!-~]")


def _wrapped(text: str, width: float) -> int:
    lines, used = 1, 0.0
    for run in _RUN.findall(text):
        size = sum(columns_of(character) for character in run)
        if used + size <= width:
            used += size
        elif size <= width:
            lines, used = lines + 1, size
        else:
            lines += int((used + size) // width)
            used = (used + size) % width
    return lines


def chinese_date(day: date) -> str:
    """Write a day as official papers do: 2027年1月5日, no leading zeros."""
    return f"{day.year}年{day.month}月{day.day}日"


def short_day(day: date) -> str:
    """Write a day in a column too narrow for the official form: 2027-01-05."""
    return day.isoformat()


def stacked(at: datetime) -> str:
    """Write a moment in China time on two lines, for a narrow column."""
    return at.astimezone(CHINA).strftime("%Y-%m-%d\n%H:%M")


def moment(at: datetime) -> str:
    """Write a moment in China time to the minute."""
    return at.astimezone(CHINA).strftime("%Y-%m-%d %H:%M")
