"""Masked copies: phones, identity numbers, chat accounts, mail addresses and people's names, in texts and on pictures.

What is kept follows the published practice: phone 138****5678, identity number first 3 and last 2, chat account first and last
2, a person 姓+某. Names of institutions, their credit codes and permits stay: they are public registration facts. Ways of writing
a contact that are meant to escape a reader (幺九九…, ➕V) are read by the detectors.
"""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from detectors.contacts import find_contacts
from detectors.fold import fold
from detectors.model import Contact
from patrol.vault.people_names import find_names, is_name, surname_length

_GAP = r"[-\s.·—_]{0,2}"
_PHONE = re.compile(rf"(?<!\d)[1１]{_GAP}[3-9３-９](?:{_GAP}\d){{9}}(?!\d)")
_IDENTITY = re.compile(r"(?<!\d)[1-9]\d{5}(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dXx](?![\dA-Za-z])")
_CHAT = re.compile(
    r"(?:微\s*信|薇\s*信|威\s*信|徽\s*信|卫\s*星|(?<![a-z])v\s*x|(?<![a-z])w\s*x|(?<![a-z])v\s*信|weixin|wechat|加\s*[vV薇]|➕\s*[vV]|"
    r"[qQ]{2}|扣\s*扣|企\s*鹅)(?:号|群|同号|账号|id)?\s*[:：＝=是为]?\s*(?P<account>[A-Za-z][-_A-Za-z0-9]{5,19}|\d{5,12})",
    re.IGNORECASE,
)
_MAIL = re.compile(r"(?P<account>[A-Za-z0-9._%+-]{2,64})@[A-Za-z0-9.-]+\.[A-Za-z]{2,}")
_NAME = re.compile("[\u4e00-\u9fff·]{2,5}")
_WORD, _RUN_TOGETHER = re.compile("[A-Za-z]+"), re.compile("(?![vw]x)[A-Za-z0-9_-]+", re.IGNORECASE)
_OWN = {"wechat", "qq", "group", "email"}
_PERSONAL = {"phone", "account", *_OWN}
_SHORTEST_ACCOUNT = 5
_MOST_TEXT = 400_000


Area = tuple[float, float, float, float]
"""Left, top, right, bottom of a part of a picture, in pixels."""


@dataclass(frozen=True, slots=True)
class Secret:
    """A stretch of text to be hidden, and what is shown instead (of the same kind, not always the same length).

    Kind `surname` is a surname with a title alone: it is written 姓某, and needs no bar on a picture.
    """

    start: int
    end: int
    kind: str
    shown: str


@dataclass(frozen=True, slots=True)
class Box:
    """A piece of the page on its picture: a line of text (`t`) or a picture with its address (`i`), in pixels."""

    kind: str
    x: int
    y: int
    width: int
    height: int
    value: str


def find_secrets(text: str, known: Sequence[str] = ()) -> list[Secret]:
    """Return what must be hidden in a text, in order and without overlap; `known` are names and accounts known from the case."""
    found = [Secret(m.start(), m.end(), "phone", _keep(re.sub(r"\D", "", m.group()), 3, 4)) for m in _PHONE.finditer(text)]
    found += [Secret(m.start(), m.end(), "identity", _keep(m.group(), 3, 2)) for m in _IDENTITY.finditer(text)]
    found += [Secret(*m.span("account"), "chat", _keep(m.group("account"), 2, 2)) for m in _CHAT.finditer(text)]
    found += [Secret(*m.span("account"), "mail", _keep(m.group("account"), 1, 0)) for m in _MAIL.finditer(text)]
    found += [secret for contact in _contacts(text) if (secret := _of_contact(contact)) is not None]
    for name in find_names(text):
        if name.given < name.end:
            found.append(Secret(name.given, name.end, "name", "某"))
        else:
            found.append(Secret(name.start, name.given, "surname", f"{text[name.start : name.given]}某"))
    for literal in known:
        found += _literal(text, literal)
    return _without_overlap(found)


def known_in(texts: Iterable[str], contacts: Iterable[str] = ()) -> tuple[str, ...]:
    """Return the names and accounts that stand in some texts of a case, to be hidden wherever else they stand in it.

    `contacts` are contacts already found, written `kind:value`.
    """
    found: dict[str, None] = {}
    for text in texts:
        part = text[:_MOST_TEXT]
        found |= {part: None} if is_name(part) else {}
        found |= {part[name.start : name.end]: None for name in find_names(part) if name.given < name.end}
        found |= {contact.value: None for contact in _contacts(part) if contact.kind in _OWN and not _is_word(contact.quote)}
        found |= {match["account"]: None for match in _CHAT.finditer(part)}
    for contact in contacts:
        kind, _, value = contact.partition(":")
        if kind in {"phone", *_OWN}:
            found[value] = None
    return tuple(found)


