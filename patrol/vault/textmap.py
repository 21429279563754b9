"""Where each piece of text stands on the full-page picture, so that pictures can be masked later without reading them."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

_MOST_BOXES = 20_000


def read_text_map(layout: Mapping[str, Any]) -> bytes:
    """Return a DevTools DOM snapshot as JSON lines `[x, y, width, height, text]` in page pixels, one per line of shown text."""
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
            if text.strip() and len(lines) < _MOST_BOXES:
                x, y, width, height = (round(value) for value in bounds)
                lines.append(json.dumps([x + round(left), y + round(top), width, height, text[:500]], ensure_ascii=False))
    return ("\n".join(lines) + "\n").encode("utf-8", "replace")


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
