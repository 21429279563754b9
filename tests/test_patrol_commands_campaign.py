"""Campaign files made from templates load, carry the calendar, and mark what no notice says, down to the report."""

import re
from datetime import date
from pathlib import Path

import openpyxl
import pytest
from typer.testing import CliRunner, Result

from patrol import settings
from patrol.campaigns import china_today, load_campaign
from patrol.cli import command_line
from patrol.errors import PatrolError
from patrol.store import Store
from patrol.store.clock import ClockBook


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(settings, "_CHOSEN", {})
    return tmp_path / "ws"


def patrol(folder: Path, *arguments: str) -> Result:
    return CliRunner().invoke(command_line(), ["--workspace", str(folder), *arguments])


def new(folder: Path, kind: str, year: int, region: str = "云川市") -> Path:
    done = patrol(folder, "campaign", "new", kind, "--year", str(year), "--region", region)
    assert done.exit_code == 0, done.output
    return next(file for file in (folder / "campaigns").glob(f"{year}-*.toml"))


@pytest.mark.parametrize("year", [2026, 2027, 2028])
@pytest.mark.parametrize("kind", ["寒假", "暑假", "国庆", "常态化"])
def test_every_template_makes_a_file_that_loads(folder: Path, kind: str, year: int) -> None:
    campaign = load_campaign(new(folder, kind, year))
    assert campaign.title.startswith(f"云川市{year}年")
    assert campaign.sources
    assert campaign.standing is (kind == "常态化")
    checked = patrol(folder, "campaign", "check", campaign.path)
    assert checked.exit_code == 0
    assert ("放假调休通知尚未载入" in checked.output) is (year > 2026)


