"""What a row under the header is: an institution, nothing, a note about the list, or one whose name is missing."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from enum import Enum

from patrol.licences.cells import UNSTORED
from patrol.licences.columns import NAME_ENDS

_NOTE_ROW = re.compile(
    r"^(?:合计|总计|小计|共计|共\d+家|注|备注|说明|填报|填表|制表|审核|联系|截至|数据截至|更新|发布|公布|单位|附件|来源|第\d+页|以上|—|-|※)"
)
# who signed a list, and when, stands on the right below it
_SIGNED = re.compile(r"[:：]|盖章|签字|日期|\d{4}\s*[年./-]|[局委厅室科]$")
_NUMBER = re.compile(r"^\d{1,6}[、.．]?$")
_NOTHING = re.compile(r"^[\s—\-/\\、.。]*$")


class RowNature(Enum):
    """INSTITUTION is read; NOTE is passed over; NAMELESS holds something but no name, and is reported."""

    INSTITUTION = "institution"
    NOTE = "note"
    NAMELESS = "nameless"


def row_nature(cells: Sequence[str], columns: Mapping[str, int], *, more: bool) -> RowNature:
    """Judge a row by which cells are filled. `more`: rows with a name follow (numbers below the last one are an empty form's)."""
    name_at = columns["name"]
    filled = [(at, unicodedata.normalize("NFKC", cell.strip())) for at, cell in enumerate(cells) if cell.strip()]
    if all(_NOTHING.match(text) for _, text in filled):
        return RowNature.NOTE
    if UNSTORED in cells[name_at : name_at + 1]:
        return RowNature.INSTITUTION  # reported later, with what to do about it
    distinct = {text for _, text in filled}
    if len(distinct) <= 3 and _reads_as_note(filled[0], name_at):
        return RowNature.NOTE
    if len(distinct) > 1 or max(columns.values()) == 0:
        return RowNature.INSTITUTION
    return _of_one_text(filled, name_at, more=more)


def _reads_as_note(first: tuple[int, str], name_at: int) -> bool:
    at, text = first
    if not _NOTE_ROW.match(text):
        return False
    if at == name_at and NAME_ENDS.search(text) and not re.search("[:：]", text):
        return False
    return at <= name_at or bool(_SIGNED.search(text))


def _of_one_text(filled: Sequence[tuple[int, str]], name_at: int, *, more: bool) -> RowNature:
    """Judge a row in which only one text stands, once or across merged cells."""
    at, text = filled[0]
    if _NUMBER.match(text):
        return RowNature.NAMELESS if more else RowNature.NOTE
    if at > name_at:
        return RowNature.NOTE if _SIGNED.search(text) else RowNature.NAMELESS
    return RowNature.INSTITUTION if len(filled) == 1 and at == name_at and NAME_ENDS.search(text) else RowNature.NOTE
