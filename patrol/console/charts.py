"""Charts as geometry: what the templates draw as SVG. No script, prints as it looks, every bar is a link."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from patrol.model import Campaign
from patrol.store.console_overview import DayCount

WIDTH, LINE_WIDTH = 720, 1140
_BASE = 124
_MOST_DAYS = 45


@dataclass(frozen=True, slots=True)
class Column:
    """One day: two stacked bars (疑似学科类 below, 广告 above), in pixels of the drawing."""

    day: str
    label: str
    x: float
    width: float
    low: float
    low_height: float
    high: float
    high_height: float
    total: int
    shown: bool


def day_columns(counts: Sequence[DayCount], today: date) -> tuple[list[Column], int]:
    """Return a column for each of the last days up to today, and the greatest number."""
    by_day = {one.day: one for one in counts}
    first = date.fromisoformat(counts[0].day) if counts else today
    length = min(_MOST_DAYS, max(14, (today - first).days + 1))
    days = [today - timedelta(days=back) for back in range(length - 1, -1, -1)]
    most = max((one.subject + one.ad for one in counts), default=0) or 1
    step = (WIDTH - 30) / length
    columns = []
    for place, on in enumerate(days):
        one = by_day.get(on.isoformat(), DayCount(on.isoformat(), 0, 0))
        low, high = one.subject / most * 104, one.ad / most * 104
        columns.append(
            Column(
                day=one.day,
                label=f"{on.month}/{on.day}",
                x=24 + place * step,
                width=max(2.0, step - 3),
                low=_BASE - low,
                low_height=low,
                high=_BASE - low - high,
                high_height=high,
                total=one.subject + one.ad,
                shown=place % max(1, length // 10) == 0,
            )
        )
    return columns, most


@dataclass(frozen=True, slots=True)
class Mark:
    """A moment on the campaign's line: where, what, and how many days are left (negative: past)."""

    x: float
    label: str
    on: date
    left: int
    row: int


@dataclass(frozen=True, slots=True)
class Line:
    """A campaign from its first to its last day: spans of vacation, marks of what is due, and today."""

    start: date
    end: date
    spans: list[tuple[float, float, str]]
    marks: list[Mark]
    today: float | None


def campaign_line(campaign: Campaign, today: date) -> Line:
    """Return the drawing of a campaign's time."""
    last = max(campaign.end, campaign.summary_due, *(batch.due for batch in campaign.batches))
    length = max(1, (last - campaign.start).days)

    def place(on: date) -> float:
        return 10 + max(0.0, min(1.0, (on - campaign.start).days / length)) * (LINE_WIDTH - 20)

    due = [(batch.due, f"第{batch.number}批报送") for batch in campaign.batches] + [(campaign.summary_due, "总结报送")]
    spans = {(term.start, term.end): term.name for term in campaign.vacations}
    return Line(
        start=campaign.start,
        end=last,
        spans=[(place(start), place(end) - place(start), name) for (start, end), name in list(spans.items())[:3]],
        marks=[Mark(place(on), label, on, (on - today).days, row % 2) for row, (on, label) in enumerate(sorted(due))],
        today=place(today) if campaign.start <= today <= last else None,
    )


def shares(rows: Sequence[tuple[str, int]], most: int = 10) -> list[tuple[str, int, float]]:
    """Return rows with their length (0..100) against the greatest."""
    top = max((count for _, count in rows), default=0) or 1
    return [(name, count, count / top * 100) for name, count in rows[:most]]
