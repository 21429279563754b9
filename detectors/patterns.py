"""Grades, ages, class sizes, clock times and dates: what a word list cannot hold, as bounded patterns over the plain view."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_N = "[1-9一二三四五六七八九]"
_TO = r"\s{0,2}(?:-|~|—|–|–|至|到|、|/|～|和|升|→|\.|,)\s{0,2}"

DATE = re.compile(
    r"(?:(?P<year>20\d\d)\s{0,1}[年./\-]\s{0,1})?(?<![\d.])(?P<m1>1[0-2]|0?[1-9])\s{0,1}(?:月|[./\-])\s{0,1}(?P<d1>[12]\d|3[01]|0?[1-9])(?:日|号)?(?![\d%万元块k])"
    r"(?:\s{0,2}(?:-|~|—|–|－|到|至|一)\s{0,2}(?:(?P<m2>1[0-2]|0?[1-9])\s{0,1}(?:月|[./\-])\s{0,1})?(?P<d2>[12]\d|3[01]|0?[1-9])(?:日|号)?(?![\d.:：元块]))?"
)

PATTERNS: tuple[tuple[str, re.Pattern[str]], ...] = (
    (
        "audience.grade",
        re.compile(
            rf"(?<![\d.]){_N}{_TO}{_N}\s{{0,2}}年级?(?!前|后|来|间|期)|{_N}{{2,4}}年级|[1-9一二三四五六七八九]\s{{0,1}}年\s{{0,1}}级"
            rf"|[初高小]\s{{0,1}}{_N}(?:{_TO}[初高小]?\s{{0,1}}{_N}){{1,5}}(?![\d百千万元块月日号点])|(?<![\d.a-z]){_N}\s{{0,1}}升\s{{0,1}}{_N}(?![\d.])"
            r"|(?<![a-z0-9])g\s{0,1}(?:1[0-2]|[1-9])(?!\d|[a-z])|升g[1-9]|(?<![一-龥\d])[三四五六七八九](?:上|下)(?=[a-z]{2}|\s|[语数英物化])"
            r"|(?<![\d.])[1-9]\s{0,1}[上下](?=\s{0,1}[a-z]{2}|册|学期|[语数英物化])|[初高]中?[1-3一二三](?:上|下)|(?<![\da-z])[1-9]\s{0,1}年[级極]"
        ),
    ),
    (
        "audience.age",
        re.compile(
            r"(?<![\d.])(?P<low>\d{1,2})(?:\.5)?\s{0,2}(?:周?岁半?)?\s{0,2}(?:-|~|—|–|至|到|～|/)\s{0,2}(?P<high>\d{1,2})(?:\.5)?\s{0,2}(?:周?岁|随|歲)"
            r"|(?<![\d.])(?P<age>\d{1,2})(?:\.5)?\s{0,2}(?:周?岁|周歲)(?:半|以上|\+|起)?|(?<![一-龥])(?P<word>[三四五六七八九十]|十[一二三四五六])岁|u(?P<u>[5-9]|1[0-7])(?![\d])|[👶🧒👦👧]\s?(?P<face>\d{1,2})\s?\+?"
        ),
    ),
    (
        "tutor.format",
        re.compile(
            r"(?<![\d:：.])1\s{0,1}(?:对|v|on|比|vs|:|：)\s{0,1}[1-9](?![\d:：])|一\s{0,1}(?:对|拖|v|托|带)\s{0,1}[一二三四五六八多n]"
            r"|[2-9二三四五六八十]{1,2}\s{0,1}(?:人|个)\s{0,1}(?:小?班|一班|一组|小组|成团|满班|开班|以内|封顶|一桌|团|拼)|每?[班组桌]\s{0,1}[2-9二三四五六八十]{1,2}[人位个]"
            r"|[2-9二三四五六]\s{0,1}缺\s{0,1}[1-3一二三]|限\s{0,1}\d{1,2}\s{0,1}[人位名]|小班\s{0,1}\d{1,2}\s{0,1}人"
        ),
    ),
    (
        "offer.slot",
        re.compile(
            r"(?:[01]?\d|2[0-3])\s{0,1}[:：]\s{0,1}[0-5][\do]\s{0,2}(?:-|~|—|–|至|到|－)\s{0,2}(?:[01]?\d|2[0-4])\s{0,1}[:：]\s{0,1}[0-5][\do]"
            r"|[早晚上下午夜中]{1,2}\s{0,1}\d{1,2}(?:[:：点]\d{0,2}半?)?(?:\s{0,1}(?:-|~|—|到|至)\s{0,1}\d{1,2}(?:[:：点]\d{0,2}半?)?)?"
            r"|[早晚上下午夜中]{1,2}\s{0,1}[一二三四五六七八九十]{1,2}点半?|(?<![\d:：.\-])\d{1,2}\s{0,1}(?:-|~|—|到)\s{0,1}\d{1,2}点|周[一二三四五六日天1-7](?:[、和,，]?(?:周)?[一二三四五六日天1-7]){0,5}"
            r"|每\s{0,1}(?:周|晚|天|星期|礼拜)[一二三四五六日天两三次]{0,3}|(?:一|每)周[一二两三四五六1-7]次|\d{1,3}\s{0,1}分钟(?:一节|/节|每节)?|(?:[一两二三]|[1-3])个?(?:半)?小时"
        ),
    ),
    (
        "time.restday",
        re.compile(
            r"(?:周|星期|礼拜)\s{0,1}[67六七日曰天](?!期)|[六日]\s{0,1}日(?:不打烊)?(?=不|上|下)|周[一二三四五]?[至到\-~][周]?[六日天]|[五六]、?[六日]天?(?:上午|下午|晚)"
        ),
    ),
    ("time.date", DATE),
    (
        "promise.result",
        re.compile(
            r"(?:提|涨|进步|提升|提高|上涨|多考|逆袭)[了过]?\s{0,2}\d{1,3}(?:\.\d)?\s{0,2}[分名多+]|\d{2,3}\s{0,2}(?:→|->|—>|➡|到|变|~)\s{0,2}\d{2,3}(?:分)?(?![\d:：元块月日.]|\s{0,1}(?:元|块|分钟|人|岁|节|天|个|页|号|次|课时))"
            r"|从\s{0,2}\d{2,3}(?:分)?\s{0,2}(?:拉|带|涨|提|考|冲)?[到至]了?\s{0,2}\d{2,3}|(?:数学|英语|语文|物理|化学|单科)\s{0,2}(?:考了?)?\s{0,1}1[0-5]\d(?!\d)|从?\d{2}分?(?:多)?(?:到|拉到|提到|涨到)\s{0,1}\d{2,3}(?:分|多)?"
        ),
    ),
    ("subject.combo", re.compile(r"[语数英物化][的、][^，。\n]{0,2}[语数英物化]的|[语数英]、[数英物]、?[英物化]?(?![一-龥])")),
    ("topic.physics", re.compile(r"[力声光热电磁](?:[、/,，·和\s]{1,2}[力声光热电磁]){2,5}")),
    ("subject.combo", re.compile(r"(?<![\d.])[2-9二三四五六七八九]\s{0,1}大?科(?:全|一起|都|班|打包|连报|任选|同报)")),
    (
        "subject.combo",
        re.compile(
            r"(?<![一-龥])[语数英物化](?:\s{0,1}[+、/&·＋|,，和]\s{0,1}[语数英物化生政史地科外](?![一-龥])){1,8}|(?<![一-龥])[语数英物化]·[一-龥]{2}(?:\s?[①-⑩\d]?\s?[语数英物化]·[一-龥]{2})+"
        ),
    ),
    (
        "subject.leet",
        re.compile(
            r"(?<![\d.])[5五午]\s{0,1}[理里](?=\d|课|[，,。\s、]|$)|数\s{0,1}[x×1](?![\d])|[1-9]\s{0,1}年级\s{0,2}[语数英物化](?![一-龥])|(?<![\da-z])[1-9][swyh](?:\s{1,2}[1-9][swyh])+(?![a-z0-9])|(?:高|初)[123一二三][语数英物化](?![一-龥])"
        ),
    ),
)


@dataclass(frozen=True, slots=True)
class PatternHit:
    """One pattern's hit at positions of the plain view."""

    label: str
    start: int
    end: int
    match: re.Match[str]


def find_patterns(text: str) -> Iterator[PatternHit]:
    """Yield every pattern hit of a plain view, pattern by pattern."""
    for label, pattern in PATTERNS:
        for match in pattern.finditer(text):
            yield PatternHit(_aged(label, match), match.start(), match.end(), match)


def _aged(label: str, match: re.Match[str]) -> str:
    if label != "audience.age":
        return label
    groups = match.groupdict()
    words = dict(zip("三四五六七八九十", range(3, 11), strict=True))
    if groups["word"]:
        low = high = words.get(groups["word"], 12)
    else:
        low = int(groups["low"] or groups["age"] or groups["u"] or groups["face"])
        high = int(groups["high"] or low)
    if low >= 18 or (high > 22 and low > 12):
        return "ctx.adult"
    if low < 3 and high <= 3:
        return "ctx.infant"
    return "audience.preschool" if high <= 6 and low >= 3 else "audience.aged"
