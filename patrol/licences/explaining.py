"""Say of a candidate row which part of the name agreed and which did not, with a score made of those parts."""

from rapidfuzz import fuzz

from patrol.licences.by_code import Seen
from patrol.licences.codes import permit_digits
from patrol.licences.divisions import Agreement, title
from patrol.licences.table import Table
from patrol.model import Candidate

_BRAND, _PLACE, _LINE, _CODE = 0.55, 0.2, 0.1, 0.15
_PLACE_WORDS = {
    Agreement.SAME: ("一致", 1.0),
    Agreement.UNKNOWN: ("无从核对", 0.5),
    Agreement.OTHER_DISTRICT: ("同城不同区", 0.3),
    Agreement.OTHER_CITY: ("不符", 0.0),
}


def _brand(table: Table, position: int, seen: Seen) -> tuple[str, float]:
    brand = table.parts[position].brand
    if brand in seen.scan.text:
        return "一致", 1.0
    share = fuzz.partial_ratio(brand, seen.scan.text) / 100
    return ("相近" if share >= 0.5 else "不同"), share * 0.6


def _line(table: Table, position: int, seen: Seen) -> tuple[str, float]:
    line = table.parts[position].line
    share = fuzz.partial_ratio(line, seen.scan.text) / 100 if line else 0.5
    return ("一致" if share == 1 else "部分一致" if share >= 0.5 else "不同"), share


def _code(table: Table, position: int, seen: Seen) -> tuple[str, float]:
    entry, codes = table.entries[position], seen.codes
    if entry.uscc in codes.uscc or permit_digits(entry.permit) in codes.permits:
        return "一致", 1.0
    if codes.uscc:
        return "不同", 0.0
    return ("校验不符，未用" if codes.invalid else "未见"), 0.5


def candidate(table: Table, position: int, seen: Seen) -> Candidate:
    """Return one row as a candidate: 字号、地区、业务、代码, each with how it stands."""
    entry, parts, home = table.entries[position], table.parts[position], table.homes[position]
    stated = seen.places
    for mention in seen.mentions[:1]:
        stated = stated.with_name(mention.places)
    place_word, place_share = _PLACE_WORDS[stated.against(home)[0]]
    if place_word == "一致" and not stated.against(home)[1]:
        place_word, place_share = _PLACE_WORDS[Agreement.UNKNOWN]
    brand_word, brand_share = _brand(table, position, seen)
    line_word, line_share = _line(table, position, seen)
    code_word, code_share = _code(table, position, seen)
    score = _BRAND * brand_share + _PLACE * place_share + _LINE * line_share + _CODE * code_share
    where = title(home[0]) if home else "不详"
    detail = f"字号“{parts.brand}”{brand_word}；地区“{where}”{place_word}；业务“{parts.line or '无'}”{line_word}；代码{code_word}"
    return Candidate(
        row=entry.row, name=entry.name, score=round(max(score, code_share if code_share == 1 else 0), 3), detail=detail
    )
