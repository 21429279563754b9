"""One folding of Chinese text that keeps the offsets of the original, and names the trick that was undone.

Two views of a text are made. `plain` keeps punctuation and symbols (prices, dates and contacts are read there); `tight` has
spaces and symbols taken out between characters, so that 数/学 and 语 文 read as words. Both are simplified, half-width,
lower-case, and free of zero-width characters, styled digits and split characters.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

from detectors.fold_tables import DROP, KEEP_AS_BOUNDARY, Tables, load_tables

_LEET = re.compile(r"(?<=\d)o+(?![a-z_])|(?<![a-z_])o+(?=\d)|(?<=\d)[li](?=\d)")
_BANKERS = re.compile(
    r"[肆伍陆拾](?=[\d年节次元点块个人月号对升课讲科百千万]|[一-九十][年节次元点块个人月号])|(?<=[\d周初高小升第每期])[肆伍陆](?![一-龥]{0,1}[军队地续])"
)
_BANKER_NUMBERS = {"肆": "四", "伍": "五", "陆": "六", "拾": "十"}
_ZERO_WIDTH = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff\ufe00-\ufe0e]")
_FULL_WIDTH = re.compile("[\uff10-\uff19\uff21-\uff3a\uff41-\uff5a]")
_STYLED_DIGIT = re.compile("[\u00b2\u00b3\u00b9\u2070-\u2089\u2460-\u249b\u24f5-\u24ff\u2776-\u2793\u20e3\u3220-\u3229]")


@dataclass(frozen=True, slots=True)
class View:
    """A folded text; position i stands for `original[starts[i]:ends[i]]`."""

    text: str
    starts: Sequence[int]
    ends: Sequence[int]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return the original span of folded positions start..end (end not included, end > start)."""
        return self.starts[start], self.ends[end - 1]


@dataclass(frozen=True, slots=True)
class Folded:
    """The views of one text. `split` holds original spans of characters that had been taken apart (拆字)."""

    original: str
    plain: View
    tight: View
    split: tuple[tuple[int, int], ...] = ()

    def trick(self, start: int, end: int, folded: str) -> str:
        """Name what hid the words at original start..end, or return an empty string when they are written openly."""
        quote = self.original[start:end]
        if quote == folded:
            return ""
        if self.split and any(left < end and right > start for left, right in self.split):
            return "split_char"
        return surface_trick(quote, folded)


def fold(text: str) -> Folded:
    """Fold a text in linear time; any string is accepted, lone surrogates included."""
    tables = load_tables()
    base = text.translate(tables.single)
    met = set(base)
    plain = _expand(base, tables) if not met.isdisjoint(_expandable()) else _untouched(base)
    plain, split = _join_components(plain, tables)
    met = met if plain.text is base else set(plain.text)
    spelled = plain.text if met.isdisjoint(_unlike()) else plain.text.translate(tables.lookalike)
    spelled = _LEET.sub(_digits, spelled) if "o" in spelled or "l" in spelled or "i" in spelled else spelled
    spelled = spelled if met.isdisjoint(_BANKER_NUMBERS) else _BANKERS.sub(_numeral, spelled)
    plain = View(spelled, plain.starts, plain.ends)
    return Folded(text, plain, _tighten(plain), split)


@cache
def _unlike() -> frozenset[str]:
    return frozenset(map(chr, load_tables().lookalike))


def _digits(match: re.Match[str]) -> str:
    return match[0].replace("o", "0").replace("l", "1").replace("i", "1")


def _numeral(match: re.Match[str]) -> str:
    return _BANKER_NUMBERS[match[0]]


@cache
def _expanding() -> re.Pattern[str]:
    tables = load_tables()
    joined = "|".join(f"{DROP}*".join(map(re.escape, key)) for key in sorted(tables.sequences, key=len, reverse=True))
    return re.compile(f"(?P<joined>{joined})|[" + re.escape(DROP + "".join(tables.multiple)) + "]")


@cache
def _expandable() -> frozenset[str]:
    """The characters that begin something longer than themselves, or stand for nothing."""
    tables = load_tables()
    return frozenset((DROP, *tables.multiple, *(sequence[0] for sequence in tables.sequences)))


def _untouched(text: str) -> View:
    return View(text, range(len(text)), range(1, len(text) + 1))


