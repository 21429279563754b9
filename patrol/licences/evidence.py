"""What is known about the place and the codes of a sighting, and how it stands to a row."""

from dataclasses import dataclass
from functools import lru_cache

from patrol.licences.codes import CodesSeen, permit_digits, read_codes, read_context_code
from patrol.licences.divisions import Agreement, Codes, agree, parse_phone, parse_place, title
from patrol.licences.entries import Context


@dataclass(frozen=True, slots=True)
class Places:
    """Every statement of place: (where it was read, what it may mean)."""

    stated: tuple[tuple[str, Codes], ...] = ()

    def with_name(self, codes: Codes) -> "Places":
        """Return the places with those that the name itself carries."""
        return Places((*self.stated, ("名称", codes))) if codes else self

    def against(self, home: Codes) -> tuple[Agreement, bool]:
        """Return the worst agreement of any statement with a row's places, and whether any positively agrees."""
        levels = [agree(codes, home) for _, codes in self.stated]
        if not levels:
            return Agreement.UNKNOWN, False
        return min(levels), Agreement.SAME in levels

    def words(self) -> str:
        """Return the places in Chinese, for sentences."""
        return "、".join(f"{label}“{title(codes[0])}”" for label, codes in self.stated)


@lru_cache(maxsize=5_000)
def _stated(region: str, phone: str, address: str) -> Places:
    found = (
        ("所在地", parse_place(region) if region else ()),
        ("电话区号", parse_phone(phone) if phone else ()),
        ("地址", parse_place(address[:24]) if address else ()),
    )
    return Places(tuple((label, codes) for label, codes in found if codes))


def forget_places() -> None:
    """Drop what was read before, after the gazetteer has grown."""
    _stated.cache_clear()


def places_of(context: Context) -> Places:
    """Return the places that the context states."""
    return _stated(context.region, context.phone[:5], context.address)


def codes_of(query: str, context: Context) -> CodesSeen:
    """Return all codes given with a sighting, in its context and inside its text, and the text without them."""
    inside = read_codes(query)
    given = read_context_code(context.uscc) if context.uscc else CodesSeen()
    permit = permit_digits(context.permit) if context.permit else ""
    return CodesSeen(
        uscc=tuple(dict.fromkeys((*given.uscc, *inside.uscc))),
        permits=(*((permit,) if permit else ()), *inside.permits),
        invalid=(*given.invalid, *inside.invalid),
        text=inside.text,
    )
