"""From a listed brand met in a text to licensed, review or unlisted: the rules of README «名单比对», built for their costs.

Calling a look-alike licensed costs most, calling a licensed one unlisted next; sending it to a person is cheap but not free.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from patrol.licences.divisions import Agreement, title
from patrol.licences.entries import ListKind
from patrol.licences.evidence import Places
from patrol.licences.lexicon import Word
from patrol.licences.mentions import IN_PASSING, Mention
from patrol.licences.names import split_tail
from patrol.licences.scan import Scan
from patrol.licences.table import Table
from patrol.model import Verdict


@dataclass(frozen=True, slots=True)
class Ruling:
    """A decision about one name: the row position meant, further rows in question, and why, in Chinese."""

    verdict: Verdict
    position: int | None = None
    others: tuple[int, ...] = ()
    why: str = ""
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sorted:
    """A brand's rows by how their place stands to what is known."""

    fitting: list[int]
    same_city: list[int]
    elsewhere: list[int]
    confirmed: bool


def sort_rows(table: Table, rows: Sequence[int], places: Places) -> Sorted:
    """Sort rows into those whose place fits, those in another district of the city, and those elsewhere."""
    fitting: list[int] = []
    same_city: list[int] = []
    elsewhere: list[int] = []
    confirmed = False
    for position in rows:
        level, positive = places.against(table.homes[position])
        if level is Agreement.OTHER_CITY:
            elsewhere.append(position)
        elif level is Agreement.OTHER_DISTRICT:
            same_city.append(position)
        else:
            fitting.append(position)
            confirmed = confirmed or positive
    return Sorted(fitting, same_city, elsewhere, confirmed)


def full_text(scan: Scan, mention: Mention) -> str:
    """Return the name with its region words and tail, as it would stand on the list."""
    return scan.folded.between(mention.start, mention.end)


def _where(table: Table, position: int) -> str:
    home = table.homes[position]
    return title(home[0]) if home else "所在地不详"


def _name(table: Table, position: int) -> str:
    return table.entries[position].name


def decide_mention(table: Table, scan: Scan, mention: Mention, places: Places) -> Ruling:
    """Decide on one listed brand that stands in the text as a name."""
    rows = table.rows_of[mention.brand]
    places = places.with_name(mention.places)
    exact = [row for row in table.by_name.get(full_text(scan, mention), ()) if row in rows]
    found = sort_rows(table, exact or rows, places)
    brand = scan.text[mention.brand_start : mention.brand_end]
    if reason := _not_as_a_name(mention, brand, exact=bool(exact), confirmed=found.confirmed):
        return Ruling(Verdict.UNLISTED, None, tuple(rows[:3]), f"文中“{brand}”{reason}；名单未匹配，待核")
    if not found.fitting:
        return _seen_elsewhere(table, exact[0], places) if exact else _nowhere(table, brand, found, places)
    fitting = found.fitting
    if not exact and mention.flags & Word.LEGAL:
        line = _line(scan, mention)
        fitting = [row for row in fitting if line == table.parts[row].line]
        if not fitting:
            return _other_person(table, found.fitting, mention, brand, line)
    fitting = _one_person(table, fitting)
    if len(fitting) > 1:
        why = f"字号“{brand}”在名单内有{len(fitting)}家机构都对得上，无法确定是哪一家，请补充所在地或信用代码"
        return Ruling(Verdict.REVIEW, fitting[0], tuple(fitting), why)
    if exact:
        row = fitting[0]
        return Ruling(Verdict.LICENSED, row, (row,), f"全称与名单第{table.entries[row].row}号“{_name(table, row)}”完全一致")
    return _one(table, scan, mention, fitting[0], confirmed=found.confirmed)


def _not_as_a_name(mention: Mention, brand: str, *, exact: bool, confirmed: bool) -> str:
    """Return why a listed brand's characters are no sign of that institution here; empty when they may be one."""
    if mention.quality == IN_PASSING and (len(brand) < 3 or not confirmed):
        return "不像机构名称"
    return "" if mention.sure or exact or confirmed else "前后还有别的字，不能认作该字号"


