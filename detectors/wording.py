"""How a text is worded: a linear model over character n-grams of the folded text, weights in rules/wording.tsv.

The text is read twice: in letters as folded, and in signs, where each element word (a grade, a subject, a price …) is one
sign, so that a turn of phrase is known again whatever it is said of and however it was disguised. It tells a notice, a
question or a chat from an offer where the same element words stand in both. It never speaks alone: the decision adds it to
the weighed elements, and only where the necessary elements are there.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from operator import add
from typing import Final

from detectors.elements import Hit
from detectors.fold import Folded
from detectors.fold_tables import RULES

LONGEST: Final = 1500
_DIGITS: Final = str.maketrans("0123456789", "0000000000")
# Full-width capitals never occur in a folded text, so a sign cannot be mistaken for a letter.
_SIGNS: Final = (
    ("subject.", "Ａ"),
    ("topic.", "Ａ"),
    ("tutor.core", "Ｃ"),
    ("tutor.format", "Ｆ"),
    ("audience.grade", "Ｇ"),
    ("audience.stage", "Ｇ"),
    ("audience.child", "Ｋ"),
    ("audience.", "Ｐ"),
    ("offer.enrol", "Ｅ"),
    ("offer.trial", "Ｙ"),
    ("offer.price", "Ｗ"),
    ("offer.slot", "Ｌ"),
    ("contact.id", "Ｉ"),
    ("offer.contact", "Ｘ"),
    ("price.", "￥"),
    ("time.", "Ｄ"),
    ("nonsubject", "Ｎ"),
    ("provider.", "Ｒ"),
    ("mode.", "Ｍ"),
    ("place.", "Ｈ"),
    ("broker.", "Ｂ"),
    ("promise", "Ｑ"),
    ("unlicensed", "Ｕ"),
    ("denial", "Ｖ"),
    ("rule.D-NAME", "Ｚ"),
)


@dataclass(frozen=True, slots=True)
class Wording:
    """One text in letters and in signs; `starts` are original offsets of each, for cutting windows out."""

    letters: str
    letter_starts: Sequence[int]
    signs: str
    sign_starts: Sequence[int]

    def between(self, start: int, end: int) -> tuple[str, str]:
        """Return letters and signs of the original stretch start..end."""
        left, right = bisect_left(self.letter_starts, start), bisect_left(self.letter_starts, end)
        first, last = bisect_left(self.sign_starts, start), bisect_left(self.sign_starts, end)
        return self.letters[left:right], self.signs[first:last]


@cache
def sign_of(labels: tuple[str, ...]) -> str:
    """Return the sign that stands for words with these labels; empty for those that stay in letters."""
    return next((sign for label in labels for prefix, sign in _SIGNS if label.startswith(prefix)), "")


def wording_of(folded: Folded, hits: Sequence[Hit]) -> Wording:
    """Read a folded text in letters and in signs, digits made alike; the longest hit at a place gives the sign."""
    view = folded.tight
    letters = view.text.translate(_DIGITS)
    signs: list[str] = []
    starts: list[int] = []
    at = 0
    for start, end, sign in _marks(hits):
        left = bisect_left(view.starts, start, lo=at)
        right = bisect_left(view.starts, end, lo=left)
        if right == left or view.starts[left] >= end or (left == at and at and view.starts[at - 1] >= start):
            continue
        signs += (letters[at:left], sign)
        starts += view.starts[at : left + 1]
        at = right
    signs.append(letters[at:])
    starts += view.starts[at:]
    return Wording(letters, view.starts, "".join(signs), starts)


def _marks(hits: Sequence[Hit]) -> list[tuple[int, int, str]]:
    """Return start, end and sign of the longest element word at each place, in order."""
    marked: dict[int, tuple[int, str]] = {}
    for hit in hits:
        sign = sign_of(hit.labels)
        if sign and hit.end > marked.get(hit.start, (-1, ""))[0]:
            marked[hit.start] = (hit.end, sign)
    return [(start, *marked[start]) for start in sorted(marked)]


def grams(letters: str, signs: str) -> set[str]:
    """Return the distinct n-grams of both readings, of the first 1,500 characters of each."""
    found: set[str] = set()
    for text in (letters[:LONGEST], signs[:LONGEST]):
        pairs = list(map(add, text, text[1:]))
        found.update(text, pairs, map(add, pairs, text[2:]))
    return found


@cache
def load_wording() -> Mapping[str, complex]:
    """Read the weights of every n-gram: one number that holds both, subject + other·i, so that sums are taken at once."""
    weights: dict[str, complex] = {}
    for line in (RULES / "wording.tsv").read_text(encoding="utf-8").split("\n"):
        if not line or line.startswith("#\t"):
            continue
        gram, subject, other = line.rsplit("\t", 2)
        weights[gram.replace("␤", "\n")] = complex(float(subject), float(other))
    return weights


def told(found: set[str]) -> tuple[float, float]:
    """Return what the n-grams of one window add to the two heads' logits."""
    weights = load_wording()
    total = sum(map(weights.__getitem__, weights.keys() & found), 0j)
    size = (len(found) + 1) ** 0.5
    return total.real / size, total.imag / size
