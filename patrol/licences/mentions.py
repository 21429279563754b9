"""Who is named in a text, and in what role: the institution that is meant, or one that is only mentioned (rule 8)."""

from dataclasses import dataclass

from patrol.licences.divisions import Codes, full_form, gazetteer, refine
from patrol.licences.folding import compact
from patrol.licences.lexicon import Word, lexicon
from patrol.licences.scan import Scan

NAMED, ALONE, IN_PASSING = 3, 2, 1
_EDGE = int(Word.AROUND | Word.BEFORE | Word.AFTER | Word.BOAST | Word.CLASS | Word.ROAD | Word.BRANCH)
_AFTERWARDS = int(Word.AROUND | Word.AFTER | Word.BRANCH | Word.CLASS)
_SUBSTANCE = int(Word.GENERIC | Word.INFORMAL | Word.LEGAL | Word.OTHER)
_HOLDS_NAMES = frozenset(("学校", "中心", "机构", "培训", "教育", "俱乐部", "工作室", "公司", "有限公司"))


@dataclass(slots=True)
class Mention:
    """One institution named in a text. `brand` is the list's brand number, or -1 for a name that is not on the list.

    `start` counts from its region words, `end` to the last word of its tail; `flags` are the classes of the tail's words.
    `quality`: 3 a name with its tail, 2 bare but nothing else is said, 1 bare inside a sentence. `sure` is false where the
    name's left edge is one ambiguous character.
    """

    brand: int
    start: int
    brand_start: int
    brand_end: int
    end: int
    flags: int
    quality: int
    places: Codes
    sure: bool = True
    meant: bool = True


def consume_tail(scan: Scan, position: int) -> tuple[int, int]:
    """Return where the run of business and form words that begins here ends, and the classes met in it."""
    flags = 0
    if position not in scan.tails:
        position = _over_latin(scan, position)
    while position in scan.tails and position not in scan.folded.hard:
        end, found = max(scan.tails[position])
        if scan.spans_cut(position, end):
            break
        position, flags = end, flags | found
        if found & Word.LEGAL:
            break
        if scan.text[position : position + 1] == "馆":
            position += 1
    return position, flags


def _over_latin(scan: Scan, position: int) -> int:
    """Return where a tail begins behind a foreign word («STEAM教育»); the position itself when there is none."""
    end = position
    while end < len(scan.text) and scan.text[end].isascii() and end not in scan.folded.hard:
        end += 1
    return end if end in scan.tails else position


def _to_company_form(scan: Scan, start: int, end: int, flags: int) -> tuple[int, int]:
    """Carry a tail on to a company form that follows unknown words: «聚云旅游|开发|有限公司» is a company in another trade."""
    if flags & Word.LEGAL or end == start:
        return end, flags
    for position in range(end + 1, min(end + 9, len(scan.text))):
        if scan.folded.cut(position):
            break
        legal = [stop for stop, found in scan.tails.get(position, ()) if found & Word.LEGAL]
        if legal:
            return max(legal), flags | Word.LEGAL | Word.OTHER
    return end, flags


def _places_before(scan: Scan, position: int) -> tuple[int, Codes]:
    """Return where the chain of region words that ends here begins, and the finest places it means."""
    known: Codes = ()
    while position in scan.places_to and position not in scan.folded.hard:
        start, codes = min(scan.places_to[position])
        if scan.spans_cut(start, position):
            break
        narrowed = refine(codes, known) if known else codes
        if narrowed is None:
            break
        known, position = narrowed, start
    return position, known


def _left_edge(scan: Scan, position: int) -> int:
    """Return 2 where a name may surely begin, 1 where it may, 0 where an unknown character belongs to it."""
    if scan.folded.cut(position):
        return 2
    for start, flags in scan.words_to.get(position, ()):
        if flags & _EDGE or scan.text[start:position] in _HOLDS_NAMES:
            return 2
    before = scan.text[position - 1]
    if position - 1 in scan.places_to and before not in "的在去到找":
        return 0  # «杭州问金柏教育»: right behind a place, the character belongs to the name
    if before in lexicon().around_chars or before in lexicon().cue_chars or before.isascii():
        return 1
    return 0


def _right_edge(scan: Scan, position: int) -> bool:
    if scan.folded.cut(position):
        return True
    if any(flags & _AFTERWARDS for _, flags in scan.words_from.get(position, ())):
        return True
    after = scan.text[position]
    return after in lexicon().after_chars or after.isascii()


def _longest(marks: list[tuple[int, int]], here: int) -> int:
    return max(marks, key=lambda mark: abs(mark[0] - here))[1] if marks else 0


def is_meant(scan: Scan, start: int, end: int) -> bool:
    """Whether the institution between these positions is the one advertised, judged by the words right beside it."""
    return not (_cued_before(scan, start) or _cued_after(scan, end))