def test_the_file_names_itself_where_it_was_saved(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "寒假.toml"
    done = patrol(folder, "campaign", "new", "寒假", "--year", "2027", "--region", "云川市", "--output", str(file))
    assert done.exit_code == 0, done.output
    assert f"patrol campaign check {file}\n" in file.read_text(encoding="utf-8")
    assert f"patrol campaign check {(own := new(folder, '暑假', 2027))}\n" in own.read_text(encoding="utf-8")


def test_winter_without_a_school_calendar_is_provisional_and_matches_the_plan_of_2027(folder: Path) -> None:
    campaign = load_campaign(new(folder, "寒假", 2027))
    assert (campaign.start, campaign.end) == (date(2027, 1, 15), date(2027, 2, 28))
    assert [batch.due for batch in campaign.batches] == [date(2027, 1, 30), date(2027, 2, 15)]
    assert campaign.summary_due == date(2027, 2, 25)
    assert all(term.provisional for term in campaign.vacations)


def test_known_school_calendar_fills_the_dates(folder: Path) -> None:
    campaign = load_campaign(new(folder, "寒假", 2026, region="北京"))
    terms = {term.stage: term for term in campaign.vacations}
    assert (terms["primary"].start, terms["senior"].start) == (date(2026, 1, 24), date(2026, 1, 31))
    assert not terms["primary"].provisional
    assert "北京市教育委员会" in terms["primary"].source
    # no notice speaks of kindergartens
    assert terms["preschool"].provisional


def test_imported_table_is_used_by_the_next_campaign(folder: Path, tmp_path: Path) -> None:
    table = tmp_path / "calendar.csv"
    table.write_text("学段,寒假\n中小学,1月23日至2月28日\n", encoding="utf-8")
    done = patrol(
        folder, "calendar", "import", str(table), "--region", "云川市", "--school-year", "2026-2027", "--source", "云川市校历通知"
    )
    assert done.exit_code == 0, done.output
    campaign = load_campaign(new(folder, "寒假", 2027, region="云川"))
    assert {(term.start, term.provisional) for term in campaign.vacations if term.stage == "junior"} == {
        (date(2027, 1, 23), False)
    }


def test_a_file_is_never_overwritten(folder: Path) -> None:
    new(folder, "寒假", 2027)
    again = patrol(folder, "campaign", "new", "寒假", "--year", "2027", "--region", "云川市")
    assert "不覆盖" in str(again.exception)


def test_hostile_region_is_refused(folder: Path) -> None:
    done = patrol(folder, "campaign", "new", "寒假", "--year", "2027", "--region", '云川"\n[evil]')
    assert "不能有引号" in str(done.exception)


@pytest.mark.parametrize("year", [2027, 2028])
def test_report_of_a_year_without_a_notice_says_provisional_on_its_sheets(folder: Path, tmp_path: Path, year: int) -> None:
    file = new(folder, "寒假", year)
    output = tmp_path / "table.xlsx"
    done = patrol(folder, "report", "patrol_table", "--campaign", str(file), "--batch", "1", "--output", str(output))
    assert done.exit_code == 0, done.output
    book = openpyxl.load_workbook(output)
    for name in (book.sheetnames[0], "巡查覆盖情况"):
        words = "".join(str(cell.value) for row in book[name].iter_rows() for cell in row if cell.value)
        assert f"{year}年放假调休通知尚未载入" in words
        assert "寒假起止" in words
        assert "（暂定）" in words


def test_report_of_known_dates_says_nothing_of_it(folder: Path, tmp_path: Path) -> None:
    file = new(folder, "国庆", 2026)
    output = tmp_path / "table.xlsx"
    assert (
        patrol(folder, "report", "patrol_table", "--campaign", str(file), "--batch", "1", "--output", str(output)).exit_code == 0
    )
    book = openpyxl.load_workbook(output)
    assert not any("暂定" in str(cell.value) for row in book.worksheets[0].iter_rows() for cell in row)


def test_next_marks_what_rests_on_provisional_days(folder: Path) -> None:
    new(folder, "寒假", 2027)
    done = patrol(folder, "schedule", "next", "--from", "2027-01-18", "--days", "1")
    assert done.exit_code == 0
    assert "暂定" in done.output


def test_close_lists_what_is_left_and_refuses(folder: Path) -> None:
    new(folder, "寒假", 2027)
    refused = patrol(folder, "campaign", "close", "2027-winter", "--officer", "王某")
    assert "没有关闭" in str(refused.exception)
    assert "第1批情况表没有报送存档" in refused.output
    assert patrol(folder, "campaign", "close", "2027-winter", "--officer", "王某", "--anyway").exit_code == 0
    store = Store.open(folder)
    assert list(ClockBook(store).closed_campaigns()) == ["2027-winter"]
    store.close()
    assert "已关闭" in patrol(folder, "campaign", "list").output
    assert "没有在办的专项行动" in patrol(folder, "schedule", "next").output


def test_pause_needs_a_job_and_a_campaign_that_are_there(folder: Path) -> None:
    new(folder, "寒假", 2027)
    new(folder, "国庆", 2027)
    assert "没有任务" in str(patrol(folder, "schedule", "pause", "none", "--officer", "王某").exception)
    assert "--campaign" in str(patrol(folder, "schedule", "pause", "broad_sweep", "--officer", "王某").exception)
    done = patrol(folder, "schedule", "pause", "broad_sweep", "--officer", "王某", "--campaign", "2027-winter")
    assert done.exit_code == 0
    shown = patrol(folder, "schedule", "next", "--from", "2027-01-18", "--days", "1").output
    assert "已暂停" in shown.replace("\n", "")
    assert patrol(folder, "schedule", "resume", "broad_sweep", "--campaign", "2027-winter").exit_code == 0


SOURCES = """
[[sources]]
name = "baidu"

[[sources]]
name = "wuba58"

[[sources]]
name = "discuz"

[[sources]]
name = "wechat_mp"
"""


def test_check_warns_of_each_source_that_cannot_begin(folder: Path, campaign_file: Path) -> None:
    campaign_file.write_text(campaign_file.read_text(encoding="utf-8") + SOURCES, encoding="utf-8")
    checked = patrol(folder, "campaign", "check", str(campaign_file))
    assert checked.exit_code == 0
    warnings = [line for line in checked.output.splitlines() if line.startswith("警告：")]
    assert [line.partition("（")[0] for line in warnings] == ["警告：58同城", "警告：本地论坛", "警告：微信公众号"]
    assert "请写 base（如 https://本地城市代码.58.com）" in warnings[0]
    assert "可以使用；3个来源不会巡查，须改正" in checked.output
    told = campaign_file.read_text(encoding="utf-8")
    for name, key in (
        ("wuba58", 'base = "https://yc.58.com"'),
        ("discuz", 'base = "https://bbs.yc.example"'),
        ("wechat_mp", 'start = ["https://mp.weixin.qq.com/s/abcdefghijklmnopq"]'),
    ):
        told = told.replace(f'name = "{name}"', f'name = "{name}"\n{key}')
    campaign_file.write_text(told, encoding="utf-8")
    assert "警告" not in patrol(folder, "campaign", "check", str(campaign_file)).output


def test_check_does_not_pass_a_campaign_that_patrols_nothing(folder: Path, campaign_file: Path) -> None:
    empty = patrol(folder, "campaign", "check", str(campaign_file))
    assert empty.exit_code == 1
    assert "没有开启任何来源，什么也不会巡查" in empty.output
    assert "可以使用" not in empty.output
    only = campaign_file.read_text(encoding="utf-8") + '\n[[sources]]\nname = "discuz"\n'
    campaign_file.write_text(only, encoding="utf-8")
    nothing = patrol(folder, "campaign", "check", str(campaign_file))
    assert nothing.exit_code == 1
    assert "没有一个来源可以开始" in nothing.output


def test_check_names_the_imported_lists_that_will_be_asked(folder: Path, campaign_file: Path, tmp_path: Path) -> None:
    assert "工作区也没有导入" in patrol(folder, "campaign", "check", str(campaign_file)).output
    listed = tmp_path / "名单.csv"
    listed.write_text("序号,机构名称,办学许可证号\n1,云川市启明培训学校,教民153010170000018号\n", encoding="utf-8")
    done = patrol(folder, "whitelist", "import", str(listed), "--date", "2026-01-10")
    assert done.exit_code == 0, done.output
    told = patrol(folder, "campaign", "check", str(campaign_file)).output
    assert re.search(r"按工作区已导入的名单比对：.+第1版（2026-01-10，1家）", told)


def test_a_new_file_says_where_a_local_address_is_wanted(folder: Path) -> None:
    text = new(folder, "寒假", 2027).read_text(encoding="utf-8")
    assert 'name = "wuba58"              # 58同城\n# base = "https://本地城市代码.58.com"' in text


def test_without_a_year_it_is_the_next_one(folder: Path) -> None:
    done = patrol(folder, "campaign", "new", "寒假", "--region", "昆明市")
    assert done.exit_code == 0, done.output
    campaign = load_campaign(next((folder / "campaigns").glob("*-winter.toml")))
    assert 0 <= (campaign.end - china_today()).days <= 366


def test_an_unknown_template_is_named_before_anything_else(folder: Path) -> None:
    assert "没有“春假”模板；有：寒假、暑假、国庆、常态化" in str(patrol(folder, "campaign", "new", "春假").exception)


def test_a_campaign_file_that_cannot_be_written_is_refused_and_not_registered(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    target = tmp_path / "file" / "x.toml"
    done = patrol(folder, "campaign", "new", "寒假", "--region", "云川市", "--output", str(target))
    assert isinstance(done.exception, PatrolError)
    assert "无法写入" in str(done.exception)
    assert "云川市" not in patrol(folder, "campaign", "list").output
