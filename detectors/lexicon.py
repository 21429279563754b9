"""The words that prove elements, read from rules/lexicon/*.yml and an officer's own files, compiled into automata.

A file holds `source` and `groups`; a group holds `label`, `words` (separated by spaces) and for element labels `element`,
`weight`, `meaning`, and `weak: true` where the words mean it only beside a grade or a subject. Contexts (`ctx.…`) and masks
(`mask.…`) have no element. Unknown keys are refused.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import ahocorasick_rs
import yaml

from detectors.errors import RuleError
from detectors.fold import fold
from detectors.fold_tables import RULES, common_words, load_tables
from detectors.model import Element
from detectors.syllables import word_sounds, word_syllables
from detectors.versions import rules_version

_HALF_SPELLED = (
    "语文 数学 英语 物理 化学 生物 历史 地理 补课 补习 家教 辅导 培优 提优 寒假 暑假 年级 学科 课时 作文 拼音 口算 奥数 老师 "
    "报名 学费 小学 初中 高中 小班 上门 衔接"
)
_SPOKEN = re.compile("[\u4e00-\u9fff]{2,8}")
_MOST_SWAPS, _MOST_PARTS, _MOST_CHANGED = 14, 4, 3


@dataclass(frozen=True, slots=True)
class Group:
    """What a label means for the verdict; `element` is None for contexts and masks."""

    label: str
    element: Element | None
    weight: float
    meaning: str


@dataclass(frozen=True, slots=True)
class Word:
    """One lexicon word, folded, with every label it carries. `weak` words need a second signal."""

    text: str
    labels: tuple[str, ...]
    weak: bool = False
    trick: str = ""
    means: str = ""


@dataclass(frozen=True, slots=True)
class Lexicon:
    """The compiled lexicon. Automata give indices into the word lists of the same name."""

    groups: dict[str, Group]
    words: tuple[Word, ...]
    matcher: ahocorasick_rs.AhoCorasick
    sounds: tuple[Word, ...]
    sound_matcher: ahocorasick_rs.AhoCorasick
    pinyin: tuple[Word, ...]
    pinyin_matcher: ahocorasick_rs.AhoCorasick
    variants: tuple[Word, ...]
    variant_matcher: ahocorasick_rs.AhoCorasick
    initials: dict[str, str]
    halves: dict[str, Word]
    slang: dict[str, str]
    by_text: dict[str, Word]
    version: str


def lexicon_files() -> tuple[Path, ...]:
    """Return the packaged lexicon files in a stable order."""
    return tuple(sorted((RULES / "lexicon").glob("*.yml")))


def load_lexicon(extra: tuple[Path, ...] = ()) -> Lexicon:
    """Read and compile the packaged lexicon and extra files; raises RuleError on anything wrong."""
    return _loaded(extra)  # one entry of the cache, whether the empty default was written out or not


@cache
def _loaded(extra: tuple[Path, ...]) -> Lexicon:
    groups: dict[str, Group] = {}
    labels: dict[str, dict[str, None]] = {}
    hesitant: list[tuple[str, str]] = []
    for path in (*lexicon_files(), *sorted((RULES / "clauses").glob("*.yml")), *extra):
        content = _parse(path, path.read_bytes())
        for entry in (*content.get("groups", ()), *_rule_groups(content)):
            group = _group(path, entry, groups)
            groups[group.label] = group
            for word in map(_folded, str(entry["words"]).split()):
                if entry.get("weak"):
                    hesitant.append((word, group.label))
                else:
                    labels.setdefault(word, {})[group.label] = None
    sounds = _parse(RULES / "lexicon" / "sounds.yml", (RULES / "lexicon" / "sounds.yml").read_bytes())
    slang = _parse(RULES / "lexicon" / "slang.yml", (RULES / "lexicon" / "slang.yml").read_bytes())["slang"]
    for sign, meaning in load_tables().subject_signs.items():
        labels.setdefault(sign, {})[_subject_label(meaning, labels)] = None
    respelled = (*_HALF_SPELLED.split(), *sounds["targets"].split(), *sounds["initials"].values())
    words = _named((*_words(labels, respelled), *_hesitant(hesitant, labels)), respelled)
    return _compile(groups, words, sounds, slang, rules_version(extra))


def _hesitant(entries: Iterable[tuple[str, str]], labels: dict[str, dict[str, None]]) -> Iterable[Word]:
    """Yield the words that mean it only beside a grade or a subject; words known otherwise keep what they are."""
    met: dict[str, dict[str, None]] = {}
    for text, label in entries:
        if text not in labels:
            met.setdefault(text, {})[label] = None
    return [Word(text, tuple(own), weak=True) for text, own in met.items()]


def _rule_groups(content: dict[str, Any]) -> list[dict[str, Any]]:
    """Rules may bring words of their own; they count under the label rule.<code>."""
    rules = content.get("rules") or ()
    return [
        {"label": f"rule.{rule['code']}", "element": rule.get("element"), "weight": 0.3, "words": rule["words"]}
        for rule in rules
        if isinstance(rule, dict) and rule.get("words") and rule.get("code")
    ]


def _parse(path: Path, raw: bytes) -> dict[str, Any]:
    try:
        content = yaml.load(raw.decode("utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise RuleError(f"{path.name}：不是有效的 YAML（UTF-8）文件：{str(error).splitlines()[0]}") from error
    known = {"source", "groups", "rules", "targets", "initials", "initial_subjects", "slang"}
    if not isinstance(content, dict) or set(content) - known:
        raise RuleError(f"{path.name}：只能有这些字段：{'、'.join(sorted(known))}")
    return content


def _group(path: Path, entry: Any, groups: dict[str, Group]) -> Group:
    if not isinstance(entry, dict) or not isinstance(entry.get("label"), str) or not entry.get("words"):
        raise RuleError(f"{path.name}：groups 的每一项都要有 label 和 words")
    if entry.get("weak", False) not in {True, False}:
        raise RuleError(f"{path.name} {entry['label']}：weak 只能是 true 或 false")
    unknown = set(entry) - {"label", "element", "weight", "meaning", "words", "source", "weak"}
    if unknown:
        raise RuleError(f"{path.name} {entry['label']}：不认识的字段 {'、'.join(sorted(unknown))}")
    known = groups.get(entry["label"])
    if known is not None:
        return known
    element = entry.get("element")
    if element is not None and element not in set(Element):
        raise RuleError(f"{path.name} {entry['label']}：element 只能是 {'、'.join(Element)}")
    if element is None and not entry["label"].startswith(("ctx.", "mask.")):
        raise RuleError(f"{path.name} {entry['label']}：新的词类要写明 element")
    weight = entry.get("weight", 0.0)
    return Group(entry["label"], Element(element) if element else None, float(weight), str(entry.get("meaning", "")))


def _folded(word: str) -> str:
    return fold(word).tight.text


def _subject_label(meaning: str, labels: dict[str, dict[str, None]]) -> str:
    return next((label for label in labels.get(meaning, ()) if label.startswith("subject.")), "subject.coded")


def _words(labels: dict[str, dict[str, None]], respelled: Iterable[str]) -> tuple[Word, ...]:
    """Give each word the labels of the lexicon words inside it (寒假班 is also 寒假), masks and contexts excepted."""
    signs = load_tables().subject_signs
    kept = {text: own for text, own in labels.items() if len(text) > 1 or text in signs}
    longest = max(map(len, kept))
    words = []
    for text, own in kept.items():
        if all(label.startswith("mask.") for label in own):
            words.append(Word(text, ()))
            continue
        inner = (text[a:b] for a in range(len(text)) for b in range(a + 2, min(len(text), a + longest) + 1))
        inherited = [
            label
            for part in inner
            if part != text and not (part.isascii() and text.isascii())
            for label in kept.get(part, ())
            if not label.startswith(("ctx.", "mask."))
        ]
        contextual = all(label.startswith("ctx.") for label in own)
        both = tuple(label for label in own if not label.startswith("mask.")) + (() if contextual else tuple(inherited))
        words.append(Word(text, tuple(dict.fromkeys(both)), weak=text in signs, trick="emoji" if text in signs else ""))
    return (*words, *_half_spelled(kept, respelled))


def _named(words: tuple[Word, ...], respelled: Iterable[str]) -> tuple[Word, ...]:
    """Name the trick of words that stand in the lexicon in pinyin or half spelled (shuxue, lao师, S学), and what they mean."""
    first = set(respelled)
    spoken = [word for word in words if word.labels and _SPOKEN.fullmatch(word.text)]
    meant: dict[tuple[str, str], tuple[str, str]] = {}
    for word in sorted(spoken, key=lambda word: word.text not in first):
        for written, trick in _spellings(word.text):
            meant.setdefault((written, _kind(word)), (trick, word.text))
    found = ((word, meant.get((word.text, _kind(word)))) for word in words)
    return tuple(replace(word, trick=seen[0], means=seen[1]) if seen and not word.trick else word for word, seen in found)


def _kind(word: Word) -> str:
    return word.labels[0].partition(".")[0] if word.labels else ""


def _spellings(text: str) -> Iterator[tuple[str, str]]:
    """Yield how a word is written in pinyin, and for two characters half in pinyin or with one initial."""
    syllables = word_syllables(text)
    yield "".join(syllables), "pinyin"
    if len(text) == 2 and all(len(syllable) > 1 for syllable in syllables):
        yield syllables[0] + text[1], "pinyin"
        yield text[0] + syllables[1], "pinyin"
        yield syllables[0][0] + text[1], "initials"
        yield text[0] + syllables[1][0], "initials"


def _half_spelled(labels: dict[str, dict[str, None]], respelled: Iterable[str]) -> Iterable[Word]:
    """Yield S学, 数X and the like for the words most often written so; all of them weak."""
    for word in (word for word in dict.fromkeys(respelled) if len(word) == 2):
        first, second = (syllable[0] for syllable in word_syllables(word))
        for text in dict.fromkeys((first + word[1], word[0] + second, word[0] + "x")):
            if text not in labels and labels.get(word):
                yield Word(text, tuple(labels[word]), weak=True, trick="initials", means=word)


def _compile(
    groups: dict[str, Group], words: tuple[Word, ...], sounds: dict[str, Any], slang: dict[str, str], version: str
) -> Lexicon:
    by_text: dict[str, Word] = {}
    for word in words:
        by_text.setdefault(word.text, word)
    unique = tuple(by_text.values())
    targets = tuple(by_text[target] for target in dict.fromkeys(sounds["targets"].split()) if target in by_text)
    spoken = _heard_first(targets, (word for word in unique if not word.weak and word.labels and _SPOKEN.fullmatch(word.text)))
    variants = tuple(word for word in variants_of(targets) if word.text not in by_text)
    return Lexicon(
        groups=groups,
        words=unique,
        matcher=_automaton(word.text for word in unique),
        sounds=targets,
        sound_matcher=_automaton(word_sounds(word.text) for word in targets),
        pinyin=spoken,
        pinyin_matcher=_automaton(word_sounds(word.text) for word in spoken),
        variants=variants,
        variant_matcher=_automaton(word.text for word in variants),
        initials=sounds["initials"],
        halves={word.text: word for word in unique if word.trick == "initials"},
        slang={_folded(word): meaning for word, meaning in slang.items()},
        by_text=by_text,
        version=version,
    )


def _heard_first(targets: tuple[Word, ...], words: Iterable[Word]) -> tuple[Word, ...]:
    """Keep one word of each sound: those that evaders respell, then what is taught, then the rest."""
    heard: dict[str, Word] = {}
    for word in (*targets, *sorted(words, key=lambda word: not word.labels[0].startswith(("subject.", "topic.", "tutor.")))):
        heard.setdefault(word_sounds(word.text), word)
    return tuple(heard.values())


def _automaton(words: Iterable[str]) -> ahocorasick_rs.AhoCorasick:
    return ahocorasick_rs.AhoCorasick(words, matchkind=ahocorasick_rs.MatchKind.LeftmostLongest)


def variants_of(targets: Iterable[Word]) -> Iterable[Word]:
    """Yield each target word with characters swapped for look-alikes or taken apart, ordinary words left out."""
    tables, ordinary = load_tables(), common_words()
    for word in targets:
        parted = "、".join(word.text)
        yield Word(parted, word.labels, weak=True, trick="inserted_symbols", means=word.text)
        most = _MOST_SWAPS if len(word.text) == 2 else _MOST_SWAPS // 3
        choices = [
            (
                (one, ""),
                *((other, "lookalike") for other in tables.shapes.get(one, "")[:most]),
                *((parts, "split_char") for parts in tables.parts.get(one, ())[:_MOST_PARTS]),
            )
            for one in word.text
        ]
        for chosen in product(*choices):
            changed = [trick for _, trick in chosen if trick]
            text = "".join(shown for shown, _ in chosen)
            if not changed or len(changed) > _MOST_CHANGED or text in ordinary:
                continue
            yield Word(
                text, word.labels, weak=True, trick="split_char" if "split_char" in changed else "lookalike", means=word.text
            )