def _expand(text: str, tables: Tables) -> View:
    pieces: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    done = 0
    for match in _expanding().finditer(text):
        pieces.append(text[done : match.start()])
        starts.extend(range(done, match.start()))
        ends.extend(range(done + 1, match.start() + 1))
        joined = match["joined"]
        word = tables.sequences[joined.replace(DROP, "")] if joined else tables.multiple.get(match[0], "")
        pieces.append(word)
        starts.extend([match.start()] * len(word))
        ends.extend([match.end()] * len(word))
        done = match.end()
    pieces.append(text[done:])
    starts.extend(range(done, len(text)))
    ends.extend(range(done + 1, len(text) + 1))
    return View("".join(pieces), starts, ends)


@cache
def _components() -> re.Pattern[str]:
    sequences = sorted(load_tables().joined, key=len, reverse=True)
    return re.compile("|".join("[ ]?".join(map(re.escape, sequence)) for sequence in sequences))


def _join_components(view: View, tables: Tables) -> tuple[View, tuple[tuple[int, int], ...]]:
    if not tables.radicals.search(view.text):
        return view, ()
    pieces: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    split: list[tuple[int, int]] = []
    done = 0
    for match in _components().finditer(view.text):
        left, right = match.span()
        pieces.append(view.text[done:left])
        starts.extend(view.starts[done:left])
        ends.extend(view.ends[done:left])
        word = tables.joined[match[0].replace(" ", "")]
        span = view.span(left, right)
        pieces.append(word)
        starts.extend([span[0]] * len(word))
        ends.extend([span[1]] * len(word))
        split.append(span)
        done = right
    pieces.append(view.text[done:])
    starts.extend(view.starts[done:])
    ends.extend(view.ends[done:])
    return View("".join(pieces), starts, ends), tuple(split)


@cache
def _symbols() -> frozenset[str]:
    tables = load_tables()
    kept = KEEP_AS_BOUNDARY | frozenset(tables.subject_signs)
    codes = (*range(0x3400), *range(0xA000, 0xAC00), *range(0xD7A4, 0x10000), *range(0x1F000, 0x1FB00))
    return frozenset(
        character
        for character in map(chr, codes)
        if character not in kept and not unicodedata.category(character).startswith(("L", "N", "Co"))
    )


@cache
def _between() -> re.Pattern[str]:
    return re.compile(f"(?:{_class(map(ord, _symbols()))})+")


def _class(codes: Iterable[int]) -> str:
    """Write a set of characters for a pattern: the basic plane as one class, looked up at once, and ranges beyond it."""
    known = sorted(set(codes))
    basic = [code for code in known if code < 0x10000]
    beyond = {code for code in known if code >= 0x10000}
    runs = [[code, code] for code in sorted(beyond) if code - 1 not in beyond]
    for run in runs:
        while run[1] + 1 in beyond:
            run[1] += 1
    high = "".join(f"{chr(first)}-{chr(last)}" for first, last in runs)
    return f"[{''.join(re.escape(chr(code)) for code in basic)}]" + (f"|[{high}]" if high else "")


def _tighten(view: View) -> View:
    places = list(_between().finditer(view.text))
    if not places:
        return view
    pieces: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    done = 0
    for match in (*places, None):
        to = match.start() if match else len(view.text)
        if to > done:
            pieces.append(view.text[done:to])
            starts.extend(view.starts[done:to])
            ends.extend(view.ends[done:to])
        done = match.end() if match else to
    return View("".join(pieces), starts, ends)


def surface_trick(quote: str, folded: str) -> str:
    """Name the disguise that shows on the characters themselves; empty when there is none."""
    tables = load_tables()
    shown = (
        ("emoji", any(character in tables.signs for character in quote)),
        ("zero_width", _ZERO_WIDTH.search(quote) is not None),
        ("leetspeak_digits", _STYLED_DIGIT.search(quote) is not None or any(character in tables.numerals for character in quote)),
        ("fullwidth", _FULL_WIDTH.search(quote) is not None),
        ("traditional", any(character in tables.traditional for character in quote)),
        ("lookalike", any(ord(character) in tables.lookalike for character in quote)),
    )
    named = next((trick for trick, there in shown if there), "")
    if named or quote.lower() == folded:
        return named
    return "inserted_symbols" if len(quote) > len(folded) else "leetspeak_digits"
