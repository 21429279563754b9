"""What every frontier does, whether its pages lie in a file of this machine or in Redis for several."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol

from patrol.frontier.records import Closure, Ended, Lane, Planned, Tally
from patrol.model import Lease, State


class Pages(Protocol):
    """Pages to fetch, given out as leases and acknowledged once they are stored. `scope` is the id of a run."""

    def close(self) -> None:
        """Let go of what was opened."""

    def add(self, scope: str, pages: Iterable[Planned]) -> int:
        """Plan pages; an address that the run already knows is passed over. Return how many were new."""

    def lease(
        self, scope: str, mode: str, room: Callable[[Lane], int], *, limit: int = 64, kind: str = "", suspects: bool = False
    ) -> list[Lease]:
        """Take pages to fetch, at most `room(lane)` of a site, best priority first."""

    def finish_all(self, scope: str, pages: Iterable[Ended]) -> int:
        """Acknowledge pages that are stored, planning the links they gave; return how many were new."""

    def defer(self, scope: str, key: str, seconds: float, *, state: State, whole_site: bool = False) -> None:
        """Put a page back for later."""

    def place(self, scope: str, key: str, *, platform: str, mode: str) -> None:
        """Put a page back under another platform or mode; this attempt does not count."""

    def close_site(self, scope: str, site: str, state: State) -> None:
        """Fetch no further page of a site in this run."""

    def closures(self, scope: str) -> dict[str, Closure]:
        """Return the sites from which nothing more is fetched, with the reason."""

    def requests_today(self, site: str) -> int:
        """Return how many pages of a site were taken since midnight in China."""

    def release(self, scope: str) -> int:
        """Put back what this process holds; return how many pages."""

    def reclaim(self, scope: str, *, blame: bool = False) -> int:
        """Put back what dead processes held; return how many pages."""

    def due(self, scope: str, mode: str, *, before: float) -> float | None:
        """Return when the next page can be taken, or None when none can before `before`."""

    def has_waiting(self, scope: str, mode: str, kind: str) -> bool:
        """Tell whether a page of a kind waits."""

    def held_by_others(self, scope: str) -> int:
        """Return how many pages other processes hold."""

    def open_modes(self, scope: str) -> dict[str, int]:
        """Return how many pages are not ended, by mode."""

    def taken(self, scope: str) -> int:
        """Return how many pages were fetched or given up, pictures not counted."""

    def addresses(self, scope: str) -> list[str]:
        """Return every address ever planned, in the order of planning."""

    def tally(self, scope: str) -> Tally:
        """Return how a run stands."""

    def leftovers(self, scope: str, *, limit: int = 500) -> Sequence[tuple[Lease, State, str]]:
        """Return pages that will not be fetched any more, each with the state and reason to record."""

    def offer(self, scope: str, job: str) -> None:
        """Tell other machines of a run that they may join; a file has no others."""

    def withdraw(self, scope: str) -> None:
        """Take the offer back: the run has come to its end."""

    def let_go(self, key: str) -> None:
        """Note that a page was handed over to the desk."""

    def parcels(self, scope: str, *, limit: int = 16) -> Mapping[str, str]:
        """Return what workers handed over and the desk has not received yet."""

    def received(self, scope: str, numbers: Iterable[str]) -> None:
        """Forget parcels whose pages are stored and acknowledged."""

    def lease_of(self, scope: str, key: str) -> Lease | None:
        """Return the lease of a page that another process took."""
