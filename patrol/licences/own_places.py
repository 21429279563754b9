"""Places that only the list itself knows: new districts, development zones, places not (yet) in GB/T 2260.

A list writes the same place at the head of its addresses and at the head of its names or authorities; what stands in both is
a place, not part of a 字号.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from patrol.licences.divisions import OWN, city_of, gazetteer, parse_place, written_forms
from patrol.licences.entries import Entry
from patrol.licences.evidence import forget_places
from patrol.licences.folding import compact

_CITY = re.compile(r"([一-鿿]{2,4}?市)(?![场民政委中])")
_DISTRICT = re.compile(r"([一-鿿]{1,5}?(?:自治县|新区|区|县|旗|市))(?![场民政委中])")
_HEAD = 20
_ZONE = re.compile(
    r"(?:[一-鿿]{2,4}?)?(?:高新技术产业开发区|经济技术开发区|经济开发区|工业园区|高新区|经开区|开发区|示范区|新区)"
)


@dataclass(frozen=True, slots=True)
class OwnPlace:
    """A place with the code made for it, which begins with that of the city it lies in."""

    name: str
    code: str


def own_places(entries: Sequence[Entry]) -> tuple[OwnPlace, ...]:
    """Return the places that head both an address and a name or authority of some row, and that the gazetteer lacks."""
    found: dict[str, OwnPlace] = {}
    for entry in entries:
        for address in (entry.address, *entry.addresses, entry.place):
            heading, places = _heading(address[:_HEAD]) if address else ("", ())
            if places and any(heading in compact(head[:_HEAD]) for head in (entry.name, entry.authority)):
                found.update((place.code, place) for place in places)
    return tuple(found.values())


@lru_cache(maxsize=20_000)
def _heading(address: str) -> tuple[str, tuple[OwnPlace, ...]]:
    """Return the unknown places at the head of an address, and the word that must stand in the row's name or authority too."""
    plain = compact(address)
    position, known = _known_head(plain)
    if city_of(known):
        zone = _ZONE.match(plain, position)
        return (zone.group(), (OwnPlace(zone.group(), _own_code(zone.group(), known)),)) if zone else ("", ())
    city = _CITY.match(plain, position)
    if not city:
        return "", ()
    code = _own_code(city.group())
    district = _DISTRICT.match(plain, city.end())
    inner = (OwnPlace(district.group(), _own_code(district.group(), code)),) if district else ()
    return city.group()[:-1], (OwnPlace(city.group(), code), *inner)


def _known_head(address: str) -> tuple[int, str]:
    """Return how much of an address's start the gazetteer knows, and the city it lies in."""
    table = gazetteer()
    position, city = 0, ""
    while position < len(address):
        for word, codes in table.words_at(address, position):
            cities = {city_of(code) or code for code in codes}
            position += len(word)
            city = next(iter(cities)) if len(cities) == 1 else city
            break
        else:
            break
    return position, city


def learn_places(entries: Sequence[Entry]) -> None:
    """Add a list's own places to the gazetteer of this process, for good: they are facts about the world, not about the list."""
    table = gazetteer()
    places = [place for place in own_places(entries) if place.code not in table.titles]
    for place in places:
        table.titles[place.code] = place.name
        short = re.sub(r"(?:自治县|[市县区旗])$", "", place.name)
        for form in {place.name, short} if len(short) > 1 and not _ZONE.fullmatch(place.name) else {place.name}:
            table.names[form] = (*table.names.get(form, ()), place.code)
            table.sizes[form[0]] = tuple(sorted({*table.sizes.get(form[0], ()), len(form)}, reverse=True))
    if places:
        parse_place.cache_clear()
        written_forms.cache_clear()
        forget_places()


def _own_code(name: str, city: str = "") -> str:
    """Return the code of a city (four characters) or of a district in one (six); the same name always has the same."""
    digest = hashlib.sha256(f"{city}{name}".encode()).digest()
    letters = "".join(chr(ord("a") + byte % 26) for byte in digest)
    return city.ljust(4, "0") + letters[:2] if city else OWN + letters[:3]
