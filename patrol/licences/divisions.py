"""Administrative divisions: from the way people write a place to GB/T 2260 codes, and whether two places agree.

Codes are strings of 2 (province), 4 (prefecture) or 6 digits (county). A written name may mean several places; then all
of them are returned and any may be right.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum
from functools import cache, lru_cache
from pathlib import Path

from patrol.licences.folding import compact

Codes = tuple[str, ...]
_HERE = Path(__file__).parent
# peoples of one character only count with 族 behind them: the 水 of 彭水 is a river
_PEOPLES = (
    "(?:回|藏|苗|彝|壮|满|侗|瑶|白|傣|黎|佤|畲|水|土|羌|怒|各)族|(?:蒙古|维吾尔|布依|朝鲜|土家|哈尼|哈萨克|傈僳|拉祜|东乡|纳西|景颇|柯尔克孜|达斡尔|"
    "仫佬|布朗|撒拉|毛南|仡佬|锡伯|普米|塔吉克|鄂温克|保安|裕固|独龙|鄂伦春)族?"
)
_AUTONOMOUS = re.compile(rf"(?:{_PEOPLES})*(?:自治)(区|州|县|旗)$")
_ENDING = re.compile(r"(?:特别行政区|省|市|地区|盟|特区|矿区|区|县|旗)$")
_MUNICIPAL = frozenset({"11", "12", "31", "50", "71", "81", "82"})
OWN = "~"  # begins the codes made for cities that only a list itself knows
_NOT_SHORT = frozenset({"城", "郊", "矿", "东", "西", "新城", "老城", "城关", "城区", "郊区", "矿区", "市中", "市辖"})


class Agreement(IntEnum):
    """How a seen place stands to a row's place; higher is better."""

    OTHER_CITY = 0
    OTHER_DISTRICT = 1
    UNKNOWN = 2
    SAME = 3


@dataclass(frozen=True, slots=True)
class Gazetteer:
    """All written forms of places: `names` to codes, `titles` from code to full name, `dialling` from area code to cities."""

    names: dict[str, Codes]
    titles: dict[str, str]
    dialling: dict[str, Codes]
    sizes: dict[str, tuple[int, ...]]

    def words_at(self, text: str, position: int) -> Iterator[tuple[str, Codes]]:
        """Yield the place names that begin at a position, longest first."""
        for size in self.sizes.get(text[position], ()):
            word = text[position : position + size]
            codes = self.names.get(word)
            if codes:
                yield word, codes


def city_of(code: str) -> str:
    """Return the code of the city that a code lies in; empty for a bare province that is no municipality."""
    if code[:2] in _MUNICIPAL:
        return code[:2]
    if code[2:4] == "90":
        return code
    return code[:4] if len(code) >= 4 else ""


def _short_forms(name: str) -> set[str]:
    found = _AUTONOMOUS.search(name)
    if found:
        stem = name[: found.start()]
        peoples = name.removesuffix(f"自治{found.group(1)}")
        return {stem, stem + found.group(1), peoples} if len(stem) > 1 else set()
    stem = _ENDING.sub("", name)
    return {stem} if len(stem) > 1 and stem not in _NOT_SHORT else set()