def decide_full_name(table: Table, rows: Sequence[int], places: Places) -> Ruling:
    """Decide on a text that is a registered name of the list, whole and to the letter."""
    found = sort_rows(table, rows, places)
    fitting = _one_person(table, found.fitting)
    if not fitting:
        return _seen_elsewhere(table, rows[0], places)
    row = fitting[0]
    if len(fitting) > 1:
        why = f"名单内有{len(fitting)}家机构都叫“{_name(table, row)}”，无法确定是哪一家，请补充所在地或信用代码"
        return Ruling(Verdict.REVIEW, row, tuple(fitting), why)
    return Ruling(Verdict.LICENSED, row, (row,), f"全称与名单第{table.entries[row].row}号“{_name(table, row)}”完全一致")


def _one(table: Table, scan: Scan, mention: Mention, row: int, *, confirmed: bool) -> Ruling:
    """Rule on the one row that fits: clear, unless something about the way it is named leaves a doubt."""
    brand = scan.text[mention.brand_start : mention.brand_end]
    place = f"所在地与名单一致（{_where(table, row)}）" if confirmed else "名单内仅此一家用此字号"
    why = f"字号“{brand}”与名单第{table.entries[row].row}号“{_name(table, row)}”一致，{place}"
    doubt = ""
    if _other_trade(table, scan, mention, row):
        doubt = "但业务用语不同，待核是否同一主体"
    elif not mention.sure:
        doubt = "但字号前后还有别的字，待核"
    elif mention.quality == IN_PASSING:
        doubt = "但文中未写明是机构名称，待核"
    if doubt:
        return Ruling(Verdict.REVIEW, row, (row,), f"{why}；{doubt}")
    return Ruling(Verdict.LICENSED, row, (row,), why)


def _other_trade(table: Table, scan: Scan, mention: Mention, row: int) -> bool:
    """Whether a short name ends in words of another trade that the row's own name does not carry."""
    if not mention.flags & Word.OTHER or mention.flags & Word.LEGAL or not scan.folded.cut(mention.end):
        return False
    return _line(scan, mention) not in table.parts[row].line


def _line(scan: Scan, mention: Mention) -> str:
    return split_tail(scan.text[mention.brand_start : mention.end])[1]


def _one_person(table: Table, rows: list[int]) -> list[int]:
    """Take one of several rows of one legal person (teaching points of a licence); one on a warning list stands for all."""
    codes = {table.entries[row].uscc for row in rows}
    if not rows or len(codes) > 1 or codes == {""}:
        return rows
    return [min(rows, key=lambda row: (table.entries[row].list_kind is ListKind.WHITE, row))]


def _seen_elsewhere(table: Table, row: int, places: Places) -> Ruling:
    listed = f"名单第{table.entries[row].row}号“{_name(table, row)}”"
    why = f"全称与{listed}一致，但{places.words()}与其登记地{_where(table, row)}不符，疑似跨地区或冒用，待核"
    return Ruling(Verdict.REVIEW, row, (row,), why)


def _nowhere(table: Table, brand: str, found: Sorted, places: Places) -> Ruling:
    if found.same_city:
        row = found.same_city[0]
        listed, where = _name(table, row), _where(table, row)
        why = f"字号“{brand}”与名单内“{listed}”相同，但名单登记在{where}，与{places.words()}不在同一区县，待核"
        return Ruling(Verdict.REVIEW, row, tuple(found.same_city), why)
    row = found.elsewhere[0]
    why = f"名单内“{_name(table, row)}”字号相同，但登记在{_where(table, row)}，与{places.words()}不符；名单未匹配，待核"
    return Ruling(Verdict.UNLISTED, None, tuple(found.elsewhere[:5]), why)


def _other_person(table: Table, rows: list[int], mention: Mention, brand: str, line: str) -> Ruling:
    row = rows[0]
    listed = _name(table, row)
    if mention.flags & Word.OTHER:
        why = f"“{brand}{line}”类公司与名单内“{listed}”字号相同、业务不同，是另一法人；名单未匹配，待核"
        return Ruling(Verdict.UNLISTED, None, tuple(rows[:5]), why)
    why = f"公司全称的业务用语“{line}”与名单内“{listed}”不同，可能是另一法人，待核"
    return Ruling(Verdict.REVIEW, row, tuple(rows[:5]), why)
