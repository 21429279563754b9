"""Find in a text everything the list and the lexicons know, in one pass: listed brands, places, words."""

from dataclasses import dataclass, field

from ahocorasick_rs import AhoCorasick

from patrol.licences.divisions import Codes, gazetteer
from patrol.licences.folding import Folded, dissect
from patrol.licences.lexicon import Word, lexicon

TAIL = int(Word.GENERIC | Word.INFORMAL | Word.LEGAL | Word.OTHER | Word.AUDIENCE)
Marks = dict[int, list[tuple[int, int]]]
Places = dict[int, list[tuple[int, Codes]]]


@dataclass(slots=True)
class Scan:
    """A text with what is known in it. `hits` are (start, end, brand); the maps go from a position to (other end, what).

    `_to` maps are keyed by where a word ends, `_from` maps by where it begins.
    """

    folded: Folded
    hits: list[tuple[int, int, int]] = field(default_factory=list)
    tails: Marks = field(default_factory=dict)
    words_to: Marks = field(default_factory=dict)
    words_from: Marks = field(default_factory=dict)
    places_to: Places = field(default_factory=dict)
    places_from: Places = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The joined characters that all positions index."""
        return self.folded.text

    def spans_cut(self, start: int, end: int) -> bool:
        """Whether a comma, quote or bracket stood inside a stretch."""
        hard = self.folded.hard
        return bool(hard) and any(start < position < end for position in hard)


class Scanner:
    """One automaton over listed brands, places and words; built once for a list."""

    def __init__(self, brands: list[str]) -> None:
        numbers = {brand: number for number, brand in enumerate(brands) if len(brand) > 1}
        places, words = gazetteer().names, lexicon().words
        patterns = list(dict.fromkeys([*numbers, *places, *(word for word in words if len(word) > 1)]))
        self._values = [(numbers.get(key, -1), places.get(key, ()), words.get(key, 0)) for key in patterns]
        self._automaton = AhoCorasick(patterns, store_patterns=False)

    def scan(self, text: str) -> Scan:
        """Return everything known that stands in a text."""
        scan = Scan(dissect(text))
        values = self._values
        for pattern, start, end in self._automaton.find_matches_as_indexes(scan.text, overlapping=True):
            brand, codes, flags = values[pattern]
            if brand >= 0:
                scan.hits.append((start, end, brand))
            if codes:
                scan.places_to.setdefault(end, []).append((start, codes))
                scan.places_from.setdefault(start, []).append((end, codes))
            if flags:
                scan.words_to.setdefault(end, []).append((start, flags))
                scan.words_from.setdefault(start, []).append((end, flags))
                if flags & TAIL:
                    scan.tails.setdefault(start, []).append((end, flags))
        return scan
