"""What is still to fetch, as leases that survive a kill: acknowledged only after the page is stored."""

from patrol.frontier.queue import Frontier
from patrol.frontier.records import Closure, Lane, Planned, Tally

__all__ = ["Closure", "Frontier", "Lane", "Planned", "Tally"]
