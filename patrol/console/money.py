"""What a post says of money, added up for the officer: prices, lessons, their product, and what exceeds a limit. Pure."""

from dataclasses import dataclass

from detectors.facts import MOST_HOURS, MOST_MONTHS, MOST_YUAN
from detectors.fold import fold
from detectors.prices import Price, Prices, find_prices

_LESSON = ("节", "次", "课", "堂", "讲")
_RULE = "教监管函〔2021〕2号"


@dataclass(frozen=True, slots=True)
class Money:
    """`prices`, `lessons`, `periods` as the page writes them; `total` is a product in words, `over` what exceeds a limit."""

    prices: tuple[str, ...]
    lessons: tuple[str, ...]
    periods: tuple[str, ...]
    total: str
    over: tuple[str, ...]


def money_of(text: str) -> Money | None:
    """Return what a text says of money; None when it names no price."""
    found = find_prices(fold(text).plain)
    amounts = [one for one in found.amounts if not one.bare and not _inside_pack(one, found)]
    if not amounts:
        return None
    shown = dict.fromkeys(f"{one.amount:g}元{f'／{one.per}' if one.per else ''}" for one in amounts)
    return Money(
        prices=tuple(shown),
        lessons=tuple(dict.fromkeys(text[start:end] for _, start, end in found.packs)),
        periods=tuple(dict.fromkeys(text[start:end] for _, start, end in found.periods)),
        total=_total(amounts, found),
        over=tuple(_over(amounts, found)),
    )


def _inside_pack(price: Price, found: Prices) -> bool:
    """Whether a bare count of lessons was taken for an amount."""
    return any(price.start < end and start < price.end and price.amount == count for count, start, end in found.packs)


def _total(amounts: list[Price], found: Prices) -> str:
    """Multiply only where the page leaves no choice: one price a lesson, one number of lessons."""
    each = {one.amount for one in amounts if any(word in one.per for word in _LESSON)}
    counts = {count for count, _, _ in found.packs}
    if len(each) != 1 or len(counts) != 1:
        return ""
    price, count = each.pop(), counts.pop()
    return f"{price:g}元 × {count:g} = {price * count:g}元"


def _over(amounts: list[Price], found: Prices) -> list[str]:
    notes = [f"{one.amount:g}元超过一次性收费{MOST_YUAN}元（{_RULE}）" for one in amounts if MOST_YUAN < one.amount < 1_000_000]
    notes += [f"{count:g}课时超过{MOST_HOURS}课时（{_RULE}）" for count, _, _ in found.packs if MOST_HOURS < count <= 999]
    notes += [f"{months:g}个月超过{MOST_MONTHS}个月（{_RULE}）" for months, _, _ in found.periods if MOST_MONTHS < months <= 36]
    return list(dict.fromkeys(notes))