def mask_text(text: str, known: Sequence[str] = ()) -> str:
    """Return the text with everything personal hidden."""
    parts: list[str] = []
    end = 0
    for secret in find_secrets(text, known):
        parts += [text[end : secret.start], secret.shown]
        end = secret.end
    return "".join([*parts, text[end:]])


def mask_contact(contact: str) -> str:
    """Return a contact written `kind:value` with its value hidden where it belongs to a person."""
    kind, _, value = contact.partition(":")
    if kind not in _PERSONAL:
        return contact
    return f"{kind}:{_keep(value, 3, 4) if kind == 'phone' else _keep(value, 2, 2)}"


def read_boxes(text_map: bytes) -> list[Box]:
    """Return the boxes of a text map (see textmap.py)."""
    return [Box(*json.loads(line)) for line in text_map.splitlines() if line.strip()]


def shown_text(boxes: Iterable[Box]) -> str:
    """Return the words of the page as they were shown, one line each."""
    return "\n".join(box.value for box in boxes if box.kind == "t") + "\n"


def secret_areas(boxes: Sequence[Box], known: Sequence[str] = ()) -> list[Area]:
    """Return the areas to black out: secrets inside one line, and secrets that run over neighbouring lines."""
    areas = [_area(box, s.start, s.end) for box in boxes for s in find_secrets(box.value, known) if s.kind != "surname"]
    joined, starts = "", []
    for box in boxes:
        starts.append(len(joined))
        joined += box.value
    for secret in find_secrets(joined, known):
        for start, box in zip(starts, boxes, strict=True):
            if secret.kind != "surname" and start < secret.end and start + len(box.value) > secret.start:
                areas.append(_area(box, max(0, secret.start - start), min(len(box.value), secret.end - start)))
    return areas


def _contacts(text: str) -> tuple[Contact, ...]:
    return find_contacts(fold(text).plain, text) if any(char.isalnum() for char in text) else ()


def _of_contact(contact: Contact) -> Secret | None:
    """Return what to hide of a contact that the detectors read; hotlines (400 …) and plain words are none."""
    if contact.kind == "phone" and contact.value[:1] in {"0", "1"}:
        return Secret(contact.start, contact.end, "phone", _keep(contact.value, 3 if contact.value[0] == "1" else 4, 4))
    if contact.kind not in _OWN or _is_word(contact.quote):
        return None
    place = contact.quote.casefold().rfind(contact.value.casefold())
    start = contact.start + place if place >= 0 else contact.start
    end = start + len(contact.value) if place >= 0 else contact.end
    first, last = (1, 0) if contact.kind == "email" else (2, 2)
    value = contact.value.partition("@")[0] if contact.kind == "email" else contact.value
    if contact.kind == "email" and place >= 0:
        end = start + len(value)
    return Secret(start, end, contact.kind, _keep(value, first, last))


def _is_word(quote: str) -> bool:
    """Tell whether what looks like an account is a plain word or a name of software (window, wechat_pay), without any label."""
    return _WORD.fullmatch(quote) is not None or _RUN_TOGETHER.fullmatch(quote) is not None


def _literal(text: str, known: str) -> list[Secret]:
    if _NAME.fullmatch(known):
        kept = surname_length(known)
        return [Secret(m.start() + kept, m.end(), "name", "某") for m in re.finditer(re.escape(known), text)]
    if len(known) < _SHORTEST_ACCOUNT:
        return []
    return [
        Secret(m.start(), m.end(), "account", _keep(m.group(), 2, 2)) for m in re.finditer(re.escape(known), text, re.IGNORECASE)
    ]


def _area(box: Box, start: int, end: int) -> Area:
    """Return where characters stand in a line: by their usual widths, and half a character more on each side."""
    widths = [1.0 if ord(char) > 0x2E7F else 0.55 for char in box.value]
    unit = box.width / max(sum(widths), 0.1)
    left = box.x + sum(widths[:start]) * unit - unit * 0.6
    right = box.x + sum(widths[:end]) * unit + unit * 0.6
    return max(left, box.x - 2), box.y - 1, min(right, box.x + box.width + 2), box.y + box.height + 1


def _keep(text: str, first: int, last: int) -> str:
    hidden = max(3, min(len(text) - first - last, 8))
    return text[:first] + "*" * hidden + (text[-last:] if last else "")


def _without_overlap(found: list[Secret]) -> list[Secret]:
    """Return the stretches that together hide all that was found: of two that overlap, the later one loses what is hidden."""
    kept: list[Secret] = []
    for secret in sorted(found, key=lambda s: (s.start, -s.end, s.kind == "surname")):
        end = kept[-1].end if kept else 0
        if secret.start >= end:
            kept.append(secret)
        elif secret.end > end:
            kept.append(Secret(end, secret.end, secret.kind, "*" * min(3, secret.end - end)))
    return kept
