"""党政机关公文格式 GB/T 9704-2012: paper, margins, 22 × 28 grid, headings, page numbers, signature, annexes, letters.

Sizes are in points (三号 = 16, 二号 = 22, 四号 = 14), distances in millimetres. The standard's section is named at each rule.
"""

from datetime import date
from io import BytesIO

from docx.document import Document as Doc
from docx.enum.section import WD_ORIENT, WD_SECTION
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.section import Section
from docx.shared import Mm, Pt, RGBColor
from docx.styles.style import ParagraphStyle
from docx.text.paragraph import Paragraph

from patrol.reports.cells import chinese_date
from patrol.reports.line_breaks import width_of
from patrol.reports.word_package import FANGSONG, HEI, KAI, SONG, SONG_TITLE, add_style, set_fonts

SIZE_2, SIZE_3, SIZE_4 = 22.0, 16.0, 14.0
LINES, CHARACTERS = 22, 28
TEXT_WIDTH, TEXT_HEIGHT = 156.0, 225.0
TOP, LEFT = 37.0, 28.0
BOTTOM, RIGHT = 297 - TOP - TEXT_HEIGHT, 210 - LEFT - TEXT_WIDTH
LINE = 28.95
TITLE, BODY, FLUSH, ANNEX_MARK, CENTRED = "公文标题", "公文正文", "公文顶格", "附件标识", "公文居中"
HEADINGS = ("公文一级标题", "公文二级标题", "公文三级标题", "公文四级标题")
_RED = RGBColor(0xFF, 0, 0)
_DIGITS = "零一二三四五六七八九"


def chinese_number(number: int) -> str:
    """Write 1 to 99 in Chinese numerals, as heading numbers need them."""
    tens, ones = divmod(number, 10)
    if tens == 0:
        return _DIGITS[ones]
    return ("" if tens == 1 else _DIGITS[tens]) + "十" + (_DIGITS[ones] if ones else "")


class Numbering:
    """Counts the four heading levels (7.3.3): 一、 （一） 1. （1）; a higher level starts the lower ones anew."""

    def __init__(self) -> None:
        self._counts = [0, 0, 0, 0]

    def next(self, level: int) -> str:
        """Return the number of the next heading of `level` (1 to 4)."""
        self._counts[level - 1] += 1
        self._counts[level:] = [0] * (4 - level)
        number = self._counts[level - 1]
        marks = (f"{chinese_number(number)}、", f"（{chinese_number(number)}）", f"{number}.", f"（{number}）")
        return marks[level - 1]


def add_styles(document: Doc) -> None:
    """Add the paragraph styles of an official paper (7.3): title 二号小标宋, body 三号仿宋, headings 黑体, 楷体, 仿宋, 仿宋."""
    title = add_style(document, TITLE, SONG_TITLE, SIZE_2, line=34)
    title.paragraph_format.alignment = WD_ALIGN_PARAGRAPH.CENTER
    title.paragraph_format.keep_with_next = True
    _off_grid(title)
    body = add_style(document, BODY, FANGSONG, SIZE_3, line=LINE)
    body.paragraph_format.alignment = WD_ALIGN_PARAGRAPH.JUSTIFY
    _indent_two(body.element)
    _on_grid(body)
    for name, font in zip(HEADINGS, (HEI, KAI, FANGSONG, FANGSONG), strict=True):
        heading = add_style(document, name, font, SIZE_3, line=LINE)
        heading.paragraph_format.keep_with_next = True
        _indent_two(heading.element)
        _on_grid(heading)
    for name, font in ((FLUSH, FANGSONG), (ANNEX_MARK, HEI)):
        _on_grid(add_style(document, name, font, SIZE_3, line=LINE))
    centred = add_style(document, CENTRED, FANGSONG, SIZE_4, line=LINE)
    centred.paragraph_format.alignment = WD_ALIGN_PARAGRAPH.CENTER


def _on_grid(style: ParagraphStyle) -> None:
    # 28 characters of 16 points are 2 mm wider than the type area of 156 mm: each gives up a quarter of a point
    spacing = OxmlElement("w:spacing")
    spacing.set(qn("w:val"), "-5")
    properties = style.element.get_or_add_rPr()
    properties.insert_element_before(spacing, "w:w", "w:kern", "w:position", "w:sz", "w:szCs", "w:highlight", "w:lang")


def _off_grid(style: ParagraphStyle) -> None:
    snap = OxmlElement("w:snapToGrid")
    snap.set(qn("w:val"), "0")
    style.element.get_or_add_pPr().insert_element_before(snap, "w:spacing", "w:ind", "w:jc", "w:rPr")


