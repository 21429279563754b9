"""Paths into JSON data: `a.b[0].c`, `list[]`, `*`, quoted keys, and shape steps `?key1,key2` (a child that has these keys)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Literal

_PART = re.compile(r"""\s*(?:"([^"]*)"|\*\*\?([\w,]+)|\?([\w,]+)|(\*)|\[(-?\d*)\]|([^.\[\]"*?]+))\.?""")
_MAX_MATCHES = 5_000
_MAX_SEARCHED = 50_000


@dataclass(frozen=True, slots=True)
class _Move:
    how: Literal["key", "any", "index", "each", "shape", "deep"]
    key: str = ""
    index: int = 0
    keys: tuple[str, ...] = ()


@lru_cache(maxsize=2048)
def parse_path(path: str) -> tuple[_Move, ...]:
    """Return the steps of a path; ValueError when it is none."""
    moves: list[_Move] = []
    at = 0
    while at < len(path):
        found = _PART.match(path, at)
        if found is None:
            raise ValueError(f"not a path: {path!r} at {at}")
        moves.append(_move(found))
        at = found.end()
    return tuple(moves)


def _move(found: re.Match[str]) -> _Move:
    if found[2] is not None:
        return _Move("deep", keys=tuple(found[2].split(",")))
    if found[3] is not None:
        return _Move("shape", keys=tuple(found[3].split(",")))
    if found[4] is not None:
        return _Move("any")
    if found[5] is not None:
        return _Move("index", index=int(found[5])) if found[5] else _Move("each")
    return _Move("key", key=found[1] if found[1] is not None else found[6].strip())


def find_all(data: object, path: str) -> list[object]:
    """Return every value the path leads to, in order; a `list[]` spreads a list, `*` a list or an object's values."""
    values: Iterator[object] = iter((data,))
    for move in parse_path(path):
        values = _moved(values, move)
    return [value for value in islice(values, _MAX_MATCHES) if value is not None]


def find(data: object, path: str) -> object:
    """Return the first value the path leads to, or None."""
    values: Iterator[object] = iter((data,))
    for move in parse_path(path):
        values = _moved(values, move)
    return next((value for value in islice(values, _MAX_MATCHES) if value is not None), None)


def _moved(values: Iterator[object], move: _Move) -> Iterator[object]:
    for value in values:
        yield from _step(value, move)


def _step(value: object, move: _Move) -> Iterator[object]:
    if move.how == "key":
        if isinstance(value, dict) and move.key in value:
            yield value[move.key]
    elif move.how == "index":
        if isinstance(value, list) and -len(value) <= move.index < len(value):
            yield value[move.index]
    elif move.how == "deep":
        yield from _deep(value, move.keys)
    else:
        yield from _children(value, move)


def _children(value: object, move: _Move) -> Iterator[object]:
    children = (
        list(value.values()) if isinstance(value, dict) and move.how != "each" else value if isinstance(value, list) else []
    )
    for child in children:
        if move.how != "shape" or (isinstance(child, dict) and all(key in child for key in move.keys)):
            yield child


def _deep(value: object, keys: tuple[str, ...]) -> Iterator[object]:
    waiting, seen = [value], 0
    while waiting and seen < _MAX_SEARCHED:
        following: list[object] = []
        for part in waiting:
            seen += 1
            if isinstance(part, dict):
                if all(key in part for key in keys):
                    yield part
                following.extend(child for child in part.values() if isinstance(child, dict | list))
            elif isinstance(part, list):
                following.extend(child for child in part if isinstance(child, dict | list))
        waiting = following
