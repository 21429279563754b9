"""What a watch sweep looks at: the pages of known leads, the accounts behind them, and what else those accounts published."""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from patrol.model import Campaign, Judgement, Lead
from patrol.platforms import Platform
from patrol.spider_job import atlas_of
from patrol.store import Store
from patrol.store.authors import AuthorBook

MOST_ADDRESSES = 400


def watch_addresses(store: Store, campaign: Campaign, workspace: Path) -> list[str]:
    """Return the addresses to visit again, newest leads first, each once; leads judged 不属实 are left alone."""
    atlas, authors = atlas_of(campaign, workspace), AuthorBook(store)
    found: dict[str, None] = {}
    leads = [lead for lead in store.leads(campaign.id) if lead.judgement is not Judgement.DISMISSED]
    for lead in reversed(leads):
        found.setdefault(lead.url)
        found.update(dict.fromkeys(_accounts(lead, atlas.of_url(lead.url))))
        found.update(dict.fromkeys(_front(lead, atlas.of_url(lead.url))))
        post = lead.screening.post if lead.screening else None
        if post is not None and post.author_id:
            found.update(dict.fromkeys(authors.addresses(post.platform, post.author_id)))
        if len(found) >= MOST_ADDRESSES:
            break
    return [url for url in found if url.startswith(("http://", "https://"))][:MOST_ADDRESSES]


def _front(lead: Lead, platform: Platform) -> Iterator[str]:
    """Yield the front page of a site, or of a shop that has a host of its own, which a lead led to."""
    parts = urlsplit(lead.url)
    base = f"{parts.scheme}://{parts.netloc}"
    if parts.scheme not in {"http", "https"} or platform.base not in {"", base}:
        return
    entry = next((entry.url for entry in platform.entries if entry.url.startswith("{base}")), "")
    if entry and "{" not in entry.removeprefix("{base}"):
        yield platform.fill(entry, base=base)


def _accounts(lead: Lead, platform: Platform) -> Iterator[str]:
    if lead.screening is None:
        return
    patterns = [address.pattern for address in platform.addresses if address.kind == "account"]
    for link in lead.screening.post.links:
        parts = urlsplit(link)
        path = f"{parts.path}?{parts.query}" if parts.query else parts.path
        if platform.owns(link) and any(re.search(pattern, path) for pattern in patterns):
            yield link
