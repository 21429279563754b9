"""Where each piece of text stands on the full-page picture, so that pictures can be masked later without reading them."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

_MOST_BOXES = 20_000


def read_text_map(layout: Mapping[str, Any]) -> bytes:
    """Return a DevTools DOM snapshot as JSON lines `[kind, x, y, width, height, value]` in page pixels.

    Kind `t` is one line of shown text, kind `i` a picture with its address.
    """
    strings: Sequence[str] = layout["strings"]
    lines: list[str] = []
    offsets = _frame_offsets(layout["documents"])
    for number, document in enumerate(layout["documents"]):
        boxes = document["textBoxes"]
        texts: Sequence[int] = document["layout"]["text"]
        left, top = offsets.get(number, (0.0, 0.0))
        for node, bounds, start, length in zip(
            boxes["layoutIndex"], boxes["bounds"], boxes["start"], boxes["length"], strict=True
        ):
            index = texts[node]
            text = _slice_utf16(strings[index], start, length) if index >= 0 else ""
            if text.strip():
                lines.append(_line("t", bounds, left, top, text[:500]))
        lines.extend(_pictures(document, strings, left, top))
        if len(lines) > _MOST_BOXES:
            break
    return ("\n".join(lines) + "\n").encode("utf-8", "replace")


def _line(kind: str, bounds: Sequence[float], left: float, top: float, value: str) -> str:
    x, y, width, height = bounds
    return json.dumps([kind, round(x + left), round(y + top), round(width), round(height), value], ensure_ascii=False)


def _pictures(document: Mapping[str, Any], strings: Sequence[str], left: float, top: float) -> list[str]:
    shown = document["nodes"].get("currentSourceURL", {"index": [], "value": []})
    places = dict(zip(document["layout"]["nodeIndex"], document["layout"]["bounds"], strict=True))
    found = zip(shown["index"], shown["value"], strict=True)
    return [_line("i", places[node], left, top, strings[url][:2000]) for node, url in found if node in places and url >= 0]


def _slice_utf16(text: str, start: int, length: int) -> str:
    if text.isascii() or all(ord(c) < 0x10000 for c in text):
        return text[start : start + length]
    wide = text.encode("utf-16-le", "surrogatepass")
    return wide[2 * start : 2 * (start + length)].decode("utf-16-le", "replace")


def _frame_offsets(documents: Sequence[Mapping[str, Any]]) -> dict[int, tuple[float, float]]:
    """Return where each embedded document begins on the outer page."""
    offsets = {0: (0.0, 0.0)}
    for number, document in enumerate(documents):
        inner = document["nodes"].get("contentDocumentIndex", {"index": [], "value": []})
        places = dict(zip(document["layout"]["nodeIndex"], document["layout"]["bounds"], strict=True))
        left, top = offsets.get(number, (0.0, 0.0))
        for node, child in zip(inner["index"], inner["value"], strict=True):
            x, y = places.get(node, (0.0, 0.0))[:2]
            offsets[child] = (left + x, top + y)
    return offsets
