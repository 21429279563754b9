"""Names that are not on the list but come near one in the same city: sound-alikes and one-character neighbours.

They are unlisted all the same (a short name with another character is another brand); officers are told whom they resemble.
"""

from patrol.licences.deciding import Ruling, sort_rows
from patrol.licences.evidence import Places
from patrol.licences.mentions import other_institutions
from patrol.licences.scan import Scan
from patrol.licences.sounds import spellings
from patrol.licences.table import Table
from patrol.model import Verdict

NOT_FOUND = "名单内没有相同字号的机构；名单未匹配，待核"
_LONGEST = 8


def _neighbours(brand: str, table: Table) -> list[tuple[int, str]]:
    """Return listed brands near a brand, each with how they differ."""
    found = [(number, "读音相同") for spelling in spellings(brand)[:4] for number in table.by_sound.get(spelling, ())]
    found += [(number, "多一字") for at in range(len(brand)) if (number := table.number_of(brand[:at] + brand[at + 1 :])) >= 0]
    swaps = (brand[:at] + brand[at + 1] + brand[at] + brand[at + 2 :] for at in range(len(brand) - 1))
    found += [(number, "字序颠倒") for swapped in swaps if (number := table.number_of(swapped)) >= 0]
    found += [(number, "只差一字") for number in table.brands_with_one_other(brand)]
    return found


def nearly_listed(table: Table, scan: Scan, places: Places) -> Ruling:
    """Return the unlisted ruling for a text without a listed brand, with a warning when it resembles one of the same city."""
    for one in other_institutions(scan, [], topics_too=True):
        brand = scan.text[one.brand_start : one.brand_end]
        if not 2 <= len(brand) <= _LONGEST:
            continue
        stated = places.with_name(one.places)
        for number, how in _neighbours(brand, table):
            found = sort_rows(table, table.rows_of[number], stated)
            if found.fitting and found.confirmed:
                listed = table.entries[found.fitting[0]].name
                warning = f"“{brand}”与名单内“{listed}”的字号“{table.brands[number]}”{how}，疑似仿冒近似名称"
                return Ruling(Verdict.UNLISTED, None, tuple(found.fitting[:3]), f"{warning}；名单未匹配，待核", (warning,))
    return Ruling(Verdict.UNLISTED, why=NOT_FOUND)