def _indent_two(style: object) -> None:
    properties = style.get_or_add_pPr()  # type: ignore[attr-defined]
    indent = properties.get_or_add_ind()
    indent.set(qn("w:firstLineChars"), "200")
    indent.set(qn("w:firstLine"), str(round(2 * SIZE_3 * 20)))


def portrait(section: Section) -> None:
    """Lay a section on A4 upright with the type area of 156 × 225 mm and its grid of 22 lines of 28 characters (5.2)."""
    section.orientation = WD_ORIENT.PORTRAIT
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.left_margin, section.right_margin = Mm(LEFT), Mm(RIGHT)
    section.top_margin, section.bottom_margin = Mm(TOP), Mm(BOTTOM)
    section.header_distance, section.footer_distance = Mm(15), Mm(BOTTOM - 10)
    properties = section._sectPr  # noqa: SLF001  the grid has no public property
    for old in properties.findall(qn("w:docGrid")):
        properties.remove(old)
    grid = OxmlElement("w:docGrid")
    # a grid of lines only: LibreOffice gives a 16-point character two cells of a 15.8-point grid; `_on_grid` holds the 28
    grid.set(qn("w:type"), "lines")
    grid.set(qn("w:linePitch"), str(int(TEXT_HEIGHT / 25.4 * 1440 / LINES)))
    properties.append(grid)


def landscape(section: Section, paper: str = "A4", margin: float = 15) -> float:
    """Lay a section across on A4 or A3, for wide tables; return the width in millimetres that a table has."""
    width, height = (420, 297) if paper == "A3" else (297, 210)
    section.orientation = WD_ORIENT.LANDSCAPE
    section.page_width, section.page_height = Mm(width), Mm(height)
    section.left_margin = section.right_margin = Mm(margin)
    section.top_margin, section.bottom_margin = Mm(20), Mm(20)
    section.footer_distance = Mm(10)
    for old in section._sectPr.findall(qn("w:docGrid")):  # noqa: SLF001
        section._sectPr.remove(old)  # noqa: SLF001
    return width - 2 * margin


def number_pages(section: Section) -> None:
    """Put the page number — 1 — centred below the type area, 四号半角宋体; for sheets of tables."""
    section.footer.is_linked_to_previous = False
    paragraph = section.footer.paragraphs[0]
    paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    add_page_field(paragraph)


def number_pages_at_edges(document: Doc, section: Section, *, letter: bool = False) -> None:
    """Put — 1 — one character in from the right on odd pages, from the left on even ones (7.5); letters hide the first."""
    document.settings.odd_and_even_pages_header_footer = True
    section.different_first_page_header_footer = letter
    for footer, alignment in (
        (section.footer, WD_ALIGN_PARAGRAPH.RIGHT),
        (section.even_page_footer, WD_ALIGN_PARAGRAPH.LEFT),
    ):
        footer.is_linked_to_previous = False
        paragraph = footer.paragraphs[0]
        paragraph.alignment = alignment
        paragraph.paragraph_format.left_indent = paragraph.paragraph_format.right_indent = Pt(SIZE_4)
        paragraph.paragraph_format.space_after = Mm(6.5) if letter else Pt(0)
        add_page_field(paragraph)


def add_page_field(paragraph: Paragraph) -> None:
    """Append — PAGE — to a footer paragraph."""
    for kind, text in (
        ("text", "— "),
        ("begin", ""),
        ("code", "PAGE"),
        ("separate", ""),
        ("text", "1"),
        ("end", ""),
        ("text", " —"),
    ):
        run = paragraph.add_run()
        set_fonts(run, SONG, SIZE_4, latin=SONG)
        if kind == "text":
            run.text = text
            continue
        element = OxmlElement("w:instrText" if kind == "code" else "w:fldChar")
        if kind == "code":
            element.text = text
            element.set(qn("xml:space"), "preserve")
        else:
            element.set(qn("w:fldCharType"), kind)
        run._r.append(element)  # noqa: SLF001  python-docx has no public way to add a field


def add_annex_note(document: Doc, annexes: tuple[str, ...]) -> None:
    """List the annexes one line below the text (7.3.4): 附件：1. …, names without a full stop, numbers under one another."""
    if not annexes:
        return
    document.add_paragraph(style=FLUSH)
    for place, name in enumerate(annexes, 1):
        lead = "附件：" if place == 1 else ""
        number = f"{place}. " if len(annexes) > 1 else ""
        paragraph = document.add_paragraph(f"{lead}{number}{name}", style=FLUSH)
        hang = width_of("附件：" + number)
        paragraph.paragraph_format.left_indent = Pt((2 + hang) * SIZE_3)
        paragraph.paragraph_format.first_line_indent = Pt(-(hang if place == 1 else width_of(number)) * SIZE_3)


