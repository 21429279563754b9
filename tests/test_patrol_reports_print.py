"""Forms as they print: LibreOffice turns them into PDF, and every cell must hold its whole text inside its borders."""

import re
import shutil
from dataclasses import replace
from datetime import date
from pathlib import Path

import pdfplumber
import pytest
from docx import Document
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml.ns import qn
from docx.shared import Pt

from patrol.bench.report import sample_input, sample_whole
from patrol.model import Judgement
from patrol.reports import gbt9704
from patrol.reports.cells import chinese_date
from patrol.reports.forms import form, forms
from patrol.reports.preview import to_pdf
from patrol.reports.records import Block, Paper, Report, ReportInput, Span, Table
from patrol.reports.to_docx import write_docx
from patrol.reports.to_xlsx import write_xlsx

pytestmark = pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed")

HOSTILE = (
    "=1+1 " + "很长的标题" * 30,
    "https://x.example/" + "a1b2/" * 60,
    "W" * 90,
    "中，文。标、点；" * 12,
    "Ünïcödé ＦＵＬＬ width １２３ 😀 ﷽",
    "a\tb\r\nc\x00d\u202eefg",
)


def bare(text: str) -> str:
    return re.sub(r"\s", "", text)


def tough_input() -> ReportInput:
    """Return a batch whose cells are as awkward as pages can make them."""
    given = sample_input(len(HOSTILE))
    leads = tuple(
        replace(
            lead,
            url=text,
            excerpt=text,
            author=text,
            match=replace(lead.match, query=text),
            judgement=Judgement.CONFIRMED,
            screening=None,
        )
        for lead, text in zip(given.leads, HOSTILE, strict=True)
    )
    return replace(given, leads=leads)


