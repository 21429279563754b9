"""`patrol report …` on a real store: forms, templates, records, submission, tracing."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from zipfile import ZipFile

import openpyxl
import pytest
from docx import Document
from docx.oxml.ns import qn

from patrol.bench.report import sample_whole
from patrol.errors import BadInput, EvidenceBroken
from patrol.handling import Look
from patrol.model import Judgement, State
from patrol.reports.forms import form, forms
from patrol.reports.making import history
from patrol.store import Store
from patrol.store.handling import HandlingBook
from tests.report_workspace import body_text, filled, make, numbered, report, rows_of

FEW = 24


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a small workspace, copied by the tests that write."""
    return filled(tmp_path_factory.mktemp("few"), FEW)


@pytest.fixture
def workspace(few: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a private copy of the small workspace, in force by setting."""
    (tmp_path / "patrol.db").write_bytes((few / "patrol.db").read_bytes())
    (tmp_path / "campaign.toml").write_bytes((few / "campaign.toml").read_bytes())
    monkeypatch.setenv("PATROL_WORKSPACE", str(tmp_path))
    return tmp_path


def test_list_names_every_form_of_the_folder() -> None:
    listed = [line.split("\t")[0] for line in report("list").stdout.splitlines()]
    assert listed == list(forms())
    assert {"patrol_table", "census", "regulated", "ledger", "list_changes", "referral", "cases", "summary"} <= set(listed)


def test_a_form_is_known_by_its_chinese_name_too(workspace: Path) -> None:
    assert make(workspace, "线上巡查情况表", "表.xlsx", "--batch", "1")[0].name == "表.xlsx"


def test_a_number_changed_by_hand_is_kept_and_flagged(workspace: Path) -> None:
    xlsx, docx = make(workspace, "summary", "总结")
    document = Document(str(docx))
    holders = {tag.get(qn("w:val")): tag.getparent().getparent() for tag in document.element.body.iter(qn("w:tag"))}
    changed = next(holder for tag, holder in holders.items() if str(tag).startswith("patrol:talk="))
    next(changed.iter(qn("w:t"))).text = "7"
    document.save(str(docx))
    made = report("summary", "--campaign", workspace / "campaign.toml", "--output", workspace / "总结")
    assert "约谈负责人7人次" in body_text(docx)
    assert "talk" in made.stderr
    assert any("人工改为“7”" in comment.text for comment in Document(str(docx)).comments)
    flagged = [row for row in numbered(rows_of(xlsx, "数据对账表")) if row[6] == "人工填写"]
    assert [(row[4], row[5]) for row in flagged] == [("〔待填〕", "7")]


def test_prose_changed_by_hand_is_not_overwritten(workspace: Path) -> None:
    _, docx = make(workspace, "summary", "总结")
    document = Document(str(docx))
    document.paragraphs[4].add_run("（由承办人补充的一句话。）")
    document.save(str(docx))
    made = make(workspace, "summary", "总结")
    assert made[1].name == "总结-新稿.docx"
    assert "由承办人补充" in body_text(docx)


def test_cases_mask_persons_institutions_and_contacts(workspace: Path) -> None:
    text = body_text(make(workspace, "cases", "案例")[0])
    assert "涉嫌" in text
    assert "2名工作人员复核属实" in text
    assert not re.search(r"XX市[甲乙丙丁戊己庚辛]\d+教育科技", text)
    assert "19900001234" not in text
    assert not re.search(r"小\d+老师", text)


def test_measures_hours_changes_and_looks_fill_the_blanks(workspace: Path) -> None:
    campaign = workspace / "campaign.toml"
    first = numbered(rows_of(make(workspace, "ledger", "a.xlsx")[0], "整治工作台账"))[0]
    lead = str(first[1])
    report("record", "measure", lead, "责令整改", "--date", "2027-02-01", "--officer", "李某", "--document", "〔2027〕1号")
    report("record", "measure", lead, "移送", "--date", "2027-02-03", "--officer", "李某", "--to", "网信部门")
    report("record", "hours", "--campaign", campaign, "--source", "wuba58", "--hours", "3", "--people", "2",
           "--date", "2027-01-20", "--officer", "李某")  # fmt: skip
    report("record", "change", "--campaign", campaign, "某机构", "灰名单", "黑名单", "--date", "2027-02-10",
           "--reason", "逾期未整改", "--officer", "李某")  # fmt: skip
    store = Store.open(workspace)
    HandlingBook(store).record_look(Look(lead=lead, at=datetime(2027, 2, 12, tzinfo=UTC), state=State.GONE_DELETED))
    store.close()
    row = next(row for row in numbered(rows_of(make(workspace, "ledger", "b.xlsx")[0], "整治工作台账")) if row[1] == lead)
    assert "责令整改（〔2027〕1号）" in str(row[14])
    assert str(row[15]).startswith("网信部门")
    assert str(row[16]).startswith("已被发布者删除")
    assert "3.0" not in str(row)
    coverage = rows_of(make(workspace, "patrol_table", "c.xlsx", "--batch", "1")[0], "巡查覆盖情况")
    assert next(row for row in coverage if row[1] == "58同城")[-1] == 6
    changes = numbered(rows_of(make(workspace, "list_changes", "d.xlsx")[0], "黑白灰名单变更表"))
    assert changes[0][3:5] == ("灰名单", "黑名单")
    assert changes[0][-1] == "相符"
    text = body_text(make(workspace, "summary", "e.docx")[0])
    assert "责令整改1件" in text
    assert "移送有关部门1件" in text
    assert "人工巡查投入6人时" in text
    assert "约谈负责人〔待填〕人次" in text


def test_a_wrong_record_is_refused(workspace: Path) -> None:
    with pytest.raises(BadInput, match="没有“发射”"):
        report("record", "measure", "XS2027-000001", "发射", "--date", "2027-02-01", "--officer", "李某")
    with pytest.raises(BadInput, match="没有编号"):
        report("record", "measure", "XS2027-999999", "约谈负责人", "--date", "2027-02-01", "--officer", "李某")
    with pytest.raises(BadInput, match="不是有效的日期"):
        report("record", "measure", "XS2027-000001", "约谈负责人", "--date", "2027-02-30", "--officer", "李某")


def test_submission_freezes_and_a_correction_lists_its_differences(workspace: Path) -> None:
    submitting = ("submit", "patrol_table", "--campaign", workspace / "campaign.toml", "--batch", "1", "--officer", "李某",
                  "--output", workspace / "表.xlsx")  # fmt: skip
    report(*submitting)
    frozen = history(form("patrol_table"), workspace / "campaign.toml", 1)
    rows = json.loads(frozen[0].content)["tables"][0]["rows"]
    with pytest.raises(BadInput, match="更正须写明理由"):
        report(*submitting)
    store = Store.open(workspace)
    dismissed = str(rows[0]["lead"])
    store.judge(dismissed, Judgement.DISMISSED, officer="李某", role="复核", reason="误判", at=datetime.now(UTC))
    store.close()
    made = report(*submitting, "--reason", "一条线索复核不属实")
    listed = rows_of(Path(made.stdout.splitlines()[-1]), "更正对照")
    assert any(row[2] == dismissed and row[3] == "删去" for row in numbered(listed))
    again = history(form("patrol_table"), workspace / "campaign.toml", 1)
    assert [one.revision for one in again] == [1, 2]
    assert again[0] == frozen[0]
    assert (
        "一条线索复核不属实"
        in report("history", "patrol_table", "--campaign", workspace / "campaign.toml", "--batch", "1").stdout
    )


def test_a_changed_archive_is_noticed(workspace: Path) -> None:
    report(
        "submit", "ledger", "--campaign", workspace / "campaign.toml", "--officer", "李某", "--output", workspace / "台账.xlsx"
    )
    store = Store.open(workspace)
    with store.database.conn:
        store.database.execute("UPDATE report_snapshots SET content = replace(content, '待核', '属实')")
    store.close()
    with pytest.raises(EvidenceBroken, match="第1版"):
        history(form("ledger"), workspace / "campaign.toml", 0)


def test_a_cell_is_traced_to_lead_evidence_and_rule(workspace: Path) -> None:
    arguments = ("trace", "--campaign", workspace / "campaign.toml", "--form", "patrol_table", "--batch", "1", "--row", "1")
    lines = report(*arguments, "--column", "发现的问题").stdout
    assert re.search(r"线索 XS2027-\d{6}", lines)
    assert re.search(r"证据 ZJ2027-\d{6}", lines)
    assert "规则 " in lines
    assert "名单 " in lines
    with pytest.raises(BadInput, match="没有第99999行"):
        report(*arguments[:-1], "99999")


def test_every_column_of_a_form_says_where_its_values_come_from() -> None:
    for name, one in forms().items():
        assert [column.key for column in one.TEMPLATE.columns if not column.source] == [], name


def test_an_official_template_is_previewed_corrected_kept_and_used(workspace: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(["XX市线上巡查情况表（2022年X月X日-X月X日）"])
    book.active.append(["序号", "巡查对象", "网址", "存在的问题", "领导批示", "说明"])
    book.save(workspace / "表样.xlsx")
    preview = report("template", "patrol_table", workspace / "表样.xlsx").stdout.splitlines()
    assert [line.split("\t")[2] for line in preview] == ["序号", "巡查对象", "网址（入口）", "发现的问题", "（留空）", "备注"]
    report("template", "patrol_table", workspace / "表样.xlsx", "--map", "领导批示=采取的措施", "--keep")
    made = report("patrol_table", "--campaign", workspace / "campaign.toml", "--batch", "1", "--output", workspace / "表.xlsx")
    table, annex = (Path(line) for line in made.stdout.splitlines())
    rows = rows_of(table, "Sheet")
    assert rows[0][0] == "XX市线上巡查情况表（2027年1月15日-2027年1月29日）"
    assert rows[2][4] == "〔待填〕"
    assert openpyxl.load_workbook(annex).sheetnames == ["巡查覆盖情况", "与上批对比", "合计与核对"]
    report("template", "patrol_table", "--drop")
    assert len(make(workspace, "patrol_table", "表2.xlsx", "--batch", "1")) == 1


def test_wrong_output_and_wrong_batch_are_refused(workspace: Path) -> None:
    with pytest.raises(BadInput, match="没有第9批"):
        make(workspace, "patrol_table", "a.xlsx", "--batch", "9")
    for name in ("a.pdf", "a.ods", "a.wps"):
        with pytest.raises(BadInput, match="线上巡查情况表只能保存为"):
            make(workspace, "patrol_table", name)
    assert make(workspace, "ledger", "第1.5稿.XLSX")[0].name == "第1.5稿.xlsx"
    with pytest.raises(BadInput, match="按整个专项行动生成"):
        make(workspace, "summary", "a", "--batch", "1")
    with pytest.raises(BadInput, match="没有表单"):
        form("不存在的表")


def test_sample_leads_differ_from_each_other() -> None:
    leads = sample_whole(FEW).leads
    assert len({lead.url for lead in leads}) == len(leads) == FEW
    assert replace(leads[0], score=0.1) != leads[0]


@pytest.mark.parametrize("name", ["乱码.docx", "乱码.xlsx", "别的.docx", "表.csv", "没有.docx"])
def test_a_file_that_is_no_form_is_not_printed(tmp_path: Path, name: str) -> None:
    if not name.startswith("没有"):
        (tmp_path / name).write_bytes(bytes(range(256)) * 8)
    if name.startswith("别的"):
        with ZipFile(tmp_path / name, "w") as package:
            package.writestr("readme.txt", "x")
    with pytest.raises(BadInput, match=name):
        report("pdf", str(tmp_path / name))
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == []
