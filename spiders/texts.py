"""From markup to the text a reader sees: blocks become lines, nothing written is dropped (hidden text is evidence too)."""

import html
import re
from itertools import pairwise

from selectolax.lexbor import LexborHTMLParser, LexborNode

_DROPPED = ["script", "style", "noscript", "template", "iframe", "svg", "head", "noembed", "noframes", "object"]
_BLOCKS = (
    "address,article,aside,blockquote,br,center,dd,details,div,dl,dt,fieldset,figcaption,figure,footer,form,h1,h2,h3,h4,h5,h6,"
    "header,hr,legend,li,main,nav,ol,option,p,pre,section,summary,table,tr,ul"
)
_BREAKING = f"{_BLOCKS},td,th,{','.join(_DROPPED)}"
_NOISE = ".jammer"
_SPACES = re.compile(r"[ \t\n\r\f\v\u00a0\u3000]+")
_INLINE_SPACES = re.compile(r"[ \t\r\f\v\u00a0\u3000]+")
_LINES = re.compile(r" ?\n[ \n]*")
_MARK = "\x01"
_MARKS = re.compile(f" ?{_MARK}[ {_MARK}]*")
_ZERO_WIDTH = dict.fromkeys([0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF, 0x00AD, 0x180E], None)
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_OPENING = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)")
_FLAT = (
    "area,base,br,col,embed,hr,img,input,link,meta,param,source,track,wbr,p,li,dt,dd,option,optgroup,tr,td,th,tbody,thead,tfoot,"
    "html,head,body"
)
_NOT_NESTING = frozenset(_FLAT.split(","))
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z]{2,8}\d?);")
_MANY_TAGS = 6_000
_MAX_DEPTH = 300
_MOST_TAGS = 60_000
_ANY_TAG = re.compile(r"<[^>]*>?")
MAX_TEXT = 200_000


def parse(markup: str) -> LexborHTMLParser:
    """Return the parsed document; give it `tame` markup, since parsing is quadratic in depth."""
    try:
        return LexborHTMLParser(markup)
    except UnicodeEncodeError:
        return LexborHTMLParser(markup.encode("utf-8", "replace").decode("utf-8"))


def tame(markup: str) -> str:
    """Return markup no deeper and with no more elements than any honest page; the text of what was too much stays."""
    if markup.count("<") <= _MANY_TAGS:
        return markup
    cuts, end = _excess(markup)
    if not cuts and end == len(markup):
        return markup
    pieces = [markup[: cuts[0]] if cuts else markup[:end]]
    for start, stop in pairwise([*cuts, end]):
        close = markup.find(">", start, stop)
        pieces.append(" " + markup[close + 1 : stop] if close >= 0 else "")
    pieces.append(_ANY_TAG.sub(" ", markup[end:]))
    return "".join(pieces)


def _excess(markup: str) -> tuple[list[int], int]:
    """Return where tags nest too deep, and where there are too many of them."""
    depth = 0
    cuts: list[int] = []
    for number, found in enumerate(_OPENING.finditer(markup)):
        if number > _MOST_TAGS:
            return cuts, found.start()
        if found[2].lower() in _NOT_NESTING:
            continue
        depth = max(0, depth - 1) if found[1] else depth + 1
        if depth > _MAX_DEPTH:
            cuts.append(found.start())
    return cuts, len(markup)


def document_text(markup: str) -> str:
    """Return the text a reader sees in a whole document or a fragment of markup."""
    if "<" not in markup and "&" not in markup:
        return squash_lines(markup)
    return _text_of(parse(tame(markup)))


def element_text(node: LexborNode) -> str:
    """Return the text a reader sees in one element."""
    child = node.first_child
    if child is None:
        return ""
    if child.next is None and child.is_text_node:
        return _SPACES.sub(" ", child.text_content or "").strip()
    mine = node.mem_id
    if not any(inner.mem_id != mine for inner in node.css(_BREAKING)):
        return _SPACES.sub(" ", node.text()).strip()
    return _text_of(parse(node.html or ""))


def own_text(node: LexborNode) -> str:
    """Return the text of an element that stands outside its child elements."""
    return squash(node.text(deep=False))


def _text_of(tree: LexborHTMLParser) -> str:
    body = tree.body
    if body is None:
        return ""
    tree.strip_tags(_DROPPED)
    for noise in tree.css(_NOISE):
        noise.decompose()
    for block in tree.css(_BLOCKS):
        block.insert_before(_MARK)
        block.insert_after(_MARK)
    for cell in tree.css("td,th"):
        cell.insert_after(" ")
    text = _SPACES.sub(" ", body.text())
    return _MARKS.sub("\n", text).strip()


def squash_lines(text: str) -> str:
    """Return text with runs of blanks and of empty lines made one, ends trimmed."""
    return _LINES.sub("\n", _INLINE_SPACES.sub(" ", text.replace("\r", "\n"))).strip()


def squash(text: str) -> str:
    """Return text on one line."""
    return " ".join(text.split())


def clean(text: str) -> str:
    """Return text that can be stored: no control characters, no lone surrogates, no more than MAX_TEXT characters."""
    return _CONTROL.sub("", text[:MAX_TEXT])


def unescape_entities(text: str) -> str:
    """Return text with its complete entities undone; `&timestamp=` in an address is none."""
    return _ENTITY.sub(lambda found: html.unescape(found[0]), text) if "&" in text else text


def strip_zero_width(text: str) -> str:
    """Return text without the invisible characters that some sites mix into words and numbers."""
    return text.translate(_ZERO_WIDTH)
