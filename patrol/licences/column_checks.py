"""Whether a column holds what its header promises, and which columns of a list are not used."""

import re
import unicodedata
from collections.abc import Mapping, Sequence

_NUMBERS = re.compile(r"^[\d\s\-+*()xX、,;/—]{7,}$")
_PHONE = re.compile(r"^(?:\+?86)?[\s-]*(?:1[\d*]{10}|(?:\(?0\d{2,3}\)?[\s-]*)?[2-9]\d{6,7}|400[\d-]{7,9})(?:[\s、,;/].*)?$")
_DIGIT = re.compile(r"\d|\*")
_NOT_NUMBERS = frozenset({"person", "authority", "address", "kind", "region", "aliases", "former_names"})
_NOT_KEPT = frozenset({"note"})


def _share(pattern: re.Pattern[str], cells: Sequence[str]) -> float:
    return sum(1 for cell in cells if pattern.search(cell)) / len(cells) if cells else 0.0


def check_values(columns: Mapping[str, int], rows: Sequence[Sequence[str]]) -> dict[str, int]:
    """Return the columns without those whose values are of another kind: numbers are no person, words are no telephone.

    A column of telephone numbers under another header is taken for the telephone, where the list has none.
    """
    kept: dict[str, int] = {}
    phones = -1
    for field, column in columns.items():
        cells = [unicodedata.normalize("NFKC", row[column].strip()) for row in rows if column < len(row) and row[column].strip()]
        if field in _NOT_NUMBERS and _share(_NUMBERS, cells) > 0.5:
            phones = column if field == "person" and _share(_PHONE, cells) > 0.5 else phones
        elif field != "phones" or not cells or _share(_DIGIT, cells) >= 0.5:
            kept[field] = column
    if phones >= 0 and "phones" not in kept:
        kept["phones"] = phones
    return kept


def unused_headers(columns: Mapping[str, int], header: Sequence[str]) -> tuple[str, ...]:
    """Return the headers of columns that nothing is read from, in order, each once."""
    used = {column for field, column in columns.items() if field not in _NOT_KEPT}
    taken = {header[column] for column in used if column < len(header)}
    return tuple(dict.fromkeys(cell for at, cell in enumerate(header) if cell.strip() and at not in used and cell not in taken))
