"""The bodies that packages go to, read from `recipients.yml`, and which leads are theirs."""

from functools import cache
from pathlib import Path

from patrol.errors import BadInput
from patrol.model import Campaign, Lead
from patrol.reports.forms.referral import bodies_of
from patrol.validation import FileRecord, build, read_yaml

_FILE = Path(__file__).with_name("recipients.yml")
PLATFORM = "platform"


class Recipient(FileRecord):
    """One body: how it is addressed, its duty as the plan states it, what it is asked to weigh, what must be enclosed."""

    title: str
    addressee: str
    duty: str
    suggest: str
    enclose: tuple[str, ...]


class _Recipients(FileRecord):
    cyber: Recipient
    telecom: Recipient
    market: Recipient
    police: Recipient
    platform: Recipient


@cache
def recipients() -> dict[str, Recipient]:
    """Return the bodies by code; BadInput names the faulty key of `recipients.yml`."""
    read = build(_Recipients, read_yaml(_FILE), file=_FILE)
    return {name: getattr(read, name) for name in _Recipients.model_fields}


def recipient(code: str) -> Recipient:
    """Return one body. Raises BadInput on an unknown code."""
    known = recipients()
    if code not in known:
        choices = "、".join(f"{name}（{body.title}）" for name, body in known.items())
        raise BadInput(f"没有“{code}”这个接收单位；可用的有：{choices}", field="to")
    return known[code]


def addressee(code: str, campaign: Campaign, platform: str = "") -> str:
    """Return who the letter is written to."""
    return recipient(code).addressee.format(region=campaign.region, platform=platform or "有关平台")


def concerns(code: str, lead: Lead, platform: str = "") -> bool:
    """Tell whether a lead falls under a body's duties; a platform gets what stands on it."""
    return lead.platform == platform if code == PLATFORM else code in bodies_of(lead)
