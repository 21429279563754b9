"""When lessons are held: lesson length, gaps, end times, and dates resolved against the day of publication and a calendar."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from detectors.elements import Hit
from detectors.fold import View
from detectors.model import DayJudge
from detectors.page_dates import is_page_date
from detectors.patterns import DATE

_LENGTH = re.compile(
    r"(?:每[节课次堂]|一[节堂次]课?|[节次课]时?长?|时长)\s{0,2}[:：]?\s{0,2}(?P<m1>\d{2,3})\s{0,1}(?:分钟|min)|(?P<m2>\d{2,3})\s{0,1}(?:分钟|min)\s{0,1}(?:一|/|每)?\s{0,1}[节次课堂]"
)
_RANGE = re.compile(
    r"(?<!\d)(?P<h1>[01]?\d|2[0-3])\s?[:：点]\s?(?P<a>[0-5]\d)?\s{0,2}(?:-|~|—|–|－|至|到)\s{0,2}(?P<h2>[01]?\d|2[0-4])\s?(?:[:：]\s?(?P<b>[0-5]\d)|点(?P<half>半)?)"
)
_LATE = re.compile(
    r"(?:晚上?|夜里?|今晚|每晚)\s{0,1}(?P<h>9|10|11|12|2[1-3])\s{0,1}(?:[:：]\s?(?P<m>[0-5]\d)|点(?P<half>半)?)\s{0,2}(?:结束|下课|放|开讲|开播|开课)?"
)
_ONLINE = re.compile(r"线上|直播|会议|网课|在线|连麦|视频课|zoom|云课")
_EVENING = re.compile(r"晚|夜|pm")
_MORNING = re.compile(r"上午|早上|早8|早9|白天")
_WORKDAYS = re.compile(r"周[一二三四五]|工作日|每天|每日")
_RESTING = re.compile(r"周[六日末天]|假|休息日|星期[六日天]|国庆|元旦|五一|春节|清明|端午|中秋|晚修|七点|8点|月\d")
_LOW_GRADES = re.compile(r"[一二12]年级|小一|小二|一升二|一二年级")
_MOST_NOTES = 12
_HOMEWORK = re.compile(r"(?:布置|留|批改|每日|每天)[^，。\n]{0,6}作业|作业(?:布置|打卡)")
_SPRING = re.compile(r"春节[前后](?P<n>\d{1,2})[天日]")


@dataclass(frozen=True, slots=True)
class Calendar:
    """What dates are measured against: the day of publication, the stage spoken of, and who knows the days."""

    published: date | None
    stage: str
    judge: DayJudge | None


def time_facts(plain: View, original: str, calendar: Calendar) -> tuple[list[Hit], list[str]]:
    """Return facts about time as hits (`fact.…`), and Chinese notes that explain forbidden days and unknown years."""
    hits = [*_lengths(plain), *_ranges(plain), *_late(plain), *_homework(plain)]
    notes: list[str] = []
    if calendar.judge is not None:
        hits.extend(_dates(plain, original, calendar, notes))
    return hits, notes


def _hit(plain: View, label: str, left: int, right: int, word: str = "") -> Hit:
    start, end = plain.span(left, right)
    return Hit((label,), start, end, word or label)


def _lengths(plain: View) -> Iterator[Hit]:
    online = bool(_ONLINE.search(plain.text))
    for match in _LENGTH.finditer(plain.text):
        minutes = int(match["m1"] or match["m2"])
        if online and 30 < minutes <= 240:
            yield _hit(plain, "fact.duration30", *match.span(), f"{minutes}分钟")
        if online and 40 < minutes <= 240:
            yield _hit(plain, "fact.duration40", *match.span(), f"{minutes}分钟")


def _ranges(plain: View) -> Iterator[Hit]:
    online = bool(_ONLINE.search(plain.text))
    last_end = -1
    for match in _RANGE.finditer(plain.text):
        evening = bool(_EVENING.search(plain.text[max(0, match.start() - 4) : match.start()]))
        begin, finish = _minutes(match["h1"], match["a"], evening), _minutes(match["h2"], match["b"], evening)
        if match["half"]:
            finish += 30
        if not 0 < finish - begin <= 300:
            last_end = -1
            continue
        if online and finish - begin > 30:
            yield _hit(plain, "fact.duration30", *match.span(), f"{finish - begin}分钟")
        if online and last_end >= 0 and 0 <= begin - last_end < 10:
            yield _hit(plain, "fact.gap", *match.span(), f"间隔{begin - last_end}分钟")
        if finish > (21 * 60 if online else 20 * 60 + 30):
            yield _hit(plain, "fact.end_late", *match.span(), f"{finish // 60}:{finish % 60:02d}结束")
        around = plain.text[max(0, match.start() - 12) : match.end() + 4]
        if online and 8 * 60 <= begin < 16 * 60 and _WORKDAYS.search(around) and not _RESTING.search(plain.text):
            yield _hit(plain, "fact.school_hours", *match.span(), "教学时间")
        last_end = finish


def _minutes(hour: str, minute: str | None, evening: bool) -> int:
    value = int(hour)
    return (value + 12 if evening and value < 12 else value) * 60 + int(minute or 0)


def _late(plain: View) -> Iterator[Hit]:
    for match in _LATE.finditer(plain.text):
        hour = int(match["h"])
        clock = (hour + 12 if hour < 12 else hour) * 60 + int(match["m"] or 0) + (30 if match["half"] else 0)
        if clock > 21 * 60:
            yield _hit(plain, "fact.end_late", *match.span(), f"{clock // 60}:{clock % 60:02d}")


def _homework(plain: View) -> Iterator[Hit]:
    if _LOW_GRADES.search(plain.text):
        for match in _HOMEWORK.finditer(plain.text):
            yield _hit(plain, "fact.homework12", *match.span())


def _dates(plain: View, original: str, calendar: Calendar, notes: list[str]) -> Iterator[Hit]:
    for match in DATE.finditer(plain.text):
        days = resolve(match, calendar.published)
        if days and is_page_date(plain.text, *match.span(), days=tuple(days), published=calendar.published):
            continue
        start, end = plain.span(match.start(), match.end())
        if not days:
            if calendar.published is None and not match["year"] and len(notes) < _MOST_NOTES:
                notes.append(f"“{original[start:end]}”未写年份且发布时间不明，未判断是否为休息日")
            continue
        told = _forbidden(days, calendar)
        if told:
            notes.append(f"“{original[start:end]}”：{told}")
            yield Hit(("fact.forbidden_day",), start, end, original[start:end])


def resolve(match: re.Match[str], published: date | None) -> Sequence[date]:
    """Return the first and last day that a date pattern means; the year is the nearest to publication, empty when unknown."""
    month, day = int(match["m1"]), int(match["d1"])
    year = int(match["year"]) if match["year"] else None
    if year is None and published is None:
        return ()
    first = _nearest(year, month, day, published)
    if first is None:
        return ()
    if not match["d2"]:
        return (first,)
    last = _nearest(first.year, int(match["m2"] or month), int(match["d2"]), None)
    if last is not None and last < first:
        last = _nearest(first.year + 1, last.month, last.day, None)
    return (first,) if last is None or (last - first).days > 120 else (first, last)


def _nearest(year: int | None, month: int, day: int, published: date | None) -> date | None:
    years = (year,) if year is not None else (published.year, published.year + 1, published.year - 1) if published else ()
    options = []
    for candidate in years:
        try:
            options.append(date(candidate, month, day))
        except ValueError:
            continue
    if not options:
        return None
    return options[0] if published is None or year is not None else min(options, key=lambda option: _distance(option, published))


def _distance(option: date, published: date) -> int:
    days = (option - published).days
    return days if days >= -14 else 400 - days


def _forbidden(days: Sequence[date], calendar: Calendar) -> str:
    """Say why the first forbidden day of a span is forbidden; unknown days are said so."""
    judge = calendar.judge
    if judge is None:
        return ""
    first, last = days[0], days[-1]
    for step in range(min((last - first).days, 60) + 1):
        day = first + timedelta(days=step)
        status = judge(day, calendar.stage or None)
        if status.forbidden:
            tentative = "（暂定，以正式公布的放假通知或校历为准）" if status.provisional else ""
            return f"{day.isoformat()} 为{status.name or '休息日'}，依据{status.source}{tentative}，不得组织学科类培训"
    return ""