def _cued_before(scan: Scan, start: int) -> bool:
    """Whether words like 告别, 不输, 曾任职于 stand right before a name, perhaps with a 了 or 过 between."""
    text = scan.text
    if not start or start in scan.folded.hard:
        return False
    for at in (start, start - 1) if text[start - 1] in "了过着" and start > 1 else (start,):
        marks = scan.words_to.get(at, [])
        # «来自» opening a clause signs a greeting; after «师资» it names where somebody comes from
        if _longest(marks, at) & Word.BEFORE and not (text[at - 2 : at] == "来自" and scan.folded.cut(at - 2)):
            return True
        if not marks and text[at - 1] in lexicon().cue_chars:
            return True
    return False


def _cued_after(scan: Scan, end: int) -> bool:
    """Whether words like 楼上, 老师创业, 的平价替代 stand right behind a name."""
    if end >= len(scan.text) or end in scan.folded.hard:
        return False
    for at in (end, end + 1) if scan.text[end] == "的" else (end,):
        marks = scan.words_from.get(at, [])
        longest, whole = max(marks, default=(0, 0))
        # «附近的», «旁边新开» begin with the cue; «隔壁就是» says who comes next
        shorter = not whole & Word.BEFORE
        if any(flags & Word.AFTER and (stop == longest or (shorter and stop - at > 1)) for stop, flags in marks):
            return True
    return False


def _common_word(scan: Scan, start: int, end: int) -> bool:
    """Whether a brand's characters are here only everyday words: the 有限 of 有限公司, the 大学 of 师范大学, part of 外国语."""
    if any(stop > end and flags & Word.LEGAL for stop, flags in scan.words_from.get(start, ())):
        return True
    for begin in range(max(0, start - 3), start):
        if any(stop >= end and flags & _SUBSTANCE for stop, flags in scan.words_from.get(begin, ())):
            return True
    own = lexicon().words.get(scan.text[start:end], 0)
    if not own or scan.folded.cut(start) or start in scan.places_to or scan.text[start - 1] in lexicon().around_chars:
        return False
    return bool(own & _SUBSTANCE) or not any(flags & Word.AROUND for _, flags in scan.words_to.get(start, ()))


def _mention(scan: Scan, start: int, end: int, brand: int) -> Mention | None:
    place = _place_over(scan, start, end)
    if scan.spans_cut(start, end) or place > end - start or _common_word(scan, start, end):
        return None
    first, places = _places_before(scan, start)
    edge = 2 if places and _left_edge(scan, first) else _left_edge(scan, start)
    last, flags = consume_tail(scan, end)
    last, flags = _to_company_form(scan, end, last, flags)
    if last == end and edge and not _right_edge(scan, end):
        return _stretched(scan, Mention(brand, first, start, end, last, flags, NAMED, places, sure=False))
    if not edge and not (flags & _SUBSTANCE and _unknown_run(scan, start) >= 2 and _in_sentence(scan, start, last)):
        return None
    named = bool(flags & _SUBSTANCE) and not _is_event(scan, last)
    if not named and not _right_edge(scan, last if flags else end):
        return None
    places = _insert_places(scan, start, last, places)
    lone = edge == 1 and start == 1 and last == len(scan.text)
    broken = named and not _right_edge(scan, last) and last + 1 in scan.tails
    sure = bool(edge) and not lone and not place and not broken
    return Mention(brand, first, start, end, last, flags, NAMED if named else IN_PASSING, places, sure=sure)


def _place_over(scan: Scan, start: int, end: int) -> int:
    """Return the length of the city or longer place name that covers a brand's characters («呼伦贝尔» over «贝尔»), else 0.

    Short names of counties are left alone: many brands are such words (东方, 和平, 江山).
    """
    longest = 0
    for last, places in scan.places_to.items():
        for first, codes in places:
            covers = first <= start and end <= last
            if covers and (last - first > end - start or any(len(code) < 6 for code in codes)):
                longest = max(longest, last - first)
    return 0 if start in scan.places_to else longest


def _stretched(scan: Scan, mention: Mention) -> Mention | None:
    """Carry a name over a few unknown characters to its tail («金柏|优思|教育»): perhaps another brand, so never sure."""
    for position in range(mention.end + 1, min(mention.end + 5, len(scan.text))):
        if scan.folded.cut(position):
            return None
        if position in scan.tails and position == mention.end + 1:
            return None  # one added character makes another brand (rule 6)
        if position in scan.tails:
            mention.end, mention.flags = consume_tail(scan, position)
            wrong = mention.flags & Word.LEGAL or not mention.flags & _SUBSTANCE
            return None if wrong else mention
    return None


