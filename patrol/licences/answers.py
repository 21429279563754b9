"""What officers have decided about a name: same, different or unsure, remembered with who and when."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from patrol.licences.divisions import city_of, parse_place
from patrol.licences.entries import Context, Entry
from patrol.licences.folding import compact


class Opinion(StrEnum):
    """An officer's word on whether a name means a listed institution."""

    SAME = "same"
    DIFFERENT = "different"
    UNSURE = "unsure"

    @property
    def chinese(self) -> str:
        """The word on screen and in exports."""
        return {"same": "是同一机构", "different": "不是同一机构", "unsure": "不能确定"}[self.value]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One decision. `key` is the folded name, `city` where it was seen (empty: anywhere), `institution` the row's identity.

    The identity is the row's code, or its folded name where it has none, so that answers outlive list versions.
    """

    number: int
    key: str
    name: str
    city: str
    institution: str
    listed_name: str
    opinion: Opinion
    officer: str
    at: datetime
    reason: str = ""
    undone_at: datetime | None = None
    undone_by: str = ""


def identity_of(entry: Entry) -> str:
    """Return what an institution is known by across list versions: its code, else its folded name."""
    return entry.uscc or compact(entry.name)


def key_of(name: str) -> str:
    """Return the form of a name under which answers are remembered."""
    return compact(name)


def city_of_context(context: Context) -> str:
    """Return the city where a name was seen, as a code; empty when unknown."""
    codes = parse_place(context.region) if context.region else ()
    return city_of(codes[0]) if codes else ""


class Memory:
    """All standing answers, by name; later ones win."""

    def __init__(self, answers: Iterable[Answer] = ()) -> None:
        self._by_key: dict[str, list[Answer]] = {}
        for answer in sorted(answers, key=lambda one: one.number):
            if answer.undone_at is None:
                self._by_key.setdefault(answer.key, []).append(answer)

    def __bool__(self) -> bool:
        return bool(self._by_key)

    def about(self, name: str, context: Context) -> list[Answer]:
        """Return the standing answers about a name in the city where it was seen, newest first."""
        found = self._by_key.get(key_of(name), [])
        if not found:
            return []
        city = city_of_context(context)
        return [answer for answer in reversed(found) if answer.city in ("", city)]
