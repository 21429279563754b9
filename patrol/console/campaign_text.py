"""Change one source in the text of a campaign file and nothing else: every other line stays as the officer wrote it."""

import json
import re
import tomllib
from dataclasses import dataclass, fields
from itertools import pairwise

from patrol.errors import BadInput
from patrol.model import SourceChoice

_HEADER = re.compile(r"^\s*\[\[?[A-Za-z0-9_.-]+\]\]?\s*(#.*)?$")
_SOURCE = re.compile(r"^\s*\[\[sources\]\]\s*(#.*)?$")
_BY_HAND = "专项行动文件的写法特殊，无法自动修改；请在“专项行动”页手工改 [[sources]]"


@dataclass(frozen=True, slots=True)
class _Block:
    """The lines of one [[sources]] table: from its header up to (not with) `end`, comments before the next header left out."""

    start: int
    end: int
    name: str


def with_source(text: str, name: str, choice: SourceChoice | None) -> str:
    """Return the text with a source set as `choice` says, or taken out (None); BadInput when that cannot be done safely."""
    lines = text.split("\n")
    known = next((block for block in _blocks(lines) if block.name == name), None)
    new = _written(choice) if choice else []
    if known:
        lines[known.start : known.end] = new
    elif new:
        lines = [*_without_tail(lines), "", *new, ""]
    changed = "\n".join(lines)
    _check(text, changed, name, choice)
    return changed


def _blocks(lines: list[str]) -> list[_Block]:
    headers = [place for place, line in enumerate(lines) if _HEADER.match(line)]
    found = []
    for place, after in pairwise([*headers, len(lines)]):
        if not _SOURCE.match(lines[place]):
            continue
        end = after
        while end > place + 1 and (not lines[end - 1].strip() or lines[end - 1].lstrip().startswith("#")):
            end -= 1
        try:
            name = str(tomllib.loads("\n".join(lines[place:end]))["sources"][0].get("name", ""))
        except tomllib.TOMLDecodeError as error:
            raise BadInput(_BY_HAND) from error
        found.append(_Block(place, end, name))
    return found


def _written(choice: SourceChoice) -> list[str]:
    """Return the table of a source: every field that is not left at its default, whatever fields there are."""
    lines = ["[[sources]]"]
    for field in fields(choice):
        value = getattr(choice, field.name)
        if value and isinstance(value, tuple):
            lines.append(f"{field.name} = [{', '.join(_text(part) for part in value)}]")
        elif value:
            lines.append(f"{field.name} = {_text(value)}")
    return lines


def _text(value: str | int) -> str:
    return json.dumps(value, ensure_ascii=False)


def _without_tail(lines: list[str]) -> list[str]:
    while lines and not lines[-1].strip():
        lines = lines[:-1]
    return lines


def _check(before: str, after: str, name: str, choice: SourceChoice | None) -> None:
    """Refuse a change that touched more than the one source, or did not say what was meant."""
    try:
        old, new = tomllib.loads(before), tomllib.loads(after)
    except tomllib.TOMLDecodeError as error:
        raise BadInput(_BY_HAND) from error
    others = [one for one in old.pop("sources", []) if one.get("name") != name]
    sources = new.pop("sources", [])
    mine = [one for one in sources if one.get("name") == name]
    if old != new or [one for one in sources if one.get("name") != name] != others or len(mine) != (choice is not None):
        raise BadInput(_BY_HAND)
