"""Every element hit of one text: words, sounds, shapes, initials, patterns and prices, mapped back to the original.

Weak hits (sound, shape, initials, emoji, half pinyin) are kept only with a second signal within reach.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from detectors.fold import Folded, View, surface_trick
from detectors.fold_tables import common_words, load_tables
from detectors.lexicon import Lexicon, Word
from detectors.model import Contact
from detectors.patterns import find_patterns
from detectors.prices import Price, find_prices
from detectors.spans import Spans
from detectors.syllables import sound_view

REACH = 48
_SPREAD_OUT = 0.8
_SPREAD = re.compile(r"(?<![a-z0-9_])[a-z](?:[*·._~|/\- ]{1,2}[a-z]){1,3}(?![a-z0-9_@.])")
_INITIALS = re.compile(r"(?<![a-z_@./:：-])[a-z]{2,10}(?![a-z_@.])")
_SIGNALS = (
    "audience.",
    "tutor.",
    "offer.",
    "price.",
    "subject.",
    "time.",
    "place.",
    "nonsubject.",
    "broker",
    "provider.",
    "topic.",
)


_LESSON_UNITS = frozenset(
    (
        "节",
        "节课",
        "堂",
        "堂课",
        "课",
        "课时",
        "次课",
        "小时",
        "个小时",
        "h",
        "时",
        "小日时",
        "小吋",
        "钟头",
        "期",
        "科",
        "讲",
        "孩",
        "孩子",
        "个孩子",
        "生",
        "学期",
        "半天",
        "上午",
        "下午",
        "晚",
        "题",
    )
)
_NEIGHBOURS = 12
_NUMBERED = frozenset({"phone", "permit", "icp", "uscc"})
_PERSONAL = frozenset({"wechat", "qq", "phone", "group"})
_PROMISING = ("subject.", "topic.", "tutor.", "nonsubject.", "train.", "audience.", "rule.D-NAME")
_HOPE = re.compile(r"年级|[初高小][一二三四五六1-6]|升|岁|\d[swyh](?![a-z])|[语数英物化][、+的]")
_STRICT = frozenset({"initials", "emoji"})
_STRICT_SIGNALS = ("audience.grade", "audience.preschool", "audience.stage", "tutor.core", "price.", "topic.")
_BRACKETS = '（）()【】[]《》“”"「」『』'


class Hit(NamedTuple):
    """One element or context hit at original start..end; `word` is its plain form, `weak` that it needed a second signal."""

    labels: tuple[str, ...]
    start: int
    end: int
    word: str
    trick: str = ""
    weak: bool = False


def find_hits(folded: Folded, lexicon: Lexicon, contacts: tuple[Contact, ...]) -> list[Hit]:
    """Return the hits of a text sorted by position, weak ones only where something supports them."""
    occupied = Spans((contact.start, contact.end) for contact in contacts if contact.kind not in _NUMBERED)
    firm: list[Hit] = []
    weak: list[Hit] = []
    taken = Spans(_words(folded, lexicon, firm, weak))
    weak.extend(_sounds(folded, lexicon, taken))
    weak.extend(_shapes(folded, lexicon, taken))
    weak.extend(_initials(folded, lexicon))
    if (
        not weak
        and not any(label.startswith(_PROMISING) for hit in firm for label in hit.labels)
        and not _HOPE.search(folded.plain.text)
    ):
        return firm
    firm.extend(_measured(folded))
    firm.extend(
        Hit(("offer.contact", "contact.id"), contact.start, contact.end, contact.value)
        for contact in contacts
        if contact.kind in _PERSONAL
    )
    weak = [hit for hit in weak if not occupied.touch(hit.start, hit.end)]
    kept = [hit for hit in firm if "contact.id" in hit.labels or not occupied.hold(hit.start, hit.end)] if occupied else firm
    kept.extend(_supported(kept, weak))
    kept.sort(key=lambda hit: hit.start)
    return kept


def _measured(folded: Folded) -> Iterator[Hit]:
    """Yield pattern and price hits; a text spread out by symbols (4·岁·起) is read without them too."""
    spread = len(folded.tight.text) < _SPREAD_OUT * len(folded.plain.text)
    for view in (folded.plain, folded.tight) if spread else (folded.plain,):
        yield from _patterns(folded.original, view)
        for price in find_prices(view).amounts:
            yield Hit((_price_label(price),), price.start, price.end, "")


def _price_label(price: Price) -> str:
    if price.bare:
        return "price.bare"
    return "price.lesson" if price.per in _LESSON_UNITS else "price.amount"


def _words(folded: Folded, lexicon: Lexicon, firm: list[Hit], weak: list[Hit]) -> list[tuple[int, int]]:
    tight = folded.tight
    text = tight.text
    taken: list[tuple[int, int]] = []
    for index, left, right in lexicon.matcher.find_matches_as_indexes(text):
        word = lexicon.words[index]
        if not word.labels:
            taken.append((left, right))
            continue
        if text[left] < "\u0100" and not _whole_word(folded, left, right):
            continue
        taken.append((left, right))
        start, end = tight.span(left, right)
        trick = word.trick or (
            ""
            if end - start == len(word.text) and folded.original[start:end] == word.text
            else folded.trick(start, end, word.text)
        )
        if trick == "inserted_symbols":
            between = folded.original[start:end]
            if end - start > 3 * len(word.text) + 4:
                continue
            trick = "" if any(mark in between for mark in _BRACKETS) or "".join(between.split()) == word.text else trick
        (weak if word.weak else firm).append(Hit(word.labels, start, end, word.means or word.text, trick, word.weak))
    return taken


def _whole_word(folded: Folded, left: int, right: int) -> bool:
    """Whether a latin or digit word does not stand inside a longer run of the same kind in the original."""
    tight = folded.tight
    text = tight.text
    if left and _same_run(text[left - 1], text[left]) and tight.ends[left - 1] == tight.starts[left]:
        return False
    return not (right < len(text) and _same_run(text[right], text[right - 1]) and tight.ends[right - 1] == tight.starts[right])


def _same_run(one: str, other: str) -> bool:
    return one.isascii() and one.isalnum() and other.isascii() and other.isalnum()


def _patterns(original: str, view: View) -> Iterator[Hit]:
    for found in find_patterns(view.text):
        start, end = view.span(found.start, found.end)
        word = view.text[found.start : found.end]
        trick = "" if original[start:end] == word else surface_trick(original[start:end], word.replace(" ", ""))
        yield Hit((found.label,), start, end, word, trick if trick != "inserted_symbols" else "")


def _sounds(folded: Folded, lexicon: Lexicon, taken: Spans) -> Iterator[Hit]:
    tight = folded.tight
    view = sound_view(tight.text)
    for index, first, last in lexicon.sound_matcher.find_matches_as_indexes(view.text):
        word = lexicon.sounds[index]
        left, right = view.starts[first], view.ends[last - 1]
        surface = tight.text[left:right]
        if surface == word.text or taken.touch(left, right):
            continue
        start, end = tight.span(left, right)
        latin = any(character.isascii() for character in surface)
        if not latin and _ordinary(tight.text, left, right):
            continue
        if end - start > 3 * (right - left) + 2:
            continue
        yield Hit(word.labels, start, end, word.text, "pinyin" if latin else "homophone", True)


def _shapes(folded: Folded, lexicon: Lexicon, taken: Spans) -> Iterator[Hit]:
    tight = folded.tight
    text = tight.text.translate(load_tables().shapes)
    for index, left, right in lexicon.shape_matcher.find_matches_as_indexes(text):
        word = lexicon.shapes[index]
        if tight.text[left:right] == word.text or taken.touch(left, right):
            continue
        if _ordinary(tight.text, left, right):
            continue
        start, end = tight.span(left, right)
        yield Hit(word.labels, start, end, word.text, "lookalike", True)


def _ordinary(text: str, left: int, right: int) -> bool:
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


def _initials(folded: Folded, lexicon: Lexicon) -> Iterator[Hit]:
    plain = folded.plain
    if plain.text.isascii():
        return
    for match in _INITIALS.finditer(plain.text):
        for left, right, word in _cut(match[0], lexicon):
            start, end = plain.span(match.start() + left, match.start() + right)
            yield Hit(word.labels, start, end, word.text, "initials", True)
    for match in _SPREAD.finditer(plain.text):
        letters = re.sub("[^a-z]", "", match[0])
        for _, _, word in _cut(letters, lexicon):
            start, end = plain.span(match.start(), match.end())
            yield Hit(word.labels, start, end, word.text, "inserted_symbols", True)


def _cut(letters: str, lexicon: Lexicon) -> list[tuple[int, int, Word]]:
    """Cut a run of letters into known initials from the left; all of it or nothing."""
    found: list[tuple[int, int, Word]] = []
    at = 0
    while at < len(letters):
        size = next((size for size in (4, 3, 2) if at + size <= len(letters) and letters[at : at + size] in lexicon.initials), 0)
        if not size:
            return []
        word = lexicon.by_text.get(lexicon.initials[letters[at : at + size]])
        if word is not None:
            found.append((at, at + size, word))
        at += size
    return found


def _supported(firm: list[Hit], weak: list[Hit]) -> list[Hit]:
    """Return the weak hits that a firm signal, or another weak word, stands near."""
    if not weak:
        return []
    anchors = [hit for hit in firm if hit.labels[0].startswith(_SIGNALS)]
    every = Spans((hit.start, hit.end) for hit in anchors)
    strict = Spans((hit.start, hit.end) for hit in anchors if any(label.startswith(_STRICT_SIGNALS) for label in hit.labels))
    weak.sort(key=lambda hit: hit.start)
    kept = []
    for place, hit in enumerate(weak):
        near = strict if hit.trick in _STRICT else every
        if near.touch(hit.start - REACH, hit.end + REACH) or _paired(weak, place):
            kept.append(hit)
    return kept


def _paired(weak: list[Hit], place: int) -> bool:
    hit = weak[place]
    around = weak[max(0, place - _NEIGHBOURS) : place + _NEIGHBOURS + 1]
    return any(other.word != hit.word and other.start < hit.end + REACH and other.end > hit.start - REACH for other in around)
