"""Fill what stands above a template's table: the title with its dates, and 填报单位、负责人、联系电话 after their colons."""

import re
from collections.abc import Sequence

from patrol.reports.cells import clean

_PLACEHOLDER = re.compile(r"X+月X+日|X{2,}市|Ｘ+|×+月|\d{4}年\s*月\s*日|XX")
_BLANKS = r"[\s　_＿X×Ｘ]*"


def filled_title(text: str, name: str, title: str) -> str | None:
    """Return the new title when a text is the template's title (it holds the form's name, or placeholders of one), else None."""
    bare = re.sub(r"\s", "", text)
    if not bare or "：" in bare or ":" in bare:
        return None
    if name in bare or (bare.endswith(("表", "）", ")")) and _PLACEHOLDER.search(bare) and "表" in bare):
        return title
    return None


def filled_fields(text: str, fields: Sequence[tuple[str, str]]) -> str | None:
    """Return a header line with its blanks filled, or None when it names no field; what is already written there stays.

    A blank is spaces, underscores, X, or a name with X in it such as XX市教育局, up to the next field or the end.
    """
    names = [re.sub(r"[（(].*?[）)]", "", name) for name, _ in fields]
    changed = text
    for name, (_, value) in zip(names, fields, strict=True):
        others = "|".join(re.escape(other) for other in names if other != name) or r"(?!)"
        pattern = re.compile(
            rf"({re.escape(name)}(?:[（(][^）)]*[）)])?\s*[:：])({_BLANKS}(?:[X×Ｘ]+[^\s　]*?)?)(\s*(?:(?={others})|$)|\s{{2,}})"
        )
        changed = pattern.sub(lambda found: f"{found[1]}{clean(value, 60)}{_gap(found)}", changed, count=1)  # noqa: B023
    return changed if changed != text else None


def _gap(found: re.Match[str]) -> str:
    """Keep distance to the next field."""
    tail = found.string[found.end() :]
    return "        " if tail.strip() else ""
