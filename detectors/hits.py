"""One element or context hit in a text: what every finder yields."""

from typing import NamedTuple


class Hit(NamedTuple):
    """One element or context hit at original start..end; `word` is its plain form, `weak` that it needed a second signal."""

    labels: tuple[str, ...]
    start: int
    end: int
    word: str
    trick: str = ""
    weak: bool = False
