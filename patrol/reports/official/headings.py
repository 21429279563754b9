"""Map the headings of a bureau's own template to the columns of a form, by name, by synonym, then by likeness."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz

from patrol.errors import BadInput
from patrol.reports.records import Column

LIKE_ENOUGH = 75.0
SKIP = "-"
"""What an officer writes in a correction to leave a column empty."""

_BRACKETS = re.compile(r"[（(【\[〔].*?[）)】\]〕]")
_MARKS = re.compile(r"[·\s　:：/、，,。.*＊_—-]+")


@dataclass(frozen=True, slots=True)
class HeadingMatch:
    """One column of the template: where it is (0-based), how it is headed, which column of the form fills it and why."""

    place: int
    heading: str
    key: str = ""
    why: str = "没有对应的列，留空"


LEVEL = "·"
"""Stands between the two levels of a merged heading: 发现问题·问题描述."""


def names_of(heading: str) -> tuple[str, ...]:
    """Return what a heading may be called: both levels together, then its lower level alone."""
    parts = heading.split(LEVEL)
    return (plain("".join(parts)),) if len(parts) == 1 else (plain("".join(parts)), plain(parts[-1]))


def plain(heading: str) -> str:
    """Reduce a heading to what is compared: no brackets with their content, no spaces, no punctuation."""
    bare = _MARKS.sub("", _BRACKETS.sub("", heading))
    return bare or _MARKS.sub("", heading)


def match_headings(
    headings: Sequence[tuple[int, str]], columns: Sequence[Column], corrections: Mapping[str, str] | None = None
) -> tuple[HeadingMatch, ...]:
    """Return what fills each template column; every column of the form is used at most once.

    `corrections` maps a template heading to a column's key or heading (`-`: leave empty) and wins over everything. BadInput
    names a correction that fits nothing.
    """
    wanted = _corrected(headings, columns, corrections or {})
    found: dict[int, HeadingMatch] = dict(wanted)
    taken = {match.key for match in wanted.values()} - {""}
    for judge in (_same, _synonym, _alike):
        for place, heading in headings:
            if place in found:
                continue
            free = [column for column in columns if column.key not in taken]
            best = next((answer for name in names_of(heading) if (answer := judge(name, free)) is not None), None)
            if best is not None:
                found[place] = HeadingMatch(place, heading, best[0].key, best[1])
                taken.add(best[0].key)
    return tuple(found.get(place, HeadingMatch(place, heading)) for place, heading in headings)


def recognised(headings: Sequence[str], columns: Sequence[Column]) -> int:
    """Return how many headings are those of the form or their synonyms: the mark of a header row."""
    known = {plain(name) for column in columns for name in (column.heading, *column.synonyms)}
    return sum(not known.isdisjoint(names_of(heading)) for heading in headings if heading)


def _corrected(
    headings: Sequence[tuple[int, str]], columns: Sequence[Column], corrections: Mapping[str, str]
) -> dict[int, HeadingMatch]:
    fixed: dict[int, HeadingMatch] = {}
    for heading, name in corrections.items():
        places = [(place, text) for place, text in headings if plain(heading) in {*names_of(text), plain(text)}]
        if not places:
            raise BadInput(f"表样里没有列“{heading}”；有：{'、'.join(text for _, text in headings)}", field="--map")
        column = next((one for one in columns if name in {one.key, one.heading}), None)
        if column is None and name != SKIP:
            raise BadInput(
                f"表单里没有列“{name}”；可用的有：{'、'.join(one.heading for one in columns)}，或 - 表示留空", field="--map"
            )
        for place, text in places:
            fixed[place] = HeadingMatch(place, text, column.key if column else "", "人工指定" if column else "人工指定留空")
    return fixed


def _same(heading: str, columns: Sequence[Column]) -> tuple[Column, str] | None:
    return next(((column, "列名相同") for column in columns if plain(column.heading) == heading), None)


def _synonym(heading: str, columns: Sequence[Column]) -> tuple[Column, str] | None:
    for column in columns:
        if heading in {plain(name) for name in column.synonyms}:
            return column, f"与“{column.heading}”同义"
    return None


def _alike(heading: str, columns: Sequence[Column]) -> tuple[Column, str] | None:
    scored = [
        (max(fuzz.ratio(heading, plain(name)) for name in (column.heading, *column.synonyms)), column) for column in columns
    ]
    score, column = max(scored, key=lambda item: item[0], default=(0.0, None))
    if column is None or score < LIKE_ENOUGH:
        return None
    return column, f"与“{column.heading}”相近（{score:.0f}%），请核对"
