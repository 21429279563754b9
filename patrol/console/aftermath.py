"""What came after a lead: later looks, letters, moves on the lists, and what else its account published."""

from dataclasses import dataclass
from datetime import date

from patrol.campaigns import china_today
from patrol.console.call import Call
from patrol.console.lead_view import LeadView
from patrol.handling import ListChange, Look
from patrol.recheck_days import due_day
from patrol.reports.forms.list_changes import STATES, check
from patrol.store.console import Published
from patrol.takedown.register import Register


@dataclass(frozen=True, slots=True)
class Letter:
    """One package that carries the lead."""

    number: str
    addressee: str
    state: str
    due: date | None


@dataclass(frozen=True, slots=True)
class Aftermath:
    """Everything that followed a lead. `next_look` is None when none is planned; `changes` go with what the rules say of them."""

    looks: list[Look]
    next_look: date | None
    letters: list[Letter]
    changes: list[tuple[ListChange, str]]
    history: list[Published]
    states: dict[str, str]
    name: str


def aftermath(call: Call, view: LeadView) -> Aftermath:
    """Gather what followed a lead."""
    number, books = view.card.number, call.books
    campaign_id = books.leads.campaign_of(number)
    campaign = call.desk.campaign(campaign_id)
    looks = books.leads.looks(number)
    changes = [(one, check(one)) for one in books.handling.list_changes(campaign_id) if one.lead == number]
    post = view.lead.screening.post if view.lead.screening else None
    return Aftermath(
        looks=looks,
        next_look=due_day(view.lead, campaign, looks, view.measures) if campaign else None,
        letters=_letters(call, number),
        changes=changes,
        history=books.leads.account_history(view.card.platform, post.author_id if post else "", campaign_id),
        states=STATES,
        name=view.lead.match.query or view.card.author,
    )


def _letters(call: Call, number: str) -> list[Letter]:
    register, today = Register(call.desk.workspace), china_today(call.now)
    return [
        Letter(one.number, one.addressee, register.state(one, today), one.due) for one in register.all() if number in one.leads
    ]
