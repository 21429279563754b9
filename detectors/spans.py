"""Many spans asked many times: does one touch, does one hold? In logarithmic time, so that long texts stay linear."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from itertools import accumulate


class Spans:
    """A fixed set of spans, end not included."""

    __slots__ = ("_reach", "_starts")

    def __init__(self, spans: Iterable[tuple[int, int]]) -> None:
        ordered = sorted(spans)
        self._starts: Sequence[int] = ()
        self._reach: Sequence[int] = ()
        if not ordered:
            return
        self._starts = [start for start, _ in ordered]
        self._reach = list(accumulate((end for _, end in ordered), max))

    def __bool__(self) -> bool:
        return bool(self._starts)

    def touch(self, start: int, end: int) -> bool:
        """Whether some span shares a position with start..end."""
        before = bisect_left(self._starts, end)
        return before > 0 and self._reach[before - 1] > start

    def hold(self, start: int, end: int) -> bool:
        """Whether some span has all of start..end inside."""
        before = bisect_right(self._starts, start)
        return before > 0 and self._reach[before - 1] >= end
