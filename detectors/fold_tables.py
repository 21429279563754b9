"""The tables of folding, built once per process from Unicode, OpenCC and rules/fold/*.yml."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import opencc
import yaml

from detectors.errors import RuleError

RULES = Path(__file__).with_name("rules")
DROP = "\ue000"
KEEP_AS_BOUNDARY = frozenset("，,。！!？?；;、：:\n")
_CONFUSABLE = dict(zip("аеорсухѕіјɡοαικνρτυχ", "aeopcyxsijgoaiknptux", strict=True))
_NEGATIVE_LETTERS = {0x1F170 + step: chr(ord("a") + step) for step in range(26)}
_DINGBAT_DIGITS = {
    **{0x2776 + n: str(n + 1) for n in range(9)},
    **{0x2780 + n: str(n + 1) for n in range(9)},
    **{0x278A + n: str(n + 1) for n in range(9)},
}
_CIRCLED_NEGATIVE = {0x1F150 + step: chr(ord("a") + step) for step in range(26)}
_REGIONAL = {0x1F1E6 + step: chr(ord("a") + step) for step in range(26)}
_SMALL_CAPITALS = {
    ord(old): new for old, new in zip("ᴀʙᴄᴅᴇғɢʜɪᴊᴋʟᴍɴᴏᴘǫʀꜱᴛᴜᴠᴡʏᴢꞯ∨⋁ѵѡ", "abcdefghijklmnopqrstuvwyzqvvvw", strict=True)
}
_ASTRAL = (range(0x1D400, 0x1D800), range(0x1F100, 0x1F200), range(0x2F800, 0x2FA20))


@dataclass(frozen=True, slots=True)
class Tables:
    """What folding looks up: 1:1 maps by code point, longer replacements by character, and split-character sequences."""

    single: Mapping[int, str]
    multiple: Mapping[str, str]
    sequences: Mapping[str, str]
    numerals: frozenset[str]
    lookalike: Mapping[int, str]
    traditional: frozenset[str]
    shapes: Mapping[str, str]
    parts: Mapping[str, tuple[str, ...]]
    joined: Mapping[str, str]
    radicals: re.Pattern[str]
    subject_signs: Mapping[str, str]
    signs: frozenset[str]


@cache
def load_tables() -> Tables:
    """Build every table; a broken file raises RuleError."""
    emoji = _read("emoji.yml", {"source", "signs", "subjects", "sequences"})
    single, multiple = _compatibility()
    traditional = _traditional()
    single.update({ord(old): new for old, new in traditional.items()})
    for sign, word in emoji["signs"].items():
        if len(word) == 1:
            single[ord(sign)] = word
        else:
            multiple[sign] = word
    components = _read("components.yml", {"source", "radicals", "parts", "whole"})
    characters = _read("characters.yml", {"source", "trick", "map", "numerals"})
    lookalike = characters["map"]
    return Tables(
        single=single,
        multiple=multiple,
        sequences={sequence.translate(single).replace(DROP, ""): word for sequence, word in emoji["sequences"].items()},
        numerals=frozenset("".join(characters["numerals"].values()) + "肆伍陆拾"),
        lookalike={ord(old): new for new, olds in (*lookalike.items(), *characters["numerals"].items()) for old in olds},
        traditional=frozenset(traditional),
        shapes=_shapes(),
        parts=_parts(components),
        joined=_joined(components["parts"]),
        radicals=re.compile(f"[{components['radicals']}]"),
        subject_signs=emoji["subjects"],
        signs=frozenset(
            (*emoji["signs"], *emoji["subjects"], *(one for key in emoji["sequences"] for one in key if ord(one) > 0x1F000))
        ),
    )


@cache
def common_words() -> frozenset[str]:
    """Return ordinary words of two and three characters; a sound or shape candidate among them is no disguise."""
    lines = (RULES / "fold" / "words.txt").read_text(encoding="utf-8").splitlines()
    return frozenset(line for line in lines if not line.startswith("#"))


@cache
def load_measures() -> tuple[Mapping[str, str], Mapping[str, str]]:
    """Return the pinyin of measure words, several syllables and one, with what they stand for."""
    content = _read("measures.yml", {"source", "words", "syllables"})
    return content["words"], content["syllables"]


def _read(name: str, keys: set[str]) -> dict[str, Any]:
    content = yaml.safe_load((RULES / "fold" / name).read_text(encoding="utf-8"))
    if not isinstance(content, dict) or set(content) - keys:
        raise RuleError(f"detectors/rules/fold/{name}：只能有这些字段：{'、'.join(sorted(keys))}")
    return content


def _compatibility() -> tuple[dict[int, str], dict[str, str]]:
    single: dict[int, str] = {}
    multiple: dict[str, str] = {}
    for code in (*range(0x10000), *(code for block in _ASTRAL for code in block)):
        if 0x3400 <= code < 0xA000 or 0xAC00 <= code < 0xD7A4 or 0xE000 <= code < 0xF900:
            continue
        folded = _fold_one(code)
        if folded == chr(code):
            continue
        if len(folded) == 1:
            single[code] = folded
        else:
            multiple[chr(code)] = folded
    single.update({ord(old): new for old, new in _CONFUSABLE.items()})
    single.update({**_NEGATIVE_LETTERS, **_CIRCLED_NEGATIVE, **_REGIONAL, **_SMALL_CAPITALS, **_DINGBAT_DIGITS})
    single.update(dict.fromkeys((*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0), *range(0x1F3FB, 0x1F400), 0x20E3), DROP))
    return single, multiple


def _fold_one(code: int) -> str:
    if 0xD800 <= code < 0xE000:
        return "\ufffd"
    character = chr(code)
    category = unicodedata.category(character)
    if category in {"Cf", "Mn", "Me"} or code == 0x115F or (category == "Cc" and character not in "\n\t\r"):
        return DROP
    if character in "\r\u2028\u2029\x85":
        return "\n" if character != "\r" else " "
    decomposed = unicodedata.normalize("NFKD", character)
    base = "".join(part for part in decomposed if unicodedata.category(part) != "Mn")
    folded = base if base.isascii() and base else unicodedata.normalize("NFKC", character)
    return folded.lower() or DROP


def _traditional() -> dict[str, str]:
    characters = "".join(map(chr, (*range(0x3400, 0x4DC0), *range(0x4E00, 0xA000))))
    simplified = opencc.OpenCC("t2s").convert(characters)
    if len(simplified) != len(characters):
        simplified = "".join(opencc.OpenCC("t2s").convert(character)[:1] for character in characters)
    return {old: new for old, new in zip(characters, simplified, strict=True) if old != new}


def _shapes() -> dict[str, str]:
    """Map a character to those taken for it: its hand-made group, then its nearest by drawn likeness."""
    content = _read("shapes.yml", {"source", "groups", "likeness"})
    found: dict[str, dict[str, None]] = {}
    for group in content["groups"].split():
        for one in group:
            found.setdefault(one, {}).update(dict.fromkeys(other for other in group if other != one))
    for entry in content["likeness"].split():
        found.setdefault(entry[0], {}).update(dict.fromkeys(entry[1:]))
    return {one: "".join(others) for one, others in found.items()}


def _parts(components: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """Map a character to the ways of taking it apart into whole characters, radicals written by the character they come from."""
    whole = str.maketrans(components["whole"])
    found: dict[str, dict[str, None]] = {}
    for sequence, word in _joined(components["parts"]).items():
        written = sequence.translate(whole)
        if len(word) == 1 and not set(written) & set(components["radicals"]):
            found.setdefault(word, {})[written] = None
    return {word: tuple(ways) for word, ways in found.items()}


def _joined(parts: str) -> dict[str, str]:
    joined: dict[str, str] = {}
    for entry in parts.split():
        word, separator, sequence = entry.partition("=")
        if not separator or len(sequence) < 2:
            raise RuleError(f"detectors/rules/fold/components.yml：“{entry}”应写作“字=部件部件”")
        joined[sequence] = word
    return joined
