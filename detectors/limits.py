"""How much one result may hold, and how a very long text is cut: rules/limits.yml, refused when a key is missing or unknown."""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from functools import cache

import yaml

from detectors.errors import RuleError
from detectors.fold_tables import RULES

_BACK = 2000


@dataclass(frozen=True, slots=True)
class Limits:
    """The caps on one post's result, and the length in characters above which a text is read in slices."""

    findings_per_rule: int
    findings_per_post: int
    hints_per_post: int
    contacts_per_post: int
    slice_length: int


@cache
def load_limits() -> Limits:
    """Read the caps; raises RuleError on a missing, unknown or non-positive one."""
    content = yaml.safe_load((RULES / "limits.yml").read_text(encoding="utf-8"))
    names = {field.name for field in fields(Limits)}
    if not isinstance(content, dict) or set(content) != names | {"source"}:
        raise RuleError(f"detectors/rules/limits.yml：应恰好有这些字段：{'、'.join(sorted(names | {'source'}))}")
    if not all(isinstance(content[name], int) and content[name] > 0 for name in names):
        raise RuleError("detectors/rules/limits.yml：每个上限都应是正整数")
    return Limits(**{name: content[name] for name in names})


def slices(text: str) -> Iterator[tuple[int, int]]:
    """Yield the stretches a text is read in, without gaps: the whole, or slices cut at a line end or a full stop."""
    size = load_limits().slice_length
    start = 0
    while len(text) - start > size:
        window = text[start + size - _BACK : start + size]
        cut = max(window.rfind("\n"), window.rfind("。"))
        end = start + size - (_BACK - cut - 1 if cut >= 0 else 0)
        yield start, end
        start = end
    yield start, len(text)
