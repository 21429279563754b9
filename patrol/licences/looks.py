"""Which characters look alike, from lookalikes.txt: for names typed from a picture or read by a machine."""

from functools import cache
from pathlib import Path

ALIKE, SOMEWHAT, DIFFERENT = 2, 1, 0


@cache
def _pairs() -> dict[str, tuple[str, str]]:
    found: dict[str, tuple[str, str]] = {}
    for line in (Path(__file__).parent / "lookalikes.txt").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            strong, _, weak = line[2:].partition("|")
            found[line[0]] = (strong, weak)
    return found


def looks_alike(one: str, other: str) -> int:
    """Return ALIKE when two characters are easily taken for each other on a screen, SOMEWHAT, or DIFFERENT."""
    first, second = sorted((one, other))
    strong, weak = _pairs().get(first, ("", ""))
    if second in strong:
        return ALIKE
    return SOMEWHAT if second in weak else DIFFERENT
