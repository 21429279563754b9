"""Take a registered name apart: region, 字号 (brand), line of business, legal form, branch."""

import re
from dataclasses import dataclass

from patrol.licences.divisions import Agreement, Codes, agree, full_form, gazetteer, written_forms
from patrol.licences.folding import compact, dissect
from patrol.licences.lexicon import lexicon

_LEGAL = re.compile(
    r"(?:有限责任公司|股份有限公司|集团有限公司|有限公司|股份公司|责任公司|集团公司|公司|集团|\(?有限合伙\)?|合伙企业|个人独资企业|个体工商户|民办非企业单位)$"
)
_BRANCH = re.compile(r"(?:第?[一二三四五六七八九十0-9]{0,3}(?:分公司|分校|校区|教学点|分部|分店|分中心|旗舰店))$")


@dataclass(frozen=True, slots=True)
class NameParts:
    """A name in parts, folded. `full` is everything without punctuation; `codes` the places its region words may mean."""

    full: str
    region: str
    codes: Codes
    brand: str
    line: str
    legal: str
    generic_only: bool = False


def split_tail(text: str) -> tuple[str, str, str]:
    """Split a name without region into brand, line of business and legal form. The brand may come out empty."""
    found = _LEGAL.search(text)
    legal = found.group() if found else ""
    body = text[: len(text) - len(legal)]
    words = lexicon()
    end = len(body)
    while end > 0:
        for size in range(min(words.longest_tail, end), 0, -1):
            if body[end - size : end] in words.registered_tail:
                end -= size
                break
        else:
            break
    return body[:end], body[end:], legal


def _leading_place(text: str, home: Codes) -> tuple[int, Codes]:
    """Return how much of the text's start is region words that fit each other (and the row's home), and what they mean."""
    table = gazetteer()
    position = 0
    known: Codes = ()
    while position < len(text):
        for word, codes in table.words_at(text, position):
            size = len(word)
            fitting = tuple(code for code in codes if agree((code,), home) is not Agreement.OTHER_CITY) if home else codes
            if not fitting or (home and not full_form(word) and agree(fitting, home) is Agreement.OTHER_DISTRICT):
                continue
            narrowed = tuple(
                code
                for code in fitting
                if not known or any(code.startswith(old) or old.startswith(code) or _same_city(code, old) for old in known)
            )
            if not narrowed or not split_tail(text[position + size :])[0]:
                continue
            known = narrowed
            position += size
            break
        else:
            break
    return position, known


def _home_prefix(text: str, home: Codes) -> tuple[int, Codes] | None:
    """Return the row's own district at the start of its name, where it is written there in full or short."""
    for code in home:
        for form in written_forms(code):
            if text.startswith(form) and split_tail(text[len(form) :])[0]:
                return len(form), (code,)
    return None


def _same_city(code: str, other: str) -> bool:
    return agree((code,), (other,)) is Agreement.SAME


def parse_name(name: str, home: Codes = ()) -> NameParts:
    """Take one registered name apart; `home` (the row's places, if known) keeps brand words that look like regions whole."""
    folded = dissect(name)
    text, codes, region = folded.text, Codes(), ""
    table = gazetteer()
    for _, insert in folded.inserts:
        inside = table.names.get(compact(insert))
        if inside:
            codes, region = inside, compact(insert)
    size, leading = _home_prefix(text, home) or _leading_place(text, home)
    rest = text[size:]
    branch = _BRANCH.search(rest)
    if branch and branch.start() > 3:
        rest = rest[: branch.start()]
    brand, line, legal = split_tail(rest)
    generic_only = not brand
    if len(brand) < 2:
        brand, line = _borrow(brand, line)
    return NameParts(compact(name), text[:size] + region, codes or leading, brand, line, legal, generic_only)


def _borrow(brand: str, line: str) -> tuple[str, str]:
    """Lengthen a brand that came out too short by the first word of the line of business."""
    words = lexicon()
    for size in range(min(words.longest_tail, len(line)), 0, -1):
        if line[:size] in words.registered_tail:
            return brand + line[:size], line[size:]
    return brand + line, ""
