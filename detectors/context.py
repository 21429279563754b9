"""Who speaks, and what for: quoted speech, sentences, windows of one offer, and the speaker's kind."""

import re
from collections import Counter
from collections.abc import Sequence

from detectors.elements import Hit

_SENTENCE = re.compile(r"[^。！？!?；;\n]*[。！？!?；;\n]*")
_CLAUSE_STOP = frozenset("。！？!?；;\n")
_QUOTES = {"“": "”", "「": "」", "『": "』", '"': '"', "‘": "’"}
_LINE = re.compile(r"[^\n]+")
LONG = 360
_WHOLE = 900
_WINDOW = 240
_LINES = 3
_SHORTEST = 8
SPEAKERS = {
    "ctx.gov": "regulator",
    "ctx.strong.gov": "regulator",
    "ctx.news": "media",
    "ctx.school": "school",
    "ctx.welfare": "welfare",
    "ctx.adult": "adult_training",
    "ctx.fitness": "other_service",
    "ctx.goods": "shop",
    "ctx.ask": "parent",
    "ctx.chat": "private",
    "ctx.job": "employer",
    "ctx.policy": "research",
    "ctx.story": "private",
}


def sentences(text: str) -> list[tuple[int, int]]:
    """Cut a text at full stops and line ends; spans cover it without gaps, empty ones left out."""
    return [match.span() for match in _SENTENCE.finditer(text) if match.end() > match.start()]


def quoted_spans(text: str) -> list[tuple[int, int]]:
    """Return the outermost quoted spans, marks included; an unclosed mark quotes nothing."""
    spans: list[tuple[int, int]] = []
    opened, closing = -1, ""
    for at, character in enumerate(text):
        if opened < 0 and character in _QUOTES:
            opened, closing = at, _QUOTES[character]
        elif opened >= 0 and character == closing:
            spans.append((opened, at + 1))
            opened = -1
        elif opened >= 0 and at - opened > 400:
            opened = -1
    return spans


def windows(text: str) -> list[tuple[int, int]]:
    """Return the stretches that are judged on their own: the whole of a text up to 900 characters, the lines of one that has
    three or more (lists, chats, comments), and groups of sentences of a long one."""
    found: dict[tuple[int, int], None] = {}
    if len(text) <= _WHOLE:
        found[(0, len(text))] = None
    if len(text) > LONG:
        found.update(dict.fromkeys(_groups(text)))
    if text.count("\n") >= _LINES - 1:
        found.update(dict.fromkeys(_lines(text)))
    return list(found)


def _groups(text: str) -> list[tuple[int, int]]:
    """Return groups of neighbouring sentences, each at most 240 characters or one sentence long."""
    cut = sentences(text)
    found: list[tuple[int, int]] = []
    for number in range(len(cut)):
        start = end = cut[number][0]
        for _, right in cut[number : number + 8]:
            if end > start and right - start > _WINDOW:
                break
            end = right
        if not found or end > found[-1][1]:
            found.append((start, end))
    return found


def _lines(text: str) -> list[tuple[int, int]]:
    """Return the lines that are long enough to be an offer, when there are three or more lines."""
    spans = [match.span() for match in _LINE.finditer(text) if match[0].strip()]
    return [(start, end) for start, end in spans if end - start >= _SHORTEST] if len(spans) >= _LINES else []


def speaker(hits: Sequence[Hit]) -> str:
    """Name the likeliest kind of speaker by the contexts met; `unknown` when nothing tells."""
    counts = Counter(label for hit in hits for label in hit.labels if label in SPEAKERS)
    if not counts:
        return "unknown"
    label, count = counts.most_common(1)[0]
    return SPEAKERS[label] if count >= 2 or label == "ctx.strong.gov" else "unknown"
