"""`patrol report …` on a real store: forms, templates, records, submission, tracing; sums held against SQL."""

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import openpyxl
import pypdfium2
import pytest
from docx import Document
from docx.oxml.ns import qn
from typer.testing import CliRunner, Result

from patrol.bench_report import sample_whole
from patrol.campaigns import load_campaign
from patrol.errors import BadInput, EvidenceBroken, StoreError
from patrol.handling import Look, Measure
from patrol.model import Campaign, Judgement, Lead, Run, State, Visit
from patrol.report_commands import app
from patrol.reports.forms import form, forms
from patrol.reports.making import history
from patrol.reports.preview import to_pdf
from patrol.store import Store
from patrol.store.connection import immediate
from patrol.store.handling import HandlingBook

CAMPAIGN = """
[campaign]
id = "winter-2027"
title = "XX市2027年寒假校外培训线上巡查专项行动"
region = "XX市"
start = 2027-01-15
end = 2027-02-28
summary_due = 2027-02-25
[report]
unit = "XX市教育局"
leader = "张某"
phone = "19900001234"
[[batches]]
number = 1
due = 2027-01-30
[[batches]]
number = 2
due = 2027-02-15
[[sources]]
name = "wuba58"
[[sources]]
name = "douyin"
[[sources]]
name = "wechat_miniprogram"
[[sources]]
name = "discuz"
[[sources]]
name = "baidu"
[[sources]]
name = "weibo"
"""
MANY, FEW = 300, 24
REAL = {
    "classifieds": "wuba58",
    "short_video": "douyin",
    "mini_program": "wechat_miniprogram",
    "forum": "discuz",
    "search": "baidu",
}
START = datetime(2027, 1, 15, 2, tzinfo=UTC)


def filled(folder: Path, count: int, *, handled: bool = False) -> Path:
    """Fill a workspace with leads over two batches, reviews and visits with gaps, in one transaction; also with what officers
    did about them when `handled`."""
    (folder / "campaign.toml").write_text(CAMPAIGN, encoding="utf-8")
    campaign = load_campaign(folder / "campaign.toml")
    store = Store.open(folder)
    with immediate(store.database):
        store.save_campaign(campaign, CAMPAIGN, START)
        for source in REAL.values():
            store.start_run(Run(id=f"run-{source}", campaign=campaign.id, source=source, started_at=START))
            for number in range(6):
                state = State.BLOCKED_CAPTCHA if source == "douyin" and number > 3 else State.OK
                url = f"https://{source.replace('_', '-')}.example/{number}"
                visit = Visit(url=url, source=source, state=state, at=START + timedelta(days=4 * number))
                store.record_visit(visit, run=f"run-{source}", campaign=campaign.id)
        for lead in sample_whole(count).leads:
            _record(store, campaign, lead)
        if handled:
            _handle(store, campaign)
    store.close()
    return folder


def _record(store: Store, campaign: Campaign, lead: Lead) -> None:
    assert lead.screening is not None
    source = REAL[lead.platform]
    screening = replace(lead.screening, post=replace(lead.screening.post, platform=source))
    kept = store.record_screening(screening, run=f"run-{source}", campaign=campaign, source=source, device="desktop")
    assert kept is not None
    if lead.judgement is not Judgement.UNREVIEWED:
        for officer, role in (("李某", "初审"), ("王某", "复核")):
            store.judge(kept.number, lead.judgement, officer=officer, role=role, reason="核对页面", at=START)


