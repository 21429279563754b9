"""Fold institution names and the text around them: width, case, traditional characters, punctuation."""

import re
import unicodedata
from dataclasses import dataclass
from functools import cache

import opencc

_HARD = frozenset("，。！？；：、\n\r《》【】『』「」〖〗〈〉“”\"'‘’…,!?;:…﹁﹂")
_BRACKET = re.compile(r"[(\[{<（［｛〔]([^()\[\]{}（）［］｛｝〔〕<>]{1,40})[)\]}>）］｝〕]")
_CONTENT = re.compile(r"[0-9a-z\u3400-\u9fff\U00020000-\U000323af]+")


@cache
def _script_table() -> dict[int, str]:
    """Map every traditional or variant character to its simplified form, one character each."""
    points = [*range(0x3400, 0x4DC0), *range(0x4E00, 0xA000), *range(0xF900, 0xFB00)]
    # 乾 is left alone: in names it is the qián of 乾坤, which the simplified script keeps
    before = "\n".join(chr(point) for point in points if point != ord("乾"))
    after = opencc.OpenCC("t2s").convert(before)
    return {ord(old): new for old, new in zip(before.split("\n"), after.split("\n"), strict=True) if old != new and len(new) == 1}


def fold(text: str) -> str:
    """Return text in half width, lower case and simplified script; punctuation stays."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text).translate(_script_table())
    return text.lower()


def compact(text: str) -> str:
    """Return only the letters, digits and Han characters of a folded text: the form in which names are compared."""
    return "".join(_CONTENT.findall(fold(text)))


@dataclass(slots=True)
class Folded:
    """A text without its punctuation; `hard` and `weak` are the positions in `text` before which something was cut out.

    Weak cuts (space, dash, dot, bar, emoji) may stand inside one name; hard ones (comma, quotes, brackets) may not.
    `inserts` are bracket contents lifted out, each with the position where it stood.
    """

    text: str
    hard: set[int]
    weak: set[int]
    inserts: list[tuple[int, str]]

    def between(self, start: int, end: int) -> str:
        """Return a stretch with the bracket contents that stood in it put back (letters and characters only)."""
        text = self.text[start:end]
        for position, insert in reversed(self.inserts):
            if start <= position <= end:
                text = text[: position - start] + "".join(_CONTENT.findall(insert)) + text[position - start :]
        return text

    def cut(self, position: int) -> bool:
        """Whether the text begins, ends or was cut at this position."""
        return position in self.hard or position in self.weak or position == 0 or position == len(self.text)


def _join(text: str, inserts: list[tuple[int, str]]) -> Folded:
    hard: set[int] = set()
    weak: set[int] = set()
    pieces: list[str] = []
    length = last = 0
    for found in _CONTENT.finditer(text):
        gap = text[last : found.start()]
        if gap and length:
            if "——" in gap or any(char in _HARD for char in gap):
                hard.add(length)
            elif any(unicodedata.category(char) != "Cf" for char in gap):
                weak.add(length)
        pieces.append(found.group())
        length += len(found.group())
        last = found.end()
    if len(weak) >= 3 and all(len(piece) == 1 for piece in pieces):
        weak = set()
    return Folded("".join(pieces), hard, weak, inserts)


def dissect(text: str) -> Folded:
    """Fold a text for scanning: joined characters, where it was cut, and what stood in brackets."""
    folded = fold(text)
    if folded.isalnum():
        return Folded(folded, set(), set(), [])
    inserts: list[tuple[int, str]] = []
    if "(" in folded or "[" in folded or "{" in folded or "〔" in folded:
        kept: list[str] = []
        last = count = 0
        for found in _BRACKET.finditer(folded):
            kept.append(folded[last : found.start()])
            count += sum(len(piece) for piece in _CONTENT.findall(kept[-1]))
            inserts.append((count, found.group(1)))
            last = found.end()
        if _CONTENT.search("".join([*kept, folded[last:]])):
            folded = "\u00b7".join([*kept, folded[last:]])
        else:
            inserts = []  # «[青柠檬艺术]»: everything stands in brackets, they are decoration
    return _join(folded, inserts)