def _read_table() -> tuple[dict[str, str], dict[str, list[str]]]:
    titles: dict[str, str] = {}
    dialling: dict[str, list[str]] = {}
    for line in (_HERE / "divisions.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("#") or not line.strip():
            continue
        head, _, counties = line.partition("|")
        parts = head.split()
        titles[parts[0]] = parts[1]
        for area in parts[2].split(",") if len(parts) > 2 and len(parts[0]) == 4 else ():
            dialling.setdefault(area, []).append(parts[0])
        for county in counties.split():
            titles[parts[0] + county[:2]] = county[2:]
    return titles, dialling


def _add(names: dict[str, list[str]], name: str, codes: Iterable[str]) -> None:
    known = names.setdefault(compact(name), [])
    known.extend(code for code in codes if code not in known)


@cache
def gazetteer() -> Gazetteer:
    """Return the table of all places, read once: provinces, prefectures, counties, their short forms and old names."""
    titles, dialling = _read_table()
    names: dict[str, list[str]] = {}
    for code, title in titles.items():
        if code[2:] == "90" or code == "5002":
            continue
        plain = code[:2] if code[:2] in _MUNICIPAL and len(code) == 4 else code
        _add(names, title, [plain])
        for form in _short_forms(title):
            _add(names, form, [plain])
    for line in (_HERE / "divisions_old.txt").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            name, codes = line.split()
            for form in {name, *_short_forms(name)} if name[:2] not in {"中山", "海南"} else {name}:
                _add(names, form, codes.split(","))
            titles.setdefault(codes.split(",")[0], name)
    frozen = {name: tuple(codes) for name, codes in names.items()}
    cities = {area: tuple(city_of(code + "01") for code in codes) for area, codes in dialling.items()}
    frozen["神农架"] = ("429021",)
    cities["0728"] = ("429004", "429005", "429006")
    cities["0391"] = (*cities["0391"], "419001")
    cities["0993"] = ("659001",)
    sizes: dict[str, set[int]] = {}
    for name in frozen:
        sizes.setdefault(name[0], set()).add(len(name))
    return Gazetteer(frozen, titles, cities, {first: tuple(sorted(found, reverse=True)) for first, found in sizes.items()})


def full_form(name: str) -> bool:
    """Whether a place is written with its rank (市, 区, 县 …), so that it can hardly be anything else."""
    return bool(_AUTONOMOUS.search(name) or _ENDING.search(name) or name.endswith("州")) and len(name) > 2


@lru_cache(maxsize=5_000)
def written_forms(code: str) -> tuple[str, ...]:
    """Return how registered names begin with a county's place, longest first («青岛市南», where 青岛市 would swallow 市)."""
    titles = gazetteer().titles
    if len(code) != 6 or code not in titles or code[2:4] == "90":
        return ()
    county = titles[code]
    city = titles.get(code[:2] if code[:2] in _MUNICIPAL else code[:4], "")
    counties = {county, county[:-1]} if len(county) > 2 else {county}
    forms = {first + last for first in {city, city[:-1]} if len(first) > 1 for last in counties | _short_forms(county)}
    return tuple(compact(form) for form in sorted(forms, key=len, reverse=True))


def refine(known: Codes, more: Codes) -> Codes | None:
    """Narrow known places by a further name, to the next level that it can mean; None when both cannot be true.

    «湖南省长沙» is the city, not 长沙县; «吉林省吉林» is 吉林市; «普洱思茅» is 思茅区, though 思茅 was once the city's name.
    """
    if not known:
        return more
    finer = tuple(code for code in more if code not in known and any(code.startswith(old) or _inside(code, old) for old in known))
    if finer:
        next_level = min(map(len, finer))
        return tuple(code for code in finer if len(code) == next_level)
    wider = tuple(old for old in known if any(old.startswith(code) for code in more))
    return wider or None


def _inside(code: str, city: str) -> bool:
    return len(city) >= 4 and city_of(code) == city_of(city) and len(city) == 4


@lru_cache(maxsize=20_000)
def parse_place(text: str) -> Codes:
    """Return the finest places that a free writing names (浙江省杭州市, 杭州·西湖区, IP属地：浙江); empty when none."""
    table = gazetteer()
    plain = compact(text)
    known: Codes = ()
    position = 0
    while position < len(plain):
        for word, codes in table.words_at(plain, position):
            narrowed = refine(known, codes)
            if narrowed:
                known = narrowed
                position += len(word)
                break
        else:
            position += 1
    return known


def parse_phone(phone: str) -> Codes:
    """Return the cities of a landline's area code; empty for mobiles, 400 numbers and unknown codes."""
    digits = phone.replace(" ", "").replace("+86", "0").removeprefix("(")
    if not digits.startswith("0"):
        return ()
    table = gazetteer().dialling
    return table.get(digits[:3]) or table.get(digits[:4]) or ()


def agree(seen: Codes, row: Codes) -> Agreement:
    """Compare a seen place with a row's places; the best pair of alternatives counts."""
    if not seen or not row:
        return Agreement.UNKNOWN
    best = Agreement.OTHER_CITY
    for one in seen:
        for other in row:
            if one.startswith(other) or other.startswith(one):
                return Agreement.SAME
            if OWN in (one[0], other[0]) and 2 in (len(one), len(other)):
                best = max(best, Agreement.UNKNOWN)  # nobody said in which province a list's own city lies
            city = city_of(one)
            if city and city == city_of(other):
                if len(one) < 6 or len(other) < 6 or len(city) == len(one):
                    return Agreement.SAME
                best = max(best, Agreement.OTHER_DISTRICT)
    return best


def title(code: str) -> str:
    """Return the Chinese name of a code, with its city before a county; the code itself when unknown."""
    titles = gazetteer().titles
    name = titles.get(code, code)
    if len(code) == 6 and code[:2] not in _MUNICIPAL and code[2:4] != "90":
        return titles.get(code[:4], "") + name
    return titles[code[:2]] + name if len(code) == 6 and code[:2] in _MUNICIPAL else name
