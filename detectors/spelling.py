"""Measure words in pinyin (zhou六, 9dian, 三nian级) read as characters, so that patterns of grades, clocks and prices see them."""

import re

from detectors.fold import View
from detectors.syllables import syllables_of

_RUN = re.compile(r"(?<![a-z_@/.\-])[a-z]{2,24}(?![a-z_@/\-]|\.[a-z])")
_WORDS = {
    **{"xiawu": "下午", "shangwu": "上午", "wanshang": "晚上", "zaoshang": "早上", "zhongwu": "中午", "xingqi": "星期"},
    **{"libai": "礼拜", "nianji": "年级", "xiaoshi": "小时", "keshi": "课时", "fenzhong": "分钟", "zhoumo": "周末"},
    **{"chuzhong": "初中", "gaozhong": "高中", "xiaoxue": "小学", "yigeyue": "一个月", "meiren": "每人"},
}
_SYLLABLES = {
    **{"zhou": "周", "dian": "点", "jie": "节", "ci": "次", "yuan": "元", "kuai": "块", "nian": "年", "ji": "级", "yue": "月"},
    **{"hao": "号", "tian": "天", "ri": "日", "sui": "岁", "sheng": "升", "dui": "对", "ban": "班", "ren": "人", "wan": "晚"},
    **{
        "zao": "早",
        "mei": "每",
        "yi": "一",
        "er": "二",
        "san": "三",
        "si": "四",
        "wu": "五",
        "liu": "六",
        "qi": "七",
        "ba": "八",
    },
    **{"jiu": "九", "shi": "十", "bai": "百", "qian": "千", "chu": "初", "gao": "高", "xiao": "小", "ke": "课", "fen": "分"},
    **{"ge": "个", "liang": "两", "bei": "倍"},
}


def spelled_out(view: View) -> View | None:
    """Return the view with pinyin measure words written in characters, or None where there are none."""
    pieces: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    done = 0
    for match in _RUN.finditer(view.text):
        read = _read(match[0])
        if not read:
            continue
        pieces.append(view.text[done : match.start()])
        starts.extend(view.starts[done : match.start()])
        ends.extend(view.ends[done : match.start()])
        for word, left, right in read:
            pieces.append(word)
            starts.extend([view.starts[match.start() + left]] * len(word))
            ends.extend([view.ends[match.start() + right - 1]] * len(word))
        done = match.end()
    if not pieces:
        return None
    pieces.append(view.text[done:])
    starts.extend(view.starts[done:])
    ends.extend(view.ends[done:])
    return View("".join(pieces), starts, ends)


def _read(run: str) -> list[tuple[str, int, int]]:
    """Return the characters a run stands for with their places in it; empty unless every syllable is a measure word."""
    known = next((word for word in _WORDS if run.startswith(word)), "")
    read = [(_WORDS[known], 0, len(known))] if known else []
    at = len(known)
    for syllable in syllables_of(run[at:]) if at < len(run) else ():
        if syllable not in _SYLLABLES:
            return []
        read.append((_SYLLABLES[syllable], at, at + len(syllable)))
        at += len(syllable)
    return read if at == len(run) else []
