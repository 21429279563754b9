"""The frozen records that travel through the house, from a page to a lead. One word, one meaning (DESIGN: words)."""

from patrol.model.campaigns import Batch, Campaign, SchoolTerm, SourceChoice
from patrol.model.matches import Candidate, Match, Verdict
from patrol.model.pages import Capture, Headers, Hop, State, Visit
from patrol.model.posts import MiniProgram, Post
from patrol.model.runs import Issue, Run, SourceCoverage
from patrol.model.screenings import Judgement, Lead, Screening
from patrol.model.walk import Lease, Link, PageResult, Reading

__all__ = [
    "Batch",
    "Campaign",
    "Candidate",
    "Capture",
    "Headers",
    "Hop",
    "Issue",
    "Judgement",
    "Lead",
    "Lease",
    "Link",
    "Match",
    "MiniProgram",
    "PageResult",
    "Post",
    "Reading",
    "Run",
    "SchoolTerm",
    "Screening",
    "SourceChoice",
    "SourceCoverage",
    "State",
    "Verdict",
    "Visit",
]
