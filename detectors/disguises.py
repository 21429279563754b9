"""Words behind a disguise that a character table cannot undo: sounds, pinyin, look-alikes, split characters, initials.

Everything found here is weak: it counts only with a second signal within reach, and never inside an ordinary word.
"""

import re
from collections.abc import Iterator
from functools import lru_cache

from detectors.fold import Folded
from detectors.fold_tables import common_words
from detectors.hits import Hit
from detectors.lexicon import Lexicon, Word
from detectors.spans import Spans
from detectors.syllables import sound_view

REACH = 48
_SPREAD = re.compile(r"(?<![a-z0-9_])[a-z](?:[*·._~|/\- ]{1,2}[a-z]){1,3}(?![a-z0-9_@.])")
_INITIALS = re.compile(r"(?<![a-z_@\\-])(?<!//)(?<![a-z0-9][./])[a-z]{2,10}(?![a-z_@\-]|[./][a-z0-9])")
_LISTED = re.compile(r"(?<![a-z0-9_@./\-])[a-z]{2,3}(?:/[a-z]{2,3}){1,8}(?![a-z0-9_@./\-])")
_LETTER = re.compile("[a-z]")
_LETTERS = re.compile("[a-z]{2,10}")
_SIGNALS = (
    *("audience.", "tutor.", "offer.", "price.", "subject.", "time.", "place.", "nonsubject.", "broker", "provider."),
    "topic.",
)
_STRICT = frozenset({"initials", "emoji"})
_STRICT_SIGNALS = ("audience.grade", "audience.preschool", "audience.stage", "tutor.core", "price.", "topic.")
_SCHOOL_SIGNALS = ("audience.grade", "audience.preschool", "audience.stage", "subject.", "topic.")
_NEIGHBOURS = 12
# Places in what `_supports` answers.
_ANY, _LETTERED, _SCHOOL = 0, 1, 2


def find_disguised(folded: Folded, lexicon: Lexicon, taken: Spans) -> Iterator[Hit]:
    """Yield every word seen through a disguise, supported or not; `taken` are the tight spans of words written openly."""
    yield from _sounds(folded, lexicon, taken)
    yield from _variants(folded, lexicon, taken)
    yield from _initials(folded, lexicon)


def _sounds(folded: Folded, lexicon: Lexicon, taken: Spans) -> Iterator[Hit]:
    """Yield words written by sound: the few that evaders respell in characters, and any word in pinyin, whole or in part."""
    tight = folded.tight
    view = sound_view(tight)
    passes = [(lexicon.sound_matcher, lexicon.sounds, False)]
    if view.spelled:
        passes.append((lexicon.pinyin_matcher, lexicon.pinyin, True))
    for matcher, words, spelled in passes:
        for index, first, last in matcher.find_matches_as_indexes(view.text):
            word = words[index]
            left, right = view.starts[first], view.ends[last - 1]
            surface = tight.text[left:right]
            if surface == word.text or taken.touch(left, right):
                continue
            latin = any("a" <= character <= "z" for character in surface)
            if latin != spelled or (not latin and ordinary(tight.text, left, right)):
                continue
            start, end = tight.span(left, right)
            if end - start > 3 * (right - left) + 2:
                continue
            yield Hit(word.labels, start, end, word.text, "pinyin" if latin else "homophone", True)


def _variants(folded: Folded, lexicon: Lexicon, taken: Spans) -> Iterator[Hit]:
    """Yield words with characters swapped for look-alikes, taken apart into common ones (物王里) or parted by 、."""
    tight = folded.tight
    for index, left, right in lexicon.variant_matcher.find_matches_as_indexes(tight.text):
        word = lexicon.variants[index]
        if taken.touch(left, right) or (right - left == len(word.means) and ordinary(tight.text, left, right)):
            continue
        if word.trick == "inserted_symbols" and _listed(tight.text, left, right):
            continue
        start, end = tight.span(left, right)
        yield Hit(word.labels, start, end, word.means, word.trick, True)


def ordinary(text: str, left: int, right: int) -> bool:
    """Whether the characters are an ordinary word, or the two ends belong to ordinary words with their neighbours."""
    words = common_words()
    if text[left:right] in words:
        return True
    before = left > 0 and text[left - 1 : left + 1] in words
    after = text[right - 1 : right + 1] in words
    if right - left == 2:
        before = before or text[left - 2 : left + 1] in words
        longer = text[left - 1 : right] in words or text[left : right + 1] in words
        return longer or (after and (before or text[right - 1 : right + 2] in words))
    return before and after


