"""What is still to fetch, as leases that survive a kill: acknowledged only after the page is stored."""

from patrol.frontier.queue import Frontier
from patrol.frontier.records import Closure, Ended, Lane, Planned, Tally

__all__ = ["Closure", "Ended", "Frontier", "Lane", "Planned", "Tally"]
