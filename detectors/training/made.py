"""Texts made of the written posts, always the same: mixed lists with one offer or none, reports that tell of an offer, and
long openings before one."""

import random
from collections.abc import Iterator, Sequence

from detectors.training.posts import Example, read_frames

MADE = "made"
_CLEAN, _MIXED, _TURNS = 220, 160, 6
_LONGEST = 90
_MARKS = ("{n}. {text}\n", "【{n}】{text}\n", "{text}\n", "{n}楼：{text}\n", "• {text}\n", "{n}、{text}；", "{text} ｜ ")


def made_of(examples: Sequence[Example]) -> Iterator[Example]:
    """Yield the made texts with their answers."""
    short = [one for one in examples if len(one.text) <= _LONGEST and "\n" not in one.text and not one.title]
    clean = [one for one in short if not (one.subject or one.other)]
    offers = [one for one in short if one.subject or one.other]
    yield from _lists(clean, offers)
    yield from _framed(offers)


def _lists(clean: Sequence[Example], offers: Sequence[Example]) -> Iterator[Example]:
    """Yield lists of clean posts, and lists of clean posts among which one offers; the list is answered as that one is."""
    for number in range(_CLEAN + _MIXED):
        chance = random.Random(number)
        parts = chance.sample(clean, chance.randint(3, 6))
        offer = chance.choice(offers) if number >= _CLEAN else None
        if offer:
            parts.insert(chance.randint(0, len(parts)), offer)
        mark = chance.choice(_MARKS)
        text = "".join(mark.format(n=place, text=part.text) for place, part in enumerate(parts, 1)).strip("\n；｜ ")
        yield Example("", text, bool(offer and offer.subject), bool(offer and offer.other), MADE)


def _framed(offers: Sequence[Example]) -> Iterator[Example]:
    """Yield each frame filled several times: a report stays clean, an opening is answered as the offer after it."""
    for place, (kind, title, frame) in enumerate(read_frames()):
        for turn in range(_TURNS):
            offer = random.Random(1000 * turn + place).choice(offers)
            own = kind == "offer"
            yield Example(title, frame.replace("〔〕", offer.text), own and offer.subject, own and offer.other, MADE)
