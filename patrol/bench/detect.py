"""Measure detection: posts of 200 characters a second on one core, next to a naive loop of regular expressions in the same run.

The naive loop looks words up the plain way, each as its own pattern with symbols allowed between its characters. It is run twice:
seeing the disguises that detection sees (each character as a class of those that fold into it; the words that are respelled as
classes of like-sounding and like-looking characters, parts taken asunder, pinyin and initials), and blind to them.
"""

import re
import time
from collections.abc import Callable, Sequence
from typing import Annotated

import typer
from pypinyin import lazy_pinyin
from rich.console import Console

from detectors import Detector
from detectors.fold_tables import DROP, load_tables
from detectors.lexicon import load_lexicon
from detectors.model import Document
from detectors.patterns import PATTERNS
from detectors.syllables import character_sounds, word_sounds

_LENGTH = 200
_GAP = r"[\s\W]{0,2}"
_TOPICS = (
    "初二物理小班还有两个名额，每周三晚七点到八点半，一次一百二。专讲浮力压强和电路，老师带过五届毕业班，讲完当场练。地点在学校对面小区，想来的私信我，先试一节再交钱。",
    "周末带娃去了湿地公园，人不多，桂花还没谢。孩子捡了一袋子松果，回来的路上在车里睡着了。晚饭做了番茄牛腩和清炒时蔬，老人说汤可以再淡一点，下次注意。",
    "各位家长，本周五下午召开家长会，请三点前到校签到。会上语文数学英语老师会介绍期中情况，车位紧张请绿色出行。当天课后服务照常，需要提前接孩子的告诉班主任。",
    "这款手机用了三个月，续航比上一代好，拍照清楚，就是有点重。系统更新挺勤，偶尔发热。快递很快，包装完好，客服回复及时，总体满意，推荐给长辈用。",
    "少儿拉丁舞春季班开始报名，四岁以上，周六上午十点，一期十六次一千二百八，免费试跳一节。老师是舞蹈学院毕业，带过市里比赛。教室在广场三楼，停车方便，咨询电话见图。",
    "区教育局提醒广大家长，寒假期间任何机构和个人不得开展学科类培训，请勿相信名师一对一、保分提分等宣传。发现线索可拨打举报电话，经查属实的按规定给予奖励。",
    "小区停水通知：因水箱清洗，今晚十点至明早六点停水，请提前储水。电梯照常运行，恢复供水后请先放水三分钟。给您带来不便敬请谅解，物业服务电话见一楼公告栏。",
    "出一张实木书桌，九成新，当时买来两千多，现在三百自提。孩子大了换了升降桌，家里放不下。老城区步梯三楼，需要自己搬，最好带个朋友。另送一盏台灯和两个书立。",
    "公司年会定在月底，行政部还缺两个节目，唱歌跳舞小品都可以，奖品丰厚。报名的同事请在群里接龙，彩排安排在下周二和周四午休，服装统一租，费用由部门承担。",
)


def sample_posts(count: int) -> tuple[str, ...]:
    """Return invented posts of 200 characters on nine topics: two ads, three that sound alike, four of everyday life."""
    return tuple((_TOPICS[number % len(_TOPICS)] * 3)[:_LENGTH] for number in range(count))


def naive_patterns() -> tuple[re.Pattern[str], ...]:
    """Return one regular expression for each lexicon word, blind to disguises, and each packaged pattern."""
    words = [re.compile(_GAP.join(map(re.escape, word.text))) for word in load_lexicon().words]
    return (*words, *(pattern for _, pattern in PATTERNS))


def seeing_patterns() -> tuple[re.Pattern[str], ...]:
    """Return the patterns made to see what detection sees: one for each word and each way of hiding it."""
    tables, lexicon = load_tables(), load_lexicon()
    variants: dict[str, set[str]] = {}
    for code, plain in (*tables.single.items(), *tables.lookalike.items()):
        if len(plain) == 1 and plain != DROP:
            variants.setdefault(plain, set()).add(chr(code))
    alike: dict[str, list[str]] = {}
    for code, sign in character_sounds().items():
        if 0x4E00 <= code < 0xA000:
            alike.setdefault(sign, []).append(chr(code))

    def seen(character: str) -> str:
        return "[" + re.escape(character + "".join(sorted(variants.get(character, ())))) + "]"

    def reshaped(character: str) -> str:
        ways = [seen(character), f"[{re.escape(character + tables.shapes.get(character, ''))}]", *tables.parts.get(character, ())]
        return f"(?:{'|'.join(ways)})"

    def spelled(word: str) -> str:
        return r"\s?".join(f"(?:{one}|{syllable})" for one, syllable in zip(word, lazy_pinyin(word), strict=True))

    words = [re.compile(_GAP.join(map(seen, word.text))) for word in lexicon.words]
    sounds = [re.compile(_GAP.join(f"[{''.join(alike[sign])}]" for sign in word_sounds(word.text))) for word in lexicon.sounds]
    shapes = [re.compile(_GAP.join(map(reshaped, word.text))) for word in lexicon.sounds]
    pinyin = [re.compile(spelled(word.text)) for word in lexicon.pinyin]
    initials = [re.compile(rf"(?<![a-z]){letters}(?![a-z])") for letters in lexicon.initials]
    return (*words, *sounds, *shapes, *pinyin, *initials, *(pattern for _, pattern in PATTERNS))


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
    blind, seeing = naive_patterns(), seeing_patterns()
    full = seconds_each(lambda text: detector.detect(Document(text=text)), texts, rounds)
    blindly = seconds_each(lambda text: [found for pattern in blind for found in pattern.finditer(text)], texts[:18], rounds)
    seeingly = seconds_each(lambda text: [found for pattern in seeing for found in pattern.finditer(text)], texts[:9], rounds)
    told = Console()
    told.print(f"完整检测 {1 / full:,.0f} 条/秒（单核处理器时间，每条 {_LENGTH} 字，{len(load_lexicon().words)} 词）")
    told.print(f"逐条正则（识别同样的变体）{1 / seeingly:,.1f} 条/秒，完整检测快 {seeingly / full:.1f} 倍")
    told.print(f"逐条正则（只认原词，不识变体）{1 / blindly:,.1f} 条/秒，完整检测快 {blindly / full:.1f} 倍")


if __name__ == "__main__":
    typer.run(bench_detect_command)
