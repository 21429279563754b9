"""Counts of elements and contexts in one window, and their encoding as the numbers that the decision weighs."""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from functools import lru_cache

from detectors.elements import Hit
from detectors.spans import Spans

_CAPS = {
    **dict.fromkeys(("topic", "gov", "news", "goods", "chat", "job", "policy", "disclosure", "story"), 4),
    **dict.fromkeys(
        (
            "subject",
            "enrol",
            "core",
            "strong.gov",
            "school",
            "welfare",
            "adult",
            "fitness",
            "ask",
            "refuse",
            "nonsubject",
            "promise",
        ),
        3,
    ),
}
_NAMES = {
    "subject.exam": "exam",
    "subject.material": "material",
    "subject.method": "method",
    "subject.coded": "coded",
    "subject.combo": "subject",
    "subject.leet": "subject",
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
    "price.lesson": "price_lesson",
    "audience.grade": "grade",
    "audience.stage": "stage",
    "audience.child": "child",
    "audience.preschool": "preschool",
    "audience.aged": "aged",
    "nonsubject.minor": "nonsubject",
    "broker.pool": "pool",
    "train.generic": "training",
    "broker.recruit": "recruit",
    "broker.agency": "agent",
}
_TRICKY = ("subject.", "topic.", "tutor.core", "place.home")
_HIDING = frozenset(
    {"homophone", "pinyin", "initials", "emoji", "split_char", "inserted_symbols", "zero_width", "lookalike", "leetspeak_digits"}
)
_CLOSE = 24
_ASKED_LABELS = ("price.lesson", "price.amount", "offer.enrol", "offer.trial", "contact.id")
_TAUGHT_LABELS = ("subject.", "topic.", "tutor.core")
_SPARSE = 110
_ASKING = (
    "price",
    "price_lesson",
    "price_bare",
    "price_word",
    "enrol",
    "trial",
    "contact_word",
    "contact_id",
    "pool",
    "recruit",
    "agent",
    "format",
)
CONTEXTS = (
    *("strong.gov", "gov", "news", "school", "welfare", "adult", "fitness", "goods", "rental", "job", "ask", "chat"),
    *("refuse", "story", "policy", "infant", "disclosure"),
)
_TAUGHT = ("subject", "topic", "method", "coded", "core", "exam", "material", "preschool")
_OFFERS = (
    "price",
    "price_lesson",
    "time.vacation",
    "time.restday",
    "time.date",
    "disguised",
    "unlicensed.hide",
    "mode.recorded",
    "provider.teacher",
    "enrol",
    "trial",
    "contact_word",
    "contact_id",
    "pool",
    "recruit",
    "agent",
    "slot",
    "core",
    "price_bare",
    "price_word",
    "format",
    "promise",
    "denial",
)
_PLAINLY = ("method", "coded", "core", "exam", "material", "pool")
_MINORS = ("grade", "stage", "preschool", "aged", "child")


def name_of(label: str) -> str:
    """Return the feature name that a label counts towards."""
    if label in _NAMES:
        return _NAMES[label]
    head, _, tail = label.partition(".")
    if head == "rule":
        return "disguised" if tail.startswith("D-NAME") else ""
    if head in {"subject", "topic"}:
        return head
    if head == "ctx":
        return tail
    if head == "promise":
        return "promise" if tail in {"result", "examiner"} else tail
    return label


@lru_cache(maxsize=8192)
def _meant(labels: tuple[str, ...]) -> tuple[tuple[str, ...], bool, bool, bool]:
    """The feature names that labels count towards, and whether they ask for something, teach something, or may be hidden."""
    return (
        tuple(filter(None, map(name_of, labels))),
        any(label.startswith(_ASKED_LABELS) for label in labels),
        any(label.startswith(_TAUGHT_LABELS) for label in labels),
        bool(labels) and labels[0].startswith(_TRICKY),
    )


def window_features(hits: Sequence[Hit], text: str) -> dict[str, float]:
    """Return capped counts of distinct words per feature name."""
    seen: dict[str, set[str]] = {}
    tricks: dict[str, set[str]] = {}
    for hit in hits:
        names, _, _, tricky = _meant(hit.labels)
        word = hit.word or f"@{hit.start}"
        for name in names:
            if name in seen:
                seen[name].add(word)
            else:
                seen[name] = {word}
        if tricky and hit.trick in _HIDING:
            tricks.setdefault(hit.trick, set()).add(hit.word)
    counts = {name: float(min(len(words), _CAPS.get(name, 2))) for name, words in seen.items()}
    for trick, words in tricks.items():
        counts[f"trick:{trick}"] = float(min(len(words), 2))
    if _close(hits):
        counts["close"] = 1.0
    named = text.count("某")
    if named:
        counts["someone"] = float(min(named, 3))
    if len(text) > _SPARSE and sum(name in counts for name in _ASKING) < 3:
        counts["sparse"] = 1.0
    asked = text.count("？") + text.count("?")
    if asked:
        counts["question"] = float(min(asked, 3))
    return counts


