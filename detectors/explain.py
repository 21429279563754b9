"""Findings, the one sentence of why, and the glossary: what officers sign."""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

from detectors.elements import Hit
from detectors.lexicon import Lexicon
from detectors.model import Element, Finding
from detectors.rules import WEIGHTS, Rule
from detectors.spans import Spans

TRICK_WORDS = {
    "homophone": "谐音",
    "pinyin": "拼音",
    "initials": "首字母缩写",
    "emoji": "表情符号代字",
    "split_char": "拆字",
    "inserted_symbols": "插入符号",
    "zero_width": "零宽字符",
    "fullwidth": "全角字符",
    "traditional": "繁体字",
    "lookalike": "形近字",
    "leetspeak_digits": "数字代字",
}
SPEAKER_WORDS = {
    "regulator": "监管部门发布的内容",
    "media": "新闻报道",
    "school": "学校通知",
    "welfare": "公益或免费服务",
    "adult_training": "面向成年人的培训",
    "other_service": "其他服务",
    "shop": "商品信息",
    "parent": "家长提问或讨论",
    "private": "日常交流",
    "employer": "单位招聘",
    "research": "政策解读或研究",
    "unknown": "一般内容",
}
_CLAUSE = re.compile(r"[^，,。！？!?；;\n]+")
_HEAVY = (
    "subject.",
    "topic.",
    "tutor.",
    "offer.",
    "price.",
    "promise.result",
    "promise.examiner",
    "broker.",
    "rule.",
    "denial",
    "unlicensed.",
    "provider.inservice",
    "mode.",
    "place.home",
    "audience.grade",
    "audience.stage",
    "audience.preschool",
    "audience.aged",
    "nonsubject.",
    "time.vacation",
    "time.restday",
    "time.holiday",
    "contact.",
)
_SENTENCE = re.compile(r"[^。！？!?\n]+")
_WHOLE = 70
_BRIDGE = 14


def passages(text: str, hits: Sequence[Hit], regions: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the stretches of the text that carry the offer: clauses with a telling element, neighbours joined."""
    heavy = Spans((hit.start, hit.end) for hit in hits if _telling(hit.labels))
    found: list[tuple[int, int]] = []
    for start, end in regions:
        for sentence in _SENTENCE.finditer(text, start, end):
            whole = sentence.end() - sentence.start() <= _WHOLE
            pieces = (sentence,) if whole else _CLAUSE.finditer(text, sentence.start(), sentence.end())
            for piece in pieces:
                left, right = _trimmed(text, piece.start(), piece.end())
                if left >= right or not heavy.touch(left, right):
                    continue
                if found and left >= found[-1][0] and left - found[-1][1] <= _BRIDGE and "\n" not in text[found[-1][1] : left]:
                    found[-1] = (found[-1][0], max(right, found[-1][1]))
                elif not found or left >= found[-1][1]:
                    found.append((left, right))
    return found


@lru_cache(maxsize=8192)
def _telling(labels: tuple[str, ...]) -> bool:
    return any(label.startswith(_HEAVY) for label in labels)


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end


def outermost(hits: Iterable[Hit]) -> list[Hit]:
    """Return one rule's hits in the text in order, those that lie inside another left out; a disguise is preferred."""
    kept: list[Hit] = []
    placed = (hit for hit in hits if 0 <= hit.start < hit.end)
    for hit in sorted(placed, key=lambda hit: (hit.start, -hit.end, not hit.trick)):
        if not kept or hit.end > kept[-1].end:
            kept.append(hit)
    return kept


def finding_of(rule: Rule, hit: Hit, text: str, lexicon: Lexicon) -> Finding:
    """Return one rule's hit as a finding; the meaning is given where the words do not say it themselves."""
    meaning = lexicon.slang.get(hit.word, "")
    if not meaning and hit.trick in TRICK_WORDS and hit.word:
        meaning = f"“{hit.word}”的{TRICK_WORDS[hit.trick]}写法"
    return Finding(
        rule=rule.code,
        clause=rule.clause,
        element=rule.element,
        start=hit.start,
        end=hit.end,
        quote=text[hit.start : hit.end],
        weight=WEIGHTS[rule.severity],
        trick=hit.trick,
        meaning=meaning,
    )


def passage_finding(rule: Rule, text: str, span: tuple[int, int]) -> Finding:
    """Return the stretch of text that makes the offer, as a finding of its own."""
    start, end = span
    return Finding(
        rule=rule.code,
        clause=rule.clause,
        element=Element.PAID,
        start=start,
        end=end,
        quote=text[start:end],
        weight=WEIGHTS["low"],
        meaning="招揽原文",
    )


def glossary_of(findings: Sequence[Finding]) -> tuple[tuple[str, str], ...]:
    """Return each slang or disguised word with its meaning, once."""
    return tuple(
        {finding.quote: finding.meaning for finding in findings if finding.meaning and finding.meaning != "招揽原文"}.items()
    )


def sentence(
    *, violation: bool, ad: bool, speaker: str, findings: Sequence[Finding], titles: Sequence[str], notes: Sequence[str]
) -> str:
    """Return the one Chinese sentence that says why, quoting the words."""
    if not ad:
        return f"未发现面向中小学生的培训招揽要素，判断为{SPEAKER_WORDS[speaker]}。"
    parts = []
    for element, name in (
        (Element.AUDIENCE, "对象"),
        (Element.SUBJECT, "内容"),
        (Element.PAID, "有偿或招揽"),
        (Element.PROVIDER, "提供者"),
    ):
        quotes = [finding.quote for finding in findings if finding.element is element and finding.meaning != "招揽原文"]
        words = list(dict.fromkeys(" ".join(quote.split())[:16] for quote in quotes))[:3]
        if words:
            parts.append(f"{name}见{''.join(f'“{word}”' for word in words)}")
    kind = "疑似学科类违规培训" if violation else "疑似面向未成年人的校外培训广告（未见学科内容）"
    breach = f"；涉嫌{'、'.join(titles[:3])}" if titles else ""
    told = f"；{notes[0]}" if notes else ""
    return f"{kind}：{'，'.join(parts)}{breach}{told}。"
