"""What python-docx leaves out: Chinese fonts by name with fall-backs, Chinese language, the same bytes each time."""

from io import BytesIO
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from docx import Document
from docx.document import Document as Doc
from docx.enum.style import WD_STYLE_TYPE
from docx.oxml.ns import qn
from docx.shared import Pt
from docx.styles.style import ParagraphStyle
from docx.text.run import Run

SONG_TITLE, FANGSONG, HEI, KAI, SONG = "方正小标宋简体", "仿宋_GB2312", "黑体", "楷体_GB2312", "宋体"
LATIN = "Times New Roman"

FALLBACKS = {
    SONG_TITLE: ("FZXiaoBiaoSong-B05S", "方正小标宋_GBK", "华文中宋", "STZhongsong", "Noto Serif CJK SC", "宋体"),
    FANGSONG: ("仿宋", "FangSong", "FangSong_GB2312", "华文仿宋", "STFangsong", "AR PL UMing CN"),
    HEI: ("SimHei", "华文黑体", "Noto Sans CJK SC", "微软雅黑"),
    KAI: ("楷体", "KaiTi", "KaiTi_GB2312", "华文楷体", "STKaiti", "AR PL UKai CN"),
    SONG: ("SimSun", "Noto Serif CJK SC", "AR PL UMing CN"),
}
"""The official fonts are commercial: they are named, never shipped; Word takes the first fall-back that it has."""


def set_fonts(target: ParagraphStyle | Run, east_asia: str, size: float, *, bold: bool = False, latin: str = LATIN) -> None:
    """Give a style or a run its Chinese font, its Latin font and its size; python-docx alone sets only the Latin one."""
    font = target.font
    font.name, font.size, font.bold = latin, Pt(size), bold
    fonts = target.element.get_or_add_rPr().get_or_add_rFonts()
    for theme in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
        fonts.attrib.pop(qn(f"w:{theme}"), None)
    fonts.set(qn("w:eastAsia"), east_asia)
    fonts.set(qn("w:hAnsi"), latin)


def add_style(document: Doc, name: str, east_asia: str, size: float, *, line: float = 0, latin: str = LATIN) -> ParagraphStyle:
    """Add a paragraph style without space around it; `line` is a fixed line pitch in points (0: single)."""
    style: ParagraphStyle = document.styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
    set_fonts(style, east_asia, size, latin=latin)
    layout = style.paragraph_format
    layout.space_before = layout.space_after = Pt(0)
    layout.line_spacing = Pt(line) if line else 1.0
    layout.widow_control = False
    return style


def blank_document(title: str) -> Doc:
    """Return an empty document that speaks Chinese: language, default font and properties set."""
    document = Document()
    document.core_properties.title = title
    document.core_properties.author = ""
    document.core_properties.comments = ""
    set_fonts(document.styles["Normal"], FANGSONG, 16)
    for language in document.styles.element.iter(qn("w:lang")):
        language.set(qn("w:eastAsia"), "zh-CN")
        language.set(qn("w:val"), "en-US")
    return document


def save(document: Doc, path: Path, splices: dict[bytes, str] | None = None) -> None:
    """Write the document with the fall-back fonts in its font table; the same content gives the same bytes.

    `splices` replaces markers (XML comments) of the body by ready XML: long tables never become a tree in memory.
    """
    packed = BytesIO()
    document.save(packed)
    with ZipFile(packed) as source, ZipFile(path, "w", ZIP_DEFLATED, compresslevel=6) as target:
        for name in source.namelist():
            content = source.read(name)
            if name == "word/fontTable.xml":
                content = _font_table()
            elif name == "word/document.xml":
                for marker, xml in (splices or {}).items():
                    content = content.replace(marker, xml.encode())
            entry = ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.compress_type = ZIP_DEFLATED
            target.writestr(entry, content)


def _font_table() -> bytes:
    fonts = "".join(
        f'<w:font w:name="{name}"><w:altName w:val="{",".join(others)}"/><w:charset w:val="86"/><w:family w:val="auto"/>'
        f'<w:pitch w:val="variable"/></w:font>'
        for name, others in FALLBACKS.items()
    )
    space = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    return f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?><w:fonts xmlns:w="{space}">{fonts}</w:fonts>'.encode()
