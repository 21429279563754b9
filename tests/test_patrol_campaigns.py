"""A campaign file is read whole or refused with file, line, key and reason."""

from datetime import date
from pathlib import Path

import pytest

from patrol.campaigns import batch_of, batch_period, load_campaign
from patrol.errors import BadInput
from patrol.model import Campaign

EXAMPLE = Path(__file__).parent.parent / "schedules" / "campaign-2027-winter.toml"


def changed(path: Path, old: str, new: str) -> Path:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return path


def test_shipped_example_loads() -> None:
    campaign = load_campaign(EXAMPLE)
    assert [batch.due for batch in campaign.batches] == [date(2027, 1, 30), date(2027, 2, 15)]
    assert campaign.summary_due == date(2027, 2, 25)


def test_batches_leave_no_day_between_them(campaign: Campaign) -> None:
    first, second = campaign.batches
    assert batch_period(campaign, first) == (None, date(2027, 1, 29))
    assert batch_period(campaign, second) == (date(2027, 1, 29), date(2027, 2, 14))


def test_unknown_key_is_named_with_its_line(campaign_file: Path) -> None:
    changed(campaign_file, 'unit = "云川市教育局"', 'unitt = "云川市教育局"')
    with pytest.raises(BadInput) as refused:
        load_campaign(campaign_file)
    assert "unit" in str(refused.value)
    assert str(campaign_file) in str(refused.value)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("end = 2027-02-28", "end = 2027-02-30", "没有 2027-02-30 这一天"),
        ("end = 2027-02-28", "end = 2027-01-01", "早于开始日期"),
        ("end = 2027-02-28", "end = 2037-02-28", "400天"),
        ("due = 2027-02-15", "due = 2027-01-20", "第2批"),
        ("number = 2", "number = 5", "依次编号"),
        ("summary_due = 2027-02-25", "summary_due = 2026-02-25", "总结报送日期"),
        ('stage = "primary"', 'stage = "college"', "vacations"),
        ('title = "云川市2027年寒假线上巡查专项行动"', "title = 3", "文字"),
        ("end = 2027-02-24", "end = 2027-01-01", "寒假"),
    ],
)
def test_impossible_values_are_refused_with_the_reason(campaign_file: Path, old: str, new: str, words: str) -> None:
    changed(campaign_file, old, new)
    with pytest.raises(BadInput, match=words):
        load_campaign(campaign_file)


def test_source_written_twice_is_refused(campaign_file: Path) -> None:
    with campaign_file.open("a", encoding="utf-8") as file:
        file.write('\n[[sources]]\nname = "discuz"\n[[sources]]\nname = "discuz"\n')
    with pytest.raises(BadInput, match="写了两次"):
        load_campaign(campaign_file)


def test_missing_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="找不到这个文件"):
        load_campaign(tmp_path / "none.toml")


def test_unknown_batch_names_those_there_are(campaign: Campaign) -> None:
    with pytest.raises(BadInput, match="第1、2批"):
        batch_of(campaign, 3)
