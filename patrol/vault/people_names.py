"""People's names in a text, found by how they are written: 姓+名+称呼, 联系人：姓名, 本人姓名, 姓名 before a phone number."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from patrol.validation import FileRecord, build, read_yaml

_FILE = Path(__file__).with_name("masking.yml")
_HAN = "\u4e00-\u9fff"
_GIVEN = f"(?!某)[{_HAN}]"
_LONGEST_WORD = 3


class _Words(FileRecord):
    surnames: str
    compounds: tuple[str, ...]
    titles: tuple[str, ...]
    short_titles: tuple[str, ...]
    labels: tuple[str, ...]
    openers: tuple[str, ...]
    not_names: str
    word_ends: str


@dataclass(frozen=True, slots=True)
class PersonName:
    """Where a name stands: surname from `start` to `given`, the rest to `end`; without a given name both are equal."""

    start: int
    given: int
    end: int


@dataclass(frozen=True, slots=True)
class _Reader:
    patterns: tuple[re.Pattern[str], ...]
    whole: re.Pattern[str]
    surname: re.Pattern[str]
    not_names: re.Pattern[str]
    word_ends: frozenset[str]


@cache
def _reader() -> _Reader:
    words = build(_Words, read_yaml(_FILE), file=_FILE)
    surname = f"(?P<surname>{'|'.join(words.compounds)}|[{''.join(words.surnames.split())}])"
    titles, labels = "|".join(words.titles), "|".join(sorted(words.labels, key=len, reverse=True))
    given = f"(?!{titles})(?P<given>(?:{_GIVEN}){{1,2}})"
    patterns = (
        rf"{surname}(?!{titles})(?P<given>(?:{_GIVEN}){{1,2}}?)(?={titles})",
        rf"{surname}(?P<given>)(?={'|'.join(words.short_titles)})",
        rf"(?:{labels})\s*[:：]\s*{surname}{given}(?![{_HAN}])",
        rf"(?:{'|'.join(words.openers)}){surname}{given}(?![{_HAN}])",
        rf"(?<![{_HAN}]){surname}{given}[\s:：,，、(（]{{0,3}}(?=[1１][3-9３-９])",
    )
    stops = sorted(words.not_names.split(), key=len, reverse=True)
    return _Reader(
        tuple(re.compile(pattern) for pattern in patterns),
        re.compile(surname + given),
        re.compile("|".join(words.compounds)),
        re.compile("|".join(map(re.escape, stops))),
        frozenset(words.word_ends.split()),
    )


def find_names(text: str) -> Iterator[PersonName]:
    """Yield the names in a text, way of writing by way of writing; they may overlap."""
    reader = _reader()
    for pattern in reader.patterns:
        for match in pattern.finditer(text):
            start, given, end = match.start("surname"), match.start("given"), match.end("given")
            ends_a_word = any(text[max(0, start - n) : start + 1] in reader.word_ends for n in range(_LONGEST_WORD))
            if not (ends_a_word or reader.not_names.match(text, start) or reader.not_names.match(text, given)):
                yield PersonName(start, given, end)


def is_name(text: str) -> bool:
    """Tell whether a text is nothing but what may be a person's name (an account that carries one)."""
    reader = _reader()
    return reader.whole.fullmatch(text) is not None and reader.not_names.match(text) is None


def surname_length(name: str) -> int:
    """Return how many characters of a name are its surname."""
    return 2 if len(name) > 2 and _reader().surname.match(name) else 1
