"""Slips of the pen: a full registered name with one wrong character that sounds or looks like the right one (rule 6)."""

from itertools import pairwise

from patrol.licences.deciding import Ruling, sort_rows
from patrol.licences.evidence import Places
from patrol.licences.lexicon import Word
from patrol.licences.looks import looks_alike
from patrol.licences.names import split_tail
from patrol.licences.scan import Scan
from patrol.licences.sounds import sounds_alike
from patrol.licences.table import Table
from patrol.model import Verdict

_TRIM = int(Word.AROUND | Word.CLASS)


def _pieces(scan: Scan) -> list[str]:
    """Return the stretches that could be a whole registered name: between commas, without the sentence words at their ends."""
    text = scan.text
    found: list[str] = []
    edges = [0, *sorted(scan.folded.hard), len(text)]
    for start, end in pairwise(edges):
        first, last = start, end
        while steps := [stop for stop, flags in scan.words_from.get(first, ()) if flags & _TRIM and stop < last]:
            first = max(steps)
        while steps := [begin for begin, flags in scan.words_to.get(last, ()) if flags & _TRIM and begin > first]:
            last = min(steps)
        found += [scan.folded.between(first, last), scan.folded.between(start, end)]
    return [piece for piece in dict.fromkeys([*found, scan.folded.between(0, len(text))]) if 6 <= len(piece) <= 40]


def _single_difference(one: str, other: str) -> int | None:
    if len(one) != len(other):
        return None
    places = [at for at, (left, right) in enumerate(zip(one, other, strict=True)) if left != right]
    return places[0] if len(places) == 1 else None


def _off_by_one(table: Table, scan: Scan, piece: str) -> list[tuple[int, int]]:
    found = list(table.one_character_off(piece))
    for _, _, brand in scan.hits:
        for row in table.rows_of[brand]:
            full = table.parts[row].full
            at = _single_difference(full, piece)
            if at is not None and (row, at) not in found:
                found.append((row, at))
    return found


def decide_slip(table: Table, scan: Scan, places: Places) -> Ruling | None:
    """Return a ruling when some stretch of the text is a listed full name but for one character; else None."""
    for piece in _pieces(scan):
        if piece in table.by_name:
            continue
        close = [(row, at) for row, at in _off_by_one(table, scan, piece) if _alike(table, row, at, piece) >= 1]
        if not close:
            continue
        found = sort_rows(table, [row for row, _ in close], places)
        if not found.fitting:
            continue
        row = found.fitting[0]
        at = next(at for one, at in close if one == row)
        right, wrong = table.parts[row].full[at], piece[at]
        why = f"全称与名单第{table.entries[row].row}号“{table.entries[row].name}”只差一字（“{wrong}”似为“{right}”之误），其余一致"
        if len(found.fitting) > 1 or _alike(table, row, at, piece) < 2:
            return Ruling(Verdict.REVIEW, row, tuple(found.fitting), why + "，待核")
        return Ruling(Verdict.LICENSED, row, (row,), why)
    return None


def _alike(table: Table, row: int, at: int, piece: str) -> int:
    """Return 2 where the two characters sound or look alike, 1 where they look somewhat alike, 0 where not."""
    parts = table.parts[row]
    right, wrong = parts.full[at], piece[at]
    tail = len(parts.full) - len(parts.line + parts.legal)
    if parts.brand and at >= tail and parts.full.endswith(parts.line + parts.legal):
        # not the 字号: any one character is a slip, unless it makes another line of business out of known words
        return 0 if split_tail(parts.brand + piece[tail:])[0] == parts.brand else 2
    if sounds_alike(right, wrong):
        return 2
    return looks_alike(right, wrong)
