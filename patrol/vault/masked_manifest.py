"""A manifest as it may be read outside: every text of the page masked, technical facts kept, the rest left to the original."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from patrol.model import Capture
from patrol.places import is_web_address, shown_address
from patrol.vault.masking import known_in, mask_contact, mask_text
from patrol.vault.model import BrowserFacts, LeadFacts, Manifest, SubResponse

_PLAIN_HEADERS = {
    "accept", "accept-encoding", "accept-language", "age", "cache-control", "connection", "content-encoding", "content-length",
    "content-type", "date", "etag", "expires", "host", "last-modified", "server", "transfer-encoding", "user-agent", "vary",
}  # fmt: skip
_LEFT_OUT = "（见原件）"
_PUBLIC = {"icp", "permit", "uscc", "public_security"}
_LEAD_TEXTS = ("title", "author", "author_id", "published_shown", "excerpt", "purpose", "match")


def known_of(manifests: Sequence[Manifest], more: Iterable[str] = ()) -> tuple[str, ...]:
    """Return the names and accounts that an item's own texts (and `more` texts of its pages) give away."""
    texts: list[str] = list(more)
    contacts: list[str] = []
    for manifest in manifests:
        if manifest.lead:
            texts += [*(getattr(manifest.lead, name) for name in _LEAD_TEXTS), *manifest.lead.image_texts]
            contacts += manifest.lead.contacts
        texts += [manifest.browser.title, *manifest.browser.steps] if manifest.browser else []
        texts += [*manifest.capture.steps, manifest.capture.url] if manifest.capture else []
    return known_in(texts, contacts)


def mask_manifest(manifest: Manifest, known: Sequence[str] = ()) -> Manifest:
    """Return a manifest for reading outside: texts masked; the page's own address, digests and times as they are."""
    changes: dict[str, object] = {"missing": tuple(mask_text(what, known) for what in manifest.missing)}
    if manifest.lead:
        changes["lead"] = _lead(manifest.lead, known)
    if manifest.capture:
        changes["capture"] = _capture(manifest.capture, known)
    if manifest.browser:
        changes["browser"] = _browser(manifest.browser, known)
    return manifest.model_copy(update=changes)


def _lead(lead: LeadFacts, known: Sequence[str]) -> LeadFacts:
    return lead.model_copy(
        update={
            **{name: mask_text(getattr(lead, name), known) for name in _LEAD_TEXTS},
            "contacts": tuple(mask_text(mask_contact(contact), known) for contact in lead.contacts),
            "operators": tuple((kind, value if kind in _PUBLIC else mask_text(value, known)) for kind, value in lead.operators),
            "glossary": tuple((mask_text(word, known), meaning) for word, meaning in lead.glossary),
            "image_texts": tuple(mask_text(text, known) for text in lead.image_texts),
        }
    )


def _capture(capture: Capture, known: Sequence[str]) -> Capture:
    return replace(
        capture,
        url=_address(capture.url, known),
        final_url=_address(capture.final_url, known),
        steps=tuple(mask_text(step, known) for step in capture.steps),
        request_headers=_headers(capture.request_headers, known),
        response_headers=_headers(capture.response_headers, known),
    )


def _address(url: str, known: Sequence[str]) -> str:
    """Keep a page's address reachable; the name of an imported file may hold anything."""
    return url if is_web_address(url) or not url else mask_text(shown_address(url), known)


def _browser(facts: BrowserFacts, known: Sequence[str]) -> BrowserFacts:
    return facts.model_copy(
        update={
            "title": mask_text(facts.title, known),
            "steps": tuple(mask_text(step, known) for step in facts.steps),
            "responses": tuple(_response(one, facts, known) for one in facts.responses),
        }
    )


def _response(response: SubResponse, facts: BrowserFacts, known: Sequence[str]) -> SubResponse:
    own = response.url in {facts.url, facts.final_url}
    return response.model_copy(
        update={
            "url": response.url if own else mask_text(response.url, known),
            "request_headers": _headers(response.request_headers, known),
            "response_headers": _headers(response.response_headers, known),
        }
    )


def _headers(headers: Sequence[tuple[str, str]], known: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Keep the headers that describe the exchange; cookies and headers of a site's own may hold anything."""
    return tuple(
        (mask_text(name, known), mask_text(value, known) if name.lower() in _PLAIN_HEADERS else _LEFT_OUT)
        for name, value in headers
    )
