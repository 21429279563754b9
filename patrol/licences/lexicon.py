"""The words around and inside institution names, by class, read from words.yml."""

from dataclasses import dataclass
from enum import IntFlag
from functools import cache
from pathlib import Path

import yaml

from patrol.errors import BadInput
from patrol.licences.folding import fold


class Word(IntFlag):
    """What a word can be in a name or beside it; one word may be several."""

    GENERIC = 1
    INFORMAL = 2
    LEGAL = 4
    OTHER = 8
    CLASS = 16
    AROUND = 32
    BOAST = 64
    ROAD = 128
    BRANCH = 256
    BEFORE = 512
    AFTER = 1024
    AUDIENCE = 2048
    TOPIC = 4096


_CLASSES = {
    "generic": Word.GENERIC,
    "informal": Word.INFORMAL,
    "legal": Word.LEGAL,
    "other_business": Word.OTHER,
    "class_words": Word.CLASS,
    "around": Word.AROUND,
    "boast": Word.BOAST,
    "road": Word.ROAD,
    "branch": Word.BRANCH,
    "mentioned_before": Word.BEFORE,
    "mentioned_after": Word.AFTER,
    "audience": Word.AUDIENCE,
    "topics": Word.TOPIC,
}
_SETS = ("around_chars", "after_chars", "latin")


@dataclass(frozen=True, slots=True)
class Lexicon:
    """`words` maps each folded word to its classes (as a plain int: it is read for every character of every text)."""

    version: str
    words: dict[str, int]
    around_chars: frozenset[str]
    after_chars: frozenset[str]
    cue_chars: frozenset[str]
    latin: tuple[str, ...]
    registered_tail: frozenset[str]
    longest_tail: int


@cache
def lexicon() -> Lexicon:
    """Return the words, read once. Raises BadInput on a key of words.yml that is not known."""
    path = Path(__file__).parent / "words.yml"
    table = yaml.safe_load(path.read_text(encoding="utf-8"))
    unknown = set(table) - set(_CLASSES) - {"version", *_SETS}
    if unknown:
        raise BadInput("没有这个键", file=path, field=min(unknown))
    words: dict[str, int] = {}
    for key, flag in _CLASSES.items():
        for word in table[key]:
            words[fold(word)] = words.get(fold(word), 0) | int(flag)
    tail = frozenset(word for word, flags in words.items() if flags & (Word.GENERIC | Word.OTHER | Word.AUDIENCE))
    return Lexicon(
        version=str(table["version"]),
        words=words,
        around_chars=frozenset(fold(table["around_chars"])),
        after_chars=frozenset(fold(table["after_chars"])),
        cue_chars=frozenset(word for word, flags in words.items() if len(word) == 1 and flags & Word.BEFORE),
        latin=tuple(sorted(table["latin"], key=len, reverse=True)),
        registered_tail=tail,
        longest_tail=max(map(len, tail)),
    )
