"""Names of institutions in the text, the title, the byline and the footer, longest form first."""

import re

from detectors.fold import fold
from detectors.model import Document

_HEAD = r"[一-龥a-zA-Z0-9（）()·]{2,18}?"
_KIND = (
    r"(?:教育科技有限公司|教育咨询有限公司|文化传播有限公司|教育咨询|教育科技|文化传播|家庭教育指导中心|家庭教育|培训学校|培训中心|学科培训中心|艺术培训中心|"
    r"艺术中心|托管中心|学习中心|教育中心|培优中心|辅导中心|家教中心|学习空间|自习室|工作室|俱乐部|书画院|绘本馆|家教网|书院|学堂|教育|托管|少儿编程|有限责任公司|有限公司)"
)
_NAME = re.compile(
    rf"(?<![一-龥]){_HEAD}{_KIND}(?![一-龥]{{0,2}}(?:部门|局|厅|系统|工作|法|部))|[“「【《]({_HEAD}{_KIND})[”」】》]"
)
_GENERIC = re.compile(
    r"^(?:.{0,2}(?:家庭|素质|学科|义务|校外|课外|高中|初中|小学|学前|国际|中小学|线上|在线|优质|应试|早期|我们|你们|本|该|这|的|个性化|国家|全国)(?:教育|托管|工作室)?)$"
)
_STOP = re.compile(r"[，,。！？!?；;：:\s|｜/\n]")
_MOST = 12


def find_institutions(document: Document) -> tuple[str, ...]:
    """Return names as written, in order: title and byline first, then the text; what is only a common noun is left out."""
    names: dict[str, None] = {}
    for source in (document.title, document.author, document.text):
        for piece in _STOP.split(source[:200_000]):
            if len(piece) < 4 or len(piece) > 80:
                continue
            for match in _NAME.finditer(piece):
                name = (match[1] or match[0]).strip("（）()·")
                if len(name) >= 4 and not _GENERIC.match(name):
                    names[name] = None
            if len(names) >= _MOST:
                return tuple(names)
    return tuple(names) if names or not document.author else tuple(_byline(document.author))


def _byline(author: str) -> list[str]:
    shown = fold(author).plain.text
    return [author] if re.search(r"教育|培训|托管|学堂|书院|课堂|家教", shown) else []
