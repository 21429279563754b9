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
_MOST_YEARS = 6
_SERVED = re.compile(
    r"教龄|经验|从教|任教|专注|专职|深耕|办学|创办|开了|干了|做了|教了|带了|教过|带过|学了|跟了|老师|质保|保修|接单|已接|成交|月均|好评|看到|看\s*$"
)
_HIRING = re.compile(
    r"(?=[求找寻聘需请缺招诚高急介推转\n])(?:(?:求|找|寻|聘|需要|请|缺)(?:一位|一个|一名|个|名|位|两位|几位)[^，。,\n]{0,10}(?:家教|老师|教师|教员|大学生|学姐|学长|大姐姐|大哥哥|研究生|ls(?![a-z]))|"
    r"(?:招聘|诚聘|高薪聘|急聘|急招|招募|招兼职|聘请|招)[^，。,\n]{0,12}(?:家教|老师|教师|教员|导师|助教|辅导员|指导员|大学生|ls(?![a-z])|jj(?![a-z]))(?!招生)"
    r"|(?:介绍|推荐|转介)[^，。,\n]{0,10}(?:学员|同学|新生|学生|家长|朋友)[^。\n]{0,20}(?:奖励?|返|得|减)\s{0,1}\d"
    r"|(?:\n\s{0,2}\d{1,2}[.、 ]\s{0,2}[^\n]{0,8}[妈爸家]\s{0,2}[^\n]{0,3}(?=\n)){2})"
)
_INSERVICE = re.compile(
    r"(?=[白现目还仍公])(?:白天[^，。,\n]{0,6}(?:学校|楼里|讲|上课|上班)[^。\n]{0,16}晚上"
    r"|(?:现在|目前|还|仍)在?[^，。,\n]{0,4}(?:学校|中学|小学)(?:教|任教|上班)|公[立办][^，。,\n]{0,4}(?:小学|中学|初中|高中|学校)教)"
)
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
        if MOST_HOURS < count <= 999 and not _SERVED.search(_before(plain, start)):
            yield Hit(("fact.hours",), start, end, f"{count:g}课时")
    near = Spans((price.start - _NEAR, price.end + _NEAR) for price in prices.amounts)
    for months, start, end in prices.periods:
        priced = MOST_MONTHS < months <= 12 * _MOST_YEARS and near.touch(start, end)
        before = _before(plain, start)
        if priced and not _WAGE.search(before) and not _SERVED.search(before) and not _SERVED.match(_after(plain, end)):
            yield Hit(("fact.period",), start, end, f"{months:g}个月")


def _before(plain: View, start: int) -> str:
    """The eight characters before an original position; cheap where nothing was folded away."""
    at = bisect_left(plain.starts, start)
    return plain.text[max(0, at - 8) : at + 4]


def _after(plain: View, end: int) -> str:
    """The four characters after an original position."""
    at = bisect_left(plain.starts, end)
    return plain.text[at : at + 4].lstrip("的多 ")


def wording_facts(plain: View) -> Iterator[Hit]:
    """Yield `fact.brokered` for a post that hires tutors, and `fact.inservice` for one that hints at a teacher in service."""
    for label, pattern in (("fact.brokered", _HIRING), ("fact.inservice", _INSERVICE)):
        for match in pattern.finditer(plain.text):
            yield Hit((label,), *plain.span(match.start(), match.end()), match[0])


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
