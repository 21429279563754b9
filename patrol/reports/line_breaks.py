"""Break titles and column headings where a reader would: at words, never in a date, a number or a bracket, no lone character.

GB/T 9704-2012, 7.3.1: 回行时，要做到词意完整，排列对称，长短适宜，间距恰当.
"""

import re
from functools import cache, lru_cache
from itertools import accumulate, pairwise
from math import inf
from pathlib import Path

from patrol.reports.cells import columns_of
from patrol.validation import FileRecord, build, read_yaml

_FILE = Path(__file__).with_suffix(".yml")
_MOST_LINES = 6
_TORN = 60.0
"""What a break within words costs; a title or heading that must be torn is torn only where no further line helps."""
_SHORTEST = 3.0
_PLACES = "省市县区州盟旗"
_AFTER = "的、，）》”与和及或-"
_BEFORE = "（《“与和及或"
_NEVER_FIRST, _NEVER_LAST = "，。、）》”；：％%条款号-", "（《“第"
_BRACKET = re.compile(r"（[^（）]*）")
_ATOM = re.compile(r"\d{4}年(?:\d{1,2}月)?(?:\d{1,2}日)?|\d{1,2}月\d{1,2}日|[!-,.-~]+")


class _Words(FileRecord):
    """The whole of `line_breaks.yml`: words that stay whole."""

    title: tuple[str, ...]
    heading: tuple[str, ...]


@cache
def _words(kind: str) -> tuple[str, ...]:
    read = build(_Words, read_yaml(_FILE), file=_FILE)
    return tuple(sorted(read.title if kind == "title" else read.heading, key=len))


@lru_cache(maxsize=512)
def title_lines(title: str, longest: float = 20) -> tuple[str, ...]:
    """Break a title into as few lines of at most `longest` Chinese characters as it needs, alike in length, at its words."""
    return _broken(title, longest, "title")


@lru_cache(maxsize=512)
def heading_lines(heading: str, longest: float) -> tuple[str, ...]:
    """Break a column's heading the same way; a column may be as narrow as two characters."""
    return _broken(heading, longest, "heading")


def width_of(text: str) -> float:
    """Return the width of a text in Chinese characters; digits and Latin letters count half."""
    return sum(0.5 if character.isascii() else columns_of(character) for character in text)


def _broken(text: str, longest: float, kind: str) -> tuple[str, ...]:
    if width_of(text) <= longest or "\n" in text:
        return tuple(text.split("\n"))
    prices = _prices(text, _words(kind))
    shortest = _SHORTEST if kind == "title" else 1.5
    ways = [way for lines in range(2, _MOST_LINES + 1) if (way := _best(text, lines, longest, shortest, prices))]
    # one line more is better than a word torn apart
    return next((way for way in ways if not _tears(way, prices)), ways[0] if ways else _cut(text, longest))


def _prices(text: str, words: tuple[str, ...]) -> list[float]:
    """Return what a break before each character costs: nothing beside brackets, little between words, much within one, and never
    in a date or number, before closing or after opening marks."""
    prices = [_TORN] * (len(text) + 1)
    _price_words(prices, text, words)
    for place in range(1, len(text)):
        if text[place - 1] in _PLACES + _AFTER or text[place] in _BEFORE:
            prices[place] = min(prices[place], 2.0)
    for found in _BRACKET.finditer(text):
        for place in range(found.start() + 1, found.end()):
            prices[place] += 40.0
        prices[found.start()] = 0.0
    for found in _ATOM.finditer(text):
        prices[found.start() + 1 : found.end()] = [inf] * (found.end() - found.start() - 1)
    for place in range(1, len(text)):
        if text[place] in _NEVER_FIRST or text[place - 1] in _NEVER_LAST:
            prices[place] = inf
    return prices


def _price_words(prices: list[float], text: str, words: tuple[str, ...]) -> None:
    spans = [found.span() for word in words for found in re.finditer(re.escape(word), text)]
    for start, end in spans:
        prices[start], prices[end] = min(prices[start], 6.0), min(prices[end], 6.0)
    for start, end in spans:
        prices[start + 1 : end] = [max(price, 30.0) for price in prices[start + 1 : end]]


def _best(text: str, lines: int, longest: float, shortest: float, prices: list[float]) -> tuple[str, ...]:
    """Return the cheapest way to break a text into a number of lines, or nothing when there is none."""
    even = width_of(text) / lines
    cheapest: list[dict[int, tuple[float, int]]] = [{0: (0.0, 0)}]
    for line in range(1, lines + 1):
        reached: dict[int, tuple[float, int]] = {}
        for start, (spent, _) in cheapest[-1].items():
            ends = range(start + 1, len(text)) if line < lines else (len(text),)
            for end in ends:
                width = width_of(text[start:end])
                if width > longest:
                    break
                price = prices[end] if end < len(text) else 0.0
                if width < shortest or price == inf:
                    continue
                cost = spent + price + (width - even) ** 2
                if end not in reached or cost < reached[end][0]:
                    reached[end] = (cost, start)
        cheapest.append(reached)
    if len(text) not in cheapest[-1]:
        return ()
    stops, place = [len(text)], len(text)
    for reached in reversed(cheapest[1:]):
        place = reached[place][1]
        stops.append(place)
    return tuple(text[start:end] for start, end in pairwise(reversed(stops)))


def _tears(way: tuple[str, ...], prices: list[float]) -> bool:
    return any(prices[end] >= _TORN for end in accumulate(map(len, way[:-1])))


def _cut(text: str, longest: float) -> tuple[str, ...]:
    """Cut a text that has no words to break at into equal pieces."""
    pieces = -(-len(text) // max(1, int(longest)))
    size = -(-len(text) // pieces)
    return tuple(text[start : start + size] for start in range(0, len(text), size))
