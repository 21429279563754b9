"""Search patterns become words within a budget, and every combination has its day."""

from datetime import date, timedelta

import pytest

from patrol.errors import BadInput
from patrol.keywords import expand, packs

DAY = date(2027, 1, 20)
PATTERNS = ("{region} {stage} {subject} 一对一", "{region} 晚托")


def test_words_stay_within_the_budget_of_a_run() -> None:
    assert len(expand(PATTERNS, region="云川", day=DAY)) <= packs().per_run


def test_same_day_gives_the_same_words() -> None:
    assert expand(PATTERNS, region="云川", day=DAY) == expand(PATTERNS, region="云川", day=DAY)


def test_every_combination_has_its_day() -> None:
    seen = {word for n in range(60) for word in expand((PATTERNS[0],), region="云川", day=DAY + timedelta(days=n))}
    assert len(seen) == len(packs().packs["stage"]) * len(packs().packs["subject"])


def test_region_left_empty_leaves_no_gap_in_the_word() -> None:
    assert expand(("{region} 家教",), region="", day=DAY) == ["家教"]


def test_placeholder_without_a_pack_is_named() -> None:
    with pytest.raises(BadInput, match="colour"):
        expand(("{colour} 家教",), region="云川", day=DAY)
