"""The search index follows the sweep: a quiet thread that indexes what waits, a little at a time."""

import logging
import threading

from patrol.console.desk import Desk
from patrol.console.figures import warm
from patrol.errors import PatrolError

_PAUSE_SECONDS = 3.0
# a write transaction of some milliseconds: an officer's decision must not wait for it
_AT_ONCE = 40
_BREATH_SECONDS = 0.05
_log = logging.getLogger("patrol.console")


class CatchingUp:
    """The thread that keeps the search index up to date while the console runs."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="search-index", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End after the batch in hand."""
        self._stopping.set()
        self._thread.join(30)

    def _run(self) -> None:
        self._warm()
        while not self._stopping.is_set():
            try:
                done = self._desk.books.search.catch_up(_AT_ONCE)
            except PatrolError as error:
                _log.warning("search index waits: %s", error)
                done = 0
            self._stopping.wait(_BREATH_SECONDS if done else _PAUSE_SECONDS)

    def _warm(self) -> None:
        """Make ready what the first officer would wait for."""
        try:
            self._desk.platforms()
            self._desk.entries()
            for identity, _ in self._desk.campaigns()[:1]:
                warm(self._desk, identity)
        except PatrolError as error:
            _log.warning("lists are not ready: %s", error)
