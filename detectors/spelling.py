"""Measure words in pinyin (zhou六, 9dian, 三nian级) read as characters: patterns of grades, clocks and prices see them so."""

import re

from detectors.fold import View
from detectors.fold_tables import load_measures
from detectors.syllables import syllables_of

_RUN = re.compile(r"(?<![a-z_@/.\-])[a-z]{2,24}(?![a-z_@/\-]|\.[a-z])")


def spelled_out(view: View) -> View | None:
    """Return the view with pinyin measure words written in characters, or None where there are none."""
    pieces: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    done = 0
    for match in _RUN.finditer(view.text):
        read = _read(match[0])
        if not read:
            continue
        pieces.append(view.text[done : match.start()])
        starts.extend(view.starts[done : match.start()])
        ends.extend(view.ends[done : match.start()])
        for word, left, right in read:
            pieces.append(word)
            starts.extend([view.starts[match.start() + left]] * len(word))
            ends.extend([view.ends[match.start() + right - 1]] * len(word))
        done = match.end()
    if not pieces:
        return None
    pieces.append(view.text[done:])
    starts.extend(view.starts[done:])
    ends.extend(view.ends[done:])
    return View("".join(pieces), starts, ends)


def _read(run: str) -> list[tuple[str, int, int]]:
    """Return the characters a run stands for with their places in it; empty unless every syllable is a measure word."""
    words, single = load_measures()
    known = next((word for word in words if run.startswith(word)), "")
    read = [(words[known], 0, len(known))] if known else []
    at = len(known)
    for syllable in syllables_of(run[at:]) if at < len(run) else ():
        if syllable not in single:
            return []
        read.append((single[syllable], at, at + len(syllable)))
        at += len(syllable)
    return read if at == len(run) else []
