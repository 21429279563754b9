"""Find what an officer changed in the last issue of a paper: numbers by their tags, prose by a fingerprint."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from docx.document import Document as Doc
from docx.oxml.ns import qn

from patrol.reports.official.word_table import open_template

TAG = "patrol:"
"""Prefix of the tag of a number: `patrol:<key>=<value as computed>`."""


@dataclass(frozen=True, slots=True)
class LastIssue:
    """What the paper on disk holds: numbers changed by hand by key, and whether its prose is still ours."""

    edits: Mapping[str, str] = field(default_factory=dict)
    prose_kept: bool = True


def read_last_issue(path: Path) -> LastIssue:
    """Read an earlier issue of a paper; one that is not ours (or lost its tags) counts as changed prose, never overwritten."""
    if not path.is_file():
        return LastIssue()
    document = open_template(path)
    changed: dict[str, str] = {}
    for holder in document.element.body.iter(qn("w:sdt")):
        key, computed = _tag(holder)
        text = _text(holder)
        if key and text != computed:
            changed.setdefault(key, text)
    known = document.core_properties.identifier
    return LastIssue(changed, bool(known) and known == fingerprint(document))


def fingerprint(document: Doc) -> str:
    """Return a digest of a paper's prose: its text with every tagged number replaced by its key."""
    parts: list[str] = []
    for paragraph in document.element.body.iter(qn("w:p")):
        for child in paragraph:
            if child.tag == qn("w:sdt"):
                parts.append(f"{{{_tag(child)[0]}}}")
            elif child.tag in {qn("w:r"), qn("w:ins")}:
                parts.append(_text(child))
        parts.append("\n")
    return hashlib.sha256("".join(parts).encode()).hexdigest()


def _tag(holder: object) -> tuple[str, str]:
    found = next(holder.iter(qn("w:tag")), None)  # type: ignore[attr-defined]
    value = found.get(qn("w:val"), "") if found is not None else ""
    if not value.startswith(TAG):
        return "", ""
    key, _, computed = value.removeprefix(TAG).partition("=")
    return key, computed


def _text(element: object) -> str:
    return "".join(part.text or "" for part in element.iter(qn("w:t")))  # type: ignore[attr-defined]
