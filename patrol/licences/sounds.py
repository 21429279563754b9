"""How characters sound: toneless readings of brands, for pinyin writings and sound-alike checks."""

from collections.abc import Iterable
from functools import lru_cache
from itertools import islice, product

from pypinyin import Style, pinyin

_MOST = 12
# only these are heard with more than one reading in names; dictionaries list archaic ones for many more (王 as yù)
_SEVERAL = frozenset(
    "长乐行重朝曾单解传盛藏调好兴强少教干会华宁翟乘奇度和说晟沈区仇查尉任盖柏伯便泊参差朴择模弹省种中创当分更冠几济间角结卷卡露绿蒙难迫铺奔期切曲什宿提为系相校燕应与载占涨只转六车贾都大厦觉卜圈薄泽"
)


@lru_cache(maxsize=30_000)
def readings(char: str) -> tuple[str, ...]:
    """Return the toneless readings of one character as heard in names (the character itself when it has none)."""
    found = pinyin(char, style=Style.NORMAL, heteronym=char in _SEVERAL, v_to_u=False)
    return tuple(dict.fromkeys(sound.replace("ü", "v") for sound in found[0])) if found else (char,)


def spellings(text: str) -> list[str]:
    """Return the ways a short text may be spelled in toneless pinyin, most usual reading first, at most a dozen."""
    plain = ("".join(parts) for parts in product(*(readings(char) for char in text)))
    return list(dict.fromkeys(islice(plain, _MOST)))


def sounds_alike(one: str, other: str) -> bool:
    """Whether two characters share a toneless reading."""
    return not set(readings(one)).isdisjoint(readings(other))


def all_spellings(texts: Iterable[str]) -> dict[str, list[int]]:
    """Map every spelling to the positions of the texts that have it."""
    found: dict[str, list[int]] = {}
    for position, text in enumerate(texts):
        for spelling in spellings(text):
            found.setdefault(spelling, []).append(position)
            if "v" in spelling:
                found.setdefault(spelling.replace("v", "u"), []).append(position)
    return found
