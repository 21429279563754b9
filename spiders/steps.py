"""The steps that `do:` in a platform.yml may name: each turns a list of values into a list of values."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from urllib.parse import parse_qsl, unquote, urlsplit

from patrol.platform_rules import Step, StepName
from spiders.addresses import absolute, unwrapped
from spiders.literals import unescape_js
from spiders.texts import document_text, squash, squash_lines, strip_zero_width, unescape_entities

Args = tuple[str, ...]
_PHONE = re.compile(
    r"(?<![\d.])(?:1[3-9]\d[\s\-]?\d{4}[\s\-]?\d{4}|0\d{2,3}[\s\-]?\d{7,8}|400[\s\-]?\d{3,4}[\s\-]?\d{3,4})(?!\d)"
)
_AMOUNT = re.compile(r"(-?\d[\d,]*(?:\.\d+)?)\s*([万亿kKwW]?)")
_SCALES = {"万": 10_000, "w": 10_000, "W": 10_000, "亿": 100_000_000, "k": 1_000, "K": 1_000}


def apply_steps(values: Sequence[object], steps: Sequence[Step], base: str) -> list[object]:
    """Return the values after every step in order; what a step cannot use falls away."""
    current = list(values)
    for step in steps:
        if step.name == "absolute":
            current = [link for value in current if (link := absolute(base, str(value)))]
        else:
            current = STEPS[step.name](current, step.args)
    return current


def _each(change: Callable[[str, Args], object]) -> Callable[[list[object], Args], list[object]]:
    def run(values: list[object], args: Args) -> list[object]:
        changed = (change(_as_text(value), args) for value in values)
        return [value for value in changed if value not in (None, "")]

    return run


def _as_text(value: object) -> str:
    return value if isinstance(value, str) else "" if value is None else str(value)


def _matched(text: str, args: Args) -> str:
    found = re.search(args[0], text, re.DOTALL)
    if found is None:
        return ""
    return next((group for group in found.groups() if group), "") if found.groups() else found[0]


def _all_matched(values: list[object], args: Args) -> list[object]:
    found: list[object] = []
    for value in values:
        found.extend("".join(match) if isinstance(match, tuple) else match for match in re.findall(args[0], _as_text(value)))
    return found


def _number(text: str, _args: Args) -> str:
    found = _AMOUNT.search(text)
    if found is None:
        return ""
    value = float(found[1].replace(",", "")) * _SCALES.get(found[2], 1)
    return str(int(value)) if value == int(value) else str(value)


def _cents(text: str, _args: Args) -> str:
    return f"{int(text) / 100:g}" if re.fullmatch(r"\d{1,12}", text) else text


def _cut(text: str, args: Args) -> str:
    """Cut the text off where one of the given words begins."""
    for word in args:
        at = text.find(word)
        if at > 0:
            text = text[:at]
    return text.strip()


def _after(text: str, args: Args) -> str:
    """Keep what follows a word."""
    return next((text.partition(word)[2].strip() for word in args if word in text), "")


def _mapped(text: str, args: Args) -> str:
    return dict(zip(args[::2], args[1::2], strict=False)).get(text, text)


def _query(text: str, args: Args) -> str:
    try:
        return next((value for name, value in parse_qsl(urlsplit(text).query) if name in args), "")
    except ValueError:
        return ""


def _split(values: list[object], args: Args) -> list[object]:
    pattern = args[0] if args else r"[,，、;；\s]+"
    return [part.strip() for value in values for part in re.split(pattern, _as_text(value)) if part.strip()]


def _phones(values: list[object], _args: Args) -> list[object]:
    return [re.sub(r"[\s\-]", "", number) for value in values for number in _PHONE.findall(_as_text(value))]


STEPS: Mapping[StepName, Callable[[list[object], Args], list[object]]] = {
    "after": _each(_after),
    "bing_url": _each(lambda text, _: unwrapped(text)),
    "cents": _each(_cents),
    "clean": _each(lambda text, _: squash_lines(strip_zero_width(text))),
    "cut": _each(_cut),
    "default": lambda values, args: values or list(args),
    "digits": _each(lambda text, _: re.sub(r"\D", "", text)),
    "first": lambda values, _: values[:1],
    "html_text": _each(lambda text, _: document_text(text)),
    "join": lambda values, args: (
        [(args[0] if args else "\n").join(_as_text(value) for value in values if value)] if values else []
    ),
    "js_text": _each(lambda text, _: unescape_entities(unescape_js(text))),
    "last": lambda values, _: values[-1:],
    "map": _each(_mapped),
    "no_space": _each(lambda text, _: re.sub(r"\s+", "", text)),
    "number": _each(_number),
    "phones": _phones,
    "prefix": _each(lambda text, args: args[0] + text),
    "query": _each(_query),
    "re": _each(_matched),
    "re_all": _all_matched,
    "split": _split,
    "squash": _each(lambda text, _: squash(text)),
    "sub": _each(lambda text, args: re.sub(args[0], args[1] if len(args) > 1 else "", text)),
    "suffix": _each(lambda text, args: text + args[0]),
    "unquote": _each(lambda text, _: unquote(text)),
}


def shown_time(value: object) -> str:
    """Return a time value as it is kept for the record: the shown words, or the number."""
    if isinstance(value, datetime):
        return value.isoformat()
    return squash(_as_text(value))[:120]
