"""Times as pages show them (epochs, 7小时前, 昨天 08:30, 03-05, 3月5日 09:30 …) as aware UTC values with their precision."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from zoneinfo import ZoneInfo

CHINA = ZoneInfo("Asia/Shanghai")
_EARLIEST, _LATEST = datetime(1995, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
_WIDE = str.maketrans("０１２３４５６７８９：／－．", "0123456789:/-.")
_CLOCK = r"(?:[T\s　]*(上午|下午|晚上|中午|凌晨|早上|[AaPp][Mm])?\s*(\d{1,2})[:时点](\d{1,2})?分?(?::(\d{1,2}))?(?:\.\d+)?)?"
_ZONE = r"\s*(Z|[+-]\d{2}:?\d{2})?"
_NUMBER = r"(\d{1,4}|[一二两三四五六七八九十]{1,3}|半)"
_DIGITS = {char: value for value, char in enumerate("零一二三四五六七八九")} | {"两": 2, "十": 10, "半": 0.5}
_MONTH_NAMES = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
_MONTHS = {name: number for number, name in enumerate(_MONTH_NAMES.split("|"), 1)}
_UNIT_MINUTES = {"秒": 1 / 60, "分": 1.0, "时": 60.0, "天": 1440.0, "日": 1440.0, "周": 10080.0, "月": 43200.0, "年": 525600.0}
_UNIT_PRECISION = {"秒": "second", "分": "minute", "时": "hour", "月": "month", "年": "year"}
_ENGLISH = {"s": "秒", "m": "分", "h": "时", "d": "天", "w": "周", "o": "月", "y": "年"}
MAX_SHOWN = 120


@dataclass(frozen=True, slots=True)
class Moment:
    """A time read from a page: `at` in UTC (None: not understood), `precision` second, minute, hour, day, month, year or none."""

    at: datetime | None = None
    precision: str = "none"


NOTHING = Moment()


def read_time(shown: object, fetched_at: datetime, form: str = "") -> Moment:
    """Return the moment that a shown value means to a reader in Asia/Shanghai at `fetched_at`; never fails.

    `form` settles what cannot be seen: `epoch`, `epoch_ms`, `utc` (a time without zone is UTC), `object_id` (its first eight hex
    digits are the second), `month_day`.
    """
    text = str(shown).strip().translate(_WIDE)[:MAX_SHOWN]
    if not text or text in {"0", "None", "False"}:
        return NOTHING
    try:
        return _by_form(text, fetched_at, form)
    except (ValueError, OverflowError, OSError, TypeError, IndexError):
        return NOTHING


def _by_form(text: str, fetched_at: datetime, form: str) -> Moment:
    if form == "object_id":
        return _epoch(int(text[:8], 16)) if re.match(r"[0-9a-fA-F]{8}", text) else NOTHING
    if re.fullmatch(r"\d{9,10}(?:\.\d+)?|\d{13}|\d{16}", text) and form != "month_day":
        return _epoch(float(text))
    if form in {"epoch", "epoch_ms"}:
        return NOTHING
    local = fetched_at.astimezone(CHINA)
    for reader in _READERS:
        moment = reader(text, local, form)
        if moment is not None:
            return _plausible(moment, fetched_at)
    return NOTHING


def _epoch(value: float) -> Moment:
    while value > 1e11:
        value /= 1000
    at = datetime.fromtimestamp(value, UTC)
    return Moment(at, "second") if _EARLIEST <= at <= _LATEST else NOTHING


def _plausible(moment: Moment, fetched_at: datetime) -> Moment:
    if moment.at is None or not _EARLIEST <= moment.at <= max(_LATEST, fetched_at):
        return NOTHING
    return moment


def _clock(parts: tuple[str | None, ...]) -> tuple[int, int, int, str]:
    """Return hour, minute, second and precision from (half of day, hour, minute, second)."""
    half, hour_text, minute_text, second_text = parts
    if hour_text is None:
        return 0, 0, 0, "day"
    hour = int(hour_text)
    if half and (half in {"下午", "晚上"} or half.lower() == "pm") and hour < 12:
        hour += 12
    precision = "second" if second_text else "minute" if minute_text else "hour"
    return hour, int(minute_text or 0), int(second_text or 0), precision


def _local(year: int, month: int, day: int, clock: tuple[int, int, int, str], zone: str | None = None, form: str = "") -> Moment:
    hour, minute, second, precision = clock
    if hour == 24:
        hour, day_shift = 0, timedelta(days=1)
    else:
        day_shift = timedelta()
    naive = datetime(year, month, day, hour, minute, second) + day_shift  # noqa: DTZ001 - the zone is decided below
    if zone and zone != "Z":
        offset = timedelta(hours=int(zone[1:3]), minutes=int(zone[-2:])) * (-1 if zone[0] == "-" else 1)
        return Moment((naive - offset).replace(tzinfo=UTC), precision)
    if zone == "Z" or form == "utc":
        return Moment(naive.replace(tzinfo=UTC), precision)
    return Moment(naive.replace(tzinfo=CHINA).astimezone(UTC), precision)


_FULL = re.compile(
    rf"(?<!\d)((?:19|20)\d{{2}})\s{{0,2}}(?:[-/.年])\s{{0,2}}(\d{{1,2}})\s{{0,2}}(?:[-/.月])\s{{0,2}}(\d{{1,2}})(?!\d)日?\s{{0,4}}{_CLOCK}{_ZONE}"
)
_COMPACT = re.compile(r"(?<!\d)((?:19|20)\d{2})(0[1-9]|1[0-2])([0-3]\d)(?:(\d{2})(\d{2})(\d{2})?)?(?!\d)")
_SHORT_YEAR = re.compile(rf"(?<!\d)(\d{{2}})[-/.年](\d{{1,2}})[-/.月](\d{{1,2}})(?!\d)日?\s{{0,4}}{_CLOCK}")
_MONTH_DAY = re.compile(rf"(?<![\d.:-])(\d{{1,2}})\s?(?:[-/月])\s?(\d{{1,2}})(?![\d.])[日号]?\s{{0,4}}{_CLOCK}")
_YEAR_MONTH = re.compile(r"(?<!\d)((?:19|20)\d{2})\s?[-/.年]\s?(\d{1,2})(?!\d)月?")
_AGO = re.compile(rf"{_NUMBER}\s?个?(秒|分|小?时|天|日|周|星期|礼拜|月|年)钟?半?(?:\s?{_NUMBER}\s?(分|小?时|秒)钟?)?(?:之|以)?前")
_AGO_ENGLISH = re.compile(r"(\d{1,4}|an?)\s?(s|m|h|d|w|mo|y)[a-z]*\.?\s+ago", re.IGNORECASE)
_DAY_WORD = re.compile(rf"(今天|今日|昨天|昨日|前天|前日|大前天|today|yesterday)\s{{0,4}}{_CLOCK}", re.IGNORECASE)
_WEEKDAY = re.compile(rf"(?:星期|周|礼拜)([一二三四五六日天])\s{{0,4}}{_CLOCK}")
_CLOCK_ONLY = re.compile(r"^[^\d下晚]{0,12}(下午|晚上)?\s?(\d{1,2}):(\d{2})(?::(\d{2}))?$")
_NAMED_MONTH = re.compile(
    rf"(?<![A-Za-z])({_MONTH_NAMES})[a-z]*\.?\s+(\d{{1,2}}),?\s+((?:19|20)\d{{2}})"
    r"(?:[,\s]+(\d{1,2}):(\d{2})(?::(\d{2}))?)?",
    re.IGNORECASE,
)


def _full(text: str, _local_now: datetime, form: str) -> Moment | None:
    found = _FULL.search(text)
    if found is None:
        return None
    return _local(int(found[1]), int(found[2]), int(found[3]), _clock(found.group(4, 5, 6, 7)), found[8], form)


def _rfc(text: str, _local_now: datetime, _form: str) -> Moment | None:
    if not re.search(r"[A-Za-z]{3}\s+\d{1,2}\s|\d{1,2}\s+[A-Za-z]{3}\s+\d{4}", text):
        return None
    unix = re.fullmatch(r"[A-Za-z]{3}\s+([A-Za-z]{3})\s+(\d{1,2})\s+(\d{2}:\d{2}:\d{2})\s+([+-]\d{4}|GMT|UTC)\s+(\d{4})", text)
    if unix:
        text = f"{unix[2]} {unix[1]} {unix[5]} {unix[3]} {unix[4]}"
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    return Moment((at if at.tzinfo else at.replace(tzinfo=CHINA)).astimezone(UTC), "second")


def _compact(text: str, _local_now: datetime, form: str) -> Moment | None:
    found = _COMPACT.search(text)
    if found is None:
        return None
    clock = (None, found[4], found[5], found[6]) if found[4] else (None, None, None, None)
    return _local(int(found[1]), int(found[2]), int(found[3]), _clock(clock), None, form)


def _short_year(text: str, _local_now: datetime, form: str) -> Moment | None:
    found = _SHORT_YEAR.search(text)
    if found is None or form == "month_day":
        return None
    return _local(2000 + int(found[1]), int(found[2]), int(found[3]), _clock(found.group(4, 5, 6, 7)))


def _ago(text: str, now: datetime, _form: str) -> Moment | None:
    if re.search(r"刚刚|刚才|just now|\bnow\b|不到1分钟|几秒前", text, re.IGNORECASE):
        return Moment(now.astimezone(UTC), "minute")
    found = _AGO.search(text)
    if found is None:
        found = _AGO_ENGLISH.search(text)
        if found is None:
            return None
        unit = _ENGLISH["o" if found[2].lower() == "mo" else found[2].lower()]
        return _back(now, 1 if found[1].startswith("a") else int(found[1]), unit)
    unit = {"星期": "周", "礼拜": "周", "小时": "时"}.get(found[2], found[2])
    moment = _back(now, _amount(found[1]), unit)
    if found[3] and moment.at:
        return _back(moment.at, _amount(found[3]), found[4].replace("小时", "时"))
    return moment


def _back(now: datetime, amount: float, unit: str) -> Moment:
    return Moment((now - timedelta(minutes=amount * _UNIT_MINUTES[unit])).astimezone(UTC), _UNIT_PRECISION.get(unit, "day"))


def _amount(text: str) -> float:
    if text.isdigit():
        return int(text)
    if len(text) == 1:
        return _DIGITS[text]
    tens, _, ones = text.partition("十")
    return _DIGITS.get(tens, 1) * 10 + _DIGITS.get(ones, 0)


def _day_word(text: str, now: datetime, _form: str) -> Moment | None:
    found = _DAY_WORD.search(text)
    if found is None:
        return None
    word = found[1].lower()
    back = 3 if word.startswith("大") else 2 if word.startswith("前") else 1 if word.startswith(("昨", "y")) else 0
    day = now - timedelta(days=back)
    return _local(day.year, day.month, day.day, _clock(found.group(2, 3, 4, 5)))


def _weekday(text: str, now: datetime, _form: str) -> Moment | None:
    found = _WEEKDAY.search(text)
    if found is None:
        return None
    wanted = "一二三四五六日".index(found[1].replace("天", "日"))
    day = now - timedelta(days=(now.weekday() - wanted) % 7)
    return _local(day.year, day.month, day.day, _clock(found.group(2, 3, 4, 5)))


def _month_day(text: str, now: datetime, _form: str) -> Moment | None:
    found = _MONTH_DAY.search(text)
    if found is None or not (1 <= int(found[1]) <= 12 and 1 <= int(found[2]) <= 31):
        return None
    clock = _clock(found.group(3, 4, 5, 6))
    for year in range(now.year, now.year - 9, -1):
        try:
            moment = _local(year, int(found[1]), int(found[2]), clock)
        except ValueError:
            continue
        if moment.at and moment.at <= now + timedelta(days=1):
            return moment
    return None


def _named_month(text: str, _now: datetime, _form: str) -> Moment | None:
    found = _NAMED_MONTH.search(text)
    if found is None:
        return None
    return _local(int(found[3]), _MONTHS[found[1].lower()], int(found[2]), _clock((None, found[4], found[5], found[6])))


def _clock_only(text: str, now: datetime, _form: str) -> Moment | None:
    found = _CLOCK_ONLY.search(text)
    if found is None:
        return None
    moment = _local(now.year, now.month, now.day, _clock(found.group(1, 2, 3, 4)))
    late = moment.at is not None and moment.at > now + timedelta(minutes=5)
    return Moment(moment.at - timedelta(days=1), moment.precision) if late and moment.at else moment


def _year_month(text: str, _now: datetime, _form: str) -> Moment | None:
    found = _YEAR_MONTH.search(text)
    if found is None or not 1 <= int(found[2]) <= 12:
        return None
    return Moment(_local(int(found[1]), int(found[2]), 1, (0, 0, 0, "day")).at, "month")


_READERS: tuple[Callable[[str, datetime, str], Moment | None], ...] = (
    *(_full, _rfc, _named_month, _ago, _day_word, _short_year, _compact, _month_day, _weekday, _clock_only, _year_month),
)
