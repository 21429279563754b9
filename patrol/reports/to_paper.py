"""Lay a paper in running text into a Word document; every number is a tagged field, so that a later hand is noticed."""

from docx.document import Document as Doc
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.text.paragraph import Paragraph

from patrol.reports import gbt9704
from patrol.reports.cells import clean
from patrol.reports.edits import TAG, fingerprint
from patrol.reports.line_breaks import title_lines
from patrol.reports.records import BLANK, Block, Figure, Paper


def add_paper(document: Doc, paper: Paper) -> None:
    """Append title, recipient, text, annex note, signature and pictures; numbers changed by hand carry a comment."""
    gbt9704.add_styles(document)
    section = document.sections[0]
    gbt9704.portrait(section)
    if paper.letter:
        gbt9704.letter_head(document, section, paper.unit, paper.number)
    gbt9704.number_pages_at_edges(document, section, letter=paper.letter)
    document.add_paragraph("\n".join(title_lines(clean(paper.title, 120))), style=gbt9704.TITLE)
    document.add_paragraph(style=gbt9704.FLUSH)
    if paper.recipient:
        document.add_paragraph(f"{clean(paper.recipient, 80)}：", style=gbt9704.FLUSH)
    numbering = gbt9704.Numbering()
    for block in paper.blocks:
        add_block(document, block, numbering)
    gbt9704.add_annex_note(document, paper.annexes)
    gbt9704.sign(document, clean(paper.unit, 60), paper.signed)
    for place, block in enumerate(paper.pictures):
        gbt9704.add_picture(document, block.image, new_page=place == 0)
    document.core_properties.identifier = fingerprint(document)


def add_block(document: Doc, block: Block, numbering: gbt9704.Numbering) -> None:
    """Append one paragraph in its style, headings numbered by their level."""
    if block.kind == "picture":
        gbt9704.add_picture(document, block.image)
        return
    if block.kind.startswith("heading"):
        level = int(block.kind.removeprefix("heading"))
        document.add_paragraph(f"{numbering.next(level)}{clean(block.text)}", style=gbt9704.HEADINGS[level - 1])
        return
    paragraph = document.add_paragraph(style=gbt9704.FLUSH if block.kind == "flush" else gbt9704.BODY)
    for span in block.spans:
        if span.figure is not None:
            _add_figure(document, paragraph, span.figure)
        else:
            _add_text(paragraph, span.text)


def _add_text(paragraph: Paragraph, text: str) -> None:
    for place, part in enumerate(text.split(BLANK)):
        if place:
            mark = paragraph.add_run(BLANK)
            _shade(mark._r)  # noqa: SLF001  shading of a run has no public property
        if part:
            paragraph.add_run(clean_inner(part))


def clean_inner(text: str) -> str:
    """Clean a piece of a paragraph, keeping that it touches its neighbours."""
    return clean(f"|{text}|")[1:-1]


def _add_figure(document: Doc, paragraph: Paragraph, figure: Figure) -> None:
    run = paragraph.add_run(clean(figure.shown))
    holder, properties, tag, content = (OxmlElement(f"w:{name}") for name in ("sdt", "sdtPr", "tag", "sdtContent"))
    tag.set(qn("w:val"), f"{TAG}{figure.key}={figure.value}")
    properties.append(tag)
    holder.append(properties)
    holder.append(content)
    element = run._r  # noqa: SLF001  content controls have no public way in
    if figure.shown == BLANK:
        _shade(element)
    if figure.edited is not None:
        _shade(element)
        text = (
            f"此处人工改为“{clean(figure.edited, 40)}”，系统计算为“{figure.value}”（{figure.query}）。人工数字未被覆盖，请核对。"
        )
        document.add_comment(runs=run, text=text, author="线上巡查系统", initials="巡查")
    paragraph._p.replace(element, holder)  # noqa: SLF001
    content.append(element)


def _shade(run: object) -> None:
    properties = run.get_or_add_rPr()  # type: ignore[attr-defined]
    shade = OxmlElement("w:shd")
    for name, value in (("val", "clear"), ("color", "auto"), ("fill", "D9D9D9")):
        shade.set(qn(f"w:{name}"), value)
    properties.append(shade)
