"""The list made ready for look-up: by code, permit, full name, brand, and full name with one brand character open."""

from collections.abc import Iterable, Sequence
from functools import cached_property

from patrol.licences.codes import permit_digits, tidy, valid_uscc
from patrol.licences.divisions import Codes, city_of, gazetteer
from patrol.licences.entries import Entry
from patrol.licences.folding import compact
from patrol.licences.names import NameParts, parse_name
from patrol.licences.own_places import learn_places
from patrol.licences.sounds import all_spellings

_OPEN = "\x00"


def home_of(entry: Entry) -> Codes:
    """Return the places of a row: the district of its code, of its addresses and of its region column."""
    titles = gazetteer().titles
    codes: dict[str, None] = {}
    code = entry.uscc[2:8] if valid_uscc(tidy(entry.uscc)) else ""  # a wrong check digit proves nothing, not even a place
    if code.isdigit() and code[:2] in titles:
        codes[code if code in titles or code[:4] in titles else code[:2]] = None
    digits = permit_digits(entry.permit)
    if not codes and len(digits) in (13, 15):
        start = len(digits) - 13
        inside = digits[start : start + 6] if len(digits) == 13 else digits[1:7]
        if inside in titles:
            codes[inside] = None
    for address in (entry.address, *entry.addresses, entry.place):
        for place in _leading(compact(address[:40])) if address else ():
            if not any(known.startswith(place) for known in codes):
                codes[place] = None
    return tuple(codes)


def _leading(address: str) -> Codes:
    """Return the place that an address begins with, when it is certain."""
    table = gazetteer()
    position, known = 0, Codes()
    while position < len(address):
        for word, codes in table.words_at(address, position):
            finer = codes if not known else tuple(code for code in codes if any(_inside(code, old) for old in known))
            if finer:
                known, position = finer, position + len(word)
                break
        else:
            break
    return known if len(known) == 1 else ()


def _inside(code: str, outer: str) -> bool:
    return code.startswith(outer) or city_of(code) == outer


class Table:
    """All look-ups over one list. Row positions (not 序号) are used inside; `entries[position].row` is the 序号."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self.entries = entries
        self.homes: list[Codes] = []
        self.parts: list[NameParts] = []
        self.brands: list[str] = []
        self.rows_of: list[list[int]] = []
        self.by_code: dict[str, list[int]] = {}
        self.by_permit: dict[str, list[int]] = {}
        self.by_name: dict[str, list[int]] = {}
        self.open_names: dict[int, int] = {}
        self._open_more: dict[int, list[int]] = {}
        self._numbers: dict[str, int] = {}
        learn_places(entries)
        for position, entry in enumerate(entries):
            self._add(position, entry)

    def _add(self, position: int, entry: Entry) -> None:
        home = home_of(entry)
        parts = parse_name(entry.name, home)
        home = home or parts.codes
        self.homes.append(home)
        self.parts.append(parts)
        if entry.uscc:
            self.by_code.setdefault(tidy(entry.uscc), []).append(position)
        if digits := permit_digits(entry.permit):
            self.by_permit.setdefault(digits, []).append(position)
        self._add_name(position, parts)
        self._open(position, parts)
        for other in (*entry.former_names, *entry.aliases):
            self._add_name(position, parse_name(other, home))

    def _add_name(self, position: int, parts: NameParts) -> None:
        self.by_name.setdefault(parts.full, []).append(position)
        number = self._numbers.get(parts.brand)
        if number is None:
            number = self._numbers[parts.brand] = len(self.brands)
            self.brands.append(parts.brand)
            self.rows_of.append([])
        if position not in self.rows_of[number][-1:]:
            self.rows_of[number].append(position)

    def _open(self, position: int, parts: NameParts) -> None:
        begin = parts.full.find(parts.brand)
        for at in range(begin, begin + len(parts.brand)):
            key = hash(parts.full[:at] + _OPEN + parts.full[at + 1 :])
            first = self.open_names.setdefault(key, position)
            if first != position:
                self._open_more.setdefault(key, []).append(position)

    def one_character_off(self, name: str) -> Iterable[tuple[int, int]]:
        """Yield (row position, character position) of rows whose name differs in exactly one brand character."""
        for at in range(len(name)):
            key = hash(name[:at] + _OPEN + name[at + 1 :])
            first = self.open_names.get(key)
            if first is None:
                continue
            for position in (first, *self._open_more.get(key, ())):
                full = self.parts[position].full
                if len(full) == len(name) and full != name:
                    yield position, at

    def number_of(self, brand: str) -> int:
        """Return the number of a listed brand, or -1."""
        return self._numbers.get(brand, -1)

    @cached_property
    def _open_brands(self) -> dict[int, list[int]]:
        found: dict[int, list[int]] = {}
        for number, brand in enumerate(self.brands):
            if len(brand) > 2:
                for at in range(len(brand)):
                    found.setdefault(hash(brand[:at] + _OPEN + brand[at + 1 :]), []).append(number)
        return found

    def brands_with_one_other(self, brand: str) -> list[int]:
        """Return listed brands of three or more characters that differ from one in exactly one character."""
        keys = (hash(brand[:at] + _OPEN + brand[at + 1 :]) for at in range(len(brand)))
        return [number for key in keys for number in self._open_brands.get(key, ()) if len(self.brands[number]) == len(brand)]

    @cached_property
    def by_sound(self) -> dict[str, list[int]]:
        """Brand numbers by toneless spelling; made at the first question, since most texts are in Chinese."""
        return all_spellings(self.brands)
