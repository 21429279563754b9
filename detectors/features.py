"""Counts of elements and contexts in one window, as the numbers that the decision weighs."""

from collections.abc import Iterable, Sequence

from detectors.elements import Hit

_CAPS = {
    "topic": 4, "subject": 3, "enrol": 3, "core": 3, "gov": 6, "strong.gov": 4, "news": 6, "school": 5, "welfare": 4, "adult": 4, "goods": 5,
    "fitness": 3, "chat": 5, "ask": 4, "job": 5, "policy": 5, "refuse": 3, "nonsubject": 3, "promise": 3, "story": 4,
}  # fmt: skip
_NAMES = {
    "subject.exam": "exam",
    "subject.material": "material",
    "subject.method": "method",
    "subject.coded": "coded",
    "tutor.core": "core",
    "tutor.format": "format",
    "offer.enrol": "enrol",
    "offer.trial": "trial",
    "offer.price": "price_word",
    "offer.contact": "contact_word",
    "contact.id": "contact_id",
    "offer.slot": "slot",
    "price.amount": "price",
    "price.bare": "price_bare",
    "audience.grade": "grade",
    "audience.stage": "stage",
    "audience.child": "child",
    "audience.preschool": "preschool",
    "audience.aged": "aged",
    "nonsubject.minor": "nonsubject",
}
_TRICKY = ("subject.", "topic.", "tutor.core", "place.home")


def name_of(label: str) -> str:
    """Return the feature name that a label counts towards."""
    if label in _NAMES:
        return _NAMES[label]
    head, _, tail = label.partition(".")
    if head in {"subject", "topic"}:
        return head
    if head == "ctx":
        return tail
    if head == "promise":
        return "promise" if tail in {"result", "examiner"} else tail
    return label


def window_features(hits: Iterable[Hit]) -> dict[str, float]:
    """Return capped counts of distinct words per feature name."""
    seen: dict[str, set[str]] = {}
    tricks = 0
    for hit in hits:
        for label in hit.labels:
            seen.setdefault(name_of(label), set()).add(hit.word or f"@{hit.start}")
        if hit.trick and hit.labels and hit.labels[0].startswith(_TRICKY):
            tricks += 1
    counts = {name: float(min(len(words), _CAPS.get(name, 2))) for name, words in seen.items()}
    if tricks:
        counts["tricked"] = float(min(tricks, 3))
    return counts


def within(hits: Sequence[Hit], start: int, end: int) -> list[Hit]:
    """Return the hits that lie inside start..end."""
    return [hit for hit in hits if hit.start >= start and hit.end <= end]
