"""Dates a page gives of itself (published, updated, bylines, copyright): they say nothing about when lessons are held."""

import re
from dataclasses import dataclass, fields
from datetime import date
from functools import cache

import yaml

from detectors.errors import RuleError
from detectors.fold_tables import RULES

_CLOCK = (
    r"\s{0,3}(?:[t星期周一二三四五六日天()]{1,5}\s{0,2})?"
    r"(?:(?:上午|下午|晚上?)?\s?(?:[01]?\d|2[0-3])[:：][0-5]\d(?:[:：][0-5]\d)?)"
)
_SINGLE_CLOCK = re.compile(rf"{_CLOCK}(?!\d|\s{{0,2}}(?:-|~|—|–|－|至|到))")
_NUMERIC = re.compile(r"(?:20\d\d\s?[./年-]\s?)?\d{1,2}\s?[./-]\s?\d{1,2}|20\d\d\s?年.*", re.DOTALL)
_SEPARATORS = " \t　|｜·•/／【[（(：:，,"
_MOST = 60


@dataclass(frozen=True, slots=True)
class PageWords:
    """The words around a page's own dates; what each list means stands in rules/page_dates.yml."""

    stamps: tuple[str, ...]
    bylines: tuple[str, ...]
    after: tuple[str, ...]
    held: tuple[str, ...]


@cache
def load_page_words() -> PageWords:
    """Read the words; raises RuleError on a missing, unknown or empty list."""
    content = yaml.safe_load((RULES / "page_dates.yml").read_text(encoding="utf-8"))
    names = [field.name for field in fields(PageWords)]
    if not isinstance(content, dict) or set(content) != {*names, "source"}:
        raise RuleError(f"detectors/rules/page_dates.yml：应恰好有这些字段：{'、'.join([*names, 'source'])}")
    for name in names:
        words = content[name]
        if not isinstance(words, list) or not words or not all(isinstance(word, str) and word for word in words):
            raise RuleError(f"detectors/rules/page_dates.yml：{name} 应是非空的词语列表")
    return PageWords(**{name: tuple(content[name]) for name in names})


@dataclass(frozen=True, slots=True)
class _Patterns:
    stamp: re.Pattern[str]
    byline: re.Pattern[str]
    after: re.Pattern[str]
    held: re.Pattern[str]


@cache
def _patterns() -> _Patterns:
    words = load_page_words()
    stamps, bylines, after, held = (
        "|".join(map(re.escape, sorted(chosen, key=len, reverse=True)))
        for chosen in (words.stamps, words.bylines, words.after, words.held)
    )
    return _Patterns(
        re.compile(rf"(?:{stamps})\s{{0,3}}(?:[:：为]|(?=[\s\d]|$))\s{{0,3}}$"),
        re.compile(rf"(?:^|[\s|｜·•])(?:{bylines})(?:\s{{0,2}}[:：]|\s)"),
        re.compile(rf"[\s|｜·•,，)）]{{0,4}}(?:{after})"),
        re.compile(held),
    )


def is_page_date(text: str, start: int, end: int, *, days: tuple[date, ...], published: date | None) -> bool:
    """Tell whether the date at start..end of a folded text is the page's own; a span of days never is."""
    if len(days) != 1:
        return False
    known, quote = _patterns(), text[start:end]
    before = text[max(text.rfind("\n", 0, start) + 1, start - _MOST) : start]
    if known.stamp.search(before):
        return True
    clock = _SINGLE_CLOCK.match(text, end)
    finish = clock.end() if clock else end
    line_end = text.find("\n", finish)
    rest = text[finish : min(finish + _MOST, line_end if line_end >= 0 else len(text))]
    if not _NUMERIC.fullmatch(quote) or known.held.search(before + rest) or _headed(text, start - len(before)):
        return False
    if published is not None and days[0] > published:
        return False
    if known.after.match(rest):
        return True
    alone = not before.strip(_SEPARATORS) and not rest.strip(" \t　】])）")
    same_day = days[0] == published
    dated = quote.startswith("20")
    return (
        (alone and (clock is not None or same_day))
        or (same_day and clock is not None)
        or (dated and known.byline.search(before) is not None)
    )


def _headed(text: str, line_start: int) -> bool:
    """Whether the line before ends like a heading of what follows (上课时间：), or speaks of lessons there."""
    earlier = text[:line_start].rstrip("\n \t　")[-_MOST:].rpartition("\n")[2]
    return earlier.endswith(("：", ":")) and _patterns().stamp.search(earlier) is None
