"""A post's text cut into pieces, each with the findings that cover it: what the lead page colours. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import pairwise

from detectors.explain import TRICK_WORDS
from detectors.model import Detection, Finding
from patrol.console.rendering import CONTACTS, ELEMENTS
from patrol.licences import Entry

PASSAGE = "招揽原文"


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text. `element` colours it (empty: plain), `marks` are the places of its findings, `tip` says them."""

    text: str
    element: str = ""
    marks: tuple[int, ...] = ()
    tip: str = ""
    hint: bool = False


@dataclass(frozen=True, slots=True)
class Note:
    """One finding in words, for the list beside the text."""

    place: int
    element: str
    quote: str
    trick: str
    meaning: str
    rule: str
    clause: str
    weight: float


def notes_of(detection: Detection) -> list[Note]:
    """Return the findings in words, those that say the same of the same words once."""
    return [_note(place, finding) for place, finding in enumerate(_shown(detection.findings))]


def _shown(findings: Sequence[Finding]) -> list[Finding]:
    return sorted(findings, key=lambda one: (one.start, -(one.end - one.start), one.rule))


def _note(place: int, finding: Finding) -> Note:
    return Note(
        place=place,
        element=ELEMENTS[finding.element.value],
        quote=finding.quote,
        trick=TRICK_WORDS.get(finding.trick, finding.trick),
        meaning=finding.meaning,
        rule=finding.rule,
        clause=finding.clause,
        weight=finding.weight,
    )


def pieces_of(text: str, detection: Detection) -> list[Piece]:
    """Cut a text at the edges of its findings, hints and contacts; the shortest finding over a piece gives its colour."""
    findings = _shown(detection.findings)
    spans = [(one.start, one.end, place, one) for place, one in enumerate(findings)]
    hints = [(one.start, one.end) for one in detection.hints]
    contacts = [(one.start, one.end, CONTACTS.get(one.kind, one.kind)) for one in detection.contacts]
    edges = {0, len(text)}
    for start, end in [*((s, e) for s, e, _, _ in spans), *hints, *((s, e) for s, e, _ in contacts)]:
        edges |= {max(0, min(start, len(text))), max(0, min(end, len(text)))}
    order = sorted(edges)
    return [_piece(text, left, right, spans, hints, contacts=contacts) for left, right in pairwise(order)]


def _piece(
    text: str,
    left: int,
    right: int,
    spans: Sequence[tuple[int, int, int, Finding]],
    hints: Sequence[tuple[int, int]],
    *,
    contacts: Sequence[tuple[int, int, str]],
) -> Piece:
    over = [(end - start, place, finding) for start, end, place, finding in spans if start <= left and right <= end]
    contact = next((kind for start, end, kind in contacts if start <= left and right <= end), "")
    if over:
        shortest = min(over, key=lambda item: (item[0], item[1]))[2]
        tip = "\n".join(dict.fromkeys(_tip(finding) for _, _, finding in sorted(over, key=lambda item: item[0])))
        tip += f"\n联系方式：{contact}" if contact else ""
        # the stretch that makes the offer as a whole is only hinted at, or it would drown the words that prove something
        colour = "passage" if shortest.meaning == PASSAGE and not contact else shortest.element.value
        return Piece(
            text[left:right],
            "contact" if contact and shortest.meaning == PASSAGE else colour,
            tuple(place for _, place, _ in over),
            tip,
        )
    if contact:
        return Piece(text[left:right], "contact", (), f"联系方式：{contact}")
    quoted = any(start <= left and right <= end for start, end in hints)
    return Piece(text[left:right], "", (), "引述或报道中的内容，不计入" if quoted else "", hint=quoted)


def _tip(finding: Finding) -> str:
    trick = TRICK_WORDS.get(finding.trick, finding.trick)
    parts = [ELEMENTS[finding.element.value], f"手法：{trick}" if trick else "", finding.meaning, finding.clause, finding.rule]
    return "｜".join(part for part in parts if part)


@dataclass(frozen=True, slots=True)
class Shared:
    """A stretch of one of two names: whether the other name has it too."""

    text: str
    same: bool


def compare_names(one: str, other: str) -> tuple[list[Shared], list[Shared]]:
    """Cut two names into what they share and what they do not, in order."""
    blocks = SequenceMatcher(None, one, other, autojunk=False).get_matching_blocks()
    left: list[Shared] = []
    right: list[Shared] = []
    at, to = 0, 0
    for block in blocks:
        left += [Shared(one[at : block.a], same=False), Shared(one[block.a : block.a + block.size], same=True)]
        right += [Shared(other[to : block.b], same=False), Shared(other[block.b : block.b + block.size], same=True)]
        at, to = block.a + block.size, block.b + block.size
    return [part for part in left if part.text], [part for part in right if part.text]


@dataclass(frozen=True, slots=True)
class Compared:
    """One part of the comparison of page and list entry. `agrees`: yes, no, or None where one side does not say."""

    part: str
    page: str
    listed: str
    agrees: bool | None


def compare_parts(detection: Detection, region: str, query: str, entry: Entry) -> list[Compared]:
    """Hold what the page shows against a list entry, part by part."""
    shown: dict[str, list[str]] = {}
    for contact in detection.contacts:
        shown.setdefault(contact.kind, []).append(contact.value)
    rows = [
        Compared("名称", query, entry.name, query == entry.name if query else None),
        _codes("统一社会信用代码", shown.get("uscc", []), (entry.uscc,)),
        _codes("办学许可证", shown.get("permit", []), (entry.permit,)),
        _codes("电话", shown.get("phone", []), entry.phones),
        _codes("ICP备案", shown.get("icp", []), (entry.icp,)),
        Compared("地区", region, entry.place or entry.address, region in f"{entry.place}{entry.address}" if region else None),
    ]
    facts = (
        ("培训类型", entry.kind),
        ("许可范围", entry.scope),
        ("有效期", f"{entry.valid_from or ''} 至 {entry.valid_to}" if entry.valid_to else ""),
        ("审批机关", entry.authority),
        ("地址", entry.address),
        ("名单", entry.list_kind.chinese),
    )
    return [row for row in rows if row.page or row.listed] + [Compared(part, "", text, None) for part, text in facts if text]


def _codes(part: str, page: Sequence[str], listed: Sequence[str]) -> Compared:
    given = [value for value in listed if value]
    agrees = bool(set(page) & set(given)) if page and given else None
    return Compared(part, "、".join(dict.fromkeys(page)), "、".join(given), agrees)