def sign(document: Doc, unit: str, day: date, *, sealed: bool = True) -> None:
    """Put signature and date (7.3.5): with a seal the date stands four characters in and the name centred above it; without a
    seal the name stands two characters in and the date starts two characters after it. The last lines of the text stay with it:
    no page holds a signature alone."""
    written = chinese_date(day)
    name_width, date_width = width_of(unit), width_of(written)
    if sealed:
        date_right = max(4.0, 4.0 + (name_width - date_width) / 2 - 2)
        name_right = max(2.0, date_right + (date_width - name_width) / 2)
    else:
        name_right = max(2.0, 2.0 + date_width - name_width + 2)
        date_right = max(2.0, name_right + name_width - 2 - date_width)
    for paragraph in _last_of_text(document):
        paragraph.paragraph_format.keep_with_next = True
    document.add_paragraph(style=FLUSH).paragraph_format.keep_with_next = True
    for text, right in ((unit, name_right), (written, date_right)):
        paragraph = document.add_paragraph(text, style=FLUSH)
        paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT
        paragraph.paragraph_format.right_indent = Pt(right * SIZE_3)
        paragraph.paragraph_format.keep_with_next = text == unit


def _last_of_text(document: Doc) -> list[Paragraph]:
    """Return the last paragraph of the text and what follows it (the annex note); of a long one only what follows it."""
    paragraphs = document.paragraphs
    places = [place for place, one in enumerate(paragraphs) if one.style is not None and one.style.name == BODY]
    if not places:
        return []
    # LibreOffice moves a kept paragraph whole: one of half a page or more would leave the page before it bare
    long = len(paragraphs[places[-1]].text) > LINES // 2 * CHARACTERS
    return paragraphs[places[-1] + long :]


def start_annex(document: Doc, mark: str, title: str) -> None:
    """Begin an annex on a new page: 附件N in 三号黑体 at the top left, its title centred on the third line (7.3.4)."""
    paragraph = document.add_paragraph(mark, style=ANNEX_MARK)
    paragraph.paragraph_format.page_break_before = True
    document.add_paragraph(style=FLUSH)
    document.add_paragraph(title, style=TITLE)


def add_picture(document: Doc, image: bytes, width: float = TEXT_WIDTH - 6, *, new_page: bool = False) -> None:
    """Add a PNG, centred, at most as wide as the type area."""
    paragraph = document.add_paragraph(style=CENTRED)
    paragraph.paragraph_format.line_spacing = 1.0
    paragraph.paragraph_format.page_break_before = new_page
    paragraph.add_run().add_picture(BytesIO(image), width=Mm(width))


def letter_head(document: Doc, section: Section, sender: str, number: str) -> None:
    """Lay out 信函格式 (10.1): sender in red 30 mm from the top edge, double rules below it and 20 mm above the bottom edge."""
    section.top_margin = Mm(30)
    section.different_first_page_header_footer = True
    mark = document.add_paragraph(style=TITLE)
    run = mark.add_run(sender)
    set_fonts(run, SONG_TITLE, 34)
    run.font.color.rgb = _RED
    mark.paragraph_format.line_spacing = Pt(44)
    _rule(mark, "bottom", "thickThinSmallGap")
    shown = document.add_paragraph(number, style=FLUSH)
    shown.alignment = WD_ALIGN_PARAGRAPH.RIGHT
    document.add_paragraph(style=FLUSH)
    section.first_page_footer.is_linked_to_previous = False
    section.footer_distance = Mm(18.5)
    lower = section.first_page_footer.paragraphs[0]
    lower.paragraph_format.line_spacing, lower.paragraph_format.space_after = Pt(1), Pt(0)
    _rule(lower, "top", "thinThickSmallGap", distance=0)


def _rule(paragraph: Paragraph, side: str, kind: str, *, distance: int = 6) -> None:
    border = parse_xml(
        f'<w:pBdr {nsdecls("w")}><w:{side} w:val="{kind}" w:sz="24" w:space="{distance}" w:color="FF0000"/></w:pBdr>'
    )
    later = ("w:shd", "w:tabs", "w:suppressAutoHyphens", "w:snapToGrid", "w:spacing", "w:ind", "w:jc", "w:rPr", "w:sectPr")
    paragraph._p.get_or_add_pPr().insert_element_before(border, *later)  # noqa: SLF001  borders have no public property
    # the rule is 170 mm long, 7 mm more than the type area on each side
    paragraph.paragraph_format.left_indent = paragraph.paragraph_format.right_indent = Mm(-7)


def new_section(document: Doc) -> Section:
    """Begin a section on a new page."""
    section: Section = document.add_section(WD_SECTION.NEW_PAGE)
    section.different_first_page_header_footer = False
    return section
