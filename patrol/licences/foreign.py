"""Names written in pinyin or with English words for their business."""

import re
from functools import cache

from patrol.licences.deciding import Ruling, sort_rows
from patrol.licences.divisions import Codes, gazetteer
from patrol.licences.evidence import Places
from patrol.licences.lexicon import lexicon
from patrol.licences.scan import TAIL, Scan
from patrol.licences.sounds import spellings
from patrol.licences.table import Table
from patrol.model import Verdict

_LATIN = re.compile(r"[a-z]+")


@cache
def _place_sounds() -> dict[str, Codes]:
    found: dict[str, Codes] = {}
    for name, codes in gazetteer().names.items():
        if len(name) <= 5:
            for spelling in spellings(name)[:2]:
                found[spelling] = (*found.get(spelling, ()), *codes)
    return found


def _stems(latin: str) -> list[str]:
    """Return a run of letters with more and more business words taken off its end, the longest first."""
    stems = [latin]
    words = lexicon().latin
    while True:
        last = stems[-1]
        word = next((word for word in words if last.endswith(word) and len(last) - len(word) >= 2), None)
        if word is None:
            return stems
        stems.append(last[: -len(word)])


def _without_place(stem: str) -> list[tuple[str, Codes]]:
    sounds = _place_sounds()
    found: list[tuple[str, Codes]] = [(stem, ())]
    for size in range(len(stem) - 2, 3, -1):
        codes = sounds.get(stem[:size])
        if codes:
            found.append((stem[size:], codes))
    return found


def decide_pinyin(table: Table, scan: Scan, places: Places) -> Ruling | None:
    """Return a ruling when the text's Latin letters spell a listed brand (with or without place and business words)."""
    runs = _LATIN.findall(scan.text)
    latin = "".join(runs)
    if len(latin) < 4 or not _rest_is_business(scan):
        return None
    for stem in _stems(latin):
        for rest, codes in _without_place(stem):
            numbers = table.by_sound.get(rest)
            if not numbers:
                continue
            rows = [row for number in numbers for row in table.rows_of[number]]
            found = sort_rows(table, rows, places.with_name(codes) if codes else places)
            if found.fitting:
                return _ruling(table, rest, found.fitting)
    return None


def _ruling(table: Table, spelled: str, rows: list[int]) -> Ruling:
    first = table.entries[rows[0]]
    if len(rows) > 1:
        return Ruling(
            Verdict.REVIEW,
            rows[0],
            tuple(rows),
            f"拼音“{spelled}”与名单内{len(rows)}家机构的字号读音相同，无法确定是哪一家，待核",
        )
    return Ruling(
        Verdict.LICENSED,
        rows[0],
        (rows[0],),
        f"拼音“{spelled}”与名单第{first.row}号“{first.name}”的字号读音一致，且仅此一家对得上",
    )


def _rest_is_business(scan: Scan) -> bool:
    """Whether the Han characters beside the letters are only business words, places or sentence words."""
    position, text = 0, scan.text
    while position < len(text):
        steps = [stop for stop, flags in scan.words_from.get(position, ())]
        steps += [stop for stop, _ in scan.places_from.get(position, ())]
        if text[position].isascii():
            steps.append(position + 1)
        if not steps:
            return False
        position = max(steps)
    return bool(TAIL)