def _listed(text: str, left: int, right: int) -> bool:
    """Whether a mark between characters only parts two ordinary words (工作、业余)."""
    words = common_words()
    return (left > 0 and text[left - 1 : left + 1] in words) or text[right - 1 : right + 1] in words


def _initials(folded: Folded, lexicon: Lexicon) -> Iterator[Hit]:
    plain = folded.plain
    text = plain.text
    if text.isascii() or not _LETTER.search(text):
        return
    for match in _INITIALS.finditer(text):
        yield from _cut_hits(folded, lexicon, match.start(), match.end())
    for listed in _LISTED.finditer(text) if "/" in text else ():
        for match in _LETTERS.finditer(text, *listed.span()):
            yield from _cut_hits(folded, lexicon, match.start(), match.end())
    for match in _SPREAD.finditer(text):
        letters = re.sub("[^a-z]", "", match[0])
        for _, _, word in _cut(letters, lexicon):
            start, end = plain.span(match.start(), match.end())
            yield Hit(word.labels, start, end, word.text, "inserted_symbols", True)


def _cut_hits(folded: Folded, lexicon: Lexicon, left: int, right: int) -> Iterator[Hit]:
    """Yield the words of a run of letters; an end letter may belong to a half-spelled word with its neighbour (czs学, 语ws学)."""
    text = folded.plain.text
    for first, last in ((left, right), (left, right - 1), (left + 1, right), (left + 1, right - 1)):
        halves = [left - 1] * (first > left) + [right - 1] * (last < right)
        pairs = [(at, lexicon.halves.get(text[at : at + 2]) if at >= 0 else None) for at in halves]
        found = _cut(text[first:last], lexicon)
        if any(word is None for _, word in pairs) or (not found and (first < last or len(pairs) < 2)):
            continue
        for at, to, word in found:
            start, end = folded.plain.span(first + at, first + to)
            yield Hit(word.labels, start, end, word.text, "initials", True)
        for at, half in pairs:
            if half is not None:
                start, end = folded.plain.span(at, at + 2)
                yield Hit(half.labels, start, end, half.means, "initials", True)
        return


def _cut(letters: str, lexicon: Lexicon) -> list[tuple[int, int, Word]]:
    """Cut a run of letters into known initials from the left; all of it or nothing."""
    found: list[tuple[int, int, Word]] = []
    at = 0
    while at < len(letters):
        sizes = (size for size in (4, 3, 2) if at + size <= len(letters))
        size = next((size for size in sizes if letters[at : at + size] in lexicon.initials), 0)
        if not size:
            return []
        word = lexicon.by_text.get(lexicon.initials[letters[at : at + size]])
        if word is not None:
            found.append((at, at + size, word))
        at += size
    return found


def supported(firm: list[Hit], weak: list[Hit]) -> list[Hit]:
    """Return the weak hits that a firm signal, or another weak word, stands near."""
    if not weak:
        return []
    weak.sort(key=lambda hit: hit.start)
    kinds = [_SCHOOL if not hit.trick else _LETTERED if hit.trick in _STRICT else _ANY for hit in weak]
    anchors = [(hit.start, hit.end, _supports(hit.labels)) for hit in firm]
    spans = {kind: Spans((start, end) for start, end, of in anchors if of[_ANY] and of[kind]) for kind in set(kinds)}
    kept = []
    for place, hit in enumerate(weak):
        near = spans[kinds[place]]
        if near.touch(hit.start - REACH, hit.end + REACH) or (hit.trick and _paired(weak, place)):
            kept.append(hit)
    return kept


@lru_cache(maxsize=8192)
def _supports(labels: tuple[str, ...]) -> tuple[bool, bool, bool]:
    """Whether a hit supports a weak word at all, one in letters or signs, and one of school alone."""
    return (
        labels[0].startswith(_SIGNALS),
        any(label.startswith(_STRICT_SIGNALS) for label in labels),
        any(label.startswith(_SCHOOL_SIGNALS) for label in labels),
    )


def _paired(weak: list[Hit], place: int) -> bool:
    hit = weak[place]
    around = weak[max(0, place - _NEIGHBOURS) : place + _NEIGHBOURS + 1]
    return any(
        other.trick and other.word != hit.word and other.start < hit.end + REACH and other.end > hit.start - REACH
        for other in around
    )
