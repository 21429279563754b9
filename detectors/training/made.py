"""Texts made by rule, always the same: mixed lists of the written posts with one offer or none, reports that tell of an offer,
long openings before one, and plain short ads of drawn words."""

import random
import re
from collections.abc import Iterator, Sequence

import yaml

from detectors.training.posts import HERE, Example, read_frames

MADE = "made"
_CLEAN, _MIXED, _TURNS = 220, 160, 6
_LONGEST = 90
_SLOT = re.compile("〔([a-z]+)〕")
_MARKS = ("{n}. {text}\n", "【{n}】{text}\n", "{text}\n", "{n}楼：{text}\n", "• {text}\n", "{n}、{text}；", "{text} ｜ ")


def made_of(examples: Sequence[Example]) -> Iterator[Example]:
    """Yield the made texts with their answers."""
    short = [one for one in examples if len(one.text) <= _LONGEST and "\n" not in one.text and not one.title]
    clean = [one for one in short if not (one.subject or one.other)]
    offers = [one for one in short if one.subject or one.other]
    yield from _lists(clean, offers)
    yield from _framed(offers)
    yield from _plain()


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


def _plain() -> Iterator[Example]:
    """Yield short plain texts: every pattern of plain.yml in turn, its slots filled with words drawn from the lists."""
    content = yaml.safe_load((HERE / "plain.yml").read_text(encoding="utf-8"))
    words: dict[str, list[str]] = content["words"]
    for kind, count in content["draws"].items():
        patterns: list[str] = content["patterns"][kind]
        for number in range(count):
            chance = random.Random(f"{kind}{number}")
            text = _SLOT.sub(lambda slot: chance.choice(words[slot[1]]), patterns[number % len(patterns)])  # noqa: B023 - used at once
            yield Example("", text, kind == "subject", kind == "other", MADE)
