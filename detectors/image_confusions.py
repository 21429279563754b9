"""Undo usual misreadings of the text recogniser, as `ocr_confusions.yml` lists them, character for character."""

import re
from functools import cache
from importlib.resources import files
from typing import Final

import yaml

from detectors.errors import RuleError

_FILE: Final = "ocr_confusions.yml"
_RUN: Final = re.compile(r"[A-Za-z0-9]+")
_KEYS: Final = frozenset({"source", "effective_from", "words", "digits"})


def undo_confusions(text: str) -> str:
    """Return the line as it was most likely written; always as long as the line."""
    words, meant, letters = _tables()

    def as_number(match: re.Match[str]) -> str:
        run = match.group()
        digits = sum(one.isdigit() for one in run)
        alike = all(one.isdigit() or one in letters for one in run)
        return "".join(letters.get(one, one) for one in run) if digits >= 2 and alike else run

    return _RUN.sub(as_number, words.sub(lambda match: meant[match.group()], text))


@cache
def _tables() -> tuple[re.Pattern[str], dict[str, str], dict[str, str]]:
    data = yaml.safe_load(files("detectors").joinpath(_FILE).read_text(encoding="utf-8"))
    if not isinstance(data, dict) or set(data) != _KEYS:
        raise RuleError(f"{_FILE}：应当只有 {'、'.join(sorted(_KEYS))} 这几项")
    words = {str(read): str(meant) for read, meant in data["words"].items()}
    letters = {str(read): str(meant) for read, meant in data["digits"].items()}
    for read, meant in (words | letters).items():
        if len(read) != len(meant):
            raise RuleError(f"{_FILE}：“{read}”与“{meant}”长度不同，图片上的位置会错开")
    longest_first = sorted(words, key=len, reverse=True)
    return re.compile("|".join(map(re.escape, longest_first))), words, letters
