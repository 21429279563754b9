"""`patrol detect`: order kept, whole or nothing, bad input named."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from patrol.cli import command_line
from patrol.commands.detect import campaign_detector, detect_command
from patrol.errors import BadInput
from tests.test_patrol_calendar import notice_2027


def write(path: Path, records: list[object]) -> None:
    path.write_text("".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records), encoding="utf-8")


def run(source: Path, target: Path, workers: int = 1) -> list[dict[str, object]]:
    detect_command(input_path=str(source), output_path=str(target), campaign=None, rules=None, workers=workers)
    return [json.loads(line) for line in target.read_text(encoding="utf-8").splitlines()]


def test_every_post_is_answered_in_order_by_several_workers(tmp_path: Path) -> None:
    texts = ("初二数学一对一，150一节，私信我", "今天天气不错", "少儿舞蹈招生，6岁起，80一次")
    source = tmp_path / "posts.jsonl"
    write(source, [{"id": f"p{n}", "text": texts[n % 3], "title": None} for n in range(300)])
    answers = run(source, tmp_path / "out.jsonl", workers=2)
    assert [answer["id"] for answer in answers] == [f"p{n}" for n in range(300)]
    assert [answer["violation"] for answer in answers[:3]] == [True, False, False]
    assert [answer["ad_violation"] for answer in answers[:3]] == [True, False, True]


def test_offsets_index_the_original_text(tmp_path: Path) -> None:
    text = "寒\u200b假🔥初二數·學，一次一百五，私信"
    source = tmp_path / "posts.jsonl"
    write(source, [{"id": "a", "text": text, "published_at": "2027-01-05T08:00:00+08:00"}])
    (answer,) = run(source, tmp_path / "out.jsonl")
    findings = answer["findings"]
    assert isinstance(findings, list)
    assert findings
    assert all(text[finding["start"] : finding["end"]] == finding["quote"] for finding in findings)


def test_the_calendar_of_the_workspace_says_which_saturday_is_worked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATROL_WORKSPACE", str(tmp_path / "ws"))
    source = tmp_path / "posts.jsonl"
    text = "初二数学线上直播课，2月13日上午9点开课，一对一，150一节，私信"
    write(source, [{"id": "a", "text": text, "published_at": "2027-02-05T08:00:00+08:00", "stage": "junior"}])
    (before,) = run(source, tmp_path / "before.jsonl")
    (tmp_path / "ws" / "calendar").mkdir(parents=True)
    (tmp_path / "ws" / "calendar" / "year-2027.yml").write_text(notice_2027(), encoding="utf-8")
    campaign_detector.cache_clear()
    (after,) = run(source, tmp_path / "after.jsonl")
    assert "holiday_class" in str(before["categories"])
    assert "holiday_class" not in str(after["categories"])
    campaign_detector.cache_clear()


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ('{"id": "a"}', "text"),
        ('{"id": 1, "text": "x"}', "id"),
        ('{"id": "a", "text": "x", "title": 3}', "title"),
        ('{"id": "a", "text": "x", "published_at": "昨天"}', "published_at"),
        ("[]", None),
        ("{", None),
    ],
)
def test_bad_line_is_refused_whole_with_line_and_field(tmp_path: Path, line: str, field: str | None) -> None:
    source, target = tmp_path / "posts.jsonl", tmp_path / "out.jsonl"
    source.write_text('{"id": "ok", "text": "x"}\n' + line + "\n", encoding="utf-8")
    with pytest.raises(BadInput) as refused:
        run(source, target)
    assert refused.value.line == 2
    assert refused.value.field == field
    assert not target.exists()
    assert list(tmp_path.iterdir()) == [source]


@pytest.mark.parametrize("text", ["", "\n\n"])
def test_empty_input_says_that_there_was_nothing_to_do(tmp_path: Path, text: str) -> None:
    source = tmp_path / "posts.jsonl"
    source.write_text(text, encoding="utf-8")
    done = CliRunner().invoke(command_line(("detect", "match")), ["detect", "--input", str(source)])
    assert (done.exit_code, done.stdout) == (0, "")
    assert done.stderr == "提示：输入是空的，没有要检测的帖子\n"
