"""One fetched page as the readers see it: bytes decoded once, parsed once, its data looked up once."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from selectolax.lexbor import LexborHTMLParser

from patrol.model import Headers
from spiders.decoding import decode
from spiders.literals import literal_at, load_json
from spiders.texts import document_text, parse, squash, tame

_CALLBACK = re.compile(r"(?:/\*\*/)?\s*[\w$.]{1,80}\(\s*[{\[]")
_SHOWN_JSON = re.compile(
    r"<(?:!doctype[^>]*>\s*<)?html[^>]*>\s*(?:<head>.{0,1000}?</head>)?\s*<body[^>]*>\s*<pre[^>]*>\s*[{\[]",
    re.DOTALL | re.IGNORECASE,
)
_LONG_SOURCE = 300_000
_HIDDEN_LIST = re.compile(r"(<code[^>]{0,200}>\s{0,50})<!--|-->(\s{0,50}</code>)")


@dataclass
class FetchedPage:
    """What came back for one address; everything derived from it is worked out when first asked for."""

    body: bytes
    url: str
    status: int
    headers: Headers
    fetched_at: datetime
    found: dict[tuple[object, ...], object] = field(default_factory=dict)
    groups: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def content_type(self) -> str:
        """The Content-Type header."""
        return next((value for name, value in self.headers if name.lower() == "content-type"), "")

    @cached_property
    def source(self) -> str:
        """The decoded body."""
        return decode(self.body, self.content_type)

    @cached_property
    def is_json(self) -> bool:
        """Whether the body is JSON (told by its shape, not by its label)."""
        return self.json is not None

    @cached_property
    def json(self) -> object:
        """The body as JSON (bare, as an argument of a callback, or as a browser shows it in <pre>), or None."""
        start = self.source[:2_000].lstrip("\ufeff \t\r\n")
        if start[:1] in {"{", "["}:
            return load_json(self.source)
        if _CALLBACK.match(start):
            return literal_at(self.source, self.source.find("(") + 1)
        if start[:1] == "<" and "<pre" in start:
            shown = _SHOWN_JSON.match(start)
            node = self.tree.css_first("body > pre") if shown else None
            return load_json(node.text()) if node is not None else None
        return None

    @cached_property
    def tree(self) -> LexborHTMLParser:
        """The parsed document (never parsed as XML)."""
        return parse(self.markup)

    @cached_property
    def markup(self) -> str:
        """The source as it is parsed: no deeper than any honest page."""
        return tame(self.source)

    @cached_property
    def uncommented(self) -> LexborHTMLParser:
        """The parsed document with the lists that some sites keep inside comments brought out."""
        return parse(tame(_HIDDEN_LIST.sub(r"\1\2", self.source)))

    @cached_property
    def visible(self) -> str:
        """Everything a reader sees."""
        return "" if self.is_json else document_text(self.markup)

    @cached_property
    def title(self) -> str:
        """The document's title on one line."""
        node = self.tree.css_first("title")
        return squash(node.text()) if node is not None else ""

    def says(self, word: str) -> bool:
        """Whether a reader sees this word; the visible text is worked out only where the source has it."""
        if len(self.source) < _LONG_SOURCE and word not in self.source and "&#" not in self.source:
            return False
        return word in self.visible
