"""Read the data that pages keep in scripts: JSON, or JavaScript literals that are almost JSON; never runs anything."""

import json
import re
from dataclasses import dataclass, field

_DECODER = json.JSONDecoder(strict=False)
_ALMOST = re.compile(r'"(?:[^"\\]|\\.)*+"|\bundefined\b|\bvoid 0\b|\bNaN\b|-?\bInfinity\b|!0\b|!1\b', re.DOTALL)
_ALMOST_WORDS = {
    "undefined": "null",
    "void 0": "null",
    "NaN": "null",
    "Infinity": "null",
    "-Infinity": "null",
    "!0": "true",
    "!1": "false",
}
_TOKEN = re.compile(
    r"""\s+|//[^\n]*|/\*.*?\*/
    |(?P<string>"(?:[^"\\]|\\.)*+"|'(?:[^'\\]|\\.)*+'|`(?:[^`\\]|\\.)*+`)
    |(?P<number>-?(?:0[xX][0-9a-fA-F]+|\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+))
    |(?P<word>[A-Za-z_$][\w$.]*)
    |(?P<mark>[{}\[\](),:;])
    |(?P<operator>===|!==|==|!=|\|\||&&|[*+\-/?!<>%=|&~^])""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|u\{([0-9a-fA-F]{1,6})\}|(\r\n|.))", re.DOTALL)
_SURROGATE = re.compile("[\ud800-\udfff]")
_SIMPLE = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", "v": "\v", "0": "", "\n": "", "\r\n": ""}
_WORDS = {"true": True, "false": False, "null": None, "undefined": None}
_MAX_TOKENS = 400_000
_MAX_DEPTH = 200
_MAX_TRIES = 6
_SHORT = 2_000


def unescape_js(text: str) -> str:
    r"""Return a JavaScript string's value: `\n`, `\x22`, `\u4e00` and the like undone."""
    if "\\" not in text:
        return text
    plain = _ESCAPE.sub(_unescaped, text)
    return plain.encode("utf-16", "surrogatepass").decode("utf-16", "replace") if _SURROGATE.search(plain) else plain


def _unescaped(found: re.Match[str]) -> str:
    code = found[1] or found[2] or found[3]
    if code:
        number = int(code, 16)
        return chr(number) if number <= 0x10FFFF else "�"
    return _SIMPLE.get(found[4], found[4])


def load_json(text: str) -> object:
    """Return the value of a JSON text, or None where it is none (also when nested absurdly deep)."""
    try:
        return _DECODER.decode(text.strip().removeprefix("﻿"))
    except (ValueError, RecursionError):
        return None


def literal_at(source: str, start: int) -> object:
    """Return the JSON or JavaScript value that begins at `start`, whatever follows it; None where there is none."""
    head = source[start : start + 64].lstrip()
    begin = start + (len(source[start : start + 64]) - len(head))
    if head[:1] in {"{", "["}:
        found, value = _json_at(source, begin)
        if found:
            return value
    return _Tolerant(source, begin).read(_MAX_TOKENS if head[:1] in {"{", "["} else _SHORT)


def _json_at(source: str, begin: int) -> tuple[bool, object]:
    try:
        return True, _DECODER.raw_decode(source, begin)[0]
    except RecursionError:
        return False, None
    except ValueError:
        pass
    end = source.find("</script", begin)
    chunk = source[begin : end if end >= 0 else len(source)]
    try:
        return True, _DECODER.raw_decode(_ALMOST.sub(lambda found: _ALMOST_WORDS.get(found[0], found[0]), chunk))[0]
    except (ValueError, RecursionError):
        return False, None


_ASSIGNED = re.compile(r"(?:[\"']\])?\s{0,20}=(?!=)")


def script_variable(source: str, name: str) -> object:
    """Return what a script assigns to a variable: the first assignment that holds anything, or None."""
    short = name.removeprefix("window.")
    at = -1
    for _ in range(_MAX_TRIES):
        at = _next_assignment(source, short, at + 1)
        if at < 0:
            return None
        value = literal_at(source, at)
        if value not in (None, "", {}, []):
            return value
    return None


def _next_assignment(source: str, name: str, at: int) -> int:
    while (at := source.find(name, at)) >= 0:
        before = source[at - 1 : at]
        at += len(name)
        found = _ASSIGNED.match(source, at)
        if found and not (before.isalnum() or before in {"_", "$"}):
            return found.end()
    return -1


def call_argument(source: str, name: str) -> object:
    """Return the first argument of the first call of a function, e.g. `jsonp_callback({...})`."""
    found = re.search(rf"(?<![\w$.]){re.escape(name)}\s{{0,20}}\(", source)
    return literal_at(source, found.end()) if found else None


@dataclass(slots=True)
class _Level:
    """One open bracket: what it holds so far, the key that waits for its value, and the expression being read."""

    mark: str
    array: list[object] = field(default_factory=list)
    table: dict[str, object] = field(default_factory=dict)
    key: str | None = None
    terms: list[object] = field(default_factory=list)
    operators: list[str] = field(default_factory=list)


class _Tolerant:
    """A reader of JavaScript literals with simple expressions; one pass, no recursion, never runs code."""

    def __init__(self, source: str, start: int) -> None:
        self.source, self.at, self.stack, self.done = source, start, [_Level("")], False

    def read(self, limit: int) -> object:
        """Return the value after at most `limit` tokens, or None when the text is no literal."""
        for _ in range(limit):
            found = _TOKEN.match(self.source, self.at)
            if found is None or found.end() == self.at:
                break
            self.at = found.end()
            if found.lastgroup is not None:
                self._take(found.lastgroup, found[0])
            if self.done or len(self.stack) > _MAX_DEPTH:
                break
        return self._whole()

    def _whole(self) -> object:
        while len(self.stack) > 1:
            self._close()
        return _value_of(self.stack[0])

    def _take(self, group: str, text: str) -> None:
        level = self.stack[-1]
        if group == "mark":
            self._mark(text, level)
        elif group == "operator":
            level.operators.append(text)
        elif group == "string":
            level.terms.append(unescape_js(text[1:-1]))
        elif group == "number":
            level.terms.append(_number(text))
        elif text in _WORDS:
            level.terms.append(_WORDS[text])
        elif len(self.stack) == 1 and level.terms and not level.operators:
            self.done = True
        else:
            level.terms.append(_Name(text))

    def _mark(self, mark: str, level: _Level) -> None:
        if mark in "{[(":
            self.stack.append(_Level(mark))
        elif mark in "}])":
            if len(self.stack) == 1:
                self.done = True
            else:
                self._close()
        elif mark == ";":
            self.done = len(self.stack) == 1
        elif mark == ",":
            self._end_of_value(level)
        elif mark == ":" and level.mark == "{" and level.key is None:
            level.key = _key_of(level.terms)
            level.terms, level.operators = [], []
        elif mark == ":":
            level.operators.append(":")

    def _end_of_value(self, level: _Level) -> None:
        if level.mark == "":
            self.done = True
        elif level.mark == "{":
            if level.key is not None:
                level.table[level.key] = _value_of(level)
        elif level.terms:
            level.array.append(_value_of(level))
        level.key, level.terms, level.operators = None, [], []

    def _close(self) -> None:
        level = self.stack[-1]
        self._end_of_value(level)
        self.stack.pop()
        below = self.stack[-1]
        if level.mark == "(":
            inner = level.array[0] if level.array else None
            if below.terms and isinstance(below.terms[-1], _Name):
                below.terms.pop()
            below.terms.append(inner)
        else:
            below.terms.append(level.table if level.mark == "{" else level.array)
        if not self.stack[1:] and level.mark in "{[" and not below.operators:
            self.done = self._next_is_end()

    def _next_is_end(self) -> bool:
        return not self.source[self.at : self.at + 8].lstrip().startswith(("||", "*", "?"))


@dataclass(frozen=True, slots=True)
class _Name:
    """An identifier whose value is not known."""

    text: str


def _key_of(terms: list[object]) -> str:
    first = terms[0] if terms else ""
    return first.text if isinstance(first, _Name) else str(first)


def _number(text: str) -> object:
    try:
        return int(text, 0) if not re.search(r"[.eE]", text) or text[:2].lower() == "0x" else float(text)
    except ValueError:
        return float(text) if re.fullmatch(r"-?\d+", text) and len(text) < 30 else None


def _value_of(level: _Level) -> object:
    """Value a simple expression: `a`, `a || b`, `'12' * 1`, `'x' === 'y' ? 1 : 0`, `'a' + 'b'`."""
    terms = [None if isinstance(term, _Name) else term for term in level.terms]
    operators = level.operators
    if not terms:
        return None
    if not operators:
        return terms[0] if len(terms) == 1 else terms[-1] if isinstance(level.terms[0], _Name) else terms[0]
    return _computed(terms, operators)


def _computed(terms: list[object], operators: list[str]) -> object:
    first = operators[0]
    if "?" in operators:
        split = operators.index("?")
        chosen = _truth(terms[: split + 1], operators[:split])
        rest = terms[split + 1 :]
        return rest[0 if chosen else min(1, len(rest) - 1)] if rest else None
    if first == "||":
        return next((term for term in terms if term), terms[-1])
    if first == "*":
        return _times(terms[0])
    if first == "+" and all(isinstance(term, str) for term in terms):
        return "".join(str(term) for term in terms)
    if first in {"===", "=="}:
        return terms[0] == terms[1] if len(terms) > 1 else False
    return not terms[0] if first == "!" else terms[0]


def _truth(terms: list[object], operators: list[str]) -> bool:
    if operators and operators[0] in {"===", "=="} and len(terms) > 1:
        return bool(terms[0] == terms[1])
    return bool(terms and terms[0])


def _times(value: object) -> object:
    if isinstance(value, str):
        return _number(value.strip()) if re.fullmatch(r"\s*-?\d{1,20}(?:\.\d{1,20})?\s*", value) else 0
    return value