def _unknown_run(scan: Scan, position: int) -> int:
    """Return how many unknown characters stand right before a position, back to the next edge."""
    start = position
    while start > 0 and not scan.folded.cut(start) and start not in scan.places_to and not _left_edge(scan, start):
        start -= 1
    return position - start


def _in_sentence(scan: Scan, start: int, end: int) -> bool:
    """Whether enough stands around a name for it to be inside a sentence rather than the end of a longer name."""
    run = _unknown_run(scan, start)
    return run >= 3 or start - run >= 2 or len(scan.text) - end >= 2 or bool(scan.folded.hard)


def _is_event(scan: Scan, end: int) -> bool:
    """Whether a tail is a class, not an institution: «乐高班», «舞蹈课» (but not «教育课程顾问»)."""
    after = scan.text[end : end + 2]
    return after[:1] == "班" or (after[:1] == "课" and after[1:] not in ("程", "堂", "时", "包", "表", "卡", "余"))


def _insert_places(scan: Scan, start: int, end: int, places: Codes) -> Codes:
    for position, insert in scan.folded.inserts:
        if start <= position <= end:
            places = gazetteer().names.get(compact(insert), places)
    return places


def listed_mentions(scan: Scan) -> list[Mention]:
    """Return the listed brands that stand in the text as names; where they overlap, the surest, then the longest."""
    found = [one for start, end, brand in scan.hits if (one := _mention(scan, start, end, brand))]
    found.sort(key=lambda one: (not one.sure, one.brand_start - one.brand_end, one.brand_start))
    taken: list[Mention] = []
    for one in found:
        if not any(one.brand_start < other.brand_end and other.start < one.brand_end for other in taken):
            taken.append(one)
    for one in taken:
        one.meant = is_meant(scan, one.start, one.end)
        if one.quality == IN_PASSING and _nothing_else(scan, one):
            one.quality = ALONE
    return taken


def _nothing_else(scan: Scan, mention: Mention) -> bool:
    """Whether the text says nothing beside the name but places, decoration and Latin letters."""
    for start, end in ((0, mention.start), (mention.end, len(scan.text))):
        position = start
        while position < end:
            steps = [stop for stop, flags in scan.words_from.get(position, ()) if flags & _EDGE]
            steps += [stop for stop, _ in scan.places_from.get(position, ())]
            if scan.text[position].isascii():
                steps.append(position + 1)
            if not steps or max(steps) > end:
                return False
            position = max(steps)
    return True


def other_institutions(scan: Scan, listed: list[Mention], *, topics_too: bool = False) -> list[Mention]:
    """Return names in the text that look like institutions but are not on the list: an unknown word before a tail."""
    found: list[Mention] = []
    busy = 0
    for position in sorted(scan.tails):
        if position < busy or any(one.start <= position < one.end for one in listed):
            continue
        end, flags = consume_tail(scan, position)
        busy = end
        start = _unknown_before(scan, position, listed)
        if position - start < 2:
            start = _with_short_place(scan, start, position)
        if (
            position - start < 2
            or scan.text[position:end] == "机构"
            or not flags & _SUBSTANCE
            or (not topics_too and _only_topic(scan, position, end))
            or (start not in scan.folded.hard and any(one.end == start for one in listed))
        ):
            continue
        if scan.text[end : end + 1] in ("班", "课") or scan.text[end - 2 : end] == "小班":
            continue
        first, places = _places_before(scan, start)
        meant = is_meant(scan, first, end) and not (scan.text[first] == "比" and first in scan.folded.hard)
        found.append(Mention(-1, first, start, position, end, flags, NAMED, places, meant=meant))
    return found


def _with_short_place(scan: Scan, start: int, position: int) -> int:
    """Return where a name begins whose first characters happen to be a place's short name («兴和|竹»)."""
    if start == position:
        return start
    starts = [first for first, _ in scan.places_to.get(start, ()) if not full_form(scan.text[first:start])]
    return min(starts, default=start)


def _only_topic(scan: Scan, start: int, end: int) -> bool:
    """Whether a tail names only a topic, an audience or a branch («钢琴», «少儿», «校区»), not an institution."""
    while start < end:
        stop, flags = max(scan.tails.get(start, [(start + 1, 0)]))
        if flags & _SUBSTANCE and not flags & (Word.TOPIC | Word.AUDIENCE) and (flags & Word.GENERIC or not flags & Word.BRANCH):
            return False
        start = stop
    return True


def _unknown_before(scan: Scan, position: int, listed: list[Mention]) -> int:
    ends = {one.end for one in listed}
    start = position
    while start > 0 and position - start < 10:
        if start in ends or start in scan.places_to or (start < position and _left_edge(scan, start) == 2):
            break
        if start == position and _left_edge(scan, start) == 2:
            break
        if start < position and _left_edge(scan, start) == 1 and scan.text[start - 1] in lexicon().around_chars:
            break
        start -= 1
    return start
