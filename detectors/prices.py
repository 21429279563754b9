"""Amounts of money, packs of lessons and periods, read from the plain view."""

import re
from dataclasses import dataclass
from functools import lru_cache

from detectors.fold import View

_CN = "零〇一二两三四五六七八九十百千万壹贰叁肆伍陆柒捌玖拾佰仟"
_NUMBER = rf"(?:\d[kw百千]\d|\d{{1,7}}(?:\.\d{{1,3}}|(?:(?<![周拜期]\d),\d{{3}}(?!\d)){{1,2}})?(?:万|w|k|千|百)?|[{_CN}]{{1,9}})"
_COUNT = r"(?:(?<![\d.,])\d{1,2}|[一二两三四五六七八九十]{1,3})"
_UNIT = r"(?:元|块钱?|圆|rmb|人民币|大洋|软妹币)"
_PER = (
    r"(?:ci|jie|xiaoshi|xiao时|小shi|节课?|堂课?|次课?|课时|课|小时|小日时|个?小时|h|时(?![间候光代])|钟头|月|个月|期|学期|人|位|天|科|"
    r"季度?|年|周|生|孩子?|个孩子?|份|讲|套|题|半天|上午|下午|小吋|晚)"
)
_NAMED = (
    "学费|课时费|费用|收费|价格|单价|售价|一共|仅需|只要|只需|实付|均摊|定金|押金|原价|现价|特价|"
    "特惠|秒杀价?|到手价?|限时价|福利价|年卡|年课|课包|课时包|畅学卡|全年通|年通|充值?|团购价|优惠价|"
    "早鸟价|体验价|会员费?|月费|年费|单项|单科|全科|两科|三科|单期|季付|月付|茶位费|茶水费|共|涨至|"
    "报价|时薪|月薪|人均|每生|每家|每孩|连报|打包|全套|月托|包月|包期|交|收|付|租金|报酬|单场|联票"
)
_FIRST = "".join(sorted({word[0] for word in _NAMED.split("|")}))
_AMOUNT = re.compile(
    rf"(?=[¥￥$£＄\d{_CN}每/次节天周期科张盒讲季{_FIRST}])(?:"
    rf"[¥￥$£＄]\s{{0,2}}(?P<sign>{_NUMBER})(?:\s{{0,1}}[-~/每一]\s{{0,1}}(?P<per1>{_PER}))?"
    rf"|(?P<unit>{_NUMBER})\s{{0,2}}{_UNIT}(?:\s{{0,1}}[/每一]\s{{0,1}}(?P<per2>{_PER}))?"
    rf"|(?P<rate>{_NUMBER})\s{{0,1}}(?:[/]|每|一|yi)\s{{0,1}}(?P<per3>{_PER})"
    rf"|(?:每|一|1|/)\s{{0,1}}(?P<per4>{_PER})(?:课|费用?)?(?:[:：是只要才仅收]|\s){{0,3}}(?P<each>{_NUMBER})(?![\d一二三四五六七八九十]|[节次课个年级月天周号日楼点小期:：人题种门分米])"
    r"|(?:次|节|课时|[天周期科张盒讲季](?=\s{0,2}[/:：,，=]?\s{0,2}\d{3}))\s{0,2}[/:：,，=]?\s{0,2}(?P<pack>\d{2,5})(?![\d.:：/\-]|\s{0,1}(?:节|次|课|人|名|个|年|月|天|周|岁|科|小时|点|分|%|位|张|号|日))"
    r"|(?<![百千万第\d])(?P<great>[一二两三四五六七八九]万(?:[零一二两三四五六七八九]千)?(?:[零一二两三四五六七八九]百)?(?:[零一二三四五六七八九]十?)?[一二三四五六七八九]?)(?![一-龥\d])"
    r"|(?<![百千万第\d])(?P<word>[一二两三四五六七八九]千[一二三四五六七八九]?(?![百千])|[一二两三四五六七八九]千?[一二两三四五六七八九]?百[一二三四五六七八九]?十?五?)(?![一-龥\d])"
    r"|(?<![\d.:：])(?P<flat>[1-9]\d{2,4})\s{0,1}(?:全包|打包|包教|包会|包月|一口价|封顶)"
    r"|(?<![\da-z.])(?P<split>\d[kw百千]\d)(?!\d)"
    r"|(?<![\d.:：/\-~—a-z@_一-龥])(?P<bare>(?!20[12]\d)[1-9]\d{1,4})(?=\s{0,2}(?:$|[，,。;；!！\n|]))"
    rf"|(?:{_NAMED})"
    rf"[^\d\n,，。;；]{{0,4}}?(?P<named>{_NUMBER})(?![\d:：.]|\s{{0,1}}(?:节|次课|人|名|个|年级|月|天|周|岁|科|课时|小时|点|楼|期|号|分|度|%|位|张)))"
)
_PACK = re.compile(
    r"(?=[\d二两三四五六七八九十])(?P<count>\d{1,3}|[二两三四五六七八九十]{1,4})\s{0,2}(?:课时|节课?|次课|次|讲|堂)(?!数|序|要|日|年级)"
)
_PERIOD = re.compile(
    rf"(?=[\d一二两三四五六七八九十半全整每])(?P<many>{_COUNT}|半|全|整|每|一|两个?|三个?)\s{{0,2}}(?P<unit>个月|(?<=[半全整每])月|学期|学年|年|季度?|周)"
    r"(?!级|极|圾|j|前|后|初|末|龄|代|底|份|内|度|青|[一二三四五六日天1-7](?!\d)|岁|边)"
)
_VALUES = ("sign", "unit", "rate", "each", "named", "pack", "great", "word", "flat", "split", "bare")
_DIGIT = {**dict(zip("零〇一二三四五六七八九", (0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9), strict=True)), "两": 2}
_DIGIT.update(zip("壹贰叁肆伍陆柒捌玖", range(1, 10), strict=True))
_SCALE = {"十": 10, "拾": 10, "百": 100, "佰": 100, "千": 1000, "仟": 1000, "k": 1000, "万": 10000, "w": 10000}
_MONTHS = {"月": 1.0, "个月": 1.0, "学期": 4.5, "学年": 10.0, "年": 12.0, "季": 3.0, "季度": 3.0, "周": 12 / 52}


