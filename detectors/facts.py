"""Facts that follow from several elements together: payments above the limits, and whether a post only seeks or pools."""

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence

from detectors.elements import Hit
from detectors.fold import View
from detectors.model import Contact
from detectors.prices import Prices
from detectors.spans import Spans

MOST_YUAN, MOST_HOURS, MOST_MONTHS = 5000, 60, 3
_WAGE = re.compile(r"薪|工资|待遇|底薪|酬|月入|收入|奖金|安家|清退|罚款|奖励|退")
_NEAR = 14
_SEEKS = ("broker.pool", "broker.recruit")
_OFFERS_ITSELF = re.compile(
    r"招生|招收|试听|体验|收学生|学员|可带|本人|能教|可教|擅长|报名(?!费)|我教|带过|我们(?:老师|机构|工作室|中心)|团购|课程包|开班|小班|讲题|购买|券|录播|会员"
)


def money_facts(plain: View, prices: Prices) -> Iterator[Hit]:
    """Yield what exceeds 5000 yuan, 60 lessons or 3 months in one payment (教监管函〔2021〕2号; wages are left out)."""
    for price in prices.amounts:
        if price.amount <= MOST_YUAN or price.amount >= 1_000_000 or price.bare:
            continue
        if not _WAGE.search(_before(plain, price.start)):
            yield Hit(("fact.amount",), price.start, price.end, f"{price.amount:g}元")
    for count, start, end in prices.packs:
        if MOST_HOURS < count <= 999:
            yield Hit(("fact.hours",), start, end, f"{count:g}课时")
    near = Spans((price.start - _NEAR, price.end + _NEAR) for price in prices.amounts)
    for months, start, end in prices.periods:
        priced = months > MOST_MONTHS and near.touch(start, end)
        if priced and not _WAGE.search(_before(plain, start)):
            yield Hit(("fact.period",), start, end, f"{months:g}个月")


def _before(plain: View, start: int) -> str:
    """The eight characters before an original position; cheap where nothing was folded away."""
    at = bisect_left(plain.starts, start)
    return plain.text[max(0, at - 8) : at + 4]


def offer_facts(hits: Sequence[Hit], contacts: Sequence[Contact]) -> Iterator[Hit]:
    """Yield `fact.broker_only` for a post that only seeks a teacher or pools parents, and `fact.permit` where one is shown."""
    labels = {label for hit in hits for label in hit.labels}
    words = " ".join(hit.word for hit in hits)
    if (
        labels & set(_SEEKS)
        and "broker.agency" not in labels
        and "offer.trial" not in labels
        and not _OFFERS_ITSELF.search(words)
    ):
        first = next(hit for hit in hits if set(hit.labels) & set(_SEEKS))
        yield Hit(("fact.broker_only",), first.start, first.end, first.word)
    for contact in contacts:
        if contact.kind == "permit":
            yield Hit(("fact.permit",), contact.start, contact.end, contact.value)
