"""A campaign of 300 leads over two batches: every form made, printed, and its sums held against each other and against SQL."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pypdfium2
import pytest

from patrol.reports.forms import forms
from patrol.reports.preview import to_pdf
from tests.report_workspace import body_text, count, filled, make, numbered, report, rows_of

MANY = 300


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


def test_every_form_is_made_in_every_kind_it_has(campaign_of_300: Path) -> None:
    out = campaign_of_300 / "out"
    for name, one in forms().items():
        made = sorted(path.suffix.removeprefix(".") for path in out.glob(f"{name}.*"))
        assert made == sorted(one.TEMPLATE.kinds)
    assert all(path.stat().st_size > 3000 for path in out.iterdir())
    assert not list(out.glob(".*part*"))


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
    printed = ("batch-1.xlsx", "ledger.xlsx", "census.xlsx", "regulated.xlsx", "list_changes.xlsx", "summary.docx", "cases.docx")
    pages = {pdf.stem: pages_of(pdf) for pdf in to_pdf([out / name for name in printed], campaign_of_300 / "pdf")}
    for texts in pages.values():
        assert all(re.sub(r"\s", "", text) for text in texts)
        assert not re.search("〔待\\s|待\\s+填〕", "".join(texts))
    numbers = set(re.findall(r"XS2027-\d{6}", "".join(pages["ledger"])))
    assert len(numbers) == listed
    # a signature never stands alone on a page
    for name in ("summary", "cases"):
        signed = next(text for text in pages[name] if re.search(r"XX ?市教育局\s+\d{4} ?年", text))
        assert len(re.sub(r"\s", "", signed)) > 60


def pages_of(pdf: Path) -> list[str]:
    document = pypdfium2.PdfDocument(pdf)
    try:
        return [page.get_textpage().get_text_range() for page in document]
    finally:
        document.close()


def test_a_line_that_gathers_leads_is_traced_to_each_of_them(campaign_of_300: Path) -> None:
    campaign = campaign_of_300 / "campaign.toml"
    rows = numbered(rows_of(campaign_of_300 / "out" / "regulated.xlsx", "监管对象名单"))
    row = next(row for row in rows if int(str(row[11])) > 1)
    lines = report("trace", "--campaign", campaign, "--form", "regulated", "--row", str(row[0])).stdout
    assert f"本行由{row[11]}条线索汇总" in lines
    assert len(set(re.findall(r"^线索 (XS2027-\d{6})", lines, re.MULTILINE))) == row[11]
    assert "所在平台" in lines
    assert "← 名单比对结果" in lines
