"""The keeper of pages on a worker: it stores nothing, it hands every page over to the desk that runs the sweep."""

from collections.abc import Sequence
from pathlib import Path
from pkgutil import resolve_name
from typing import Protocol, cast

from patrol.frontier.parcels import packed
from patrol.model import Campaign, PageResult
from patrol.settings import Settings


class Desk(Protocol):
    """What the courier asks of the shared frontier."""

    def hand_over(self, scope: str, key: str, parcel: str) -> bool:
        """Give a held page, read, to the desk."""

    def close(self) -> None:
        """Let go of the connection."""


class Courier:
    """One run's way from a worker to the desk."""

    def __init__(self, desk: Desk, run: str, spool: Path) -> None:
        self._desk, self._run, self._spool = desk, run, spool

    @classmethod
    def open(cls, settings: Settings, _campaign: Campaign, *, run: str, source: str, device: str = "") -> "Courier":  # noqa: ARG003
        """Reach the server of `frontier_url`."""
        shared = resolve_name("patrol.frontier.shared:SharedFrontier")  # its library is an extra
        return cls(cast("Desk", shared.open(settings.text("frontier_url"))), run, settings.workspace / "spool")

    def record_pages(self, results: Sequence[PageResult]) -> list[list[object]]:
        """Hand pages over, each in one step; what they lead to is judged and stored by the desk."""
        for result in results:
            self._desk.hand_over(self._run, result.lease, packed(result, self._spool).dump())
        return [[] for _ in results]

    def close(self) -> None:
        """Let go of the connection."""
        self._desk.close()