def _close(hits: Sequence[Hit]) -> bool:
    """Whether something taught and something asked for stand within a few words of each other."""
    asked = [(hit.start - _CLOSE, hit.end + _CLOSE) for hit in hits if _meant(hit.labels)[1]]
    if not asked:
        return False
    around = Spans(asked)
    return any(around.touch(hit.start, hit.end) for hit in hits if _meant(hit.labels)[2])


def within(hits: Sequence[Hit], start: int, end: int) -> list[Hit]:
    """Return the hits that lie inside start..end; `hits` are sorted by where they start."""
    first = bisect_left(hits, start, key=lambda hit: hit.start)
    last = bisect_left(hits, end, lo=first, key=lambda hit: hit.start)
    return [hit for hit in hits[first:last] if hit.end <= end]


def offered(local: Mapping[str, float], head: str) -> bool:
    """Whether the window has what no verdict may lack: something taught (or a non-subject for minors) and something offered."""
    minor = any(name in local for name in _MINORS)
    asked = any(name in local for name in _OFFERS)
    if head == "other":
        return ("nonsubject" in local and (asked or minor)) or ("training" in local and minor) or ("aged" in local and asked)
    if any(name in local for name in _TAUGHT):
        hidden = any(name.startswith("trick:") for name in local)
        return asked or (minor and hidden) or ("grade" in local and "child" in local)
    return asked and any(name in local for name in ("grade", "stage"))


def _plainly_taught(local: Mapping[str, float]) -> bool:
    """Whether teaching is named by more than a topic (写字) or two letters that mean many things (yw)."""
    if any(name in local for name in _PLAINLY):
        return True
    return local.get("subject", 0.0) > local.get("trick:initials", 0.0)


def encode(local: Mapping[str, float], whole: Mapping[str, float], head: str) -> dict[str, float]:
    """Return the weighed numbers: presence and extra count of each element, contexts of the whole text, and a few pairs."""
    values: dict[str, float] = {}
    for name, count in local.items():
        if name not in CONTEXTS:
            values[name] = 1.0
            if count > 1:
                values[f"{name}+"] = count - 1
    for name in CONTEXTS:
        if name in whole:
            values[f"ctx:{name}"] = whole[name]
        if name in local:
            values[f"here:{name}"] = local[name]
    minor = any(name in local for name in _MINORS)
    taught = any(name in local for name in ("subject", "topic", "method", "coded"))
    priced = "price" in local or "price_lesson" in local
    lesson = "price_lesson" in local or "trial" in local
    reach = "contact_word" in local or "contact_id" in local
    values["minor&price"] = float(minor and priced)
    values["minor&enrol"] = float(minor and ("enrol" in local or "trial" in local))
    values["minor&reach"] = float(minor and reach)
    values["taught&price"] = float(taught and priced)
    values["taught&reach"] = float(taught and reach)
    values["taught&slot"] = float(taught and ("slot" in local or "time.restday" in local))
    values["taught&minor"] = float(taught and minor)
    values["art_only"] = float(("nonsubject" in local or "training" in local) and not taught)
    values["goods_only"] = float(whole.get("goods", 0) >= 2 and not lesson)
    values["adult_only"] = float("adult" in whole and not any(name in local for name in ("grade", "preschool", "aged")))
    values["lesson&minor"] = float(lesson and minor)
    values["price&slot"] = float(priced and "slot" in local)
    values["no_offer"] = float(
        not priced
        and not reach
        and "enrol" not in local
        and not any(
            name in local for name in ("pool", "recruit", "agent", "trial", "price_word", "price_bare", "unlicensed.hide")
        )
    )
    values["no_minor"] = float(not minor)
    if head == "subject":
        values["topic_only"] = float(not minor and not _plainly_taught(local))
        values["no_subject"] = float(not taught and "core" not in local and "exam" not in local)
    if head == "other":
        values["no_skill"] = float("nonsubject" not in local)
    return values
