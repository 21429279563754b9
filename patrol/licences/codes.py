"""Identifiers: unified social credit codes (GB 32100-2015), school permits, ICP numbers."""

import re
import unicodedata
from dataclasses import dataclass

_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_VALUES = {char: value for value, char in enumerate(_ALPHABET)}
_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
_MISREAD = str.maketrans("OIZS", "0125")
_RUN = re.compile(r"[0-9A-Z](?:[ \-]{0,2}[0-9A-Z]){12,40}")
_FIRST = frozenset("159ANYGJC278346")
_PERMIT = re.compile(r"(?<![0-9])([0-9]{13}(?:[0-9]{2})?)(?![0-9])")
_LABEL = re.compile(
    r"(?:统一)?(?:社会)?信用代码(?:证)?[:：为是]?|(?:办学)?许可证(?:编)?号?[:：为是]?|办学许可[:：]?|[一-鿿]?教民\s*(?=[0-9])|组织机构代码[:：]?"
)
ICP = re.compile(
    r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘陇晋蒙陕秦吉闽贵黔粤青藏川蜀宁琼滇]ICP[备证]\d{6,10}号(?:-\d+)?", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class CodesSeen:
    """Codes met with a name: `uscc` are valid ones (misread letters undone), `invalid` failed the check digit."""

    uscc: tuple[str, ...] = ()
    permits: tuple[str, ...] = ()
    invalid: tuple[str, ...] = ()
    text: str = ""


def tidy(code: str) -> str:
    """Return a code in half width and upper case without spaces and dashes."""
    return re.sub(r"[\s\-—_.·]", "", unicodedata.normalize("NFKC", code)).upper()


def check_digit(stem: str) -> str:
    """Return the 18th character that belongs to 17 given ones (GB 32100 §5). Raises KeyError on a letter outside the set."""
    total = sum(_VALUES[char] * weight for char, weight in zip(stem, _WEIGHTS, strict=True))
    return _ALPHABET[(31 - total % 31) % 31]


def valid_uscc(code: str) -> bool:
    """Whether 18 characters carry the right check digit. Some real codes do not: use it to warn or to weigh, not to deny."""
    try:
        return len(code) == 18 and check_digit(code[:17]) == code[17]
    except KeyError:
        return False


def repair(code: str) -> str:
    """Undo letters that cannot occur in a code (O, I, Z, S read for 0, 1, 2, 5); S and Z only exist as misreadings."""
    return tidy(code).translate(_MISREAD)


def permit_digits(permit: str) -> str:
    """Return the digits by which permits are compared; empty when there are too few to mean anything."""
    digits = "".join(char for char in unicodedata.normalize("NFKC", permit) if char.isdigit())
    return digits if len(digits) >= 6 else ""


def _codes_in_run(run: str) -> list[str]:
    plain = repair(run)
    found = []
    for start in range(len(plain) - 17):
        window = plain[start : start + 18]
        if window[0] in _FIRST and window[2:8].isdigit() and valid_uscc(window):
            found.append(window)
    return found


def read_codes(text: str) -> CodesSeen:
    """Find codes and permits that stand inside a text; `text` is what remains when they and their labels are cut out."""
    if (
        sum(char.isdigit() for char in text) < 7
        or sum(char.isascii() and char.isalnum() for char in unicodedata.normalize("NFKC", text)) < 13
    ):
        return CodesSeen(text=text)
    plain = unicodedata.normalize("NFKC", text).upper()
    usccs: list[str] = []
    permits: list[str] = []
    invalid: list[str] = []
    rest = plain
    for found in _RUN.finditer(plain):
        run = found.group()
        codes = _codes_in_run(run)
        digits = _PERMIT.findall(tidy(run))
        if codes:
            usccs += codes
        elif digits:
            permits += digits
        elif len(tidy(run)) == 18:
            invalid.append(tidy(run))
        else:
            continue
        rest = rest.replace(run, " ")
    return CodesSeen(tuple(dict.fromkeys(usccs)), tuple(permits), tuple(invalid), _LABEL.sub(" ", rest))


def read_context_code(code: str) -> CodesSeen:
    """Judge a code that was given as such: valid (perhaps after undoing misread letters) or invalid."""
    plain = tidy(code)
    if not plain:
        return CodesSeen()
    if valid_uscc(plain):
        return CodesSeen(uscc=(plain,))
    repaired = repair(plain)
    return CodesSeen(uscc=(repaired,)) if valid_uscc(repaired) else CodesSeen(invalid=(plain,))
