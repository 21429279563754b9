"""How a text is worded: a linear model over character n-grams of the folded text, weights in rules/wording.tsv.

It tells a notice, a question or a chat from an offer where the same element words stand in both. It never speaks alone: the
decision adds it to the weighed elements, and only where the necessary elements are there.
"""

import re
from collections.abc import Mapping
from functools import cache

from detectors.fold_tables import RULES

SIZES = (1, 2, 3)
LONGEST = 1500
_DIGIT = re.compile(r"\d")


def grams(folded: str) -> set[str]:
    """Return the distinct character n-grams of a folded text, digits made alike, at most 1,500 characters long."""
    text = _DIGIT.sub("0", folded[:LONGEST])
    found = set(text)
    for size in SIZES[1:]:
        found.update([text[at : at + size] for at in range(len(text) - size + 1)])
    return found


@cache
def load_wording() -> tuple[Mapping[str, tuple[float, float]], tuple[float, float]]:
    """Read the weights (subject, other) of every n-gram, and the two biases under the empty n-gram."""
    weights: dict[str, tuple[float, float]] = {}
    for line in (RULES / "wording.tsv").read_text(encoding="utf-8").split("\n"):
        if not line or line.startswith("#\t"):
            continue
        gram, subject, other = line.rsplit("\t", 2)
        weights[gram.replace("␤", "\n")] = (float(subject), float(other))
    return weights, weights.pop("", (0.0, 0.0))


def wording(folded: str) -> tuple[float, float]:
    """Return the two heads' logits for a folded text."""
    weights, bias = load_wording()
    found = grams(folded)
    subject = other = 0.0
    for gram in weights.keys() & found:
        pair = weights[gram]
        subject += pair[0]
        other += pair[1]
    size = (len(found) + 1) ** 0.5
    return subject / size + bias[0], other / size + bias[1]