def grid_paper() -> Report:
    text = "巡查情况报告正文用来检查每行二十八字每面二十二行" * 60
    paper = Paper(
        title="关于报送线上巡查情况的报告",
        blocks=(
            Block(kind="heading1", spans=(Span(text="一级标题"),)),
            Block(kind="heading2", spans=(Span(text="二级标题"),)),
            Block(kind="heading3", spans=(Span(text="三级标题"),)),
            Block(kind="heading4", spans=(Span(text="四级标题"),)),
            Block(kind="heading2", spans=(Span(text="又一个二级标题"),)),
            Block(kind="text", spans=(Span(text=text),)),
        ),
        unit="XX市教育局",
        signed=date(2027, 2, 5),
        recipient="省教育厅",
        annexes=("线上巡查情况表", "证据材料目录"),
    )
    return Report(form="test", title=paper.title, tables=(), made_at=sample_input(0).made_at, paper=paper)


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the PDFs of the forms, all printed in one run of LibreOffice."""
    folder = tmp_path_factory.mktemp("printed")
    files = []
    for name, report in (("tough", form("patrol_table").build(tough_input())), ("grid", grid_paper())):
        write_docx(report, folder / f"{name}-docx.docx")
        files.append(folder / f"{name}-docx.docx")
    write_xlsx(form("patrol_table").build(tough_input()), folder / "tough-xlsx.xlsx")
    write_docx(form("referral").build(sample_input(12)), folder / "letter-docx.docx")
    write_docx(form("summary").build(sample_whole(60)), folder / "summary-docx.docx")
    to_pdf([*files, folder / "tough-xlsx.xlsx", folder / "letter-docx.docx", folder / "summary-docx.docx"], folder)
    return folder


def printed_cells(pdf: Path) -> list[str]:
    with pdfplumber.open(pdf) as document:
        tables = [table for page in document.pages for table in page.extract_tables()]
    return [bare(cell or "") for table in tables for row in table for cell in row]


def expected(table: Table) -> list[str]:
    return [bare(str(value)) for row in table.rows for value in row.values]


def visible(text: str) -> str:
    # fonts write some characters in another form (ligatures, emoji); letters, digits and Chinese must all be there
    return "".join(re.findall(r"[0-9A-Za-z\u4e00-\u9fff]", text))


@pytest.mark.parametrize("kind", ["xlsx", "docx"])
def test_every_cell_prints_its_whole_text_inside_its_borders(printed: Path, kind: str) -> None:
    cells = {visible(cell) for cell in printed_cells(printed / f"tough-{kind}.pdf")}
    for table in form("patrol_table").build(tough_input()).tables:
        missing = [text for text in map(visible, expected(table)) if text not in cells]
        assert missing == []


@pytest.mark.parametrize("kind", ["xlsx", "docx"])
def test_pages_lie_across_carry_numbers_and_repeat_the_header_row(printed: Path, kind: str) -> None:
    with pdfplumber.open(printed / f"tough-{kind}.pdf") as document:
        texts = [bare(page.extract_text() or "") for page in document.pages]
        assert all(page.width > page.height for page in document.pages)
        assert len(texts) > 3
        assert all(f"—{number}—" in text for number, text in enumerate(texts, 1))
        heads = [bare("".join(cell or "" for cell in table[0])) for page in document.pages for table in page.extract_tables()]
    assert sum("采取的措施" in head for head in heads) > 1


def test_the_grid_has_22_lines_of_28_characters(printed: Path) -> None:
    with pdfplumber.open(printed / "grid-docx.pdf") as document:
        page = document.pages[1]
        body = [char for char in page.chars if char["size"] > 15]
        lines: dict[int, int] = {}
        for char in body:
            lines[round(char["top"])] = lines.get(round(char["top"]), 0) + 1
    assert len(lines) == gbt9704.LINES
    assert set(lines.values()) == {gbt9704.CHARACTERS}
    assert min(char["x0"] for char in body) == pytest.approx(gbt9704.LEFT / 25.4 * 72, abs=1)
    assert max(char["x1"] for char in body) <= (210 - gbt9704.RIGHT) / 25.4 * 72 + 1


def test_a_paper_follows_the_standard_when_read_back(printed: Path) -> None:
    document = Document(str(printed / "grid-docx.docx"))
    section = document.sections[0]
    assert [round(length.mm) for length in (section.page_width, section.page_height)] == [210, 297]
    assert [round(length.mm) for length in (section.top_margin, section.left_margin)] == [37, 28]
    texts = [paragraph.text for paragraph in document.paragraphs]
    for heading in ("一、一级标题", "（一）二级标题", "1.三级标题", "（1）四级标题", "（二）又一个二级标题", "省教育厅："):
        assert heading in texts
    assert texts[-5:-2] == ["附件：1. 线上巡查情况表", "2. 证据材料目录", ""]
    assert texts[-2:] == ["XX市教育局", "2027年2月5日"]
    fonts = {
        name: document.styles[name].element.rPr.rFonts.get(qn("w:eastAsia"))
        for name in (gbt9704.TITLE, gbt9704.BODY, *gbt9704.HEADINGS)
    }
    assert list(fonts.values()) == ["方正小标宋简体", "仿宋_GB2312", "黑体", "楷体_GB2312", "仿宋_GB2312", "仿宋_GB2312"]
    assert document.styles[gbt9704.TITLE].font.size == Pt(22)
    assert document.styles[gbt9704.BODY].font.size == Pt(16)
    assert document.settings.odd_and_even_pages_header_footer
    assert section.footer.paragraphs[0].alignment == WD_ALIGN_PARAGRAPH.RIGHT
    assert section.even_page_footer.paragraphs[0].alignment == WD_ALIGN_PARAGRAPH.LEFT


def test_page_numbers_stand_right_on_odd_and_left_on_even_pages(printed: Path) -> None:
    with pdfplumber.open(printed / "grid-docx.pdf") as document:
        places = []
        for page in document.pages[:2]:
            number = [char for char in page.chars if char["top"] > page.height - 35 / 25.4 * 72]
            assert "".join(char["text"] for char in number).replace(" ", "") == f"—{page.page_number}—"
            places.append(number[0]["x0"] / page.width)
    assert places[0] > 0.6
    assert places[1] < 0.3


def test_a_letter_hides_its_first_page_number_and_has_red_rules(printed: Path) -> None:
    with pdfplumber.open(printed / "letter-docx.pdf") as document:
        first = document.pages[0]
        assert "— 1 —" not in (first.extract_text() or "")
        red = [
            shape
            for shape in (*first.rects, *first.lines, *first.curves)
            if (1, 0, 0) in (shape["stroking_color"], shape["non_stroking_color"])
        ]
        tops = sorted(round(shape["top"] / 72 * 25.4) for shape in red)
        assert "〔2027〕" in bare(first.extract_text() or "")
    assert tops[0] < 60
    assert 275 <= tops[-1] <= 278


def test_the_summary_prints_its_charts_on_a_page_of_their_own(printed: Path) -> None:
    with pdfplumber.open(printed / "summary-docx.pdf") as document:
        pages = document.pages
        assert [bool(page.images) for page in pages] == [False] * (len(pages) - 1) + [True]
        picture = pages[-1].images[0]
        assert picture["x0"] >= 27 / 25.4 * 72
        assert picture["x1"] <= pages[-1].width - 25 / 25.4 * 72


def test_every_form_names_fonts_that_officers_have_and_their_fallbacks(tmp_path: Path) -> None:
    for name, one in forms().items():
        given = sample_whole(6) if one.TEMPLATE.whole_campaign else sample_input(6)
        write_docx(one.build(given), tmp_path / f"{name}.docx")
        package = Document(str(tmp_path / f"{name}.docx")).part.package
        table = next(part for part in package.iter_parts() if str(part.partname) == "/word/fontTable.xml").blob.decode()
        assert 'w:name="仿宋_GB2312"' in table
        assert "FangSong" in table
        language = Document(str(tmp_path / f"{name}.docx")).styles.element.find(f".//{qn('w:lang')}")
        assert language.get(qn("w:eastAsia")) == "zh-CN"


def test_dates_carry_no_leading_zeros() -> None:
    assert chinese_date(date(2027, 2, 5)) == "2027年2月5日"
    assert [gbt9704.chinese_number(number) for number in (1, 10, 11, 20, 99)] == ["一", "十", "十一", "二十", "九十九"]