def _handle(store: Store, campaign: Campaign) -> None:
    """Record measures on every fourth confirmed lead and looks at the first third of the leads."""
    book, leads = HandlingBook(store), list(store.leads(campaign.id))
    confirmed = [lead for lead in leads if lead.judgement is Judgement.CONFIRMED]
    for place, lead in enumerate(confirmed[1::4]):
        kind, state = ("rectify", "refer", "takedown")[place % 3], ("open", "done")[place % 2]
        done = date(2027, 2, 18) if state == "done" else None
        measure = Measure(lead=lead.number, kind=kind, at=date(2027, 2, 3), to="cyber" if kind == "refer" else "", state=state,
                          document=f"云教函〔2027〕{place + 1}号", done_at=done)  # fmt: skip
        book.record_measure(measure, officer="李某", recorded_at=START)
    for place, lead in enumerate(leads[: len(leads) // 3]):
        state_seen = (State.OK, State.GONE_DELETED, State.BLOCKED_LOGIN)[place % 3]
        book.record_look(Look(lead=lead.number, at=datetime(2027, 2, 8, tzinfo=UTC), state=state_seen))


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


@pytest.fixture(scope="module")
def campaign_of_300(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return a workspace of 300 leads with every form made once, in `out/`; only read by tests."""
    folder = filled(tmp_path_factory.mktemp("many"), MANY, handled=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATROL_WORKSPACE", str(folder))
        for name in forms():
            make(folder, name, f"out/{name}")
        for batch in ("1", "2"):
            make(folder, "patrol_table", f"out/batch-{batch}", "--batch", batch)
        yield folder


def report(*arguments: str | Path) -> Result:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result


def make(workspace: Path, name: str, output: str, *more: str) -> list[Path]:
    made = report(name, "--campaign", workspace / "campaign.toml", "--output", workspace / output, *more)
    return [Path(line) for line in made.stdout.splitlines()]


def count(workspace: Path, where: str) -> int:
    store = Store.open(workspace)
    try:
        return int(str(next(iter(store.database.query(f"SELECT count(*) AS n FROM leads WHERE {where}")))["n"]))  # noqa: S608
    finally:
        store.close()


def rows_of(path: Path, sheet: str) -> list[tuple[object, ...]]:
    return [tuple(row) for row in openpyxl.load_workbook(path)[sheet].iter_rows(values_only=True)]


def numbered(rows: list[tuple[object, ...]]) -> list[tuple[object, ...]]:
    return [row for row in rows if isinstance(row[0], int)]


def body_text(path: Path) -> str:
    return "".join(text.text or "" for text in Document(str(path)).element.body.iter(qn("w:t")))


def test_list_names_every_form_of_the_folder() -> None:
    listed = [line.split("\t")[0] for line in report("list").stdout.splitlines()]
    assert listed == list(forms())
    assert {"patrol_table", "census", "regulated", "ledger", "list_changes", "referral", "cases", "summary"} <= set(listed)


def test_every_form_is_made_in_every_kind_it_has(campaign_of_300: Path) -> None:
    out = campaign_of_300 / "out"
    for name, one in forms().items():
        made = sorted(path.suffix.removeprefix(".") for path in out.glob(f"{name}.*"))
        assert made == sorted(one.TEMPLATE.kinds)
    assert all(path.stat().st_size > 3000 for path in out.iterdir())
    assert not list(out.glob(".*part*"))


def test_a_form_is_known_by_its_chinese_name_too(workspace: Path) -> None:
    assert make(workspace, "线上巡查情况表", "表.xlsx", "--batch", "1")[0].name == "表.xlsx"


def test_sums_of_all_forms_agree_with_each_other_and_with_sql(campaign_of_300: Path) -> None:
    out, listed = campaign_of_300 / "out", count(campaign_of_300, "judgement <> 'dismissed'")
    assert (count(campaign_of_300, "1"), listed) == (MANY, 243)
    first = len(numbered(rows_of(out / "batch-1.xlsx", "线上巡查情况表")))
    second = len(numbered(rows_of(out / "batch-2.xlsx", "线上巡查情况表")))
    assert first == count(campaign_of_300, "judgement <> 'dismissed' AND date(found_at, '+8 hours') <= '2027-01-29'")
    assert first + second == listed == len(numbered(rows_of(out / "patrol_table.xlsx", "线上巡查情况表")))
    compared = numbered(rows_of(out / "batch-2.xlsx", "与上批对比"))
    assert len(compared) == listed
    assert sum(row[1] == "新增" for row in compared) == second
    assert len(numbered(rows_of(out / "ledger.xlsx", "整治工作台账"))) == listed
    for file in ("ledger", "patrol_table", "regulated", "census", "summary"):
        subtotals = {row[2] for row in rows_of(out / f"{file}.xlsx", "合计与核对") if row[1] in {"小计", "列入各表"}}
        assert subtotals == {listed}, file


def test_sums_of_objects_and_bodies_agree_with_sql(campaign_of_300: Path) -> None:
    out = campaign_of_300 / "out"
    listed, confirmed = count(campaign_of_300, "judgement <> 'dismissed'"), count(campaign_of_300, "judgement = 'confirmed'")
    regulated = rows_of(out / "regulated.xlsx", "监管对象名单")
    total = next(row for row in regulated if row[0] == "合计")
    assert (total[11], total[12]) == (listed, confirmed)
    assert total[11] == sum(row[11] for row in numbered(regulated))
    census = rows_of(out / "census.xlsx", "校外线上培训机构排查摸底统计表")
    assert next(row for row in census if row[0] == "合计")[-1] == f"疑似线索{listed}条"
    assert len(numbered(census)) == len(numbered(regulated))
    study = next(row for row in rows_of(out / "list_changes.xlsx", "供研究的对象") if row[0] == "合计")
    assert study[3] == confirmed
    referred = {str(row[1]) for sheet in openpyxl.load_workbook(out / "referral.xlsx").sheetnames
                if sheet.startswith(("移送", "由教育")) for row in numbered(rows_of(out / "referral.xlsx", sheet))}  # fmt: skip
    assert len(referred) == confirmed


def test_coverage_adds_up_and_shows_the_source_without_a_row(campaign_of_300: Path) -> None:
    covered = rows_of(campaign_of_300 / "out" / "ledger.xlsx", "巡查覆盖情况")
    sums = next(row for row in covered if row[0] == "合计")
    columns = [[int(str(row[place])) for row in numbered(covered)] for place in range(3, 7)]
    assert list(sums[3:7]) == [sum(column) for column in columns] == [30, 28, 2, 0]
    assert sums[9] == MANY
    (missing,) = [row for row in numbered(covered) if row[1] == "微博"]
    assert str(missing[2]).startswith("未巡查")


def test_the_summary_keeps_its_length_and_every_number_is_reconciled(campaign_of_300: Path) -> None:
    out = campaign_of_300 / "out"
    text = body_text(out / "summary.docx")
    assert 1800 <= len(re.sub(r"\s", "", text)) <= 2200
    values = " ".join(str(row[5]) for row in numbered(rows_of(out / "summary.xlsx", "数据对账表")))
    assert set(re.findall(r"\d+(?:\.\d+)?", text)) <= set(re.findall(r"\d+(?:\.\d+)?", values))
    for heading in ("一、巡查基本情况", "二、发现的问题", "三、采取的措施", "四、工作建议"):
        assert heading in text
    assert f"发现疑似线索{MANY}条" in text
    confirmed = count(campaign_of_300, "judgement = 'confirmed'")
    assert f"复核属实{confirmed}条" in text
    assert "〔待填〕" in text
    # no notice says which days of 2027 are worked in lieu, and the summary says so where it is read
    assert "2027年放假调休通知尚未载入" in text
    assert "（暂定）" in text


@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed")
def test_forms_print_whole_and_fit_to_be_signed(campaign_of_300: Path) -> None:
    out, listed = campaign_of_300 / "out", count(campaign_of_300, "judgement <> 'dismissed'")
    printed = ("batch-1.xlsx", "ledger.docx", "census.xlsx", "summary.docx", "referral.docx")
    pages = {pdf.stem: pages_of(pdf) for pdf in to_pdf([out / name for name in printed], campaign_of_300 / "pdf")}
    for texts in pages.values():
        assert all(re.sub(r"\s", "", text) for text in texts)
        assert not re.search("〔待\\s|待\\s+填〕", "".join(texts))
    numbers = set(re.findall(r"XS2027-\d{6}", "".join(pages["ledger"])))
    assert len(numbers) == listed
    # a signature never stands alone on a page
    for name in ("summary", "referral"):
        signed = next(text for text in pages[name] if re.search(r"XX ?市教育局\s+\d{4} ?年", text))
        assert len(re.sub(r"\s", "", signed)) > 60


def pages_of(pdf: Path) -> list[str]:
    document = pypdfium2.PdfDocument(pdf)
    try:
        return [page.get_textpage().get_text_range() for page in document]
    finally:
        document.close()


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
    with pytest.raises(StoreError, match="没有编号"):
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


def test_a_line_that_gathers_leads_is_traced_to_each_of_them(campaign_of_300: Path) -> None:
    campaign = campaign_of_300 / "campaign.toml"
    rows = numbered(rows_of(campaign_of_300 / "out" / "regulated.xlsx", "监管对象名单"))
    row = next(row for row in rows if int(str(row[11])) > 1)
    lines = report("trace", "--campaign", campaign, "--form", "regulated", "--row", str(row[0])).stdout
    assert f"本行由{row[11]}条线索汇总" in lines
    assert len(set(re.findall(r"^线索 (XS2027-\d{6})", lines, re.MULTILINE))) == row[11]
    assert "所在平台" in lines
    assert "← 名单比对结果" in lines


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
