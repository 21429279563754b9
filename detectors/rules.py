"""Rules as data: one entry per clause in rules/clauses/*.yml and in an officer's own files, validated when loaded.

A rule fires when its axis holds, one of its `any` labels was met (a trailing * takes every label under it), no `none` label was,
and the text's date lies between `effective_from` and `effective_to`. `match` and `pass` are examples that are also tests.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import yaml

from detectors.elements import Hit
from detectors.errors import RuleError
from detectors.fold_tables import RULES
from detectors.model import Element

_REQUIRED = {"code", "title", "clause", "text", "source", "effective_from", "severity", "element", "axis", "any", "match", "pass"}
_OPTIONAL = {"effective_to", "category", "lists", "none", "words", "published", "regions", "except_regions", "senior", "weight"}
_SEVERITIES = ("high", "medium", "low")
WEIGHTS = {"high": 0.4, "medium": 0.25, "low": 0.1}


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """One clause made checkable. `axis` is `violation` or `ad`; `senior` false leaves texts on senior high school alone."""

    code: str
    title: str
    clause: str
    text: str
    source: str
    effective_from: date
    effective_to: date | None
    severity: str
    element: Element
    axis: str
    any: tuple[str, ...]
    none: tuple[str, ...]
    category: str
    lists: tuple[str, ...]
    regions: tuple[str, ...]
    except_regions: tuple[str, ...]
    senior: bool
    match: tuple[str, ...]
    passing: tuple[str, ...]
    published: date | None
    file: str

    def in_force(self, day: date | None, region: str) -> bool:
        """Whether the rule held on the day of publication (today's rules when unknown) and in the region."""
        if day is not None and (day < self.effective_from or (self.effective_to is not None and day > self.effective_to)):
            return False
        if day is None and self.effective_to is not None:
            return False
        if self.regions and not any(name in region for name in self.regions):
            return False
        return not any(name in region for name in self.except_regions)


def _covers(pattern: str, label: str) -> bool:
    return label.startswith(pattern[:-1]) if pattern.endswith("*") else label == pattern


def clause_files() -> tuple[Path, ...]:
    """Return the packaged rule files in a stable order."""
    return tuple(sorted((RULES / "clauses").glob("*.yml")))


@cache
def load_rules(extra: tuple[Path, ...] = ()) -> tuple[Rule, ...]:
    """Read every rule; a missing or unknown key, a bad value or a code used twice raises RuleError with file and field."""
    rules = [rule for path in (*clause_files(), *extra) for rule in _read(path)]
    codes = [rule.code for rule in rules]
    twice = next((code for code in codes if codes.count(code) > 1), "")
    if twice:
        raise RuleError(f"规则编号“{twice}”出现了两次，请换一个编号")
    return tuple(rules)


def _read(path: Path) -> Iterator[Rule]:
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    if not isinstance(content, dict):
        raise RuleError(f"{path.name}：应是带有 rules 或 groups 的 YAML 文件")
    for entry in content.get("rules") or ():
        yield _rule(path, entry)


def _rule(path: Path, entry: Any) -> Rule:
    if not isinstance(entry, dict) or not isinstance(entry.get("code"), str):
        raise RuleError(f"{path.name}：rules 的每一项都要有 code")
    where = f"{path.name} {entry['code']}"
    missing, unknown = _REQUIRED - set(entry), set(entry) - _REQUIRED - _OPTIONAL
    if missing or unknown:
        raise RuleError(
            f"{where}：{'缺少 ' + '、'.join(sorted(missing)) if missing else '不认识的字段 ' + '、'.join(sorted(unknown))}"
        )
    if entry["severity"] not in _SEVERITIES or entry["axis"] not in {"violation", "ad"} or entry["element"] not in set(Element):
        raise RuleError(f"{where}：severity、axis 或 element 的取值不对")
    if not all(isinstance(entry[key], list) and entry[key] for key in ("any", "match", "pass")):
        raise RuleError(f"{where}：any、match、pass 都要是非空列表")
    return Rule(
        code=entry["code"],
        title=str(entry["title"]),
        clause=str(entry["clause"]),
        text=str(entry["text"]),
        source=str(entry["source"]),
        effective_from=_day(entry["effective_from"], where),
        effective_to=_day(entry["effective_to"], where) if "effective_to" in entry else None,
        severity=entry["severity"],
        element=Element(entry["element"]),
        axis=entry["axis"],
        any=tuple(entry["any"]),
        none=tuple(entry.get("none", ())),
        category=str(entry.get("category", "")),
        lists=tuple(entry.get("lists", ())),
        regions=tuple(entry.get("regions", ())),
        except_regions=tuple(entry.get("except_regions", ())),
        senior=bool(entry.get("senior", True)),
        match=tuple(map(str, entry["match"])),
        passing=tuple(map(str, entry["pass"])),
        published=_day(entry["published"], where) if "published" in entry else None,
        file=path.name,
    )


def _day(value: Any, where: str) -> date:
    if not isinstance(value, date):
        raise RuleError(f"{where}：日期要写成 2021-07-24 这样")
    return value


def fired(
    rules: tuple[Rule, ...], hits: Sequence[Hit], *, violation: bool, ad: bool, day: date | None, region: str
) -> Iterator[tuple[Rule, list[Hit]]]:
    """Yield each rule that fires with the hits that prove it."""
    marked = _marker(rules)
    proven: dict[int, list[Hit]] = {}
    barred: set[int] = set()
    for hit in hits:
        proves, bars = marked(hit.labels)
        barred.update(bars)
        for number in proves:
            proven.setdefault(number, []).append(hit)
    for number in sorted(proven.keys() - barred):
        rule = rules[number]
        if (violation if rule.axis == "violation" else ad) and rule.in_force(day, region):
            yield rule, proven[number]


@lru_cache(maxsize=8)
def _marker(rules: tuple[Rule, ...]) -> Callable[[tuple[str, ...]], tuple[frozenset[int], frozenset[int]]]:
    """Return what tells, for the labels of a hit, the numbers of the rules they prove and of those they bar."""

    @lru_cache(maxsize=8192)
    def marked(labels: tuple[str, ...]) -> tuple[frozenset[int], frozenset[int]]:
        return _numbers([rule.any for rule in rules], labels), _numbers([rule.none for rule in rules], labels)

    return marked


def _numbers(patterns: Sequence[tuple[str, ...]], labels: tuple[str, ...]) -> frozenset[int]:
    return frozenset(
        number for number, own in enumerate(patterns) if any(_covers(pattern, label) for pattern in own for label in labels)
    )
