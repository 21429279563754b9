"""Expand a search pattern into search words: subject × stage × region × disguise, a budget a run, the rest on the next days."""

from datetime import date
from functools import cache
from itertools import product
from pathlib import Path
from string import Formatter

from pydantic import Field

from patrol.errors import BadInput
from patrol.validation import FileRecord, build, read_yaml

_FILE = Path(__file__).parent / "keywords.yml"


class Packs(FileRecord):
    """The word packs by their placeholder, and how many words one run of one search takes."""

    source: str
    per_run: int = Field(ge=1)
    packs: dict[str, tuple[str, ...]]


@cache
def packs() -> Packs:
    """Return the shipped packs."""
    return build(Packs, read_yaml(_FILE), file=_FILE)


def expand(patterns: tuple[str, ...], *, region: str, day: date) -> list[str]:
    """Return the words a run of this day searches for: an even share of each pattern, moving on day by day.

    The same day gives the same words, so a run that was killed goes on with them. BadInput names a placeholder without a pack.
    """
    if not patterns:
        return []
    share = max(1, packs().per_run // len(patterns))
    words: dict[str, None] = {}
    for pattern in patterns:
        every = _combinations(pattern, region)
        first = day.toordinal() * share % len(every)
        words.update(dict.fromkeys((every[first:] + every[:first])[:share]))
    return list(words)


def _combinations(pattern: str, region: str) -> list[str]:
    names = list(dict.fromkeys(name for _, name, _, _ in Formatter().parse(pattern) if name))
    known = {**packs().packs, "region": (region,)}
    for name in names:
        if name not in known:
            raise BadInput(f"检索词“{pattern}”里的 {{{name}}} 没有词包；可用的有：{'、'.join(known)}", file=_FILE)
    return [
        " ".join(pattern.format(**dict(zip(names, chosen, strict=True))).split())
        for chosen in product(*(known[n] for n in names))
    ]
