"""What changed between two versions of a list: added, removed, renamed, lapsed, otherwise changed."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date

from patrol.licences.answers import identity_of
from patrol.licences.checking import lapsed
from patrol.licences.entries import Entry
from patrol.licences.folding import compact

_SILENT = frozenset({"row"})


@dataclass(frozen=True, slots=True)
class Change:
    """One institution that both versions carry, with the fields (ids of Entry) in which they differ."""

    before: Entry
    after: Entry
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """Everything that two versions do not share. `renamed` kept their code; `lapsed` were valid before and are not now."""

    added: tuple[Entry, ...]
    removed: tuple[Entry, ...]
    renamed: tuple[Change, ...]
    lapsed: tuple[tuple[Entry, str], ...]
    changed: tuple[Change, ...]

    @property
    def empty(self) -> bool:
        """Whether the two versions say the same."""
        return not (self.added or self.removed or self.renamed or self.lapsed or self.changed)


def _keyed(entries: Sequence[Entry]) -> dict[str, Entry]:
    found: dict[str, Entry] = {}
    for entry in entries:
        key = identity_of(entry)
        # a licence may stand on several rows (teaching points): those are told apart by address
        found[key if key not in found else f"{key}|{compact(entry.address)}"] = entry
    return found


def _pair_by_name(before: dict[str, Entry], after: dict[str, Entry]) -> list[tuple[str, str]]:
    """Match rows whose code was added, dropped or corrected between the versions by their unchanged name."""
    names = {compact(entry.name): key for key, entry in after.items() if key not in before}
    return [
        (key, names[compact(entry.name)]) for key, entry in before.items() if key not in after and compact(entry.name) in names
    ]


def difference(before: Sequence[Entry], after: Sequence[Entry], *, on: date | None = None) -> Difference:
    """Compare two versions; `on` is the day on which licences must be valid to count as in force."""
    old, new = _keyed(before), _keyed(after)
    pairs = [(key, key) for key in old if key in new] + _pair_by_name(old, new)
    paired_old, paired_new = {one for one, _ in pairs}, {other for _, other in pairs}
    renamed, changed, ended = [], [], []
    for one, other in pairs:
        first, second = old[one], new[other]
        differing = tuple(
            item.name
            for item in fields(Entry)
            if item.name not in _SILENT and getattr(first, item.name) != getattr(second, item.name)
        )
        reason = lapsed(second, on)
        if reason and not lapsed(first, None):
            ended.append((second, reason))
        if compact(first.name) != compact(second.name):
            renamed.append(Change(first, second, differing))
        elif differing and not reason:
            changed.append(Change(first, second, differing))
    return Difference(
        added=tuple(entry for key, entry in new.items() if key not in paired_new),
        removed=tuple(entry for key, entry in old.items() if key not in paired_old),
        renamed=tuple(renamed),
        lapsed=tuple(ended),
        changed=tuple(changed),
    )
