"""The written training posts and their labels."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from detectors.errors import RuleError

HERE = Path(__file__).parent
_VIOLATIONS = ("violations.txt", "offers.txt")
_ADVERTS = ("adverts.txt", "trainings.txt")
_CLEAN = ("clean.txt", "everyday.txt")


@dataclass(frozen=True, slots=True)
class Example:
    """One written post; `subject` and `other` are the two heads' answers."""

    title: str
    text: str
    subject: bool
    other: bool
    kind: str


def read_examples() -> tuple[Example, ...]:
    """Return every training post in file order; a line with the wrong number of fields raises RuleError."""
    return (
        *(Example(title, text, True, False, kind) for name in _VIOLATIONS for kind, title, text in _lines(name, 3)),
        *(Example(title, text, True, False, kind) for _, kind, title, text in _lines("evasions.txt", 4)),
        *(Example(title, text, False, True, kind) for name in _ADVERTS for kind, title, text in _lines(name, 3)),
        *(Example(title, text, False, False, kind) for name in _CLEAN for kind, title, text in _lines(name, 3)),
    )


def read_frames() -> tuple[tuple[str, str, str], ...]:
    """Return kind (`report` or `offer`), title and text of every frame; 〔〕 in the text is where a post goes."""
    return tuple((kind, title, text) for kind, title, text in _lines("frames.txt", 3))


def _lines(name: str, fields: int) -> Iterator[list[str]]:
    for number, line in enumerate((HERE / name).read_text(encoding="utf-8").splitlines(), 1):
        if not line or line.startswith("#"):
            continue
        parts = line.replace(" // ", "\n").split("¦")
        if len(parts) != fields:
            raise RuleError(f"{name} 第{number}行：应有 {fields} 个以“¦”分隔的字段")
        yield parts
