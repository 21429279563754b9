"""Every element hit of one text: words, sounds, shapes, initials, patterns and prices, mapped back to the original.

Weak hits (sound, shape, initials, emoji, half pinyin) are kept only with a second signal within reach.
"""

import re
from collections.abc import Iterator

from detectors.disguises import find_disguised, supported
from detectors.fold import Folded, View, surface_trick
from detectors.hits import Hit
from detectors.lexicon import Lexicon
from detectors.model import Contact
from detectors.patterns import find_patterns
from detectors.prices import Price, find_prices
from detectors.spans import Spans
from detectors.spelling import spelled_out

__all__ = ["Hit", "find_hits"]
_SPREAD_OUT = 0.8
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
_NUMBERED = frozenset({"phone", "permit", "icp", "uscc"})
_PERSONAL = frozenset({"wechat", "qq", "phone", "group"})
_PROMISING = (
    *("subject.", "topic.", "tutor.core", "nonsubject.", "train."),
    *("audience.grade", "audience.stage", "audience.preschool", "audience.aged"),
)
_HOPE = re.compile(
    r"(?=[年初高小升岁歲随👶🧒👦👧ug0-9一二三四五六七八九语数英物化力声光热电磁午科])(?:年级|[初高小]\s?中?[一二三四五六1-9]|升|岁|歲|随|[👶🧒👦👧]|u\d|g\s?\d|\d\s?[上下swyh](?![a-z])|[一二三四五六七八九][上下]|[语数英物化][、+的·/&,，和]"
    r"|[力声光热电磁][、/,，·和]"
    r"|[1-9一二三四五六七八九]\s?(?:年|n)|[5五午]\s?[理里]|数\s?[x×1]|科(?:全|一起|都|班|打包|连报|任选|同报)|[高初][123一二三])"
)
_LATIN = re.compile("[A-Za-z]{2}")
_LETTER = re.compile("[a-z]{2}")
_BRACKETS = '（）()【】[]《》“”"「」『』'


def find_hits(folded: Folded, lexicon: Lexicon, contacts: tuple[Contact, ...]) -> list[Hit]:
    """Return the hits of a text sorted by position, weak ones only where something supports them."""
    occupied = Spans((contact.start, contact.end) for contact in contacts if contact.kind not in _NUMBERED)
    firm: list[Hit] = []
    weak: list[Hit] = []
    taken = Spans(_words(folded, lexicon, firm, weak))
    weak.extend(find_disguised(folded, lexicon, taken))
    if not any(label.startswith(_PROMISING) for hit in (*firm, *weak) for label in hit.labels) and not _HOPE.search(
        folded.plain.text
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
    kept.extend(supported(kept, weak))
    kept.sort(key=lambda hit: hit.start)
    return kept


def _measured(folded: Folded) -> Iterator[Hit]:
    """Yield pattern and price hits; a text spread out by symbols (4·岁·起) is read without them too."""
    spread = len(folded.tight.text) < _SPREAD_OUT * len(folded.plain.text)
    spelled = spelled_out(folded.plain) if _LETTER.search(folded.plain.text) else None
    views = (folded.plain, *((folded.tight,) if spread else ()), *((spelled,) if spelled else ()))
    for view in views:
        yield from _patterns(folded.original, view)
        for price in find_prices(view).amounts:
            yield Hit((_price_label(price),), price.start, price.end, "")


def _price_label(price: Price) -> str:
    if price.bare:
        return "price.bare"
    return "price.lesson" if price.per in _LESSON_UNITS else "price.amount"


def _words(folded: Folded, lexicon: Lexicon, firm: list[Hit], weak: list[Hit]) -> list[tuple[int, int]]:
    tight, original = folded.tight, folded.original
    text, starts, ends = tight.text, tight.starts, tight.ends
    taken: list[tuple[int, int]] = []
    for index, left, right in lexicon.matcher.find_matches_as_indexes(text):
        word = lexicon.words[index]
        if not word.labels:
            taken.append((left, right))
            continue
        if (text[left] < "\u0100" or text[right - 1] < "\u0100") and not _whole_word(folded, left, right):
            continue
        taken.append((left, right))
        start, end = starts[left], ends[right - 1]
        trick = word.trick
        if not trick and (end - start != right - left or original[start:end] != word.text):
            trick = folded.trick(start, end, word.text)
        if trick == "inserted_symbols":
            between = original[start:end]
            if end - start > 3 * len(word.text) + 4:
                continue
            bracketed = 0 < sum(mark in _BRACKETS for mark in between) < 2 * (len(word.text) - 1)
            trick = "" if bracketed or "".join(between.split()) == word.text else trick
        (weak if word.weak else firm).append(Hit(word.labels, start, end, word.means or word.text, trick, word.weak))
    return taken


def _whole_word(folded: Folded, left: int, right: int) -> bool:
    """Whether a latin or digit word does not stand inside a longer run of the same kind in the original."""
    tight = folded.tight
    text = tight.text
    mixed = not text[left:right].isascii()
    if left and _same_run(text[left - 1], text[left], mixed=mixed) and tight.ends[left - 1] == tight.starts[left]:
        return False
    return not (
        right < len(text)
        and _same_run(text[right], text[right - 1], mixed=mixed)
        and tight.ends[right - 1] == tight.starts[right]
    )


def _same_run(one: str, other: str, *, mixed: bool) -> bool:
    """Whether two characters belong together; beside a word with Chinese characters a digit does not join a letter (高1S学)."""
    alike = one.isascii() and one.isalnum() and other.isascii() and other.isalnum()
    return alike and (not mixed or one.isdigit() == other.isdigit())


def _patterns(original: str, view: View) -> Iterator[Hit]:
    for found in find_patterns(view.text):
        start, end = view.span(found.start, found.end)
        word = view.text[found.start : found.end]
        quote = original[start:end]
        trick = "" if quote == word else surface_trick(quote, word.replace(" ", ""))
        trick = "pinyin" if trick == "leetspeak_digits" and _LATIN.search(quote) and not _LATIN.search(word) else trick
        yield Hit((found.label,), start, end, word, trick if trick != "inserted_symbols" else "")
