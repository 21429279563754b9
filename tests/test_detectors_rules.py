"""Each rule's own examples, and what the packaged rules must cover."""

from datetime import date
from pathlib import Path

import pytest

from detectors import Detector
from detectors.errors import RuleError
from detectors.model import Document
from detectors.rules import Rule, load_rules

RULES = load_rules()
DETECTOR = Detector()
_MATCH = [(rule, text) for rule in RULES for text in rule.match]
_PASS = [(rule, text) for rule in RULES for text in rule.passing]


def fired(rule: Rule, text: str) -> bool:
    found = DETECTOR.detect(Document(text=text, published_at=rule.published))
    return any(finding.rule == rule.code for finding in found.findings)


@pytest.mark.parametrize(("rule", "text"), _MATCH, ids=[rule.code for rule, _ in _MATCH])
def test_match_example_fires(rule: Rule, text: str) -> None:
    assert fired(rule, text)


@pytest.mark.parametrize(("rule", "text"), _PASS, ids=[rule.code for rule, _ in _PASS])
def test_pass_example_stays_quiet(rule: Rule, text: str) -> None:
    assert not fired(rule, text)


def test_thirteen_statutory_names_each_have_a_rule() -> None:
    statutory = [rule for rule in RULES if rule.clause == "教育部令第53号第18条第三项"]
    assert len(statutory) == 13


@pytest.mark.parametrize(
    "item", [*(f"GD-{n}" for n in range(1, 8)), *(f"JL-{n}" for n in (1, 2, 3, 5, 6, 7)), *(f"YY-{n}" for n in range(1, 5))]
)
def test_provincial_list_item_is_covered(item: str) -> None:
    assert any(item in rule.lists for rule in RULES)


def test_lesson_limit_follows_the_day_of_publication() -> None:
    text = "初二数学线上直播课，每节35分钟，60元一节，报名私信"
    codes = {
        day: {f.rule for f in DETECTOR.detect(Document(text=text, published_at=day)).findings}
        for day in (date(2020, 5, 1), date(2027, 1, 5))
    }
    assert "T-DUR" not in codes[date(2020, 5, 1)]
    assert "T-DUR-2019" not in codes[date(2020, 5, 1)]
    assert "T-DUR" in codes[date(2027, 1, 5)]


def test_workspace_file_adds_words_and_a_rule(tmp_path: Path) -> None:
    extra = tmp_path / "local.yml"
    extra.write_text(
        "source: 本地补充\n"
        "groups:\n  - label: subject.maths\n    element: subject\n    weight: 0.5\n    words: 算宝课\n"
        "rules:\n  - code: LOCAL-1\n    title: 本地暗号\n    clause: 本地通知\n    text: 略\n    source: 本地\n"
        "    effective_from: 2024-01-01\n    severity: high\n    element: breach\n    axis: violation\n    any: [rule.LOCAL-1]\n"
        "    words: 红房子暗号\n    match: [五年级算宝课，一次80元，私信报名，红房子暗号]\n    pass: [今天吃了面]\n",
        encoding="utf-8",
    )
    text = "五年级算宝课，一次80元，私信报名，红房子暗号"
    found = Detector(extra_rules=(extra,)).detect(Document(text=text))
    assert found.violation
    assert "LOCAL-1" in {finding.rule for finding in found.findings}
    assert found.rules_version != DETECTOR.detect(Document(text=text)).rules_version


@pytest.mark.parametrize(
    "content",
    ["rules:\n  - code: X\n", "colour: red\n", "groups:\n  - label: new.thing\n    words: 一二\n", "groups: [: :\n", "- 1\n"],
)
def test_wrong_rule_file_is_refused(tmp_path: Path, content: str) -> None:
    extra = tmp_path / "bad.yml"
    extra.write_text(content, encoding="utf-8")
    with pytest.raises(RuleError):
        Detector(extra_rules=(extra,))