@dataclass(frozen=True, slots=True)
class Price:
    """One amount in yuan at original start..end. `per` is the unit it is charged for, empty for a whole.

    `bare` marks a lone number that only its neighbours make a price.
    """

    amount: float
    per: str
    start: int
    end: int
    bare: bool = False


@dataclass(frozen=True, slots=True)
class Prices:
    """Everything about money in one text: amounts, lesson packs (count) and periods (months)."""

    amounts: tuple[Price, ...]
    packs: tuple[tuple[float, int, int], ...]
    periods: tuple[tuple[float, int, int], ...]


def find_prices(plain: View) -> Prices:
    """Return the amounts, packs and periods of a text in its order."""
    amounts = (Price(amount, per, *plain.span(left, right), bare) for amount, per, left, right, bare in _amounts(plain.text))
    return Prices(tuple(amounts), _packs(plain), _periods(plain))


@lru_cache(maxsize=2)
def _amounts(text: str) -> tuple[tuple[float, str, int, int, bool], ...]:
    """Read the amounts of one text; its findings and its facts ask for them one after the other."""
    found = []
    for match in _AMOUNT.finditer(text):
        groups = match.groupdict()
        value = next((groups[name] for name in _VALUES if groups[name]), "")
        amount = read_number(value)
        if amount < 5 or (amount < 10 and not (groups["sign"] or groups["unit"] or groups["rate"])):
            continue
        per = next((groups[name] for name in ("per1", "per2", "per3", "per4") if groups[name]), "")
        found.append((amount, per, match.start(), match.end(), groups["bare"] is not None))
    return tuple(found)


def _packs(plain: View) -> tuple[tuple[float, int, int], ...]:
    return tuple(
        (read_number(match["count"]), *plain.span(match.start(), match.end()))
        for match in _PACK.finditer(plain.text)
        if read_number(match["count"]) > 1
    )


def _periods(plain: View) -> tuple[tuple[float, int, int], ...]:
    found = []
    for match in _PERIOD.finditer(plain.text):
        many = match["many"].rstrip("个")
        count = {"半": 0.5, "全": 1.0, "整": 1.0, "每": 1.0}.get(many, read_number(many))
        if many.isdigit() and len(many) == 4:
            continue
        found.append((count * _MONTHS[match["unit"]], *plain.span(match.start(), match.end())))
    return tuple(found)


def read_number(text: str) -> float:
    """Read 1280, 1.2万, 8k, 一百五, 两千, 三百八; 0.0 when it is no number."""
    if not text:
        return 0.0
    if len(text) == 3 and text[0].isdigit() and text[1] in "kw百千" and text[2].isdigit():
        return float(text[0]) * _SCALE[text[1]] + float(text[2]) * _SCALE[text[1]] / 10
    if text[0].isdigit():
        scale = _SCALE.get(text[-1], 1)
        digits = text.rstrip("万wk千百").replace(",", "")
        return float(digits) * scale if digits.replace(".", "", 1).isdigit() else 0.0
    total, section, digit, last = 0.0, 0.0, 0.0, 1.0
    for character in text:
        if character in _DIGIT:
            digit = digit * 10 + _DIGIT[character] if digit and last == 1.0 else _DIGIT[character]
            continue
        scale = _SCALE.get(character, 0)
        if not scale:
            return 0.0
        if scale == 10000:
            total, section, digit, last = (total + section + digit or 1) * scale, 0.0, 0.0, scale
            continue
        section += (digit or 1) * scale
        digit, last = 0.0, scale
    tail = digit * last / 10 if digit and last >= 100 and text[-2:-1] not in "零〇" else digit
    return total + section + tail
