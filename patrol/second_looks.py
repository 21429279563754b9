"""What a second look at a lead found, judged by the words on the page, and the evidence of it, sealed under its own date."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from rapidfuzz import fuzz

from patrol.browsers import find_browser
from patrol.campaigns import CHINA
from patrol.handling import Look
from patrol.model import Campaign, Lead, Post, State
from patrol.places import is_web_address
from patrol.screening import Judge
from patrol.settings import Settings
from patrol.vault import EvidenceState, Order, Vault, seal_pages

SAME_WORDS = 97.0
_MOST_TEXT = 20_000
_BACK, _STANDS, _CHANGED = "重新出现", "仍在", "内容已改，仍疑似违规"
_HARMLESS, _ELSEWHERE = "内容已改，未再见疑似违规，待核", "页面能打开，原内容不在，待核"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What the page of a lead gave this time: its state, and its post where the post was on it."""

    lead: Lead
    state: State
    at: datetime
    post: Post | None = None


def judged(seen: Seen, before: Sequence[Look], judge: Judge) -> Look:
    """Return the look with its words. A page that opens without the post is neither standing nor gone; `before` oldest first."""
    look = Look(lead=seen.lead.number, at=seen.at, state=seen.state)
    if seen.state is not State.OK:
        return look
    if seen.post is None:
        return replace(look, state=State.CHANGED, note=_ELSEWHERE)
    telling = [one for one in before if one.present or one.gone]
    back = f"{_BACK}；" if telling and telling[-1].gone else ""
    old = seen.lead.screening.post if seen.lead.screening else None
    if old is None or _same(old, seen.post):
        return replace(look, note=_BACK if back else _STANDS)
    found = judge.screen(seen.post, seen.at)
    return replace(look, note=f"{back}{_CHANGED if found.is_lead else _HARMLESS}")


def _same(old: Post, new: Post) -> bool:
    texts = [f"{post.title}\n{post.text}"[:_MOST_TEXT] for post in (old, new)]
    return texts[0] == texts[1] or fuzz.ratio(*texts) >= SAME_WORDS


def evidence_number(lead: Lead, at: datetime) -> str:
    """Return the number of the evidence of one look: that of the lead's own, and when (UTC+8)."""
    return f"{lead.evidence}-F{at.astimezone(CHINA):%Y%m%d%H%M%S}"


def take_evidence(looks: Sequence[Look], leads: Mapping[str, Lead], campaign: Campaign, settings: Settings) -> Mapping[str, str]:
    """Take a picture of each page that was seen, standing or gone, seal it, and return its evidence number by lead.

    Pages that were blocked are left alone: they prove nothing. Without a browser there are no pictures, and no numbers.
    """
    browser = find_browser(settings)
    wanted = {
        evidence_number(leads[look.lead], look.at): look
        for look in looks
        if (look.state.covered or look.state is State.CHANGED)
        and is_web_address(leads[look.lead].url)
        and leads[look.lead].evidence
    }
    if browser is None or not wanted:
        return {}
    vault = Vault.of(settings, officers=campaign.officers)
    orders = [_order(number, leads[look.lead], vault) for number, look in wanted.items()]
    taken: dict[str, str] = {}
    for sealed in seal_pages(orders, vault, settings, browser=str(browser)):
        look = wanted[sealed.number]
        if sealed.state is not EvidenceState.FAILED:
            taken[look.lead] = sealed.number
        detail = {"evidence": sealed.number, "look": look.words, "state": sealed.state.value}
        vault.record("recheck", number=leads[look.lead].evidence, reason="复查取证", detail=detail)
    return taken


def _order(number: str, lead: Lead, vault: Vault) -> Order:
    held = vault.items.names(lead.evidence)
    shown = [one.browser.device for one in vault.manifests(lead.evidence) if one.browser] if held else []
    steps = (f"复查线索 {lead.number}（原证据 {lead.evidence}）",)
    return Order(number=number, url=lead.url, platform=lead.platform, device=shown[-1] if shown else "desktop", steps=steps)
