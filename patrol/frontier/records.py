"""The records of the frontier: what is planned, how a run stands, why a site is left alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from patrol.model import State


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A page to fetch some time in a run. Higher `priority` first; `mode` is `http` or `browser`.

    `aside`: known, but over the budget of its list: it is counted and recorded as not fetched.
    """

    url: str
    source: str
    platform: str = ""
    mode: str = "http"
    kind: str = "detail"
    keyword: str = ""
    parent: str = ""
    page: int = 1
    depth: int = 0
    priority: int = 0
    aside: bool = False


@dataclass(frozen=True, slots=True)
class Ended:
    """A page that is stored: the key of its lease, what it turned out to be, and where it leads."""

    key: str
    state: State
    follow: Sequence[Planned] = ()


@dataclass(frozen=True, slots=True)
class Tally:
    """How a run stands: pages that wait (`open`: waiting, deferred or leased), that ended, and how they ended."""

    open: int = 0
    ended: int = 0
    states: Mapping[str, int] = field(default_factory=dict)

    @property
    def planned(self) -> int:
        """Every address that ever entered the frontier for this run."""
        return self.open + self.ended


@dataclass(frozen=True, slots=True)
class Closure:
    """Why no further page of a site is fetched in a run: the state its last pages failed with, in this run or an earlier one."""

    site: str
    state: State
    now_closed: bool = True


@dataclass(frozen=True, slots=True)
class Lane:
    """One site with pages waiting, and the platform of the first of them: manners are asked for by these two."""

    site: str
    platform: str
