"""The sound view of a text: each character or pinyin syllable becomes one sign for its toneless, near-merged sound.

Evaders write 树学, shuxue, S学 or sx for 数学. Near sounds (平翘舌, 前后鼻音) are merged. What is found here is weak: it
counts only with a second signal nearby (detectors.elements decides).
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import pairwise

from pypinyin import Style, lazy_pinyin
from pypinyin.constants import PINYIN_DICT
from pypinyin.style import convert

from detectors.fold import View

_FIRST = 0xF0000
_LATIN = re.compile(r"[a-z]{1,20}[1-4](?:[a-z]{1,6}[1-4](?![0-9])|[a-z]{2,6}){1,8}|[a-z]{2,40}")
_TONED = re.compile("[a-z]+[1-4]?")
_MAX_SYLLABLE = 6


@dataclass(frozen=True, slots=True)
class SoundView:
    """The sound signs of a folded text; sign i stands for folded positions starts[i]..ends[i]. `spelled`: some were pinyin."""

    text: str
    starts: Sequence[int]
    ends: Sequence[int]
    spelled: bool = False


@cache
def _sounds() -> dict[str, str]:
    """Map each known toneless syllable to the sign of its merged sound."""
    syllables = sorted({_plain_syllable(readings) for readings in PINYIN_DICT.values()} - {""})
    merged = sorted({_merge(syllable) for syllable in syllables})
    signs = {sound: chr(_FIRST + number) for number, sound in enumerate(merged)}
    return {syllable: signs[_merge(syllable)] for syllable in syllables if syllable.isascii()}


@cache
def character_sounds() -> dict[int, str]:
    """Map code points of Chinese characters to sound signs, by their most common reading."""
    sounds = _sounds()
    found = ((code, sounds.get(_plain_syllable(readings), "")) for code, readings in PINYIN_DICT.items() if code >= 0x3400)
    return {code: sign for code, sign in found if sign}


def _plain_syllable(readings: str) -> str:
    return _toneless(readings.partition(",")[0])


@cache
def _toneless(reading: str) -> str:
    # 42,000 characters share 1,500 readings
    plain = convert(reading, Style.NORMAL, strict=False)
    return str(plain).replace("ü", "v")


def _merge(syllable: str) -> str:
    for double in ("zh", "ch", "sh"):
        if syllable.startswith(double):
            syllable = double[0] + syllable[2:]
    return syllable[:-1] if syllable.endswith(("ang", "eng", "ing")) else syllable


@cache
def word_syllables(word: str) -> tuple[str, ...]:
    """Return the toneless syllables of a word as it is read in context; what is no Chinese character stays itself."""
    return tuple(lazy_pinyin(word))


@cache
def word_sounds(word: str) -> str:
    """Return the sound signs of a word as it is read in context; unknown characters stay themselves."""
    sounds = _sounds()
    return "".join(sounds.get(syllable.replace("ü", "v"), syllable) for syllable in word_syllables(word))


def sound_view(view: View) -> SoundView:
    """Return the sound view of a folded view, in linear time."""
    folded = view.text
    if not _LATIN.search(folded):
        return SoundView(folded.translate(character_sounds()), range(len(folded)), range(1, len(folded) + 1))
    pieces: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    done = 0
    for match in _LATIN.finditer(folded):
        for left, syllables in _spelled(view, match.start(), match[0]):
            pieces.append(folded[done:left].translate(character_sounds()))
            starts.extend(range(done, left))
            ends.extend(range(done + 1, left + 1))
            done = left
            for syllable in syllables:
                pieces.append(_sounds()[syllable.rstrip("1234")])
                starts.append(done)
                done += len(syllable)
                ends.append(done)
    spelled = bool(pieces)
    pieces.append(folded[done:].translate(character_sounds()))
    starts.extend(range(done, len(folded)))
    ends.extend(range(done + 1, len(folded) + 1))
    return SoundView("".join(pieces), starts, ends, spelled)


def _spelled(view: View, start: int, run: str) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Yield where syllables begin in a run of letters and tone digits: the run as a whole, or the words it was joined from."""
    whole = syllables_of(run)
    if whole:
        yield start, whole
        return
    cuts = [0, *(at for at in range(1, len(run)) if _parted(view, start + at)), len(run)]
    for left, right in pairwise(cuts):
        syllables = syllables_of(run[left:right]) if right - left > 1 else ()
        if syllables:
            yield start + left, syllables


def _parted(view: View, at: int) -> bool:
    """Whether something stood between two characters of the original, or a digit meets a letter."""
    return view.ends[at - 1] != view.starts[at] or view.text[at - 1].isdigit() != view.text[at].isdigit()


@lru_cache(maxsize=4096)
def syllables_of(run: str) -> tuple[str, ...]:
    """Cut letters into pinyin syllables, tone digits kept with them; empty when they are no pinyin."""
    if run.isalpha():
        return _split(run)
    found: list[str] = []
    for part in _TONED.findall(run):
        syllables = _split(part.rstrip("1234"))
        if not syllables:
            return ()
        found.extend((*syllables[:-1], syllables[-1] + part[len(part.rstrip("1234")) :]))
    return tuple(found)


def _split(letters: str) -> tuple[str, ...]:
    """Cut letters into pinyin syllables, longest first from the left; empty when they are not pinyin."""
    sounds = _sounds()
    reach: list[int] = [-1] * (len(letters) + 1)
    reach[len(letters)] = len(letters)
    for at in range(len(letters) - 1, -1, -1):
        for end in range(min(len(letters), at + _MAX_SYLLABLE), at, -1):
            if reach[end] >= 0 and letters[at:end] in sounds:
                reach[at] = end
                break
    if reach[0] < 0:
        return ()
    found: list[str] = []
    at = 0
    while at < len(letters):
        found.append(letters[at : reach[at]])
        at = reach[at]
    return tuple(found)
