"""One result is bounded, whatever the text."""

import json
import re
import shutil
from pathlib import Path

import pytest

from detectors import Detector
from detectors.fold import fold
from detectors.fold_tables import RULES
from detectors.limits import load_limits, slices
from detectors.model import Document
from detectors.patterns import PATTERNS
from detectors.versions import rules_version

AD = "初二物理小班还差两个人，每周三晚七点，一次一百二，想来的私信我。\n"
DETECTOR = Detector()
HELDOUT = Path(__file__).parent.parent / "fixtures" / "detection" / "heldout.jsonl"


def test_repeated_ad_gives_a_bounded_result_that_says_so() -> None:
    text = AD * 8000
    found = DETECTOR.detect(Document(text=text))
    limits = load_limits()
    assert found.violation
    assert len(found.findings) <= limits.findings_per_post
    rules = [finding.rule for finding in found.findings]
    assert max(map(rules.count, set(rules))) <= 2 * limits.findings_per_rule * (len(text) // limits.slice_length + 1)
    assert any("未逐一列出" in note for note in found.notes)
    assert any("未逐字识别" in note for note in found.notes)


def test_findings_of_a_long_text_quote_the_original_behind_the_first_slice() -> None:
    text = "今天去公园看花，天气很好。\n" * 6000 + AD
    found = DETECTOR.detect(Document(text=text))
    assert found.violation
    assert all(text[finding.start : finding.end] == finding.quote for finding in found.findings)
    assert min(finding.start for finding in found.findings) > load_limits().slice_length


@pytest.mark.parametrize("text", ["", "一", "数" * 200_000, "一句话。" * 50_000])
def test_slices_cover_a_text_without_gaps(text: str) -> None:
    cut = list(slices(text))
    assert "".join(text[start:end] for start, end in cut) == text
    assert all(end - start <= load_limits().slice_length for start, end in cut)


def test_a_finding_inside_another_of_the_same_rule_is_left_out() -> None:
    found = DETECTOR.detect(Document(text=AD)).findings
    for one in found:
        assert not any(
            one is not other and one.rule == other.rule and other.start <= one.start and one.end <= other.end
            for other in found
            if other.meaning != "招揽原文" and one.meaning != "招揽原文"
        )


@pytest.mark.parametrize("name", ["weights.yml", "wording.tsv", "fold/emoji.yml", "fold/words.txt", "clauses/holding.yml"])
def test_rules_version_covers_every_file(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(RULES, tmp_path / "rules")
    monkeypatch.setattr("detectors.versions.RULES", tmp_path / "rules")
    before = rules_version()
    file = tmp_path / "rules" / name
    file.write_text(file.read_text(encoding="utf-8") + "\n#", encoding="utf-8")
    assert rules_version() != before


def test_looking_at_the_first_character_loses_no_match() -> None:
    posts = [json.loads(line) for line in HELDOUT.read_text(encoding="utf-8").splitlines()]
    texts = [fold(post["text"]).plain.text for post in posts[::2]]
    for label, pattern in PATTERNS:
        led = re.fullmatch(r"\(\?=\[[^\]]+\]\)(.*)", pattern.pattern, re.DOTALL)
        if led is None:
            continue
        bare = re.compile(led[1])
        for text in texts:
            assert [match.span() for match in bare.finditer(text)] == [match.span() for match in pattern.finditer(text)], label
