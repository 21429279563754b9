"""Seen before: what a judgement depends on, and whether a post says what an earlier one of its author says."""

import hashlib
from collections.abc import Iterable

from rapidfuzz import fuzz

from patrol.model import Campaign, Post

_LEAST_TEXT = 40
_ALIKE = 95.0


def judged_by(campaign: Campaign, *versions: str) -> str:
    """Return a digest of everything a judgement depends on: when any of it changes, what was seen is judged anew."""
    return hashlib.sha256("\x1f".join((campaign.digest, *versions)).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def twin_among(post: Post, earlier: Iterable[Post]) -> str:
    """Return the key of an earlier post of the same author that says nearly the same; "" for none.

    Another author with the same words is another advertiser, so another lead; so are short texts, which are alike by chance.
    """
    words = f"{post.title}\n{post.text}"
    if len(words) < _LEAST_TEXT or post.kind != "detail" or not (post.author or post.author_id):
        return ""
    for other in earlier:
        same = (other.platform, other.author_id, other.author) == (post.platform, post.author_id, post.author)
        if same and other.key != post.key and fuzz.ratio(words, f"{other.title}\n{other.text}", score_cutoff=_ALIKE) >= _ALIKE:
            return other.key
    return ""
