"""Measure detection: posts of 200 characters a second on one core, next to a naive loop of regular expressions in the same run.

The naive loop does the same looking-up the plain way: each lexicon word as its own pattern, symbols allowed between its
characters; each word that is also known by sound as a pattern of all characters that sound alike; each packaged pattern.
"""

import re
import time
from collections.abc import Callable, Sequence
from typing import Annotated

import typer
from rich.console import Console

from detectors import Detector
from detectors.lexicon import load_lexicon
from detectors.model import Document
from detectors.patterns import PATTERNS
from detectors.syllables import character_sounds, word_sounds

_LENGTH = 200
_GAP = r"[\s\W]{0,2}"
_ADS = (
    "初二物理小班还有两个名额，每周三晚七点，一次一百二，想来的私信我。",
    "寒假数学提优，六人成班，十二次一千五，加微信详聊。",
    "少儿拉丁舞招生，四岁起，周六上午，一期一千二百八。",
    "退休语文老师在家带三四年级阅读写作，每次八十，先试一节，就在学校对面小区。",
)
_OTHERS = (
    "今天下班路上买了点水果，回家做了三个菜，孩子说好吃，明天还想吃。",
    "本周小区停水通知，请提前储水，水箱清洗期间电梯照常，物业电话见公告栏。",
    "这款手机续航不错，就是有点重，拍照清楚，物流很快，包装也好。",
    "区教育局提醒家长，寒假期间不得组织学科类培训，发现可举报。",
    "求助，四年级英语听写总错，大家都是怎么带孩子记单词的？",
    "周末爬山去不去，早上七点山脚集合，自带干粮，下午三点回，想去的报个名。",
    "出一张书桌，九成新，孩子上初中换大的了，三百自提，在老城区。",
    "公司年会定在月底，节目单还缺两个，唱歌跳舞小品都行，奖品丰厚。",
)


def sample_posts(count: int) -> tuple[str, ...]:
    """Return invented posts of 200 characters, one in three an ad among everyday talk, the others everyday talk."""
    return tuple(_sample(number) for number in range(count))


def _sample(number: int) -> str:
    parts = [_ADS[number % len(_ADS)]] if number % 3 == 0 else []
    parts.extend(_OTHERS[(number + step) % len(_OTHERS)] for step in range(8))
    return "".join(parts)[:_LENGTH]


def naive_patterns() -> tuple[re.Pattern[str], ...]:
    """Return one regular expression for each word of the lexicon and each packaged pattern."""
    lexicon = load_lexicon()
    words = [re.compile(_GAP.join(map(re.escape, word.text))) for word in lexicon.words]
    alike: dict[str, list[str]] = {}
    for code, sign in character_sounds().items():
        if 0x4E00 <= code < 0xA000:
            alike.setdefault(sign, []).append(chr(code))
    sounds = [re.compile(_GAP.join(f"[{''.join(alike[sign])}]" for sign in word_sounds(word.text))) for word in lexicon.sounds]
    return (*words, *sounds, *(pattern for _, pattern in PATTERNS))


def seconds_each(work: Callable[[str], object], texts: Sequence[str], rounds: int) -> float:
    """Return the best mean seconds of processor time a text took, over some rounds."""
    best = float("inf")
    for _ in range(rounds):
        began = time.process_time()
        for text in texts:
            work(text)
        best = min(best, (time.process_time() - began) / len(texts))
    return best


def bench_detect_command(
    posts: Annotated[int, typer.Option("--posts", min=9, help="帖子数")] = 500,
    rounds: Annotated[int, typer.Option("--rounds", min=1, help="轮数，取最快一轮")] = 3,
) -> None:
    """测速：单核每秒检测多少条 200 字的帖子，并与逐条正则的写法在同一次运行里比较。"""
    texts = sample_posts(posts)
    detector = Detector()
    patterns = naive_patterns()
    full = seconds_each(lambda text: detector.detect(Document(text=text)), texts, rounds)
    plain = seconds_each(lambda text: [found for pattern in patterns for found in pattern.finditer(text)], texts[:9], rounds)
    Console().print(
        f"完整检测 {1 / full:,.0f} 条/秒（单核，每条 {_LENGTH} 字）；逐条正则 {1 / plain:,.1f} 条/秒；快 {plain / full:.1f} 倍"
    )


if __name__ == "__main__":
    typer.run(bench_detect_command)
