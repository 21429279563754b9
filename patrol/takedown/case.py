"""A package in the making, and what is hidden on its papers."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from patrol.model import Lead
from patrol.places import is_web_address, shown_address
from patrol.reports import wording
from patrol.reports.cells import clean
from patrol.reports.records import Paper, Report, ReportInput, Table
from patrol.takedown.register import Takedown
from patrol.vault.masked_manifest import known_of
from patrol.vault.masking import known_in, mask_text
from patrol.vault.model import Manifest

_MOST_TEXT = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A package in the making: its record, the campaign's facts, and its leads with their sealed manifests (maybe none).

    `known` are, by lead number, the names and accounts to hide wherever they stand.
    """

    takedown: Takedown
    given: ReportInput
    leads: tuple[tuple[Lead, tuple[Manifest, ...]], ...]
    known: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """How the package is called on its papers."""
        return f"{self.takedown.document or self.takedown.number}"

    def platform(self, lead: Lead) -> str:
        """Return the Chinese name of a lead's platform."""
        return wording.platform(self.given, lead.platform).title

    def masked(self, lead: Lead, text: str, limit: int = 0) -> str:
        """Return a text of a lead's page fit for a paper: personal data hidden first, then cut and made safe."""
        return clean(mask_text(text[:_MOST_TEXT], self.known.get(lead.number, ())), limit)

    def address(self, lead: Lead) -> str:
        """Return a lead's address: a page's own stays reachable, the name of an imported file is masked."""
        return clean(lead.url, 1000) if is_web_address(lead.url) else self.masked(lead, shown_address(lead.url), 200)


def make_case(
    takedown: Takedown,
    given: ReportInput,
    leads: Iterable[tuple[Lead, tuple[Manifest, ...]]],
    names: tuple[str, ...] = (),
) -> Case:
    """Return a case whose papers hide what its leads, their evidence and the officer's own list give away; `names` are his."""
    held = tuple(leads)
    known = {lead.number: tuple(dict.fromkeys((*names, *_known(lead), *known_of(manifests)))) for lead, manifests in held}
    return Case(takedown=takedown, given=given, leads=held, known=known)


def _known(lead: Lead) -> tuple[str, ...]:
    texts, contacts = (
        [lead.title[:_MOST_TEXT], lead.author, lead.excerpt[:_MOST_TEXT], lead.match.query, lead.match.why],
        list[str](),
    )
    if lead.screening:
        post, detection = lead.screening.post, lead.screening.detection
        texts += [post.text[:_MOST_TEXT], post.author_id, post.published_shown, *post.image_texts]
        contacts = [f"{contact.kind}:{contact.value}" for contact in detection.contacts]
    return known_in(texts, contacts)


def report(case: Case, form: str, title: str, *tables: Table, paper: Paper | None = None) -> Report:
    """Return a finished paper of a case."""
    return Report(form=form, title=f"{title} {case.name}", tables=tables, made_at=case.takedown.made.instant, paper=paper)


def measures(case: Case, lead: Lead) -> Iterable[str]:
    """Yield what was done about a lead so far, with day and state."""
    words = wording.wording()
    for measure in case.given.measures.get(lead.number, ()):
        state = words.measure_states.get(measure.state, measure.state)
        yield f"{words.measures.get(measure.kind, measure.kind)}（{measure.at:%Y-%m-%d}，{state}）"


def reviewers(case: Case) -> str:
    """Return the officers who reviewed the leads, each once."""
    names = (review.officer for lead, _ in case.leads for review in case.given.reviews.get(lead.number, ()))
    return "、".join(dict.fromkeys(clean(name, 20) for name in names))
