"""A text far longer than any post is read slice by slice, and no further than the proof needs: time and result stay bounded."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from detectors.limits import load_limits, slices
from detectors.model import Contact, Detection, Document, Finding


def detect_long(document: Document, detect: Callable[[Document], Detection]) -> Detection:
    """Return one detection for a very long text; what was left unread once a violation stood proven is said in the notes."""
    parts: list[tuple[int, Detection]] = []
    read = 0
    for start, end in slices(document.text):
        parts.append((start, detect(replace(document, text=document.text[start:end]))))
        read = end
        if _proven([part for _, part in parts]):
            break
    return _joined(parts, read, len(document.text))


def _proven(parts: Sequence[Detection]) -> bool:
    limits = load_limits()
    charged = [part for part in parts if part.violation]
    return sum(len(part.findings) for part in charged) >= limits.findings_per_post // 2


def _joined(parts: Sequence[tuple[int, Detection]], read: int, length: int) -> Detection:
    limits = load_limits()
    violation = any(part.violation for _, part in parts)
    chief = max((part for _, part in parts), key=lambda part: (part.violation, part.ad_violation, part.score))
    notes = list(dict.fromkeys(note for _, part in parts for note in part.notes))[:12]
    if read < length:
        notes.append(f"正文共 {length} 字，读到第 {read} 字时依据已足，其后未逐字识别")
    findings = [_finding(finding, start) for start, part in parts for finding in part.findings]
    hints = [_finding(finding, start) for start, part in parts for finding in part.hints]
    contacts = [_contact(contact, start) for start, part in parts for contact in part.contacts]
    ad = any(part.ad_violation for _, part in parts)
    return replace(
        chief,
        violation=violation,
        ad_violation=ad,
        categories=tuple(dict.fromkeys(category for _, part in parts for category in part.categories)),
        findings=tuple(findings[: limits.findings_per_post]),
        hints=() if ad else tuple(hints[: limits.hints_per_post]),
        contacts=tuple(contacts[: limits.contacts_per_post]),
        institutions=tuple(dict.fromkeys(name for _, part in parts for name in part.institutions))[:12],
        glossary=tuple(dict(pair for _, part in parts for pair in part.glossary).items()),
        notes=tuple(notes),
    )


def _finding(finding: Finding, start: int) -> Finding:
    return replace(finding, start=finding.start + start, end=finding.end + start) if start else finding


def _contact(contact: Contact, start: int) -> Contact:
    return replace(contact, start=contact.start + start, end=contact.end + start) if start else contact
